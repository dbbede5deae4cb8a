"""The score vector of the tokens in focus, and its text for the footer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.codes import Codes
from sphinx_attention.core.text import visible

from .constants import constants
from .edges import share_drawn

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

_WEIGHTS = constants()["weights"]

LONG: int = _WEIGHTS["long_vector"]
"""A vector with more rows scrolls in a box of its own."""

STRONG: int = _WEIGHTS["strong"]
"""The thousandths from which a weight, or a sum of weights, has the accent colour."""

# The most terms that the name of a sum lists.
_TERMS: int = _WEIGHTS["summed_terms"]


@dataclass(frozen=True)
class Score:
    """One row of the vector: the number, its token, and the row's classes."""

    number: str
    token: str
    classes: str


@dataclass(frozen=True)
class Vector:
    """The weights of the query tokens in focus as a column vector. Several rows are summed.

    Attributes:
        names: the tokens whose rows the vector shows.
        scores: a row for each key.
        label: the name for screen readers.
        signed: whether the numbers are differences.
    """

    names: tuple[str, ...]
    scores: tuple[Score, ...]
    label: str
    signed: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """The names in the vector's own name. An empty name stands for those that are left out."""
        few = len(self.names) <= _TERMS
        return self.names if few else (*self.names[: _TERMS - 1], "", self.names[-1])

    @property
    def long(self) -> bool:
        """Whether the vector needs a box of its own to scroll in."""
        return len(self.scores) > LONG


def are_strong(codes: Codes) -> list[bool]:
    """Which weights, or sums of weights, have the accent colour."""
    found: list[bool] = (codes.sizes >= STRONG).tolist()
    return found


def heads_of(figure: Figure) -> list[int]:
    """The positions of the heads whose mean is shown, in order."""
    return sorted(figure.shown_heads) if figure.spec.kind.several_heads else [figure.head]


def score_vector(figure: Figure) -> Vector | None:
    """The vector of the tokens in focus, as the mean of the drawn heads, or None."""
    if not figure.pinned:
        return None
    attention = figure.attention
    totals = Codes.mean([rows.sum() for rows in _pinned_rows(figure)])
    names = tuple(visible(attention.query_tokens[query].text) for query in figure.pinned)
    return Vector(
        names=names,
        label=figure.say(
            "scores_difference" if attention.signed else "scores_from", tokens=" + ".join(names)
        ),
        signed=attention.signed,
        scores=tuple(
            Score(text, visible(token.text), _classes(token.special, strong, masked))
            for text, token, strong, masked in zip(
                totals.texts,
                attention.key_tokens,
                are_strong(totals),
                totals.masked.tolist(),
                strict=True,
            )
        ),
    )


def percent_drawn(figure: Figure) -> int | None:
    """The share of the rows in focus that edges show, in whole percent, never rounded up.

    None if edges show all of the rows, or if no token is in focus.
    """
    if not figure.pinned:
        return None
    share = share_drawn(Codes.joined(_pinned_rows(figure)), figure.cutoff)
    return None if share >= 1 else math.floor(100 * share)


def _pinned_rows(figure: Figure) -> list[Codes]:
    """The codes of the tokens in focus for each drawn head: shape (pinned, keys)."""
    return [
        Codes.of_head(figure.attention, figure.layer, head)[list(figure.pinned)]
        for head in heads_of(figure)
    ]


def _classes(*are: bool) -> str:
    names = ("special", "strong", "masked")
    return " ".join(f"attention-{name}" for name, is_so in zip(names, are, strict=True) if is_so)
