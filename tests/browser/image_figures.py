"""What the tests of the image view show, and what they read from a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tests.browser.conftest import PageHandler
from training.vision.pictures import SCENES
from training.vision.shapes import paint

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

# Pages may load nothing but files of their own: no data in addresses either.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'"
PICTURE = Image.fromarray(paint(SCENES["circle"], 192))
OTHER = Image.fromarray(paint(SCENES["cross"], 192))
CELL = 42

FIGURE = """
.. attention-figure::
   :name: {name}
   :image: circle.png
   :model: builtin-vision
   :layer: 2
   :head: 2
   :alt: a red circle beside grey shapes
{more}
"""
FIGURES = {
    "plain": "",
    "pinned": "   :focus: 2,3\n   :boost: sqrt\n",
    "lines": "   :flows: best\n",
    "strong": "   :flows: strong\n",
    "mean": "   :special: hide\n",
    "several": "   :focus: 2,3\n",
    "linked": "   :link: both\n",
    "other": "   :link: both\n   :view: matrix\n",
}


def index_of(row: int, column: int) -> int:
    return 1 + 8 * row + column


def darkness(page: Page, figure: str) -> np.ndarray:
    found = np.zeros((8, 8))
    for opacity, path in page.eval_on_selector_all(
        f"#{figure} .attention-veil path",
        "all => all.map(e => [+e.getAttribute('fill-opacity'), e.getAttribute('d')])",
    ):
        for x, y, wide in re.findall(r"M(\d+) (\d+)h(\d+)", path):
            start = int(x) // CELL
            found[int(y) // CELL, start : start + int(wide) // CELL] = opacity
    return found


def expected(line: np.ndarray, *, root: bool = False) -> np.ndarray:
    share = line[1:].reshape(8, 8) / line[1:].max()
    return 1 - (np.sqrt(share) if root else share)


def readout(page: Page, figure: str) -> str:
    return " ".join(page.locator(f"#{figure} .attention-readout").inner_text().split())


def listed(page: Page, figure: str) -> list[str]:
    found = page.locator(f"#{figure} .attention-strongest li").all_inner_texts()
    return [" ".join(one.split()) for one in found]


class Handler(PageHandler):
    """Serves pages under a policy that allows nothing but files of their own."""

    policy = POLICY


@dataclass(frozen=True)
class Built:
    """The built notes: their folder, and the address of their server."""

    folder: Path
    server: str
