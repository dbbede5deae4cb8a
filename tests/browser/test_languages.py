"""Figures in German, Korean and Arabic: nothing is cut, and what follows the page's direction does.

All is measured by boxes, so that it does not matter which fonts a machine has.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.phrases import phrases
from tests.browser.conftest import overflow, ready, token
from tests.browser.layout import layout_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

CONF = """\
extensions = ["sphinx_attention"]
html_theme = "alabaster"
html_sidebars = {"**": []}
attention_model = "builtin"
"""
SENTENCE = "the quick brown fox jumps over the lazy dog"
VIEWS = ("arcs", "heads", "grid", "matrix", "steps")
ROWS = "".join(
    f"   {' '.join('1' if column == max(row - 1, 0) else '0' for column in range(14))}\n"
    for row in range(14)
)
ARABIC = "ذهب الولد الصغير مع أخته الكبيرة إلى المدرسة في وسط المدينة يوم الخميس الماضي"
PAGE = (
    "Page of figures\n===============\n\n"
    + "".join(
        f".. attention-figure:: {SENTENCE}\n   :view: {view}\n   :name: {view}\n"
        + ("   :focus: fox\n" if view != "grid" else "")
        + "   :layer: 1\n   :head: 2\n\n"
        for view in VIEWS
    )
    + ".. attention-figure:: one two three one two\n   :generate: 3\n   :name: generate\n\n"
    + ".. attention-figure:: the quick fox\n   :also: the slow dog\n   :compare: sentence\n"
    + "   :name: compare\n\n"
    + f".. attention-figure:: {ARABIC}\n   :name: arabic\n\n{ROWS}\n"
    + ".. attention-figure:: "
    + " ".join(f"word{n:02}" for n in range(14))
    + f"\n   :name: english\n\n{ROWS}\n"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page in a language. The first use builds it."""
    folder = tmp_path_factory.mktemp("languages")
    source = folder / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "index.rst").write_text(PAGE, encoding="utf-8")

    def build(language: str) -> Path:
        out = folder / language
        if not out.exists():
            settings = [f"-Dlanguage={language}", "-d", str(folder / f"doctrees-{language}")]
            command = [sys.executable, "-m", "sphinx", "-q", "-W", *settings, str(source), str(out)]
            subprocess.run(command, check=True)
        return out / "index.html"

    return build


@pytest.fixture
def open_in(browser, built: Callable[[str], Path]) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_(language: str, width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(built(language).as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


def all_ready(page: Page) -> None:
    for figure in (*VIEWS, "generate", "arabic", "english"):
        ready(page, figure)
    page.locator("#compare").scroll_into_view_if_needed()
    page.wait_for_selector("#compare .attention-pane:last-child [data-token][role=button]")


@pytest.mark.parametrize("language", ["de", "ko", "ar"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_is_cut_and_nothing_overlaps(open_in, language: str, width: int) -> None:
    page = open_in(language, width, has_touch=width < 500)
    all_ready(page)
    # On a phone, the columns of other steps are faint, and the picture cuts them.
    faults = [
        one
        for one in layout_faults(page)
        if width > 500 or not re.match(r"steps: .* reaches out of its picture", one)
    ]
    assert faults == []
    # No control and no note of a footer is wider than the footer.
    wide = page.eval_on_selector_all(
        ".attention-footer > *",
        """all => all.filter(e => e.checkVisibility() && e.clientWidth
            && (e.scrollWidth > e.clientWidth + 1 || e.clientWidth > e.parentElement.clientWidth))
            .filter(e => !e.matches(".attention-choice")).map(e => e.outerHTML)""",
    )
    assert wide == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("language", ["de", "ko", "ar"])
def test_the_script_says_what_the_page_says(open_in, language: str) -> None:
    page = open_in(language)
    say = phrases(language)
    ready(page, "matrix")
    menu = page.locator("#matrix .attention-save summary")
    assert menu.inner_text() == say("save")
    readout = page.locator("#matrix .attention-readout")
    token(page, "matrix", 3, "query").hover()
    assert say("looks_most", tokens="brown", others="").strip() in readout.inner_text()
    assert page.locator("#matrix").get_attribute("lang") == language
    menu.click()
    page.get_by_text(say("copy_link"), exact=True).wait_for()


def box(found: Locator) -> dict[str, float]:
    measured = found.bounding_box()
    assert measured
    return {**measured, "right": measured["x"] + measured["width"]}


def test_an_arabic_page_runs_from_right_to_left(open_in) -> None:
    page = open_in("ar")
    # The theme does not say so; the figure does.
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"
    for view in VIEWS:
        ready(page, view)
        footer = page.locator(f"#{view} .attention-footer")
        assert footer.evaluate("e => getComputedStyle(e).direction") == "rtl"
        layer, head = footer.locator(".attention-choice").all()[:2]
        assert box(head)["right"] <= box(layer)["x"], view
        choice = box(layer.locator("select, .attention-value").first)
        assert choice["x"] + choice["width"] / 2 < box(layer)["x"] + box(layer)["width"] / 2, view
    # What stands first in the line of controls stands at its right end.
    items = page.locator("#matrix .attention-footer > :is(.attention-choice, .attention-model)")
    boxes = [box(one) for one in items.all()]
    line = [one for one in boxes if abs(one["y"] - boxes[0]["y"]) < 8]
    assert [one["x"] for one in line] == sorted((one["x"] for one in line), reverse=True)
    page.locator("#arcs .attention-table summary").click()
    query, key, weight = page.locator("#arcs .attention-pairs thead th").all()
    assert box(query)["x"] > box(key)["x"] > box(weight)["x"]


def test_formulas_and_numbers_are_never_mirrored(open_in) -> None:
    page = open_in("ar")
    ready(page, "steps")
    formulas = page.locator("#steps .attention-formula")
    assert formulas.count() >= 5
    for formula in formulas.all():
        if not formula.is_visible():
            continue
        assert formula.evaluate("e => getComputedStyle(e).direction") == "ltr"
        left, *others = formula.locator(":scope > span").all()
        assert all(box(left)["right"] <= box(other)["x"] + 1 for other in others)
    # The name of the vector is at the left of its numbers, and these at the left of the tokens.
    name = box(page.locator("#arcs .attention-vector .attention-name"))
    number = box(page.locator("#arcs .attention-vector td").first)
    word = box(page.locator('#arcs .attention-vector th[scope="row"]').first)
    assert name["right"] <= number["x"] + 1
    assert number["right"] <= word["x"] + 1
    # The script writes the vector anew.
    ready(page, "arcs")
    token(page, "arcs", 6).click()
    page.wait_for_function("document.querySelectorAll('#arcs .attention-vector').length === 1")
    assert (
        page.locator("#arcs .attention-scores").evaluate("e => getComputedStyle(e).direction")
        == "ltr"
    )
    token(page, "matrix", 3, "query").hover()
    for found in page.locator("#matrix .attention-readout b").all():
        assert found.evaluate("e => getComputedStyle(e).direction") == "ltr"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_picture_has_the_direction_of_its_sentence(open_in, language: str) -> None:
    page = open_in(language, 360, has_touch=True)
    for figure, mirrored in (("english", False), ("arabic", True)):
        ready(page, figure)
        words = page.locator(f"#{figure} [data-token] .attention-word")
        first, second = box(words.nth(0)), box(words.nth(1))
        assert (first["x"] > second["x"]) is mirrored
        # A row that scrolls begins with its first word.
        stage = page.locator(f"#{figure} .attention-stage")
        assert stage.evaluate("e => e.scrollWidth > e.clientWidth + 20")
        around = box(stage)
        assert around["x"] - 1 <= first["x"]
        assert first["right"] <= around["right"] + 1
    direction = page.locator("#english").get_attribute("dir")
    assert direction == ("rtl" if language == "ar" else None)
