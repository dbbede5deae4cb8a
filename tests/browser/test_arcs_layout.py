"""The view arcs in a browser: where words and edges stand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.browser.arcs_figures import CENTRES, SHOWN
from tests.browser.conftest import (
    away,
    edges,
    overflow,
    pressed,
    scores,
    smallest,
    static_copy,
    token,
)
from tests.browser.fonts import in_every_font

pytestmark = pytest.mark.browser


@in_every_font
@pytest.mark.parametrize(("name", "count"), [("fox", 4), ("dog", 11)])
def test_edges_run_from_word_to_word_around_their_centres(open_page, name: str, count: int) -> None:
    page = open_page(name, name)
    if name == "dog":
        page.locator('#dog select[name="layer"]').select_option("2")
    for query in range(count):
        token(page, name, query).hover()
        seen = page.evaluate(CENTRES, name)
        assert seen["paths"]
        for path in seen["paths"]:
            start, end = path["points"][0], path["points"][-1]
            word, other = (seen["words"][path[side]] for side in ("query", "key"))
            if path["query"] == path["key"]:
                assert (start[0] + end[0]) / 2 == pytest.approx(word["middle"], abs=0.25)
            else:
                # The edges of a word stand side by side over it, and each ends in the middle.
                assert abs(start[0] - word["middle"]) < max(word["right"] - word["left"], 16) / 2
                assert end[0] == pytest.approx(other["middle"], abs=0.25)
            assert start[1] <= word["top"] + 4
            heights = [y for _, y in path["points"]]
            assert min(heights) >= seen["top"]
            assert max(heights) - min(heights) > 5  # The edge is curved and lies above the words.


def crossing(one: list, other: list, shared: tuple[float, float]) -> bool:
    """Whether two polylines cross anywhere except near a point that they share."""
    a, b = np.array(one), np.array(other)
    p, r = a[:-1], np.diff(a, axis=0)
    q, s = b[:-1], np.diff(b, axis=0)
    cross = lambda u, v: u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]  # noqa: E731
    denominator = cross(r[:, None], s[None])
    gap = q[None] - p[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = cross(gap, s[None]) / denominator
        u = cross(gap, r[:, None]) / denominator
    hit = (denominator != 0) & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
    points = (p[:, None] + t[..., None] * r[:, None])[hit]
    far = np.hypot(*(points - np.array(shared)).T) > 2.5 if len(points) else np.array([])
    return bool(far.any())


@pytest.mark.parametrize("name", ["fox", "dog", "cross"])
def test_no_two_edges_cross(open_page, name: str) -> None:
    page = open_page(name, name)
    if name == "dog":
        page.locator('#dog select[name="layer"]').select_option("1")
        page.locator('#dog select[name="head"]').select_option("3")
    side = "query" if name == "cross" else None
    drawn = 0
    for query in range({"fox": 4, "dog": 11, "cross": 3}[name]):
        token(page, name, query, side).hover()
        paths = page.evaluate(CENTRES, name)["paths"]
        drawn += len(paths)
        for one, other in itertools.combinations(paths, 2):
            assert not crossing(one["points"], other["points"], one["points"][0]), (
                query,
                one["key"],
                other["key"],
            )
    assert drawn > 8


def test_the_row_has_room_above_it(open_page) -> None:
    page = open_page("fox", "fox")
    seen = page.evaluate(CENTRES, "fox")
    assert all(word["top"] - seen["top"] >= 50 for word in seen["words"])
    tops = {round(word["top"]) for word in seen["words"]}
    assert len(tops) == 1  # All tokens stand in one row.
    for left, right in itertools.pairwise(seen["words"]):
        assert right["left"] > left["right"]


@in_every_font
def test_the_vector_is_aligned_and_overlaps_nothing(open_page) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 4).click()
    boxes = page.evaluate(
        """() => {
          const figure = document.getElementById("dog");
          const box = e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
          return {
            rows: [...figure.querySelectorAll(".attention-scores tr:not(.attention-small)")].map(row => [
              box(row.querySelector(".attention-number")), box(row.querySelector('th[scope="row"]'))]),
            all: [".attention-stage", ".attention-footer", ".attention-scores", "figcaption"].map(
              name => box(figure.querySelector(name))),
          };
        }"""
    )
    assert len({round(number[2], 1) for number, _ in boxes["rows"]}) == 1
    assert len({round(name[0], 1) for _, name in boxes["rows"]}) == 1
    for number, name in boxes["rows"]:
        # The number stands beside the name.
        assert abs((number[1] + number[3]) - (name[1] + name[3])) < 4
        assert name[0] >= number[2] - 0.5
    for (_, above), (_, below) in itertools.pairwise(boxes["rows"]):
        assert below[1] >= above[3] - 1
    for one, other in itertools.pairwise(boxes["all"]):
        assert other[1] >= one[3] - 0.5


def test_two_rows_of_tokens(open_page) -> None:
    page = open_page("cross", "cross")
    token(page, "cross", 1, "query").hover()
    assert edges(page, "cross") == pytest.approx({(1, 0): 1, (1, 1): 8, (1, 2): 0.6}, abs=0.01)
    token(page, "cross", 0, "key").hover()
    assert edges(page, "cross")[0, 0] == pytest.approx(7)
    assert {key for _, key in edges(page, "cross")} == {0}
    token(page, "cross", 2, "query").click()
    assert [name for name, _ in scores(page, "cross")] == ["the", "fox", "jumps", "</s>"]


@pytest.mark.parametrize("browser", ["Arimo"], indirect=True)
@pytest.mark.parametrize(("page_name", "figure"), [("dog", "pinned"), ("fox", "fox")])
def test_words_of_the_widths_in_the_table_stay_where_they_are(open_page, page_name, figure) -> None:
    """The table has the widths of Arial and Helvetica, and so of most pages."""
    live = open_page(page_name, figure)
    copied = static_copy(live, figure)
    after, before = live.evaluate(SHOWN, figure), live.evaluate(SHOWN, copied)
    assert after["words"] == before["words"]
    assert after["squares"] == before["squares"]
    assert bool(after["squares"]) == (figure == "pinned")


GAPS = """id => {
  const words = [...document.querySelectorAll(`#${id} .attention-word`)]
    .map(word => [+word.getAttribute("x"), word.getComputedTextLength()])
    .sort(([a], [b]) => a - b);
  return words.slice(1).map(([x, width], i) => {
    const [before, wide] = words[i];
    return [x - before, x - width / 2 - before - wide / 2];
  });
}"""


@in_every_font
@pytest.mark.parametrize("name", ["dog", "hostile"])
def test_gaps_between_words_are_equal_in_every_font(open_page, name: str) -> None:
    page = open_page(name, name)
    for index in pressed(page, name):
        token(page, name, index).click()
    away(page)
    for apart, gap in page.evaluate(GAPS, name):
        # Short words are farther apart, so that the numbers under them do not touch.
        is_short = apart == pytest.approx(40, abs=1) and gap > 14
        assert gap == pytest.approx(14, abs=1.01) or is_short


FITS = """id => {
  const stage = document.querySelector(`#${id} .attention-stage`), picture = stage.firstElementChild;
  const {width} = picture.getBoundingClientRect();
  return [width / picture.viewBox.baseVal.width, stage.scrollWidth - stage.clientWidth];
}"""


@in_every_font
def test_a_picture_is_made_smaller_before_it_scrolls(open_page) -> None:
    page = open_page("dog", "dog")
    scale, over = page.evaluate(FITS, "dog")
    assert (scale, over) == (1, 0)
    width = page.locator("#dog svg").first.evaluate("e => e.viewBox.baseVal.width")
    for share, smaller in ((0.9, 0.9), (0.83, 0.83), (0.7, 0.82)):
        page.locator("#dog").evaluate(
            "(e, width) => { e.style.width = `${width}px` }", share * width
        )
        scale, over = page.evaluate(FITS, "dog")
        assert scale == pytest.approx(smaller, abs=0.005)
        assert (over > 1) is (share < 0.82)


@in_every_font
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["fox", "dog", "long", "cross", "hostile"])
def test_no_figure_is_wider_than_the_page(open_page, name: str, width: int) -> None:
    page = open_page(name, name, viewport={"width": width, "height": 800})
    token(page, name, 1, "query" if name == "cross" else None).click()
    assert overflow(page) <= 0
    targets = f"#{name} .attention-hit, #{name} select, #{name} button"
    assert smallest(page, targets) >= 23.5


@pytest.mark.parametrize(("name", "index"), [("far", 38), ("rtl", 0)])
def test_a_pinned_token_is_in_view(open_page, name: str, index: int) -> None:
    page = open_page("scroll", name, viewport={"width": 500, "height": 700})
    seen = page.evaluate(
        """([id, index]) => {
          const figure = document.getElementById(id);
          const box = e => { const b = e.getBoundingClientRect(); return [b.left, b.right]; };
          return [box(figure.querySelector(".attention-stage")),
                  box(figure.querySelector(`[data-token="${index}"] .attention-word`))];
        }""",
        [name, index],
    )
    (left, right), (start, end) = seen
    assert left <= start
    assert end <= right
