"""Requests made ready for a model: grouped, padded, run together and taken apart again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, Part
from sphinx_attention.core.errors import AttentionError, Problem

from ._explain import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.request import Request

    from ._capture import Call
    from ._tokens import Encoded

TOKENS_A_BATCH = 1024
"""Padded tokens of one pass. Measured on two cores: from 2,048 on, activations leave the cache."""

WEIGHTS_A_BATCH = 1 << 25
"""Weights kept of one pass, all layers and heads: 128 MiB."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_ROW_SUM_TOLERANCE = {"float32": 1e-3, "float64": 1e-3}
_HALF_ROW_SUM_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Item:
    """One request, split into tokens.

    Attributes:
        request: what was asked.
        part: the attention that is wanted, settled.
        source: the model's text.
        target: the decoder's text, of encoder-decoder models.
        generated: the decoder's text where the model made it up.
    """

    request: Request
    part: Part
    source: Encoded
    target: Encoded | None = None
    generated: str | None = None

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


def batches(items: Sequence[Item], *, layers: int, heads: int, pads: bool) -> Iterator[list[Item]]:
    """Group items for passes of bounded size.

    Args:
        items: any.
        layers: how many layers' weights an item keeps.
        heads: how many heads a layer has.
        pads: whether texts of unequal lengths may run together.
    """
    group: list[Item] = []
    for item in sorted(items, key=lambda i: i.lengths):
        if group and not _joins(item, group, layers * heads, pads=pads):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _joins(item: Item, group: Sequence[Item], maps: int, *, pads: bool) -> bool:
    if not pads and item.lengths != group[0].lengths:
        return False
    longest = max(max(one.lengths) for one in (item, *group))
    count = len(group) + 1
    return count * longest <= TOKENS_A_BATCH and count * maps * longest**2 <= WEIGHTS_A_BATCH


def model_inputs(
    model: Any, tokenizer: Any, items: Sequence[Item], accepted: Sequence[str], *, extra: int = 0
) -> dict[str, Any]:
    """What a batch's forward pass is given: padded on the right, with masks.

    Args:
        model: for its device.
        tokenizer: for the token that pads.
        items: the batch.
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
    return {name: torch.tensor(rows, device=model.device) for name, rows in inputs.items()}


def _padded(rows: Sequence[Sequence[int]], blank: int, extra: int) -> list[list[int]]:
    longest = max(len(row) for row in rows) + extra
    return [[*row, *([blank] * (longest - len(row)))] for row in rows]


@dataclass(slots=True)
class _Layers:
    """What was kept for one item, a list entry a layer."""

    weights: list[NDArray[np.float32]] = field(default_factory=list)
    masked: list[NDArray[np.bool_]] = field(default_factory=list)
    vectors: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    numbers: list[int | None] = field(default_factory=list)


class Batch:
    """Gathers the layers of a pass and cuts them to each item's own length."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._kept = [_Layers() for _ in items]

    def receive(self, part: Part, _: int, call: Call) -> None:
        """Keep what items of this part need of a layer, as numpy arrays on the host."""
        wanted = [n for n, item in enumerate(self._items) if item.part == part]
        if not wanted:
            return
        weights = _host(call.weights)
        masked = None if call.masked is None else call.masked.cpu().numpy()
        names = {name for n in wanted for name in self._items[n].request.keep}
        vectors = {
            name: _host(tensor)
            for name in sorted(names)
            if (tensor := getattr(call, name)) is not None
        }
        for n in wanted:
            item, kept = self._items[n], self._kept[n]
            queries, keys = (len(side) for side in item.sides)
            if weights.ndim != 4 or not _covers(weights.shape[2:], (queries, keys)):
                raise AttentionError(
                    Problem.MODEL,
                    f"{item.request.source.label} answers with attention of the shape "
                    f"{weights.shape}, not one weight for each pair of its {queries} and {keys} "
                    "tokens",
                )
            kept.weights.append(weights[n, :, :queries, :keys].copy())
            if masked is not None:
                kept.masked.append(masked[n, :queries, :keys].copy())
            for name in set(item.request.keep) & vectors.keys():
                length = queries if name == "queries" else keys
                kept.vectors.setdefault(name, []).append(vectors[name][n, :, :length].copy())
            kept.numbers.append(call.number)

    def finish(self, n: int, provenance: dict[str, str]) -> Attention:
        """The attention of one item; what was gathered for it is dropped.

        Raises:
            AttentionError: layers that differ in their heads, or weights that are none.
        """
        item, kept = self._items[n], self._kept[n]
        self._kept[n] = _Layers()
        if len({layer.shape for layer in kept.weights}) != 1:
            raise AttentionError(
                Problem.MODEL,
                f"the layers of {item.request.source.label} have different numbers of heads, "
                "which a figure cannot show",
            )
        weights = np.stack(kept.weights)
        masked = _one_if_equal(kept.masked, weights)
        below = _check(weights, provenance["dtype"], item)
        own = dict(provenance)
        if item.generated is not None:
            own["generated"] = item.generated
        if below:
            own["rows"] = "sum to less than 1"
        if any(n not in (None, i) for i, n in enumerate(kept.numbers)):
            own["layers"] = ",".join(str(n) for n in kept.numbers)
        queries, keys = item.sides
        return Attention(
            query_tokens=queries.tokens,
            key_tokens=keys.tokens,
            weights=weights,
            masked=masked,
            part=item.part,
            label=item.request.source.label,
            queries=_stacked(kept.vectors.get("queries")),
            keys=_stacked(kept.vectors.get("keys")),
            values=_stacked(kept.vectors.get("values")),
            provenance=own,
        )


def _host(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array


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
    if all(np.array_equal(masked[0], one) for one in masked[1:]):
        return masked[0][None]
    return np.stack(masked)


def _check(weights: NDArray[np.float32], dtype: str, item: Item) -> bool:
    """Whether rows sum to less than 1, as with attention sinks; an error where they are wrong."""
    label = item.request.source.label
    if not np.isfinite(weights).all():
        hint = "" if dtype == "float32" else '; declare the model with "dtype": "float32"'
        raise AttentionError(Problem.MODEL, f"{label} computes NaN in {dtype}{hint}")
    sums = weights.sum(axis=-1)
    tolerance = _ROW_SUM_TOLERANCE.get(dtype, _HALF_ROW_SUM_TOLERANCE)
    if float(weights.min()) < 0 or float(sums.max()) > 1 + tolerance:
        raise AttentionError(
            Problem.MODEL,
            f"the attention of {label} is no softmax: weights from {weights.min():.3f}, rows that "
            f"sum to up to {sums.max():.3f}",
        )
    return bool(sums.min() < 1 - tolerance)
