"""The vector of a pinned token: beside the picture, folded, and lit with its edges."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.conftest import away, edges, height, token
from tests.browser.fonts import in_every_font

pytestmark = pytest.mark.browser

WORDS = """id => [...document.querySelectorAll(`#${id} .attention-word`)].map(word => {
  const {x, y, width} = word.getBoundingClientRect();
  return [x + width / 2, y + scrollY];
})"""
BOXES = """id => {
  const figure = document.getElementById(id);
  const box = name => {
    const {left, top, right, bottom} = figure.querySelector(`.attention-${name}`).getBoundingClientRect();
    return {left, top, right, bottom};
  };
  return {picture: box("picture"), footer: box("footer"), scores: box("scores"), vector: box("vector")};
}"""
ROWS = """id => [...document.querySelectorAll(`#${id} .attention-vector tr`)]
  .filter(row => row.querySelector(".attention-number").checkVisibility())
  .map(row => row.querySelector("th[scope=row]").textContent)"""
WIDE = {"viewport": {"width": 1280, "height": 900}}


@in_every_font
def test_pinning_moves_no_word_and_adds_little_where_the_vector_fits_beside(open_page) -> None:
    page = open_page("fox", "fox", **WIDE)
    before, high = page.evaluate(WORDS, "fox"), height(page, "fox")
    token(page, "fox", 2).hover()
    assert height(page, "fox") == high
    assert np.array(page.evaluate(WORDS, "fox")) == pytest.approx(np.array(before), abs=0.5)
    token(page, "fox", 2).click()
    assert np.array(page.evaluate(WORDS, "fox")) == pytest.approx(np.array(before), abs=0.5)
    assert high <= height(page, "fox") <= high + 40
    boxes = page.evaluate(BOXES, "fox")
    assert boxes["scores"]["left"] >= boxes["picture"]["right"] - 0.5
    assert boxes["scores"]["bottom"] <= boxes["footer"]["top"] + 0.5
    assert boxes["vector"]["right"] <= boxes["footer"]["right"] + 0.5


@in_every_font
@pytest.mark.parametrize("width", [360, 1280])
def test_elsewhere_the_vector_stands_below(open_page, width: int) -> None:
    page = open_page("dog", "dog", viewport={"width": width, "height": 900})
    before = page.evaluate(WORDS, "dog")
    token(page, "dog", 4).click()
    boxes = page.evaluate(BOXES, "dog")
    if boxes["scores"]["left"] >= boxes["picture"]["right"] - 0.5:
        assert width == 1280
    else:
        assert boxes["scores"]["top"] >= boxes["footer"]["bottom"]
    middles = [y for _, y in page.evaluate(WORDS, "dog")]
    assert middles == pytest.approx([y for _, y in before], abs=0.5)


def test_the_vector_of_a_sum_stands_below(open_page) -> None:
    page = open_page("fox", "fox", **WIDE)
    token(page, "fox", 2).click()
    token(page, "fox", 3).click(modifiers=["Shift"])
    boxes = page.evaluate(BOXES, "fox")
    assert boxes["scores"]["top"] >= boxes["footer"]["bottom"]


def test_small_rows_are_folded_and_open_by_click_and_by_key(open_page, reference) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 4).click()
    codes = [int(1000 * weight + 0.5) for weight in reference[5, 11, 4]]
    small = [code for code in codes if code < 10]
    assert page.evaluate(ROWS, "dog") == ["[CLS]", "brown", "fox", "lazy", "dog"]
    words = page.locator("#dog .attention-vector tr th:not(.attention-name)").all()
    assert sum(word.is_visible() for word in words) == 5
    summary = page.locator("#dog .attention-fold summary")
    assert summary.inner_text() == f"{len(small)} more, together 0.{sum(small):03}"
    summary.click()
    assert len(page.evaluate(ROWS, "dog")) == 11
    summary.press("Enter")
    assert len(page.evaluate(ROWS, "dog")) == 5
    page.emulate_media(media="print")
    assert len(page.evaluate(ROWS, "dog")) == 11


def test_folded_rows_open_without_scripts(open_page) -> None:
    page = open_page("dog", java_script_enabled=False)
    rows = page.locator("#pinned .attention-vector tr .attention-number")
    assert sum(row.is_visible() for row in rows.all()) == 5
    page.locator("#pinned .attention-fold summary").click()
    assert sum(row.is_visible() for row in rows.all()) == 11


def test_the_bracket_closes_around_the_rows_that_are_shown(open_page) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 1).click()
    drawn = """() => [...document.querySelectorAll("#dog .attention-number")]
      .filter(cell => cell.checkVisibility())
      .map(cell => {
        const style = getComputedStyle(cell, "::before");
        return [style.borderTopWidth, style.borderBottomWidth].map(parseFloat);
      })"""
    for _ in range(2):
        borders = page.evaluate(drawn)
        assert [top for top, _ in borders] == [1, *[0] * (len(borders) - 1)]
        assert [bottom for _, bottom in borders] == [*[0] * (len(borders) - 1), 1]
        page.locator("#dog .attention-fold summary").click()


LIT = """id => [...document.querySelectorAll(`#${id} .attention-lit`)].map(one =>
  one.matches("tr") ? one.querySelector("th[scope=row]").textContent
    : one.dataset.key ? `edge ${one.dataset.query} ${one.dataset.key}` : `word ${one.dataset.token}`).sort()"""


def test_a_row_lights_its_edge_and_an_edge_its_row(open_page) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 4).click()
    away(page)
    assert (4, 9) in edges(page, "dog")
    page.locator("#dog .attention-vector tr", has_text="dog").hover()
    assert page.evaluate(LIT, "dog") == ["dog", "edge 4 9", "word 9"]
    away(page)
    assert page.evaluate(LIT, "dog") == []
    x, y = page.evaluate(
        """() => {
          const path = document.querySelector('#dog .attention-edge[data-key="9"]');
          const at = path.getPointAtLength(path.getTotalLength() / 2);
          const {x, y} = new DOMPoint(at.x, at.y).matrixTransform(path.getScreenCTM());
          return [x, y];
        }"""
    )
    page.mouse.move(x, y)
    assert page.evaluate(LIT, "dog") == ["dog", "edge 4 9", "word 9"]
    page.locator("#dog .attention-direction").click()
    page.locator("#dog .attention-vector tr", has_text="dog").hover()
    assert page.evaluate(LIT, "dog") == ["dog", "edge 9 4", "word 9"]
