"""The arcs view: tokens in one row or two, and curved edges from the tokens in focus."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sphinx_attention.core.codes import FULL, Codes
from sphinx_attention.core.figure.cutoff import drawn_weights
from sphinx_attention.core.render.common import edges, squares
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.placed_text import tokens_right_to_left
from sphinx_attention.core.render.common.score_vector import are_strong
from sphinx_attention.core.render.common.word_row import (
    BOTTOM,
    LEAST_ROOM,
    SMALLEST,
    TOP,
    WORD,
    lay_out_row,
)
from sphinx_attention.core.render.drawing import Drawing

from . import labels
from .feet import Feet, Words, feet
from .picture import write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.labels import Label
    from sphinx_attention.core.render.common.placed_text import PlacedToken

Side = Literal["query", "key"]

_ARCS = constants("arcs")

MOST_REST_EDGES: int = _ARCS["most_rest_edges"]
"""The most edges of the picture at rest. The heaviest edges are kept."""

_OPACITIES: list[tuple[int, float]] = _ARCS["rest_opacities"]  # from which code on
# The share of that opacity for edges to special tokens, so that sinks do not hide the words.
_SPECIAL_OPACITY = 0.6

# The px from the line where edges meet the row down to the baseline of the numbers.
_NUMBER: float = _ARCS["number"]
_LABELS = 2.0  # from the baseline of the numbers to the lines of labels
_ROWS_APART: float = _ARCS["rows_apart"]
_COLUMN: float = _ARCS["column"]  # about as wide as a page's text; a wider picture scrolls
_KEY_NUMBER: float = _ARCS["key_number"]
_KEY_WORD = 38.0
_KEY_SQUARES: float = _ARCS["key_squares"]
_KEY_LINE: float = _ARCS["key_line"]
# The most tokens of a picture beside another one with squares, because a figure must have few
# elements.
_MOST_WITH_SQUARES: int = _ARCS["most_with_squares"]


@dataclass(frozen=True)
class DrawnToken:
    """A token of the picture: its slot, and its state under the selection."""

    index: int
    slot: PlacedToken
    number: str = ""
    strong: bool = False
    focus: bool = False
    masked: bool = False


@dataclass(frozen=True)
class DrawnRow:
    """A row of tokens; heights in px from the top of the picture.

    Attributes:
        tokens: from the first to the last.
        word_y: baseline of the words.
        number_y: baseline of the small numbers.
        side: the side of the tokens in a picture of two rows; None for the only row.
    """

    tokens: tuple[DrawnToken, ...]
    word_y: float
    number_y: float
    side: Side | None = None


class DrawnEdge(NamedTuple):
    """An edge of the picture; ``code`` is its weight in thousandths."""

    query: int
    key: int
    code: int
    special: bool
    path: str

    @property
    def width(self) -> str:
        """Stroke width in px."""
        return edges.stroke_width(self.code)

    @property
    def less(self) -> bool:
        """Whether the weight is a difference below 0."""
        return self.code < 0


@dataclass(frozen=True)
class Layer:
    """Edges at rest of one strength. Either all or none of them go to special tokens.

    Attributes:
        special: whether they go to special tokens.
        less: whether they are differences below 0.
        strength: the number of the strength, from 0.
        opacity: the opacity of the edges on white.
        lines: each stroke width, and the path of all edges of that width.
    """

    special: bool
    less: bool
    strength: int
    opacity: float
    lines: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True)
class Arcs:
    """The picture: rows from top to bottom, the edges at rest and those of the tokens in focus.

    The author's labels stand above and below. ``band`` is the height in px of those above.
    The layers at rest lie over one another, with faint ones and those to special tokens at the
    bottom. The squares show the weight of each head of the layer at the keys.
    """

    rows: tuple[DrawnRow, ...]
    rest: tuple[Layer, ...]
    focus: tuple[DrawnEdge, ...] = ()
    pinned: bool = False
    labels: tuple[labels.DrawnLabel, ...] = ()
    band: float = 0.0
    squares: squares.Squares = field(default_factory=squares.Squares)


def draw(figure: Figure) -> Drawing:
    """Draw a figure as arcs."""
    codes = figure.codes
    return _one_row(figure, codes) if figure.attention.same_tokens else _two_rows(figure, codes)


def _one_row(figure: Figure, codes: Codes) -> Drawing:
    tokens = figure.attention.query_tokens
    backwards = tokens_right_to_left(tokens)
    slots, width = lay_out_row(tokens, backwards=backwards)
    span = abs(slots[-1].x - slots[0].x) or edges.LONE_SPAN

    def middle(label: Label) -> float:
        return (slots[label.query].x + slots[label.query if label.key is None else label.key].x) / 2

    over = labels.place([one for one in figure.labels if one.key is not None], middle, width)
    under = labels.place([one for one in figure.labels if one.key is None], middle, width)
    band = labels.band(over)
    y = edges.headroom(span) + TOP + band

    def curve(query: int, key: int, stands: Feet) -> edges.Curve:
        x = slots[query].x
        if query == key:
            return edges.loop(x, y, span, stands)
        return edges.arc(x, slots[key].x, y, span, stands)

    row = DrawnRow(
        tokens=_tokens(slots, _totals(figure, codes), figure.pinned),
        word_y=y + WORD,
        number_y=y + _NUMBER,
    )

    def height(label: Label) -> float:
        key = label.key or 0
        # The top of an arc does not depend on its feet. The feet of an edge to its own word are
        # wide.
        stands = (-8.0, 8.0) if key == label.query else (0.0, 0.0)
        return labels.apex(curve(label.query, key, stands))[1] - edges.STROKE / 2

    # The lines of labels begin below the squares of heads.
    room = squares.ROOM if under and _has_squares(figure) else _LABELS
    drawn = (*labels.above(over, height), *labels.below(under, y + _NUMBER + room))
    size = (width, y + BOTTOM + labels.band(under) + room - _LABELS)
    both = (slots, slots)
    drawing = _drawing(figure, codes, (row,), both, curve, size=size, backwards=backwards)
    if not drawn:
        return drawing
    set_in = tuple(one.label for one in drawn)
    content = replace(drawing.content, labels=drawn, band=band)
    return replace(drawing, content=content, labels=set_in)


def _two_rows(figure: Figure, codes: Codes) -> Drawing:
    attention = figure.attention
    rows = [attention.key_tokens, attention.query_tokens]
    backward = [tokens_right_to_left(row) for row in rows]
    placed = [lay_out_row(row, backwards=b) for row, b in zip(rows, backward, strict=True)]
    width = max(wide for _, wide in placed)
    # If the picture scrolls, both rows begin at the end that is visible first.
    keys, queries = (
        _shifted(slots, (width - wide) * (0.5 if width <= _COLUMN else float(back)))
        for (slots, wide), back in zip(placed, backward, strict=True)
    )
    query_line = _KEY_LINE + _ROWS_APART

    def curve(query: int, key: int, stands: Feet) -> edges.Curve:
        start, end = queries[query].x + stands[0], keys[key].x + stands[1]
        return edges.between(start, query_line, end, _KEY_LINE)

    key_row = DrawnRow(
        tokens=_tokens(keys, _totals(figure, codes)),
        word_y=_KEY_WORD,
        number_y=_KEY_NUMBER,
        side="key",
    )
    query_row = DrawnRow(
        tokens=_tokens(queries, None, figure.pinned),
        word_y=query_line + WORD,
        number_y=query_line + _NUMBER,
        side="query",
    )
    size = (width, query_line + BOTTOM)
    rows_drawn, slots = (key_row, query_row), (queries, keys)
    return _drawing(figure, codes, rows_drawn, slots, curve, size=size, backwards=all(backward))


def _shifted(slots: Sequence[PlacedToken], by: float) -> tuple[PlacedToken, ...]:
    shift = math.floor(2 * by) / 2
    return tuple(replace(slot, x=slot.x + shift) for slot in slots)


def _totals(figure: Figure, codes: Codes) -> Codes | None:
    """The numbers at the keys: the sum of the rows in focus; None without focus."""
    return codes[list(figure.pinned)].sum() if figure.pinned else None


def _tokens(
    slots: Sequence[PlacedToken],
    totals: Codes | None,
    pinned: Sequence[int] = (),
) -> tuple[DrawnToken, ...]:
    if totals is None:
        return tuple(DrawnToken(i, slot, focus=i in pinned) for i, slot in enumerate(slots))
    return tuple(
        DrawnToken(
            i,
            slot,
            number=number,
            strong=strong,
            focus=i in pinned,
            masked=masked,
        )
        for i, (slot, number, strong, masked) in enumerate(
            zip(slots, totals.texts, are_strong(totals), totals.masked.tolist(), strict=True)
        )
    )


def _drawing(
    figure: Figure,
    codes: Codes,
    rows: tuple[DrawnRow, ...],
    slots: tuple[Sequence[PlacedToken], Sequence[PlacedToken]],
    curve: Callable[[int, int, Feet], edges.Curve],
    *,
    size: tuple[float, float],
    backwards: bool,
) -> Drawing:
    keys = figure.attention.key_tokens
    words = Words(
        queries=[slot.x for slot in slots[0]],
        keys=[slot.x for slot in slots[1]],
        query_widths=[slot.text_width for slot in slots[0]],
        key_widths=[slot.text_width for slot in slots[1]],
        one_row=figure.attention.same_tokens,
    )

    def drawn(
        pairs: Sequence[tuple[int, int]], write: Callable[[edges.Curve], str]
    ) -> list[DrawnEdge]:
        if not pairs:
            return []
        values = codes.values[tuple(zip(*pairs, strict=True))].tolist()
        widths = [abs(code) * edges.STROKE / FULL for code in values]
        stands = feet(zip(pairs, widths, strict=True), words)
        return [
            DrawnEdge(
                query,
                key,
                code,
                # The hue of a difference shows the sign, also at special tokens.
                special=keys[key].special and not figure.attention.signed,
                path=write(curve(query, key, stands[query, key])),
            )
            for (query, key), code in zip(pairs, values, strict=True)
        ]

    # The browser draws edges that a pin hides at first, when the pin is removed.
    rest = [] if figure.pinned else at_rest(figure, codes)
    focus = [
        (query, key)
        for query in figure.pinned
        for key in np.flatnonzero(drawn_weights(codes[query], figure.cutoff)).tolist()
    ]
    y = _KEY_SQUARES if len(rows) > 1 else rows[0].number_y + squares.BELOW_NUMBER
    arcs = Arcs(
        rows=rows,
        squares=_squares(figure, slots[1], y),
        rest=_layers(drawn(rest, edges.short_path)),
        # Edges to special tokens are below the others.
        focus=tuple(sorted(drawn(focus, edges.path), key=lambda one: not one.special)),
        pinned=bool(figure.pinned),
    )
    return Drawing(
        *size,
        right_to_left=backwards,
        content=arcs,
        write=write,
        turns=True,
        notes=_notes(figure),
        printed=(arcs.squares.printed,) if arcs.squares.printed else (),
        squares=arcs.squares.legend,
        smallest=SMALLEST,
    )


def _has_squares(figure: Figure) -> bool:
    """Whether words in focus have squares of heads."""
    attention = figure.attention
    tokens = len(attention.query_tokens) + (not attention.same_tokens) * len(attention.key_tokens)
    is_beside = figure.spec.view != "arcs"
    if is_beside and tokens > _MOST_WITH_SQUARES:
        return False
    return attention.heads > 1 and not attention.signed


def _squares(figure: Figure, slots: Sequence[PlacedToken], y: float) -> squares.Squares:
    """The squares of the layer's heads at the keys of pinned tokens, with their tops at ``y``."""
    attention = figure.attention
    if not figure.pinned or not _has_squares(figure):
        return squares.Squares()
    codes = {h: Codes.of_head(attention, figure.layer, h) for h in range(attention.heads)}
    rooms = [squares.Room(slot.x, y, max(slot.text_width, LEAST_ROOM)) for slot in slots]
    return squares.squares_under(figure, codes, rooms, figure.head)


def at_rest(figure: Figure, codes: Codes) -> list[tuple[int, int]]:
    """The edges of the picture at rest as (query, key), in that order: the heaviest ones."""
    seen = edges.seen_at_rest(figure.attention.query_tokens, codes, figure.cutoff)
    heaviest = sorted((-size, query, key) for size, query, key in seen)[:MOST_REST_EDGES]
    return sorted((query, key) for _, query, key in heaviest)


def _notes(figure: Figure) -> tuple[str, ...]:
    """A note on the most edges at rest, if a head of the figure may have more."""
    if figure.spec.rest == "none" or _most_at_rest(figure) <= MOST_REST_EDGES:
        return ()
    return (figure.say("most_at_rest", count=MOST_REST_EDGES),)


def _most_at_rest(figure: Figure) -> int:
    """A bound on the edges that one head of the figure has at rest.

    The bound counts the weights that are large enough to be seen, and ignores the cut-off.
    """
    attention = figure.attention
    if len(attention.query_tokens) * len(attention.key_tokens) <= MOST_REST_EDGES:
        return 0
    seen = np.abs(attention.weights) * FULL >= edges.LEAST_AT_REST - 0.5
    ordinary = [not token.special for token in attention.query_tokens]
    if any(ordinary):
        seen = seen[:, :, ordinary]
    return int(np.count_nonzero(seen, axis=(2, 3)).max())


def _layers(drawn: Sequence[DrawnEdge]) -> tuple[Layer, ...]:
    starts = [start for start, _ in _OPACITIES]
    groups: dict[tuple[bool, int, bool], dict[str, list[str]]] = {}
    for edge in sorted(drawn, key=lambda edge: abs(edge.code)):
        strength = bisect_right(starts, abs(edge.code)) - 1
        group = groups.setdefault((not edge.special, strength, edge.less), {})
        group.setdefault(edge.width, []).append(edge.path)
    return tuple(
        Layer(
            special=not ordinary,
            less=less,
            strength=strength,
            opacity=_OPACITIES[strength][1] * (1 if ordinary else _SPECIAL_OPACITY),
            lines=tuple((width, "".join(paths)) for width, paths in group.items()),
        )
        for (ordinary, strength, less), group in sorted(groups.items(), key=lambda item: item[0])
    )
