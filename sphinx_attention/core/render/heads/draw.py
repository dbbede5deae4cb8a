"""The heads view: queries in one column, keys in another, lines in the colours of their heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.codes import FULL, MASKED, MASKED_SUM, format_sum, head_codes
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.common import edges, two_columns
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.head_colours import drawn_hue, hue_of
from sphinx_attention.core.render.common.heatmap import HUE, NEGATIVE_HUE, ramp
from sphinx_attention.core.render.common.score_vector import heads_of, is_strong_sum
from sphinx_attention.core.render.drawing import Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.phrases import Phrases

Codes = dict[int, "NDArray[np.integer[Any]]"]
"""Of each head that is drawn, shape (queries, keys); in the order of the heads."""

Edge = tuple[int, int, int]
"""Head, query and key, all of them positions."""

_HEADS = constants("heads")

MOST_AT_REST: int = _HEADS["most_at_rest"]
"""How many lines the picture at rest holds at most, the heaviest."""

LEVELS: int = _HEADS["levels"]
"""How many strengths of lines there are at rest."""

# Lines that are elements of their own: so many at least, and so many elements less those of tokens.
_LEAST_ALONE: int = _HEADS["least_alone"]
_ELEMENTS: int = _HEADS["elements"]
_OF_A_TOKEN: int = _HEADS["elements_of_a_token"]
# Px of a row that the lines of all heads share, and between two of them.
_LANES: float = _HEADS["lanes"]
_LANE: float = _HEADS["lane"]
_THINNEST: float = _HEADS["thinnest"]
_WIDEST: float = _HEADS["widest"]
_LEAST_BAR: float = _HEADS["least_bar"]  # the shortest piece that is drawn, as a share of its room
# Px of the legend, in wide fonts at a size of 11: of a mark, of a letter, and on either side.
_LEGEND_MARK: float = _HEADS["legend_mark"]
_LEGEND_LETTER: float = _HEADS["legend_letter"]
_LEGEND_MARGIN: float = _HEADS["legend_margin"]


@dataclass(frozen=True)
class Number:
    """What stands beside a key while tokens are pinned."""

    text: str
    strong: bool
    masked: bool


@dataclass(frozen=True)
class Line:
    """One line, or many of one head that are equally strong to the eye.

    Attributes:
        head: what readers know the head by.
        hue: which of the colours it has; of a difference, ``more`` or ``less``.
        opacity: in (0, 1].
        special: whether it goes to a special token.
        path: the ``d`` of its path.
        query: its query; -1 of many lines.
        key: its key; -1 of many lines.
    """

    head: str
    hue: int | str
    opacity: float
    special: bool
    path: str
    query: int = -1
    key: int = -1

    @property
    def colour(self) -> str:
        """For pictures without the style sheet, on white."""
        return _colour(self.hue)


@dataclass(frozen=True)
class Swatch:
    """The button of a head, or its place in the legend."""

    name: str
    hue: int | str
    pressed: bool

    @property
    def colour(self) -> str:
        """For pictures without the style sheet, on white."""
        return _colour(self.hue)


@dataclass(frozen=True)
class Heads:
    """The picture.

    Attributes:
        columns: where tokens stand, and lines end.
        pinned: the queries that are pinned.
        numbers: beside the keys; empty while no token is pinned.
        stroke: width of the lines in px.
        rest: the lines at rest, the faintest undermost.
        focus: the lines of the pinned tokens.
        bars: the share of each head in the numbers, as bars under the keys.
        swatches: the buttons of all heads that are carried; empty where there is one.
        legend: of the heads that are drawn, where there are several.
        note: what the numbers are, and whether lines are left out.
        capped: whether lines at rest are left out.
        pair: whether the tokens are those of two sentences.
        cut: whether a token's text is cut.
        whole: the whole texts of pinned tokens whose text is cut.
    """

    columns: two_columns.Columns
    pinned: tuple[int, ...]
    numbers: tuple[Number, ...]
    stroke: float
    rest: tuple[Line, ...]
    focus: tuple[Line, ...]
    bars: tuple[Line, ...]
    swatches: tuple[Swatch, ...]
    legend: tuple[Swatch, ...]
    note: str
    capped: bool
    pair: bool
    cut: bool
    whole: str

    @property
    def legend_fits(self) -> bool:
        """Whether the heads can be named over the lines, rather than counted."""
        return legend_width([swatch.name for swatch in self.legend]) <= self.columns.apart[1]


def _colour(hue: int | str) -> str:
    return drawn_hue(hue) if isinstance(hue, int) else {"more": HUE, "less": NEGATIVE_HUE}[hue]


def draw(figure: Figure) -> Drawing:
    """Draw a figure as lines between two columns."""
    attention = figure.attention
    heads = heads_of(figure)
    codes = {head: head_codes(attention, figure.layer, head) for head in heads}
    placed = two_columns.lay_out(attention)
    names = attention.head_names
    hues: list[int | str] = [hue_of(name, index) for index, name in enumerate(names)]
    lane = dict(zip(heads, lanes(len(heads)), strict=True))

    signed = attention.signed
    if signed:
        # Of differences, hues tell the sign of each line. Heads are told apart by their lanes.
        hues = ["more" for _ in names]

    def line(edge: Edge) -> Line:
        head, query, key = edge
        code = int(codes[head][query, key])
        return Line(
            head=names[head],
            hue="less" if code < 0 else hues[head],
            opacity=strength(abs(code)),
            special=attention.key_tokens[key].special and not signed,
            path=placed.path(query, key, lane[head]),
            query=query,
            key=key,
        )

    rest, capped = ([], False) if figure.pinned else at_rest(figure, codes)
    alone, others = _of_pinned(figure, codes)
    swatches = [Swatch(name, hues[i], i in heads) for i, name in enumerate(names)]
    slots = (*placed.queries.slots, *placed.keys.slots)
    pinned = [placed.queries.slots[query] for query in figure.pinned]
    content = Heads(
        columns=placed,
        pinned=figure.pinned,
        numbers=_numbers(figure, codes),
        stroke=stroke_width(len(heads)),
        rest=_together([line(edge) for edge in rest]),
        focus=(*_together([line(edge) for edge in others]), *(line(edge) for edge in alone)),
        bars=tuple(
            Line(names[head], hues[head], opacity=1, special=False, path=path)
            for head, path in _bars(figure, codes, placed.keys).items()
            if not signed
        ),
        swatches=tuple(swatches) if len(swatches) > 1 else (),
        legend=tuple(swatches[head] for head in heads) if len(heads) > 1 and not signed else (),
        note=note(len(heads), len(figure.pinned), capped=capped, say=figure.say),
        capped=capped,
        pair=attention.is_pair,
        cut=any(slot.text != slot.whole for slot in slots),
        whole=", ".join(slot.whole for slot in pinned if slot.text != slot.whole),
    )
    return Drawing(
        width=placed.width,
        height=placed.height,
        right_to_left=placed.mirrored,
        template="heads/picture.jinja",
        content=content,
        controls="heads/controls.jinja",
    )


def measures(figure: Figure) -> dict[str, Any]:
    """What the browser part has to know to lay out the columns as `draw` does."""
    attention = figure.attention
    sides = {"queries": attention.query_tokens, "keys": attention.key_tokens}
    if attention.same_tokens:
        del sides["keys"]
    return {side: two_columns.labels(tokens) for side, tokens in sides.items()}


def strength(code: int) -> float:
    """The opacity of a line, by the logarithmic `ramp`."""
    return float(ramp(np.array(code / FULL), "log"))


def lanes(count: int) -> list[float]:
    """How far the lines of each head run below the middles of the rows, in px.

    Lines of several heads between the same two tokens lie beside, not over, one another.
    """
    return [_step(count) * (rank - (count - 1) / 2) for rank in range(count)]


def stroke_width(count: int) -> float:
    """Of the lines of so many heads, in px.

    Past nine heads there is no room for the wider ones. Of what there is room for, only a single
    pixel is drawn as a hairline, in a third of the time.
    """
    return _WIDEST if _step(count) >= _WIDEST else _THINNEST


def _step(count: int) -> float:
    return min(_LANE, _LANES / max(count - 1, 1))


def note(heads: int, pinned: int, *, capped: bool, say: Phrases = ENGLISH) -> str:
    """What the footer says of the numbers and the lines."""
    numbers = [say("mean_of_heads", count=heads)] if heads > 1 else []
    numbers += [say("summed_rows", count=pinned)] if pinned > 1 else []
    said = [say("numbers_are", what=", ".join(numbers))] if numbers else []
    said += [say("strongest_lines", count=MOST_AT_REST)] if capped else []
    return "; ".join(said)


def legend_width(names: Sequence[str]) -> float:
    """Room in px for the names of several heads over the lines, enough in every font.

    The browser part computes the same; no `textLength` holds these texts.
    """
    return sum(_LEGEND_MARK + _LEGEND_LETTER * len(name) for name in names) + 2 * _LEGEND_MARGIN


def at_rest(figure: Figure, codes: Codes) -> tuple[list[Edge], bool]:
    """The lines of the picture at rest, the faintest first, and whether some are left out."""
    tokens = figure.attention.query_tokens
    found = [
        (-size, (head, query, key))
        for head, weights in codes.items()
        for size, query, key in edges.seen_at_rest(tokens, weights, figure.cutoff)
    ]
    kept = sorted(found)[:MOST_AT_REST]
    return [edge for _, edge in reversed(kept)], len(found) > len(kept)


def _together(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines, the faintest first, as one for each head and strength; to special tokens undermost."""
    paths: dict[tuple[bool, int, int | str, str], list[str]] = {}
    for line in lines:
        level = max(1, math.floor(line.opacity * LEVELS + 0.5))
        paths.setdefault((not line.special, level, line.hue, line.head), []).append(line.path)
    return tuple(
        Line(head, hue, level / LEVELS, special=not ordinary, path="".join(paths[group]))
        for group in sorted(paths)
        for ordinary, level, hue, head in [group]
    )


def _of_pinned(figure: Figure, codes: Codes) -> tuple[list[Edge], list[Edge]]:
    """The lines of the pinned tokens; past what a page can bear, the heaviest, and the others."""
    found = [
        (head, query, key)
        for head, weights in codes.items()
        for query in figure.pinned
        for key in np.flatnonzero(edges.drawn(weights[query], figure.cutoff)).tolist()
    ]
    tokens = len(figure.attention.query_tokens) + len(figure.attention.key_tokens)
    most = max(_LEAST_ALONE, _ELEMENTS - _OF_A_TOKEN * tokens)
    if len(found) <= most:
        return found, []
    found.sort(key=lambda edge: (-abs(int(codes[edge[0]][edge[1:]])), edge))
    return found[:most], found[most:][::-1]


def _numbers(figure: Figure, codes: Codes) -> tuple[Number, ...]:
    """Beside each key: the sum over the pinned rows of the mean over the heads."""
    if not figure.pinned:
        return ()
    signed = figure.attention.signed
    totals = edges.mean_over(
        [edges.summed(weights[list(figure.pinned)]) for weights in codes.values()]
    )
    return tuple(
        Number(
            format_sum(total, signed=signed),
            strong=is_strong_sum(total),
            masked=total == MASKED_SUM,
        )
        for total in totals.tolist()
    )


def _bars(figure: Figure, codes: Codes, keys: two_columns.Column) -> dict[int, str]:
    """Under each key a bar as long as its number, of pieces for the heads; by head, one path."""
    if not figure.pinned:
        return {}
    start = np.zeros(len(keys.slots))
    paths = {}
    for head, weights in codes.items():
        rows = weights[list(figure.pinned)]
        mass = np.where(rows == MASKED, 0, rows).astype(np.float64).sum(axis=0)
        share = mass / (FULL * len(codes) * len(figure.pinned))
        paths[head] = "".join(
            keys.bar(slot, start[slot.index], share[slot.index])
            for slot in keys.slots
            if share[slot.index] >= _LEAST_BAR
        )
        start += share
    return paths
