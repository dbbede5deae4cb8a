"""The grid view: a thumbnail of every head, layers down the side, heads along the top."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.bins import has_bin
from sphinx_attention.core.codes import FULL, Codes, score_codes
from sphinx_attention.core.render.common import heatmap
from sphinx_attention.core.render.common.cells import Cells
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.text_metrics import text_width
from sphinx_attention.core.render.drawing import Drawing
from sphinx_attention.core.views import ENLARGED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.figure.figure import Figure

SMALL = 11
"""The size in px of the numbers of layers and heads."""

SHADES: list[int] = constants("grid")["shades"]
"""The levels of thumbnails. There are few, so that the picture of all heads packs well."""

MOST_CELLS = 23
"""The most cells on a side of a thumbnail.

In a longer text, a cell stands for a square of weights.
"""

UNITS = {"entropy": "bits"}
"""The phrases for the units of scores."""

_MASK = "#ffffff"
# All lengths are in px. A thumbnail is about _MOST wide and high, or smaller if there are many.
_WIDTH, _HEIGHT, _MOST, _LEAST = 640, 640, 46, 20
_MOST_CELL = 12
_GAP = 4
# The least distance between thumbnails, so that a finger can hit one.
_PITCH = 24
_TOP, _WORD, _OFF, _MARGIN = 36.0, 12.0, 8.0, 6.0
# Names are thinned. In each pair, the first number is the interval of the written names, and the
# second number is the most heads for which the interval holds.
_EVERY = ((1, 12), (2, 40), (5, math.inf))
# The distance from a line's middle down to its baseline.
_DOWN = 0.35 * SMALL


@dataclass(frozen=True, kw_only=True)
class ThumbnailLayout(Cells):
    """The cells of the first thumbnail, and where the other thumbnails stand.

    Attributes:
        pool: the side of the square of weights that one cell stands for.
        down: the cells from the top of a thumbnail to the top of the next.
        across: the cells from the left of a thumbnail to the left of the next.
    """

    pool: int
    down: int
    across: int

    def x(self, head: int) -> float:
        """The left of a head's thumbnails in px."""
        return self.left + head * self.across * self.cell

    def y(self, layer: int) -> float:
        """The top of a layer's thumbnails in px."""
        return self.top + layer * self.down * self.cell


@dataclass(frozen=True)
class Label:
    """A name at an axis.

    Attributes:
        text: the name.
        x: the middle of the text in px.
        y: the baseline of the text in px.
        at: ``h`` or ``l`` for head or layer, with the index; empty for the title of an axis.
        chosen: whether the name belongs to the shown head.
    """

    text: str
    x: float
    y: float
    at: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Score:
    """A score of the shown head.

    Attributes:
        key: the key in the payload.
        number: the score with two decimals.
        unit: the unit of the number; empty without a unit.
    """

    key: str
    number: str
    unit: str


@dataclass(frozen=True)
class Grid:
    """The picture.

    Attributes:
        layout: the layout of the thumbnails.
        image: the URL of an image of one pixel per cell, including gaps. The image is white,
            because it is a mask over the hue of the page.
        size: the width and height of the image, in px of the picture.
        labels: names of heads and layers.
        words: the titles of the axes: heads along the top, and layers, turned, down the side.
        mark: left, top, width and height in px of the mark of the shown head.
        name: the name of the shown head, as ``5.11``.
        scores: the scores of the shown head; empty if none were computed.
        undefined: the scores that these heads do not have, with the reason.
        pair: whether the tokens are those of two sentences.
        enlarged: the views that can show one head.
    """

    layout: ThumbnailLayout
    image: str
    size: tuple[int, int]
    labels: tuple[Label, ...]
    words: tuple[Label, ...]
    mark: tuple[float, float, float, float]
    name: str
    scores: tuple[Score, ...]
    undefined: tuple[tuple[tuple[str, ...], str], ...]
    pair: bool
    enlarged: tuple[str, ...] = ENLARGED


def draw(figure: Figure) -> Drawing:
    """Draw a figure as a grid of heads, with the shown head beside it."""
    attention = figure.attention
    layout = lay_out(attention)
    small = levels(pooled(Codes.of(attention).values, layout.pool))
    sprite = mosaic(small, layout)
    width = layout.x(attention.heads - 1) + layout.width + _MARGIN
    height = layout.y(attention.layers - 1) + layout.height + _MARGIN
    around = _GAP / 2
    grid = Grid(
        layout=layout,
        image=heatmap.data_uri(heatmap.png(sprite, (_MASK,))),
        size=(sprite.shape[1] * layout.cell, sprite.shape[0] * layout.cell),
        labels=_labels(figure, layout),
        words=_words(attention, layout),
        mark=(
            layout.x(figure.head) - around,
            layout.y(figure.layer) - around,
            layout.width + 2 * around,
            layout.height + 2 * around,
        ),
        name=f"{figure.layer_name}.{figure.head_name}",
        scores=_scores(figure),
        undefined=_undefined(figure),
        pair=attention.is_pair,
    )
    return Drawing(
        width=width,
        height=height,
        right_to_left=False,
        template="grid/picture.jinja",
        content=grid,
        controls="grid/controls.jinja",
        turns=True,
        under="grid/under.jinja",
        beside=ENLARGED[0],
    )


def lay_out(attention: Attention) -> ThumbnailLayout:
    """Lay out the thumbnails: large for few heads, and never too small for a finger."""
    queries, keys = len(attention.query_tokens), len(attention.key_tokens)
    pool = -(-max(queries, keys) // MOST_CELLS)
    rows, columns = -(-queries // pool), -(-keys // pool)
    left = _MARGIN + _WORD + _OFF + max(_wide(name) for name in attention.layer_names)
    room = min(_WIDTH - left, _WIDTH) / attention.heads, _HEIGHT / attention.layers
    side = min(max(min(room) - _GAP, _LEAST), _MOST)
    cell = min(max(int(side) // max(rows, columns), 1), _MOST_CELL)
    gap = max(_GAP // cell, 1)
    least = -(-_PITCH // cell)
    # The names of heads need room, too.
    named = math.ceil((max(_wide(name) for name in attention.head_names) + 4) / cell)
    return ThumbnailLayout(
        pool=pool,
        cell=cell,
        rows=rows,
        columns=columns,
        down=max(rows + gap, least),
        across=max(columns + gap, least, named),
        left=float(left),
        top=_TOP,
    )


def pooled(values: NDArray[np.integer[Any]], pool: int) -> NDArray[np.integer[Any]]:
    """The greatest weight of every square of ``pool`` by ``pool``, so that every peak is visible.

    Args:
        values: the values of `Codes`, shape (layers, heads, queries, keys).
        pool: the side of the squares; squares at the far edges may be smaller.

    Returns:
        Codes, shape (layers, heads, rows, columns); 0 where all are masked.
    """
    for axis in (2, 3):
        starts = np.arange(0, values.shape[axis], pool)
        values = np.maximum.reduceat(values, starts, axis=axis)
    return values


def levels(weights: NDArray[np.integer[Any]]) -> NDArray[np.int8]:
    """The opacity level of each cell: few levels, logarithmic, and equal for all heads.

    A weight of 1 has the full hue in every thumbnail, so that heads can be compared.
    """
    step = heatmap.LEVELS // (len(SHADES) - 1)
    nearest = (heatmap.levels(weights, "log", most=FULL).astype(np.int16) + step // 2) // step
    coarse: NDArray[np.int8] = np.array(SHADES, np.int8)[nearest]
    return coarse


def mosaic(small: NDArray[np.int8], layout: ThumbnailLayout) -> NDArray[np.int8]:
    """All thumbnails in one image, layers down and heads across, without gaps at the far edges."""
    layers, heads, rows, columns = small.shape
    sheet = np.zeros((layers, layout.down, heads, layout.across), np.int8)
    sheet[:, :rows, :, :columns] = small.transpose(0, 2, 1, 3)
    whole = sheet.reshape(layers * layout.down, heads * layout.across)
    return whole[: (layers - 1) * layout.down + rows, : (heads - 1) * layout.across + columns]


def decimals(score: float) -> str:
    """A score as it is printed: two decimals, from the three decimals of the payload."""
    return f"{(int(score_codes(score)) + 5) // 10 / 100:.2f}"


def _undefined(figure: Figure) -> tuple[tuple[tuple[str, ...], str], ...]:
    reasons: dict[str, list[str]] = {}
    for key, scores in (figure.head_scores or {}).items():
        if np.isnan(scores).all():
            reasons.setdefault(why_undefined(figure.attention, key), []).append(key)
    return tuple((tuple(names), why) for why, names in reasons.items())


def why_undefined(attention: Attention, score: str) -> str:
    """Why a score of these heads is not defined, as the end of a phrase's name."""
    if score == "first" and has_bin(attention):
        return "hidden"
    if not attention.same_tokens:
        return "other"
    if len(attention.query_tokens) - attention.bins < 2:
        return "one"
    return "repeat"


def _labels(figure: Figure, layout: ThumbnailLayout) -> tuple[Label, ...]:
    attention = figure.attention
    over = layout.top - _OFF
    heads = (
        Label(name, layout.x(n) + layout.width / 2, over, f"h{n}", chosen=n == figure.head)
        for n, name in _thinned(attention.head_names)
    )
    layers = (
        Label(
            name,
            layout.left - _OFF - _wide(name) / 2,
            layout.y(n) + layout.height / 2 + _DOWN,
            f"l{n}",
            chosen=n == figure.layer,
        )
        for n, name in _thinned(attention.layer_names)
    )
    return (*heads, *layers)


def _thinned(names: Sequence[str]) -> list[tuple[int, str]]:
    """The names that are written: for many, every second or every fifth."""
    every = next(every for every, most in _EVERY if len(names) <= most)
    return [(n, name) for n, name in enumerate(names) if n % every == 0]


def _words(attention: Attention, layout: ThumbnailLayout) -> tuple[Label, ...]:
    """The titles beside and above the names, each in the middle of its axis."""
    right = layout.x(attention.heads - 1) + layout.width
    bottom = layout.y(attention.layers - 1) + layout.height
    return (
        Label("head", (layout.left + right) / 2, layout.top - _OFF - SMALL - 5),
        Label("layer", (layout.top + bottom) / 2, _MARGIN + SMALL - 2),
    )


def _scores(figure: Figure) -> tuple[Score, ...]:
    return tuple(
        Score(
            key=key,
            number=decimals(float(scores[figure.layer, figure.head])),
            unit=UNITS.get(key, ""),
        )
        for key, scores in (figure.head_scores or {}).items()
        if not np.isnan(scores).all()
    )


def _wide(text: str) -> int:
    return math.ceil(text_width(text, SMALL))
