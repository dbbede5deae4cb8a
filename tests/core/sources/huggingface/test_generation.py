"""Generated text: the tokens, probabilities and rows of transformers' own ``generate``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.analysis.parts import prefix
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.store.entry import pack, unpack
from tests.core import tiny_models
from tests.core.sources.runs import FOX, answers, attentions, failure, source_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.models

NARROW = {"gpt_oss"}
"""The kinds whose experts do not compute in float64."""
NEW = 8
HEADS = {
    "gpt2": "GPT2LMHeadModel",
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gpt_oss": "GptOssForCausalLM",
    "bloom": "BloomForCausalLM",
}
WINDOWS = {"mistral": range(3), "gemma2": (0, 2)}
"""The layers whose queries see only the last four keys."""


def precision(kind: str) -> tuple[str, float]:
    """The dtype in which a model runs, and how far two of its weights may be apart.

    In float32, the order in which a processor adds moves a weight by 6e-6 and more, because the
    logits of these models are large. Norms and rotations compute in float32 at any dtype.
    """
    return ("float32", 1e-4) if kind in NARROW else ("float64", 2e-5)


@pytest.fixture(scope="module")
def with_head(tmp_path_factory: pytest.TempPathFactory):
    """Folders of tiny models with random heads for the next token."""
    made: dict[str, Path] = {}

    def save(kind: str, **settings: Any) -> Path:
        name = "-".join([kind, *map(str, settings.values())])
        if name not in made:
            folder = tmp_path_factory.mktemp("heads") / name
            before = tiny_models._MODELS[kind]
            _, own, tokenizer = before
            changed = {"eos_token_id": None, **own, **settings}
            tiny_models._MODELS[kind] = (HEADS[kind], changed, tokenizer)
            try:
                made[name] = tiny_models.save(kind, folder)
            finally:
                tiny_models._MODELS[kind] = before
        return made[name]

    return save


def generated(folder: Path, text: str, count: int, dtype: str, **more: Any) -> Any:
    """The text that transformers generates with a cache, and its attention step by step."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from sphinx_attention.core.sources.huggingface.loading import quiet

    with quiet():
        model = AutoModelForCausalLM.from_pretrained(
            folder, attn_implementation="eager", dtype=dtype
        ).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return model.generate(
            **tokenizer(text, return_tensors="pt"),
            max_new_tokens=count,
            do_sample=False,
            use_cache=True,
            output_attentions=True,
            output_logits=True,
            return_dict_in_generate=True,
            **more,
        )


@pytest.mark.parametrize("kind", HEADS)
def test_one_pass_has_the_rows_of_decoding_with_a_cache(with_head, kind: str) -> None:
    import torch

    folder = with_head(kind)
    dtype, near = precision(kind)
    output = generated(folder, FOX, NEW, dtype, eos_token_id=None)
    (answer,) = attentions([Request(source_of(folder, dtype=dtype), FOX, generate=NEW)])
    ids = output.sequences[0].tolist()
    count = len(ids) - NEW
    assert len(answer.candidates) == NEW
    assert answer.causal
    whole = answer.weights[:, :, answer.bins :, answer.bins :]
    for step, layers in enumerate(output.attentions):
        for number, weights in enumerate(layers):
            rows = weights[0].float().numpy()
            last = count + step
            # The cache of a sliding window holds only the last keys.
            seen = rows.shape[-1]
            own = whole[number, :, last - rows.shape[1] : last, last - seen : last]
            np.testing.assert_allclose(own, rows, atol=near, err_msg=f"{step} {number}")
            assert whole[number, :, last - 1, : last - seen].max(initial=0) == 0
        logits = output.logits[step][0].float()
        shares, best = torch.softmax(logits, -1).topk(5)
        reported = answer.candidates[step]
        np.testing.assert_allclose([one.probability for one in reported], shares, atol=near)
        assert best[0] == ids[count + step]
        assert reported[0].text == answer.query_tokens[step - NEW].text
    if kind in WINDOWS:
        for number in WINDOWS[kind]:
            mask = answer.mask_of(number)[-1]
            assert mask.tolist() == [True] * (len(mask) - 4) + [False] * 4


def test_a_prefix_is_the_attention_over_its_tokens_alone(with_head) -> None:
    dtype, near = precision("gpt_oss")
    source = source_of(with_head("gpt_oss"), dtype=dtype)
    request = Request(source, FOX, generate=4, keep=("queries", "keys", "values"))
    (answer,) = attentions([request])
    alone, _ = attentions([Request(source, FOX, keep=request.keep), request])
    count = len(alone.query_tokens)
    cut = prefix(answer, count)
    assert cut.query_tokens == alone.query_tokens
    assert np.array_equal(cut.masked, alone.masked)
    for name in ("weights", *request.keep):
        np.testing.assert_allclose(getattr(cut, name), getattr(alone, name), atol=near)


def test_entries_keep_the_candidates(with_head) -> None:
    request = Request(source_of(with_head("llama")), FOX, generate=NEW)
    (answer,) = attentions([request])
    read = unpack(pack(request, answer), request.key)
    assert read.provenance["continued"] == answer.provenance["continued"]
    for step, kept in zip(answer.candidates, read.candidates, strict=True):
        assert [one.text for one in kept] == [one.text for one in step]
        assert [one.probability for one in kept] == pytest.approx(
            [one.probability for one in step], abs=1e-7
        )


def test_the_end_of_the_text_is_the_last_token(with_head) -> None:
    plain = with_head("llama")
    dtype, _ = precision("llama")
    output = generated(plain, FOX, NEW, dtype, eos_token_id=None)
    third = output.sequences[0].tolist()[2 - NEW]
    folder = with_head("llama", eos_token_id=third)
    output = generated(folder, FOX, NEW, dtype)
    (answer,) = attentions([Request(source_of(folder, dtype=dtype), FOX, generate=NEW)])
    assert len(answer.candidates) == len(output.attentions) < NEW
    assert len(answer.query_tokens) == output.sequences.shape[1]


def test_other_requests_of_the_run_have_their_usual_answers(with_head) -> None:
    source = source_of(with_head("gemma2"))
    (alone,) = attentions([Request(source, FOX)])
    going, beside = attentions([Request(source, FOX, generate=2), Request(source, FOX)])
    assert len(going.query_tokens) == len(alone.query_tokens) + 2
    assert beside.provenance == alone.provenance
    assert np.array_equal(beside.weights, alone.weights)
    # A runner that loaded the model without its head loads the model again.
    with open_source(source) as runner:
        for request in (Request(source, "a dog"), Request(source, FOX, generate=2)):
            ((_, answer),) = runner.run([request])
            assert isinstance(answer, Attention), answer
        assert np.array_equal(answer.weights, going.weights)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("bert", "reads the whole text at once, and not from left to right"),
        ("t5", "is an encoder-decoder model"),
        ("xlnet", "remove the option generate"),
        ("llama", "has no trained head for the next token"),
        ("deepseek_v4", "remove the option generate"),
    ],
)
def test_models_that_do_not_generate(tiny_model, kind: str, why: str) -> None:
    source = source_of(tiny_model(kind))
    plain, refused = answers([Request(source, "the fox"), Request(source, "a dog", generate=3)])
    assert isinstance(refused, AttentionError)
    assert refused.problem is Problem.OPTION
    assert why in refused.message
    assert "remove the option generate" in refused.message
    # The other requests of the run succeed.
    assert isinstance(plain, Attention), plain
    (alone,) = attentions([Request(source, "the fox")])
    assert np.array_equal(plain.weights, alone.weights)


def test_generation_past_the_models_length(with_head) -> None:
    source = source_of(with_head("llama"))
    tokens = len(attentions([Request(source, FOX)])[0].query_tokens)
    error = failure(Request(source, FOX, generate=64))
    assert re.search(
        rf"invalid value 64 for generate: the text has {tokens} tokens, and .* takes 64; "
        rf"generate {64 - tokens} at most",
        error.message,
    )
    (most,) = attentions([Request(source, FOX, generate=64 - tokens)])
    assert len(most.query_tokens) <= 64


def test_a_source_is_loaded_with_a_head_only_to_generate(with_head) -> None:
    source = source_of(with_head("gpt2"))
    assert isinstance(source, ModelSource)
    assert Request(source, FOX).canonical() == Request(source, FOX, generate=None).canonical()
    assert "generate" not in Request(source, FOX).canonical()
    assert Request(source, FOX).key != Request(source, FOX, generate=1).key
