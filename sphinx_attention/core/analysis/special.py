"""Special tokens taken out, with their weight in one bin."""

from __future__ import annotations

import numpy as np

from sphinx_attention.core.attention import BIN, Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem

from . import bins
from .parts import sides, with_weights


def hide_special(attention: Attention) -> Attention:
    """Remove special tokens, and collect the weight on them in one bin.

    The bin is a token `BIN` before all others. Its column holds, for each query, the whole weight
    on the removed tokens, so that no weight is lost. If queries and keys are the same tokens, the
    row of the bin is masked, because a bin attends to nothing. Other bins, such as a sink's, stay.
    Queries, keys and values are dropped.

    Args:
        attention: with or without special tokens.

    Returns:
        The attention itself if no token is special. If queries and keys are different tokens,
        special queries are removed without a bin.

    Raises:
        AttentionError: all tokens of a side are special, so that none would remain.
    """
    specials = [
        np.array([token.special and not token.is_bin for token in side])
        for side in sides(attention)
    ]
    if not any(special.any() for special in specials):
        return attention
    if any(all(token.special for token in side) for side in sides(attention)):
        raise AttentionError(
            Problem.OPTION,
            "special: hide would leave no token, for all of them are special; use show or dim",
        )
    rows, columns = (np.flatnonzero(~special) for special in specials)
    weights = attention.weights.astype(np.float64)[:, :, rows]
    masked = attention.masked[:, rows]
    hidden = specials[1]
    queries, keys = (
        tuple(token for token, out in zip(side, special, strict=True) if not out)
        for side, special in zip(sides(attention), specials, strict=True)
    )
    in_bin = weights[..., hidden].sum(axis=-1)
    unseen = np.logical_and.reduce(masked[..., hidden], axis=-1)
    weights, masked = weights[..., columns], masked[..., columns]
    if hidden.any():
        same_tokens = attention.same_tokens
        weights, masked = bins.in_front(weights, masked, in_bin, unseen, same_tokens=same_tokens)
        keys = (Token(BIN, special=True), *keys)
        queries = keys if same_tokens else queries
    return with_weights(attention, weights, masked, queries, keys)
