"""Every text of a picture lies within it, even in a wide font, as drawn by Python and by the script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.render.files import standalone_page
from tests.core.render.figures import figure, random_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from sphinx_attention.core.figure.figure import Figure

pytestmark = pytest.mark.browser

CUT = """() => [...document.querySelectorAll(".attention-picture")].flatMap(picture => {
  const frame = picture.getBoundingClientRect();
  return [...picture.querySelectorAll("text")].flatMap(text => {
    if (!text.textContent.trim() || !text.checkVisibility()) return [];
    const { left, right } = text.getBoundingClientRect();
    const by = Math.max(frame.left - left, right - frame.right);
    return by > 0.1 ? [`${text.textContent} by ${by.toFixed(1)}`] : [];
  });
})"""


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[Figure], Page]]:
    pages = []

    def open_(shown: Figure) -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        pages.append(page)
        page.set_content(standalone_page(shown))
        page.wait_for_selector("[data-token][role=button]", state="attached")
        return page

    yield open_
    for page in pages:
        page.close()


def causal(texts: str, **spec: Any) -> Figure:
    """Two heads in each of two layers, with a causal mask."""
    count = len(texts.split())
    masked = np.triu(np.ones((count, count), dtype=np.bool_), 1)
    rows = random_rows(np.random.default_rng(5), 4 * count, count).reshape(2, 2, count, count)
    rows = np.where(masked, 0, rows) + 1e-6 * ~masked
    return figure(texts, rows / rows.sum(-1, keepdims=True), masked=masked, **spec)


@pytest.mark.parametrize("browser", ["DejaVu Sans"], indirect=True)
@pytest.mark.parametrize(
    ("texts", "language"), [("a b", "de"), ("a b c d", "en"), ("א ב ג", "en"), ("א", "de")]
)
def test_no_text_is_cut(opened: Callable[[Figure], Page], texts: str, language: str) -> None:
    for view in ("arcs", "heads", "matrix"):
        page = opened(causal(texts, view=view, language=language))
        assert page.evaluate(CUT) == [], view
    page = opened(causal(texts, view="grid", language=language))
    for view in ("heads", "matrix", "arcs"):
        page.locator('select[name="large"]').select_option(view)
        page.wait_for_selector(f'.attention-large[data-view="{view}"]')
        assert page.evaluate(CUT) == [], f"{view} beside a grid"
