"""The score vector of the token in focus, and what the footer says about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.display import shown
from sphinx_attention.core.payload import MASKED, format_code, head_codes

from .edges import share_drawn

if TYPE_CHECKING:
    from sphinx_attention.core.figure import Figure

LONG = 24
"""A vector of more rows scrolls in a box of its own."""

_STRONG = 100  # thousandths from which on a weight is set in the accent colour


@dataclass(frozen=True)
class Score:
    """One row of the vector: the number, the token it belongs to, and the row's classes."""

    number: str
    token: str
    classes: str


@dataclass(frozen=True)
class Vector:
    """The weights of one query token as a column vector."""

    name: str
    scores: tuple[Score, ...]

    @property
    def long(self) -> bool:
        """Whether it needs a box of its own to scroll in."""
        return len(self.scores) > LONG


def is_strong(code: int) -> bool:
    """Whether a weight is set in the accent colour."""
    return _STRONG <= code < MASKED


def score_vector(figure: Figure) -> Vector | None:
    """The vector of the token in focus; None where no token is."""
    if figure.focus is None:
        return None
    attention = figure.attention
    row = head_codes(attention, figure.layer, figure.head)[figure.focus].tolist()
    return Vector(
        name=shown(attention.query_tokens[figure.focus].text),
        scores=tuple(
            Score(format_code(code), shown(token.text), _classes(code, special=token.special))
            for code, token in zip(row, attention.key_tokens, strict=True)
        ),
    )


def percent_drawn(figure: Figure) -> int | None:
    """How much of the row in focus its edges show, in whole percent, never rounded up.

    None where they show all of it, or no token is in focus.
    """
    if figure.focus is None:
        return None
    row = head_codes(figure.attention, figure.layer, figure.head)[figure.focus]
    share = share_drawn(row, figure.cutoff)
    return None if share >= 1 else math.floor(100 * share)


def _classes(code: int, *, special: bool) -> str:
    names = []
    if special:
        names.append("attention-special")
    if is_strong(code):
        names.append("attention-strong")
    if code == MASKED:
        names.append("attention-masked")
    return " ".join(names)
