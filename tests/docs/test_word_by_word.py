"""The chapter on generated text prints the numbers that transformers computes by itself."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_attention.core.sources.builtin import FOLDER
from tests.notes import NOTES

if TYPE_CHECKING:
    from tests.notes import BuiltNotes

pytestmark = pytest.mark.models

CHAPTER = "word-by-word"
SOURCE = " ".join((NOTES / f"{CHAPTER}.rst").read_text(encoding="utf-8").split())


@cache
def written(figure: str) -> tuple[list[str], Any, list[list[tuple[str, float]]], int]:
    """The tokens of a figure, its weights, and the likeliest tokens of each step.

    The weights are those that transformers' own ``generate`` returns, with a cache.

    Returns:
        Tokens; by step, layers of weights; by step, tokens with their probabilities; and how many
        tokens the text has.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (text, count) = re.findall(
        rf"attention-figure:: ([^:]+?) :name: {figure} :model: builtin :generate: (\d+)", SOURCE
    )[0]
    model = AutoModelForCausalLM.from_pretrained(
        FOLDER, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    inputs = tokenizer(text, return_tensors="pt")
    output = model.generate(
        **inputs,
        max_new_tokens=int(count),
        do_sample=False,
        use_cache=True,
        output_attentions=True,
        output_logits=True,
        return_dict_in_generate=True,
    )
    tokens = named(tokenizer, output.sequences[0].tolist())
    steps = []
    for logits in output.logits:
        shares, ids = torch.softmax(logits[0].float(), -1).topk(5)
        steps.append(list(zip(named(tokenizer, ids.tolist()), shares.tolist(), strict=True)))
    return tokens, output.attentions, steps, int(inputs["input_ids"].shape[1])


def named(tokenizer: Any, ids: list[int]) -> list[str]:
    return [token.removeprefix("Ġ") for token in tokenizer.convert_ids_to_tokens(ids)]


def says(notes: BuiltNotes, phrase: str, number: float) -> None:
    """Check that the chapter has a phrase with a number in the place of ``N``."""
    assert notes.number(CHAPTER, phrase) == pytest.approx(number, abs=0.00051), phrase


@pytest.mark.parametrize(
    ("phrase", "figure", "step", "token"),
    [
        ("*Dursley* has N. It takes the first", "dursley-written", 1, "Dursley"),
        ("The model says *perfectly* with N", "dursley-written", 3, "perfectly"),
        ("*perfectly* with 0.813, and *proud* with N", "dursley-written", 3, "proud"),
        ("*look* has N", "keys-written", 1, "look"),
        ("*seem* N", "keys-written", 1, "seem"),
        ("*are* N", "keys-written", 1, "are"),
        ("*were* N", "keys-written", 1, "were"),
        ("the model says *blue* with N", "candle-written", 1, "blue"),
        ("*blue* with 0.516 and *red* with N", "candle-written", 1, "red"),
        ("The model says *blue* with N", "candle-written", 4, "blue"),
    ],
)
def test_a_probability_in_the_prose_is_the_models(
    notes: BuiltNotes, phrase: str, figure: str, step: int, token: str
) -> None:
    says(notes, phrase, dict(written(figure)[2][step - 1])[token])


@pytest.mark.parametrize(
    ("phrase", "figure", "step", "head", "pair"),
    [
        ("the second *Mr* gives N to the first *Dursley*", "dursley-written", 1, (1, 2), ("Mr", 2)),
        ("It looks at the first was, with N", "dursley-written", 2, (1, 2), ("Dursley", 3)),
        ("The head gives N to *perfectly*", "dursley-written", 3, (1, 2), ("was", 10)),
        ("to *perfectly* and N to *proud*", "dursley-written", 3, (1, 2), ("was", 4)),
        ("*cabinet* gives N to *keys*", "keys-written", 1, (2, 1), ("cabinet", 2)),
        ("head 1.2 gives N to *blue*", "candle-written", 1, (1, 2), ("seven", 6)),
        ("to *blue* and N to *red*", "candle-written", 1, (1, 2), ("seven", 3)),
    ],
)
def test_a_weight_in_the_prose_is_the_models(
    notes: BuiltNotes,
    *,
    phrase: str,
    figure: str,
    step: int,
    head: tuple[int, int],
    pair: tuple[str, int],
) -> None:
    tokens, attentions, _, count = written(figure)
    read, key = pair
    assert tokens[count + step - 2] == read
    assert tokens[key] in phrase
    layer, number = head
    says(notes, phrase, float(attentions[step - 1][layer][0, number, -1, key]))


def test_what_the_chapter_says_is_written() -> None:
    tokens, _, _, count = written("dursley-written")
    assert tokens[count : count + 3] == ["Dursley", "was", "perfectly"]
    _, _, steps, _ = written("keys-written")
    assert [token for token, _ in steps[0][:4]] == ["look", "seem", "are", "were"]
    tokens, _, _, count = written("candle-written")
    assert tokens[count:] == ["blue", "candle", "seven"] * 3
