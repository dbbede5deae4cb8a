"""What the tests of the view heads read from a page."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from tests.browser.conftest import expected

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Edge = tuple[int, int, int]
"""Query, key and head."""


LINES = """id => [...document.querySelectorAll(`#${id} .attention-edge`)].filter(e => e.checkVisibility())
  .map(e => [+e.dataset.query, +e.dataset.key, +e.dataset.head, +getComputedStyle(e).strokeOpacity])"""


def lines(page: Page, figure: str) -> dict[Edge, float]:
    """The opacity of every line of a token in focus, by query, key and head."""
    return {(q, k, h): opacity for q, k, h, opacity in page.evaluate(LINES, figure)}


def numbers(page: Page, figure: str, side: str) -> list[str]:
    """The number beside each token of a side."""
    return page.eval_on_selector_all(
        f'#{figure} [data-side="{side}"]',
        "all => all.map(e => e.querySelector('.attention-weight')?.textContent ?? '')",
    )


def swatch(page: Page, figure: str, head: int) -> Locator:
    return page.locator(f'#{figure} .attention-swatch[data-head="{head}"]')


def pressed(page: Page, figure: str) -> list[int]:
    found = page.locator(f'#{figure} .attention-swatch[aria-pressed="true"]').all_inner_texts()
    return [int(name) for name in found]


def strength(weight: float) -> float:
    """The ramp that the documentation promises."""
    return 0.05 + 0.95 * np.log10(1 + 9 * weight)


def wanted(weights: np.ndarray, queries: list[int], heads: list[int]) -> dict[Edge, float]:
    """The lines of some queries: weights of shape (heads, queries, keys)."""
    found = {}
    for head, query in itertools.product(heads, queries):
        for (q, key), pixels in expected(weights[head], query, 0.95).items():
            found[q, key, head] = strength(pixels / 10)
    return found


AT_REST = """id => {
  const figure = document.getElementById(id), rows = {query: [], key: []};
  for (const token of figure.querySelectorAll("[data-side]")) {
    // The middle of a row is so far over its text's baseline.
    rows[token.dataset.side].push(+token.querySelector(".attention-word").getAttribute("y") - 3.5);
  }
  const row = (list, y) => list.findIndex(middle => Math.abs(middle - y) < 8);
  return [...figure.querySelectorAll(".attention-lines path")].filter(p => p.checkVisibility()).flatMap(path =>
    path.getAttribute("d").split("M").slice(1).map(piece => {
      const [start, curve] = piece.split("c");
      const y = +start.split(" ")[1], end = y + +curve.split(" ")[5];
      return [row(rows.query, y), row(rows.key, end), +path.dataset.head, +getComputedStyle(path).strokeOpacity];
    }));
}"""


def at_rest(page: Page, figure: str) -> dict[Edge, float]:
    """The lines at rest. A line is identified by its ends."""
    return {(q, k, h): opacity for q, k, h, opacity in page.evaluate(AT_REST, figure)}


def wanted_at_rest(weights: np.ndarray, heads: list[int], ordinary: list[int]) -> dict[Edge, float]:
    """The lines of ordinary queries whose weight is at least 0.01."""
    found = wanted(weights, ordinary, heads)
    return {edge: opacity for edge, opacity in found.items() if opacity >= strength(0.00999)}
