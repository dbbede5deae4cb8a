"""The mean over sentences: word by word if they have as many words, by position otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from sphinx_attention.core.attention import WARNING
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named, option
from sphinx_attention.core.text import clean_line

from .parts import sides, with_weights
from .words import group_pieces, merge_words, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, Token
    from sphinx_attention.core.request import Request

AVERAGED = "averaged"
"""The entry of a provenance for the alignment of the sentences: a value of `Alignment`."""

Alignment = Literal["words", "merged", "positions"]
"""Word by word; word by word after the pieces of each word were put together; or by position."""

SLOT = "|"
"""The separator of the words of several sentences in the label of a token: ``dog|cat``."""

_MOST_IN_A_SLOT = 4
"""The most words that the label of a token names."""

_LONGEST_QUOTE = 60
"""The most characters of a sentence in a message."""


def mean_of_sentences(attentions: Sequence[Attention], requests: Sequence[Request]) -> Attention:
    """The mean of the attentions over several sentences.

    Sentences with the same number of words are averaged word by word. If a word has more pieces in
    one sentence than in another, the pieces of every word are merged first. Sentences with the same
    number of tokens, but not of words, are averaged by position. The label of each token names the
    words at its position. Rows still sum to 1, and a key is masked if all sentences mask it.

    Args:
        attentions: each over one sentence, all with the same layers and heads.
        requests: the request that each of them answers.

    Raises:
        AttentionError: the sentences differ in the numbers of words and of tokens, which the
            message names.
    """
    first = attentions[0]
    if len({(one.layer_names, one.head_names) for one in attentions}) > 1:
        raise AttentionError(
            Problem.OPTION,
            f"{named('aggregate')}: mean sentences needs the same layers and heads for every "
            "sentence; remove "
            f"{option('aggregate')}",
        )
    aligned, how = _aligned(attentions, requests)
    weights, masked = _mean(aligned)
    queries, keys = (_labelled([sides(one)[number] for one in aligned]) for number in range(2))
    if all(one.same_tokens for one in aligned):
        keys = queries
    made = with_weights(first, weights, masked, queries, keys)
    return replace(made, provenance=_provenance(attentions, how))


def _aligned(
    attentions: Sequence[Attention], requests: Sequence[Request]
) -> tuple[Sequence[Attention], Alignment]:
    """The attentions with equal numbers of tokens, and how they were aligned."""
    if _are_equal([_pieces(one) for one in attentions]):
        return attentions, "words"
    if _are_equal([_words(one) for one in attentions]):
        merged = [
            merge_words(one, words_of(request, one))
            for one, request in zip(attentions, requests, strict=True)
        ]
        return merged, "merged"
    if _are_equal([_positions(one) for one in attentions]):
        return attentions, "positions"
    raise _not_alike(attentions, requests)


def _are_equal(values: Sequence[object]) -> bool:
    return all(value == values[0] for value in values)


def _kind(token: Token) -> str:
    """The kind of tokens with which a token is averaged: a bin of its name, special, or a word."""
    if token.is_bin:
        return token.text
    return "special" if token.special else "word"


def _pieces(attention: Attention) -> object:
    return [_pieces_of(side) for side in sides(attention)]


def _pieces_of(side: Sequence[Token]) -> object:
    """The kind of each token, and which word it is a piece of."""
    return [(_kind(token), token.word) for token in side]


def _words(attention: Attention) -> object:
    return [_words_of(side) for side in sides(attention)]


def _words_of(side: Sequence[Token]) -> object:
    """The kind of each whole word and its number, in the order in which `merge_words` puts them."""
    return list(
        dict.fromkeys(
            (_kind(token), f"token {n}")
            if token.special or token.word is None
            else ("word", f"word {token.word}")
            for n, token in _numbered(side)
        )
    )


@dataclass(frozen=True, slots=True)
class Template:
    """The words that several sentences have in common.

    Attributes:
        slots: for each token of each sentence, the number of its word.
        labels: the words of all sentences at each number: ``dog|cat``.
    """

    slots: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]


def template(
    sentences: Sequence[Sequence[Token]], words: Sequence[Sequence[str]]
) -> Template | None:
    """The words that sentences share, aligned as in `mean_of_sentences`; None if they share none.

    Args:
        sentences: the tokens of each.
        words: the texts of the words of each; a text that is missing is made of its pieces.
    """
    if _are_equal([_pieces_of(tokens) for tokens in sentences]):
        slots = tuple(tuple(range(len(tokens))) for tokens in sentences)
        labelled = _labelled(sentences)
    elif _are_equal([_words_of(tokens) for tokens in sentences]):
        grouped = [
            group_pieces(tokens, texts) for tokens, texts in zip(sentences, words, strict=True)
        ]
        slots = tuple(
            tuple(
                slot for _, slot in sorted((n, s) for s, group in enumerate(groups) for n in group)
            )
            for _, groups in grouped
        )
        labelled = _labelled([merged for merged, _ in grouped])
    else:
        return None
    return Template(slots, tuple(token.text for token in labelled))


def count_words(tokens: Sequence[Token]) -> int:
    """The number of words of a sentence. Tokens that are pieces of no known word count as words."""
    alone = sum(token.word is None and not token.special for token in tokens)
    return _count(tokens).words + alone


def _numbered(side: Sequence[Token]) -> list[tuple[int, Token]]:
    """The tokens, each with the number of words and other tokens that begin before it."""
    seen: set[int] = set()
    numbered, number = [], 0
    for token in side:
        numbered.append((number, token))
        is_piece = not token.special and token.word is not None
        if not is_piece or token.word not in seen:
            number += 1
        if is_piece and token.word is not None:
            seen.add(token.word)
    return numbered


def _positions(attention: Attention) -> object:
    """The number of tokens, and the bins among them."""
    return [
        (len(side), [token.text for token in side if token.is_bin]) for side in sides(attention)
    ]


def _mean(
    attentions: Sequence[Attention],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The mean of each row over the sentences in which it sees anything, and the common mask."""
    total = np.zeros(attentions[0].weights.shape)
    rows = np.zeros((1, *total.shape[2:3]))
    masked = np.ones((1, *total.shape[2:]), dtype=np.bool_)
    for one in attentions:
        total += one.weights
        rows = rows + ~np.logical_and.reduce(one.masked, axis=2)
        masked = masked & one.masked
    return total / np.maximum(rows, 1)[:, None, :, None], masked


def _labelled(tokens: Sequence[Sequence[Token]]) -> tuple[Token, ...]:
    """The tokens of the first sentence, labelled by those of all."""
    made = []
    for here in zip(*tokens, strict=True):
        texts = list(dict.fromkeys(token.text for token in here))
        more = ["…"] if len(texts) > _MOST_IN_A_SLOT else []
        label = SLOT.join([*texts[:_MOST_IN_A_SLOT], *more])
        special = all(token.special for token in here)
        made.append(replace(here[0], text=label, special=special))
    return tuple(made)


def _provenance(attentions: Sequence[Attention], how: Alignment) -> dict[str, str]:
    """The provenance of the first, with the generated texts and warnings of all."""
    made = {**attentions[0].provenance, AVERAGED: how}
    for name, between in (("generated", " / "), (WARNING, "; ")):
        found = (one.provenance.get(name) for one in attentions)
        if texts := list(dict.fromkeys(filter(None, found))):
            made[name] = between.join(texts)
    return made


@dataclass(frozen=True, slots=True)
class _Count:
    """How long a text is.

    Attributes:
        words: the number of words.
        tokens: the number of tokens, with special ones.
    """

    words: int
    tokens: int

    def __str__(self) -> str:
        return f"{self.words} {'word' if self.words == 1 else 'words'} ({self.tokens} tokens)"


def _count(side: Sequence[Token]) -> _Count:
    words = {token.word for token in side if token.word is not None and not token.special}
    return _Count(len(words), sum(not token.is_bin for token in side))


def _not_alike(attentions: Sequence[Attention], requests: Sequence[Request]) -> AttentionError:
    counts = [[_count(side) for side in sides(one)] for one in attentions]
    # The side to name: the keys are the sentence itself, the queries may be a decoder's text.
    number = 0 if _are_equal([count[1] for count in counts]) else 1
    whose = "the decoder’s text for " if number == 0 and not attentions[0].same_tokens else ""
    lengths = ", ".join(
        f"{whose}“{_quote(request.text)}” has {count[number]}"
        for count, request in zip(counts, requests, strict=True)
    )
    return AttentionError(
        Problem.OPTION,
        f"{named('aggregate')}: mean sentences needs sentences of the same number of words, or "
        "else of "
        f"the same number of tokens: {lengths}; write sentences of one length, or remove "
        f"{option('aggregate')}",
    )


def _quote(text: str) -> str:
    line = clean_line(text)
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE].rstrip()}…"
