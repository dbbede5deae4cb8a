"""Which layers of a model a figure shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.remarks import remark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def choose_layers(
    label: str, heads: Mapping[int, int], wanted: Sequence[int] | None
) -> tuple[tuple[int, ...], str]:
    """The layers of a figure, in order, and a remark about the others, or nothing.

    Layers of one figure have equally many heads. Where a model's layers differ and none is named,
    those are taken that most are like.

    Args:
        label: what figures call the model.
        heads: how many heads each layer with attention has, by its number, in order.
        wanted: the numbers of the layers that were named; None where none was.

    Raises:
        AttentionError: one is not there, or those that are named differ.
    """
    if wanted is None:
        counts = Counter(heads.values())
        usual = max(counts, key=lambda count: (counts[count], count))
        others = [number for number, count in heads.items() if count != usual]
        note = remark("other_heads", layers=others) if others else ""
        return tuple(number for number, count in heads.items() if count == usual), note
    if unknown := sorted(set(wanted) - heads.keys()):
        raise AttentionError(
            Problem.OPTION,
            f"{label} has no layer {unknown[0]}; its layers with attention are "
            f"{_listed(list(heads))}",
        )
    if len({heads[number] for number in wanted}) > 1:
        said = ", ".join(f"layer {number} has {heads[number]}" for number in sorted(wanted))
        raise AttentionError(
            Problem.OPTION,
            f"layers: the layers of one figure need equally many heads, and of {label} {said}; "
            "name layers that are alike",
        )
    return tuple(number for number in heads if number in wanted), ""


def _listed(numbers: Sequence[int]) -> str:
    gaps = numbers[-1] - numbers[0] != len(numbers) - 1
    return ", ".join(map(str, numbers)) if gaps else f"{numbers[0]} to {numbers[-1]}"
