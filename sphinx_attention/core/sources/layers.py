"""Which layers of a model a figure shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def choose_layers(
    label: str, heads: Mapping[int, int], wanted: Sequence[int] | None
) -> tuple[tuple[int, ...], str]:
    """The layers of a figure, in order, and what readers have to know of the others.

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
        note = f"{_layers(others)} with other numbers of heads left out" if others else ""
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


def _layers(numbers: Sequence[int]) -> str:
    return f"layer{'s' if numbers[1:] else ''} {ranges(numbers)}"


def _listed(numbers: Sequence[int]) -> str:
    gaps = numbers[-1] - numbers[0] != len(numbers) - 1
    return ", ".join(map(str, numbers)) if gaps else f"{numbers[0]} to {numbers[-1]}"


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in order, those in a row as a range."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(a) if a == b else f"{a}\u2013{b}" for a, b in runs]
    return ", ".join(words[:-1]) + (" and " if words[1:] else "") + words[-1]
