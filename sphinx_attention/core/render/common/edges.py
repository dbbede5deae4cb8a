"""Which edges are drawn, and along which curves. The browser part computes the same numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.codes import FULL, MASKED, MASKED_SUM

from .constants import constants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Token

Point = tuple[float, float]
Curve = tuple[Point, ...]
"""A chain of cubic Béziers: a start, then three points a piece."""

_EDGES = constants()["edges"]

STROKE: float = _EDGES["stroke"]
"""Width in px of an edge of weight 1."""

LONE_SPAN: float = _EDGES["lone_span"]
"""What stands for the span of a row of one token, whose edge to itself would have no room."""

LEAST_AT_REST: int = _EDGES["least_at_rest"]
"""Thousandths of an edge at rest at least: fainter ones are not visible among many."""

# The headroom is a share of the span, within bounds.
_HEADROOM: float = _EDGES["headroom"]
_LEAST_HEADROOM: float = _EDGES["least_headroom"]
_MOST_HEADROOM: float = _EDGES["most_headroom"]
# How the height of arcs grows with their distance: 1/2 and less would let them cross (see `arc`).
_LEAST_NESTING: float = _EDGES["least_nesting"]
_MOST_NESTING: float = _EDGES["most_nesting"]
# An arc over so many px should be so high, where it can be.
_NEAR: float = _EDGES["near"]
_NEAR_APEX: float = _EDGES["near_apex"]
# The height of a cubic's apex, where both handles stand at height 1.
_APEX: float = _EDGES["apex"]
# The largest height and radius of an edge to itself.
_BALLOON_HEIGHT: float = _EDGES["balloon_height"]
_BALLOON_RADIUS: float = _EDGES["balloon_radius"]


def num(value: float) -> str:
    """A number as attributes hold it: two decimals, rounded half up, no idle zeros."""
    rounded = math.floor(value * 100 + 0.5) / 100
    return str(int(rounded)) if rounded.is_integer() else repr(rounded)


def stroke_width(code: int) -> str:
    """The width of an edge in px, exactly proportional to its weight."""
    return num(abs(code) * STROKE / FULL)


def drawn(rows: NDArray[np.integer[Any]], cutoff: float) -> NDArray[np.bool_]:
    """Which weights of each row, or of a column, are drawn as edges.

    The heaviest whose sum reaches the cut-off, and all that tie with the last of them: which of
    two equals is drawn must not hang on their order. Masked and zero weights never are. Differences
    count by their size.

    Args:
        rows: codes, shape (…, tokens).
        cutoff: share of the mass of each row, in (0, 1].

    Returns:
        The shape of ``rows``.
    """
    mass = sizes(rows)
    falling = -np.sort(-mass, axis=-1)
    before = np.cumsum(falling, axis=-1) - falling
    taken = before < cutoff * mass.sum(axis=-1, keepdims=True)
    # The heaviest come first, so that the last that is taken is the lightest of them.
    last = np.maximum(np.count_nonzero(taken, axis=-1, keepdims=True) - 1, 0)
    chosen: NDArray[np.bool_] = mass >= np.maximum(np.take_along_axis(falling, last, axis=-1), 1)
    return chosen


def sizes(codes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The size of each code, 0 where it is masked."""
    found: NDArray[np.int64] = np.abs(np.where(codes == MASKED, 0, codes).astype(np.int64))
    return found


def seen_at_rest(
    tokens: Sequence[Token], codes: NDArray[np.integer[Any]], cutoff: float
) -> list[tuple[int, int, int]]:
    """The edges of one head that can be seen while no token is chosen.

    These are the drawn edges of all ordinary queries. Special tokens attend mostly to one another,
    and their edges would hide those of the words; they count where there are no other queries.

    Args:
        tokens: the queries.
        codes: shape (queries, keys).
        cutoff: share of each row's mass that is drawn, in (0, 1].

    Returns:
        For each edge its size in thousandths, its query and its key.
    """
    ordinary = [i for i, token in enumerate(tokens) if not token.special]
    chosen = ordinary or list(range(len(tokens)))
    rows = codes[chosen]
    size = sizes(rows)
    seen = np.nonzero(drawn(rows, cutoff) & (size >= LEAST_AT_REST))
    places = zip(size[seen].tolist(), *(axis.tolist() for axis in seen), strict=True)
    return [(weight, chosen[row], key) for weight, row, key in places]


def share_drawn(rows: NDArray[np.integer[Any]], cutoff: float, *, signed: bool = False) -> float:
    """The share of the mass of some rows that their edges show, in [0, 1]; 1 where there is none.

    A whole row is 1, even where the weights that are known, or large enough to have a number, come
    to less.

    Args:
        rows: codes, shape (rows, tokens).
        cutoff: share of each row's mass that is drawn.
        signed: whether these are differences, whose sizes come to no whole.
    """
    mass = sizes(rows)
    total = int(mass.sum())
    shown = int(mass[drawn(rows, cutoff)].sum())
    if shown == total:
        return 1.0
    return shown / max(total, 0 if signed else FULL * int(mass.any(axis=1).sum()))


def summed(rows: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The sum of some rows of codes, shape (tokens,); `MASKED_SUM` where all are masked."""
    total: NDArray[np.int64] = np.where(rows == MASKED, 0, rows).astype(np.int64).sum(axis=0)
    total[(rows == MASKED).all(axis=0)] = MASKED_SUM
    return total


def mean_over(heads: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The mean of several heads' sums of codes, rounded half up; `MASKED_SUM` where all are masked.

    Args:
        heads: what `summed` made of each, all of one shape.
    """
    stacked = np.stack(heads)
    total = np.where(stacked == MASKED_SUM, 0, stacked).sum(axis=0)
    mean: NDArray[np.int64] = (2 * total + len(heads)) // (2 * len(heads))
    mean[(stacked == MASKED_SUM).all(axis=0)] = MASKED_SUM
    return mean


def headroom(span: float) -> float:
    """Height in px that is kept free above a row of tokens whose centres span so much."""
    high: float = min(max(_HEADROOM * span, _LEAST_HEADROOM), _MOST_HEADROOM)
    return float(math.floor(high + 0.5))  # whole: text on fractions of pixels is blurred


def handle(distance: float, span: float) -> float:
    """How high the handles of an arc stand above its ends, in px.

    The widest arc fills the headroom, or is a half circle where that is lower. The others follow a
    power of their distance: a high one keeps arcs apart in short rows, a low one keeps near tokens'
    arcs visible in long ones.
    """
    rise = min(headroom(span), span / 2)
    nesting = _MOST_NESTING
    if span > 2 * _NEAR:
        fitting = math.log(rise / _NEAR_APEX) / math.log(span / _NEAR)
        nesting = min(max(fitting, _LEAST_NESTING), _MOST_NESTING)
    return rise * math.pow(distance / span, nesting) / _APEX


def arc(start: float, end: float, y: float, span: float) -> Curve:
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
    """
    top = y - handle(abs(end - start), span)
    return (start, y), (start, top), (end, top), (end, y)


def balloon(x: float, y: float, span: float) -> Curve:
    """The edge from a token to itself: a drop in the cusp between the arcs to either side.

    Near the token the widest arc, the steepest of all, climbs as ``x = k y² / 3`` with
    ``k = span / handle²``. The drop climbs as ``x = r y² / (3 a²)``, hence ``a`` below; its head,
    of radius r round the height s, keeps off when ``r < k s² / 3``. Both leave a margin.
    """
    k = span / handle(span, span) ** 2
    height = min(_BALLOON_HEIGHT, 0.8 * headroom(span))
    # The r with r = k s² / 4, where s = height - r; the smaller root of that square.
    q = k / 4
    r = (2 * q * height + 1 - math.sqrt(4 * q * height + 1)) / (2 * q)
    r = min(r, _BALLOON_RADIUS)
    s = height - r
    neck = y - min(s, math.sqrt(r / (0.8 * k)))
    shoulder, cheek, crown = y - s, y - 0.78 * s, y - s - 4 / 3 * r
    left, right = x - r, x + r
    return (
        *((x, y), (x, neck), (left, cheek), (left, shoulder)),
        *((left, crown), (right, crown), (right, shoulder)),
        *((right, cheek), (x, neck), (x, y)),
    )


def between(start: float, y_start: float, end: float, y_end: float) -> Curve:
    """The edge between tokens of two rows; those that share an end never cross."""
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
