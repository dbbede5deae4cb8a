"""Tokens that an author gives as texts: which are special, and which are pieces of one word.

A tokenizer knows both. The texts of an author, a file or a function say so only by their forms:
``[CLS]``, ``##ing``, ``▁word``, ``Ġword``, ``word</w>``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.token_text import readable, show

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 1000
"""The most characters of a token that is drawn."""

_SPECIAL = re.compile(
    r"\[(?:cls|sep|pad|bos|eos|eot|start|end|/?inst)\]"
    r"|</?s>"
    r"|</?(?:pad|bos|eos|eot|eod|eop|cls|sep|sos|start|end|start_of_turn|end_of_turn)>"
    r"|<\|(?!mask|unk)[^|<>\s]{1,40}\|>"
    r"|<｜[^｜<>]{1,40}｜>",
    re.IGNORECASE,
)
"""Tokens that tokenizers add. A mask or an unknown word comes from the author."""


_MARKS = {"Ġ": "bytes", "▁": "marks", "</w>": "marks"}
"""Marks at the start or the end of a word, and the way to read texts with them."""


def author_tokens(texts: Sequence[str], special: Sequence[bool] | None = None) -> tuple[Token, ...]:
    """Tokens from their texts.

    Args:
        texts: as an author, a file or a function gives them.
        special: which of them are special; None means those in a usual form.

    Raises:
        AttentionError: a text cannot be drawn.
    """
    for n, text in enumerate(texts):
        _check(text, n)
    flags = [is_special(text) for text in texts] if special is None else list(special)
    kind, words = _words(texts, flags)
    return tuple(
        Token(
            # A special token keeps its name.
            text if flag and text.strip() else _shown(text, kind),
            special=flag,
            word=word,
        )
        for text, flag, word in zip(texts, flags, words, strict=True)
    )


def flags_of(special: Any, texts: Sequence[str]) -> list[bool] | None:
    """Which tokens are special; None if the author does not say.

    Args:
        special: a list of one truth value a token, or of texts; or None.
        texts: of the tokens.

    Raises:
        AttentionError: the value is of another kind.
    """
    if special is None:
        return None
    if not isinstance(special, list):
        raise AttentionError(
            Problem.TEXT,
            f"special is a {type(special).__name__}, not a list of truth values or texts",
        )
    if all(isinstance(one, str) for one in special):
        return [text in special for text in texts]
    if len(special) != len(texts):
        raise AttentionError(
            Problem.TEXT, f"special has {len(special)} entries for {len(texts)} tokens"
        )
    if not all(one in {0, 1} for one in special if not isinstance(one, list | dict)):
        raise AttentionError(
            Problem.TEXT, "special holds other values than true and false; it may also hold texts"
        )
    return [bool(one) for one in special]


def same_text(texts: Sequence[str], sentence: str) -> bool:
    """Whether tokens spell a sentence, if pieces, case, accents and special tokens are ignored."""
    tokens = author_tokens(texts)
    own = "".join(token.text.removeprefix("##") for token in tokens if not token.special)
    return _letters(own) == _letters(sentence)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def is_special(text: str) -> bool:
    """Whether a text has the form of a token that tokenizers add."""
    return _SPECIAL.fullmatch(text.strip()) is not None


def _check(text: str, number: int) -> None:
    if len(text) > _LONGEST:
        raise AttentionError(
            Problem.TEXT,
            f"token {number} has {len(text):,} characters, and {_LONGEST:,} are drawn at most",
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AttentionError(
            Problem.TEXT, f"token {number} is not a text: it holds half of a character (surrogate)"
        ) from None


def _shown(text: str, kind: str) -> str:
    shown = readable(text, kind) if kind in {"bytes", "marks"} else show(text.encode())
    if kind == "joined":
        shown = shown.removesuffix("@@")
    return shown or "⟨⟩"


def _words(texts: Sequence[str], special: Sequence[bool]) -> tuple[str, list[int | None]]:
    """The notation of pieces of words, and the word of each token."""
    plain = [text for text, flag in zip(texts, special, strict=True) if not flag]
    kind, rule = _kind(plain)
    words: list[int | None] = []
    last = -1
    before: str | None = None
    for text, flag in zip(texts, special, strict=True):
        blank = not _shown(text, kind).strip("␣⏎⇥␍")
        if flag or blank:
            words.append(None)
            before = None
            continue
        goes_on = before is not None and {
            "##": text.startswith("##"),
            "Ġ": not text.startswith(("Ġ", "Ċ")),
            "▁": not text.startswith("▁"),
            " ": not text[:1].isspace(),
            "</w>": not before.endswith("</w>"),
            "@@": before.endswith("@@"),
            "letters": True,
        }.get(rule, False)
        last += not goes_on
        words.append(last)
        before = text
    return kind, words


def _kind(texts: Sequence[str]) -> tuple[str, str]:
    """The form in which texts are shown, and the mark for the continuation of a word."""
    if any(len(text) > 2 and text.startswith("##") for text in texts[1:]):
        return "plain", "##"
    for mark, kind in _MARKS.items():
        at = [text for text in texts if mark in {text[:1], text[-4:]}]
        if any(len(text) > len(mark) or mark == "Ġ" for text in at):
            return kind, mark
    if any(len(text) > 2 and text.endswith("@@") for text in texts[:-1]):
        return "joined", "@@"
    if any(len(text) > 1 and text[0] == " " and text.strip() for text in texts[1:]):
        return "plain", " "
    if any(text.isspace() for text in texts) and all(len(text) == 1 for text in texts):
        return "plain", "letters"
    return "plain", ""
