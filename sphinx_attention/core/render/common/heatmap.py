"""Cells of heat maps: their opacity, and markup that draws many cells in few elements.

`static/src/draw/heatmap.ts` computes the same levels and paths in the browser. Every
cell gets a level, a whole number from 0 to `LEVELS`; its colour is one hue at the opacity
``level / LEVELS``, so that cells look right on light and on dark pages. Numbers with a sign have
negative levels, in a second hue.
"""

from __future__ import annotations

import io
import zlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from sphinx_attention.core.codes import FULL

from .constants import constants
from .edges import num

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Scale = Literal["linear", "log"]

_HEATMAP = constants()["heatmap"]

LEVELS: int = _HEATMAP["levels"]
"""The number of steps of opacity. A step is two hundredths, which is short to write."""

MOST_AS_PATHS: int = _HEATMAP["most_as_paths"]
"""The most tokens on a side for which cells are written as paths. Beyond, an image is smaller."""

HUE, NEGATIVE_HUE = "#2f6ac4", "#b4581a"
"""The colours without a style sheet: of pictures in files, and of images."""


# Steps in thousandths between ticks, or positions of ticks.
_STEPS: list[int] = _HEATMAP["tick_steps"]
_COMPRESSIONS = (zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY)
# The least distance between ticks, in px.
_APART: float = _HEATMAP["tick_distance"]


@dataclass(frozen=True)
class Level:
    """All cells of one level.

    Attributes:
        level: from `LEVELS` down to -`LEVELS`, and never 0, which is not drawn.
        path: the outlines of the cells as the ``d`` of a path, in px from the corner of the map.
    """

    level: int
    path: str

    @property
    def opacity(self) -> str:
        """The opacity as an attribute holds it."""
        return num(abs(self.level) / LEVELS)

    @property
    def negative(self) -> bool:
        """Whether the numbers of the cells are below zero."""
        return self.level < 0


def strongest(values: NDArray[np.integer[Any]]) -> int:
    """The greatest size of some codes, and at least 1: the end of a map's ramp."""
    return int(np.abs(values).max(initial=1))


def ramp(share: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """The opacity of weights, given as shares of the strongest weight.

    The linear ramp is the share itself. The logarithmic ramp is ``0.05 + 0.95 log10(1 + 9 share)``,
    as in HeadVis (transformer-circuits.pub/2026/headvis), and makes small weights visible. In both,
    a weight of 0 has opacity 0, and shares above 1 count as 1.
    """
    within = np.clip(share, 0, 1)
    if scale == "linear":
        return within
    return np.where(within > 0, 0.05 + 0.95 * np.log10(1 + 9 * within), 0.0)


def ticks(most: int, scale: Scale, width: float) -> list[tuple[int, float]]:
    """The codes of a colour bar's ticks and their positions: 0, the end, and round codes between.

    Opacity grows evenly along the bar, so a tick stands at the opacity of its weight.

    Args:
        most: the code at which the ramp ends.
        scale: the ramp.
        width: the width of the bar in px.
    """
    xs = width * ramp(np.arange(most + 1) / most, scale)
    round_ones: list[int] = [step for step in _STEPS if step < most]
    if scale == "linear":
        step = next((step for step in _STEPS if step <= most and xs[step] >= _APART), most)
        round_ones = list(range(step, most, step))
    found = [(most, width)]
    for code in reversed(round_ones):
        if _APART <= xs[code] <= found[-1][1] - _APART:
            found.append((code, float(xs[code])))
    return [(0, 0.0), *reversed(found)]


def levels(
    values: NDArray[np.integer[Any]], scale: Scale = "linear", most: int | None = None
) -> NDArray[np.int8]:
    """The level of every weight.

    Args:
        values: the values of `Codes`, of any shape.
        scale: the ramp.
        most: the code at which the ramp ends; None takes the strongest of these.

    Returns:
        Levels from 0 to `LEVELS`, of the same shape; 0 where masked. Differences below 0 have
        negative levels.
    """
    end = strongest(values) if most is None else max(most, 1)
    opacity = ramp(np.arange(FULL + 1) / end, scale)
    drawn: NDArray[np.int8] = _rounded(opacity)[np.abs(values)]
    return np.where(values < 0, -drawn, drawn)


def signed_levels(values: NDArray[np.floating[Any]], most: float | None = None) -> NDArray[np.int8]:
    """The levels of numbers with a sign: the opacity is ``|v| / max``, linear.

    Args:
        values: of any shape.
        most: the magnitude with full opacity; None takes the greatest of these.

    Returns:
        Levels from -`LEVELS` to `LEVELS`, of the same shape.
    """
    size = np.abs(values.astype(np.float64))
    end = (float(size.max(initial=0)) if most is None else most) or 1.0
    signed: NDArray[np.int8] = np.where(values < 0, -1, 1) * _rounded(np.minimum(size / end, 1))
    return signed.astype(np.int8)


def level_paths(levels: NDArray[np.int8], cell: tuple[int, int], gap: int = 0) -> tuple[Level, ...]:
    """Write cells as one path for each level, so that a map takes few elements.

    Args:
        levels: shape (rows, columns).
        cell: width and height of a cell in px, the gap included.
        gap: the px that are free to the right of and below each cell. Without a gap, neighbours of
            one level are one rectangle.

    Returns:
        Paths from the faintest to the strongest positive level, then likewise for negative levels.
    """
    width, height = cell
    across = [f"M{column * width} " for column in range(levels.shape[1])]
    high = height - gap
    drawn: dict[int, list[str]] = {}
    for row, line in enumerate(levels):
        down = str(row * height)
        for start, end in _runs(line, merge=gap == 0):
            wide = (end - start) * width - gap
            piece = f"{across[start]}{down}h{wide}v{high}h-{wide}z"
            drawn.setdefault(int(line[start]), []).append(piece)
    ordered = sorted(drawn, key=lambda level: (level < 0, abs(level)))
    return tuple(Level(level, "".join(drawn[level])) for level in ordered)


def png(levels: NDArray[np.int8], hues: Sequence[str] = (HUE, NEGATIVE_HUE)) -> bytes:
    """Write cells as an image of one pixel per cell, with the opacity of the levels.

    Args:
        levels: shape (rows, columns).
        hues: the colours of positive and of negative cells, ``#rrggbb``.

    Returns:
        A PNG file: the hues, each with the alpha ``255 · level / LEVELS``.
    """
    # The palette has only used colours: with up to 16 levels, two cells share a byte.
    used, index = np.unique(levels, return_inverse=True)
    image = Image.fromarray(index.reshape(levels.shape).astype(np.uint8))
    image.putpalette(bytes.fromhex("".join(hues[int(level < 0)].lstrip("#") for level in used)))
    alpha = bytes((510 * abs(int(level)) + LEVELS) // (2 * LEVELS) for level in used)
    # Weights hardly repeat, except for runs of zeros. Neither strategy searches, and one gives a
    # small file.
    return min((_saved(image, alpha, kind) for kind in _COMPRESSIONS), key=len)


def data_uri(image: bytes) -> str:
    """A PNG file as a data URL."""
    return "data:image/png;base64," + b64encode(image).decode("ascii")


def _saved(image: Image.Image, alpha: bytes, compression: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", transparency=alpha, compress_type=compression)
    return file.getvalue()


def _rounded(share: NDArray[np.floating[Any]]) -> NDArray[np.int8]:
    rounded: NDArray[np.int8] = np.floor(share * LEVELS + 0.5).astype(np.int8)
    return rounded


def _runs(line: NDArray[np.int8], *, merge: bool) -> list[tuple[int, int]]:
    """The runs of drawn cells. With `merge`, equal neighbours form one run."""
    if not merge:
        return [(at, at + 1) for at in np.flatnonzero(line).tolist()]
    ends = [*(np.flatnonzero(np.diff(line)) + 1).tolist(), len(line)]
    return [(start, end) for start, end in zip([0, *ends], ends, strict=False) if line[start] != 0]
