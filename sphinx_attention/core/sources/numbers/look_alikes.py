"""Guesses about numbers that are not attention weights, for helpful messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROW_SUM_TOLERANCE = 0.01
"""The largest distance of a row's sum from 1. Three thirds written as 0.33 sum to 0.99."""

_DROPOUTS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""The usual shares of dropout."""

_CLOSE = 0.004
_MOST_HEADS = 10_000


def not_finite(weights: NDArray[np.floating[Any]], mend: str) -> str:
    """The first entry that is not finite, and the usual origin of such an entry.

    Args:
        weights: shape (layers, heads, queries, keys).
        mend: how logits become weights.
    """
    bad = ~np.isfinite(weights)
    first = float(weights[bad][0])
    if np.isnan(first):
        if bad.all(axis=-1).any():
            return (
                "is not a finite number (nan), nor is the rest of its row: a softmax over keys "
                "that are all masked, as in padding, makes such rows; cut the padding off"
            )
        return (
            "is not a finite number (nan); where a key is masked, write -, or give masked in a file"
        )
    if first < 0:
        return (
            "is not a finite number (minus infinity); minus infinity masks a key among logits: if "
            f"these are logits, {mend}; otherwise write - where a key is masked"
        )
    return "is not a finite number (infinity)"


def why_negative(weights: NDArray[np.floating[Any]], mend: str) -> str:
    """The usual origin of negative entries."""
    if weights.min() > -1e-3 and np.abs(weights.sum(axis=-1) - 1).max() < 0.01:
        return f" ({weights.min():.1e}); such a small number is a rounding error: set it to 0"
    if weights.max() <= 0 and np.abs(np.exp(weights).sum(axis=-1) - 1).max() < 0.05:
        return f"; these look like logarithms of weights: take exp of them, or {mend}"
    return f"; if these are logits, {mend}"


def look_of(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64], mend: str) -> str:
    """A guess about non-negative numbers whose rows do not sum to 1; empty without one."""
    if padding := _like_padding(weights, sums):
        return f"; {padding}"
    if (np.abs(sums - 1) > ROW_SUM_TOLERANCE + 1e-6).mean() < 0.5:
        return ""  # A slip in a row or two; the others are weights.
    looks: tuple[Callable[[], str], ...] = (
        lambda: _like_percent(sums),
        lambda: _like_transposed(weights),
        lambda: _like_joint(weights, sums),
        lambda: _like_dropout(weights, sums),
        lambda: _like_counts(weights, sums, mend),
        lambda: _like_sum(weights, sums),
        lambda: _like_rounded(weights, sums),
        lambda: _like_part(sums),
    )
    for look in looks:
        if guess := look():
            return f"; {guess}"
    return f"; if these are logits, {mend}; else divide each row by its sum"


def _like_percent(sums: NDArray[np.float64]) -> str:
    if np.abs(sums - 100).max() > 2:
        return ""
    return "these look like percent: divide them by 100, or write them with the sign, as 50%"


def _like_padding(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64]) -> str:
    """Rows at the end that are 0 in every head."""
    empty = (sums == 0).all(axis=(0, 1))
    count = int(np.argmin(empty[::-1])) if not empty.all() else 0
    if not count or empty[:-count].any() or (np.abs(sums[..., :-count] - 1) > 0.05).any():
        return ""
    rows = weights.shape[2]
    columns = bool((weights[..., -count:] == 0).all()) and weights.shape[3] == rows
    what = f"the last {count} rows" if count > 1 else "the last row"
    cut = (
        f"weights[..., :{rows - count}, :{rows - count}]"
        if columns
        else (f"weights[..., :{rows - count}, :]")
    )
    both = " and columns" if columns else ""
    be = "are" if count > 1 or columns else "is"
    return f"{what}{both} {be} all 0, which looks like padding: cut it off, `{cut}`"


def _like_transposed(weights: NDArray[np.floating[Any]]) -> str:
    if np.abs(weights.sum(axis=-2, dtype=np.float64) - 1).max() > ROW_SUM_TOLERANCE + 1e-6:
        return ""
    return "the columns sum to 1, so that the matrix looks transposed: rows are queries"


def _like_joint(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64]) -> str:
    whole = sums.sum(axis=-1)
    if weights.shape[2] < 2 or np.abs(whole - 1).max() > 0.01:
        return ""
    return "the whole matrix sums to 1, and each row has to: divide each row by its sum"


def _like_dropout(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64]) -> str:
    """Rows that sum to 1/(1-p), less the weights that dropout has removed."""
    largest = float(sums.max())
    if (weights == np.floor(weights)).all():
        return ""
    for share in _DROPOUTS:
        if abs(largest - 1 / (1 - share)) < _CLOSE:
            return (
                f"1 / (1 - {share:g}) is {1 / (1 - share):.3f}: these look like weights after "
                f"dropout of {share:g}, from a model in training mode; call `model.eval()` first"
            )
    scattered = (weights == 0) & (sums > 0)[..., None]
    both = sums.min() < 0.99 and sums.max() > 1.01 and abs(float(sums.mean()) - 1) < 0.15
    if both and scattered.any() and weights.max() <= 2.5:
        return (
            "rows above and below 1 with zeros between look like weights after dropout, from a "
            "model in training mode; call `model.eval()` first"
        )
    return ""


def _like_counts(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64], mend: str) -> str:
    if not 0 < weights.max() < 1e9 or not (weights == np.floor(weights)).all():
        return ""
    del sums
    return (
        "whole numbers look like counts: divide each row by its sum; if these are logits, " + mend
    )


def _like_sum(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64]) -> str:
    """The sum of several heads or layers."""
    mean = float(sums.mean())
    whole = round(mean) if mean < _MOST_HEADS else 0
    if whole < 2 or np.abs(sums - whole).max() > 0.02 * whole:
        return ""
    del weights
    return f"every row sums to {whole}, as if {whole} heads were added up: divide by {whole}"


def _like_rounded(weights: NDArray[np.floating[Any]], sums: NDArray[np.float64]) -> str:
    for digits in (1, 2, 3):
        exact = np.abs(weights * 10**digits - np.round(weights * 10**digits)).max() < 1e-6
        bound = weights.shape[3] * 0.5 * 10**-digits
        if exact and np.abs(sums - 1).max() <= bound + 1e-9:
            return (
                f"the numbers look rounded to {digits} digit{'s' * (digits > 1)}, which may be the "
                "reason: write one more digit"
            )
    return ""


def _like_part(sums: NDArray[np.float64]) -> str:
    if sums.max() > 1 + ROW_SUM_TOLERANCE:
        return ""
    low, high = float(sums.min()), float(sums.max())
    return (
        f"the rows sum to between {low:.2f} and {high:.2f}, so that a part of each row is missing: "
        "a learnt sink, special tokens or weak weights that were left out, or columns that were "
        "averaged where they are to be added; give the whole rows, or divide each by its sum"
    )
