"""Loaded models from Python: the numbers of `output_attentions`, and the model unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import sphinx_attention
from sphinx_attention import AttentionError
from sphinx_attention.core.sources.huggingface.loading import quiet
from tests.core.tiny_models import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.models

TEXT = "the quick brown fox jumps"
Pair = tuple[Any, Any]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = save(kind, tmp_path_factory.mktemp(kind) / f"tiny-{kind}")
        return made[kind]

    return folder


def loaded(folder: Path, kind: str = "AutoModel", **more: Any) -> Pair:
    with quiet():
        model = getattr(transformers, kind).from_pretrained(folder, **more)
        return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


def own(model: Any, tokenizer: Any, text: str = TEXT) -> tuple[Any, list[str]]:
    """The model's own output, computed by its eager attention."""
    inputs = tokenizer(text, return_tensors="pt")
    with torch.no_grad(), quiet():
        output = model(**inputs, output_attentions=True, use_cache=False)
    return output, tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "modernbert"])
def test_a_live_model_gives_its_own_weights(kind: str, folders: Callable[[str], Path]) -> None:
    output, _ = own(*loaded(folders(kind), attn_implementation="eager"))
    # The model is loaded as most people do, with the attention that transformers chooses.
    model, tokenizer = loaded(folders(kind))
    before = model.config._attn_implementation
    made = sphinx_attention.attention(TEXT, model, tokenizer, keep=["queries", "keys"])
    expected = np.stack([layer[0].numpy() for layer in output.attentions])
    assert np.abs(made.weights - expected).max() < 1e-4
    assert made.queries is not None
    assert made.label == f"tiny-{kind}"
    assert model.config._attn_implementation == before


def test_the_model_is_unchanged_afterwards(folders: Callable[[str], Path]) -> None:
    model, tokenizer = loaded(folders("gpt2"), "GPT2LMHeadModel", attn_implementation="sdpa")
    expected = own(model, tokenizer)[0].logits
    model.train()
    model.transformer.h[1].eval()
    modes = [module.training for module in model.modules()]
    numbers = [sphinx_attention.attention(TEXT, model, tokenizer).weights for _ in range(2)]
    # Dropout does not change the numbers, whatever the mode of the model.
    assert np.array_equal(*numbers)
    assert np.abs(numbers[0].sum(-1) - 1).max() < 1e-4
    assert [module.training for module in model.modules()] == modes
    assert {m.config._attn_implementation for m in model.modules() if hasattr(m, "config")} == {
        "sdpa"
    }
    assert model.config.use_cache
    assert torch.allclose(own(model.eval(), tokenizer)[0].logits, expected)
    with pytest.raises(AttentionError, match="remove the argument pair"):
        sphinx_attention.attention(TEXT, model.train(), tokenizer, pair="a dog")
    assert model.training
    assert model.config._attn_implementation == "sdpa"


def test_several_sentences_and_all_parts_of_a_live_model(folders: Callable[[str], Path]) -> None:
    model, tokenizer = loaded(folders("bart"), "AutoModelForSeq2SeqLM")
    shown = sphinx_attention.figure(
        TEXT, model, tokenizer, part=["cross", "encoder"], also=["the lazy dog"]
    )
    html = shown._repr_html_()
    assert '<select name="part"' in html
    assert '<select name="sentence"' in html
    assert shown.attention.part == "cross"
    assert "tiny-bart" in html


@pytest.mark.parametrize("as_arrays", [False, True])
def test_what_output_attentions_returns_is_drawn(
    folders: Callable[[str], Path], *, as_arrays: bool
) -> None:
    output, tokens = own(*loaded(folders("bert"), attn_implementation="eager"))
    given = output.attentions
    if as_arrays:
        given = tuple(layer.numpy() for layer in given)
    shown = sphinx_attention.figure(given, tokens=tokens, label="my BERT", layer=2, head=3)
    expected = np.stack([layer[0].numpy() for layer in output.attentions])
    assert np.array_equal(shown.attention.weights, expected)
    assert [token.text for token in shown.attention.query_tokens] == tokens
    assert shown.attention.query_tokens[0].special
    assert repr(shown) == "<LiveFigure: arcs, my BERT, layer 2, head 3>"
    whole = sphinx_attention.figure(output, tokens=tokens)
    assert np.array_equal(whole.attention.weights, expected)


def test_half_precision_and_one_layer_are_read() -> None:
    rows = torch.softmax(torch.randn(1, 2, 3, 3), -1).to(torch.bfloat16)
    shown = sphinx_attention.figure((rows, rows), tokens=["a", "b", "c"])
    assert shown.attention.weights.shape == (2, 2, 3, 3)
    one = sphinx_attention.figure(rows[0].float().requires_grad_(), tokens=["a", "b", "c"])
    assert one.attention.weights.shape == (1, 2, 3, 3)


def test_the_output_of_an_encoder_decoder_has_parts(folders: Callable[[str], Path]) -> None:
    model, tokenizer = loaded(folders("bart"), "AutoModelForSeq2SeqLM", attn_implementation="eager")
    source = tokenizer(TEXT, return_tensors="pt")
    target = tokenizer("the lazy dog", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        output = model(**source, decoder_input_ids=target, output_attentions=True)
    queries = tokenizer.convert_ids_to_tokens(target[0])
    keys = tokenizer.convert_ids_to_tokens(source["input_ids"][0])
    with pytest.raises(
        AttentionError, match="several parts: set part to encoder, decoder or cross"
    ):
        sphinx_attention.figure(output, tokens=keys)
    shown = sphinx_attention.figure(output, tokens=queries, key_tokens=keys, part="cross")
    expected = np.stack([layer[0].numpy() for layer in output.cross_attentions])
    assert np.array_equal(shown.attention.weights, expected)
    assert shown.attention.part == "cross"


def test_mistakes_around_models_are_reported(folders: Callable[[str], Path]) -> None:
    model, tokenizer = loaded(folders("bert"))
    make = sphinx_attention.figure
    for match, arguments in (
        ("tokenizer is missing", {"model": model}),
        ("of type int for tokenizer", {"model": model, "tokenizer": 3}),
        ("of type Linear for model", {"model": torch.nn.Linear(2, 2), "tokenizer": tokenizer}),
        ("belongs to a live model", {"model": "builtin", "tokenizer": tokenizer}),
        ("remove cache", {"model": model, "tokenizer": tokenizer, "cache": "store"}),
    ):
        with pytest.raises(AttentionError, match=match):
            make(TEXT, **arguments)
    with torch.no_grad():
        output = model(**tokenizer(TEXT, return_tensors="pt"))
    with pytest.raises(AttentionError, match="output_attentions=True"):
        make(output, tokens=TEXT.split())
    with pytest.raises(AttentionError, match="output_attentions=True"):
        make((None, None), tokens=TEXT.split())


def test_a_live_model_generates_text(folders: Callable[[str], Path]) -> None:
    model, tokenizer = loaded(folders("gpt2"), "GPT2LMHeadModel")
    inputs = tokenizer(TEXT, return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=3, do_sample=False)[0]
    made = sphinx_attention.attention(TEXT, model.train(), tokenizer, generate=3)
    assert len(made.query_tokens) == len(ids)
    with torch.no_grad(), quiet():
        model.set_attn_implementation("eager")
        output = model.eval()(input_ids=ids[None], output_attentions=True)
    expected = np.stack([layer[0].numpy() for layer in output.attentions])
    assert np.abs(made.weights - expected).max() < 1e-4
    headless, _ = loaded(folders("gpt2"))
    with pytest.raises(AttentionError, match="no trained head"):
        sphinx_attention.figure(TEXT, headless, tokenizer, generate=3)


def test_the_mean_over_sentences_of_a_live_model(folders: Callable[[str], Path]) -> None:
    model, tokenizer = loaded(folders("bert"))
    texts = ["the dog jumps", "a fox is"]
    made = sphinx_attention.attention(
        texts[0], model, tokenizer, also=texts[1:], aggregate="mean sentences", merge="words"
    )
    each = [
        sphinx_attention.attention(text, model, tokenizer, merge="words").weights for text in texts
    ]
    assert np.abs(made.weights - np.mean(each, axis=0)).max() < 1e-6
    assert made.query_tokens[1].text == "the|a"


def test_a_live_model_sees_a_picture(tmp_path: Path) -> None:
    from tests.core.pictures import noise

    picture = noise(40, 40)
    picture.save(tmp_path / "cat.png")
    config = transformers.ViTConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=8,
        initializer_range=0.4,
    )
    model = transformers.ViTModel(config).train()
    processor = transformers.ViTImageProcessorPil(size={"height": 32, "width": 32})
    requested = {"image": str(tmp_path / "cat.png")}
    shown = sphinx_attention.figure("", model, processor, **requested)
    found = sphinx_attention.attention("", model, processor, **requested)
    assert model.training
    values = processor(images=picture, return_tensors="pt")["pixel_values"]
    own = transformers.ViTModel(config)
    own.load_state_dict(model.state_dict())
    own.eval().set_attn_implementation("eager")
    with torch.no_grad():
        expected = torch.cat(own(values, output_attentions=True).attentions).numpy()
    np.testing.assert_allclose(found.weights, expected, rtol=0, atol=1e-5)
    assert found.query_tokens[1].patch == (0, 0)
    assert "attention-seen" in shown._repr_html_()
    with pytest.raises(AttentionError, match="the image processor is missing"):
        sphinx_attention.figure("", model, **requested)
