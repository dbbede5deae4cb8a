"""The layout of the matrix: its cells, the labels on two sides, and the colour bar below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.codes import FULL, format_code
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.common import heatmap
from sphinx_attention.core.render.common.cells import Cells, ColourBar
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.common.placed_text import (
    Fonts,
    PlacedText,
    PlacedToken,
    TokenText,
    measures,
    token_text,
    tokens_right_to_left,
)
from sphinx_attention.core.render.common.text_metrics import free_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx_attention.core.attention import Token
    from sphinx_attention.core.phrases import Phrases

_MATRIX = constants("matrix")
# The size in px of the texts about axes and colours.
_SMALL: int = _MATRIX["small"]
# The approximate size in px of a map whose cells may have any size.
_EXTENT = 660
_LEAST_CELL = 2
# A finger can hit a label of 24 px.
_MOST_CELL = 24
# The size of a cell in px from which cells have gaps.
_GAP_FROM: int = _MATRIX["gap_from"]
# The size of a cell in px from which labels are slanted.
_SLANT_FROM: int = _MATRIX["slant_from"]
# The least distance between labels in px. With smaller cells, some labels are left out.
_LINE: int = _MATRIX["line"]
# The font size of labels by the size of a cell.
_FONTS: list[tuple[int, int]] = _MATRIX["fonts"]
# The most px of a label.
_LABEL = 120.0
# The distance in px from labels to cells.
_OFF: float = _MATRIX["off"]
# The space in px around the picture.
_MARGIN = 4.0
_SLANT: int = _MATRIX["slant"]
_UPRIGHT: int = _MATRIX["upright"]
# The distance from a line's middle down to its baseline, as a share of the font size.
_MIDDLE: float = _MATRIX["middle"]
_AXIS_LINE: float = _MATRIX["axis_line"]
_BAR_BELOW = 18.0
_BAR_HEIGHT: float = _MATRIX["bar_height"]
_BAR_MOST = 220
_BAR_LEAST = 110
_TICKS_BELOW: float = _MATRIX["ticks_below"]
_BOTTOM = 4.0
# Half the width in px of the widest number at an end of the bar. Other heads have other numbers.
_HALF_TICK = float(math.ceil(free_width("≥\u20090.888", _SMALL) / 2))
SWATCH = 14
"""The width in px of the sample of masked cells."""


@dataclass(frozen=True, kw_only=True)
class CellLayout(Cells):
    """The cells: a row for each query, a column for each key.

    Attributes:
        mirrored: whether columns run from right to left, with the queries' labels on the right.
    """

    mirrored: bool

    @property
    def gap(self) -> int:
        """The gap between cells."""
        return 1 if self.cell >= _GAP_FROM else 0

    @property
    def font(self) -> int:
        """The font size of labels."""
        return _font(self.cell)

    @property
    def every(self) -> int:
        """The interval of the tokens whose labels are shown."""
        return _every(self.cell)

    def x(self, column: int) -> float:
        """The centre of a column."""
        seen = self.columns - 1 - column if self.mirrored else column
        return self.left + (seen + 0.5) * self.cell

    def y(self, row: int) -> float:
        """The centre of a row."""
        return self.top + (row + 0.5) * self.cell


@dataclass(frozen=True, kw_only=True)
class Label(PlacedToken):
    """A token beside its row or over its column.

    The text is empty if the label is left out. The numbers of a turned label are in the label's own
    coordinates.

    Attributes:
        index: the index of the token.
        y: the baseline of the text in px.
        focus: whether the token is pinned.
        transform: the transformation of the label's coordinates; empty if they are those of the
            picture.
    """

    index: int
    y: float
    focus: bool = False
    transform: str = ""


@dataclass(frozen=True, kw_only=True)
class Bar(ColourBar):
    """The colour bar and the sample of masked cells, which is as high as the bar.

    Attributes:
        swatch: the left edge of the sample.
    """

    swatch: float


@dataclass(frozen=True)
class Layout:
    """The layout of the picture.

    Attributes:
        cells: the layout of the cells.
        width: of the picture in px.
        height: of the picture in px.
        queries: labels of the rows.
        keys: labels of the columns.
        axes: the titles of the sides.
        bar: the colour bar.
        masked: the meaning of hatched cells and its position; an empty text if no cell is hatched
            in this layer, and None if none is hatched in any layer.
    """

    cells: CellLayout
    width: float
    height: float
    queries: tuple[Label, ...]
    keys: tuple[Label, ...]
    axes: tuple[PlacedText, ...]
    bar: Bar
    masked: PlacedText | None


def labelled(count: int, every: int, marked: Iterable[int] = ()) -> set[int]:
    """The tokens whose labels are shown: some at equal intervals, and the marked ones.

    Args:
        count: the number of tokens.
        every: the interval of labels, and the least distance between two of them.
        marked: the tokens whose labels have priority; of two that are too close, the earlier one
            wins.
    """
    first: list[int] = []
    for index in marked:
        if all(abs(index - other) >= every for other in first):
            first.append(index)
    rest = (i for i in range(0, count, every) if all(abs(i - other) >= every for other in first))
    return {*first, *rest}


def lay_out(
    queries: Sequence[Token],
    keys: Sequence[Token],
    *,
    pinned: Sequence[int],
    most: int,
    beyond: bool,
    hatched: str,
    signed: bool = False,
    legends: Sequence[str] = (),
    say: Phrases = ENGLISH,
) -> Layout:
    """Lay out everything except the colours of the cells.

    Args:
        queries: the tokens of the rows.
        keys: the tokens of the columns.
        pinned: the rows whose labels have priority.
        most: the code at which the ramp ends.
        beyond: whether some weights are beyond the end of the ramp.
        hatched: the meaning of hatched cells in the legend; empty if there are none.
        signed: whether the ramp has two ends and 0 in the middle.
        legends: the meanings of hatched cells in all layers, whose masks may differ.
        say: the phrases of the figure's language.
    """
    cell = _cell(len(queries), len(keys))
    size = _font(cell)
    across, down = ([_text(token, size) for token in row] for row in (keys, queries))
    mirrored = tokens_right_to_left(keys)
    axes = [free_width(text, _SMALL) for text in _axis_texts(say, mirrored=mirrored)]
    beside = math.ceil(max(*(text["text_width"] for text in down), *axes))
    above = max(text["text_width"] for text in across)
    over = 0.0
    if cell >= _SLANT_FROM:
        turn = math.sqrt(0.5)
        above = (above + size) * turn
        for left, text in enumerate(reversed(across)):
            over = max(over, (text["text_width"] + size) * turn - (left + 0.5) * cell)
    sides = [_MARGIN + beside + _OFF, _MARGIN + math.ceil(over)]
    if mirrored:
        sides.reverse()
    top = _MARGIN + max(math.ceil(above), 2 * _AXIS_LINE) + _OFF
    cells = CellLayout(
        rows=len(queries),
        columns=len(keys),
        cell=cell,
        left=sides[0],
        top=top,
        mirrored=mirrored,
    )
    bar = _bar(cells, most, beyond=beyond, signed=signed)
    legend = math.ceil(max(free_width(one, _SMALL) for one in (hatched, *legends)))
    start = bar.swatch + SWATCH + _MARGIN
    swatch = PlacedText(hatched, start, bar.y + _BAR_HEIGHT) if legend else None
    ends = [sum(sides) + cells.width, bar.x + bar.width + _HALF_TICK]
    if swatch:
        ends.append(start + legend + _MARGIN)
    return Layout(
        cells=cells,
        width=max(ends),
        height=bar.y + _BAR_HEIGHT + _TICKS_BELOW + _BOTTOM,
        queries=_rows(cells, down, pinned),
        keys=_columns(cells, across),
        axes=_axes(cells, say),
        bar=bar,
        masked=swatch,
    )


def labels(queries: Sequence[Token], keys: Sequence[Token]) -> dict[str, list[Any]]:
    """The labels of both sides, as `measures` gives them.

    Keys have labels only if they differ from queries.
    """
    size = _font(_cell(len(queries), len(keys)))
    sides = {"queries": queries} if queries == keys else {"queries": queries, "keys": keys}
    return {side: measures(row, Fonts(size, size), _LABEL) for side, row in sides.items()}


def _rows(
    cells: CellLayout, texts: Sequence[TokenText], pinned: Sequence[int]
) -> tuple[Label, ...]:
    edge = cells.left + cells.width + _OFF if cells.mirrored else cells.left - _OFF
    labels = labelled(cells.rows, cells.every, pinned)
    side = 1 if cells.mirrored else -1
    return tuple(
        Label(
            **_shown(text, shown=i in labels),
            index=i,
            x=edge + side * text["text_width"] / 2,
            y=cells.y(i) + _MIDDLE * cells.font,
            focus=i in pinned,
        )
        for i, text in enumerate(texts)
    )


def _columns(cells: CellLayout, texts: Sequence[TokenText]) -> tuple[Label, ...]:
    labels = labelled(cells.columns, cells.every)
    slanted = cells.cell >= _SLANT_FROM
    angle = (_SLANT if slanted else _UPRIGHT) * (1 if cells.mirrored else -1)
    side = -1 if cells.mirrored else 1
    return tuple(
        Label(
            **_shown(text, shown=i in labels),
            index=i,
            x=side * text["text_width"] / 2,
            y=_MIDDLE * cells.font,
            transform=f"translate({num(cells.x(i))} {num(cells.top - _OFF)})rotate({angle})",
        )
        for i, text in enumerate(texts)
    )


def _shown(text: TokenText, *, shown: bool) -> TokenText:
    """The text of a label. A label that is left out keeps its position without letters."""
    return text if shown else {**text, "text": ""}


def _axes(cells: CellLayout, say: Phrases) -> tuple[PlacedText, ...]:
    """The names of the two sides, in the corner between them, beside the edge of the labels."""
    edge = cells.left + cells.width + _OFF if cells.mirrored else cells.left - _OFF
    along, down = _axis_texts(say, mirrored=cells.mirrored)
    bottom = cells.top - _OFF
    return PlacedText(along, edge, bottom - _AXIS_LINE), PlacedText(down, edge, bottom)


def _axis_texts(say: Phrases, *, mirrored: bool) -> tuple[str, str]:
    """The names of the keys' side and of the queries' side."""
    return say("key_axis_mirrored" if mirrored else "key_axis"), say("query_axis")


def _bar(cells: CellLayout, most: int, *, beyond: bool, signed: bool) -> Bar:
    wide = min(max(cells.width, _BAR_LEAST), _BAR_MOST)
    x = max(cells.left + cells.width - wide, _HALF_TICK) if cells.mirrored else cells.left
    y = cells.top + cells.height + _BAR_BELOW
    below = y + _BAR_HEIGHT + _TICKS_BELOW
    if signed:
        marks = tuple(
            PlacedText(format_code(code, signed=True) if code else "0", x + at, below)
            for code, at in ((-most, 0.0), (0, wide / 2), (most, wide))
        )
    else:
        ends = {most: "≥\u2009"} if beyond else {}
        marks = tuple(
            PlacedText(f"{ends.get(code, '')}{code / FULL:g}", x + at, below)
            for code, at in heatmap.ticks(most, "linear", wide)
        )
    return Bar(x=x, y=y, width=wide, height=_BAR_HEIGHT, ticks=marks, swatch=x + wide + 2 * SWATCH)


def _text(token: Token, size: int) -> TokenText:
    """The form of a token in its label."""
    return token_text(token, Fonts(size, size), _LABEL)


def _cell(rows: int, columns: int) -> int:
    return min(max(_EXTENT // max(rows, columns), _LEAST_CELL), _MOST_CELL)


def _font(cell: int) -> int:
    return next(size for least, size in _FONTS if cell >= least)


def _every(cell: int) -> int:
    return 1 if cell >= _LINE - 1 else -(-_LINE // cell)
