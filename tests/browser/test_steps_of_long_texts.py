"""Rows of the view steps that are written later, in figures of long texts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.browser.conftest import away, token
from tests.browser.pages.steps import text
from tests.browser.steps_figures import model_vectors, number, rows

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def longest(minilm: Path) -> np.ndarray:
    """The numbers of the figure ``slongest``: shape (queries, keys, columns)."""
    found = model_vectors(minilm, text(512))
    dots = found["query"][5, 11] @ found["key"][5, 11].T
    scores = dots / math.sqrt(32)
    shares = np.exp(scores)
    return np.stack([dots, scores, shares / shares.sum(axis=1, keepdims=True)], axis=2)


HOLD = """() => {
  // What was put off until now is done, what is from now on when the test says so.
  window.dispatchEvent(new Event("beforeprint"));
  const held = [];
  const [FIRST, clear] = [1e6, window.clearTimeout];
  window.setTimeout = work => FIRST + held.push(work) - 1;
  window.clearTimeout = which => {
    if (which >= FIRST) held[which - FIRST] = null;
    else clear(which);
  };
  window.go = () => {
    for (const [i, work] of [...held.entries()]) {
      held[i] = null;
      work?.();
    }
  };
}"""
POINT = """([id, query]) => {
  const word = document.querySelector(`#${id} [data-side="query"][data-token="${query}"]`);
  word.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }));
}"""
IN_SIGHT = """id => {
  const stage = document.querySelector(`#${id} .attention-stage`).getBoundingClientRect();
  return [...document.querySelectorAll(`#${id} .attention-rows > g`)].flatMap((row, key) => {
    const { top, bottom } = row.getBoundingClientRect();
    const inside = bottom > Math.max(0, stage.top) && top < Math.min(innerHeight, stage.bottom);
    return inside ? [key] : [];
  });
}"""
SCROLL = """([id, key]) => {
  const stage = document.querySelector(`#${id} .attention-stage`);
  const row = stage.querySelector(`[data-side="key"][data-token="${key}"]`);
  stage.scrollTop += row.getBoundingClientRect().y - stage.getBoundingClientRect().y - 200;
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def right(shown: list[list[str]], numbers: np.ndarray) -> np.ndarray:
    """A mask of the rows that show a query's numbers."""
    found = np.array([[number(text) for text in row] for row in shown])
    return (np.abs(found - numbers) < [1e-3, 1e-3, 5.1e-4]).all(axis=1)


def test_every_row_shows_the_query_under_the_pointer(open_page, longest) -> None:
    page = open_page("steps-longest", "slongest")
    last = page.locator("#slongest .attention-rows > g:last-child").text_content()
    token(page, "slongest", 40, "query").hover()
    page.wait_for_function(
        "was => document.querySelector('#slongest .attention-rows > g:last-child').textContent !== was",
        arg=last,
    )
    assert right(rows(page, "slongest"), longest[40]).all()


def test_rows_in_sight_are_written_first(open_page, longest) -> None:
    page = open_page("steps-longest", "slongest")
    page.evaluate(HOLD)
    page.evaluate(SCROLL, ["slongest", 0])
    page.evaluate(POINT, ["slongest", 40])
    done = right(rows(page, "slongest"), longest[40])
    seen = page.evaluate(IN_SIGHT, "slongest")
    assert len(seen) > 5
    assert done[seen].all()
    assert not done[-200:].any()
    # The other rows are written when they come into sight, before any deferred work has run.
    for key in (200, 500):
        page.evaluate(SCROLL, ["slongest", key])
        done = right(rows(page, "slongest"), longest[40])
        seen = page.evaluate(IN_SIGHT, "slongest")
        assert len(seen) > 10
        assert done[seen].all()
    assert not done.all()


def test_a_second_query_replaces_all_rows_of_the_first(open_page, longest) -> None:
    page = open_page("steps-longest", "slongest")
    page.evaluate(HOLD)
    page.evaluate(POINT, ["slongest", 40])
    page.evaluate("go()")
    begun = right(rows(page, "slongest"), longest[40])
    assert 100 < begun.sum() < 512
    page.evaluate(POINT, ["slongest", 300])
    for _ in range(5):
        page.evaluate("go()")
    assert right(rows(page, "slongest"), longest[300]).all()
    page.evaluate("go()")
    assert right(rows(page, "slongest"), longest[300]).all()


def test_paper_and_a_saved_drawing_have_every_row(open_page, longest) -> None:
    page = open_page("steps-longest", "slongest")
    page.evaluate(HOLD)
    page.evaluate(POINT, ["slongest", 40])
    assert not right(rows(page, "slongest"), longest[40]).all()
    page.pdf()
    assert right(rows(page, "slongest"), longest[40]).all()
    token(page, "slongest", 300, "query").dispatch_event("click")
    page.locator("#slongest .attention-save summary").click()
    away(page)
    assert not right(rows(page, "slongest"), longest[300]).all()
    with page.expect_download() as download:
        page.get_by_text("save as SVG").press("Enter")
    drawing = ET.fromstring(download.value.path().read_bytes())
    svg = "{http://www.w3.org/2000/svg}"
    drawn = [
        [text.text for text in group.findall(f"{svg}text")[1:]]
        for group in drawing.iter(f"{svg}g")
        if group.get("data-side") == "key"
    ]
    assert right(drawn, longest[300]).all()


def test_a_mask_is_complete_after_deferred_work(open_page) -> None:
    page = open_page("steps-mask", "smask")
    mask = page.locator("#smask .attention-mask")
    weights = len(rows(page, "smask"))
    page.evaluate(HOLD)
    page.evaluate(POINT, ["smask", 5])
    seen = page.evaluate(IN_SIGHT, "smask")
    assert mask.text_content().count("∞") >= len(seen) - 6
    page.evaluate("go()")
    page.evaluate("go()")
    assert mask.text_content() == "−∞" * (weights - 6)
    assert [row[-1] == "–" for row in rows(page, "smask")] == [key > 5 for key in range(weights)]
