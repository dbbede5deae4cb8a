"""The data of an SVG path as lines and cubic curves, which is all that TeX draws."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Point = tuple[float, float]


class Segment(NamedTuple):
    """One step of a path: ``M`` and ``L`` have one point, ``C`` has three, ``Z`` has none."""

    kind: Literal["M", "L", "C", "Z"]
    points: tuple[Point, ...] = ()


Path = tuple[Segment, ...]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PIECES = re.compile(rf"[A-Za-z]|{_NUMBER}|[^\s,]")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


class UnreadablePathError(ValueError):
    """The data of a path is not that of SVG."""


def read_path(data: str) -> Path:
    """The segments of the attribute ``d``, in absolute positions.

    Raises:
        UnreadablePathError: the data has an unknown command or too few numbers.
    """
    return tuple(_Reader().segments(data))


def transformed(path: Path, move: Callable[[Point], Point]) -> Path:
    """The path with every point moved."""
    return tuple(Segment(one.kind, tuple(move(point) for point in one.points)) for one in path)


def samples(path: Path) -> Iterator[Point]:
    """Points on a path, near enough to one another to find its bounds."""
    at = (0.0, 0.0)
    for one in path:
        if one.kind == "C":
            for step in range(1, 17):
                yield _on_curve((at, *one.points), step / 16)
        else:
            yield from one.points
        if one.points:
            at = one.points[-1]


def _on_curve(points: tuple[Point, ...], t: float) -> Point:
    shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(share * x for share, (x, _) in zip(shares, points, strict=True)),
        sum(share * y for share, (_, y) in zip(shares, points, strict=True)),
    )


def ellipse(x: float, y: float, wide: float, high: float) -> Path:
    """An ellipse around a point, as four curves."""
    k = 4 / 3 * (math.sqrt(2) - 1)
    corners = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]

    def at(dx: float, dy: float) -> Point:
        return x + wide * dx, y + high * dy

    found = [Segment("M", (at(1, 0),))]
    for (ax, ay), (bx, by) in pairwise(corners):
        found.append(
            Segment("C", (at(ax + k * bx, ay + k * by), at(bx + k * ax, by + k * ay), at(bx, by)))
        )
    return (*found, Segment("Z"))


class _Reader:
    """Reads the commands of one path."""

    def __init__(self) -> None:
        self._at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        # The second control point of the last curve, for a smooth continuation.
        self._control: Point | None = None

    def segments(self, data: str) -> Iterator[Segment]:
        pieces = [found[0] for found in _PIECES.finditer(data)]
        place, command = 0, ""
        while place < len(pieces):
            if pieces[place].isalpha():
                command = pieces[place]
                place += 1
            elif command in "zZ":
                raise UnreadablePathError(data)
            count = _ARGUMENTS.get(command.upper())
            if count is None:
                raise UnreadablePathError(data)
            try:
                numbers = [float(piece) for piece in pieces[place : place + count]]
            except ValueError as error:
                raise UnreadablePathError(data) from error
            if len(numbers) < count:
                raise UnreadablePathError(data)
            place += count
            yield from self._segment(command.upper(), numbers, relative=command.islower())
            # More pairs after a move are lines.
            command = {"M": "L", "m": "l"}.get(command, command)

    def _segment(self, kind: str, numbers: list[float], *, relative: bool) -> Iterator[Segment]:
        dx, dy = self._at if relative else (0.0, 0.0)
        if kind == "Z":
            self._at = self._start
            self._control = None
            yield Segment("Z")
            return
        if kind == "A":
            yield from self._arc(numbers, (dx, dy))
            return
        if kind == "H":
            points = [(numbers[0] + dx, self._at[1])]
        elif kind == "V":
            points = [(self._at[0], numbers[0] + dy)]
        else:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            points = [(x + dx, y + dy) for x, y in pairs]
        if kind == "M":
            self._start = points[0]
        if kind in "CSQT":
            yield self._curve(kind, points)
        else:
            self._control = None
            yield Segment("M" if kind == "M" else "L", tuple(points))
        self._at = points[-1]

    def _curve(self, kind: str, points: list[Point]) -> Segment:
        x, y = self._at
        smooth = self._control or self._at
        mirrored = (2 * x - smooth[0], 2 * y - smooth[1])
        if kind in "CS":
            first, second, end = (mirrored, *points) if kind == "S" else points
            self._control = second
            return Segment("C", (first, second, end))
        middle, end = (mirrored, *points) if kind == "T" else points
        self._control = middle
        first = (x + 2 / 3 * (middle[0] - x), y + 2 / 3 * (middle[1] - y))
        second = (end[0] + 2 / 3 * (middle[0] - end[0]), end[1] + 2 / 3 * (middle[1] - end[1]))
        return Segment("C", (first, second, end))

    def _arc(self, numbers: list[float], by: Point) -> Iterator[Segment]:
        """An elliptical arc as curves, by the formulas of SVG 1.1, appendix F.6."""
        rx, ry, turn, large, sweep = numbers[:5]
        start, end = self._at, (numbers[5] + by[0], numbers[6] + by[1])
        self._at, self._control = end, None
        rx, ry = abs(rx), abs(ry)
        if start == end:
            return
        if not rx or not ry:
            yield Segment("L", (end,))
            return
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        hx, hy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
        x, y = cos * hx + sin * hy, -sin * hx + cos * hy
        if (size := math.hypot(x / rx, y / ry)) > 1:
            rx, ry = rx * size, ry * size
        part = max(0.0, (rx * ry) ** 2 - (rx * y) ** 2 - (ry * x) ** 2)
        factor = math.sqrt(part / ((rx * y) ** 2 + (ry * x) ** 2))
        factor *= -1 if bool(large) == bool(sweep) else 1
        cx, cy = factor * rx * y / ry, -factor * ry * x / rx
        first = math.atan2((y - cy) / ry, (x - cx) / rx)
        angle = math.atan2((-y - cy) / ry, (-x - cx) / rx) - first
        if sweep and angle < 0:
            angle += 2 * math.pi
        elif not sweep and angle > 0:
            angle -= 2 * math.pi
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)

        def at(u: float, v: float) -> Point:
            px, py = rx * u + cx, ry * v + cy
            return cos * px - sin * py + middle[0], sin * px + cos * py + middle[1]

        pieces = max(1, math.ceil(abs(angle) / (math.pi / 2) - 1e-9))
        step = angle / pieces
        k = 4 / 3 * math.tan(step / 4)
        for number in range(pieces):
            a, b = first + number * step, first + (number + 1) * step
            yield Segment(
                "C",
                (
                    at(math.cos(a) - k * math.sin(a), math.sin(a) + k * math.cos(a)),
                    at(math.cos(b) + k * math.sin(b), math.sin(b) - k * math.cos(b)),
                    at(math.cos(b), math.sin(b)),
                ),
            )
