"""What a forward pass is given: the tokens of several texts, padded, with masks."""

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


def device_of(model: Any) -> Any:
    """Where a model computes, which is where its inputs go.

    Weights that do not fit anywhere lie on the disk and are fetched layer by layer: such a model
    calls its device ``meta``, and computes on its first accelerator, or else the processor.
    """
    if model.device.type != "meta":
        return model.device
    devices = getattr(model, "hf_device_map", {}).values()
    accelerators = [device for device in devices if device not in {"cpu", "disk"}]
    return require("torch").device(accelerators[0] if accelerators else "cpu")
