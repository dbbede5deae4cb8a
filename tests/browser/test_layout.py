"""How figures stand on the pages of several themes: nothing overlaps, is cut, or lacks its font."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sphinx_attention
from tests.browser.layout import layout_faults
from tests.browser.pages import pages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

THEMES = ("alabaster", "furo", "sphinx_rtd_theme", "pydata_sphinx_theme")
WIDTHS = (1280, 768, 480, 320)
STYLE = Path(sphinx_attention.__file__).parent / "assets" / "attention.css"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Callable[[str], Path]:
    """The folder of the pages of `pages/layout.py` in a theme, built when it is first asked for."""
    folder = tmp_path_factory.mktemp("themes")
    source = folder / "source"
    source.mkdir()
    for file, text in pages_of("layout").files(minilm, folder / "cache").items():
        (source / file).write_text(text, encoding="utf-8")

    def build(theme: str) -> Path:
        out = folder / theme
        if not out.exists():
            # All themes share what was read; the sidebars are the theme's own.
            settings = [f"-Dhtml_theme={theme}", "-Dsuppress_warnings=attention"]
            settings += ["-d", str(folder / "doctrees")]
            subprocess.run(
                [sys.executable, "-m", "sphinx", "-q", *settings, source, out],
                check=True,
                env={**os.environ, "HF_HUB_OFFLINE": "1"},
            )
        return out

    return build


@pytest.fixture
def open_in(browser: Browser, built: Callable[[str], Path]) -> Iterator[Callable[..., Page]]:
    """Opens a page in a theme, with all its figures live."""
    contexts = []

    def open_(theme: str, name: str = "layout", width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        # Some themes ask for fonts elsewhere.
        context.route("http*://**", lambda route: route.abort())
        page = context.new_page()
        page.goto((built(theme) / f"{name}.html").as_uri())
        live(page)
        return page

    yield open_
    for context in contexts:
        context.close()


def live(page: Page) -> None:
    """Bring every figure of a page to life."""
    page.evaluate(
        """async () => {
          for (const figure of document.querySelectorAll("figure.attention-figure")) {
            figure.scrollIntoView();
            while (!figure.querySelector(".attention-save")) await new Promise(requestAnimationFrame);
          }
        }"""
    )


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_overlaps_and_nothing_is_cut(open_in, theme: str) -> None:
    page = open_in(theme)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert layout_faults(page) == [], f"{theme} at {width} px"


@pytest.mark.parametrize(
    "name", ["built-arcs", "built-steps", "bert-heads", "bert-grid", "bert-matrix"]
)
def test_the_menu_opens_below_the_line_of_its_name(open_in, name: str) -> None:
    page = open_in("alabaster")
    figure = page.locator(f"#{name}")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        summary = figure.locator(".attention-save summary")
        before = summary.bounding_box()
        summary.click()
        page.mouse.move(0, 0)
        after = summary.bounding_box()
        assert (before["x"], before["width"]) == (after["x"], after["width"]), name
        for button in figure.locator(".attention-save button").all():
            assert button.bounding_box()["y"] >= after["y"] + after["height"] - 1, name
        assert layout_faults(page, name) == []
        summary.click()


def test_underlines_are_written_as_every_browser_knows_them() -> None:
    """WebKit drops a shorthand that says more than which line."""
    shorthands = re.findall(r"text-decoration:([^;}]*)", STYLE.read_text("utf-8"))
    assert set(shorthands) <= {"none", "underline"}


@pytest.mark.parametrize(
    "what", [".attention-direction", ".attention-save summary", ".attention-all"]
)
def test_what_can_be_clicked_is_underlined(open_in, what: str) -> None:
    page = open_in("alabaster")
    style = "e => { const s = getComputedStyle(e); return [s.textDecorationLine, s.textDecorationStyle, s.textDecorationThickness]; }"
    for one in page.locator(what).all():
        assert one.evaluate(style) == ["underline", "dotted", "1px"]


def test_formulas_are_set_in_the_shipped_font_alone(open_in) -> None:
    page = open_in("alabaster")
    page.evaluate("document.fonts.ready")
    client = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        client.send(f"{domain}.enable")
    root = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    found: dict[str, set[str]] = {}
    for selector in (
        ".attention-formula i",
        ".attention-formula span",
        ".attention-formula b",
        ".attention-formula sup",
        ".attention-symbol",
        ".attention-italic",
        ".attention-name i",
        ".attention-scores td",
    ):
        nodes = client.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})[
            "nodeIds"
        ]
        assert nodes, selector
        for node in nodes:
            fonts = client.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
            found.setdefault(selector, set()).update(
                font["familyName"] for font in fonts if not font["isCustomFont"]
            )
    assert {selector: fonts for selector, fonts in found.items() if fonts} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_a_note_in_a_figures_place_has_room_at_its_sides(open_in, theme: str) -> None:
    page = open_in(theme, "layout-placeholder")
    sides = page.locator(".attention-placeholder").evaluate(
        "e => ['Left', 'Right', 'Top', 'Bottom'].map(side => parseFloat(getComputedStyle(e)['padding' + side]))"
    )
    assert min(sides) >= 8
    assert layout_faults(page) == []
