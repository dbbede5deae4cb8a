"""Lines on a picture: to the best key of each patch, or the strongest weights between patches.

`static/src/views/image/flows.ts` computes the same lines in the browser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.edges import num

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .layout import Grid

_IMAGE = constants("image")
# The number of even shares from which a weight is strong. An even share is 1 / number of tokens.
_STRONG: int = _IMAGE["strong"]
# The most lines of strong weights. If there are more, only the strongest are drawn, and the picture
# says so.
_LINES: int = _IMAGE["lines"]
# The number of steps of opacity in which lines are drawn.
_BINS: int = _IMAGE["bins"]
# The length of an arrow's head, and half the side of a mark, as shares of a patch.
_ARROW: float = _IMAGE["arrow"]
_MARK: float = _IMAGE["mark"]


@dataclass(frozen=True)
class Flows:
    """The lines.

    Attributes:
        paths: of each group of lines, the opacity and the ``d`` of a path.
        count: how many weights are drawn.
        least: the smallest weight that is drawn, in thousandths; where all strong ones are drawn,
            the smallest strong weight that there can be.
        whole: how many weights are as strong, drawn or not.
    """

    paths: tuple[tuple[str, str], ...]
    count: int
    least: int
    whole: int = 0


def best_flows(codes: NDArray[np.integer], grid: Grid, focus: Sequence[int]) -> Flows:
    """From each patch to the token that it looks at most.

    An arrow leads to another patch. A circle stands for the patch itself, and a square for a token
    that is not a patch.

    Args:
        codes: shape (queries, keys), thousandths.
        grid: the place of the patches.
        focus: the tokens whose lines are drawn; none for all patches.
    """
    parts: list[str] = []
    least = 1000
    for query in _queries(grid, focus):
        key = int(codes[query].argmax())
        code = int(codes[query, key])
        if code == 0:
            continue
        least = min(least, code)
        parts.append(_mark(grid, query, key))
    return Flows((("1", "".join(parts)),) if parts else (), len(parts), least)


def strong_flows(
    codes: NDArray[np.integer], grid: Grid, focus: Sequence[int], *, draws: bool = True
) -> Flows:
    """All strong weights between different patches, the strongest most opaque.

    A weight is strong if it has a multiple of the share that each token would get if the query
    looked at all tokens alike.

    Args:
        codes: as for `best_flows`.
        grid: as for `best_flows`.
        focus: as for `best_flows`.
        draws: whether any are drawn at all.
    """
    if not draws:
        return Flows((), 0, 0)
    first, count = grid.first, grid.rows * grid.columns
    queries = _queries(grid, focus)
    between = codes[queries, first : first + count].copy() if queries else codes[:0, :count].copy()
    for row, query in enumerate(queries):
        between[row, query - first] = 0
    bound = strong_bound(codes.shape[1])
    whole = int((between >= bound).sum())
    order = np.argsort(-between, axis=None, kind="stable")[: min(whole, _LINES)]
    chosen = [divmod(int(at), count) for at in order]
    if not chosen:
        return Flows((), 0, bound)
    most = int(between[chosen[0]])
    groups: dict[int, list[str]] = {}
    for row, column in chosen:
        step = max(1, math.ceil(_BINS * int(between[row, column]) / most))
        groups.setdefault(step, []).append(_mark(grid, queries[row], first + column))
    paths = tuple((num(step / _BINS), "".join(groups[step])) for step in sorted(groups))
    least = bound if whole == len(chosen) else int(between[chosen[-1]])
    return Flows(paths, len(chosen), least, whole)


def strong_bound(tokens: int) -> int:
    """The smallest strong weight in thousandths."""
    return max(1, math.ceil(_STRONG * 1000 / tokens))


def _queries(grid: Grid, focus: Sequence[int]) -> list[int]:
    everything = range(grid.first, grid.first + grid.rows * grid.columns)
    return [index for index in focus if index in grid] if focus else list(everything)


def _mark(grid: Grid, query: int, key: int) -> str:
    """The ``d`` of one line."""
    x, y = grid.centre(query)
    size = grid.cell * _MARK
    if key == query:
        wide = num(size)
        there, back = (f"a{wide} {wide} 0 1 0 {num(way * size)} 0" for way in (2, -2))
        return f"M{num(x - size)} {num(y)}{there}{back}z"
    if key not in grid:
        side = num(2 * size)
        return f"M{num(x - size)} {num(y - size)}h{side}v{side}h{num(-2 * size)}z"
    to_x, to_y = grid.centre(key)
    angle = math.atan2(to_y - y, to_x - x)
    head = "".join(
        f"M{num(to_x)} {num(to_y)}L{num(to_x - size * math.cos(angle + turn))} "
        f"{num(to_y - size * math.sin(angle + turn))}"
        for turn in (-0.5, 0.5)
        for size in (grid.cell * _ARROW,)
    )
    return f"M{num(x)} {num(y)}L{num(to_x)} {num(to_y)}{head}"
