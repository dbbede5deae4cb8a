"""The inputs of a forward pass: the tokens of several texts, padded, with masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .items import Item


_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def model_inputs(
    model: Any, tokenizer: Any, items: Sequence[Item], accepted: Sequence[str], *, extra: int = 0
) -> dict[str, Any]:
    """The inputs of the forward pass of a batch, padded on the right, with masks.

    Args:
        model: the model, for its device.
        tokenizer: the tokenizer, for its padding token.
        items: the batch, with one item for each row.
        accepted: the names of the arguments of the model's forward.
        extra: how many more tokens of padding than the longest text needs, to test padding.

    Returns:
        Tensors of shape (batch, tokens) by argument name.
    """
    torch = require("torch")
    # Padding is masked, so any token can be used if the tokenizer has no padding token.
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


def device_of(model: Any) -> Any:
    """The device on which a model computes, which is that of its inputs.

    Weights that do not fit into memory are read from the disk layer by layer. The device of such a
    model is ``meta``; it computes on its first accelerator, or else on the processor.
    """
    if model.device.type != "meta":
        return model.device
    devices = getattr(model, "hf_device_map", {}).values()
    accelerators = [device for device in devices if device not in {"cpu", "disk"}]
    return require("torch").device(accelerators[0] if accelerators else "cpu")
