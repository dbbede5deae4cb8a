"""The texts of tokens that a reader sees, and the word to which each token belongs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.huggingface.inputs import (
    after_start,
    continuation,
    display,
    encode,
)
from sphinx_attention.core.sources.huggingface.loading import quiet
from sphinx_attention.core.sources.token_text import show
from tests.core.tiny_models import CORPUS

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
        (b"  fox", "␣␣fox"),
        (b"\tfox", "⇥fox"),
        (b"fox ", "fox␣"),
        (b"):\n", "):⏎"),
        (b"\n\n    fox", "⏎⏎␣␣␣␣fox"),
        (b" of the", "of the"),
        (b" ", "␣"),
        (b"    ", "␣␣␣␣"),
        (b"\r\n", "␍⏎"),
        ("é".encode(), "é"),
        (b"\xf0\x9f", "⟨F0 9F⟩"),
        (b" \xf0\x9f", "⟨F0 9F⟩"),
        (b"\x98\x80", "⟨98 80⟩"),
        (b"a\xc3", "a⟨C3⟩"),
        (b"\xa9b", "⟨A9⟩b"),
        ("🦊".encode(), "🦊"),
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
    # The author wrote [MASK], so this token is not one that the tokenizer added.
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


def test_slow_tokenizers_have_words_too(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("text", ["def f(x):\n    return x\n", "a\tb  c\r\n\r\nd", " the fox"])
def test_the_model_gets_the_text_as_it_was_written(tiny_model: Tiny, text: str) -> None:
    tokenizer = tokenizer_of(tiny_model("gpt2"))
    encoded = encode(tokenizer, text)
    assert tokenizer.decode(encoded.ids, clean_up_tokenization_spaces=False) == text
    shown = "".join(token.text for token in encoded.tokens)
    for mark, character in {"⏎": "\n", "⇥": "\t", "␍": "\r"}.items():
        assert shown.count(mark) == text.count(character)


@pytest.mark.parametrize("kind", ["bert", "t5"])
def test_unknown_tokens(tiny_model: Tiny, kind: str) -> None:
    tokenizer = tokenizer_of(tiny_model(kind))
    assert encode(tokenizer, "the fox 狐").warning == ""
    mostly = encode(tokenizer, "狐 が 跳 fox the").warning
    assert f"3 of 5 tokens are {tokenizer.unk_token}" in mostly
    with pytest.raises(AttentionError, match="all tokens are") as caught:
        encode(tokenizer, "быстрая лиса прыгает")
    assert caught.value.problem is Problem.TEXT
    # The author writes the unknown token by name, so there is no warning.
    assert encode(tokenizer, f"{tokenizer.unk_token} {tokenizer.unk_token}").warning == ""


def test_invisible_tokens_have_a_name() -> None:
    from transformers import CanineTokenizer

    with quiet():
        encoded = encode(CanineTokenizer(), "a b")
    assert [t.text for t in encoded.tokens] == ["[CLS]", "a", "␣", "b", "[SEP]"]


def test_words_of_generated_text(tiny_model: Tiny) -> None:
    tokenizer = tokenizer_of(tiny_model("t5"))
    ids = [0, *tokenizer("the unbelievable fox")["input_ids"][:-1]]
    encoded = continuation(tokenizer, ids)
    words = [token.word for token in encoded.tokens]
    assert words[0] is None
    assert sorted(set(words[1:])) == [0, 1, 2]
    assert words[1:] == sorted(words[1:])


def test_a_target_is_shifted_right(tiny_model: Tiny) -> None:
    tokenizer = tokenizer_of(tiny_model("t5"))
    encoded = after_start(tokenizer, encode(tokenizer, "the fox", as_target=True), 0)
    assert [t.text for t in encoded.tokens] == ["<pad>", "the", "fox"]
    assert encoded.ids[0] == 0


def test_generated_numbers_beyond_the_vocabulary(tiny_model: Tiny) -> None:
    tokenizer = tokenizer_of(tiny_model("t5"))
    encoded = continuation(tokenizer, [0, 5, 99_999])
    assert encoded.tokens[-1].text == "⟨#99999⟩"


# Tokenizers that give no offsets. All are classes of transformers with small vocabularies.


def pieces(folder: Path, name: str, size: int = 60, **more: Any) -> Path:
    """A SentencePiece model that is trained here."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 20),
        model_prefix=str(folder / name),
        vocab_size=size,
        hard_vocab_limit=False,
        minloglevel=9,
        **more,
    )
    return folder / f"{name}.model"


def vocabulary_of(model: Path) -> dict[str, int]:
    import sentencepiece

    loaded = sentencepiece.SentencePieceProcessor(model_file=str(model))
    names = ["<s>", "<pad>", "</s>", "<unk>"]
    names += [loaded.id_to_piece(n) for n in range(loaded.get_piece_size())]
    return {name: n for n, name in enumerate(dict.fromkeys(names))}


def written(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def bpe(folder: Path) -> tuple[str, str]:
    """A vocabulary whose words end in ``</w>``, and its merges."""
    letters = sorted(set("".join(CORPUS)) - {" "})
    merges = [("t", "h"), ("th", "e</w>"), ("o", "x</w>"), ("f", "ox</w>")]
    names = ["<s>", "</s>", "<pad>", "<unk>", *letters, *(f"{c}</w>" for c in letters)]
    names += ["".join(pair) for pair in merges]
    vocabulary = {name: n for n, name in enumerate(dict.fromkeys(names))}
    lines = "#version: 0.2\n" + "".join(f"{a} {b} 9\n" for a, b in merges)
    return written(folder, "vocab.json", vocabulary), written(folder, "merges.txt", lines)


def word_list(folder: Path) -> str:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    names = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "[X_SEP]",
        "the",
        "fox",
        "##es",
        "un",
        ",",
    ]
    names += [*letters, *(f"##{c}" for c in letters)]
    return written(folder, "vocab.txt", "\n".join(names) + "\n")


def byt5(_: Path) -> Any:
    from transformers import ByT5Tokenizer

    return ByT5Tokenizer()


def canine(_: Path) -> Any:
    from transformers import CanineTokenizer

    return CanineTokenizer()


def perceiver(_: Path) -> Any:
    from transformers import PerceiverTokenizer

    return PerceiverTokenizer()


def prophetnet(folder: Path) -> Any:
    from transformers import ProphetNetTokenizer

    return ProphetNetTokenizer(word_list(folder))


def marian(folder: Path) -> Any:
    from transformers import MarianTokenizer

    model = pieces(folder, "source")
    target = pieces(folder, "target", 50)
    vocabulary = written(folder, "vocab.json", vocabulary_of(model) | vocabulary_of(target))
    return MarianTokenizer(str(model), str(target), vocabulary)


def m2m100(folder: Path) -> Any:
    from transformers import M2M100Tokenizer

    model = pieces(folder, "spm")
    return M2M100Tokenizer(written(folder, "vocab.json", vocabulary_of(model)), str(model))


def speech2text(folder: Path) -> Any:
    from transformers import Speech2TextTokenizer

    model = pieces(folder, "spm")
    return Speech2TextTokenizer(written(folder, "vocab.json", vocabulary_of(model)), str(model))


def ctrl(folder: Path) -> Any:
    from transformers import CTRLTokenizer

    vocabulary = {"<unk>": 0, "the": 1, "f@@": 2, "ox": 3}
    letters = sorted(set("".join(CORPUS)) - {" "})
    for c in letters:
        vocabulary |= {f"{c}@@": len(vocabulary), c: len(vocabulary) + 1}
    merges = "#version: 0.2\nt h\nth e</w>\no x</w>\n"
    return CTRLTokenizer(
        written(folder, "vocab.json", vocabulary), written(folder, "merges.txt", merges)
    )


def bert_generation(folder: Path) -> Any:
    from transformers import BertGenerationTokenizer

    return BertGenerationTokenizer(str(pieces(folder, "spm")))


def xlm(folder: Path) -> Any:
    from transformers import XLMTokenizer

    return XLMTokenizer(*bpe(folder))


def fsmt(folder: Path) -> Any:
    from transformers import FSMTTokenizer

    vocabulary, merges = bpe(folder)
    return FSMTTokenizer(
        langs=["en", "de"], src_vocab_file=vocabulary, tgt_vocab_file=vocabulary, merges_file=merges
    )


def biogpt(folder: Path) -> Any:
    from transformers import BioGptTokenizer

    return BioGptTokenizer(*bpe(folder))


SLOW = [byt5, canine, perceiver, prophetnet, marian, m2m100, speech2text, ctrl, bert_generation]
SLOW += [xlm, fsmt, biogpt]


@pytest.mark.parametrize("make", SLOW, ids=lambda make: make.__name__)
@pytest.mark.parametrize("text", ["the fox the unbelievable the café", "the  foxes,  all the fox"])
def test_words_without_offsets(tmp_path: Path, make: Callable[[Path], Any], text: str) -> None:
    with quiet():
        tokenizer = make(tmp_path)
        assert not tokenizer.is_fast
        encoded = encode(tokenizer, text)
        words = text.split()
        found = [(t.text, t.word) for t in encoded.tokens if not t.special]
        # Every word is found, in order, and the tokens of each word spell the word.
        assert list(dict.fromkeys(word for _, word in found)) == list(range(len(words)))
        for n, word in enumerate(words):
            own = tokenizer(word, add_special_tokens=False)["input_ids"]
            visible = [text for text, at in found if at == n and text.strip("␣⏎")]
            assert visible == [t for t in display(tokenizer, own) if t.strip("␣⏎")], word
