"""One token for the pieces of each word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.request import FunctionSource, ModelSource

from .parts import sides, with_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, Token
    from sphinx_attention.core.request import Request


_ROW_SUM_TOLERANCE = 0.02
"""How far the sum of a row may be from 1, for half precision and for thirds written as 0.33."""


MERGED = "merged"
"""The entry of a provenance for merged tokens of an author."""


@dataclass(frozen=True)
class Words:
    """The words of a text and its pair, as their author separated them by white space.

    Attributes:
        queries: the words of the query tokens; empty if the tokens' own texts are enough.
        keys: the words of the key tokens.
    """

    queries: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def words_of(request: Request, attention: Attention) -> Words:
    """The words that `Token.word` counts. Matrices and functions have only their tokens.

    Args:
        request: the request with the texts.
        attention: the answer with its part, and with the decoder's text if the model generated it.
    """
    if not isinstance(request.source, ModelSource):
        return Words()
    source = tuple(f"{request.text} {request.pair or ''}".split())
    generated = attention.provenance.get("generated")
    written = request.target if request.target is not None else generated
    if written is None or attention.part == "encoder":
        return Words(source, source)
    target = tuple(written.split())
    return Words(target, source if attention.part == "cross" else target)


def note_pieces(attention: Attention, request: Request) -> Attention:
    """Note in the provenance that tokens of an author are merged, if they are.

    Raises:
        AttentionError: it is not known which tokens are pieces of one word.
    """
    for side in sides(attention):
        words = [token.word for token in side if token.word is not None]
        if len(words) > len(set(words)):
            return replace(attention, provenance={**attention.provenance, MERGED: "words"})
    count = sum(token.word is not None for token in attention.query_tokens)
    if isinstance(request.source, FunctionSource) and count == len(request.text.split()):
        return attention  # In this sentence, each word is one token.
    raise AttentionError(
        Problem.OPTION,
        "merge: no token is known to be a piece of a word; pieces are written ##ing, ▁word, Ġword, "
        f"word</w> or with a space before a word: write them so, or remove {option('merge')}",
    )


def merge_words(attention: Attention, words: Words | None = None) -> Attention:
    """Merge the pieces of each word into one token.

    The rows of a word's pieces are averaged and their columns summed, so that rows still sum to 1:
    the attention *to* a split word is the sum over its pieces, and the attention *from* it is their
    mean (Clark et al. 2019, arXiv 1906.04341, section 4.1). A key is masked if no
    piece of the query may see any piece of it. Special tokens stay alone. Queries, keys and
    values are dropped, because a word has none.

    Args:
        attention: its rows must sum to 1.
        words: the texts of the merged tokens. A token without a text here gets its joined pieces.

    Returns:
        The same layers and heads over fewer tokens.

    Raises:
        AttentionError: rows do not sum to 1; the message says how far off they are.
    """
    _check_rows(attention)
    words = words or Words()
    queries, query_groups = group_pieces(attention.query_tokens, words.queries)
    keys, key_groups = group_pieces(attention.key_tokens, words.keys)
    if attention.same_tokens:
        keys = queries
    mean = _membership(query_groups)
    mean /= mean.sum(axis=1, keepdims=True)
    weights = mean @ attention.weights.astype(np.float64) @ _membership(key_groups).T
    seen = _membership(query_groups) @ ~attention.masked @ _membership(key_groups).T
    masked = seen == 0
    return with_weights(attention, weights, masked, queries, keys)


def _check_rows(attention: Attention) -> None:
    sums = attention.weights.sum(axis=-1, dtype=np.float64)
    blind = np.logical_and.reduce(attention.masked, axis=2)[:, None]
    nothing_written = attention.written & (sums == 0)
    off = np.where(blind | nothing_written, 0.0, sums - 1.0)
    worst = np.unravel_index(np.abs(off).argmax(), off.shape)
    if abs(off[worst]) > _ROW_SUM_TOLERANCE:
        layer, head, row = (int(n) for n in worst)
        raise AttentionError(
            Problem.OPTION,
            f"merge: rows have to sum to 1 to be merged, and in layer "
            f"{attention.layer_names[layer]}, head {attention.head_names[head]}, row {row} sums to "
            f"{sums[worst]:.3f} ({off[worst]:+.3f}); remove {option('merge')}",
        )


def group_pieces(
    tokens: Sequence[Token], words: Sequence[str]
) -> tuple[tuple[Token, ...], list[list[int]]]:
    """The merged tokens in the order of their first pieces, and the pieces of each."""
    groups: dict[tuple[str, int], list[int]] = {}
    for i, token in enumerate(tokens):
        alone = token.special or token.word is None
        name = ("alone", i) if alone else ("word", token.word or 0)
        groups.setdefault(name, []).append(i)
    merged = []
    for (kind, word), pieces in groups.items():
        first = tokens[pieces[0]]
        if kind == "word":
            known = words[word] if word < len(words) else ""
            joined = "".join(tokens[i].text.removeprefix("##") for i in pieces[1:])
            first = replace(first, text=known or first.text + joined)
        merged.append(first)
    return tuple(merged), list(groups.values())


def _membership(groups: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """1 where a token belongs to a group and 0 elsewhere, shape (groups, tokens)."""
    belongs = np.zeros((len(groups), sum(len(group) for group in groups)))
    for n, group in enumerate(groups):
        belongs[n, group] = 1.0
    return belongs
