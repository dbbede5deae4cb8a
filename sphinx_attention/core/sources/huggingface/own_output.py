"""The attention that a model itself returns, as one weight for each pair of tokens.

Under the same name, models return windows, blocks, logits, or other tensors of layers without
attention. Each is converted to weights if that loses nothing, and otherwise left out with the
reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Part
from sphinx_attention.core.remarks import remark

from .layer_call import Call
from .layouts import has_keys_of_several_tokens, joined, laid_out
from .packages import require
from .softmax import Softmaxes, watching_softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIELDS: Mapping[str, Part] = {
    "encoder_attentions": "encoder",
    "decoder_attentions": "decoder",
    "cross_attentions": "cross",
}
_SUM_TOLERANCE = 0.02

LayerKey = tuple[Part, int]
"""A part of a model's attention, and the number of a layer in it."""


@dataclass(slots=True)
class Reference:
    """The attention that one pass returned.

    Attributes:
        parts: for each part its layers in order, with number and weights.
        left_out: layers that returned something else, each with the reason.
        logits: layers that returned logits.
        windows: layers that returned windows or blocks.
        notes: a remark for readers about the weights of a part.
        softmaxes: how many softmaxes the pass computed.
    """

    parts: dict[Part, list[tuple[int, Call]]] = field(default_factory=dict)
    left_out: dict[LayerKey, str] = field(default_factory=dict)
    logits: set[LayerKey] = field(default_factory=set)
    windows: set[LayerKey] = field(default_factory=set)
    notes: dict[Part, str] = field(default_factory=dict)
    softmaxes: int = 0


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass.

    Attributes:
        inputs: the inputs.
        softmaxes: the softmaxes that were computed.
        known: what was known about the model before.
        streams: how often each token of the decoder attends to the text: once, or in ProphetNet
            once for each predicted token.
    """

    inputs: Mapping[str, Any]
    softmaxes: Softmaxes
    known: Reference | None
    streams: int

    def tokens(self, name: str) -> int:
        """How many tokens an input has; 0 if there is no such input."""
        return int(self.inputs[name].shape[1]) if name in self.inputs else 0


def forward(model: Any, inputs: Mapping[str, Any], **options: Any) -> Any:
    """One pass, without gradients."""
    with require("torch").inference_mode():
        return model(**inputs, **options)


def reference_of(
    model: Any, inputs: Mapping[str, Any], known: Reference | None = None
) -> Reference:
    """The attention that the model itself returns.

    In models that mix kinds of layers, layers without attention are left out. A single stack is
    called ``decoder`` if no query sees a later key, and ``encoder`` otherwise.

    Args:
        model: the model, set to its eager attention.
        inputs: a batch.
        known: what is known about the model; None finds it out.
    """
    restored = restore_kind(model)
    with watching_softmax(logits=known is None or bool(known.logits)) as seen:
        output = forward(model, inputs, output_attentions=True, return_dict=True)
    if restored and not _returned(output):
        # The pass has replaced its layers, and transformers puts its hooks only on the first
        # ones.
        model._output_capturing_hooks_installed = False  # noqa: SLF001
        with watching_softmax(logits=known is None or bool(known.logits)) as seen:
            output = forward(model, inputs, output_attentions=True, return_dict=True)
    found = Reference(softmaxes=seen.count)
    streams = 1 + int(getattr(model.config, "ngram", 0) or 0)
    returned = _Pass(inputs, seen, known, streams)
    for name, part in _FIELDS.items():
        _collect(found, part, getattr(output, name, None), returned)
    if not found.parts and not found.left_out:
        _collect(found, "encoder", getattr(output, "attentions", None), returned)
        if _is_decoder(found) if known is None else "decoder" in known.parts:
            found.parts = {"decoder": found.parts.pop("encoder")}
            found.left_out = {("decoder", n): why for (_, n), why in found.left_out.items()}
            found.logits = {("decoder", n) for _, n in found.logits}
            found.windows = {("decoder", n) for _, n in found.windows}
    return found


def restore_kind(model: Any) -> bool:
    """Restore the kind of attention that the configuration of a model names.

    BigBird changes to full attention at the first text that is too short for its blocks, and does
    not change back for longer texts.

    Returns:
        Whether the model had changed.
    """
    changes = False
    for module in model.modules():
        own = getattr(getattr(module, "config", None), "attention_type", None)
        if isinstance(own, str) and hasattr(module, "set_attention_type"):
            changes = True
            if module.attention_type != own:
                module.set_attention_type(own)
                model._output_capturing_hooks_installed = False  # noqa: SLF001
    return changes


def _returned(output: Any) -> bool:
    return any(getattr(output, name, None) for name in (*_FIELDS, "attentions"))


def part_of(layers: Sequence[Call]) -> Part:
    """The part of a single stack: a decoder if no query ever sees a later token.

    Keys after those of the tokens stand for blocks of tokens before the query.
    """
    weights = [call.weights for call in layers]
    causal = all(w.ndim == 4 and not bool(w[..., : w.shape[2]].triu(1).any()) for w in weights)
    return "decoder" if causal else "encoder"


def _is_decoder(found: Reference) -> bool:
    layers = [call for _, call in found.parts.get("encoder", ())]
    return bool(layers) and part_of(layers) == "decoder"


def _collect(found: Reference, part: Part, layers: Any, returned: _Pass) -> None:
    for number, given in enumerate(layers or ()):
        if given is None:
            continue
        key = part, number
        if isinstance(given, dict) and (call := _joined(found, key, given, returned)):
            found.parts.setdefault(part, []).append((number, call))
            continue
        if getattr(given, "ndim", 0) < 4:
            found.left_out[key] = (
                f"what it returns is not a matrix of weights for each head, but {_described(given)}"
            )
            continue
        weights, masked = _softened(found, key, given, returned.softmaxes)
        if not _is_distribution(weights):
            found.left_out[key] = "what it returns are not weights that come out of a softmax"
            continue
        call = _laid_out(found, key, Call(weights, masked, number=number), returned)
        found.parts.setdefault(part, []).append((number, call))


def _joined(found: Reference, key: LayerKey, parts: Any, returned: _Pass) -> Call | None:
    """The weights of a layer that returns them in parts; None if the parts are unknown."""
    made = joined(parts, returned.tokens("input_ids"))
    if made is None:
        return None
    count = int(parts["global"].shape[2])
    found.notes[key[0]] = remark("rest_on_global_tokens", count=count)
    return Call(*made, number=key[1])


def _described(given: Any) -> str:
    """A description of what a model returned instead of weights."""
    if shape := getattr(given, "shape", ()):
        return f"numbers of the shape {' × '.join(map(str, shape))}"
    if isinstance(given, dict):
        return f"parts of it ({', '.join(map(str, given))})"
    return f"a {type(given).__name__}"


def _softened(found: Reference, key: LayerKey, given: Any, seen: Softmaxes) -> tuple[Any, Any]:
    """The weights and the mask from the output of a model; None for an unknown mask."""
    one = seen.of_weights(given)
    if one is None:
        one = seen.of_logits(given)
        if one is None:
            return given, None
        found.logits.add(key)
    if given.ndim != 4:
        return one.weights.to(given.dtype), None
    zero = one.weights.amax(dim=1) == 0
    return one.weights.to(given.dtype), one.hidden.all(dim=1) & zero


def _is_distribution(weights: Any) -> bool:
    """Whether rows may be the result of a softmax; NaN is reported elsewhere."""
    sums = weights.float().sum(dim=-1)
    return not bool((weights < 0).any() or (sums > 1 + _SUM_TOLERANCE).any())


def _laid_out(found: Reference, key: LayerKey, call: Call, returned: _Pass) -> Call:
    """Windows and blocks as one weight for each pair of tokens, if that loses nothing."""
    source, target = returned.tokens("input_ids"), returned.tokens("decoder_input_ids")
    if key[0] == "cross":
        rows = returned.streams * target
        if returned.streams > 1 and tuple(call.weights.shape[2:]) == (rows, source):
            # The tokens themselves come first, then the predictions of each.
            masked = None if call.masked is None else call.masked[:, :target]
            return Call(call.weights[:, :, :target], masked, number=call.number)
        return call
    count = target if key[0] == "decoder" and target else source
    # A window may be exactly as wide as the text.
    square = tuple(call.weights.shape[2:]) == (count, count)
    windows = returned.known is not None and key in returned.known.windows
    if not count or (square and not windows):
        return call
    if (made := laid_out(call.weights, count)) is None:
        return call
    found.windows.add(key)
    if has_keys_of_several_tokens(call.weights):
        found.notes[key[0]] = remark("rest_on_blocks")
    return Call(*made, number=call.number)
