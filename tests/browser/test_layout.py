"""Figures in several themes: nothing overlaps, nothing is cut, and no font is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sphinx_attention
from tests.browser.layout import COLOURS, contrast_faults, layout_faults, pin_in_every_figure
from tests.browser.pages import pages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

THEMES = ("alabaster", "furo", "sphinx_rtd_theme", "pydata_sphinx_theme")
MORE_THEMES = (
    "agogo",
    "classic",
    "haiku",
    "nature",
    "shibuya",
    "sphinx_book_theme",
    "sphinx_immaterial",
)
DARK_THEMES = {"furo", "pydata_sphinx_theme", "shibuya", "sphinx_book_theme"}
"""The themes that follow a reader's choice of a dark page without being told to."""
EXTENSIONS = {"sphinx_immaterial": "sphinx_immaterial"}
"""Extensions that themes need."""
WIDTHS = (1280, 768, 480, 320)
STYLE = Path(sphinx_attention.__file__).parent / "assets" / "attention.css"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Callable[[str], Path]:
    """The folder of the pages of `pages/layout.py` in a theme. The first use builds the pages."""
    folder = tmp_path_factory.mktemp("themes")
    source = folder / "source"
    source.mkdir()
    for file, text in pages_of("layout").files(minilm, folder / "cache").items():
        (source / file).write_text(text, encoding="utf-8")
    with (source / "conf.py").open("a", encoding="utf-8") as conf:
        # This theme downloads its fonts while it builds, unless it is told to use none.
        conf.write('if tags.has("sphinx_immaterial"):\n    html_theme_options = {"font": False}\n')

    def build(theme: str) -> Path:
        out = folder / theme
        if not out.exists():
            # Themes share the doctrees, unless one of them needs an extension. Their sidebars differ.
            settings = [f"-Dhtml_theme={theme}", "-Dsuppress_warnings=attention"]
            doctrees = folder / f"doctrees-{theme}" if theme in EXTENSIONS else folder / "doctrees"
            settings += ["-d", str(doctrees)]
            if theme in EXTENSIONS:
                settings += [f"-Dextensions=sphinx_attention,{EXTENSIONS[theme]}", "-t", theme]
            subprocess.run(
                [sys.executable, "-m", "sphinx", "-q", *settings, source, out],
                check=True,
                env={**os.environ, "HF_HUB_OFFLINE": "1"},
            )
        return out

    return build


@pytest.fixture
def open_in(browser: Browser, built: Callable[[str], Path]) -> Iterator[Callable[..., Page]]:
    """Open a page in a theme, with all its figures live."""
    contexts = []

    def open_(theme: str, name: str = "layout", width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        # Some themes load fonts from other servers.
        context.route("http*://**", lambda route: route.abort())
        page = context.new_page()
        page.goto((built(theme) / f"{name}.html").as_uri())
        live(page)
        return page

    yield open_
    for context in contexts:
        context.close()


def live(page: Page) -> None:
    """Make every figure of a page live."""
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
        if width == WIDTHS[0]:
            cut = page.evaluate(
                """[...document.querySelectorAll(".attention-stage:has(.attention-steps)")]
                  .map(stage => stage.scrollWidth - stage.clientWidth)"""
            )
            assert cut == [0, 0], f"steps in {theme}"


@pytest.mark.parametrize("theme", MORE_THEMES)
def test_nothing_overlaps_in_other_themes(open_in, theme: str) -> None:
    page = open_in(theme)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert layout_faults(page) == [], f"{theme} at {width} px"


@pytest.mark.parametrize("theme", [*THEMES, *MORE_THEMES])
def test_pinned_figures_in_light_and_dark(open_in, theme: str) -> None:
    page = open_in(theme, color_scheme="dark")
    pin_in_every_figure(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)  # edges go over to other colours
            assert layout_faults(page) == [], f"{theme}, {scheme}, at {width} px"
            ground, faults = contrast_faults(page)
            assert faults == [], f"{theme}, {scheme}, at {width} px"
            assert (ground < 0.2) == (scheme == "dark" and theme in DARK_THEMES)


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


def test_underlines_use_the_shorthand_of_every_browser() -> None:
    """WebKit ignores a shorthand that sets more than the line."""
    shorthands = re.findall(r"text-decoration:([^;}]*)", STYLE.read_text("utf-8"))
    assert set(shorthands) <= {"none", "underline"}


@pytest.mark.parametrize(
    "what", [".attention-direction", ".attention-save summary", ".attention-all"]
)
def test_clickable_text_is_underlined(open_in, what: str) -> None:
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
def test_a_placeholder_has_padding(open_in, theme: str) -> None:
    page = open_in(theme, "layout-placeholder")
    sides = page.locator(".attention-placeholder").evaluate(
        "e => ['Left', 'Right', 'Top', 'Bottom'].map(side => parseFloat(getComputedStyle(e)['padding' + side]))"
    )
    assert min(sides) >= 8
    assert layout_faults(page) == []


# Scrolling


def boxes(page: Page, figure: str, *selectors: str) -> list[dict[str, float]]:
    """The boxes of the figure's first stage and of elements in the stage."""
    found = page.locator(f"#{figure} .attention-stage").first.evaluate(
        """(stage, selectors) => [stage, ...selectors.map(one => stage.querySelector(one))]
          .map(e => e.getBoundingClientRect().toJSON())""",
        list(selectors),
    )
    assert len(found) == len(selectors) + 1
    return found


@pytest.mark.parametrize(
    ("figure", "asks", "answers"),
    [
        ("built-arcs", '[data-token="6"]', '[data-token="4"]'),
        ("bert-heads", '[data-token="2"][data-side="query"]', '[data-token="8"][data-side="key"]'),
        ("given-heads", '[data-token="2"][data-side="query"]', '[data-token="1"][data-side="key"]'),
    ],
)
def test_the_pinned_word_and_its_strongest_partner_are_in_sight(
    open_in, figure: str, asks: str, answers: str
) -> None:
    page = open_in("alabaster", width=360)
    word = " .attention-word"
    stage, *words = boxes(page, figure, asks + word, answers + word)
    strongest = page.locator(f"#{figure} {asks}").get_attribute("aria-pressed")
    assert strongest == "true"
    for box in words:
        assert stage["left"] <= box["left"]
        assert box["right"] <= stage["right"]
        assert stage["top"] <= box["top"]
        assert box["bottom"] <= stage["bottom"]


def test_the_chosen_head_is_in_sight(open_in) -> None:
    page = open_in("alabaster", width=360)
    stage, mark = boxes(page, "bert-grid", ".attention-mark")
    assert stage["left"] <= mark["left"]
    assert mark["right"] <= stage["right"]


def test_both_rows_are_in_sight_where_keys_are_many(open_in) -> None:
    page = open_in("alabaster", width=360)
    words = [f'[data-side="{side}"][data-token="0"] .attention-word' for side in ("query", "key")]
    stage, *found = boxes(page, "cross-arcs", *words)
    for box in found:
        assert stage["left"] <= box["left"]
        assert box["right"] <= stage["right"]


@pytest.mark.parametrize(
    ("figure", "names"),
    [
        ("bert-matrix", '[data-side="query"] .attention-word'),
        ("built-steps", ".attention-rows .attention-word"),
    ],
)
def test_names_of_rows_stay_while_the_rest_scrolls(open_in, figure: str, names: str) -> None:
    page = open_in("alabaster", width=360)
    if figure == "built-steps":  # A step alone fits.
        page.locator(f"#{figure} .attention-rail [value=all]").click()
    stage = page.locator(f"#{figure} .attention-stage")
    places = (
        "(stage, names) => [...stage.querySelectorAll(names)].map(e => e.getBoundingClientRect().x)"
    )
    stage.evaluate("stage => stage.scrollTo({ left: 0 })")
    page.wait_for_function(
        "id => !document.querySelector(`#${id} .attention-stage--before`)", arg=figure
    )
    before = stage.evaluate(places, names)
    stage.evaluate("stage => stage.scrollTo({ left: 80 })")
    page.wait_for_function(
        "id => document.querySelector(`#${id} .attention-stage--before`)", arg=figure
    )
    assert stage.evaluate(places, names) == pytest.approx(before, abs=0.6)
    # The rest of the picture has moved.
    assert stage.locator("svg").evaluate("svg => svg.getBoundingClientRect().x") < before[0] - 60


def test_a_fade_shows_on_which_side_more_can_be_scrolled(open_in) -> None:
    page = open_in("alabaster", width=360)
    stage = page.locator("#cross-arcs .attention-stage")
    mask = lambda: stage.evaluate("e => getComputedStyle(e).maskImage")  # noqa: E731
    frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    seen = []
    for left in (0, 500, 100_000):
        stage.evaluate("(stage, left) => stage.scrollTo({ left })", left)
        page.evaluate(frame)
        seen.append(mask().replace(" ", ""))
    start, middle, end = seen
    assert start.endswith("rgba(0,0,0,0))")
    assert not start.startswith("linear-gradient(toright,rgba(0,0,0,0)")
    assert middle.startswith("linear-gradient(toright,rgba(0,0,0,0)")
    assert middle.endswith("rgba(0,0,0,0))")
    assert end.startswith("linear-gradient(toright,rgba(0,0,0,0)")
    assert not end.endswith("rgba(0,0,0,0))")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate(frame)
    assert (
        page.locator("#bert-heads .attention-stage").evaluate("e => getComputedStyle(e).maskImage")
        == "none"
    )


# Stable sizes


@pytest.mark.parametrize("width", [1280, 500])
def test_figures_keep_their_size_under_the_pointer(open_in, width: int) -> None:
    page = open_in("alabaster", width=width)
    # Material has this rule for all figures.
    page.add_style_tag(content=".document figure { width: fit-content; }")
    # Every figure is live, however long the page is.
    for figure in page.locator("figure.attention-figure[data-view]").all():
        figure.scroll_into_view_if_needed()
        figure.locator("[data-token][role=button]").first.wait_for(state="attached")
    # A font that arrives later would change the size of formulas.
    page.evaluate("Promise.all([...document.fonts].map(font => font.load())).then(() => null)")
    page.wait_for_timeout(200)
    moved, shifts = page.evaluate(
        """async () => {
          const moved = [];
          const shifts = [];
          // A formula and a sentence of the steps are other texts for other words.
          const retold = ".attention-formula, .attention-cell, .attention-why";
          const seen = (list) => {
            for (const { node } of list.getEntries().flatMap(one => one.sources)) {
              const element = node instanceof Element ? node : node?.parentElement;
              if (element && !element.closest(retold)) shifts.push(element.outerHTML.slice(0, 80));
            }
          };
          new PerformanceObserver(seen).observe({ type: "layout-shift" });
          const frame = () => new Promise(requestAnimationFrame);
          for (const figure of document.querySelectorAll("figure.attention-figure")) {
            figure.scrollIntoView({ block: "center" });
            await frame();
            await frame();
            const size = () => {
              const { width, height } = figure.getBoundingClientRect();
              return `${width.toFixed(1)} x ${height.toFixed(1)}`;
            };
            const sizes = new Set([size()]);
            for (const token of [...figure.querySelectorAll("[data-token]")].slice(0, 40)) {
              const say = name => token.dispatchEvent(
                new PointerEvent(name, { bubbles: true, pointerType: "mouse" }));
              say("pointerover");
              sizes.add(size());
              // The browser itself tells whether anything has moved on the screen.
              await frame();
              say("pointerout");
            }
            sizes.add(size());
            if (sizes.size > 1) moved.push([figure.id, ...sizes]);
          }
          await frame();
          await frame();
          return [moved, shifts];
        }"""
    )
    assert moved == []
    assert shifts == []


def test_a_floating_figure_keeps_its_width(open_in) -> None:
    page = open_in("alabaster")
    page.add_style_tag(content="#bert-matrix, #given-heads { float: left; }")
    page.evaluate(
        "for (const id of ['bert-matrix', 'given-heads']) document.getElementById(id).classList.add('align-left')"
    )
    for figure in ("bert-matrix", "given-heads"):
        found = page.locator(f"#{figure}")
        before = found.bounding_box()["width"]
        found.locator(".attention-footer").evaluate("e => e.append('word '.repeat(60))")
        assert found.bounding_box()["width"] == before


# Colours


READABLE = (
    f"() => {{{COLOURS}"
    """
  const figure = document.querySelector("#bert-heads");
  const behind = page(figure);
  const probe = document.createElement("div");
  figure.append(probe);
  const found = {};
  for (const [name, least] of [["grey", 3], ["muted", 4.5], ["accent", 3]]) {
    probe.style.backgroundColor = `var(--attention-${name})`;
    found[name] = [contrast(getComputedStyle(probe).backgroundColor, behind), least];
  }
  probe.remove();
  for (const part of document.querySelectorAll(".attention-footer *, .attention-scores td, .attention-step, .attention-why")) {
    if (!part.checkVisibility() || ![...part.childNodes].some(node => node.data?.trim())) continue;
    if (part.matches("option, .attention-swatch")) continue;
    const { webkitTextFillColor: colour } = getComputedStyle(part);
    found[`${part.className} ${part.textContent.slice(0, 20)}`] = [contrast(colour, behind), 4.5];
  }
  return Object.entries(found).filter(([, [is, least]]) => is < least).map(([name, [is]]) => `${name}: ${is.toFixed(2)}`);
}
"""
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", THEMES)
def test_grey_edges_and_words_stand_out_from_the_page(open_in, theme: str, scheme: str) -> None:
    page = open_in(theme, color_scheme=scheme)
    assert page.evaluate(READABLE) == []


def test_colours_follow_a_theme_that_changes_the_text_alone(open_in) -> None:
    """Chromium does not recompute a value that depends on an inherited `color`."""
    page = open_in("alabaster")
    page.evaluate(
        """() => {
          const body = document.querySelector("div.body");
          body.style.background = "#111";
          body.style.color = "#eee";
        }"""
    )
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(READABLE) == []


def test_labels_of_a_matrix_are_large_enough_for_a_finger(open_in) -> None:
    page = open_in("alabaster")
    sides = page.eval_on_selector_all(
        '#bert-matrix [data-side="query"] .attention-hit',
        "all => all.map(e => e.getBoundingClientRect()).map(b => Math.min(b.width, b.height))",
    )
    assert len(sides) == 15
    assert min(sides) >= 24


def test_paper_breaks_steps_between_their_panels(open_in) -> None:
    page = open_in("alabaster")
    page.emulate_media(media="print")
    figure = page.locator("#built-steps")
    inside = "e => getComputedStyle(e).breakInside"
    assert figure.evaluate(inside) == "auto"
    assert figure.locator(".attention-stage").evaluate(inside) == "avoid"
    assert {one.evaluate(inside) for one in figure.locator(".attention-panels > li").all()} == {
        "avoid"
    }
    assert page.locator("#bert-matrix").evaluate(inside) == "avoid"
