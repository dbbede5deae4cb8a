"""What a reader sees of tokens, and which word each belongs to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources._loading import quiet
from sphinx_attention.core.sources._tokens import after_start, continuation, encode, show

pytestmark = pytest.mark.models

Tiny = Callable[[str], Path]


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    with quiet():
        return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"fox", "fox"),
        (b" fox", "fox"),
        ("é".encode(), "é"),
        (b"\xf0\x9f", "⟨F0 9F⟩"),
        (b" \xf0\x9f", "⟨F0 9F⟩"),
        (b"\x98\x80", "⟨98 80⟩"),
        (b"a\xc3", "a⟨C3⟩"),
        (b"\xa9b", "⟨A9⟩b"),
        ("🦊".encode(), "🦊"),
        (b" ", "␣"),
        (b"  ", "␣␣"),
        (b"\n\n", "⏎⏎"),
        (b"\t", "⇥"),
        (b"\x00", "⟨00⟩"),
        ("\u200d".encode(), "⟨E2 80 8D⟩"),
        (b"<b>&amp;", "<b>&amp;"),
    ],
)
def test_bytes_are_readable(data: bytes, shown: str) -> None:
    assert show(data) == shown


def test_word_pieces_keep_their_marks(tiny_model: Tiny) -> None:
    encoded = encode(tokenizer_of(tiny_model("bert")), "An unbelievably  lazy [MASK], jumping")
    assert [(t.text, t.special, t.word) for t in encoded.tokens][:6] == [
        ("[CLS]", True, None),
        ("a", False, 0),
        ("##n", False, 0),
        ("un", False, 1),
        ("##believ", False, 1),
        ("##ably", False, 1),
    ]
    # The author wrote [MASK]; the tokenizer did not add it.
    assert [(t.text, t.special, t.word) for t in encoded.tokens][6:10] == [
        ("lazy", False, 2),
        ("[MASK]", False, 3),
        (",", False, 3),
        ("jumping", False, 4),
    ]


def test_byte_level_tokens_are_text_again(tiny_model: Tiny) -> None:
    text = "the quick 😀 café\nfox<|endoftext|>"
    encoded = encode(tokenizer_of(tiny_model("gpt2")), text)
    shown = [t.text for t in encoded.tokens]
    assert shown[:2] == ["the", "quick"]
    assert shown[-1] == "<|endoftext|>"
    assert not any(mark in "".join(shown) for mark in "ĠĊÃð\ufffd")
    assert "⟨F0⟩" in shown
    words = dict.fromkeys(t.word for t in encoded.tokens)
    assert list(words) == [0, 1, 2, 3, 4]
    (cafe,) = {t.word for t in encoded.tokens if t.text.startswith("caf")}
    assert cafe == 3


def test_sentence_piece_tokens_lose_their_marks(tiny_model: Tiny) -> None:
    encoded = encode(tokenizer_of(tiny_model("t5")), "the quick unbelievably fox")
    shown = [(t.text, t.special, t.word) for t in encoded.tokens]
    assert shown[:3] == [("the", False, 0), ("quick", False, 1), ("␣", False, 2)]
    assert shown[3] == ("u", False, 2)
    assert shown[-2:] == [("fox", False, 3), ("</s>", True, None)]


def test_slow_tokenizers_tell_words_too(tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    with quiet():
        encoded = encode(ByT5Tokenizer(), "the é fox")
    assert [t.text for t in encoded.tokens] == [
        *list("the␣"),
        "⟨C3⟩",
        "⟨A9⟩",
        *list("␣fox"),
        "</s>",
    ]
    words = [t.word for t in encoded.tokens]
    assert words[0] == words[2] == 0
    assert words[4] == 1
    assert words[7] == words[9] == 2
    assert words[-1] is None


def test_an_empty_text_has_no_tokens(tiny_model: Tiny) -> None:
    with pytest.raises(AttentionError) as caught:
        encode(tokenizer_of(tiny_model("bert")), "")
    assert caught.value.problem is Problem.TEXT


def test_a_target_is_shifted_right(tiny_model: Tiny) -> None:
    tokenizer = tokenizer_of(tiny_model("t5"))
    encoded = after_start(tokenizer, encode(tokenizer, "the fox", as_target=True), 0)
    assert [t.text for t in encoded.tokens] == ["<pad>", "the", "fox"]
    assert encoded.ids[0] == 0


def test_generated_numbers_beyond_the_vocabulary(tiny_model: Tiny) -> None:
    tokenizer = tokenizer_of(tiny_model("t5"))
    encoded = continuation(tokenizer, [0, 5, 99_999])
    assert encoded.tokens[-1].text == "⟨#99999⟩"
