"""The colours of heads."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HUES = (
    *("#226dc9", "#ef911d", "#773e4a", "#9eac73", "#b23a26", "#dd92db", "#72498a", "#1dbfa1"),
    *("#056513", "#9b8bfb", "#b65283", "#ae8e38", "#9d7eb0", "#4f9250", "#90a6f7", "#dc8a8f"),
    *("#466f45", "#6271aa", "#90266d", "#7bb85c", "#0a8fd1", "#d35574", "#5742aa", "#6a6e34"),
    *("#269573", "#2b7867", "#7c62b7", "#83870b", "#35549a", "#ba7ca0", "#c47457", "#b372d8"),
)
"""A colour for each of 32 heads. The first colours differ most.

The colours differ in lightness as well as in hue, so that people with two kinds of cones can
distinguish them, too. Tests check this. The style sheet has the same colours.
"""

SHARE = 0.84
"""The share of the hue in a drawn colour.

The rest is the text's colour, in Oklab, which makes all colours darker on light pages and lighter
on dark pages.
"""


def hue_of(name: str, index: int) -> int:
    """The colour of a head: that of its number, so that the head has the same colour everywhere.

    Args:
        name: the name of the head for readers.
        index: the position among the carried heads, for names that are not numbers.
    """
    number = int(name) if name.isascii() and name.isdigit() else index
    return number % len(HUES)


@cache
def drawn_hue(hue: int, text: str = "#222222") -> str:
    """A hue as it looks on a page whose text has this colour, as a hexadecimal colour."""
    mixed = SHARE * _oklab(HUES[hue]) + (1 - SHARE) * _oklab(text)
    linear = ((mixed @ np.linalg.inv(_TO_LAB).T) ** 3) @ np.linalg.inv(_TO_CONES).T
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{int(part * 255 + 0.5):02x}" for part in encoded)


def _oklab(colour: str) -> NDArray[np.float64]:
    encoded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float64] = np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T
    return lab


# From linear sRGB to cone responses, and from their cube roots to Oklab (Ottosson 2020,
# https://bottosson.github.io/posts/oklab/).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
