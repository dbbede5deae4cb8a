"""The edges that are drawn, and their curves. The browser part computes the same numbers."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.codes import FULL
from sphinx_attention.core.figure.cutoff import drawn_weights

from .constants import constants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.attention import Token
    from sphinx_attention.core.codes import Codes

Point = tuple[float, float]
Curve = tuple[Point, ...]
"""A chain of cubic Béziers: a start, then three points for each piece."""

_EDGES = constants()["edges"]

STROKE: float = _EDGES["stroke"]
"""Width in px of an edge of weight 1."""

LONE_SPAN: float = _EDGES["lone_span"]
"""The span of a row with one token, so that the token's edge to itself has room."""

LEAST_AT_REST: int = _EDGES["least_at_rest"]
"""The least thousandths of an edge at rest. Fainter edges are not visible among many."""

# The headroom is a share of the span, within bounds.
_HEADROOM: float = _EDGES["headroom"]
_LEAST_HEADROOM: float = _EDGES["least_headroom"]
_MOST_HEADROOM: float = _EDGES["most_headroom"]
# The exponents with which the height of arcs grows with distance. With 1/2 or less, arcs could
# cross (see `arc`).
_LEAST_NESTING: float = _EDGES["least_nesting"]
_MOST_NESTING: float = _EDGES["most_nesting"]
# The target: an arc over this distance in px should have this height.
_NEAR: float = _EDGES["near"]
_NEAR_APEX: float = _EDGES["near_apex"]
# The height of a cubic's apex when both handles have height 1.
_APEX: float = _EDGES["apex"]
# The height of an edge to itself: of the narrowest one, and for each px between its feet; at most
# this share of the headroom.
_LOOP_HEIGHT: float = _EDGES["loop_height"]
_LOOP_GROWS: float = _EDGES["loop_grows"]
_LOOP_MOST: float = _EDGES["loop_most"]


@lru_cache(8192)
def num(value: float) -> str:
    """A number as attributes hold it: two decimals, rounded half up, without trailing zeros."""
    rounded = math.floor(value * 100 + 0.5) / 100
    return str(int(rounded)) if rounded.is_integer() else repr(rounded)


def stroke_width(code: int) -> str:
    """The width of an edge in px, exactly proportional to its weight."""
    return num(abs(code) * STROKE / FULL)


def seen_at_rest(
    tokens: Sequence[Token], codes: Codes, cutoff: float
) -> list[tuple[int, int, int]]:
    """The edges of one head that are visible while no token is chosen.

    These are the drawn edges of all ordinary queries. Special tokens attend mostly to one another,
    and their edges would hide the edges of words. They count only if there are no other queries.

    Args:
        tokens: the queries.
        codes: shape (queries, keys).
        cutoff: the share of each row's weight that is drawn, in (0, 1].

    Returns:
        For each edge its size in thousandths, its query and its key.
    """
    ordinary = [i for i, token in enumerate(tokens) if not token.special]
    chosen = ordinary or list(range(len(tokens)))
    rows = codes[chosen]
    size = rows.sizes
    seen = np.nonzero(drawn_weights(rows, cutoff) & (size >= LEAST_AT_REST))
    places = zip(size[seen].tolist(), *(axis.tolist() for axis in seen), strict=True)
    return [(weight, chosen[row], key) for weight, row, key in places]


def share_drawn(rows: Codes, cutoff: float) -> float:
    """The share of the weight of some rows that edges show, in [0, 1]; 1 without any weight.

    A whole row counts as 1, even if the known weights, or the weights with a number, sum to less.

    Args:
        rows: codes, shape (rows, tokens).
        cutoff: the share of each row's weight that is drawn.
    """
    mass = rows.sizes
    total = int(mass.sum())
    shown = int(mass[drawn_weights(rows, cutoff)].sum())
    if shown == total:
        return 1.0
    # Differences have no whole.
    return shown / max(total, 0 if rows.signed else FULL * int(mass.any(axis=1).sum()))


def headroom(span: float) -> float:
    """The height in px that is free above a row of tokens with this distance between its ends."""
    high: float = min(max(_HEADROOM * span, _LEAST_HEADROOM), _MOST_HEADROOM)
    # The height is whole, because text on fractions of pixels is blurred.
    return float(math.floor(high + 0.5))


def handle(distance: float, span: float) -> float:
    """The height of an arc's handles above its ends, in px.

    The widest arc fills the headroom, or is a half circle if that is lower. The heights of the
    other arcs follow a power of their distance: a high power keeps arcs apart in short rows, and a
    low power keeps arcs between near tokens visible in long rows.
    """
    rise, nesting = _growth(span)
    return rise * math.pow(distance / span, nesting) / _APEX


@lru_cache(64)
def _growth(span: float) -> tuple[float, float]:
    """The height of the widest arc in px, and the power with which heights grow with distance."""
    rise = min(headroom(span), span / 2)
    nesting = _MOST_NESTING
    if span > 2 * _NEAR:
        fitting = math.log(rise / _NEAR_APEX) / math.log(span / _NEAR)
        nesting = min(max(fitting, _LEAST_NESTING), _MOST_NESTING)
    return rise, nesting


def arc(
    start: float, end: float, y: float, span: float, feet: tuple[float, float] = (0.0, 0.0)
) -> Curve:
    """The edge between two different tokens of a row.

    Two such curves that share an end never meet again while their height grows with the distance d
    as ``d ** p``, p > 1/2: on a ray from the shared end, a curve is met at parameter t with
    ``d ** (1 - p) ∝ (1 - t) / (t (3 - 2t))``, at the place ``d t² (3 - 2t)``, and the latter grows
    with d exactly when ``1 / (1 - p) > 2``.

    Args:
        start: x of the token in focus.
        end: x of the other token.
        y: where edges meet the row.
        span: distance between the centres of the row's first and last token.
        feet: how far the ends are from the middles of their tokens.
    """
    top = y - handle(abs(end - start), span)
    first, last = start + feet[0], end + feet[1]
    return (first, y), (first, top), (last, top), (last, y)


def loop(x: float, y: float, span: float, legs: tuple[float, float]) -> Curve:
    """The edge from a token to itself: a slender arc from the left of its middle to the right.

    Args:
        x: middle of the token.
        y: where edges meet the row.
        span: distance between the centres of the row's first and last token.
        legs: where the edge stands, from the middle of the token.
    """
    left, right = x + legs[0], x + legs[1]
    height = min(_LOOP_HEIGHT + _LOOP_GROWS * (legs[1] - legs[0]), _LOOP_MOST * headroom(span))
    top = y - height / _APEX
    return (left, y), (left, top), (right, top), (right, y)


def between(start: float, y_start: float, end: float, y_end: float) -> Curve:
    """The edge between tokens of two rows. Edges that share an end never cross."""
    middle = (y_start + y_end) / 2
    return (start, y_start), (start, middle), (end, middle), (end, y_end)


def path(curve: Curve) -> str:
    """A curve as the ``d`` attribute of an SVG path."""
    points = [f"{num(x)} {num(y)}" for x, y in curve]
    pieces = ["C" + " ".join(points[i : i + 3]) for i in range(1, len(points), 3)]
    return "M" + points[0] + "".join(pieces)


def short_path(curve: Curve) -> str:
    """A curve to half a pixel and in relative numbers, for pictures of many edges."""
    points = [(math.floor(x * 2 + 0.5) / 2, math.floor(y * 2 + 0.5) / 2) for x, y in curve]
    text = f"M{num(points[0][0])} {num(points[0][1])}"
    for i in range(0, len(points) - 1, 3):
        x, y = points[i]
        numbers = [num(value) for px, py in points[i + 1 : i + 4] for value in (px - x, py - y)]
        text += "c" + " ".join(numbers).replace(" -", "-")
    return text
