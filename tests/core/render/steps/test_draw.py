"""The view steps, compared with torch's own arithmetic on models of every kind."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.request import Request
from tests.core.render.pictures import classed
from tests.core.render.steps.reading import Read, figure_of, number, read
from tests.core.sources.other_input import OTHER_INPUT, attention_of, run
from tests.core.sources.runs import (
    FOX,
    attentions,
    own,
    reference_model,
    source_of,
    stacked,
    with_sink,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.attention import Attention


ALL = ("queries", "keys", "values")
CHAINED = [
    *("bert", "roberta", "distilbert", "electra", "albert", "modernbert", "gpt2", "gpt_neox"),
    *("opt", "llama", "mistral", "qwen3", "gemma2", "gemma3", "phi3", "olmo2"),
    *("gpt_oss", "deepseek_v3", "t5", "bart", "marian"),
]
CHAINLESS = ["deberta-v2", "bloom", "falcon", "xlnet"]
HALF = 5.1e-4
"""Half a unit of the third decimal, and the error of single precision."""


def captured(folder: Path, part: str | None = None, text: str = FOX) -> Attention:
    (one,) = attentions([Request(source_of(folder), text, part=part, keep=ALL)])
    return one


def own_weights(folder: Path) -> np.ndarray:
    _, model = reference_model(folder)
    output = own(folder, FOX, [0] if model.config.is_encoder_decoder else None)
    weights = stacked(getattr(output, "attentions", None) or output.encoder_attentions)
    return with_sink(weights) if folder.name.startswith("gpt_oss") else weights


def cells(attention: Attention) -> list[tuple[int, int, int]]:
    """A few rows: layer, head, query."""
    last = len(attention.query_tokens) - 1
    return [(0, 0, last), (attention.layers - 1, 1, last // 2), (attention.layers - 1, 3, last)]


@pytest.mark.parametrize("kind", CHAINED)
def test_the_chain_ends_at_the_models_own_weights(tiny_model, kind: str) -> None:
    folder = tiny_model(kind)
    attention, reference = captured(folder), own_weights(folder)
    for layer, head, query in cells(attention):
        row = reference[layer, head, query]
        seen = read(figure_of(attention, layer, head, query))
        masked = np.array([text == "–" for text in seen.rows["weight"]])
        assert (row[masked] == 0).all()
        weights = np.array([0 if text == "–" else number(text) for text in seen.rows["weight"]])
        assert np.abs(weights - row).max() <= HALF
        # Softmax turns differences into ratios, so the logits are right up to a common number.
        heavy = np.flatnonzero((row > 1e-4) & ~masked)
        logits = seen.logits()[heavy]
        ratios = np.log(row[heavy] / row[heavy[0]])
        assert logits - logits[0] == pytest.approx(ratios, abs=4e-3)
        follow_the_panels(seen, row)


def power(p: dict[str, str], name: str) -> float:
    """A power of e, read from its printed form."""
    ten = p.get(f"{name}Ten")
    return float(p.get(name, 0)) * (10.0 ** number(ten) if ten else 1)


def follow_the_panels(seen: Read, row: np.ndarray) -> None:
    """Compute each panel from its printed numbers, up to the model's weight."""
    p = {name: text for name, text in seen.parts.items() if name not in {"products", "value"}}
    dot, scaled = number(p["dot"]), number(p["scaled"])
    if p.get("radicand"):
        assert dot / math.sqrt(float(p["radicand"])) == pytest.approx(scaled, abs=HALF)
    else:
        assert dot * float(p.get("factor", 1)) == pytest.approx(scaled, rel=1e-3, abs=HALF)
    score = scaled
    if "cap" in seen.panels:
        cap = float(p["cap"])
        score = number(p["capped"])
        assert cap * math.tanh(scaled / cap) == pytest.approx(score, abs=1e-4)
    if "bias" in seen.panels:
        assert score + number(p["added"].strip("()")) == pytest.approx(number(p["score"]), abs=2e-4)
        score = number(p["score"])
    top, total, sink = (power(p, name) for name in ("top", "sum", "sink"))
    total += sink
    assert math.exp(score) == pytest.approx(top, rel=1.2e-4)
    key = seen.rows["weight"].index(p["share"])
    assert p["share"] == p["verdict"]
    assert top / total == pytest.approx(row[key], abs=1.2e-4)
    assert number(p["share"]) == pytest.approx(row[key], abs=HALF)


@pytest.mark.models
@pytest.mark.parametrize("kind", OTHER_INPUT)
def test_the_chain_of_models_of_pictures_and_sound_ends_there_too(kind: str) -> None:
    _, _, calls = run(kind)
    for call, reference in calls.values():
        attention = attention_of(call)
        for _, head, query in cells(attention):
            row = reference[0, head, query]
            seen = read(figure_of(attention, 0, head, query))
            weights = [0 if text == "–" else number(text) for text in seen.rows["weight"]]
            assert np.abs(np.array(weights) - row).max() <= HALF
            follow_the_panels(seen, row)


def test_the_chain_of_clips_texts_ends_there_too(tiny_model) -> None:
    import torch
    from transformers import AutoTokenizer, CLIPModel

    folder = tiny_model("clip")
    model = CLIPModel.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = AutoTokenizer.from_pretrained(folder)(FOX, return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs, pixel_values=torch.zeros(1, 3, 16, 16), output_attentions=True)
    reference = stacked(output.text_model_output.attentions)
    attention = captured(folder)
    for layer, head, query in cells(attention):
        follow_the_panels(
            read(figure_of(attention, layer, head, query)), reference[layer, head, query]
        )


@pytest.mark.parametrize(("kind", "part"), [("t5", "cross"), ("bart", "cross"), ("t5", "decoder")])
def test_the_chain_of_an_encoder_and_a_decoder_ends_there_too(tiny_model, kind, part) -> None:
    folder = tiny_model(kind)
    (attention,) = attentions(
        [Request(source_of(folder), FOX, target="a lazy fox", part=part, keep=ALL)]
    )
    for layer, head, query in cells(attention):
        seen = read(figure_of(attention, layer, head, query))
        follow_the_panels(seen, attention.weights[layer, head, query])
        words = classed(seen.svg, "attention-words")[0]
        assert len(words) == len(attention.query_tokens)
        assert len(seen.rows["weight"]) == len(attention.key_tokens)


@pytest.mark.parametrize("kind", CHAINLESS)
def test_without_queries_and_keys_the_figure_says_so_and_shows_the_weights(
    tiny_model, kind: str
) -> None:
    folder = tiny_model(kind)
    attention, reference = captured(folder), own_weights(folder)
    seen = read(figure_of(attention, 1, 2, 3))
    assert list(seen.rows) == ["weight"]
    weights = [0 if text == "–" else number(text) for text in seen.rows["weight"]]
    assert np.abs(np.array(weights) - reference[1, 2, 3]).max() <= HALF
    assert not seen.panels
    assert not seen.parts
    assert "sums behind these weights cannot be shown: " in seen.text
    assert "queries and keys" in seen.text
    assert not classed(seen.svg, "attention-strips")


def hooked(folder: Path, names: dict[str, str]) -> dict[str, np.ndarray]:
    """The output of linear layers of the model for the text, shape (tokens, width)."""
    import torch

    tokenizer, model = reference_model(folder)
    found: dict[str, np.ndarray] = {}
    handles = [
        model.get_submodule(path).register_forward_hook(
            lambda _module, _inputs, output, name=name: found.update({name: output[0].numpy()})
        )
        for name, path in names.items()
    ]
    with torch.no_grad():
        model(**tokenizer(FOX, return_tensors="pt"))
    for handle in handles:
        handle.remove()
    return found


def test_the_numbers_of_bert_are_those_of_its_layers(tiny_model) -> None:
    folder = tiny_model("bert")
    own_layers = hooked(
        folder, {n: f"encoder.layer.2.attention.self.{n}" for n in ("query", "key", "value")}
    )
    q, k, v = (own_layers[n][:, 8:16] for n in ("query", "key", "value"))  # head 1 of width 8
    query = 4
    row = own_weights(folder)[2, 1, query]
    seen = read(figure_of(captured(folder), 2, 1, query))
    assert seen.column("dot") == pytest.approx(k @ q[query], abs=HALF)
    assert seen.column("scaled") == pytest.approx(k @ q[query] / math.sqrt(8), abs=HALF)
    assert seen.panels == ["multiply", "dot", "scale", "softmax", "value"]
    ordinary = [j for j in range(len(row)) if j != query and 0 < j < len(row) - 1]
    key = max(ordinary, key=lambda j: row[j])
    assert seen.parts["radicand"] == "8"
    assert number(seen.parts["dot"]) == pytest.approx(k[key] @ q[query], abs=HALF)
    assert number(seen.parts["share"]) == pytest.approx(row[key], abs=HALF)
    terms = re.findall(r"\(?(−?[\d.]+)\)?\u00a0⋅\u00a0\(?(−?[\d.]+)\)?", seen.parts["products"])
    for n, (one, other) in zip((0, 1, -1), terms, strict=True):
        assert (number(one), number(other)) == pytest.approx((q[query, n], k[key, n]), abs=6e-3)
    for name in ("multiplied", "addends"):
        products = [number(text) for text in re.findall(r"−?[\d.]+", seen.parts[name])]
        assert products == pytest.approx((q[query] * k[key])[[0, 1, -1]], abs=6e-3)
    for name, vector in (("value", v[key]), ("output", row @ v)):
        first = [number(text) for text in seen.parts[name].strip("()").split(", ")[:3]]
        assert first == pytest.approx(vector[:3], abs=6e-3)


def test_llama_has_rotated_positions_and_shared_keys(tiny_model, monkeypatch) -> None:
    import torch
    from transformers.models.llama import modeling_llama

    folder = tiny_model("llama")
    rotated: list[Any] = []
    turn = modeling_llama.apply_rotary_pos_emb

    def recording(*args: Any, **kwargs: Any) -> Any:
        rotated.append(turn(*args, **kwargs))
        return rotated[-1]

    with monkeypatch.context() as patch:
        patch.setattr(modeling_llama, "apply_rotary_pos_emb", recording)
        own(folder, FOX)
    queries, keys = rotated[1]  # of layer 1
    assert queries.shape[1] == 2 * keys.shape[1]
    attention = captured(folder)
    for head in range(4):
        query = 5
        dot = keys[0, head // 2] @ queries[0, head, query]
        seen = read(figure_of(attention, 1, head, query))
        assert seen.column("dot") == pytest.approx(dot.numpy(), abs=HALF)
        with torch.no_grad():
            weights = torch.softmax(dot[: query + 1] / math.sqrt(8), 0).numpy()
        shown = [number(text) for text in seen.rows["weight"][: query + 1]]
        assert shown == pytest.approx(weights, abs=HALF)
        assert seen.panels == ["multiply", "dot", "scale", "bias", "softmax", "value"]


def test_masked_keys_are_minus_infinity_and_have_no_weight(tiny_model) -> None:
    seen = read(figure_of(captured(tiny_model("llama")), 0, 0, 3))
    (mask,) = classed(seen.svg, "attention-mask")
    hidden = [n for n, text in enumerate(seen.rows["weight"]) if text == "–"]
    assert hidden == list(range(4, len(seen.rows["weight"])))
    assert mask.text == "−∞" * len(hidden)
    rows = classed(seen.svg, "attention-rows")[0]
    tops = [float(row[0].get("y")) for row in rows]
    assert [float(y) for y in mask.get("y").split()] == [
        tops[n] + 16 for n in hidden for _ in range(2)
    ]
    assert len(classed(rows, "attention-token--masked")) == len(hidden)


def test_t5_adds_its_own_bias_and_does_not_scale(tiny_model) -> None:
    import torch

    folder = tiny_model("t5")
    _, model = reference_model(folder)
    attention = captured(folder)
    count = len(attention.query_tokens)
    with torch.no_grad():
        layer = model.encoder.block[0].layer[0].SelfAttention
        bias = layer.compute_bias(count, count)[0].numpy()
    seen = read(figure_of(attention, 1, 2, 4))
    assert seen.column("bias") == pytest.approx(bias[2, 4], abs=HALF)
    assert "scaled" not in seen.rows
    assert "does not scale" in seen.text
    assert seen.panels == ["multiply", "dot", "scale", "bias", "softmax", "value"]


def test_gemma_has_a_soft_cap(tiny_model) -> None:
    seen = read(figure_of(captured(tiny_model("gemma2")), 1, 1, 6))
    assert seen.column("capped") == pytest.approx(2 * np.tanh(seen.column("scaled") / 2), abs=1e-3)
    assert np.abs(seen.column("capped")).max() <= 2
    assert "between −2 and 2" in seen.text


def test_gpt_oss_has_a_sink(tiny_model) -> None:
    folder = tiny_model("gpt_oss")
    share = own_weights(folder)[0, 2, 5, 0]
    seen = read(figure_of(captured(folder), 0, 2, 5))
    assert seen.rows["weight"][0] == seen.parts["taken"]
    assert float(seen.parts["taken"]) == pytest.approx(share, abs=HALF)
    _, model = reference_model(folder)
    logit = model.get_submodule("layers.0.self_attn").sinks[2].item()
    assert number(seen.rows["scaled"][0]) == pytest.approx(logit, abs=HALF)
    assert seen.rows["dot"][0] == ""
    assert "belongs to no token" in seen.text
