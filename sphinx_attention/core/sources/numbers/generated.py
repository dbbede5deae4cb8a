"""The attentions that ``generate()`` of transformers returns: a tuple of layers for each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem

from .foreign import as_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_AXES = 4
"""The axes of a layer at a step: batch, heads, queries, keys."""


@dataclass(frozen=True)
class Generated:
    """The attention over a generated text, made from that of each step.

    Attributes:
        weights: shape (layers, heads, queries, keys).
        causal: whether queries and keys are the same tokens, and later keys are masked. Otherwise
            this is a cross-attention.
    """

    weights: NDArray[Any]
    causal: bool


def is_generated(value: Any) -> TypeGuard[Sequence[Sequence[Any]]]:
    """Whether a value has a tuple of layers for each step, as ``generate()`` returns them."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(
        isinstance(step, list | tuple)
        and step
        and all(getattr(layer, "ndim", 0) == _AXES for layer in step)
        for step in value
    )


def assemble(steps: Sequence[Sequence[Any]], problem: Problem) -> Generated:
    """One attention from those of all steps.

    The first step has a row for each token of the prompt. Each later step has the row of the token
    that was written last; or, if the model kept no cache, the rows of all tokens again. The token
    that was written at the last step was never read and has no row.

    Args:
        steps: for each step, one tensor for each layer of the shape (1, heads, queries, keys).
        problem: the kind of a problem in errors.

    Raises:
        AttentionError: a step has several texts, or rows that do not follow those before.
    """
    arrays = [_layers(step, number, problem) for number, step in enumerate(steps)]
    keys = [array.shape[3] for array in arrays]
    if len({array.shape[:2] for array in arrays}) > 1:
        shapes = ", ".join(str(array.shape[:2]) for array in arrays[:4])
        raise AttentionError(problem, f"the steps have different layers or heads: {shapes}")
    first = arrays[0]
    if len(set(keys)) == 1 and (len(keys) > 1 or first.shape[2] != first.shape[3]):
        return Generated(_crossing(arrays, problem), causal=False)
    return Generated(_looking_back(arrays, problem), causal=True)


def _layers(step: Sequence[Any], number: int, problem: Problem) -> NDArray[Any]:
    array = as_array(list(step), problem)
    texts = array.shape[1]
    if texts != 1:
        raise AttentionError(
            problem,
            f"step {number} has the attentions of {texts} texts or beams: generate one text. For "
            "a beam search, give the whole output of generate(), which names the chosen beams",
        )
    return array[:, 0]


def _looking_back(arrays: Sequence[NDArray[Any]], problem: Problem) -> NDArray[Any]:
    """The attention of a text to itself. The rows of a step are those of its last tokens."""
    layers, heads, _, count = arrays[-1].shape
    whole = np.zeros((layers, heads, count, count), arrays[-1].dtype)
    there = 0
    for number, array in enumerate(arrays):
        rows, keys = array.shape[2:]
        if keys > count or keys - rows > there or keys <= there:
            raise AttentionError(
                problem,
                f"step {number} has {rows} rows for {keys} keys, and {there} tokens were read "
                "before it: expected the steps of one call of generate(), from the first to the "
                "last, without a static cache",
            )
        whole[:, :, keys - rows : keys, :keys] = array
        there = keys
    return whole


def _crossing(arrays: Sequence[NDArray[Any]], problem: Problem) -> NDArray[Any]:
    """The attention of a generated text to another text."""
    rows = [arrays[0]]
    count = arrays[0].shape[2]
    for number, array in enumerate(arrays[1:], 1):
        if array.shape[2] not in {1, count + 1}:
            raise AttentionError(
                problem,
                f"step {number} has {array.shape[2]} rows: expected 1, or {count + 1} without a "
                "cache",
            )
        rows.append(array[:, :, -1:])
        count += 1
    return np.concatenate(rows, axis=2)


def of_beams(steps: Sequence[Sequence[Any]], beams: Sequence[int]) -> list[list[Any]]:
    """The attentions of the chosen beam at each step, as a batch of one text.

    Args:
        steps: for each step, one tensor for each layer, with all beams.
        beams: the number of the chosen beam at each step; negative after the end of the text.
    """
    ended = next((n for n, beam in enumerate(beams) if beam < 0), len(beams))
    return [
        [layer[beam : beam + 1] for layer in step]
        for step, beam in zip(steps, beams[:ended], strict=False)
    ]
