"""The weights that a model returns for ``output_attentions=True``, compared with ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = {
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}
SAME = 5e-5
SUM = 1e-3


def reference(
    model: Any, words: Any, text: str, target: list[int] | None
) -> dict[str, list[np.ndarray]]:
    """The model's own weights by part, or under ``one``, each of shape (heads, queries, keys)."""
    import torch

    inputs = dict(words(text, return_tensors="pt"))
    if target is not None:
        inputs["decoder_input_ids"] = torch.tensor([target])
    try:
        with torch.no_grad():
            # The model runs twice: BigBird changes its layers at the first short text, and returns
            # nothing then.
            model(**inputs)
            output = model(**inputs, output_attentions=True, return_dict=True)
    except Exception:  # noqa: BLE001 - a model without attention raises as it likes
        return {}
    # A model with two towers runs the one that reads text.
    for name in ("text_model_output", "text_output"):
        output = getattr(output, name, None) or output
    count = inputs["input_ids"].shape[1]
    found = {part: _layers(getattr(output, field, None), count) for part, field in FIELDS.items()}
    found["one"] = _layers(getattr(output, "attentions", None), count)
    if not any(found.values()):
        # Some models with a head drop the output of the model inside of them (ShieldGemma 2).
        body = getattr(model, model.base_model_prefix or "model", model)
        if body is not model:
            return reference(body, words, text, target)
    return {part: layers for part, layers in found.items() if layers}


def _layers(given: Any, tokens: int) -> list[np.ndarray]:
    given = [_from_parts(one, tokens) if isinstance(one, dict) else one for one in given or ()]
    tensors = [one for one in given if _is_of_heads(one)]
    layers = [one[0].float().numpy() for one in tensors]
    # Some models return their logits (ProphetNet, SqueezeBERT).
    return [one if one.min() >= 0 else _softmax(one) for one in layers]


def _is_of_heads(one: Any) -> bool:
    """Whether the output of a layer can be weights. RWKV and YOSO return another output."""
    axes = getattr(one, "ndim", 0)
    return axes > 3 or (
        axes == 3 and bool((one >= 0).all() and (one.sum(-1) - 1).abs().max() < SUM)
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weights: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return weights


def difference(answer: Any, layers: Sequence[np.ndarray]) -> str:
    """The difference of our weights and the model's own, in words; empty if they are equal.

    Our rows are whole. The rows of the model may lack the share of a sink, or keys that stand for
    several tokens. Every weight that the model returns must be found.
    """
    ours = answer.weights[:, :, answer.bins if answer.same_tokens else 0 :, answer.bins :]
    if len(ours) != len(layers):
        # Some models return more: the output of their layers without softmax.
        places = [int(name) for name in answer.layer_names]
        if max(places) >= len(layers):
            return f"layers {answer.layer_names}, the model returns {len(layers)}"
        layers = [layers[place] for place in places]
    for name, one, other in zip(answer.layer_names, ours, layers, strict=True):
        masked = answer.mask_of(answer.layer_names.index(name))[:, answer.bins :]
        shown, given = _alike(one, masked, other)
        if shown.shape != given.shape:
            return f"layer {name} has the shape {given.shape}, shown as {shown.shape}"
        if (off := float(np.abs(shown - given).max())) > SAME:
            return f"layer {name} is off by {off:.2g}"
    if (np.abs(answer.weights.sum(axis=-1) - 1) > SUM)[..., answer.bins :].any():
        return "rows do not sum to 1"
    hidden = answer.masked[:, None] & (answer.weights > 0)
    return "a masked key has weight" if hidden.any() else ""


def _alike(one: np.ndarray, masked: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare our weights of a layer with the model's own, for all pairs of tokens and blocks."""
    tokens = one.shape[2]
    if other.ndim == 4:
        return one, _from_blocks(other, tokens)
    if other.shape[2] == tokens and other.shape[1] > one.shape[1]:
        # ProphetNet has the tokens, and behind them the prediction of each token.
        return one, other[:, : one.shape[1]]
    if _is_window(other, one):
        return one, _from_window(other)
    if one.shape != other.shape:
        # A layer without such a block has the block masked. So may a layer whose weights on it are
        # all 0.
        one = one[:, :, ~masked.all(axis=0)]
        missing = max(0, other.shape[2] - one.shape[2])
        one = np.pad(one, ((0, 0), (0, 0), (0, missing)))
    return one, other


def _is_window(other: np.ndarray, one: np.ndarray) -> bool:
    """Whether rows are windows around their tokens (Longformer), by weights on a diagonal."""
    wide = other.shape[2]
    return other.shape[1] == one.shape[2] and wide % 2 == 1 and not other[:, 0, : wide // 2].any()


def _from_blocks(blocks: np.ndarray, tokens: int) -> np.ndarray:
    """Weights of blocks that see themselves and their neighbours (LongT5), as one whole matrix."""
    count, heads, length, wide = blocks.shape
    full = np.zeros((heads, tokens, tokens), dtype=blocks.dtype)
    for query in range(min(tokens, count * length)):
        # The keys behind these stand for several tokens each.
        for n in range(min(wide, 3 * length)):
            key = (query // length - 1) * length + n
            if 0 <= key < tokens:
                full[:, query, key] = blocks[query // length, :, query % length, n]
    return full


def _from_parts(parts: Mapping[str, Any], tokens: int) -> Any:
    """Weights within blocks (PEGASUS-X) as a matrix of all tokens, without the global tokens."""
    import torch

    local, wide = parts["local"], parts["global"].shape[-2]
    _, heads, blocks, length, _ = local.shape
    before = length // 2 if blocks > -(-tokens // length) else 0
    full = torch.zeros(1, heads, tokens, tokens)
    for block in range(blocks):
        start = block * length - before
        for query in range(max(start, 0), min(start + length, tokens)):
            for key in range(max(start, 0), min(start + length, tokens)):
                weight = local[0, :, block, query - start, wide + key - start]
                full[0, :, query, key] = weight
    return full


def _from_window(windows: np.ndarray) -> np.ndarray:
    heads, tokens, wide = windows.shape
    full = np.zeros((heads, tokens, tokens), dtype=windows.dtype)
    for query in range(tokens):
        for n in range(wide):
            key = query - wide // 2 + n
            if 0 <= key < tokens:
                full[:, query, key] = windows[:, query, n]
    return full
