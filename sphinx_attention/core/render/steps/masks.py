"""The minus infinities that a mask adds to the logits of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.edges import num

from .formulas import INFINITY, MINUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.codes import Codes

    from .layout import Column, Shape

_STEPS = constants("steps")
_PITCH: int = _STEPS["pitch"]
# The width of a minus infinity in px.
_SIGN = 20
# The width of its minus sign in px.
_MINUS: int = _STEPS["minus"]


@dataclass(frozen=True)
class Mask:
    """The minus infinities of masked rows, in one text element with a position for each character.

    Attributes:
        x: the x of the first character of each, in px.
        y: the baseline of the first row, in px.
        xs: the attribute ``x``.
        ys: the attribute ``y``.
        text: the characters.
    """

    x: float
    y: float
    xs: str
    ys: str
    text: str


def mask_of(shape: Shape, codes: Codes, columns: Sequence[Column], first: float) -> Mask | None:
    """The minus infinities of a row's mask; None where other numbers are added, too, or none."""
    if shape.biased or not shape.masks:
        return None
    rows = np.flatnonzero(codes.masked).tolist()
    x = next(column.end for column in columns if column.name == "bias") - _SIGN
    y = first + 16
    return Mask(
        x=x,
        y=y,
        xs=" ".join(f"{num(x)} {num(x + _MINUS)}" for _ in rows),
        ys=" ".join(f"{num(y + row * _PITCH)} {num(y + row * _PITCH)}" for row in rows),
        text=(MINUS + INFINITY) * len(rows),
    )
