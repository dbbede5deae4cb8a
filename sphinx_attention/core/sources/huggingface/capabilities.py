"""The capabilities of a model, which a trial on one short text shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.remarks import join_remarks
from sphinx_attention.core.request import ModelSource, Request

from .backends import Backend, InterfaceBackend, choose_backend, difference, gather
from .batch import misfit
from .decoder_text import decoder_start
from .inputs import Encoded
from .items import Item, lengths_of
from .page_positions import NOTE as SAME_POSITION
from .page_positions import reads_positions
from .trial import without_map

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from sphinx_attention.core.attention import Part

    from .layer_call import Call
    from .loading import Loaded
    from .own_output import LayerKey

    class InputsOf(Protocol):
        """Makes what a pass over some items is given, padded by ``extra`` more tokens."""

        def __call__(self, items: list[Item], extra: int = 0) -> dict[str, Any]:
            """Tensors by the name of the model's argument."""
            ...


_EXACT, _HALF = 1e-4, 3e-2
"""Differences of weights that count as none, in single and in half precision."""

_TRIED_TOKENS = 4
"""A text of fewer tokens is repeated when a model is tried: one token has no causal mask."""

_TRIED_PADDING = 3
"""How many tokens of padding are added to find out whether padding changes the weights."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The result of the trial of a model.

    Attributes:
        backend: how the model's attention is captured.
        parts: the numbers of the layers of each part that can be shown.
        left_out: why other layers cannot be shown.
        heads: how many heads each layer has.
        pads: whether padding leaves the weights as they are.
        checked: whether the model's own output was there to check against.
        item: the text that the model was tried on.
        tolerance: differences of weights that count as none.
    """

    backend: Backend
    parts: Mapping[Part, tuple[int, ...]]
    left_out: Mapping[LayerKey, str]
    heads: Mapping[LayerKey, int]
    pads: bool
    checked: bool
    item: Item
    tolerance: float

    def learn(self, inputs_of: InputsOf) -> None:
        """Find out which layers may compute fast because nobody looks at them."""
        if isinstance(self.backend, InterfaceBackend):
            paddings = (0, _TRIED_PADDING) if self.pads else (0,)
            tries = [inputs_of([self.item], extra=extra) for extra in paddings]
            self.backend.learn(tries, self.tolerance)

    def note(self, part: Part, others: str, model: Any) -> str:
        """Remarks for readers about a part of a model's attention; empty for none.

        Args:
            part: the part that is shown.
            others: the remark about layers that are left out because their heads are other ones.
            model: the model.
        """
        left_out = [number for other, number in self.left_out if other == part]
        missing = without_map(self.parts[part], left_out, model)
        page = SAME_POSITION if reads_positions(model) else ""
        return join_remarks((others, missing, page))

    def check_left_out(self, part: Part) -> None:
        """Say why a part that the model has cannot be shown.

        Raises:
            AttentionError: the model has the part, and none of its layers can be shown.
        """
        for (other, number), why in self.left_out.items():
            if other == part:
                label = self.item.request.source.label
                raise AttentionError(
                    Problem.MODEL,
                    f"the {part} attention of {label} cannot be shown; layer {number}: {why}",
                )


def trial_item(source: ModelSource, loaded: Loaded, shortest: Encoded) -> Item:
    """The text that a model is tried on: the shortest one, repeated where it is too short."""
    times = -(-_TRIED_TOKENS // len(shortest))
    inputs = {name: row * times for name, row in shortest.inputs.items()}
    text = Encoded(inputs, shortest.tokens * times)
    target = None
    if loaded.decodes:
        ids = [decoder_start(loaded), *range(3, 3 + _TRIED_TOKENS - 1)]
        target = Encoded({"input_ids": ids}, text.tokens[:_TRIED_TOKENS])
    return Item(Request(source, ""), "encoder", text, target)


def try_out(item: Item, loaded: Loaded, inputs_of: InputsOf) -> Capabilities:
    """Find out how a model is captured and whether its texts may be padded.

    Args:
        item: the text that it is tried on.
        loaded: the model.
        inputs_of: makes what a pass is given.

    Raises:
        AttentionError: nothing of the model can be shown.
    """
    exact = loaded.provenance["dtype"] in {"float32", "float64"}
    tolerance = _EXACT if exact else _HALF
    inputs = inputs_of([item])
    backend, checked = choose_backend(loaded.model, inputs, tolerance)
    plain = gather(backend, inputs)
    parts, unfit = _fitting(plain, item)
    shown = {layer: call for layer, call in plain.items() if layer not in unfit}
    return Capabilities(
        backend=backend,
        parts=parts,
        left_out={**backend.left_out, **unfit},
        heads={layer: int(call.weights.shape[1]) for layer, call in plain.items()},
        pads=_pads(backend, item, shown, inputs_of, tolerance),
        checked=checked,
        item=item,
        tolerance=tolerance,
    )


def _fitting(
    calls: Mapping[LayerKey, Call], item: Item
) -> tuple[dict[Part, tuple[int, ...]], dict[LayerKey, str]]:
    """Which layers have a weight for each pair of tokens, by part; and why others have not.

    Raises:
        AttentionError: no layer has.
    """
    lengths = lengths_of(*item.lengths)
    left_out = {
        layer: unfit for layer, call in calls.items() if (unfit := misfit(call, lengths[layer[0]]))
    }
    parts: dict[Part, tuple[int, ...]] = {}
    for part, number in calls:
        if (part, number) not in left_out:
            parts[part] = (*parts.get(part, ()), number)
    if not parts:
        (_, number), unfit = next(iter(left_out.items()))
        raise AttentionError(
            Problem.MODEL,
            f"{item.request.source.label} has no attention between single tokens that could be "
            f"shown: of a text of {lengths['encoder'][0]} tokens, layer {number}: {unfit}",
        )
    return parts, left_out


def _pads(
    backend: Backend,
    item: Item,
    plain: Mapping[LayerKey, Call],
    inputs_of: InputsOf,
    tolerance: float,
) -> bool:
    """Whether the weights stay the same with padding after the text."""
    try:
        padded = gather(backend, inputs_of([item], extra=_TRIED_PADDING))
    except Exception:  # noqa: BLE001 - a model that cannot be padded runs without
        return False
    return all(
        layer in padded and _same_within(call, padded[layer], tolerance)
        for layer, call in plain.items()
    )


def _same_within(plain: Call, padded: Call, tolerance: float) -> bool:
    """Whether padding has left the weights of a text as they are."""
    queries, keys = plain.weights.shape[2:]
    own = padded.weights[:, :, :queries, padded.columns(keys - len(plain.blocks))]
    return difference(plain.weights, own) <= tolerance
