"""The places of an author's labels in a row of arcs.

Labels of edges stand above the arcs, and labels of words below the row of numbers. A thin line
leads from each label to its edge or word. No label covers another one, and no line crosses a label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.common.text_metrics import free_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx_attention.core.figure.labels import Label
    from sphinx_attention.core.render.common.edges import Point

FONT = 12.0
"""The font size of labels in px."""

LINE = 18.0
"""The height of a row of labels in px."""

_BASELINE = 13.0  # within a row of labels
_LEAD = 6.0  # between a label and the nearest edge or number
_APART = 12.0  # between two labels of a row
_CLEAR = 4.0  # between a line and a label that it passes
_MARGIN = 4.0
_ROWS = 4
_STEP = 16.0
_STEPS = 8


@dataclass(frozen=True)
class PlacedLabel:
    """A label in the picture.

    Attributes:
        label: the author's label.
        x: the middle of the text in px.
        row: the number of its row, counted from the picture.
        anchor: the x of its edge or word in px.
    """

    label: Label
    x: float
    row: int
    anchor: float

    @property
    def width(self) -> float:
        """The room for the text in px, which is enough in wide fonts."""
        return free_width(self.label.text, FONT)

    @property
    def left(self) -> float:
        """The left end in px."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The right end in px."""
        return self.x + self.width / 2

    @property
    def foot(self) -> float:
        """The x at which the line leaves the label, as near to the anchor as the text is."""
        inset = min(8.0, self.width / 2)
        return min(max(self.anchor, self.left + inset), self.right - inset)


@dataclass(frozen=True)
class DrawnLabel:
    """A label as it is drawn.

    Attributes:
        label: the author's label.
        x: middle of the text in px.
        y: baseline of the text in px.
        path: the line from the label to its edge or word.
    """

    label: Label
    x: float
    y: float
    path: str


def above(placed: Sequence[PlacedLabel], y: Callable[[Label], float]) -> tuple[DrawnLabel, ...]:
    """Draw the labels above the arcs.

    Args:
        placed: the labels.
        y: the height of the edge of a label, in px from the top of the picture.
    """
    return tuple(_drawn(one, (rows(placed) - 1 - one.row) * LINE, y(one.label)) for one in placed)


def below(placed: Sequence[PlacedLabel], top: float) -> tuple[DrawnLabel, ...]:
    """Draw the labels below the row of words, whose numbers end at a height in px."""
    return tuple(_drawn(one, top + _LEAD + one.row * LINE, top) for one in placed)


def _drawn(one: PlacedLabel, line: float, end: float) -> DrawnLabel:
    """A label on the line that begins at a height, with its lead to an end."""
    start = line + LINE if end > line else line
    stop = end - 1 if end > line else end + 1
    path = f"M{num(one.foot)} {num(start)}L{num(one.anchor)} {num(stop)}"
    return DrawnLabel(one.label, one.x, line + _BASELINE, path)


def place(
    labels: Sequence[Label], anchor: Callable[[Label], float], width: float
) -> tuple[PlacedLabel, ...]:
    """Place the labels of one side of the row.

    Args:
        labels: in the author's order.
        anchor: the x of the edge or word of a label, in px.
        width: of the picture in px.

    Returns:
        The labels that have a place. The others do not fit without covering something.
    """
    placed: list[PlacedLabel] = []
    for label in sorted(labels, key=anchor):
        for candidate in _candidates(label, anchor(label), width):
            if not any(_meet(candidate, other) for other in placed):
                placed.append(candidate)
                break
    return tuple(placed)


def rows(placed: Sequence[PlacedLabel]) -> int:
    """The number of rows of labels."""
    return max((label.row + 1 for label in placed), default=0)


def band(placed: Sequence[PlacedLabel]) -> float:
    """The height of all rows of labels in px, 0 without any."""
    return rows(placed) * LINE + _LEAD if placed else 0.0


def _candidates(label: Label, anchor: float, width: float) -> list[PlacedLabel]:
    half = free_width(label.text, FONT) / 2
    if 2 * (half + _MARGIN) > width:
        return []
    found = []
    for row in range(_ROWS):
        for step in range(_STEPS + 1):
            for sign in (1, -1) if step else (1,):
                x = min(max(anchor + sign * step * _STEP, half + _MARGIN), width - half - _MARGIN)
                found.append(PlacedLabel(label, math.floor(2 * x) / 2, row, anchor))
    return found


def _meet(one: PlacedLabel, other: PlacedLabel) -> bool:
    """Whether two labels are too near, or one label and the line of the other."""
    if one.row == other.row:
        return one.left < other.right + _APART and other.left < one.right + _APART
    near, far = sorted((one, other), key=lambda label: label.row)
    # The line of the far label passes the row of the near one.
    low, high = sorted((far.foot, far.anchor))
    return low - _CLEAR < near.right and near.left < high + _CLEAR


def apex(points: Sequence[Point]) -> Point:
    """The highest point of a chain of cubic Béziers (see `edges.Curve`)."""
    best = points[0]
    for start in range(0, len(points) - 3, 3):
        for step in range(1, 17):
            best = min(best, _at(points[start : start + 4], step / 16), key=lambda point: point[1])
    return best


def _at(points: Sequence[Point], t: float) -> Point:
    shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(share * x for share, (x, _) in zip(shares, points, strict=True)),
        sum(share * y for share, (_, y) in zip(shares, points, strict=True)),
    )
