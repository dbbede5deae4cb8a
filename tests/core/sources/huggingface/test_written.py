"""The length of what each key adds through a head, against the weights of the models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from benchmarks import tiny
from sphinx_attention.core.analysis.written import written
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources.huggingface import projection
from sphinx_attention.core.sources.huggingface.layer_call import Call
from sphinx_attention.core.sources.huggingface.loading import quiet
from tests.core.sources.runs import (
    FOX,
    TEXTS,
    answers,
    attentions,
    failure,
    own,
    reference_model,
    source_of,
    target_ids,
)
from tests.notes import NOTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.models

KEEP: Any = ("norms",)


def lengths(values: Any, out: Any, heads: int) -> np.ndarray:
    """‖v W‖ for each head, from values of all heads side by side and the rows of W^O."""
    values = values.detach().double()
    shared = heads * values.shape[-1] // out.shape[0]
    apart = values.reshape(len(values), shared, -1).repeat_interleave(heads // shared, dim=1)
    rows = out.detach().double().reshape(heads, -1, out.shape[1])
    return torch.einsum("khd,hdo->hko", apart, rows).norm(dim=-1).numpy()


def bert(model: Any, states: Any) -> list[np.ndarray]:
    return [
        lengths(
            x[0] @ layer.attention.self.value.weight.T + layer.attention.self.value.bias,
            layer.attention.output.dense.weight.T,
            4,
        )
        for x, layer in zip(states, model.encoder.layer, strict=False)
    ]


def gpt2(model: Any, states: Any) -> list[np.ndarray]:
    found = []
    for x, layer in zip(states, model.h, strict=False):
        joined = layer.ln_1(x[0]) @ layer.attn.c_attn.weight + layer.attn.c_attn.bias
        found.append(lengths(joined[:, 64:], layer.attn.c_proj.weight, 4))
    return found


def llama(model: Any, states: Any) -> list[np.ndarray]:
    return [
        lengths(
            layer.input_layernorm(x[0]) @ layer.self_attn.v_proj.weight.T,
            layer.self_attn.o_proj.weight.T,
            4,
        )
        for x, layer in zip(states, model.layers, strict=False)
    ]


@pytest.mark.parametrize(("kind", "direct"), [("bert", bert), ("gpt2", gpt2), ("llama", llama)])
def test_norms_are_those_of_the_weights(
    tiny_model: Callable[[str], Path], kind: str, direct: Callable[..., list[np.ndarray]]
) -> None:
    """All texts run together, with padding."""
    folder = tiny_model(kind)
    _, model = reference_model(folder)
    source = source_of(folder)
    found = attentions([Request(source, text, keep=KEEP) for text in TEXTS])
    for text, one in zip(TEXTS, found, strict=True):
        assert one.norms is not None
        with torch.no_grad():
            inputs = reference_model(folder)[0](text, return_tensors="pt")
            states = model(**inputs, output_hidden_states=True).hidden_states
            expected = np.stack(direct(model, states))
        np.testing.assert_allclose(one.norms, expected, rtol=1e-4)
        output = own(folder, text).attentions
        lines = np.stack([layer[0].numpy() for layer in output]) * expected[:, :, None]
        lines /= lines.sum(-1, keepdims=True)
        np.testing.assert_allclose(written(one).weights, lines, atol=2e-5)


@pytest.mark.parametrize("part", ["encoder", "decoder", "cross"])
def test_norms_of_an_encoder_decoder_model(tiny_model: Callable[[str], Path], part: Any) -> None:
    folder = tiny_model("t5")
    tokenizer, model = reference_model(folder)
    source = source_of(folder)
    (one,) = attentions([Request(source, FOX, target="a dog", part=part, keep=KEEP)])
    inputs = tokenizer(FOX, return_tensors="pt")
    with torch.no_grad():
        output = model(
            **inputs,
            decoder_input_ids=torch.tensor([target_ids(folder, "a dog")]),
            output_hidden_states=True,
        )
    stack = model.encoder if part == "encoder" else model.decoder
    states = getattr(output, f"{'encoder' if part == 'encoder' else 'decoder'}_hidden_states")
    for layer, block in enumerate(stack.block):
        if part == "cross":
            x, attention = output.encoder_last_hidden_state[0], block.layer[1].EncDecAttention
        else:
            x = block.layer[0].layer_norm(states[layer][0])
            attention = block.layer[0].SelfAttention
        expected = lengths(x @ attention.v.weight.T, attention.o.weight.T, 4)
        assert one.norms is not None
        np.testing.assert_allclose(one.norms[layer], expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("deberta-v2", "the model hands out its attention weights alone, without values"),
        ("bloom", "the model hands out its attention weights alone, without values"),
    ],
)
def test_models_without_values_say_so(
    tiny_model: Callable[[str], Path], kind: str, reason: str
) -> None:
    source = source_of(tiny_model(kind))
    assert reason in failure(Request(source, FOX, keep=KEEP)).message
    (weights,) = attentions([Request(source, FOX)])
    assert weights.norms is None


@pytest.mark.parametrize("kind", ["qwen3_next", "bitnet"])
def test_a_gate_or_a_norm_before_the_projection_is_refused(kind: str, tmp_path: Path) -> None:
    with quiet():
        tiny.make(kind, tmp_path / kind)
    (one,) = answers([Request(source_of(tmp_path / kind), FOX, keep=KEEP)])
    assert not isinstance(one, Attention)
    assert "such as a gate or a norm" in one.message or "is not the sum" in one.message


def test_a_sink_has_no_length(tiny_model: Callable[[str], Path]) -> None:
    (one,) = attentions([Request(source_of(tiny_model("gpt_oss")), FOX, keep=KEEP)])
    assert one.sink == 0
    assert one.norms is not None
    assert not one.norms[..., 0].any()
    assert one.norms[..., 1:].all()


def test_half_precision(tiny_model: Callable[[str], Path]) -> None:
    folder = tiny_model("llama")
    (one,) = attentions([Request(source_of(folder, dtype="bfloat16"), FOX, keep=KEEP)])
    (exact,) = attentions([Request(source_of(folder), FOX, keep=KEEP)])
    assert one.norms is not None
    assert exact.norms is not None
    np.testing.assert_allclose(one.norms, exact.norms, rtol=0.05)


class Packed(torch.nn.Module):
    """A projection whose weights cannot be read, such as a quantised one."""

    def __init__(self, matrix: torch.Tensor) -> None:
        super().__init__()
        self.hidden = matrix

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return given @ self.hidden + 3.0


def call(**more: Any) -> Call:
    """Two heads that share their values, over three tokens."""
    torch.manual_seed(1)
    weights = torch.randn(1, 2, 3, 3).softmax(-1)
    values = torch.randn(1, 1, 3, 4)
    joined = (weights @ values).transpose(1, 2)
    given = {"values": values, "joined": joined, **more}
    return Call(weights, module=SimpleNamespace(), **given)


def test_packed_weights_are_read_off_the_outputs() -> None:
    torch.manual_seed(2)
    module = Packed(torch.rand(8, 5))
    one = call(candidates=(torch.nn.ReLU(), module))
    found = projection.norms_of(one)
    expected = [
        np.linalg.norm(one.values[0, 0].numpy() @ module.hidden[4 * h : 4 * h + 4].numpy(), axis=-1)
        for h in range(2)
    ]
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-5)


def test_a_module_that_is_no_matrix_is_refused() -> None:
    assert projection.norms_of(call(candidates=(torch.nn.ReLU(),))) == projection.DIFFERS
    assert projection.norms_of(call()) == projection.SOMETHING_BETWEEN
    assert projection.norms_of(call(values=None)) == projection.NO_VALUES


def test_most_weight_on_special_tokens_is_written_nowhere(minilm: Path) -> None:
    """The mean over all heads, all queries and the 300 sentences of the notes."""
    texts = (NOTES / "sentences" / "plain.txt").read_text(encoding="utf-8").splitlines()
    assert len(texts) == len(set(texts)) == 300
    masses = []
    for one in attentions([Request(source_of(minilm), text, keep=KEEP) for text in texts]):
        special = [n for n, token in enumerate(one.key_tokens) if token.special]
        masses.append([of.weights[..., special].sum(-1).mean(-1) for of in (one, written(one))])
    weight, share = np.mean(masses, axis=0)
    assert weight.mean() == pytest.approx(0.515, abs=5e-3)
    assert share.mean() == pytest.approx(0.153, abs=5e-3)
    # Heads that give more than half of their attention to special tokens, and that write so much.
    assert (weight > 0.5).sum() == pytest.approx(35, abs=1)
    assert (share > 0.5).sum() == 1
