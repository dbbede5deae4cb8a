"""Scores of heads, and attention followed through the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.views import HEAD_SCORE_NAMES

from .bins import has_bin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention


_SHORT = 32
"""The most numbers of a short row."""

_AT_ONCE = 1 << 20
"""The most weights that are copied at a time."""


def interest(attention: Attention) -> NDArray[np.float64]:
    """How interesting each head is, in [0, 1].

    Most trained heads put most of their weight on a special token or, in causal models, on the
    first one (an attention sink, Xiao et al. 2023, arXiv 2309.17453), and a picture of such a head
    teaches nothing. The score is the mean, over ordinary query tokens, of the largest weight that
    falls on *another* ordinary token. It is high if rows have a peak and the peak connects words
    with words.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads).
    """
    # After the bin of a learnt sink. A bin of special tokens contains the first token.
    causal = attention.causal and attention.label
    sink = attention.bins if causal and not has_bin(attention) else None
    ordinary_queries = [i for i, t in enumerate(attention.query_tokens) if not t.special]
    ordinary_keys = [not t.special and j != sink for j, t in enumerate(attention.key_tokens)]
    score = np.zeros((attention.layers, attention.heads))
    if not ordinary_queries or not any(ordinary_keys):
        return score
    weights = attention.weights
    # One product leaves out the keys that do not count: the special ones, and the query itself.
    counts = np.tile(np.array(ordinary_keys, weights.dtype), (len(ordinary_queries), 1))
    if attention.same_tokens:
        counts[range(len(ordinary_queries)), ordinary_queries] = 0
    # Some layers are copied at a time. Copies of all layers of a long text would fill the memory.
    together = max(1, _AT_ONCE // weights[0].size)
    for first in range(0, attention.layers, together):
        some = slice(first, first + together)
        among = weights[some].take(ordinary_queries, axis=2)
        among *= counts
        score[some] = _largest(among).mean(axis=2, dtype=np.float64)
    return score


def _largest(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest number of each row."""
    axis = -1
    if rows.shape[-1] <= _SHORT:
        # numpy takes longer for many short rows than for the few long ones of this copy.
        rows, axis = np.ascontiguousarray(np.moveaxis(rows, -1, 0)), 0
    largest: NDArray[np.float32] = rows.max(axis=axis)
    return largest


def choose_head(
    attention: Attention, *, layer: int | None = None, head: int | None = None
) -> tuple[int, int]:
    """The most interesting head, by `interest`, among those that are left open.

    Args:
        attention: the attention with the heads.
        layer: fixes the layer.
        head: fixes the head within the layer.

    Returns:
        Layer and head; the first of equals.
    """
    if layer is not None and head is not None:
        return layer, head
    # For a difference, the head in which the two attentions differ most.
    signed = attention.signed
    score = np.abs(attention.weights).sum(axis=(2, 3)) if signed else interest(attention)
    # Scores that differ by rounding count as equal, so that all processors choose the same head.
    score = np.round(score, 6)
    allowed = np.zeros(score.shape, dtype=np.bool_)
    rows = slice(None) if layer is None else slice(layer, layer + 1)
    columns = slice(None) if head is None else slice(head, head + 1)
    allowed[rows, columns] = True
    best = int(np.argmax(np.where(allowed, score, -1.0)))
    return best // score.shape[1], best % score.shape[1]


def telling_query(attention: Attention, layer: int, head: int) -> int:
    """The query token with the largest weight on one other ordinary token.

    Returns:
        Its index: the first of equals, and the last token if no token has such a weight.
    """
    ordinary = np.array([not token.special for token in attention.key_tokens])
    weights = attention.weights[layer, head].astype(np.float64) * ordinary
    if attention.same_tokens:
        np.fill_diagonal(weights, 0.0)
    specials = [i for i, token in enumerate(attention.query_tokens) if token.special]
    weights[specials] = 0.0
    strongest = np.round(weights.max(axis=1), 6)
    return int(np.argmax(strongest)) if strongest.any() else len(strongest) - 1


def previous_token(attention: Attention) -> NDArray[np.float64]:
    """How much each token attends to the token just before it; high in previous-token heads.

    The mean of w[i, i − 1] over all tokens but the first: the weight on one relative position, by
    which Voita et al. 2019 (arXiv 1905.09418) find positional heads.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where queries and keys are different tokens, or where
        there is only one.
    """
    first = attention.bins
    if not attention.same_tokens or len(attention.query_tokens) - first < 2:
        return _undefined(attention)
    # The token before the first ordinary token is in the bin, or there is none.
    return _mean(np.diagonal(attention.weights, -1, 2, 3)[..., first:])


def first_token(attention: Attention) -> NDArray[np.float64]:
    """How much tokens attend to the first key; high in heads with an attention sink.

    The mean of w[i, 0] over all queries, the first token itself left out where queries and keys
    are the same tokens. Such attention sinks are described by Xiao et al. 2023 (arXiv 2309.17453).

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where there is only one token, or where the first is
        among hidden special ones.
    """
    if has_bin(attention):
        return _undefined(attention)
    first = attention.bins
    if first == len(attention.key_tokens):
        return _undefined(attention)
    rows = attention.weights[:, :, first + 1 if attention.same_tokens else 0 :, first]
    return _mean(rows) if rows.shape[2] else _undefined(attention)


def to_self(attention: Attention) -> NDArray[np.float64]:
    """How much each token attends to itself.

    The mean of w[i, i] over all tokens (Clark et al. 2019, arXiv 1906.04341, section 3.1).

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where queries and keys are different tokens.
    """
    if not attention.same_tokens:
        return _undefined(attention)
    return _mean(np.diagonal(attention.weights, 0, 2, 3)[..., _seeing(attention)])


def entropy(attention: Attention) -> NDArray[np.float64]:
    """How widely a head spreads its attention, in bits.

    The mean over queries of −Σⱼ w[i, j] log₂ w[i, j]: 0 where every row has one weight of 1, and
    log₂ n where it is shared evenly by n keys (Clark et al. 2019, arXiv 1906.04341, section 3.3).

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), at least 0.
    """
    weights = attention.weights.astype(np.float64)
    logarithms = np.log2(weights, out=np.zeros_like(weights), where=weights > 0)
    return _mean(-(weights * logarithms).sum(axis=3)[..., _seeing(attention)] + 0.0)


def induction(attention: Attention) -> NDArray[np.float64]:
    """How much a repeated token attends to the token that followed its earlier occurrence.

    The prefix-matching score of Olsson et al. 2022 (arXiv 2209.11895): for each query token i that
    occurs earlier in the text, the sum of w[i, p + 1] over all earlier positions p of the same
    token, p + 1 < i; the score is the mean of these sums. It is meant for repeated random tokens,
    in which only the repetition tells a head where to look. Special tokens do not count
    as queries. Tokens are the same if their texts are.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where no token is repeated, or where queries and keys
        are different tokens.
    """
    if not attention.same_tokens:
        return _undefined(attention)
    texts = np.array([token.text for token in attention.query_tokens])
    ordinary = np.array([not token.special for token in attention.query_tokens])
    follows = np.zeros((len(texts), len(texts)), dtype=np.bool_)
    follows[:, 1:] = (texts[:, None] == texts[None, :-1]) & ordinary[:, None]
    follows = np.tril(follows, -1)
    repeated = follows.any(axis=1)
    if not repeated.any():
        return _undefined(attention)
    return _mean(np.where(follows, attention.weights, 0.0).sum(axis=3)[:, :, repeated])


def distance(attention: Attention) -> NDArray[np.float64]:
    """How far tokens look, in tokens.

    The mean over queries of Σⱼ w[i, j]·|i − j|, over the sum of the row (Vig and Belinkov 2019,
    arXiv 1906.04284, section 4.4; there for models that read from left to right). The weight on a
    bin, which stands nowhere, does not count.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), at least 0. NaN where queries and keys are different tokens.
    """
    first = attention.bins
    if not attention.same_tokens or first == len(attention.key_tokens):
        return _undefined(attention)
    weights = attention.weights[:, :, first:, first:].astype(np.float64)
    places = np.arange(weights.shape[2])
    apart = np.abs(places[:, None] - places)
    total = weights.sum(axis=3)
    far = (weights * apart).sum(axis=3) / np.where(total > 0, total, 1)
    return _mean(far)


def _seeing(attention: Attention) -> NDArray[np.bool_]:
    """The queries that have a row, which bins have not."""
    return np.logical_not(attention.masked.all(axis=(0, 2)))


HEAD_SCORES: Mapping[str, Callable[[Attention], NDArray[np.float64]]] = dict(
    zip(
        HEAD_SCORE_NAMES,
        (previous_token, first_token, to_self, entropy, induction),
        strict=True,
    )
)
"""The scores by which heads are sorted, by the names that readers see."""

SCORES: Mapping[str, Callable[[Attention], NDArray[np.float64]]] = {
    **HEAD_SCORES,
    "distance": distance,
}
"""All scores of heads: those by which figures sort heads, and the distance."""


def _mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
    average: NDArray[np.float64] = values.mean(axis=2, dtype=np.float64)
    return average


def _undefined(attention: Attention) -> NDArray[np.float64]:
    return np.full((attention.layers, attention.heads), np.nan)
