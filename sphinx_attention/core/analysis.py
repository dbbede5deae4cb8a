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
