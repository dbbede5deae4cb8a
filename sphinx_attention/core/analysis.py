"""Scores of heads, and what of a row is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .attention import Attention


def interest(attention: Attention) -> NDArray[np.float64]:
    """How much there is to see in each head, in [0, 1].

    Most trained heads put most of their weight on a special token or, in causal models, on the
    first one (an attention sink, Xiao et al. 2023, arXiv 2309.17453), and a picture of such a head
    teaches nothing. The score is the mean, over ordinary query tokens, of the largest weight that
    falls on *another* ordinary token: high where rows are peaked and where the peak ties words to
    words.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads).
    """
    sink = 0 if attention.causal and attention.label else None
    ordinary_queries = [i for i, t in enumerate(attention.query_tokens) if not t.special]
    ordinary_keys = [j for j, t in enumerate(attention.key_tokens) if not t.special and j != sink]
    if not ordinary_queries or not ordinary_keys:
        return np.zeros((attention.layers, attention.heads))
    weights = attention.weights[:, :, ordinary_queries][:, :, :, ordinary_keys].astype(np.float64)
    if attention.one_row:
        same = np.equal.outer(ordinary_queries, ordinary_keys)
        weights = np.where(same, 0.0, weights)
    score: NDArray[np.float64] = weights.max(axis=3).mean(axis=2)
    return score


def choose_head(
    attention: Attention, *, layer: int | None = None, head: int | None = None
) -> tuple[int, int]:
    """The head most worth looking at, by `interest`, among those that are left open.

    Args:
        attention: whose heads.
        layer: fixes the layer.
        head: fixes the head within the layer.

    Returns:
        Layer and head; the first of equals.
    """
    score = interest(attention)
    # Equal up to rounding is equal: the choice must not depend on the processor's last bit.
    score = np.round(score, 6)
    allowed = np.zeros(score.shape, dtype=np.bool_)
    rows = slice(None) if layer is None else slice(layer, layer + 1)
    columns = slice(None) if head is None else slice(head, head + 1)
    allowed[rows, columns] = True
    best = int(np.argmax(np.where(allowed, score, -1.0)))
    return best // score.shape[1], best % score.shape[1]


def previous_token(attention: Attention) -> NDArray[np.float64]:
    """How much each token attends to the one just before it: high in previous-token heads.

    The mean of w[i, i − 1] over all tokens but the first: the weight on one relative position, by
    which Voita et al. 2019 (arXiv 1905.09418) find positional heads.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where queries and keys are different tokens, or where
        there is only one.
    """
    if not attention.one_row or len(attention.query_tokens) < 2:
        return _undefined(attention)
    return _mean(np.diagonal(attention.weights, -1, 2, 3))


def first_token(attention: Attention) -> NDArray[np.float64]:
    """How much tokens attend to the first key: high in heads that rest on it.

    The mean of w[i, 0] over all queries, the first token itself left out where queries and keys
    are the same tokens. Such attention sinks are described by Xiao et al. 2023 (arXiv 2309.17453).

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where there is only one token.
    """
    rows = attention.weights[:, :, int(attention.one_row) :, 0]
    return _mean(rows) if rows.shape[2] else _undefined(attention)


def to_self(attention: Attention) -> NDArray[np.float64]:
    """How much each token attends to itself.

    The mean of w[i, i] over all tokens (Clark et al. 2019, arXiv 1906.04341, section 3.1).

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where queries and keys are different tokens.
    """
    if not attention.one_row:
        return _undefined(attention)
    return _mean(np.diagonal(attention.weights, 0, 2, 3))


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
    return _mean(-(weights * logarithms).sum(axis=3) + 0.0)


def induction(attention: Attention) -> NDArray[np.float64]:
    """How much a token that has stood there before attends to what came next then.

    The prefix-matching score of Olsson et al. 2022 (arXiv 2209.11895): for each query token i that
    occurs earlier in the text, the sum of w[i, p + 1] over all earlier places p of the same token,
    p + 1 < i; and of these sums the mean. Random tokens that are repeated are what it is meant
    for: there, nothing but the repetition tells a head where to look. Special tokens do not count
    as queries. Tokens are the same where their text is.

    Args:
        attention: weights of shape (layers, heads, queries, keys).

    Returns:
        Shape (layers, heads), in [0, 1]. NaN where no token is repeated, or where queries and keys
        are different tokens.
    """
    if not attention.one_row:
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


def _mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
    average: NDArray[np.float64] = values.mean(axis=2, dtype=np.float64)
    return average


def _undefined(attention: Attention) -> NDArray[np.float64]:
    return np.full((attention.layers, attention.heads), np.nan)
