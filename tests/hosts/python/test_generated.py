"""Outputs of `generate()`: the same numbers as one pass of the model over the whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

from sphinx_attention import AttentionError, figure
from sphinx_attention.core.sources.huggingface.loading import quiet
from tests.core.tiny_models import save

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.models

TEXT = "the quick brown fox"
WAYS = {"cache": {}, "no cache": {"use_cache": False}, "beams": {"num_beams": 3}}


def loaded(kind: str, class_name: str, folder: Path) -> Any:
    save(kind, folder)
    with quiet():
        model = getattr(transformers, class_name).from_pretrained(
            folder, attn_implementation="eager"
        )
        return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return loaded("gpt2", "GPT2LMHeadModel", tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return loaded("bart", "AutoModelForSeq2SeqLM", tmp_path_factory.mktemp("bart"))


def generated(model: Any, tokenizer: Any, text: Any = TEXT, **more: Any) -> Any:
    options = {"max_new_tokens": 4, "min_new_tokens": 4, "do_sample": False, **more}
    inputs = tokenizer(text, return_tensors="pt")
    with torch.no_grad(), quiet():
        return model.generate(
            **inputs, output_attentions=True, return_dict_in_generate=True, **options
        )


def stacked(attentions: Any) -> np.ndarray:
    return torch.cat(attentions).numpy()


@pytest.mark.parametrize("way", WAYS)
def test_steps_make_one_attention(gpt2: Any, way: str) -> None:
    model, tokenizer = gpt2
    output = generated(model, tokenizer, **WAYS[way])
    ids = output.sequences[0]
    with torch.no_grad():
        expected = stacked(model(ids[None, :-1], output_attentions=True).attentions)
    tokens = tokenizer.convert_ids_to_tokens(ids)
    shown = figure(output, tokens=tokens)
    assert shown.attention.weights.shape == expected.shape
    assert np.abs(shown.attention.weights - expected).max() < 1e-5
    assert shown.attention.causal
    assert shown.attention.part == "decoder"
    # The last token was written, and the model did not read it.
    assert len(shown.attention.query_tokens) == len(ids) - 1
    if way != "beams":
        again = figure(output.attentions, tokens=tokens[:-1])
        assert np.array_equal(again.attention.weights, shown.attention.weights)


@pytest.mark.parametrize("way", WAYS)
def test_readers_choose_a_part_of_an_encoder_decoder(bart: Any, way: str) -> None:
    model, tokenizer = bart
    output = generated(model, tokenizer, **WAYS[way])
    inputs = tokenizer(TEXT, return_tensors="pt")
    read = output.sequences[:, :-1]
    with torch.no_grad():
        own = model(**inputs, decoder_input_ids=read, output_attentions=True)
    queries = tokenizer.convert_ids_to_tokens(output.sequences[0])
    keys = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    for part in ("cross", "decoder", "encoder"):
        shown = figure(output, tokens=queries, key_tokens=keys, part=part).attention
        expected = stacked(getattr(own, f"{part}_attentions"))
        assert np.abs(shown.weights - expected).max() < 1e-5
        assert shown.part == part
        assert shown.masked.any() == (part == "decoder")
    several = figure(output, tokens=queries, key_tokens=keys, part=["cross", "decoder", "encoder"])
    assert several.attention.part == "cross"
    assert '<select name="part"' in several._repr_html_()
    assert len(several._figure.alternatives) == 2
    with pytest.raises(
        AttentionError, match="set part to encoder, decoder or cross, or to several"
    ):
        figure(output, tokens=queries, key_tokens=keys)


def test_one_pass_of_an_encoder_decoder_has_all_parts(bart: Any) -> None:
    model, tokenizer = bart
    inputs = tokenizer(TEXT, return_tensors="pt")
    target = tokenizer("the lazy dog", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        own = model(**inputs, decoder_input_ids=target, output_attentions=True)
    names = {
        "tokens": tokenizer.convert_ids_to_tokens(target[0]),
        "key_tokens": tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]),
    }
    shown = figure(own, **names, part="encoder, decoder, cross", causal=True)
    made = [shown._figure, *(one.figure for one in shown._figure.alternatives)]
    assert [one.attention.part for one in made] == ["encoder", "decoder", "cross"]
    for one in made:
        expected = stacked(getattr(own, f"{one.attention.part}_attentions"))
        assert np.abs(one.attention.weights - expected).max() < 1e-5
        assert one.attention.masked.any() == (one.attention.part == "decoder")
    with pytest.raises(AttentionError, match="masked belongs to one part"):
        figure(own, **names, part="encoder, cross", masked=np.eye(4))
    with pytest.raises(AttentionError, match="several values for part"):
        figure(own.cross_attentions, **names, part="encoder, cross")


def test_steps_of_several_texts_are_refused(gpt2: Any) -> None:
    model, tokenizer = gpt2
    tokens = [str(n) for n in range(8)]
    beams = generated(model, tokenizer, num_beams=2)
    with pytest.raises(AttentionError, match=r"of 2 texts or beams.*whole output of generate\(\)"):
        figure(beams.attentions, tokens=tokens)
    two = generated(model, tokenizer, num_beams=2, num_return_sequences=2)
    with pytest.raises(AttentionError, match=r"2 generated texts.*num_return_sequences=1"):
        figure(two, tokens=tokens)
    one = generated(model, tokenizer)
    with pytest.raises(AttentionError, match="step 0 has 1 rows for 5 keys, and 0 tokens"):
        figure(one.attentions[1:], tokens=tokens)
    with pytest.raises(AttentionError, match="for 3 query tokens"):
        figure(one, tokens=tokens[:3])
