"""The package's reader of the built-in model's tokenizer, compared with transformers' reader."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sphinx_attention.core.sources.builtin import FOLDER
from sphinx_attention.core.sources.builtin.tokenizer import Tokenizer, load_tokenizer, merge

DECLARED = json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
OURS = load_tokenizer(FOLDER)

CHARACTERS = st.characters(exclude_categories=["Cs"])
LIKELY = st.sampled_from([
    *" \n\t\r\v\f\x1c\x85\u00a0\u3000\u200b'’.,-\"_<>[]",
    *"aAeEsStTdDmMlLrRvV1²½٣éßǅ東京한",
    *("\u0301", "\u20dd", "\u200d", "\ufeff", "\x00", "\x7f", "🦊", "👩‍🔬", "﷽", "\U0010ffff"),
    *("the", " fox", "ing", "'s", "'re", "'LL", "<start>", "Ġ", "▁", "##", "\r\n", "  "),
])  # fmt: skip


@pytest.fixture(scope="module")
def theirs() -> Any:
    """transformers' tokenizer for the same files."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(FOLDER)


def same(theirs: Any, text: str) -> None:
    """Check that both split a text into the same tokens at the same offsets."""
    expected = theirs(
        text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False
    )
    ours = OURS.encode(text)
    assert [piece.id for piece in ours] == expected["input_ids"]
    assert [piece.text for piece in ours] == theirs.convert_ids_to_tokens(expected["input_ids"])
    assert [(piece.start, piece.end) for piece in ours] == expected["offset_mapping"]
    assert [piece.special for piece in ours] == [bool(n) for n in expected["special_tokens_mask"]]


@pytest.mark.models
@settings(max_examples=600, deadline=None)
@given(st.text(CHARACTERS))
@example("")
@example(" ")
@example("<start>")
@example("a <start> b<start>")
@example(" two  spaces \n\n\tand\r\na line ")
@example("I'll say it's o'clock, we've 'Twas don't 'S")
@example("e\u0301 \u0301 \u0301\u0301a Å A\u030a")
def test_any_text_has_the_same_tokens(theirs: Any, text: str) -> None:
    same(theirs, text)


@pytest.mark.models
@settings(max_examples=600, deadline=None)
@given(st.lists(LIKELY, max_size=30).map("".join))
def test_texts_of_awkward_parts_have_the_same_tokens(theirs: Any, text: str) -> None:
    same(theirs, text)


@pytest.mark.models
@settings(max_examples=300, deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=60))
def test_unknown_words_have_the_same_tokens(theirs: Any, text: str) -> None:
    same(theirs, text)


@pytest.mark.models
def test_every_character_is_of_the_kind_that_the_tokenizers_package_says() -> None:
    path = Path(__file__).parents[4] / "scripts" / "character_kinds.py"
    script = runpy.run_path(str(path))
    known = json.loads(script["FILE"].read_text(encoding="utf-8"))
    for name, pattern in script["KINDS"].items():
        assert [tuple(one) for one in known[name]] == script["ranges"](pattern), name


@pytest.mark.models
@pytest.mark.parametrize("text", ["a" * 50_000, "ab" * 20_000, "é" * 20_000, "thethe" * 9_000])
def test_a_long_word_is_split_in_time(theirs: Any, text: str) -> None:
    same(theirs, text)


def test_a_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        OURS.encode("a \ud800 b")


def test_neighbours_are_merged_by_the_order_of_the_rules() -> None:
    """By hand: the first of equal neighbours is merged, and an earlier rule goes first."""
    rules = {("b", "c"): 0, ("a", "b"): 1, ("a", "bc"): 2, ("a", "a"): 3}
    assert merge("abc", rules) == ["abc"]
    assert merge("aab", rules) == ["a", "ab"]
    assert merge("aaa", rules) == ["aa", "a"]
    assert merge("cab", rules) == ["c", "ab"]
    assert merge("x", rules) == ["x"]
    assert merge("", rules) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"normalizer": {"type": "Lowercase"}}, "Lowercase.* for normalizer"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "for pre_tokenizer"),
        ({"truncation": {"max_length": 3}}, "for truncation"),
        ({"post_processor": {"type": "ByteLevel"}}, "post_processor"),
        ({"model": {**DECLARED["model"], "ignore_merges": False}}, "for ignore_merges"),
        ({"model": {**DECLARED["model"], "type": "WordPiece"}}, "WordPiece for type"),
    ],
)
def test_unknown_steps_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tokenizer({**DECLARED, **changes})


def test_the_only_added_token_is_the_one_that_begins_a_text() -> None:
    """The reader assumes this, and that no text contains an added token."""
    assert [token["content"] for token in DECLARED["added_tokens"]] == ["<start>"]
    settings_ = json.loads((FOLDER / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert settings_["split_special_tokens"] is True
