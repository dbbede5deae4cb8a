"""The view heads in a browser: the static picture, its words, and its size."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from tests.browser.conftest import (
    accessible,
    expected,
    height,
    overflow,
    smallest,
    static_copy,
    token,
)
from tests.browser.fonts import in_every_font
from tests.browser.heads_figures import lines, numbers, pressed, swatch
from tests.browser.pages.heads import ARABIC, CAUSAL_ROWS, FUNCTIONS, LONG_WORD

pytestmark = pytest.mark.browser


def test_masked_keys_are_shown_as_masked(open_page) -> None:
    page = open_page("heads-causal", "hcausal")
    rows = [[float(n) for n in row.split()] for row in CAUSAL_ROWS.splitlines()]
    for query in range(3):
        token(page, "hcausal", query, "query").hover()
        shown = numbers(page, "hcausal", "key")
        assert [float(n) for n in shown[: query + 1]] == pytest.approx(rows[query][: query + 1])
        assert shown[query + 1 :] == ["–"] * (2 - query)
        faded = page.locator("#hcausal .attention-token--masked").evaluate_all(
            "all => all.map(e => e.dataset.side + e.dataset.token)"
        )
        assert faded == [f"key{key}" for key in range(query + 1, 3)]


def test_different_tokens(open_page) -> None:
    page = open_page("heads-cross", "hcross")
    token(page, "hcross", 1, "query").hover()
    assert numbers(page, "hcross", "key") == ["0.100", "0.800", "0.060", "0.040"]
    assert {key for _, key, _ in lines(page, "hcross")} == {0, 1, 2}
    token(page, "hcross", 0, "key").hover()
    assert numbers(page, "hcross", "query") == ["0.700", "0.100", "0.050"]


def test_right_to_left(open_page) -> None:
    page = open_page("heads-arabic", "harabic")
    middle = {}
    for side, index in itertools.product(("query", "key"), range(4)):
        word = token(page, "harabic", index, side).locator(".attention-word")
        assert word.text_content() == ARABIC[index]
        box = word.bounding_box()
        middle[side, index] = box["x"] + box["width"] / 2
    assert min(middle["query", i] for i in range(4)) > max(middle["key", i] for i in range(4))
    token(page, "harabic", 1, "query").hover()
    shown = page.eval_on_selector_all(
        "#harabic .attention-edge",
        """all => all.map(e => { const box = p => p.matrixTransform(e.getScreenCTM());
          const end = e.getTotalLength();
          return [+e.dataset.key, box(e.getPointAtLength(0)).x, box(e.getPointAtLength(end)).x]; })""",
    )
    assert len(shown) == 4
    for key, start, end in shown:
        assert middle["query", 1] > start > end > middle["key", key]
    # On the screen, the keys stand to the left.
    token(page, "harabic", 1, "query").focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.side") == "key"


@in_every_font
def test_labels_hold_long_words_in_full(open_page) -> None:
    page = open_page("heads-words", "hwords")
    word = token(page, "hwords", 0, "query")
    text = word.locator(".attention-word").text_content()
    assert text.endswith("…")
    assert LONG_WORD.startswith(text[:-1])
    assert word.get_attribute("aria-label") == LONG_WORD
    footer = page.locator("#hwords .attention-footer")
    assert LONG_WORD not in footer.inner_text()
    before = footer.bounding_box()["height"]
    word.hover()
    assert LONG_WORD in footer.inner_text()
    assert footer.bounding_box()["height"] == pytest.approx(before, abs=0.5)
    token(page, "hwords", 1, "key").hover()
    assert LONG_WORD not in footer.inner_text()
    hostile = token(page, "hwords", 1, "key").locator(".attention-word")
    assert hostile.text_content() == "</text><b>x</b>"
    assert page.locator("#hwords b").count() == 0


SHOWN = """id => {
  const figure = document.getElementById(id), all = s => [...figure.querySelectorAll(s)];
  const attributes = e => Object.fromEntries(e.getAttributeNames().map(n => [n, e.getAttribute(n)]));
  return {
    paths: all(".attention-heads path").map(attributes),
    group: attributes(all(".attention-heads")[0]),
    weights: all(".attention-weight").map(e => [attributes(e), e.textContent]),
    classes: all(".attention-token").map(e => e.getAttribute("class")),
    swatches: all(".attention-swatch").map(e => e.getAttribute("aria-pressed")),
    texts: all(".attention-small").map(e => e.textContent),
    notes: all(".attention-footer .attention-note").map(e => [e.className, e.textContent]),
    scores: all(".attention-scores tr").map(e => e.textContent),
  };
}"""


@in_every_font
@pytest.mark.parametrize(
    ("page_name", "figure"),
    [
        *(("heads-dog", "hone"), ("heads-dog", "hthree"), ("heads-pair", "hpair")),
        *(("heads-arabic", "harabic"), ("heads-causal", "hcausal"), ("heads-long", "hlong")),
    ],
)
def test_the_first_picture_of_the_script_equals_the_static_picture(
    open_page, page_name, figure
) -> None:
    live = open_page(page_name, figure)
    copied = static_copy(live, figure)
    after, before = live.evaluate(SHOWN, figure), live.evaluate(SHOWN, copied)
    assert before["paths"]
    for part, value in before.items():
        assert after[part] == value, part


def test_a_redrawn_picture_equals_the_static_picture(open_page) -> None:
    """The first picture of the browser equals the picture that the build wrote."""
    for page_name, figure, head in (
        ("heads-dog", "hone", 11),
        ("heads-pair", "hpair", 3),
        ("heads-long", "hlong", 1),
    ):
        page = open_page(page_name, figure)
        paths = "id => [...document.querySelectorAll(`#${id} .attention-lines path`)].map(e => e.outerHTML)"
        attributes = "id => [...document.querySelectorAll(`#${id} .attention-lines path`)].map(e => [e.getAttribute('d'), e.getAttribute('class'), e.getAttribute('stroke-opacity'), e.dataset.head])"
        first = page.evaluate(attributes, figure)
        swatch(page, figure, 5).click()
        assert page.evaluate(attributes, figure) != first
        swatch(page, figure, 5).click()
        assert page.evaluate(attributes, figure) == first
        assert len(page.evaluate(paths, figure)) == len(first)
        assert head in pressed(page, figure)


@pytest.mark.parametrize(("page_name", "figure"), [("heads-dog", "hthree"), ("heads-dog", "hone")])
def test_the_script_moves_nothing_when_it_starts(come_to_life, page_name: str, figure: str) -> None:
    page, before = come_to_life(page_name, figure)
    assert height(page, figure) == pytest.approx(before, abs=0.5)
    # Pointing at a word moves nothing either.
    token(page, figure, 2, "query").hover()
    assert height(page, figure) == pytest.approx(before, abs=0.5)


def test_the_figure_is_complete_without_scripts(open_page) -> None:
    page = open_page("heads-dog", java_script_enabled=False)
    assert page.locator("#hone .attention-lines path").first.is_visible()
    # Without scripts, the buttons are a legend.
    shown = [
        b.inner_text() for b in page.locator("#hthree .attention-swatch").all() if b.is_visible()
    ]
    assert shown == ["0", "3", "11"]
    assert not page.locator("#hthree .attention-all").is_visible()
    assert page.locator("#hthree .attention-weight").count() == 11
    live = open_page("heads-dog", "hthree")
    live.emulate_media(media="print")
    shown = [
        b.inner_text() for b in live.locator("#hthree .attention-swatch").all() if b.is_visible()
    ]
    assert shown == ["0", "3", "11"]


def test_a_long_text_scrolls_in_its_box(open_page) -> None:
    page = open_page("heads-long", "hlong")
    tall = page.locator("#hlong .attention-stage").bounding_box()["height"]
    assert tall <= 900
    assert page.locator("#hlong .attention-swatches").bounding_box()["height"] < 60
    assert page.locator("#hlong .attention-stage").evaluate("e => e.scrollHeight") > 3000
    token(page, "hlong", 0, "query").focus()
    page.keyboard.press("End")
    box = token(page, "hlong", 127, "query").bounding_box()
    stage = page.locator("#hlong .attention-stage").bounding_box()
    assert stage["y"] <= box["y"] <= stage["y"] + stage["height"]
    page.emulate_media(media="print")
    assert page.locator("#hlong .attention-stage").bounding_box()["height"] > 3000


def test_a_large_figure_stays_small_in_the_page(open_page) -> None:
    page = open_page("heads-long", "hlong")
    count = "document.querySelectorAll('#hlong, #hlong *').length"
    assert page.evaluate(count) <= 1500
    token(page, "hlong", 6, "query").click()
    assert page.evaluate(count) <= 1500
    page.locator("#hlong .attention-all").click()
    assert page.evaluate(count) <= 1500
    # All lines are drawn: the heaviest have an element each, and the others share paths.
    names: dict = {}
    exec(FUNCTIONS, names)
    weights = names["weights"](128, 12)[0].astype(np.float32)
    every = {(key, head) for head in range(12) for _, key in expected(weights[head], 6, 0.95)}
    alone = {(key, head) for _, key, head in lines(page, "hlong")}
    together = page.eval_on_selector_all(
        "#hlong .attention-edges .attention-line",
        "all => all.reduce((sum, e) => sum + e.getAttribute('d').split('M').length - 1, 0)",
    )
    assert alone < every
    assert len(alone) + together == len(every)


def test_more_heads_than_fit_a_legend_are_counted(open_page) -> None:
    page = open_page("heads-many", "hmany")
    assert page.locator("#hmany .attention-swatch").count() == 32
    assert re.findall(r"\d+", page.locator("#hmany .attention-legend").text_content()) == [
        "0",
        "31",
    ]
    page.locator("#hmany .attention-all").click()
    assert page.locator("#hmany .attention-legend").text_content() == "32 heads"
    fills = page.eval_on_selector_all(
        "#hmany .attention-swatch", "all => all.map(e => getComputedStyle(e).borderBottomColor)"
    )
    assert len(set(fills)) == 32
    token(page, "hmany", 1, "query").hover()
    assert len({head for _, _, head in lines(page, "hmany")}) == 32


@in_every_font
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        *(("heads-dog", "hone"), ("heads-pair", "hpair"), ("heads-words", "hwords")),
        *(("heads-long", "hlong"), ("heads-many", "hmany"), ("heads-arabic", "harabic")),
    ],
)
def test_no_figure_is_wider_than_the_page(open_page, name: str, figure: str, width: int) -> None:
    page = open_page(name, figure, viewport={"width": width, "height": 800})
    token(page, figure, 1, "query").click()
    assert overflow(page) <= 0
    targets = f"#{figure} .attention-hit, #{figure} select, #{figure} .attention-swatches button"
    assert smallest(page, targets) >= 23.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        *(("heads-dog", "hone"), ("heads-dog", "hthree"), ("heads-pair", "hpair")),
        *(("heads-long", "hlong"), ("heads-many", "hmany"), ("heads-arabic", "harabic")),
    ],
)
def test_axe_finds_nothing(open_page, name: str, figure: str, scheme: str) -> None:
    page = open_page(name, figure, color_scheme=scheme, bypass_csp=True)
    accessible(page, figure, "at rest")
    token(page, figure, 1, "query").click()
    accessible(page, figure, "pinned")
