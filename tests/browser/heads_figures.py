"""What the tests of the view heads read from a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
