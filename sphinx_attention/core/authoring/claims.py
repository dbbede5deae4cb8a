"""Claims about the numbers of a figure, which a build checks: ``1.3: brown -> quick > 0.5``.

A claim may begin with a layer and a head. Then it compares a weight, or the score of a head, with a
number or with another weight::

    1.3: brown -> quick > 0.5
    1.3: brown -> quick > brown -> fox
    1.3: previous-token > 0.6
    brown -> quick = 0.86
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.head_scores import HEAD_SCORES
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import listed, nearest, quoted

from .reference import Located, Reference, locate, parse_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.figure.figure import Figure

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "≥": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "≤": operator.le,
}
_EQUAL = "="

_SCORES: Mapping[str, str] = {
    **{name: name for name in HEAD_SCORES},
    "previous-token": "previous",
    "first-token": "first",
    "same-token": "self",
}
"""The names of head scores that claims take, and the names by which figures sort heads."""

_SIGNS = "|".join(sorted([*_COMPARISONS, _EQUAL], key=len, reverse=True))
_CLAIM = re.compile(rf"(?P<left>.+)\s(?P<sign>{_SIGNS})\s+(?P<right>\S.*)")
_PLACE = re.compile(r"(?P<head>\S+\.\S+?)\s*:\s+(?P<rest>\S.*)")
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,9})?")
_EXPECTED = "expected a claim such as 1.3: brown -> quick > 0.5, or 1.3: previous-token > 0.6"

# A weight is a float32: 0.6 is stored as 0.60000002, and is no more than 0.6.
_SLACK = 1e-6


@dataclass(frozen=True)
class Claim:
    """A claim, before the numbers of the figure are known.

    Attributes:
        text: as it was written.
        place: the layer and the head, and the two tokens where a weight is meant.
        score: the name of the head score that is meant; empty where a weight is meant.
        sign: how the two sides compare.
        number: the number on the right, as it was written; empty where a weight stands there.
        other: the tokens of the weight on the right; None where a number stands there.
    """

    text: str
    place: Reference
    score: str
    sign: str
    number: str
    other: Reference | None


def parse_claim(text: str, figure: Reference) -> Claim:
    """Read a claim.

    Args:
        text: one line.
        figure: the figure that the claim is about.

    Raises:
        AttentionError: the line is no claim; the message says what is expected.
    """
    match = _CLAIM.fullmatch(text.strip())
    if match is None:
        raise _no_claim(text)
    left, sign, right = match["left"].strip(), match["sign"], match["right"].strip()
    head = ""
    if found := _PLACE.fullmatch(left):
        head, left = found["head"], found["rest"]
        if parse_place(head).head is None:
            raise AttentionError(
                Problem.CHECK,
                f"invalid head {quoted(head)} in a claim: expected a layer and a head, such as 1.3",
            )
    score = ""
    if "->" not in left and "→" not in left:
        score = _score(left)
        left = ""
    place = _of(parse_place(f"{head} {left}".strip()), figure)
    number, other = "", None
    if _NUMBER.fullmatch(right):
        number = right
    elif ("->" in right or "→" in right) and not score:
        other = _of(replace(parse_place(right), head=place.head), figure)
    else:
        raise AttentionError(
            Problem.CHECK,
            f"invalid value {quoted(right)} in a claim: expected a number"
            + ("" if score else ", or two tokens with -> between"),
        )
    return Claim(text.strip(), place, score, sign, number, other)


def _of(place: Reference, figure: Reference) -> Reference:
    return replace(place, figure=figure.figure, at=figure.at)


def _no_claim(text: str) -> AttentionError:
    return AttentionError(Problem.CHECK, f"{quoted(text.strip())} is no claim: {_EXPECTED}")


def _score(name: str) -> str:
    word = name.strip().replace(" ", "-")
    if word not in _SCORES:
        known = [name for name in _SCORES if name not in _SCORES.values()]
        known += [name for name in HEAD_SCORES if name not in {_SCORES[one] for one in known}]
        raise AttentionError(
            Problem.CHECK,
            f"invalid value {quoted(name)} in a claim: expected two tokens with -> between, or a "
            f"score of heads: {listed(known)}{nearest(word, _SCORES)}",
        )
    return _SCORES[word]


def check(claim: Claim, figure: Figure) -> str:
    """Check a claim.

    Args:
        claim: what is said.
        figure: with its numbers.

    Returns:
        What is wrong, with the number that was found; empty where the claim is true.

    Raises:
        AttentionError: the figure does not have what the claim is about.
    """
    place = locate(claim.place, figure)
    what, value = _left(claim, place)
    if math.isnan(value):
        raise AttentionError(
            Problem.CHECK,
            f"{quoted(claim.text)} cannot be checked: {what} is not defined for this text",
        )
    if claim.other is not None:
        other = locate(claim.other, figure)
        right, shown = other.weight, f"{other.pair}, which is {other.text}"
    else:
        right, shown = float(claim.number), claim.number
    if _holds(value, claim.sign, right, claim.number):
        return ""
    found = place.text if not claim.score else f"{value:.3f}"
    return f"the claim {quoted(claim.text)} is false: {what} is {found}, not {claim.sign} {shown}"


def _left(claim: Claim, place: Located) -> tuple[str, float]:
    """What a claim is about, and the number."""
    if not claim.score:
        return f"in head {place.head_name}, {place.pair}", place.weight
    score = HEAD_SCORES[claim.score](place.attention)[place.layer, place.head]
    return f"the score {claim.score} of head {place.head_name}", float(score)


def _holds(value: float, sign: str, right: float, written: str) -> bool:
    if sign != _EQUAL:
        if abs(value - right) <= _SLACK:
            return sign not in {">", "<"}
        return _COMPARISONS[sign](value, right)
    if not written:
        return abs(value - right) <= _SLACK
    # Equal as it is written: 0.86 is every weight that is printed as 0.86 with two decimals.
    unit = Decimal(1).scaleb(-len(written.partition(".")[2]))
    rounded = Decimal(repr(value + math.copysign(_SLACK, value))).quantize(unit, ROUND_HALF_UP)
    return rounded == Decimal(written)
