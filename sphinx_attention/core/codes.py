"""Weights in thousandths: the numbers that pages carry, and their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.constants import SHARED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from sphinx_attention.core.attention import Attention


FULL: int = SHARED["full"]
"""The code of weight 1."""

MASKED: int = SHARED["masked"]
"""The code of a masked key. Codes of differences lie within ±`FULL`."""

NO_SCORE: int = SHARED["top"]
"""The value for the score of a head that has none."""


MASKED_TEXT = "–"
"""The text for a masked weight, which differs from zero."""


# A float32 such as 0.0005 lies a little below its decimal. Without this, it would be rounded down.
_NUDGE = 1e-6


class Codes:
    """Weights, or sums of weights, in thousandths: with their mask, their sign and their texts.

    Attributes:
        values: whole numbers of any shape; 0 for masked weights.
        masked: true where a query may not see a key. A sum is masked where all its terms are.
        signed: whether they are differences, which are printed with their sign.
    """

    __slots__ = ("masked", "signed", "values")

    def __init__(
        self,
        values: NDArray[np.integer[Any]],
        masked: NDArray[np.bool_],
        *,
        signed: bool = False,
    ) -> None:
        self.values = values
        self.masked = masked
        self.signed = signed

    @classmethod
    def of(cls, attention: Attention) -> Codes:
        """All weights, shape (layers, heads, queries, keys)."""
        weights = attention.weights
        masked = np.broadcast_to(attention.masked[:, np.newaxis], weights.shape)
        return cls._rounded(weights, masked, signed=attention.signed)

    @classmethod
    def of_head(cls, attention: Attention, layer: int, head: int) -> Codes:
        """The weights of one head, shape (queries, keys)."""
        masked = attention.mask_of(layer)
        return cls._rounded(attention.weights[layer, head], masked, signed=attention.signed)

    @classmethod
    def _rounded(cls, weights: NDArray[Any], masked: NDArray[np.bool_], *, signed: bool) -> Codes:
        rounded = (_round_signed if signed else _round)(weights)
        return cls(np.where(masked, np.int16(0), rounded), masked, signed=signed)

    @classmethod
    def unpacked(cls, codes: NDArray[np.integer[Any]], *, signed: bool = False) -> Codes:
        """The codes of an array that holds `MASKED` where a key is masked."""
        masked: NDArray[np.bool_] = codes == MASKED
        return cls(np.where(masked, 0, codes), masked, signed=signed)

    @classmethod
    def joined(cls, parts: Sequence[Codes]) -> Codes:
        """The rows of all parts, one below the other."""
        values = np.concatenate([part.values for part in parts])
        masked = np.concatenate([part.masked for part in parts])
        return cls(values, masked, signed=parts[0].signed)

    @classmethod
    def mean(cls, parts: Sequence[Codes]) -> Codes:
        """The mean of codes of one shape, rounded half up. It is masked if all codes are."""
        if len(parts) == 1:
            return parts[0]
        total = np.stack([part.values for part in parts]).sum(axis=0, dtype=np.int64)
        masked = np.asarray(np.stack([part.masked for part in parts]).all(axis=0))
        rounded: NDArray[np.int64] = (2 * total + len(parts)) // (2 * len(parts))
        return cls(rounded, masked, signed=parts[0].signed)

    def __getitem__(self, place: Any) -> Codes:
        """Some of the codes, chosen as those of an array."""
        return Codes(self.values[place], self.masked[place], signed=self.signed)

    def sum(self) -> Codes:
        """The sums of columns."""
        total: NDArray[np.int64] = self.values.sum(axis=0, dtype=np.int64)
        masked = np.asarray(self.masked.all(axis=0))
        return Codes(total, masked, signed=self.signed)

    @property
    def sizes(self) -> NDArray[np.integer[Any]]:
        """The codes without their sign."""
        found: NDArray[np.integer[Any]] = np.abs(self.values)
        return found

    @property
    def texts(self) -> list[str]:
        """The codes of a row as every view prints them: ``0.467``, or an en dash where masked."""
        pairs = zip(self.values.tolist(), self.masked.tolist(), strict=True)
        return [
            MASKED_TEXT if masked else format_thousandths(code, signed=self.signed)
            for code, masked in pairs
        ]


def codes(attention: Attention) -> NDArray[np.integer[Any]]:
    """Every weight as an array: in thousandths, `MASKED` where a query may not see a key.

    Returns:
        Shape (layers, heads, queries, keys). The integers are signed if the weights are
        differences.
    """
    return _packed(attention.weights, attention.masked[:, np.newaxis], signed=attention.signed)


def head_codes(attention: Attention, layer: int, head: int) -> NDArray[np.integer[Any]]:
    """The codes of one head as an array, shape (queries, keys)."""
    weights, masked = attention.weights[layer, head], attention.mask_of(layer)
    return _packed(weights, masked, signed=attention.signed)


def format_code(code: int, *, signed: bool = False) -> str:
    """A code as every view prints it: ``0.467``, or an en dash for a masked code.

    Args:
        code: the code in thousandths, or `MASKED`.
        signed: whether the code is a difference, which has a sign: ``+0.123``.
    """
    return MASKED_TEXT if code == MASKED else format_thousandths(code, signed=signed)


def format_thousandths(total: int, *, signed: bool = False) -> str:
    """A weight, or a sum of weights, as every view prints it."""
    whole, part = divmod(abs(total), FULL)
    sign = "−" if total < 0 else "+" if signed and total > 0 else ""
    return f"{sign}{whole}.{part:03d}"


def to_payload(found: NDArray[np.integer[Any]], *, signed: bool) -> NDArray[np.uint16]:
    """Codes as a payload holds them: codes of differences are raised by `FULL`."""
    if not signed:
        return found.astype(np.uint16, copy=False)
    return (found.astype(np.int32) + FULL).astype(np.uint16)


def from_payload(found: NDArray[np.uint16], *, signed: bool) -> NDArray[np.integer[Any]]:
    """The codes of a payload, which undoes `to_payload`."""
    return found.astype(np.int16) - np.int16(FULL) if signed else found


def format_weight(weight: float) -> str:
    """A weight as every view prints it, rounded by the rule of the codes."""
    return format_thousandths(int(_round(np.asarray(weight))))


def score_codes(scores: ArrayLike) -> NDArray[np.uint16]:
    """Scores of heads, which are at least 0, in thousandths; `NO_SCORE` for NaN."""
    known = np.asarray(scores, np.float64)
    missing = np.isnan(known)
    rounded = np.rint(np.where(missing, 0, known) * 1000).astype(np.uint16)
    return np.where(missing, np.uint16(NO_SCORE), rounded)


def _packed(
    weights: NDArray[Any], masked: NDArray[np.bool_], *, signed: bool
) -> NDArray[np.integer[Any]]:
    if signed:
        return np.where(masked, np.int16(MASKED), _round_signed(weights))
    found: NDArray[np.uint16] = _round(weights).view(np.uint16)
    # Nothing is masked in most encoders.
    return np.where(masked, np.uint16(MASKED), found) if masked.any() else found


def _round(weights: NDArray[Any]) -> NDArray[np.int16]:
    """Weights in thousandths, rounded half up."""
    scaled = np.multiply(weights, FULL, dtype=np.float64)
    scaled += 0.5 + _NUDGE
    # Written rows may sum to slightly more than 1, and no score may look like the masked code. The
    # conversion drops the fraction, which rounds down because nothing is below 0.
    rounded: NDArray[np.int16] = np.clip(scaled, 0, FULL).astype(np.int16)
    return rounded


def _round_signed(weights: NDArray[Any]) -> NDArray[np.int16]:
    """Differences in thousandths, their sizes rounded half up."""
    size = np.floor(np.abs(weights.astype(np.float64)) * FULL + (0.5 + _NUDGE))
    rounded: NDArray[np.float64] = np.where(weights < 0, -1, 1) * np.clip(size, 0, FULL)
    return rounded.astype(np.int16)
