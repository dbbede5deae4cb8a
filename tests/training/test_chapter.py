"""The numbers that the chapter on the induction head prints are those of the model."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from sphinx_attention.core.sources.builtin import FOLDER
from tests.notes import MEASURED, source
from training.train import Recipe

if TYPE_CHECKING:
    from tests.notes import BuiltNotes

pytestmark = pytest.mark.models

CHAPTER = "an-induction-head"
TEXT = source(f"{CHAPTER}.rst")


@cache
def loaded() -> tuple[Any, Any]:
    model = AutoModel.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager")
    return AutoTokenizer.from_pretrained(FOLDER), model


def weight(figure: str, head: tuple[int, int], query: str, key: str) -> float:
    """A weight in a figure of the chapter; a word with ``#2`` is its second occurrence."""
    (text,) = re.findall(rf"attention-figure:: ([^:]+?) :name: {figure} ", TEXT)
    tokenizer, model = loaded()
    inputs = tokenizer(text, return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
    words = [token.removeprefix("Ġ") for token in tokens]
    with torch.no_grad():
        weights = model(**inputs, output_attentions=True).attentions[head[0]][0, head[1]]
    places = []
    for word in (query, key):
        name, _, which = word.partition("#")
        places.append(np.flatnonzero(np.array(words) == name)[int(which or 1) - 1])
    return float(weights[places[0], places[1]])


@pytest.mark.parametrize(
    ("phrase", "figure", "head", "query", "key"),
    [
        ("*seven* gives N to *candle*", "twice-previous", (0, 0), "seven", "candle"),
        ("*river* gives N to *seven*", "twice-previous", (0, 0), "river", "seven"),
        ("*yellow* gives N to *river*", "twice-previous", (0, 0), "yellow", "river"),
        ("the second *river* gives N to", "twice-induction", (1, 2), "river#2", "yellow"),
        ("*candle* gives N to *seven*", "twice-induction", (1, 2), "candle#2", "seven"),
        ("*seven* gives N to *river*", "twice-induction", (1, 2), "seven#2", "river"),
        ("*yellow* gives N to *piano*", "twice-induction", (1, 2), "yellow#2", "piano"),
        ("The first *river* gives N to", "twice-induction", (1, 2), "river", "<start>"),
        ("further on, and gives N to *yellow*", "shuffled", (1, 2), "river#2", "yellow"),
        ("first in its half, and gives N to", "shuffled", (1, 2), "yellow#2", "piano"),
        ("second *Mr* gives N to", "dursley", (1, 2), "Mr#2", "Dursley"),
        ("second *Dursley* gives N to", "dursley", (1, 2), "Dursley#2", "opened"),
        ("*door* gives N to *opened*", "dursley", (0, 0), "door", "opened"),
        ("to *opened* and N to *the*", "dursley", (0, 0), "door", "the"),
        ("*are* gives N to *keys*", "keys", (2, 1), "are", "keys"),
        ("to *keys*, and N to *cabinet*", "keys", (2, 1), "are", "cabinet"),
        ("*he* gives N to *boy*", "he", (2, 0), "he", "boy"),
        ("to *boy* and N to *queen*", "he", (2, 0), "he", "queen"),
        ("*she* gives N to *queen*", "she", (2, 0), "she", "queen"),
        ("to *queen* and N to *boy*", "she", (2, 0), "she", "boy"),
    ],
)
def test_a_weight_in_the_prose_is_the_models(
    notes: BuiltNotes, *, phrase: str, figure: str, head: tuple[int, int], query: str, key: str
) -> None:
    assert notes.number(CHAPTER, phrase) == pytest.approx(
        weight(figure, head, query, key), abs=0.0015
    )


def test_the_chapters_scores_are_those_of_the_card() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    scores = re.findall(r"\| (\d\.\d) \| [^|]+ \| ([^|]+?) \| (\d\.\d{3}) \|\n", card)
    assert len(scores) == 13
    for head, measure, score in scores:
        if "switched off" in measure:
            (off,) = re.findall(r"0\.\d", measure)
            assert f"* - head {off} - {score}" in TEXT
        else:
            reported = re.sub(r" \(position [\d.]+\)", "", measure)
            assert f"* - {head} - " in TEXT
            assert re.search(rf"- {head} - [^*]*? - {re.escape(reported)} - {score}", TEXT), measure
    for position in re.findall(r"\(position (\d\.\d{3})\)", card):
        assert f"{position} by position" in TEXT or f"- {position}" in TEXT

    # Heads that were told nothing, from the card's table of every head.
    for head in ("1.0", "1.1"):
        (score,) = re.findall(rf"^\| {head} \| [\d.]+ \| ([\d.]+) \|", card, re.MULTILINE)
        assert MEASURED[f"induction-{head}-25"] == score


def test_what_was_reported_is_said() -> None:
    recipe = Recipe()
    assert f"first {recipe.nudged:,} steps of {recipe.steps:,}" in TEXT
