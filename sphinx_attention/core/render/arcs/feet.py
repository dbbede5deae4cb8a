"""The ends of edges over their words: side by side, so that no edge covers another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from sphinx_attention.core.render.common.constants import constants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FEET = constants("arcs")["feet"]
# The px between two edges.
_GAP: float = _FEET["gap"]
# The share of a word's width that edges may take, and the px that they may take at least.
_SHARE: float = _FEET["share"]
_LEAST: float = _FEET["least"]
# The px between the two feet of an edge to its own word, and the px more for each px of its width.
_LEG: float = _FEET["leg"]
_LEG_GROWS: float = _FEET["leg_grows"]

Pair = tuple[int, int]
Feet = tuple[float, float]
"""The distances of the ends of an edge from the middles of its query and its key, in px."""


@dataclass(frozen=True)
class Words:
    """The words of a picture.

    Attributes:
        queries: the middle of each query, in px.
        keys: the middle of each key. A picture of one row has the same words on both sides.
        query_widths: the width of each query's text in px.
        key_widths: the width of each key's text in px.
        one_row: whether queries and keys are the same words.
    """

    queries: Sequence[float]
    keys: Sequence[float]
    query_widths: Sequence[float]
    key_widths: Sequence[float]
    one_row: bool


class _End(NamedTuple):
    """An end of an edge at a word.

    Attributes:
        pair: the edge.
        at: the side of the word, query or key.
        width: the width of the edge in px.
        towards: the distance to the word at the other end, which is below 0 to the left.
    """

    pair: Pair
    at: Literal[0, 1]
    width: float
    towards: float


def feet(edges: Iterable[tuple[Pair, float]], words: Words) -> Mapping[Pair, Feet]:
    """Spread the ends of edges over their words.

    The edges of a word that go to the left stand on its left, and the nearest one is outermost. So
    they are nested, and do not cross. An edge to the word itself is in the middle.

    Args:
        edges: each edge that is drawn, and its width in px.
        words: the positions of the words.
    """
    ends: dict[tuple[int, int], list[_End]] = defaultdict(list)
    loops: dict[int, tuple[Pair, float]] = {}
    for pair, width in edges:
        query, key = pair
        if words.one_row and query == key:
            loops[query] = pair, width
            continue
        apart = words.keys[key] - words.queries[query]
        ends[0, query].append(_End(pair, 0, width, apart))
        ends[0 if words.one_row else 1, key].append(_End(pair, 1, width, -apart))
    # The only edge of a word stands in the middle.
    found: dict[Pair, list[float]] = {
        end.pair: [0.0, 0.0] for those in ends.values() for end in those
    }
    for (row, index), those in ends.items():
        widths = words.key_widths if row else words.query_widths
        loop = loops.pop(index, None) if words.one_row else None
        if len(those) > 1 or loop is not None:
            _spread(those, loop, widths[index], found, nested=words.one_row)
    for index, loop in loops.items():
        _spread([], loop, words.query_widths[index], found, nested=True)
    return {pair: (query, key) for pair, (query, key) in found.items()}


def _spread(
    ends: Sequence[_End],
    loop: tuple[Pair, float] | None,
    width: float,
    found: dict[Pair, list[float]],
    *,
    nested: bool,
) -> None:
    """Spread the ends at one word of a width in px."""
    most = max(_SHARE * width, _LEAST)
    left: list[_End] = []
    if nested:
        row = sorted(ends, key=_from_outside)
        left = [end for end in row if end.towards < 0]
        right = [end for end in row if end.towards >= 0]
    else:
        right = sorted(ends, key=attrgetter("towards"))
    if loop is None:
        row = [*left, *right]
        places, total = _places(row)
        fit = min(1.0, most / total) if total else 1.0
        for end, at in zip(row, places, strict=True):
            found[end.pair][end.at] = (at - total / 2) * fit
        return
    pair, stroke = loop
    leg = (_LEG + _LEG_GROWS * stroke + stroke) / 2
    half = leg + stroke / 2
    outwards = [left[::-1], right]
    reach = half
    placed = []
    for side in outwards:
        places, total = _places(side)
        placed.append(places)
        if side:
            reach = max(reach, half + _GAP + total)
    fit = min(1.0, most / 2 / reach)
    found[pair] = [-leg * fit, leg * fit]
    for sign, side, places in zip((-1, 1), outwards, placed, strict=True):
        for end, at in zip(side, places, strict=True):
            found[end.pair][end.at] = sign * (half + _GAP + at) * fit


def _from_outside(end: _End) -> tuple[float, bool]:
    """The order of the ends on either side of a word, from the farthest word to the nearest.

    Of two edges between the same words, one is the outer edge at both of its ends.
    """
    query, key = end.pair
    outer = query < key
    return -end.towards, outer if end.towards < 0 else not outer


def _places(ends: Sequence[_End]) -> tuple[list[float], float]:
    """The middles of edges that stand side by side from 0 on, and their width together."""
    starts = [0.0, *accumulate(end.width + _GAP for end in ends)]
    places = [start + end.width / 2 for start, end in zip(starts, ends, strict=False)]
    return places, max(starts[-1] - _GAP, 0.0)
