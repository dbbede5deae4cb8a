"""Vectors as strips of cells: above zero in the upper half, below zero in the lower half.

The opacity shows the magnitude, and so the hue is free to tell which vector it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import heatmap
from .constants import constants
from .edges import num

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_STRIPS = constants()["vector_strips"]

HIGH: int = _STRIPS["high"]
INSET: int = _STRIPS["inset"]
"""The height of a strip in px, and the free space above and below it in its row."""

UNIT: int = _STRIPS["unit"]
"""The height in px of a pixel of an image of strips. All positions in a column are multiples."""

_COARSE: int = _STRIPS["coarse"]
"""The levels of `cells` in one level of a strip, so that a page carries a fifth of the paths."""

_WIDTH, _WIDEST = 80, 12
"""The most px of a strip, roughly, and of a cell: all columns fit beside a theme's sidebars."""
_MOST_CELLS = 8192
"""With more cells in a column, an image is much smaller than paths."""


@dataclass(frozen=True)
class Strips:
    """Vectors of one kind, on one colour scale.

    Attributes:
        name: the name of the column.
        x: left end in px.
        y: top of the first row in px.
        cell: the width of a number in px.
        count: the number of components of a vector.
        height: the distance from the top of the first row to the bottom of the last, in px.
        hue: the colour where no style sheet gives another, as ``#rrggbb``.
        levels: paths in units of cells across and of px down; empty if there is an image.
        image: a URL of the strips as an image; empty if there are paths.
    """

    name: str
    x: float
    y: float
    cell: float
    count: int
    height: float
    hue: str
    levels: tuple[heatmap.Level, ...]
    image: str

    @property
    def width(self) -> float:
        """The width of a strip in px."""
        return self.cell * self.count


def width(count: int) -> float:
    """The width of the strip of a vector with that many components, in px."""
    return count * _cell_width(count)


def _cell_width(count: int) -> float:
    """The width is a multiple of half a pixel, so that all cells of a strip look alike."""
    return min(max(2 * _WIDTH // count, 1) / 2, _WIDEST)


def draw(
    name: str,
    origin: tuple[float, float],
    tops: Sequence[int],
    vectors: NDArray[np.floating[Any]],
    full: float,
    *,
    hue: str = heatmap.HUE,
) -> Strips:
    """Draw vectors below one another.

    Args:
        name: the name of the column.
        origin: the left end of the column and the top of its first row, in px.
        tops: the tops of the vectors' rows, in px from the first.
        vectors: shape (rows, d).
        full: the magnitude with full opacity.
        hue: the colour where no style sheet gives another.
    """
    levels = coarse(heatmap.signed_levels(vectors, full))
    height = tops[-1] + HIGH + 2 * INSET
    count = levels.shape[1]
    image: str = ""
    paths: tuple[heatmap.Level, ...] = ()
    if len(tops) > heatmap.MOST_AS_PATHS or levels.size > _MOST_CELLS:
        image = heatmap.data_uri(heatmap.png(mosaic(tops, levels, height), (hue, hue)))
    else:
        paths = _paths(tops, levels)
    return Strips(name, *origin, _cell_width(count), count, height, hue, paths, image)


def coarse(levels: NDArray[np.int8]) -> NDArray[np.int8]:
    """The levels of `cells`, reduced to fewer levels."""
    steps: NDArray[np.int8] = (np.abs(levels) + _COARSE // 2) // _COARSE * np.sign(levels)
    return steps * np.int8(_COARSE)


def mosaic(tops: Sequence[int], levels: NDArray[np.int8], height: float) -> NDArray[np.int8]:
    """Strips as the pixels of one image. Each pixel is `UNIT` px high and as wide as a cell."""
    image = np.zeros((int(height) // UNIT, levels.shape[1]), dtype=np.int8)
    for top, strip in zip(tops, levels, strict=True):
        first = (top + INSET) // UNIT
        middle, last = first + HIGH // UNIT // 2, first + HIGH // UNIT
        image[first:middle] = np.maximum(strip, 0)
        image[middle:last] = np.minimum(strip, 0)
    return image


def _paths(tops: Sequence[int], levels: NDArray[np.int8]) -> tuple[heatmap.Level, ...]:
    """One path for each level, made of strokes half as wide as a strip is high.

    Outlines would take twice the bytes.
    """
    drawn: dict[int, list[str]] = {}
    for top, strip in zip(tops, levels, strict=True):
        ends: dict[int, int] = {}
        for at, level in enumerate(strip.tolist()):
            if level == 0:
                continue
            pieces = drawn.setdefault(level, [])
            end = ends.get(level)
            if end is None:
                middle = top + INSET + HIGH * (0.75 if level < 0 else 0.25)
                pieces.append(f"M{at} {num(middle)}h1")
            elif end == at:
                pieces[-1] = pieces[-1].rpartition("h")[0] + f"h{_length(pieces[-1]) + 1}"
            else:
                pieces.append(f"m{at - end} 0h1")
            ends[level] = at + 1
    ordered = sorted(drawn, key=lambda level: (level < 0, abs(level)))
    return tuple(heatmap.Level(level, "".join(drawn[level])) for level in ordered)


def _length(piece: str) -> int:
    return int(piece.rpartition("h")[2])
