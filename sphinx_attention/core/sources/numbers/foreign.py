"""The arrays of programs: NumPy arrays, tensors of any library, nested lists, lists of layers."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 1e9
"""The largest number in queries, keys and values, as in the store."""

_NOT_RETURNED = (
    "the model did not return them; call it with output_attentions=True, and load it with "
    'attn_implementation="eager"'
)


def as_array(value: Any, problem: Problem = Problem.FUNCTION) -> NDArray[Any]:
    """Any array-like value as an array. Tensors are read without importing their library.

    Args:
        value: an array, a tensor, nested lists, or a sequence with a tensor for each layer.
        problem: the kind of the problem in errors.

    Raises:
        AttentionError: the value is not an array.
    """
    if value is None:
        raise AttentionError(problem, f"the weights are None: {_NOT_RETURNED}")
    if isinstance(value, list | tuple):
        if missing := [str(n) for n, one in enumerate(value) if one is None]:
            raise AttentionError(
                problem, f"the weights of layer {', '.join(missing)} are None: {_NOT_RETURNED}"
            )
        if any(hasattr(one, "detach") for one in value):
            # Models return one tensor for each layer.
            return _stacked([as_array(one, problem) for one in value], problem)
        shapes = {one.shape for one in value if isinstance(one, np.ndarray)}
        if len(shapes) > 1:
            return _stacked([as_array(one, problem) for one in value], problem)
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(getattr(value, "dtype", "")).endswith("bfloat16"):
            # NumPy does not have this type of numbers.
            value = value.float()
        value = value.numpy()
    try:
        array = (
            np.ma.asanyarray(value) if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
        )
    except (ValueError, TypeError) as error:
        what = (str(error).splitlines() or [""])[0]
        raise AttentionError(problem, f"the numbers are no array: {what}") from None
    if array.dtype == object and array.ndim > 1 and all(isinstance(n, Real) for n in array.flat):
        return array.astype(np.float64)  # Fractions, and whole numbers of any size.
    return array


def _stacked(parts: list[NDArray[Any]], problem: Problem) -> NDArray[Any]:
    if len({part.shape for part in parts}) > 1:
        shapes = ", ".join(str(part.shape) for part in parts[:4])
        raise AttentionError(
            problem, f"its layers have different shapes: {shapes}; make one shape of them"
        )
    return np.stack(parts)


def as_vectors(
    value: Any, name: str, *, shape: tuple[int, int, int], problem: Problem
) -> NDArray[np.float32]:
    """Queries, keys or values, as shape (layers, heads, tokens, dimensions).

    Args:
        value: as for `as_array`. Leading axes may be missing.
        name: ``queries``, ``keys`` or ``values``, for messages.
        shape: layers, query heads and tokens. Heads may share keys and values.
        problem: the kind of the problem in errors.

    Raises:
        AttentionError: the shape is another one, or a number is not finite.
    """
    array = as_array(value, problem)
    if array.ndim == 5 and array.shape[1] == 1:
        array = array[:, 0]
    array = array.reshape((1,) * (4 - array.ndim) + array.shape) if array.ndim < 4 else array
    layers, heads, tokens = shape
    # One head of keys may serve several heads of queries.
    fits = array.ndim == 4 and array.shape[0] == layers and array.shape[2] == tokens
    own = array.shape[1] if fits else 0
    if not own or heads % own or (name == "queries" and own != heads) or not array.shape[3]:
        kind = "heads" if name == "queries" else "heads, or fewer that divide them"
        raise AttentionError(
            problem,
            f"{name} of the shape {array.shape}: expected ({layers}, {heads}, {tokens}, "
            f"dimensions), which is (layers, {kind}, tokens, dimensions)",
        )
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise AttentionError(problem, f"{name} are {array.dtype}, not real numbers")
    with np.errstate(all="ignore"):
        made = array.astype(np.float32)
    if not (np.abs(made) <= _LARGEST).all():
        raise AttentionError(problem, f"{name} hold a number that is not finite, or above 10^9")
    return made


def as_norms(value: Any, shape: tuple[int, int, int], problem: Problem) -> NDArray[np.float32]:
    """Lengths of what each key adds, as shape (layers, heads, keys).

    Args:
        value: as for `as_array`. Leading axes may be missing.
        shape: layers, heads and keys.
        problem: the kind of the problem in errors.

    Raises:
        AttentionError: the shape is another one, or a number is not a length.
    """
    array = as_array(value, problem)
    array = array.reshape((1,) * (3 - array.ndim) + array.shape) if array.ndim < 3 else array
    if array.shape != shape:
        raise AttentionError(
            problem, f"norms of the shape {array.shape}: expected {shape}, (layers, heads, keys)"
        )
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise AttentionError(problem, f"norms are {array.dtype}, not real numbers")
    with np.errstate(all="ignore"):
        made = array.astype(np.float32)
    if not ((made >= 0) & (made <= _LARGEST)).all():
        raise AttentionError(problem, "norms hold a number that is not from 0 to 10^9")
    return made
