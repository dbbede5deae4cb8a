"""What the tests of the view grid read from a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZE = 11  # The tokens of DOG, and the cells of a thumbnail.


def fifths(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opacities by the ramp of the docs, in fifths; and where rounding cannot change the fifth."""
    thousandths = np.floor(weights.astype(np.float64) * 1000 + 0.5) / 1000
    ramp = np.where(thousandths > 0, 0.05 + 0.95 * np.log10(1 + 9 * thousandths), 0) * 5
    step = np.floor(ramp + 0.5).astype(int)
    return np.array([0, 0.12, 0.32, 0.56, 0.78, 1])[step], np.abs(ramp % 1 - 0.5) > 0.06


def painted(page: Page, figure: str) -> np.ndarray:
    """The opacity of every pixel of the canvas, after it is painted."""
    page.wait_for_selector(f"#{figure} .attention-thumbs--painted", state="attached")
    rows = page.eval_on_selector(
        f"#{figure} .attention-thumbs canvas",
        """canvas => {
          const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return Array.from({length: height}, (_, y) =>
            Array.from({length: width}, (_, x) => data[4 * (y * width + x) + 3]));
        }""",
    )
    return np.array(rows) / 255


def thumb(page: Page, figure: str, layer: int | str, head: int | str):
    return page.locator(f'#{figure} .attention-thumb[aria-label^="layer {layer}, head {head},"]')


def labels(page: Page, figure: str) -> list[tuple[int, int, float]]:
    """Layer, head and score under every thumbnail, in order."""
    texts = page.locator(f"#{figure} .attention-thumb").all_text_contents()
    found = [re.fullmatch(r"(\d+)\.(\d+) (\d+\.\d\d)", text) for text in texts]
    assert all(found), texts
    return [(int(m[1]), int(m[2]), float(m[3])) for m in found if m]


def chosen(page: Page, figure: str) -> tuple[str, str]:
    data = page.locator(f"#{figure}")
    return data.get_attribute("data-layer"), data.get_attribute("data-head")


def headline(page: Page, figure: str) -> str:
    return page.locator(f"#{figure} .attention-headline").inner_text().replace("\n", " ")
