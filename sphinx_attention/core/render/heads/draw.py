"""The heads view: queries in one column, keys in another, lines in the colours of their heads."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from sphinx_attention.core.codes import FULL, Codes
from sphinx_attention.core.figure.cutoff import drawn_weights
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.common import edges, two_columns
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.head_colours import drawn_hue, hue_of
from sphinx_attention.core.render.common.heatmap import HUE, NEGATIVE_HUE, ramp
from sphinx_attention.core.render.common.score_vector import are_strong, heads_of
from sphinx_attention.core.render.common.squares import Squares, squares_in_slots, write
from sphinx_attention.core.render.drawing import Drawing, HeadColour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.phrases import Phrases

CodesByHead = dict[int, Codes]
"""The codes of each drawn head, shape (queries, keys), in the order of the heads."""

Edge = tuple[int, int, int]
"""The positions of a head, a query and a key."""

_HEADS = constants("heads")

MOST_AT_REST: int = _HEADS["most_at_rest"]
"""The most lines of the picture at rest. The heaviest are kept."""

LEVELS: int = _HEADS["levels"]
"""The number of strengths of lines at rest."""

# The least number of lines with elements of their own, the elements for lines and tokens together,
# and the elements of a token.
_LEAST_ALONE: int = _HEADS["least_alone"]
_ELEMENTS: int = _HEADS["elements"]
_OF_A_TOKEN: int = _HEADS["elements_of_a_token"]
# The px of a row that the lines of all heads share, and the px between two lines.
_LANES: float = _HEADS["lanes"]
_LANE: float = _HEADS["lane"]
_THINNEST: float = _HEADS["thinnest"]
_WIDEST: float = _HEADS["widest"]
# The shortest drawn piece, as a share of its room.
_LEAST_BAR: float = _HEADS["least_bar"]
# Px of the legend in wide fonts at a size of 11: of a mark, of a letter, and on both sides.
_LEGEND_MARK: float = _HEADS["legend_mark"]
_LEGEND_LETTER: float = _HEADS["legend_letter"]
_LEGEND_MARGIN: float = _HEADS["legend_margin"]


@dataclass(frozen=True)
class Number:
    """The number beside a key while tokens are pinned."""

    text: str
    strong: bool
    masked: bool


@dataclass(frozen=True)
class Line:
    """One line, or many lines of one head with the same strength.

    Attributes:
        head: the name of the head for readers.
        hue: the colour of the head; for a difference, ``more`` or ``less``.
        opacity: the opacity in (0, 1].
        special: whether the line goes to a special token.
        path: the ``d`` of the path.
        query: the query; -1 for many lines.
        key: the key; -1 for many lines.
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
        """The colour on white, for pictures without the style sheet."""
        return _colour(self.hue)


@dataclass(frozen=True)
class Swatch:
    """The button of a head, or its entry in the legend."""

    name: str
    hue: int | str
    pressed: bool

    @property
    def colour(self) -> str:
        """The colour on white, for pictures without the style sheet."""
        return _colour(self.hue)


@dataclass(frozen=True)
class Heads:
    """The picture.

    Attributes:
        columns: the layout of the tokens and of the ends of lines.
        pinned: the queries that are pinned.
        numbers: the numbers beside the keys; empty while no token is pinned.
        stroke: the width of the lines in px.
        rest: the lines at rest, from the faintest to the strongest.
        focus: the lines of the pinned tokens.
        bars: the weights of a single head, as bars under the keys.
        squares: the weights of several heads, as squares under the keys.
        swatches: the buttons of all carried heads; empty for a single head.
        legend: the drawn heads, if there are several.
        note: the meaning of the numbers, and whether lines are left out.
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
    squares: Squares
    swatches: tuple[Swatch, ...]
    legend: tuple[Swatch, ...]
    note: str
    capped: bool
    pair: bool
    cut: bool
    whole: str

    def write_squares(self, *, standalone: bool) -> Markup:
        """The group of the squares."""
        return Markup(write(self.squares, standalone=standalone))  # noqa: S704 - all texts are escaped

    @property
    def legend_fits(self) -> bool:
        """Whether the legend can name the heads. Otherwise it counts them."""
        return legend_width([swatch.name for swatch in self.legend]) <= self.columns.apart[1]


def _colour(hue: int | str) -> str:
    return drawn_hue(hue) if isinstance(hue, int) else {"more": HUE, "less": NEGATIVE_HUE}[hue]


def draw(figure: Figure) -> Drawing:
    """Draw a figure as lines between two columns."""
    attention = figure.attention
    heads = heads_of(figure)
    codes = {head: Codes.of_head(attention, figure.layer, head) for head in heads}
    placed = two_columns.lay_out(attention)
    names = attention.head_names
    hues: list[int | str] = [hue_of(name, index) for index, name in enumerate(names)]
    lane = dict(zip(heads, lanes(len(heads)), strict=True))

    signed = attention.signed
    if signed:
        # In a difference, the hue of a line shows its sign, and lanes distinguish the heads.
        hues = ["more" for _ in names]

    def line(edge: Edge) -> Line:
        head, query, key = edge
        code = int(codes[head].values[query, key])
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
        rest=_grouped([line(edge) for edge in rest], names),
        focus=(*_grouped([line(edge) for edge in others], names), *(line(edge) for edge in alone)),
        bars=tuple(
            Line(names[head], hues[head], opacity=1, special=False, path=path)
            for head, path in _bars(figure, codes, placed.keys).items()
            if not signed
        ),
        squares=_squares_of(figure, codes, placed.keys),
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
        legend=tuple(
            HeadColour(one.name, f"attention-hue-{one.hue}", one.colour) for one in content.legend
        ),
    )


def measures(figure: Figure) -> dict[str, Any]:
    """The measures with which the browser part lays out the columns as `draw` does."""
    attention = figure.attention
    sides = {"queries": attention.query_tokens, "keys": attention.key_tokens}
    if attention.same_tokens:
        del sides["keys"]
    return {side: two_columns.labels(tokens) for side, tokens in sides.items()}


def strength(code: int) -> float:
    """The opacity of a line, by the logarithmic `ramp`."""
    return float(ramp(np.array(code / FULL), "log"))


def lanes(count: int) -> list[float]:
    """The distance of each head's lines below the middles of the rows, in px.

    Lines of several heads between two tokens lie side by side.
    """
    return [_step(count) * (rank - (count - 1) / 2) for rank in range(count)]


def stroke_width(count: int) -> float:
    """The width of the lines of that many heads, in px.

    For more than nine heads, there is no room for wider lines. Among the narrow widths, only a
    single pixel is drawn as a hairline, in a third of the time.
    """
    return _WIDEST if _step(count) >= _WIDEST else _THINNEST


def _step(count: int) -> float:
    return min(_LANE, _LANES / max(count - 1, 1))


def note(heads: int, pinned: int, *, capped: bool, say: Phrases = ENGLISH) -> str:
    """The note of the footer about the numbers and the lines."""
    numbers = [say("mean_of_heads", count=heads)] if heads > 1 else []
    numbers += [say("summed_rows", count=pinned)] if pinned > 1 else []
    notes = [say("numbers_are", what=", ".join(numbers))] if numbers else []
    notes += [say("strongest_lines", count=MOST_AT_REST)] if capped else []
    return "; ".join(notes)


def legend_width(names: Sequence[str]) -> float:
    """The room in px for the names of several heads over the lines, sufficient in every font.

    The browser part computes the same. These texts have no `textLength`.
    """
    return sum(_LEGEND_MARK + _LEGEND_LETTER * len(name) for name in names) + 2 * _LEGEND_MARGIN


def at_rest(figure: Figure, codes: CodesByHead) -> tuple[list[Edge], bool]:
    """The lines at rest, the faintest first, and whether some are left out."""
    tokens = figure.attention.query_tokens
    found = [
        (-size, (head, query, key))
        for head, weights in codes.items()
        for size, query, key in edges.seen_at_rest(tokens, weights, figure.cutoff)
    ]
    kept = sorted(found)[:MOST_AT_REST]
    return [edge for _, edge in reversed(kept)], len(found) > len(kept)


def _grouped(lines: Sequence[Line], names: Sequence[str]) -> tuple[Line, ...]:
    """The lines, the faintest first, with one path for each head and strength.

    Lines to special tokens come first. Equally strong lines are in the order of their heads, those
    of differences below 0 before the others.

    Args:
        lines: the lines, each alone.
        names: the names of all heads, in order.
    """
    position = {name: number for number, name in enumerate(names)}
    groups: dict[tuple[bool, int, int, bool], list[Line]] = {}
    for line in lines:
        level = max(1, math.floor(line.opacity * LEVELS + 0.5))
        group = not line.special, level, position[line.head], line.hue != "less"
        groups.setdefault(group, []).append(line)
    return tuple(
        replace(
            groups[group][0],
            opacity=group[1] / LEVELS,
            path="".join(line.path for line in groups[group]),
            query=-1,
            key=-1,
        )
        for group in sorted(groups)
    )


def _of_pinned(figure: Figure, codes: CodesByHead) -> tuple[list[Edge], list[Edge]]:
    """The lines of the pinned tokens.

    Beyond the limit of a page, the heaviest are alone and the others share paths.
    """
    found = [
        (head, query, key)
        for head, weights in codes.items()
        for query in figure.pinned
        for key in np.flatnonzero(drawn_weights(weights[query], figure.cutoff)).tolist()
    ]
    tokens = len(figure.attention.query_tokens) + len(figure.attention.key_tokens)
    most = max(_LEAST_ALONE, _ELEMENTS - _OF_A_TOKEN * tokens)
    if len(found) <= most:
        return found, []
    found.sort(key=lambda edge: (-abs(int(codes[edge[0]].values[edge[1:]])), edge))
    return found[:most], found[most:][::-1]


def _numbers(figure: Figure, codes: CodesByHead) -> tuple[Number, ...]:
    """The number beside each key: the sum over pinned rows of the mean over heads."""
    if not figure.pinned:
        return ()
    totals = Codes.mean([weights[list(figure.pinned)].sum() for weights in codes.values()])
    return tuple(
        Number(text, strong=strong, masked=masked)
        for text, strong, masked in zip(
            totals.texts, are_strong(totals), totals.masked.tolist(), strict=True
        )
    )


def _bars(figure: Figure, codes: CodesByHead, keys: two_columns.Column) -> dict[int, str]:
    """The bars under the keys, as long as the numbers; none where several heads have squares."""
    if not figure.pinned or len(codes) > 1:
        return {}
    paths = {}
    for head, weights in codes.items():
        share = weights[list(figure.pinned)].sum().values / (FULL * len(figure.pinned))
        paths[head] = "".join(
            keys.bar(slot, share[slot.index])
            for slot in keys.slots
            if share[slot.index] >= _LEAST_BAR
        )
    return paths


def _squares_of(figure: Figure, codes: CodesByHead, keys: two_columns.Column) -> Squares:
    """The squares under the keys; none for a single head."""
    if not figure.pinned:
        return Squares()
    return squares_in_slots(
        figure, codes, [keys.squares(slot) for slot in keys.slots], keys.direction
    )
