"""What the tests of the view matrix read from a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tests.browser.conftest import (
    rounded,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page


def strength(weights: np.ndarray, scale: str = "linear") -> np.ndarray:
    """The opacity that each weight must have by the definition of the ramps."""
    share = rounded(weights) / rounded(weights).max()
    if scale == "log":
        share = np.where(share > 0, 0.05 + 0.95 * np.log10(1 + 9 * share), 0)
    return share


def centre(page: Page, figure: str, row: int, column: int, shape: tuple[int, int]) -> tuple:
    """The middle of a cell in the window. Rows and columns are counted as they are seen."""
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    box = page.locator(f"#{figure} .attention-field").bounding_box()
    x = box["x"] + (column + 0.5) * box["width"] / shape[1]
    return x, box["y"] + (row + 0.5) * box["height"] / shape[0]


def readout(page: Page, figure: str) -> str:
    text = page.locator(f"#{figure} .attention-readout").inner_text()
    return re.sub(r"\s+", " ", text).strip()
