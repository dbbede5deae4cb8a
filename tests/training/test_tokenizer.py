"""The tokenizer of the shipped model: all tokens known, no text lost, common words whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from sphinx_attention.core.sources.builtin import FOLDER
from training import tokenizer as vocabulary
from training.corpus import Corpus
from training.sentences import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

TOKENIZER: Any = AutoTokenizer.from_pretrained(FOLDER)

SENTENCES = [
    "the quick brown fox jumps over the lazy dog",
    "The thieves robbed the bank",
    "the bank of the river",
    "the thieves robbed the bank of the river",
    "The children painted the bank",
    "The thieves robbed the house",
    "Mr Dursley was proud to say that he was perfectly normal",
    "the quick brown cat",
    "Attention is all you need",
]


def round_trip(text: str) -> str:
    ids = TOKENIZER(text)["input_ids"]
    return str(TOKENIZER.decode(ids, skip_special_tokens=True))


@pytest.mark.parametrize("text", SENTENCES)
def test_words_of_the_notes_are_whole(text: str) -> None:
    tokens = TOKENIZER.convert_ids_to_tokens(TOKENIZER(text)["input_ids"])
    assert tokens == ["<start>", *("Ġ" + word for word in text.split())]


@settings(max_examples=500, deadline=None)
@given(st.text())
@example("<start>")
@example("a <start> b<start>")
@example(" two  spaces \n\n\tand\r\na line ")
@example("▁Ġ\u00a0\u3000\u200b\x00🦊 e\u0301 MiXeD Üß 東京")
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert round_trip(text) == text


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet=" \n\t\r'’.,-\"aAtThHeEsfoxFOX1é\u00a0"))
def test_white_space_and_case_come_back_as_they_were(text: str) -> None:
    assert round_trip(text) == text


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_no_token_is_unknown_and_none_but_the_first_is_special(text: str) -> None:
    encoded = TOKENIZER(text, return_special_tokens_mask=True)
    assert encoded["special_tokens_mask"] == [1, *[0] * (len(encoded["input_ids"]) - 1)]
    assert TOKENIZER.unk_token is None
    assert encoded["input_ids"].count(TOKENIZER.bos_token_id) == 1


def test_every_byte_is_a_token() -> None:
    vocabulary_ = TOKENIZER.get_vocab()
    singles = [token for token in vocabulary_ if len(token) == 1]
    assert len(singles) == 256


def test_the_shipped_tokenizer_is_what_the_code_builds() -> None:
    built = vocabulary.build()
    assert built.to_str() == TOKENIZER.backend_tokenizer.to_str()


def test_a_few_thousand_words_are_whole() -> None:
    words = vocabulary.whole_words()
    assert len(words) > 4000
    assert all(len(TOKENIZER(word)["input_ids"]) == 2 for word in words)


@pytest.mark.parametrize("make", [Writer.sentence, lambda writer: writer.document(80)])
def test_generated_words_are_the_tokens_the_tokenizer_makes(
    make: Callable[[Writer], Any],
) -> None:
    built = vocabulary.build()
    corpus = Corpus(vocabulary.numbers(built), built.get_vocab_size(), seed=5)
    writer = Writer(np.random.default_rng(11))
    for _ in range(50):
        text = make(writer)
        assert TOKENIZER(str(text), add_special_tokens=False)["input_ids"] == corpus.numbers(text)
