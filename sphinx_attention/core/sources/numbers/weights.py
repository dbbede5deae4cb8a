"""Checks that numbers are attention weights, with guesses about those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named, option

from .look_alikes import ROW_SUM_TOLERANCE, look_of, not_finite, why_negative

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .given import Given

MOST_NUMBERS = 2**26
"""The most weights that are read: 512 MiB in double precision."""

_AXES = {
    1: "(keys)",
    2: "(queries, keys)",
    3: "(heads, queries, keys)",
    4: "(layers, heads, queries, keys)",
    5: "(layers, batch, heads, queries, keys)",
}


class WeightsError(AttentionError):
    """Numbers that are not weights.

    Attributes:
        row: layer, head and row of the first mistake; None if no single row is wrong.
    """

    def __init__(
        self, problem: Problem, message: str, row: tuple[int, int, int] | None = None
    ) -> None:
        super().__init__(problem, message)
        self.row = row

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            type(self),
            (self.problem, self.neutral, self.row),
            {"line": self.line, "trace": self.trace, "words": self.words},
        )


class MaskedWeightError(WeightsError):
    """A weight that is not 0 on a key that is masked."""


def as_layers_and_heads(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Weights in the shape (layers, heads, queries, keys).

    Args:
        numbers: two dimensions (queries, keys), three (heads, queries, keys) or four; or five,
            where the second is a batch of one text.

    Raises:
        AttentionError: there are fewer or more dimensions, the matrix is empty, or holds other
            values than numbers.
    """
    if not np.issubdtype(numbers.dtype, np.number) or np.iscomplexobj(numbers):
        raise AttentionError(
            Problem.MATRIX, f"the weights are {_kind_of(numbers.dtype)}, not real numbers"
        )
    if numbers.ndim == 5 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if not 2 <= numbers.ndim <= 4 or 0 in numbers.shape:
        raise AttentionError(
            Problem.MATRIX,
            f"the weights have the shape {numbers.shape}; they need {_AXES[2]}, {_AXES[3]} or "
            f"{_AXES[4]}{_mend(numbers.shape)}",
        )
    if numbers.size > MOST_NUMBERS:
        raise AttentionError(
            Problem.MATRIX,
            f"the weights are {numbers.size:,} numbers, and {MOST_NUMBERS:,} are read at most; "
            "keep fewer layers or heads",
        )
    missing = (1,) * (4 - numbers.ndim)
    with np.errstate(all="ignore"):
        return numbers.astype(np.float64).reshape(missing + numbers.shape)


def _kind_of(dtype: np.dtype[Any]) -> str:
    if dtype.hasobject:
        return "Python objects (object)"
    return {"U": "texts", "S": "bytes", "b": "truth values (bool)"}.get(dtype.kind, str(dtype))


def _mend(shape: tuple[int, ...]) -> str:
    if 0 in shape:
        return "; one of the axes is empty"
    if len(shape) == 1:
        return (
            f"; {shape[0]} numbers, one weight a word, are one row: a matrix has one for each word"
        )
    if len(shape) == 5:
        return (
            f"; five axes are {_AXES[5]}, as `torch.stack(outputs.attentions)` makes them: take "
            f"one of the {shape[1]} texts of the batch, `weights[:, 0]`"
        )
    if len(shape) > 5:
        return "; take one step and one text, so that four axes are left"
    return ""


def axes_of(weights: NDArray[Any]) -> str:
    """The shape of weights in words, such as ``12 heads of 9 rows and 9 columns``."""
    layers, heads, rows, columns = weights.shape
    table = f"{rows} rows (queries) and {columns} columns (keys)"
    if layers > 1:
        return f"{layers} layers of {heads} heads of {table}"
    return f"{heads} heads of {table}" if heads > 1 else table


def truths(masked: NDArray[Any] | None) -> NDArray[Any] | None:
    """A mask as truth values.

    Raises:
        AttentionError: there are other values than true, false, 1 and 0.
    """
    if masked is None:
        return None
    if masked.dtype.kind not in "biuf" or not np.isin(masked, (0, 1)).all():
        raise AttentionError(
            Problem.MATRIX,
            "masked holds other values than true (the key is masked) and false; a mask that is "
            "added to logits, of 0 and minus infinity, is made into one by `mask < 0`",
        )
    return masked.astype(np.bool_)


def mask_of(given: Given, weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The mask of all heads together.

    Args:
        given: numbers of two to five dimensions, and a mask of the same, or of fewer.
        weights: the numbers, shape (layers, heads, queries, keys).

    Returns:
        Shape (1 or layers, queries, keys).

    Raises:
        AttentionError: the mask has another shape, or differs from head to head.
    """
    layers, heads, rows, columns = weights.shape
    if given.masked is None:
        return np.zeros((1, rows, columns), dtype=np.bool_)
    masked = np.asarray(given.masked, dtype=np.bool_)
    while masked.ndim > 2 and masked.shape[0] == 1:
        masked = masked[0]
    if masked.shape == (rows, columns):
        return masked[None]
    if masked.shape in {(layers, 1, rows, columns), (layers, 1, heads, rows, columns)}:
        masked = masked[:, 0]
    if masked.shape == (layers, rows, columns) and layers > 1:
        return masked
    if masked.size != weights.size or masked.shape[-2:] != (rows, columns):
        raise AttentionError(
            Problem.MATRIX,
            f"masked has the shape {masked.shape}; it needs ({rows}, {columns}), (queries, keys), "
            f"or ({layers}, {rows}, {columns}), (layers, queries, keys)",
        )
    each = masked.reshape(weights.shape)
    if (each != each[:, :1]).any():
        layer, head, row = (int(n) for n in np.argwhere((each != each[:, :1]).any(axis=3))[0])
        raise WeightsError(
            Problem.MATRIX,
            f"head {head}, row {row} masks other keys than head 0; all heads share one mask",
            (layer, head, row),
        )
    same = bool((each == each[:1]).all())
    return each[:1, 0] if same else each[:, 0]


def mask_later(masked: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The mask, in which all later keys are masked, too.

    Args:
        masked: shape (1 or layers, queries, keys).
        weights: shape (layers, heads, queries, keys).

    Raises:
        AttentionError: the numbers of queries and keys differ.
    """
    if weights.shape[2] != weights.shape[3]:
        raise AttentionError(
            Problem.OPTION,
            f"{named('causal')}: only a square matrix has later keys, this one has "
            f"{axes_of(weights)}; remove {option('causal')}",
        )
    return masked | np.triu(np.ones(weights.shape[2:], dtype=np.bool_), 1)


def softmax(
    logits: NDArray[np.float64], masked: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Softmax over the keys that are not masked.

    Args:
        logits: shape (layers, heads, queries, keys); minus infinity masks as well.
        masked: shape (1 or layers, queries, keys).

    Returns:
        The weights, and the mask. Keys whose logits are minus infinity in every head are masked,
        too.

    Raises:
        AttentionError: a logit is NaN or plus infinity, or all keys of a row are masked.
    """
    hidden = np.broadcast_to(masked[:, None], logits.shape)
    for bad, what in (
        (np.isnan(logits) & ~hidden, "is nan, not a finite number"),
        (np.isposinf(logits) & ~hidden, "is infinite, not a finite number"),
    ):
        if bad.any():
            raise _at(bad, what)
    nowhere: NDArray[np.bool_] = np.isneginf(logits)
    masked = masked | np.logical_and.reduce(nowhere, axis=(0, 1))[None]
    logits = np.where(masked[:, None], -np.inf, logits)
    largest = logits.max(axis=-1, keepdims=True)
    empty = np.isneginf(largest)
    if empty.any():
        raise _at(empty, "has no key left: every key is masked", column=False)
    # The difference of two logits may be larger than a float. Its weight is still 0.
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp(logits - largest)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights, masked


def check_weights(
    weights: NDArray[np.floating[Any]],
    masked: NDArray[np.bool_],
    problem: Problem = Problem.MATRIX,
) -> None:
    """Check that numbers are attention weights.

    Args:
        weights: shape (layers, heads, queries, keys).
        masked: shape (1 or layers, queries, keys).
        problem: the kind of the problem in errors.

    Raises:
        WeightsError: an entry is not finite, is negative, or is masked and not zero, or a row does
            not sum to 1. The message names the entry or the row, and guesses what the numbers are.
    """
    hidden = np.broadcast_to(masked[:, None], weights.shape)
    mend = _mend_logits(problem)
    with np.errstate(all="ignore"):
        if (bad := ~np.isfinite(weights)).any():
            raise _at(bad, not_finite(weights, mend), problem=problem)
        if (bad := weights < 0).any():
            raise _at(bad, f"is negative{why_negative(weights, mend)}", problem=problem)
        if (bad := hidden & (weights != 0)).any():
            opposite = masked.any() and not (weights[~hidden] != 0).any()
            hint = "; the mask looks like its opposite: true is where a key may not be seen"
            what = f"is masked and yet not zero{hint if opposite else ''}"
            raise _at(bad, what, problem=problem, kind=MaskedWeightError)
        sums = weights.sum(axis=-1, dtype=np.float64)
        off = np.abs(sums - 1.0)
        if not off.max() > ROW_SUM_TOLERANCE + 1e-6:
            return
        worst = off == off.max()
        total = float(sums[worst][0])
        why = look_of(weights, sums, mend)
    raise _at(
        worst[..., None],
        f"sums to {total:.3f}, not to 1 ({total - 1:+.3f}){why}"
        if total < 1e6
        else f"sums to {total:.3g}, not to 1{why}",
        column=False,
        problem=problem,
    )


def _mend_logits(problem: Problem) -> str:
    """The advice for logits: an option for a matrix, or a softmax in a function."""
    if problem is Problem.FUNCTION:
        return "apply softmax in the function"
    return f"set {option('scores')} to logits"


def _at(
    bad: NDArray[np.bool_],
    what: str,
    *,
    column: bool = True,
    problem: Problem = Problem.MATRIX,
    kind: type[WeightsError] = WeightsError,
) -> WeightsError:
    layer, head, row, _ = (int(n) for n in np.argwhere(bad)[0])
    return kind(problem, f"{_where(bad, column=column)} {what}", (layer, head, row))


def _where(bad: NDArray[np.bool_], *, column: bool = True) -> str:
    """The first true entry of (layers, heads, queries, keys), in words."""
    layer, head, row, key = (int(n) for n in np.argwhere(bad)[0])
    place = f"row {row}, column {key}" if column else f"row {row}"
    if bad.shape[0] > 1:
        return f"layer {layer}, head {head}, {place}"
    return f"head {head}, {place}" if bad.shape[1] > 1 else place
