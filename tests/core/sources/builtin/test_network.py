"""The built-in model's network in NumPy, compared with transformers' run of the same files."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_attention.core.sources.builtin import FOLDER
from sphinx_attention.core.sources.builtin.network import load_network, shape_of
from sphinx_attention.core.sources.builtin.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
NETWORK = load_network(FOLDER)
TOKENIZER = load_tokenizer(FOLDER)
WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "dog"]
NAMES = ("weights", "queries", "keys", "values")

TOLERANCE = 1e-5
"""The tolerance for weights.

Vectors have the same tolerance, relative to their largest number: numbers around 30 have steps of
2e-6 in single precision, and another order of summing differs by several such steps.
"""

FAR, FEW = 4e-5, 1e-4
"""For 512 tokens, at most the share `FEW` of the numbers differs by more, and by `FAR` at most.

transformers' own weights differ by up to 1.3e-5 from a run of the same model in double precision.
"""


@pytest.fixture(scope="module")
def run() -> Callable[[list[int]], list[dict[str, np.ndarray]]]:
    """Run transformers, and record the inputs and the weights of each layer's eager attention."""
    import torch
    from transformers import AttentionInterface, AutoModel
    from transformers.models.llama.modeling_llama import eager_attention_forward

    taken: list[dict[str, np.ndarray]] = []

    def record(module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
        output, weights = eager_attention_forward(module, query, key, value, mask, **options)
        both = zip(NAMES, (weights, query, key, value), strict=True)
        taken.append({name: tensor[0].numpy() for name, tensor in both})
        return output, weights

    AttentionInterface.register("recorded-for-numpy", record)
    model = AutoModel.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager")
    model.set_attn_implementation("recorded-for-numpy")

    def of(ids: list[int]) -> list[dict[str, np.ndarray]]:
        taken.clear()
        # transformers makes no mask for this attention function, so the test makes the causal mask.
        ahead = torch.full((len(ids), len(ids)), torch.finfo(torch.float32).min).triu(1)
        with torch.inference_mode():
            model(
                input_ids=torch.tensor([ids]),
                attention_mask=ahead[None, None],
            )
        return list(taken)

    return of


def same(ids: list[int], theirs: list[dict[str, np.ndarray]], *, long: bool = False) -> None:
    ours = list(NETWORK.attentions(ids))
    assert len(ours) == len(theirs) == CONFIG["num_hidden_layers"]
    for mine, layer in zip(ours, theirs, strict=True):
        for name in NAMES:
            got, expected = getattr(mine, name), layer[name]
            assert got.dtype == np.float32
            assert got.shape == expected.shape
            largest = 1.0 if name == "weights" else max(1.0, float(np.abs(expected).max()))
            gap = np.abs(got - expected) / largest
            assert gap.max() <= (FAR if long else TOLERANCE), name
            assert np.quantile(gap, 1 - FEW) <= TOLERANCE, name
        np.testing.assert_allclose(mine.weights.sum(axis=-1), 1, atol=1e-6)
        assert not np.triu(mine.weights, 1).any()


def ids_of(text: str) -> list[int]:
    return [piece.id for piece in TOKENIZER.encode(text)][: NETWORK.shape.positions]


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    [
        "a",
        "the quick brown fox jumps over the lazy dog",
        "The thieves robbed the bank",
        "Mr Dursley was proud to say that he was perfectly normal",
        "The trophy does not fit into the suitcase because it is too big",
        "東京 é\u0301 🦊 \x00 ﷽",
    ],
)
def test_a_sentence_has_the_numbers_of_transformers(run: Any, text: str) -> None:
    same(ids_of(text), run(ids_of(text)))


@pytest.mark.models
@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_random_text_has_the_numbers_of_transformers(run: Any, text: str) -> None:
    same(ids_of(text), run(ids_of(text)))


@pytest.mark.models
@pytest.mark.parametrize("seed", range(4))
def test_the_longest_text_has_the_numbers_of_transformers(run: Any, seed: int) -> None:
    chance = random.Random(seed)
    count = CONFIG["max_position_embeddings"] - 1
    ids = [0, *(chance.randrange(1, CONFIG["vocab_size"]) for _ in range(count))]
    same(ids, run(ids), long=True)
    ids = ids_of(" ".join(chance.choices(WORDS, k=600)))
    assert len(ids) == count + 1
    same(ids, run(ids), long=True)


@pytest.mark.models
def test_the_weights_are_those_that_transformers_returns() -> None:
    """This run has transformers' own output_attentions and mask, and no recording function."""
    import torch
    from transformers import AutoModel

    ids = ids_of("The children painted the bank of the river")
    model = AutoModel.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager")
    with torch.inference_mode():
        output = model(torch.tensor([ids]), output_attentions=True)
    ours = np.stack([layer.weights for layer in NETWORK.attentions(ids)])
    theirs = np.stack([layer[0].numpy() for layer in output.attentions])
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)


def test_layers_after_the_last_requested_one_are_not_computed() -> None:
    assert len(list(NETWORK.attentions([0, 5, 7], 2))) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_type", "gpt2"),
        ("hidden_act", "gelu"),
        ("mlp_bias", True),
        ("attention_bias", False),
        ("rope_parameters", {"rope_type": "yarn", "rope_theta": 1000.0}),
        ("rope_parameters", None),
    ],
)
def test_unsupported_configurations_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="nothing else is computed in NumPy"):
        shape_of({**CONFIG, name: value})
