"""Splits texts into tokens: the inputs of the model, and their texts for readers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.refusals import takes_no_pair
from sphinx_attention.core.sources.token_text import readable
from sphinx_attention.core.sources.words import words_at, words_of_continuation, words_of_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text, or a pair, as a tokenizer splits it.

    Attributes:
        inputs: the inputs of the model by name, each a list as long as ``tokens``.
        tokens: the same tokens as they are shown.
        warning: a warning for the author about the tokens; empty if there is none.
    """

    inputs: dict[str, list[int]]
    tokens: tuple[Token, ...]
    warning: str = ""

    @property
    def ids(self) -> list[int]:
        """The tokens' numbers in the vocabulary."""
        return self.inputs["input_ids"]

    def __len__(self) -> int:
        return len(self.tokens)


def encode(
    tokenizer: Any, text: str, pair: str | None = None, *, as_target: bool = False
) -> Encoded:
    """Split a text or a pair of texts, without truncation.

    Args:
        tokenizer: a ``transformers`` tokenizer.
        text: the sentence.
        pair: the second sentence.
        as_target: whether the text is the decoder's, which some tokenizers split differently.

    Raises:
        AttentionError: the tokenizer takes no pair, or the text has no tokens.
    """
    if pair is not None and not _takes_pairs(tokenizer):
        raise takes_no_pair()
    texts = {"text_target": text} if as_target else {"text": text, "text_pair": pair}
    fast = bool(tokenizer.is_fast)
    encoding = tokenizer(
        **texts,
        truncation=False,
        return_special_tokens_mask=True,
        return_offsets_mapping=fast,
        verbose=False,
    )
    ids = [int(i) for i in encoding["input_ids"]]
    special = [bool(flag) for flag in encoding["special_tokens_mask"]]
    if all(special):
        raise AttentionError(
            Problem.TEXT,
            "the tokenizer makes no token of the text; the text may be white space or characters "
            "that it leaves out",
        )
    segments = _segments(encoding, special, fast=fast)
    shown = display(tokenizer, ids)
    both = (text, pair or "")
    if fast:
        spans: list[tuple[int, int] | None] = [
            None if flag or a == b else (int(a), int(b))
            for (a, b), flag in zip(encoding["offset_mapping"], special, strict=True)
        ]
        words = words_at(spans, special, segments, both)
    else:
        split = _splitter(tokenizer, as_target=as_target)
        words = words_of_pieces(split, ids, shown, special=special, segments=segments, texts=both)
    tokens = tuple(
        Token(text=t, special=s, word=w, segment=g)
        for t, s, w, g in zip(shown, special, words, segments, strict=True)
    )
    names = [name for name in tokenizer.model_input_names if name in encoding]
    inputs = {name: [int(i) for i in encoding[name]] for name in names}
    warning = _check_unknown(tokenizer, ids, tokens, " ".join(both))
    return Encoded({**inputs, "input_ids": ids}, tokens, warning)


def _check_unknown(tokenizer: Any, ids: list[int], tokens: tuple[Token, ...], text: str) -> str:
    """The warning if most tokens are the unknown token; empty if they are not.

    Raises:
        AttentionError: all tokens are unknown, so that a figure would show nothing of the text.
    """
    unknown, name = tokenizer.unk_token_id, str(tokenizer.unk_token)
    # A tokenizer whose unknown token has another use as well, as in GPT-2, knows every text.
    others = {tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id}
    if unknown is None or unknown in others or name in text:
        return ""
    read = [
        i
        for i, token in zip(ids, tokens, strict=True)
        if not token.special and token.text.strip("␣⏎⇥␍")
    ]
    lost = read.count(unknown)
    if 2 * lost <= len(read):
        return ""
    kind = "all" if lost == len(read) else f"{lost} of {len(read)}"
    message = (
        f"the model's tokenizer does not know this text: {kind} tokens are {name}; choose a model "
        "that was trained on this language, or write the text as its vocabulary has it"
    )
    if lost == len(read):
        raise AttentionError(Problem.TEXT, message)
    return message


def _splitter(tokenizer: Any, *, as_target: bool) -> Callable[[str], list[int]]:
    name = "text_target" if as_target else "text"

    def split(text: str) -> list[int]:
        encoding = tokenizer(**{name: text}, add_special_tokens=False, verbose=False)
        return [int(i) for i in encoding["input_ids"]]

    return split


def _takes_pairs(tokenizer: Any) -> bool:
    """Whether special tokens separate a second text from the first."""
    alone = int(tokenizer.num_special_tokens_to_add(pair=False))
    return int(tokenizer.num_special_tokens_to_add(pair=True)) > alone


def _segments(encoding: Any, special: Sequence[bool], *, fast: bool) -> list[int]:
    """0 or 1 for each token; a special token has that of the text before it, or the model's own."""
    types = list(encoding["token_type_ids"]) if "token_type_ids" in encoding else []
    own: Sequence[int | None] = encoding.sequence_ids(0) if fast else (types or [0] * len(special))
    if set(types) == {0, 1}:
        return [int(t) for t in types]
    segments, last = [], 0
    for one, flag in zip(own, special, strict=True):
        last = last if flag or one is None else int(one)
        segments.append(last)
    return segments


def display(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """The texts of the tokens for readers.

    Word pieces keep their ``##``. Bytes and the marks of SentencePiece become text; bytes that are
    no complete character become ``⟨F0 9F⟩``. Special and added tokens keep their names.
    """
    added = {int(i): str(token) for i, token in tokenizer.added_tokens_decoder.items()}
    special = set(tokenizer.all_special_ids)
    pieces = tokenizer.convert_ids_to_tokens(list(ids))
    kind = _kind(tokenizer)
    return [
        # Vocabularies of models are rounded up: a model may generate a number without a token.
        f"⟨#{i}⟩"
        if piece is None
        else _named(tokenizer, added.get(i, str(piece)))
        if i in added or i in special
        else readable(str(piece), kind)
        for i, piece in zip(ids, pieces, strict=True)
    ]


def _named(tokenizer: Any, text: str) -> str:
    """The text of a special token; if it is invisible, the name of its role in brackets."""
    if not all(unicodedata.category(c) in {"Co", "Cc", "Cf", "Cn"} for c in text):
        return text
    names = [name for name, own in tokenizer.special_tokens_map.items() if str(own) == text]
    # CANINE has one token for bos and cls; for encoders, cls is the usual name.
    names.sort(key=lambda name: name in {"bos_token", "eos_token"})
    return f"[{names[0].removesuffix('_token').upper()}]" if names else text


def _kind(tokenizer: Any) -> str:
    """The notation of pieces: as bytes, with SentencePiece's marks, or as they are."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        parts = f"{backend.decoder!r} {backend.pre_tokenizer!r}"
        if "ByteLevel" in parts:
            return "bytes"
        if type(backend.model).__name__ == "WordPiece":
            return "plain"
        return "marks"
    if hasattr(tokenizer, "byte_decoder"):
        return "bytes"
    if getattr(tokenizer, "vocab_size", 0) == 256:
        return "latin"
    return "marks"


def continuation(tokenizer: Any, ids: Sequence[int]) -> Encoded:
    """The tokens of a decoder's input that is given by its numbers.

    Args:
        tokenizer: a ``transformers`` tokenizer.
        ids: the numbers; the first is the token that starts every decoder's text.
    """
    names = set(tokenizer.all_special_ids)
    special = [n == 0 or i in names for n, i in enumerate(ids)]
    shown = display(tokenizer, ids)
    content = [i for i, flag in zip(ids, special, strict=True) if not flag]
    found = iter(words_of_continuation(lambda part: str(tokenizer.decode(part)), content))
    words = [None if flag else next(found) for flag in special]
    tokens = tuple(
        Token(text=t, special=s, word=w) for t, s, w in zip(shown, special, words, strict=True)
    )
    return Encoded({"input_ids": list(ids)}, tokens)


def after_start(tokenizer: Any, encoded: Encoded, start: int) -> Encoded:
    """A target as the decoder reads it: with the start token, and without the end token.

    The decoder only returns the end token, and never reads it.
    """
    ids, tokens = list(encoded.ids), list(encoded.tokens)
    if tokens[-1].special and len(ids) > 1:
        del ids[-1], tokens[-1]
    if ids[0] != start or not tokens[0].special:
        ids.insert(0, start)
        tokens.insert(0, Token(display(tokenizer, [start])[0], special=True))
    return Encoded({"input_ids": ids}, tuple(tokens), encoded.warning)
