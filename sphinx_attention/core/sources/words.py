"""Finds the word of the text to which each token belongs. White space separates words."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORD = re.compile(r"\S+")


def words_at(
    spans: Sequence[tuple[int, int] | None],
    special: Sequence[bool],
    segments: Sequence[int],
    texts: tuple[str, str],
) -> list[int | None]:
    """The number of each token's word, found by the positions of the tokens in the text.

    Args:
        spans: the start and the end of each token; None if the tokenizer does not give them.
        special: whether the tokenizer added the token itself.
        segments: 0 or 1, the text of each token.
        texts: the text, and the second text of a pair or an empty text.
    """
    starts = [[m.start() for m in _WORD.finditer(text)] for text in texts]
    first = (0, len(starts[0]))
    words: list[int | None] = []
    last = [0, 0]
    for span, flag, segment in zip(spans, special, segments, strict=True):
        if flag:
            words.append(None)
            continue
        text = texts[segment]
        if span is not None:
            # Byte-level tokens contain the space before a word. The word begins after the space.
            start = span[1] - len(text[span[0] : span[1]].lstrip())
            if start == span[1]:
                start += len(text[start:]) - len(text[start:].lstrip())
            last[segment] = max(bisect_right(starts[segment], start) - 1, 0)
        words.append(first[segment] + last[segment])
    return words


def words_of_pieces(
    split: Callable[[str], Sequence[int]],
    ids: Sequence[int],
    shown: Sequence[str],
    *,
    special: Sequence[bool],
    segments: Sequence[int],
    texts: tuple[str, str],
) -> list[int | None]:
    """The number of each token's word, for tokenizers that do not give the positions of tokens.

    Each text is split again word by word, and the pieces are counted. If these pieces differ from
    those of the whole text, the tokens are searched for in the text.

    Args:
        split: splits a text into tokens, without special ones.
        ids: the numbers of the tokens.
        shown: the texts of the tokens in figures.
        special: whether the tokenizer added the token itself.
        segments: 0 or 1, the text of each token.
        texts: the text, and the second text of a pair or an empty text.
    """
    words: list[int | None] = [None] * len(ids)
    begun = 0
    for segment, text in enumerate(texts):
        own = [n for n, flag in enumerate(special) if not flag and segments[n] == segment]
        content = [ids[n] for n in own]
        ends = [match.end() for match in _WORD.finditer(text)]
        counts = _counted(split, text, content) or _grown(split, text, content, ends)
        if counts is None:
            return words_at(_searched(shown, special, segments, texts), special, segments, texts)
        for position, n in enumerate(own):
            words[n] = begun + min(bisect_right(counts, position), max(len(ends) - 1, 0))
        begun += len(ends)
    return words


def words_of_continuation(decode: Callable[[Sequence[int]], str], ids: Sequence[int]) -> list[int]:
    """The number of each token's word in a text that a model wrote, counted from its beginning."""
    return [max(len(decode(ids[: n + 1]).split()) - 1, 0) for n in range(len(ids))]


def words_after(
    decode: Callable[[Sequence[int]], str], read: Sequence[int], ids: Sequence[int], last: int
) -> list[int]:
    """The number of the word of each token with which a model continues a text.

    A token begins a word if the text with the token has one word more than the text before it. A
    token that is only a space therefore belongs to the word before it.

    Args:
        decode: the function from tokens to their text.
        read: the tokens of the text.
        ids: the tokens that the model adds.
        last: the number of the last word of the text.
    """
    counts = [len(decode([*read, *ids[:n]]).split()) for n in range(len(ids) + 1)]
    return [last + max(count - counts[0], 0) for count in counts[1:]]


def _counted(
    split: Callable[[str], Sequence[int]], text: str, content: Sequence[int]
) -> list[int] | None:
    """The end of each word, in tokens, if words are split alone as they are in the whole text."""
    counts, joined = [], list[int]()
    for match in _WORD.finditer(text):
        joined += split(match[0])
        counts.append(len(joined))
    return counts if joined == list(content) else None


def _grown(
    split: Callable[[str], Sequence[int]], text: str, content: Sequence[int], ends: Sequence[int]
) -> list[int] | None:
    """The end of each word, in tokens, if the text before it is split as in the whole text."""
    counts = []
    for end in ends[:-1]:
        pieces = list(split(text[:end]))
        if list(content[: len(pieces)]) != pieces:
            return None
        counts.append(len(pieces))
    return [*counts, len(content)]


def _searched(
    shown: Sequence[str],
    special: Sequence[bool],
    segments: Sequence[int],
    texts: tuple[str, str],
) -> list[tuple[int, int] | None]:
    """The positions of tokens in the text, found by a search."""
    cursor = [0, 0]
    spans: list[tuple[int, int] | None] = []
    for piece, flag, segment in zip(shown, special, segments, strict=True):
        wanted = piece.removeprefix("##")
        text = texts[segment]
        at = -1 if flag or not wanted else text.lower().find(wanted.lower(), cursor[segment])
        if at < 0:
            # A piece that is not found is placed at the next character that is not white space.
            rest = text[cursor[segment] :]
            start = cursor[segment] + len(rest) - len(rest.lstrip())
            spans.append(None if flag else (start, start + 1))
            continue
        cursor[segment] = at + len(wanted)
        spans.append((at, cursor[segment]))
    return spans
