"""The numbers in the chapters are literals: the tests compute each again from the models."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.models

NOTES = Path(__file__).parents[2] / "example_docs"
DOG = "the quick brown fox jumps over the lazy dog"
BANK = "The thieves robbed the bank"


@pytest.fixture(scope="module")
def loaded(minilm: Path):
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(minilm, attn_implementation="eager").eval()
    return model, AutoTokenizer.from_pretrained(minilm)


def attention(loaded, text: str, pair: str | None = None) -> tuple[list[str], np.ndarray]:
    import torch

    model, tokenizer = loaded
    inputs = tokenizer(text, pair, return_tensors="pt")
    with torch.no_grad():
        weights = torch.cat(model(**inputs, output_attentions=True).attentions).numpy()
    return tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]), weights


def says(chapter: str, *phrases: str) -> None:
    """Check that the chapter has each phrase, whatever its line breaks."""
    text = re.sub(r"\s+", " ", (NOTES / chapter).read_text(encoding="utf-8"))
    for phrase in phrases:
        assert phrase in text, phrase


def test_one_weight_step_by_step(loaded) -> None:
    import torch

    model, tokenizer = loaded
    inputs = tokenizer(BANK, return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
        layer = model.encoder.layer[0].attention.self
        query, key = (
            part(output.hidden_states[0])[0].view(len(tokens), 12, 32)[:, 10]
            for part in (layer.query, layer.key)
        )
    dots = (key @ query[tokens.index("bank")]).numpy()
    powers = np.exp(dots / np.sqrt(32))
    weights = output.attentions[0][0, 10, tokens.index("bank")].numpy()
    robbed, thieves = tokens.index("robbed"), tokens.index("thieves")
    np.testing.assert_allclose(powers / powers.sum(), weights, atol=1e-5)
    says(
        "one-weight-step-by-step.rst",
        f"For *robbed* it is {dots[robbed]:.3f}.",
        f"{dots[robbed]:.3f} becomes {dots[robbed] / np.sqrt(32):.3f}",
        f"= {powers[robbed]:.2f}. All seven together make {powers.sum():.2f}",
        f"{powers[robbed]:.2f} / {powers.sum():.2f} = {weights[robbed]:.4f}",
        f"*robbed* and *thieves* are {dots[robbed]:.3f} and {dots[thieves]:.3f}",
        f"their weights are {weights[robbed]:.3f} and {weights[thieves]:.3f}",
    )
    assert len(tokens) == 7
    assert 3.9 < weights[robbed] / weights[thieves] < 4.1


def best(scores: np.ndarray) -> list[tuple[str, float]]:
    """Heads by score, the highest score first."""
    order = np.argsort(-scores, axis=None)
    heads = scores.shape[1]
    return [(f"{i // heads}.{i % heads}", float(scores.flat[i])) for i in order]


def test_seventy_two_heads(loaded) -> None:
    tokens, weights = attention(loaded, DOG)
    rows = np.arange(1, len(tokens))
    (first, value), (second, next_) = best(weights[:, :, rows, rows - 1].mean(-1))[:2]
    assert (first, second) == ("0.2", "2.11")
    sink, sunk = best(weights[:, :, 1:, 0].mean(-1))[0]
    says(
        "seventy-two-heads.rst",
        f"head {first} comes first with {value:.2f}",
        f"the next is {second} with {next_:.2f}",
        f"head {sink} is first with {sunk:.2f}",
    )

    tokens, weights = attention(loaded, "The cat chased the mouse", "The mouse ran from the cat")
    end = tokens.index("[SEP]")
    one, two = slice(1, end), slice(end + 1, len(tokens) - 1)
    across, share = best(weights[:, :, one, two].sum(-1).mean(-1))[0]
    says("seventy-two-heads.rst", f"Head {across} sends {share:.2f} of its attention there")


def test_all_pairs_at_once(loaded) -> None:
    tokens, weights = attention(loaded, DOG)
    rolled = np.eye(len(tokens))
    for layer in weights:
        rolled = (0.5 * layer.mean(0) + 0.5 * np.eye(len(tokens))) @ rolled
    fox = rolled[tokens.index("fox")]
    both = fox[0] + fox[-1]
    says(
        "all-pairs-at-once.rst",
        f"*fox* has {fox[tokens.index('fox')]:.3f} of itself left, and {both:.3f} of the two",
    )


def test_two_sentences_one_head(loaded) -> None:
    import torch

    model, tokenizer = loaded
    texts = "we walked along the bank of the river", "we stole money from the bank in the city"
    vectors, rows = [], []
    for text in texts:
        inputs = tokenizer(text, return_tensors="pt")
        tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
        with torch.no_grad():
            output = model(**inputs, output_attentions=True, output_hidden_states=True)
        bank = tokens.index("bank")
        vectors.append([states[0, bank].numpy() for states in output.hidden_states])
        rows.append(dict(zip(tokens, output.attentions[0][0, 0, bank].tolist(), strict=True)))
    cosines = [
        float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in zip(*vectors, strict=True)
    ]
    river, money = rows[0]["river"], rows[1]["money"]
    words = {token: weight for token, weight in rows[0].items() if token not in {"[CLS]", "[SEP]"}}
    assert river == max(words.values())
    assert money == max(rows[1].values())
    says(
        "two-sentences-one-head.rst",
        f"have a cosine of {cosines[0]:.3f}",
        f"gives {river:.3f} of its attention to *river*",
        f"it gives {money:.3f} to *money*",
        f"Their cosine is {cosines[1]:.3f} after the first layer, {cosines[3]:.3f} after the third, "
        f"and {cosines[6]:.3f} at the end.",
    )
