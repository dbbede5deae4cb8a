"""Runs of models by the package's runner, and by transformers alone as the reference."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source

FOX = "the quick brown fox jumps over the lazy dog"
TEXTS = [FOX, "the fox", "attention is all you need", "a dog", "jumping over the lazy fox is happy"]
TARGETS = ["the dog", "a lazy fox jumps over all", "the quick", "a", "fox"]
FIELDS = {
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}


def source_of(folder: Path, **more: Any) -> ModelSource:
    return ModelSource(folder.name, path=str(folder), folder=str(folder), **more)


def answers(requests: list[Request]) -> list[Attention | AttentionError]:
    """One answer for each request, in the order of the requests."""
    with open_source(requests[0].source) as runner:
        found = {request.key: answer for request, answer in runner.run(requests)}
    return [found[request.key] for request in requests]


def attentions(requests: list[Request]) -> list[Attention]:
    found = []
    for one in answers(requests):
        assert isinstance(one, Attention), one
        found.append(one)
    return found


def failure(request: Request) -> AttentionError:
    (one,) = answers([request])
    assert isinstance(one, AttentionError), one
    return one


@cache
def reference_model(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    from sphinx_attention.core.sources.huggingface.loading import quiet

    with quiet():
        model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
        return AutoTokenizer.from_pretrained(folder), model


def own(folder: Path, text: str, target: list[int] | None = None) -> Any:
    """The output of the model itself for one text."""
    import torch

    tokenizer, model = reference_model(folder)
    with torch.no_grad():
        inputs = dict(tokenizer(text, return_tensors="pt"))
        if target is not None:
            inputs["decoder_input_ids"] = torch.tensor([target])
        return model(**inputs, output_attentions=True, use_cache=False)


def stacked(layers: Any) -> np.ndarray:
    return np.stack([layer[0].numpy() for layer in layers])


def with_sink(weights: np.ndarray) -> np.ndarray:
    """A model's own weights with the rest of each row in front, and an empty row for the sink."""
    rest = 1 - weights.sum(axis=-1, keepdims=True, dtype=np.float64)
    whole = np.concatenate([rest, weights], axis=-1)
    return np.pad(whole, ((0, 0), (0, 0), (1, 0), (0, 0)))


def largest_difference(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one - other).max())


def target_ids(folder: Path, target: str) -> list[int]:
    """The decoder's input for a target, shifted right as in training."""
    tokenizer, model = reference_model(folder)
    return [model.config.decoder_start_token_id, *tokenizer(text_target=target)["input_ids"][:-1]]
