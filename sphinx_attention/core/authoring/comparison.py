"""Comparisons of a number of a figure with one that an author writes: ``> 0.5``, ``<= 40 %``."""

from __future__ import annotations

import math
import operator
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from .locate import SLACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "≥": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "≤": operator.le,
}

EQUAL = "="
"""The sign that compares a number as it is printed."""

SIGNS = "|".join(sorted([*_COMPARISONS, EQUAL], key=len, reverse=True))
"""All signs, as a part of a regular expression."""

_NUMBER = re.compile(r"(?P<number>[+-]?\d{1,9}(?:\.\d{1,9})?)(?P<percent>\s*%)?")


def parse_number(text: str) -> str | None:
    """The digits of a number such as ``0.4`` or ``40 %``, as a share of 1; None for other texts."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    number = found["number"]
    return f"{Decimal(number).scaleb(-2):f}" if found["percent"] else number


def rounded(value: float, digits: int) -> Decimal:
    """A number rounded to some decimals, halves away from zero."""
    unit = Decimal(1).scaleb(-digits)
    return Decimal(repr(value + math.copysign(SLACK, value))).quantize(unit, ROUND_HALF_UP)


def holds(value: float, sign: str, right: float, written: str) -> bool:
    """Whether a comparison is true.

    Args:
        value: the number on the left.
        sign: one of `SIGNS`, or ``>=`` and ``<=`` of numbers that are found.
        right: the number on the right.
        written: the right number as the author wrote it; empty for a number of a figure.
    """
    if sign != EQUAL:
        if abs(value - right) <= SLACK:
            return sign not in {">", "<"}
        return _COMPARISONS[sign](value, right)
    if not written:
        return abs(value - right) <= SLACK
    # Equal to the precision of the author: 0.86 equals every weight that is 0.86 with two decimals.
    return rounded(value, len(written.partition(".")[2])) == Decimal(written)
