"""Finds the token that an author names by its text, its occurrence or its number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from sphinx_attention.core.analysis.mean import AVERAGED, SLOT
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named, option
from sphinx_attention.core.text import clean_line, is_number, nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.attention import Attention, Token

_PIECE_MARKS = re.compile(r"^(?:##|[\s\u0120\u010a\u2581]+)|(?:</w>|@@|[\s\u2581]+)$")
"""The marks that tokenizers write around a piece of a word: ##ing, Ġcat, ▁cat, cat</w>, ca@@."""

_MOST_LISTED = 24
"""The most tokens that a message lists."""


def _bare(text: str) -> str:
    """A token's text without the blanks and marks around it, unless it consists only of these."""
    return _PIECE_MARKS.sub("", text) or text


def _bare_folded(text: str) -> str:
    return _bare(text).casefold()


_FOLDS = (str, _bare, str.casefold, _bare_folded)
"""The forms in which texts are compared, from the strictest to the most lenient."""


def pick(texts: Sequence[str], wanted: str) -> int | None:
    """The position of the first text that an author named; None if none has it."""
    for fold in _FOLDS:
        found = [i for i, text in enumerate(texts) if fold(text) == fold(wanted)]
        if found:
            return found[0]
    return None


def find(
    attention: Attention,
    focus: str,
    *,
    side: Literal["query", "key"] = "query",
    named_in: str = named("focus"),
) -> tuple[int, bool]:
    """The index of the token that an author named, and whether only its capitals differ.

    Args:
        attention: whose tokens are searched.
        focus: a token's text, the same with ``#2`` for its second occurrence, or an index.
            A text that is also a number is taken as text first. The blanks and marks that
            tokenizers put around a piece may be left out. Capitals matter only if the tokens have
            both forms.
        side: whether a query or a key is meant.
        named_in: the name, in messages, of the option or the text with the token.

    Raises:
        AttentionError: there is no such token. The message lists the tokens.
    """
    tokens = attention.query_tokens if side == "query" else attention.key_tokens
    texts = [token.text for token in tokens]
    name, hash_, ordinal = focus.rpartition("#")
    wanted, occurrence = focus, 1
    if hash_ and is_number(ordinal) and focus not in texts:
        wanted, occurrence = name, int(ordinal)
    for fold in _FOLDS:
        found = [i for i, text in enumerate(texts) if fold(text) == fold(wanted)]
        if 1 <= occurrence <= len(found):
            return found[occurrence - 1], fold in {str.casefold, _bare_folded}
    # The words of several sentences stand at the place of one token, as in dog|cat.
    averaged = texts if AVERAGED in attention.provenance else []
    slots = [[_bare_folded(word) for word in text.split(SLOT)] for text in averaged]
    found = [i for i, slot in enumerate(slots) if _bare_folded(wanted) in slot]
    if 1 <= occurrence <= len(found):
        return found[occurrence - 1], False
    if is_number(focus) and int(focus) < len(texts):
        return int(focus), False
    raise AttentionError(
        Problem.OPTION,
        f"invalid value {quoted(focus)} for {named_in}: there is no such token"
        f"{nearest(_bare(wanted), map(_bare_folded, texts))}; expected the text of "
        f"one, its text with #2 for the second of that text, or its number from 0 to "
        f"{len(texts) - 1}; {_tokens_listed(texts)}{_pieces_of(tokens, wanted)}"
        f"{_other_form(texts, focus)}",
    )


def _other_form(known: Sequence[str], focus: str) -> str:
    """A hint for tokens with other marks around or between them; empty for none."""
    texts = {_bare_folded(text) for text in known}
    plain = focus.strip("\"'“”‘’`[]")
    if plain != focus and _bare_folded(plain) in texts:
        return f"; write it without quotation marks: {plain}"
    parts = [part.strip("\"' ") for part in re.split(r"[,;|+&]", focus)]
    if len(parts) > 1 and all(_bare_folded(part) in texts for part in parts):
        return f"; several tokens have a bar with blanks between them: {' | '.join(parts)}"
    return ""


def _tokens_listed(texts: Sequence[str]) -> str:
    more = f" … ({len(texts)} tokens)" if len(texts) > _MOST_LISTED else ""
    return f"the tokens are {' '.join(map(clean_line, texts[:_MOST_LISTED]))}{more}"


def _pieces_of(tokens: Sequence[Token], wanted: str) -> str:
    """A hint for a word that is split into several tokens; empty for none."""
    words: dict[int, list[str]] = {}
    for token in tokens:
        if token.word is not None:
            words.setdefault(token.word, []).append(token.text)
    for pieces in words.values():
        if len(pieces) > 1 and "".join(map(_bare, pieces)).casefold() == wanted.casefold():
            return (
                f"; {clean_line(wanted)} is in pieces, {' '.join(map(clean_line, pieces))}: name "
                f"one of them, or give {option('merge')} the value words"
            )
    return ""
