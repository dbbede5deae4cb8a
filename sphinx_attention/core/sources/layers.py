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
    """The layers of a figure in order, and a remark about the other layers; empty without any.

    All layers of a figure have the same number of heads. If the layers of a model differ and the
    author names none, the figure has the layers with the most frequent number of heads.

    Args:
        label: what figures call the model.
        heads: how many heads each layer with attention has, by its number, in order.
        wanted: the numbers of the layers that the author named; None if there are none.

    Raises:
        AttentionError: a named layer does not exist, or the named layers have different numbers of
            heads.
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
        differing = ", ".join(f"layer {number} has {heads[number]}" for number in sorted(wanted))
        raise AttentionError(
            Problem.OPTION,
            f"layers: the layers of one figure need equally many heads, and of {label} "
            f"{differing}; name layers that are alike",
        )
    return tuple(number for number in heads if number in wanted), ""


def _listed(numbers: Sequence[int]) -> str:
    gaps = numbers[-1] - numbers[0] != len(numbers) - 1
    return ", ".join(map(str, numbers)) if gaps else f"{numbers[0]} to {numbers[-1]}"
