"""Weights in thousandths: the numbers that pages carry, and their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from sphinx_attention.core.attention import Attention


FULL = 1000
"""The code of weight 1."""


MASKED = 1001
"""The code of a key that its query may not see."""


NO_SCORE = 0xFFFF
"""What stands for the score of a head that has none."""


MASKED_TEXT = "–"
"""What stands for a masked weight: it is not a zero."""


# A float32 such as 0.0005 lies a little below its decimal; without this it would round down.
_NUDGE = 1e-6


def codes(attention: Attention) -> NDArray[np.uint16]:
    """Every weight in thousandths, rounded half up; `MASKED` where a query may not see a key.

    Returns:
        Shape (layers, heads, queries, keys).
    """
    return _codes(attention.weights, attention.masked[:, np.newaxis])


def head_codes(attention: Attention, layer: int, head: int) -> NDArray[np.uint16]:
    """The codes of one head, shape (queries, keys)."""
    return _codes(attention.weights[layer, head], attention.mask_of(layer))


def format_code(code: int) -> str:
    """A code as every view prints it: ``0.467``, or an en dash where masked."""
    if code == MASKED:
        return MASKED_TEXT
    return f"{code // FULL}.{code % FULL:03d}"


def format_weight(weight: float) -> str:
    """A weight as every view prints it, rounded by the rule of the codes."""
    return format_code(int(_codes(np.asarray(weight), np.asarray(False))))


def score_codes(scores: ArrayLike) -> NDArray[np.uint16]:
    """Scores of heads, all of them at least 0, in thousandths; `NO_SCORE` where one is NaN."""
    known = np.asarray(scores, np.float64)
    missing = np.isnan(known)
    rounded = np.rint(np.where(missing, 0, known) * 1000).astype(np.uint16)
    return np.where(missing, np.uint16(NO_SCORE), rounded)


def _codes(weights: NDArray[Any], masked: NDArray[np.bool_]) -> NDArray[np.uint16]:
    scaled = np.floor(weights.astype(np.float64) * FULL + (0.5 + _NUDGE))
    # Written rows may sum to a hair over 1; nothing may be taken for the masked code.
    rounded = np.clip(scaled, 0, FULL).astype(np.uint16)
    return np.where(masked, np.uint16(MASKED), rounded)
