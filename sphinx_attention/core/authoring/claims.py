"""Claims about the numbers of a figure, which a build checks: ``1.3: brown -> quick > 0.5``.

A claim may begin with a layer and a head. Then it compares a weight, the score of a head, or the
probability of a next token with a number or with another one of its kind, or it says that it is the
largest or the smallest::

    1.3: brown -> quick > 0.5
    1.3: brown -> quick > brown -> fox
    1.3: brown -> quick > 0.2: brown -> quick
    1.3: brown -> quick + fox > 0.9
    1.3: brown -> quick is largest
    1.3: brown -> quick is largest of the words
    1.3: previous-token > 0.6
    probability of time > 0.9
    brown -> quick = 0.86
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import clean_line, listed, nearest, quoted

from .comparison import EQUAL, SIGNS, holds, parse_number, rounded
from .head_scores import SCORES, score_names, scores
from .locate import locate
from .numbers import DIGITS, next_token, next_tokens
from .reference import Reference, parse_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sphinx_attention.core.figure.figure import Figure

_CLAIM = re.compile(rf"(?P<left>.+)\s(?P<sign>{SIGNS})(?![<>=≤≥])\s*(?P<right>\S.*)")
_EXTREME = re.compile(
    r"(?P<left>.+)\sis\s+(?:the\s+)?(?P<sign>largest|smallest)"
    r"(?P<words>\s+(?:of|among)\s+(?:the\s+)?words)?"
)
_PLACE = re.compile(r"(?P<head>\S+\.\S+?)\s*:\s+(?P<rest>\S.*)")
_PROBABILITY = re.compile(r"probability(?:\s+of)?\s+(?P<token>\S.*)")
_EXPECTED = (
    "expected a claim such as 1.3: brown -> quick > 0.5, 1.3: brown -> quick is largest, or "
    "1.3: previous-token > 0.6"
)

Kind = Literal["weight", "score", "probability"]

_KINDS: Mapping[Kind, str] = {
    "weight": "two tokens with -> between",
    "score": "the score of another head, such as 2.11: previous-token",
    "probability": "another one, such as probability of time",
}
"""The texts that messages offer for the right side, beside numbers."""


@dataclass(frozen=True)
class Side:
    """One side of a claim, before the numbers of the figure are known.

    Attributes:
        kind: the kind of the number.
        reference: the layer and the head, and the tokens of a weight or a probability.
        name: the name of a score; empty for other numbers.
    """

    kind: Kind
    reference: Reference
    name: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim, before the numbers of the figure are known.

    Attributes:
        text: the claim as the author wrote it.
        left: the left side.
        sign: how the two sides compare, or ``largest`` or ``smallest``.
        number: the number on the right as the author wrote it, with a percentage as a share of 1;
            empty if there is none.
        other: the right side if it is not a number; otherwise None.
        words: whether only ordinary tokens are compared, without special ones.
    """

    text: str
    left: Side
    sign: str
    number: str = ""
    other: Side | None = None
    words: bool = False


def parse_claim(text: str, figure: Reference) -> Claim:
    """Read a claim.

    Args:
        text: one line.
        figure: the figure that the claim is about.

    Raises:
        AttentionError: the line is not a claim. The message has the expected form.
    """
    text = text.strip()
    if match := _EXTREME.fullmatch(text):
        left = _side(match["left"], figure)
        words = bool(match["words"])
        if words and left.kind != "weight":
            raise AttentionError(
                Problem.CHECK,
                f"{quoted(text)} is not a claim: only a weight can be the {match['sign']} of the "
                "words",
            )
        return Claim(text, left, match["sign"], words=words)
    match = _CLAIM.fullmatch(text)
    if match is None:
        raise AttentionError(Problem.CHECK, f"{quoted(text)} is not a claim: {_EXPECTED}")
    left, right = _side(match["left"], figure), match["right"].strip()
    if number := parse_number(right):
        decimals = len(number.partition(".")[2])
        if match["sign"] == EQUAL and left.kind != "probability" and decimals > DIGITS:
            raise AttentionError(
                Problem.CHECK,
                f"invalid value {quoted(right)} in a claim: the store keeps three decimals of a "
                f"{left.kind}; write at most three behind =",
            )
        return Claim(text, left, match["sign"], number=number)
    expected = AttentionError(
        Problem.CHECK,
        f"invalid value {quoted(right)} in a claim: expected a number such as 0.4 or 40 %, or "
        f"{_KINDS[left.kind]}",
    )
    try:
        other = _side(right, figure, left.reference.head)
    except AttentionError as error:
        raise expected from error
    if other.kind != left.kind:
        raise expected
    return Claim(text, left, match["sign"], other=other)


def _side(text: str, figure: Reference, default: tuple[str, str] | None = None) -> Side:
    """Read one side of a claim.

    Args:
        text: the text of the side.
        figure: the figure that the claim is about.
        default: the layer and the head if the text names none.
    """
    text, head = text.strip(), default
    if found := _PLACE.fullmatch(text):
        named, text = found["head"], found["rest"]
        head = parse_place(named).head
        if head is None:
            raise AttentionError(
                Problem.CHECK,
                f"invalid head {quoted(named)} in a claim: expected a layer and a head, such as "
                "1.3",
            )
    whole = Reference(figure.figure, figure.at, head)
    if "->" in text or "→" in text:
        pair = parse_place(text)
        if pair.head:
            raise AttentionError(
                Problem.CHECK,
                f"the head in {quoted(text)} needs a colon behind it: write "
                f"{'.'.join(pair.head)}: {pair.query} -> {pair.key}",
            )
        if not pair.key:
            raise AttentionError(
                Problem.CHECK,
                f"the arrow in {quoted(text)} needs blanks round it: write brown -> quick",
            )
        return Side("weight", Reference(figure.figure, figure.at, head, pair.query, pair.key))
    if found := _PROBABILITY.fullmatch(text):
        return Side("probability", Reference(figure.figure, figure.at, None, found["token"]))
    name = text.replace(" ", "-")
    if name not in SCORES:
        raise AttentionError(
            Problem.CHECK,
            f"invalid value {quoted(text)} in a claim: expected two tokens with -> between, or a "
            f"score of heads: {listed(score_names())}{nearest(name, SCORES)}",
        )
    return Side("score", whole, name)


def check(claim: Claim, figure: Figure) -> str:
    """Check a claim.

    Args:
        claim: the claim.
        figure: the figure with its numbers.

    Returns:
        The message about a false claim, with the number of the figure; empty if the claim is true.

    Raises:
        AttentionError: the figure lacks a layer, head, token or score of the claim.
    """
    found = _measured(claim.left, claim, figure)
    false = f"the claim {quoted(claim.text)} is false: {found.what} is {found.text}"
    if claim.sign in _FIRST:
        first = _FIRST[claim.sign]
        rivals = list(_rivals(claim, figure))
        best = first(rivals, key=lambda one: one.value, default=found)
        if holds(found.value, ">=" if claim.sign == "largest" else "<=", best.value, ""):
            return ""
        return f"{false}, and {best.what} is {best.text}"
    if claim.other is None:
        right, shown = float(claim.number), claim.number
    else:
        other = _measured(claim.other, claim, figure)
        beside = other.brief
        if other.head != found.head:
            beside = f"{other.brief} in head {other.head}"
        right, shown = other.value, f"{beside}, which is {other.text}"
    if holds(found.value, claim.sign, right, claim.number):
        return ""
    return f"{false}, not {claim.sign} {shown}"


_FIRST: Mapping[str, Callable[..., Measured]] = {"largest": max, "smallest": min}


@dataclass(frozen=True)
class Measured:
    """A number of a figure that a claim compares.

    Attributes:
        value: the number.
        text: the number as figures print it.
        what: the name of the number in a message.
        head: the name of the head of a weight.
        brief: the name of the number without its head.
    """

    value: float
    text: str
    what: str
    head: str = ""
    brief: str = ""


def _measured(side: Side, claim: Claim, figure: Figure) -> Measured:
    """The number of one side."""
    if side.kind == "probability":
        one = next_token(side.reference, figure)
        return _probability(one.text, one.probability)
    found = locate(side.reference, figure)
    if side.kind == "weight":
        what = f"in head {found.head_name}, {found.pair}"
        return Measured(found.weight, found.text, what, found.head_name, found.pair)
    value = float(scores(found, side.name)[found.layer, found.head])
    measured = _score(side.name, found.head_name, value)
    if math.isnan(value):
        raise AttentionError(
            Problem.CHECK,
            f"{quoted(claim.text)} cannot be checked: {measured.what} is not defined for this text",
        )
    return measured


def _score(name: str, head: str, value: float) -> Measured:
    what = f"the score {SCORES[name]} of head {head}"
    return Measured(value, f"{rounded(value, 3):f}", what, "", what)


def _probability(token: str, value: float) -> Measured:
    what = f"the probability of {clean_line(token).strip()}"
    return Measured(value, f"{rounded(value, 3):f}", what, "", what)


def _rivals(claim: Claim, figure: Figure) -> Iterator[Measured]:
    """The other numbers of the same kind, which are compared with the largest or smallest one."""
    side = claim.left
    if side.kind == "probability":
        for one in next_tokens(side.reference, figure):
            yield _probability(one.text, one.probability)
        return
    found = locate(side.reference, figure)
    attention = found.attention
    if side.kind == "score":
        every = scores(found, side.name)
        for layer, head in np.argwhere(~np.isnan(every)):
            name = f"{attention.layer_names[layer]}.{attention.head_names[head]}"
            yield _score(side.name, name, float(every[layer, head]))
        return
    if len(found.queries) != 1 or len(found.keys) != 1:
        raise AttentionError(
            Problem.CHECK,
            f"{quoted(claim.text)} cannot be checked: it needs one token on each side of the "
            f"arrow, because the {claim.sign} weight of a row is the weight of one pair",
        )
    (query,) = found.queries
    masked = attention.mask_of(found.layer)[query]
    for key, token in enumerate(attention.key_tokens):
        if not masked[key] and not (claim.words and token.special):
            other = replace(found, keys=(key,))
            yield Measured(other.weight, other.text, other.pair)
