"""The inherited properties of an SVG element: its style, its transformation, and its opacity."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .shapes import INK, Paint, UnsupportedPictureError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET

    from .curves import Point

_Matrix = tuple[float, float, float, float, float, float]
_HERE: _Matrix = (1, 0, 0, 1, 0, 0)
_TRANSFORM = re.compile(r"(\w+)\s*\(([^)]*)\)")
_INHERITED = (
    "fill",
    "stroke",
    "stroke-width",
    "fill-opacity",
    "stroke-opacity",
    "font-size",
    "font-weight",
    "font-style",
    "text-anchor",
    "color",
    "stroke-linecap",
    "data-side",
)


@dataclass(frozen=True)
class State:
    """The attributes, the transformation and the opacity of all groups around an element.

    Attributes:
        style: the attributes that an element inherits.
        matrix: the transformation.
        opacity: of all groups together.
        columns: whether the words stand in columns.
    """

    style: Mapping[str, str]
    matrix: _Matrix = _HERE
    opacity: float = 1.0
    columns: bool = False

    def within(self, element: ET.Element) -> State:
        """The state inside an element."""
        own = {name: value for name in _INHERITED if (value := element.get(name))}
        return State(
            {**self.style, **own},
            _product(self.matrix, _transform(element.get("transform", ""))),
            self.opacity * float(element.get("opacity", 1)),
            self.columns or "attention-columns" in element.get("class", "").split(),
        )

    def number(self, name: str, default: float) -> float:
        """A number of the style."""
        return float(self.style.get(name, default))

    def move(self, point: Point) -> Point:
        """A point in px of the picture."""
        a, b, c, d, e, f = self.matrix
        return a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f

    @property
    def scale(self) -> float:
        """The factor by which lengths grow."""
        a, b, c, d, _, _ = self.matrix
        return math.sqrt(abs(a * d - b * c))

    def paint(self, kind: str, default: str) -> Paint | None:
        """The colour of the fill or of the stroke; None for none."""
        value = self.style.get(kind, default)
        amount = self.opacity * self.number(f"{kind}-opacity", 1)
        if value == "none" or amount <= 0:
            return None
        return Paint(colour_of(value, self.style), amount)


def colour_of(value: str, style: Mapping[str, str]) -> str:
    """A colour as `Paint` has it.

    Raises:
        UnsupportedPictureError: the value is not a colour that pictures have.
    """
    if value in {"currentColor", style.get("color")}:
        return INK
    if re.fullmatch(r"#[0-9a-fA-F]{3}", value):
        return "#" + "".join(2 * digit for digit in value[1:].lower())
    if re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        return value.lower()
    if value in {"white", "black"}:
        return {"white": "#ffffff", "black": "#000000"}[value]
    raise UnsupportedPictureError(value)


def rgb(colour: str) -> str:
    """The six digits of a colour."""
    return colour.removeprefix("#") or "222222"


def _transform(written: str) -> _Matrix:
    matrix = _HERE
    for name, inside in _TRANSFORM.findall(written):
        numbers = [float(one) for one in re.split(r"[\s,]+", inside.strip())]
        matrix = _product(matrix, _step(name, numbers))
    return matrix


def _step(name: str, numbers: list[float]) -> _Matrix:
    if name == "translate":
        return (1, 0, 0, 1, numbers[0], numbers[1] if len(numbers) > 1 else 0)
    if name == "scale":
        return (numbers[0], 0, 0, numbers[-1], 0, 0)
    if name == "rotate":
        turn = math.radians(numbers[0])
        cos, sin = math.cos(turn), math.sin(turn)
        x, y = numbers[1:] or (0.0, 0.0)
        return (cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)
    if name == "matrix":
        a, b, c, d, e, f = numbers
        return (a, b, c, d, e, f)
    raise UnsupportedPictureError(name)


def _product(one: _Matrix, other: _Matrix) -> _Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )
