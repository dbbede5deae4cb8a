"""Models of pictures and of sound: their input is not a text, and the capture is the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Attention, Part, Token
from sphinx_attention.core.sources.huggingface.backends import choose_backend, forward
from sphinx_attention.core.sources.huggingface.layer_call import Call, terms_of
from sphinx_attention.core.sources.huggingface.logit_terms import HostTerms, host
from sphinx_attention.core.sources.logit_terms import with_logit_terms
from tests.core.sources.runs import FIELDS
from tests.core.tiny_models import ENCODER_DECODER, SIZES

if TYPE_CHECKING:
    import numpy as np

_PICTURES = {**SIZES, "image_size": 16, "patch_size": 4}
_WHISPER = {
    **ENCODER_DECODER,
    "num_mel_bins": 8,
    "max_source_positions": 20,
    "max_target_positions": 16,
    "vocab_size": 50,
    "init_std": 0.4,
    "eos_token_id": 2,
}


@dataclass(frozen=True)
class Other:
    """A tiny model: its class and settings, the shapes of its inputs, and its layers by part."""

    name: str
    settings: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    layers: dict[Part, int]


_PIXELS: dict[str, tuple[int, ...]] = {"pixel_values": (2, 3, 16, 16)}
OTHER_INPUT = {
    "vit": Other("ViTModel", {**_PICTURES, "initializer_range": 0.4}, _PIXELS, {"encoder": 3}),
    "dinov2": Other(
        "Dinov2Model", {**_PICTURES, "initializer_range": 0.4}, _PIXELS, {"encoder": 3}
    ),
    "clip, pictures": Other(
        "CLIPVisionModel", {**_PICTURES, "initializer_factor": 5.0}, _PIXELS, {"encoder": 3}
    ),
    "whisper": Other(
        "WhisperModel",
        _WHISPER,
        {"input_features": (2, 8, 40), "decoder_input_ids": (2, 9)},
        {"encoder": 2, "decoder": 3, "cross": 3},
    ),
}

Calls = dict[tuple[Part, int], "tuple[Call, np.ndarray]"]


def run(kind: str) -> tuple[Any, bool, Calls]:
    """Capture a model of other input.

    Returns:
    The backend, whether the backend was checked, and by part and layer the captured call with the
    weights of the model's own `output_attentions=True`.
    """
    import torch
    import transformers

    other = OTHER_INPUT[kind]
    torch.manual_seed(3)
    model_class = getattr(transformers, other.name)
    model = model_class(model_class.config_class(**other.settings)).eval()
    model.set_attn_implementation("eager")
    inputs = {
        key: torch.randint(3, 49, shape) if key.endswith("ids") else torch.randn(shape)
        for key, shape in other.shapes.items()
    }
    reference = forward(model, inputs, output_attentions=True)
    way, checked = choose_backend(model, inputs, 1e-4)
    calls: Calls = {}

    def receive(part: Part, number: int, call: Call) -> None:
        field = FIELDS[part] if len(other.layers) > 1 else "attentions"
        calls[part, number] = (call, host(getattr(reference, field)[number]))

    way.run(inputs, receive, way.parts)
    return way, checked, calls


def attention_of(call: Call) -> Attention:
    """One layer of the first item of a batch, assembled as a runner does."""
    tokens, keys = call.weights.shape[2:]
    rows, columns = (tuple(Token(str(n)) for n in range(m)) for m in (tokens, keys))
    one = Attention(
        query_tokens=rows,
        key_tokens=columns,
        weights=host(call.weights)[:1],
        masked=call.masked.numpy()[:1],
        queries=host(call.queries)[:1],
        keys=host(call.keys)[:1],
        values=host(call.values)[:1],
    )
    return with_logit_terms(one, [HostTerms(terms_of(call)).cut(0, tokens, slice(keys))])
