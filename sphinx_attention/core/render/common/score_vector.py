"""The score vector of the tokens in focus, and its text for the footer."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.codes import Codes, format_thousandths
from sphinx_attention.core.text import visible

from .constants import constants
from .edges import share_drawn
from .text_metrics import text_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure

_WEIGHTS = constants()["weights"]

LONG: int = _WEIGHTS["long_vector"]
"""A vector with more rows scrolls in a box of its own."""

STRONG: int = _WEIGHTS["strong"]
"""The thousandths from which a weight, or a sum of weights, has the accent colour."""

# The most terms that the name of a sum lists.
_TERMS: int = _WEIGHTS["summed_terms"]

# Rows below this number of thousandths are folded into one, under the three conditions below.
_FOLD_BELOW: int = _WEIGHTS["fold_below"]
# The most thousandths that the folded rows have together.
_FOLD_TOGETHER: int = _WEIGHTS["fold_together"]
# The least number of folded rows.
_FOLD_ROWS: int = _WEIGHTS["fold_rows"]
# The least number of rows of the whole vector.
_FOLD_VECTOR: int = _WEIGHTS["fold_vector"]


# The widths of a column in px, for which the style sheet has a rule each.
_COLUMNS = json.loads((resources.files(__package__) / "columns.json").read_text(encoding="utf-8"))
_BESIDE = range(_COLUMNS["least"], _COLUMNS["most"] + 1, _COLUMNS["step"])
# The sizes in px of the tokens of a vector beside a picture, and of the token in its name.
_FONT, _NAME_FONT = 15.0, 11.0
# The width in px of all else in such a vector: α, the equals sign, the brackets and the numbers.
_VECTOR = 116.0
# How much wider words may be in the font of a page than they are reckoned here.
_WIDER = 1.07
# The height in px of a row of such a vector, and the px by which it may be higher than the picture.
_ROW, _HIGHER = 19.5, 40.0


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
        written: whether they are shares of what the head writes.
        fold: the text about folded rows; empty without any.
    """

    names: tuple[str, ...]
    scores: tuple[Score, ...]
    label: str
    signed: bool = False
    fold: str = ""
    written: bool = False

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
    small = folded(totals)
    names = tuple(visible(attention.query_tokens[query].text) for query in figure.pinned)
    return Vector(
        names=names,
        label=figure.say(
            "scores_difference" if attention.signed else "scores_from", tokens=" + ".join(names)
        ),
        signed=attention.signed,
        written=attention.written,
        scores=tuple(
            Score(text, visible(token.text), _classes(token.special, strong, masked, is_small))
            for text, token, strong, masked, is_small in zip(
                totals.texts,
                attention.key_tokens,
                are_strong(totals),
                totals.masked.tolist(),
                small.tolist(),
                strict=True,
            )
        ),
        fold=_fold(figure, totals[small]),
    )


def folded(totals: Codes) -> NDArray[np.bool_]:
    """Which rows of a vector are too small to matter, masked ones among them.

    These are all rows below a bound, so that equal rows are folded together or not at all.
    """
    sizes = totals.sizes
    bound = next(
        (one for one in range(_FOLD_BELOW, 1, -1) if sizes[sizes < one].sum() <= _FOLD_TOGETHER), 1
    )
    small: NDArray[np.bool_] = sizes < bound
    is_folded = len(sizes) >= _FOLD_VECTOR and small.sum() >= _FOLD_ROWS
    return small if is_folded else np.zeros_like(small)


def column_for_both(figure: Figure, width: float, height: float) -> int | None:
    """The width of a column in px in which a vector stands beside a picture in its middle.

    The column has room for the vector of any token, which is hardly higher than the picture. The
    answer is one of the widths that the style sheet knows, or None if there is none.

    Args:
        figure: the figure with the picture.
        width: the width of the picture in px.
        height: the height of the picture in px.
    """
    attention = figure.attention
    sides = [attention.query_tokens, attention.key_tokens]
    rows = max(len(side) for side in sides)
    if width >= _BESIDE[-1] or rows * _ROW > height + _HIGHER:
        return None
    longest = max(text_width(visible(token.text), 1.0) for side in sides for token in side)
    needed = _WIDER * (width + 2 * longest * (_FONT + _NAME_FONT)) + 2 * _VECTOR
    return next((one for one in _BESIDE if one >= needed), None)


def _fold(figure: Figure, rows: Codes) -> str:
    """The text about folded rows: their number, and their weight together."""
    masked = int(rows.masked.sum())
    known = len(rows.masked) - masked
    parts = []
    if known:
        together = format_thousandths(int(rows.values.sum()), signed=rows.signed)
        parts.append(figure.say("folded", count=known, weight=together))
    if masked:
        parts.append(figure.say("folded_masked", count=masked))
    return "; ".join(parts)


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
    names = ("special", "strong", "masked", "small")
    return " ".join(f"attention-{name}" for name, is_so in zip(names, are, strict=True) if is_so)
