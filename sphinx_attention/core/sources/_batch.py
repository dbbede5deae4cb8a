"""Requests made ready for a model: grouped, padded, run together and taken apart again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, Part
from sphinx_attention.core.errors import AttentionError, Problem

from ._call import Call, terms_of
from ._explain import require
from ._scoring import HostTerms, LayerTerms, host, scored

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.request import Request

    from ._tokens import Encoded

WEIGHTS_A_BATCH = 1 << 25
"""Weights kept of one pass, all layers and heads: 128 MiB."""

_TOKENS_A_PASS = 30
"""What a pass costs beside its tokens, in tokens: measured, 20 on one core and 40 on two."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_ROW_SUM_TOLERANCE = {"float32": 1e-3, "float64": 1e-3}
_HALF_ROW_SUM_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Room:
    """How much one pass may take up.

    Attributes:
        tokens: with padding. Measured on two cores: from 2,048 on, activations leave the cache.
        weights: of one layer, all heads and texts; eager functions hold three or four times that.
    """

    tokens: int = 1024
    weights: int = 1 << 22


ON_DEVICE = Room(tokens=1 << 14, weights=1 << 26)
"""For a device that a small batch would leave idle."""


@dataclass(frozen=True, slots=True)
class Item:
    """One request, split into tokens.

    Attributes:
        request: what was asked.
        part: the attention that is wanted, settled.
        source: the model's text.
        target: the decoder's text, of encoder-decoder models.
        generated: the decoder's text where the model made it up.
        layers: the numbers of the layers that are wanted, settled, in order.
    """

    request: Request
    part: Part
    source: Encoded
    target: Encoded | None = None
    generated: str | None = None
    layers: tuple[int, ...] = ()

    @property
    def sides(self) -> tuple[Encoded, Encoded]:
        """What attends, and what is attended to."""
        target = self.target or self.source
        own: dict[Part, tuple[Encoded, Encoded]] = {
            "encoder": (self.source, self.source),
            "decoder": (target, target),
            "cross": (target, self.source),
        }
        return own[self.part]

    @property
    def lengths(self) -> tuple[int, int]:
        """Tokens of the text and of the decoder's."""
        return len(self.source), len(self.target or ())

    @property
    def reading(self) -> Hashable:
        """All that the model reads. Items that are equal in it need only one pass."""
        sides = (self.source, self.target)
        return tuple(
            tuple((name, tuple(row)) for name, row in sorted(side.inputs.items()))
            for side in sides
            if side is not None
        )


@dataclass(slots=True)
class _Row:
    """Items that read the same, and so share a row of a batch."""

    items: list[Item]

    @property
    def longest(self) -> int:
        return max(self.items[0].lengths)

    @property
    def layers(self) -> int:
        return sum(len(item.layers) for item in self.items)


def batches(
    items: Sequence[Item], *, heads: int, pads: bool, room: Room | None = None
) -> Iterator[list[Item]]:
    """Group items for passes of bounded size, so that padding and passes together cost least.

    Args:
        items: any.
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
    """Where to cut rows, sorted by length, into batches: by dynamic programming, from the front."""
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


def model_inputs(
    model: Any, tokenizer: Any, items: Sequence[Item], accepted: Sequence[str], *, extra: int = 0
) -> dict[str, Any]:
    """What a batch's forward pass is given: padded on the right, with masks.

    Args:
        model: for its device.
        tokenizer: for the token that pads.
        items: the batch, one a row.
        accepted: names of the arguments of the model's forward.
        extra: how much longer than the longest text to pad, to try padding out.

    Returns:
        Tensors of shape (batch, tokens) by argument name.
    """
    torch = require("torch")
    # Padding is masked, so that any token does where a tokenizer has none for it.
    blank = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": 0, "attention_mask": 0}
    inputs: dict[str, Any] = {}
    sources = [item.source for item in items]
    for name in _INPUTS:
        if name in accepted and all(name in s.inputs or name == "attention_mask" for s in sources):
            rows = [s.inputs.get(name, [1] * len(s)) for s in sources]
            inputs[name] = _padded(rows, blank[name], extra)
    targets = [item.target for item in items if item.target is not None]
    if targets:
        inputs["decoder_input_ids"] = _padded([t.ids for t in targets], blank["input_ids"], extra)
        if "decoder_attention_mask" in accepted:
            inputs["decoder_attention_mask"] = _padded([[1] * len(t) for t in targets], 0, extra)
    return {name: torch.tensor(rows, device=device_of(model)) for name, rows in inputs.items()}


def _padded(rows: Sequence[Sequence[int]], blank: int, extra: int) -> list[list[int]]:
    longest = max(len(row) for row in rows) + extra
    return [[*row, *([blank] * (longest - len(row)))] for row in rows]


@dataclass(slots=True)
class _Kept:
    """What was kept for one item.

    Attributes:
        weights: shape (layers, heads, queries, keys); None before the first layer.
        layers: how many layers came.
        uneven: whether they differ in their heads.
        masked: the mask of each layer; the same object where they are equal.
        vectors: queries, keys and values, a list entry a layer.
        terms: how each layer scores.
    """

    weights: NDArray[np.float32] | None = None
    layers: int = 0
    uneven: bool = False
    masked: list[NDArray[np.bool_]] = field(default_factory=list)
    vectors: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    terms: list[LayerTerms] = field(default_factory=list)

    def add(self, weights: NDArray[np.float32], layers: int) -> None:
        """Keep a copy of one layer's weights, of so many that are to come."""
        if self.weights is None:
            self.weights = np.empty((layers, *weights.shape), dtype=np.float32)
        if self.weights.shape[1:] != weights.shape:
            self.uneven = True
        else:
            self.weights[self.layers] = weights
        self.layers += 1

    def add_mask(self, masked: NDArray[np.bool_]) -> None:
        """Keep one layer's mask, copied only where it differs from the one before."""
        same = bool(self.masked) and np.array_equal(self.masked[-1], masked)
        self.masked.append(self.masked[-1] if same else masked.copy())


class Batch:
    """Gathers the layers of a pass and cuts them to each item's own length.

    Args:
        items: those that run together.

    Attributes:
        rows: an item for each row of the pass; items that read the same share one.
        wanted: the numbers of the layers that any of them needs, by part.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._kept = [_Kept() for _ in items]
        places: dict[Hashable, int] = {}
        self._row = [places.setdefault(item.reading, len(places)) for item in items]
        first = {row: n for n, row in reversed(list(enumerate(self._row)))}
        self.rows = [items[first[row]] for row in range(len(places))]
        self.wanted: dict[Part, frozenset[int]] = {}
        for item in items:
            self.wanted[item.part] = self.wanted.get(item.part, frozenset()).union(item.layers)

    def receive(self, part: Part, number: int, call: Call) -> None:
        """Keep what items of this part need of a layer, as numpy arrays on the host."""
        wanted = [
            n for n, item in enumerate(self._items) if item.part == part and number in item.layers
        ]
        if not wanted:
            return
        weights = host(call.weights)
        masked = None if call.masked is None else call.masked.cpu().numpy()
        names = {name for n in wanted for name in self._items[n].request.keep}
        vectors = {
            name: host(tensor)
            for name in sorted(names)
            if (tensor := getattr(call, name)) is not None
        }
        scores = vectors.keys() >= {"queries", "keys"}
        terms = HostTerms(terms_of(call)) if scores else None
        for n in wanted:
            item, kept, row = self._items[n], self._kept[n], self._row[n]
            queries, keys = (len(side) for side in item.sides)
            if weights.ndim != 4 or not _covers(weights.shape[2:], (queries, keys)):
                raise AttentionError(
                    Problem.MODEL,
                    f"{item.request.source.label} answers with attention of the shape "
                    f"{weights.shape}, not one weight for each pair of its {queries} and {keys} "
                    "tokens",
                )
            kept.add(weights[row, :, :queries, :keys], len(item.layers))
            if masked is not None:
                kept.add_mask(masked[row, :queries, :keys])
            for name in set(item.request.keep) & vectors.keys():
                length = queries if name == "queries" else keys
                kept.vectors.setdefault(name, []).append(vectors[name][row, :, :length].copy())
            if terms is not None and _asks_for_sums(item):
                kept.terms.append(terms.cut(row, queries, keys))

    def finish(self, n: int, provenance: dict[str, str]) -> Attention:
        """The attention of one item; what was gathered for it is dropped.

        Raises:
            AttentionError: layers that differ in their heads, or weights that are none.
        """
        item, kept = self._items[n], self._kept[n]
        self._kept[n] = _Kept()
        if kept.weights is None or kept.uneven or kept.layers != len(item.layers):
            raise AttentionError(
                Problem.MODEL,
                f"the layers of {item.request.source.label} have different numbers of heads, "
                "which a figure cannot show",
            )
        below = _check(kept.weights, provenance["dtype"], item)
        own = dict(provenance)
        if item.generated is not None:
            own["generated"] = item.generated
        if below:
            own["rows"] = "sum to less than 1"
        queries, keys = item.sides
        attention = Attention(
            query_tokens=queries.tokens,
            key_tokens=keys.tokens,
            weights=kept.weights,
            masked=_one_if_equal(kept.masked, kept.weights),
            part=item.part,
            label=item.request.source.label,
            queries=_stacked(kept.vectors.get("queries")),
            keys=_stacked(kept.vectors.get("keys")),
            values=_stacked(kept.vectors.get("values")),
            provenance=own,
            layer_names=tuple(str(number) for number in item.layers),
        )
        return scored(attention, kept.terms) if _asks_for_sums(item) else attention


def _asks_for_sums(item: Item) -> bool:
    return {"queries", "keys"} <= set(item.request.keep)


def _covers(shape: Sequence[int], lengths: tuple[int, int]) -> bool:
    return shape[0] >= lengths[0] and shape[1] >= lengths[1]


def _stacked(layers: list[NDArray[np.float32]] | None) -> NDArray[np.float32] | None:
    """None too where layers differ in shape: half an answer would be a wrong one."""
    if not layers or len({layer.shape for layer in layers}) != 1:
        return None
    return np.stack(layers)


def _one_if_equal(
    masked: Sequence[NDArray[np.bool_]], weights: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """The mask of each layer, or one for all; where none was told, what nothing ever sees."""
    if not masked:
        unseen: NDArray[np.bool_] = (weights == 0).all(axis=(0, 1))
        return unseen[None]
    if all(one is masked[0] or np.array_equal(masked[0], one) for one in masked[1:]):
        return masked[0][None]
    return np.stack(masked)


def _check(weights: NDArray[np.float32], dtype: str, item: Item) -> bool:
    """Whether rows sum to less than 1, as with attention sinks; an error where they are wrong."""
    label = item.request.source.label
    sums = weights.sum(axis=-1)
    if not np.isfinite(sums).all():
        hint = "" if dtype == "float32" else '; declare the model with "dtype": "float32"'
        raise AttentionError(Problem.MODEL, f"{label} computes NaN in {dtype}{hint}")
    tolerance = _ROW_SUM_TOLERANCE.get(dtype, _HALF_ROW_SUM_TOLERANCE)
    if float(weights.min()) < 0 or float(sums.max()) > 1 + tolerance:
        raise AttentionError(
            Problem.MODEL,
            f"the attention of {label} is no softmax: weights from {weights.min():.3f}, rows that "
            f"sum to up to {sums.max():.3f}",
        )
    return bool(sums.min() < 1 - tolerance)


def device_of(model: Any) -> Any:
    """Where a model computes, which is where its inputs go.

    Weights that do not fit anywhere lie on the disk and are fetched layer by layer: such a model
    calls its device ``meta``, and computes on its first accelerator, or else the processor.
    """
    if model.device.type != "meta":
        return model.device
    places = getattr(model, "hf_device_map", {}).values()
    accelerators = [place for place in places if place not in {"cpu", "disk"}]
    return require("torch").device(accelerators[0] if accelerators else "cpu")
