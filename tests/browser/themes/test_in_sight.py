"""The important part of a figure that scrolls is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


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
    # The names are moved in the units of the picture, which may have been made smaller.
    scrolled = """([id, by]) => {
      const stage = document.querySelector(`#${id} .attention-stage`);
      const picture = stage.querySelector(".attention-picture");
      const scale = picture.getBoundingClientRect().width / picture.getAttribute("width");
      const gone = parseFloat(stage.style.getPropertyValue("--attention-gone"));
      return Math.abs(gone * scale - by) < 0.5;
    }"""
    page.wait_for_function(scrolled, arg=[figure, 0])
    before = stage.evaluate(places, names)
    stage.evaluate("stage => stage.scrollTo({ left: 40 })")
    page.wait_for_function(scrolled, arg=[figure, 40])
    assert stage.evaluate(places, names) == pytest.approx(before, abs=0.6)
    # The rest of the picture has moved.
    picture = stage.locator("svg.attention-picture")
    assert picture.evaluate("svg => svg.getBoundingClientRect().x") < before[0] - 30


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
