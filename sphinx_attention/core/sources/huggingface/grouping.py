"""Groups requests into passes so that padding and the passes cost least."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from .inputs import Encoded
    from .items import Item


WEIGHTS_A_BATCH = 1 << 25
"""The most weights of all layers and heads that are kept of one pass: 128 MiB."""


_TOKENS_A_PASS = 30
"""The fixed cost of a pass in tokens: measured as 20 on one core and 40 on two."""


@dataclass(frozen=True, slots=True)
class Room:
    """The limits of one pass.

    Attributes:
        tokens: the number of tokens with padding. Measured on two cores, activations no longer fit
            the processor's cache from 2,048 on.
        weights: the number of weights of one layer, for all heads and texts. Eager functions hold
            three or four times as many numbers.
    """

    tokens: int = 1024
    weights: int = 1 << 22


ON_DEVICE = Room(tokens=1 << 14, weights=1 << 26)
"""The room on a device that small batches would leave idle."""


@dataclass(slots=True)
class _Row:
    """Items with the same inputs, which share a row of a batch."""

    items: list[Item]

    @property
    def longest(self) -> int:
        return max(self.items[0].lengths)

    @property
    def layers(self) -> int:
        return sum(len(item.layers) for item in self.items)


def with_shared_targets(items: Sequence[Item]) -> list[Item]:
    """Give items of an encoder the decoder's text of an item with the same source.

    An encoder's attention does not depend on the decoder's text, so that one pass can serve all
    parts of a text.

    Args:
        items: any items. Items of other parts, or with a target in their request, do not change.
    """
    targets: dict[Hashable, Encoded] = {}
    for item in items:
        if item.part != "encoder" and item.target is not None:
            targets.setdefault(replace(item, target=None).reading, item.target)
    return [
        replace(item, target=targets.get(replace(item, target=None).reading, item.target))
        if item.part == "encoder" and item.request.target is None
        else item
        for item in items
    ]


def batches(
    items: Sequence[Item], *, heads: int, pads: bool, room: Room | None = None
) -> Iterator[list[Item]]:
    """Group items for passes of bounded size, so that padding and passes together cost least.

    Args:
        items: any items.
        heads: how many heads a layer has.
        pads: whether texts of unequal lengths may run together.
        room: how much a pass may take up.
    """
    equal: dict[Hashable, _Row] = {}
    for item in items:
        equal.setdefault(item.reading, _Row([])).items.append(item)
    rows = sorted(equal.values(), key=lambda row: row.items[0].lengths)
    runs: dict[Hashable, list[_Row]] = {}
    for row in rows:
        runs.setdefault(None if pads else row.items[0].lengths, []).append(row)
    for run in runs.values():
        start = 0
        for end in _ends(run, heads, room or Room()):
            yield [item for row in run[start:end] for item in row.items]
            start = end


def _ends(rows: Sequence[_Row], heads: int, room: Room) -> list[int]:
    """The ends of the batches of rows that are sorted by length, by dynamic programming."""
    lengths, counts = [row.longest for row in rows], [row.layers for row in rows]
    costs, starts = [0], [0]
    for end in range(1, len(rows) + 1):
        best, longest, layers = (0, -1), 0, 0
        for start in range(end - 1, -1, -1):
            longest = max(longest, lengths[start])
            layers += counts[start]
            padded = (end - start) * longest
            fits = (
                padded <= room.tokens
                and padded * heads * longest <= room.weights
                and layers * heads * longest**2 <= WEIGHTS_A_BATCH
            )
            if not fits and end - start > 1:
                break
            cost = costs[start] + padded + _TOKENS_A_PASS
            if best[1] < 0 or cost < best[0]:
                best = (cost, start)
        costs.append(best[0])
        starts.append(best[1])
    ends = [len(rows)]
    while starts[ends[-1]]:
        ends.append(starts[ends[-1]])
    return ends[::-1]
