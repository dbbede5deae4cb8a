"""Requests made ready for a model: grouped, padded, run together and taken apart again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.bins import LEAST_SHARE, account
from sphinx_attention.core.attention import REST, WARNING, Attention, Candidate, Part
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.generation import does_not_generate
from sphinx_attention.core.sources.logit_terms import with_logit_terms

from .kept import Kept, block_token, one_if_equal
from .layer_call import Call, terms_of
from .logit_terms import HostTerms, host
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.request import Request

    from .inputs import Encoded

WEIGHTS_A_BATCH = 1 << 25
"""Weights kept of one pass, all layers and heads: 128 MiB."""

_TOKENS_A_PASS = 30
"""What a pass costs beside its tokens, in tokens: measured, 20 on one core and 40 on two."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_ROW_SUM_TOLERANCE = {"float32": 2 * LEAST_SHARE, "float64": 2 * LEAST_SHARE}
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
        part: the attention that is wanted, resolved.
        source: the model's text.
        target: the decoder's text, of encoder-decoder models.
        generated: the decoder's text where the model made it up.
        layers: the numbers of the layers that are wanted, resolved, in order.
        note: what readers have to know of the layers that are left out.
        continued: the text of the tokens with which the model went on from its text.
        candidates: what it chose from at each of them.
    """

    request: Request
    part: Part
    source: Encoded
    target: Encoded | None = None
    generated: str | None = None
    layers: tuple[int, ...] = ()
    note: str = ""
    continued: str = ""
    candidates: tuple[tuple[Candidate, ...], ...] = ()

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


def with_shared_targets(items: Sequence[Item]) -> list[Item]:
    """Give items of an encoder the decoder's text of an item that reads the same source.

    An encoder's attention does not depend on the decoder's text, so that one pass then answers for
    all parts of a text.

    Args:
        items: any; those that are no encoder's, or whose request names a target, stay as they are.
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
        self._kept = [Kept() for _ in items]
        places: dict[Hashable, int] = {}
        self._row = [places.setdefault(item.reading, len(places)) for item in items]
        first = {row: n for n, row in reversed(list(enumerate(self._row)))}
        self.rows = [items[first[row]] for row in range(len(places))]
        self.wanted: dict[Part, frozenset[int]] = {}
        for item in items:
            self.wanted[item.part] = self.wanted.get(item.part, frozenset()).union(item.layers)
        source, target = (max(lengths) for lengths in zip(*(i.lengths for i in items), strict=True))
        self._lengths = lengths_of(source, target)

    def receive(self, part: Part, number: int, call: Call) -> None:
        """Keep what items of this part need of a layer, as numpy arrays on the host.

        Raises:
            AttentionError: weights that are not one for each pair of tokens.
        """
        wanted = [
            n for n, item in enumerate(self._items) if item.part == part and number in item.layers
        ]
        if not wanted:
            return
        if unfit := misfit(call, self._lengths[part]):
            label = self._items[wanted[0]].request.source.label
            raise AttentionError(
                Problem.MODEL, f"layer {number} of {label} cannot be shown: {unfit}"
            )
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
            columns = call.columns(keys)
            kept.add(weights[row][:, :queries, columns], len(item.layers))
            kept.blocks.append(call.blocks_of(keys))
            kept.sinks.append(call.sinks is not None)
            if masked is not None:
                kept.add_mask(masked[row][:queries, columns])
            for name in set(item.request.keep) & vectors.keys():
                own = slice(queries) if name == "queries" else columns
                kept.add_vector(name, vectors[name][row][:, own])
            if terms is not None and _asks_for_sums(item):
                kept.terms.append(terms.cut(row, queries, columns))

    def finish(self, n: int, provenance: dict[str, str]) -> Attention:
        """The attention of one item; what was gathered for it is dropped.

        Raises:
            AttentionError: layers that differ in their heads, or weights that are none.
        """
        item, kept = self._items[n], self._kept[n]
        self._kept[n] = Kept()
        queries, keys = item.sides
        blocks = kept.unite(len(keys))
        weights = kept.stacked()
        if weights is None or kept.layers != len(item.layers):
            raise AttentionError(
                Problem.MODEL,
                f"the layers of {item.request.source.label} have different numbers of heads, "
                "which a figure cannot show",
            )
        _check(weights, provenance["dtype"], item)
        own = dict(provenance)
        if item.generated is not None:
            own["generated"] = item.generated
        if item.candidates:
            own["continued"] = item.continued
        if warning := next((side.warning for side in item.sides if side.warning), ""):
            own[WARNING] = warning
        if item.note:
            own["note"] = "; ".join(filter(None, (own.get("note"), item.note)))
        attention = Attention(
            query_tokens=queries.tokens,
            key_tokens=(*keys.tokens, *(block_token(keys.tokens, block) for block in blocks)),
            weights=weights,
            masked=one_if_equal(kept.masked, weights),
            part=item.part,
            label=item.request.source.label,
            queries=kept.stacked_vectors("queries"),
            keys=kept.stacked_vectors("keys"),
            values=kept.stacked_vectors("values"),
            provenance=own,
            layer_names=tuple(str(number) for number in item.layers),
            candidates=item.candidates,
        )
        _check_growth(attention)
        if _asks_for_sums(item):
            attention = with_logit_terms(attention, kept.terms)
        return _accounted(attention, kept.sinks, _tolerance(provenance["dtype"]))


def lengths_of(source: int, target: int) -> dict[Part, tuple[int, int]]:
    """How many tokens attend and are attended to in each part, with padding.

    Args:
        source: tokens of the text.
        target: tokens of the decoder's text; 0 where there is none.
    """
    own = target or source
    return {"encoder": (source, source), "decoder": (own, own), "cross": (own, source)}


def misfit(call: Call, lengths: tuple[int, int]) -> str:
    """Why weights are not one for each pair of tokens, in words; empty where they are.

    Args:
        call: what a layer computed.
        lengths: how many tokens attend and are attended to, with padding.
    """
    shape = tuple(call.weights.shape)
    queries, keys = lengths
    if len(shape) == 4 and shape[2:] == (queries, keys + len(call.blocks)):
        return ""
    found = " × ".join(map(str, shape[2:] if len(shape) == 4 else shape[1:]))
    return f"it has {found} weights a head, and there are {queries} × {keys} pairs of tokens"


def _accounted(attention: Attention, sinks: Sequence[bool], tolerance: float) -> Attention:
    """The attention with a bin for what its rows give to no token, where there is such."""
    missing = 1 - attention.weights.sum(axis=(-1,), dtype=np.float64)
    blind = np.logical_and.reduce(attention.masked, axis=-1)
    missing[np.broadcast_to(blind[:, None], missing.shape)] = 0
    lacking = missing.max(axis=(1, 2), initial=0) >= tolerance
    known = np.array(sinks, dtype=np.bool_)
    if (lacking & known).any():
        # The share of a sink may be small in some layers, and is a sink's all the same.
        attention = account(attention, (known & (missing.max(axis=(1, 2)) > 0)).tolist())
    if (lacking & ~known).any():
        attention = account(attention, (lacking & ~known).tolist(), name=REST)
    return attention


def _check_growth(attention: Attention) -> None:
    """Make sure that the rows of a text that a model went on from are those of its growing text.

    Raises:
        AttentionError: a row would be another one if later tokens were not there.
    """
    if not attention.candidates:
        return
    label = attention.label
    if not attention.same_tokens:
        raise does_not_generate(label, "attends to blocks of tokens, which change as a text grows")
    if not attention.causal:
        raise does_not_generate(label, "lets tokens see later ones, so that rows change")


def _asks_for_sums(item: Item) -> bool:
    return {"queries", "keys"} <= set(item.request.keep)


def _tolerance(dtype: str) -> float:
    return _ROW_SUM_TOLERANCE.get(dtype, _HALF_ROW_SUM_TOLERANCE)


def _check(weights: NDArray[np.float32], dtype: str, item: Item) -> None:
    """Make sure that rows are numbers from 0 that sum to 1 at most.

    Raises:
        AttentionError: they are not.
    """
    label = item.request.source.label
    sums = weights.sum(axis=-1)
    if not np.isfinite(sums).all():
        hint = "" if dtype == "float32" else '; declare the model with "dtype": "float32"'
        raise AttentionError(Problem.MODEL, f"{label} computes NaN in {dtype}{hint}")
    if float(weights.min()) < 0 or float(sums.max()) > 1 + _tolerance(dtype):
        raise AttentionError(
            Problem.MODEL,
            f"the attention of {label} is no softmax: weights from {weights.min():.3f}, rows that "
            f"sum to up to {sums.max():.3f}",
        )


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
