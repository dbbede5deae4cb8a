"""The scores of heads, by the names that authors write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.analysis import corpus
from sphinx_attention.core.analysis.head_scores import SCORES as HEAD_SCORES
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import listed, nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .locate import Located

SCORES: Mapping[str, str] = {
    **{name: name for name in HEAD_SCORES},
    "previous-token": "previous",
    "first-token": "first",
    "same-token": "self",
}
"""The names of head scores that authors write, and the names by which figures sort heads."""


def score_name(name: str) -> str:
    """The name by which figures know a head score.

    Raises:
        AttentionError: there is no such score.
    """
    word = name.strip().replace(" ", "-")
    if word not in SCORES:
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid value {quoted(name)} for a score of heads: expected {listed(score_names())}"
            f"{nearest(word, SCORES)}",
        )
    return SCORES[word]


def score_names() -> list[str]:
    """The names that messages offer, one for each score."""
    long = [name for name, short in SCORES.items() if short not in {name, "self"}]
    return [*long, *(name for name in HEAD_SCORES if name not in {SCORES[one] for one in long})]


def scores(found: Located, name: str) -> NDArray[np.float64]:
    """A score of all heads of an attention, shape (layers, heads): the mean over many sentences."""
    summary = found.attention.summary
    if summary is not None and score_name(name) in summary.arrays:
        return corpus.means(summary.arrays[score_name(name)])
    return HEAD_SCORES[score_name(name)](found.attention)
