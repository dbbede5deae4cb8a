"""The answers of batches, for runners over texts and over pictures."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from sphinx_attention.core.attention import NOTE, Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.remarks import join_remarks

from .loading import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sphinx_attention.core.request import Request

    from .backends import Backend
    from .batch import Batch
    from .items import Item
    from .loading import Loaded
    from .model_once import Guard

Answer = Attention | AttentionError


def answers_in_turn(
    groups: Iterable[Sequence[Item]],
    answer: Callable[[Sequence[Item]], list[tuple[Request, Answer]]],
) -> Iterator[tuple[Request, Answer]]:
    """The answers of several batches, each batch run after the answers of the one before it.

    Args:
        groups: the items of each batch.
        answer: answers a batch.
    """
    for group in groups:
        with quiet():
            answers = answer(group)
        while answers:
            # Answers are popped, so that stored ones are freed before the next batch.
            yield answers.pop()


def answers_of(
    group: Sequence[Item],
    run: Callable[[Sequence[Item]], Batch],
    finish: Callable[[Batch, int, Item], Attention],
    guard_of: Callable[[Item], Guard],
) -> list[tuple[Request, Answer]]:
    """Run one batch; if it fails, run each of its items alone.

    Args:
        group: the items of the batch.
        run: runs items.
        finish: the attention of an item, by its number in the batch.
        guard_of: the guard that turns exceptions about an item into errors.
    """
    ran = guard_of(group[0]).call(run, group)
    if not isinstance(ran, AttentionError):
        return [
            (item.request, guard_of(item).call(finish, ran, n, item))
            for n, item in enumerate(group)
        ]
    if len(group) == 1:
        return [(group[0].request, ran)]
    gc.collect()
    return [answer for item in group for answer in answers_of([item], run, finish, guard_of)]


def provenance_of(loaded: Loaded, backend: Backend, item: Item, *, checked: bool) -> dict[str, str]:
    """How the numbers of an item were made, and remarks for readers.

    Args:
        loaded: the model.
        backend: how the model's attention is captured.
        item: the item with its part.
        checked: whether the model's own output was there to check against.
    """
    provenance = {**loaded.provenance, "capture": backend.name}
    if not checked:
        provenance["verified"] = "no: the model returns no attention of its own"
    if note := join_remarks((*backend.notes, backend.part_notes.get(item.part, ""))):
        provenance[NOTE] = note
    return provenance
