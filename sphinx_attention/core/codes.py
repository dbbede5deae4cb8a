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
"""The code of a key that its query may not see. Codes of differences lie within ±`FULL`."""

MASKED_SUM = -(1 << 40)
"""The value for a sum of masked codes alone."""


NO_SCORE = 0xFFFF
"""The value for the score of a head that has none."""


MASKED_TEXT = "–"
"""The text for a masked weight, which is not zero."""


# A float32 such as 0.0005 lies a little below its decimal. Without this, it would be rounded down.
_NUDGE = 1e-6


def codes(attention: Attention) -> NDArray[np.integer[Any]]:
    """Every weight in thousandths, rounded half up; `MASKED` where a query may not see a key.

    Returns:
        Shape (layers, heads, queries, keys). The integers are signed if the weights are
        differences.
    """
    make = _signed_codes if attention.signed else _codes
    return make(attention.weights, attention.masked[:, np.newaxis])


def head_codes(attention: Attention, layer: int, head: int) -> NDArray[np.integer[Any]]:
    """The codes of one head, shape (queries, keys)."""
    make = _signed_codes if attention.signed else _codes
    return make(attention.weights[layer, head], attention.mask_of(layer))


def format_code(code: int, *, signed: bool = False) -> str:
    """A code as every view prints it: ``0.467``, or an en dash for a masked code.

    Args:
        code: the code in thousandths, or `MASKED`.
        signed: whether the code is a difference, which has a sign: ``+0.123``.
    """
    return MASKED_TEXT if code == MASKED else format_sum(code, signed=signed)


def format_sum(total: int, *, signed: bool = False) -> str:
    """A sum of codes as every view prints it; `MASKED_SUM` looks like a masked code."""
    if total == MASKED_SUM:
        return MASKED_TEXT
    whole, part = divmod(abs(total), FULL)
    sign = "−" if total < 0 else "+" if signed and total > 0 else ""
    return f"{sign}{whole}.{part:03d}"


def to_payload(found: NDArray[np.integer[Any]], *, signed: bool) -> NDArray[np.uint16]:
    """Codes as a payload holds them: codes of differences are raised by `FULL`."""
    if not signed:
        return found.astype(np.uint16)
    return (found.astype(np.int32) + FULL).astype(np.uint16)


def from_payload(found: NDArray[np.uint16], *, signed: bool) -> NDArray[np.integer[Any]]:
    """The codes of a payload, which undoes `to_payload`."""
    return found.astype(np.int16) - np.int16(FULL) if signed else found


def format_weight(weight: float) -> str:
    """A weight as every view prints it, rounded by the rule of the codes."""
    return format_code(int(_codes(np.asarray(weight), np.asarray(False))))


def score_codes(scores: ArrayLike) -> NDArray[np.uint16]:
    """Scores of heads, which are at least 0, in thousandths; `NO_SCORE` for NaN."""
    known = np.asarray(scores, np.float64)
    missing = np.isnan(known)
    rounded = np.rint(np.where(missing, 0, known) * 1000).astype(np.uint16)
    return np.where(missing, np.uint16(NO_SCORE), rounded)


def _codes(weights: NDArray[Any], masked: NDArray[np.bool_]) -> NDArray[np.uint16]:
    scaled = np.floor(weights.astype(np.float64) * FULL + (0.5 + _NUDGE))
    # Written rows may sum to slightly more than 1, and no score may look like the masked code.
    rounded = np.clip(scaled, 0, FULL).astype(np.uint16)
    return np.where(masked, np.uint16(MASKED), rounded)


def _signed_codes(weights: NDArray[Any], masked: NDArray[np.bool_]) -> NDArray[np.int16]:
    size = np.floor(np.abs(weights.astype(np.float64)) * FULL + (0.5 + _NUDGE))
    rounded = np.where(weights < 0, -1, 1) * np.clip(size, 0, FULL)
    return np.where(masked, np.int16(MASKED), rounded.astype(np.int16))
