"""Bins: keys that stand for no single token, so that each row accounts for all of its weight.

A bin stands before all tokens. Where queries and keys are the same tokens, the bin is a query as
well, and its row is masked, because a bin attends to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import BIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention

from dataclasses import replace
from typing import TYPE_CHECKING

from sphinx_attention.core.attention import SINK, Attention, Token

from . import logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_SHARE = 5e-4
"""The smallest share of a row that a figure prints as more than 0.000."""

PARTIAL = "sum to less than 1"
"""The value of ``rows`` in the provenance of entries that were stored before sinks had a bin."""


def in_front(
    weights: NDArray[np.float64],
    masked: NDArray[np.bool_],
    column: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    *,
    same_tokens: bool,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The weights and the mask with a bin as the first key.

    Args:
        weights: shape (layers, heads, queries, keys).
        masked: shape (1 or layers, queries, keys).
        column: the weight of each query on the bin, shape (layers, heads, queries).
        hidden: where the bin is masked, shape (1 or layers, queries).
        same_tokens: whether the bin is a query too.
    """
    weights = np.concatenate([column[..., None], weights], axis=-1)
    count = max(len(masked), len(hidden))
    masked = np.broadcast_to(masked, (count, *masked.shape[1:]))
    hidden = np.broadcast_to(hidden, (count, *hidden.shape[1:]))
    masked = np.concatenate([hidden[..., None], masked], axis=-1)
    if same_tokens:
        weights = np.pad(weights, ((0, 0), (0, 0), (1, 0), (0, 0)))
        masked = np.pad(masked, ((0, 0), (1, 0), (0, 0)), constant_values=True)
    return weights, masked


def account(attention: Attention, layers: Sequence[bool], *, name: str = SINK) -> Attention:
    """Add a bin that gets the difference between 1 and the sum of each row.

    Queries, keys and values of the bin are zeros, so that sums over all keys do not change, and so
    is its norm: a sink adds nothing to the output.

    Args:
        attention: without a bin of that name.
        layers: whether the rows of each layer may sum to less than 1; in the other layers the bin
            is masked.
        name: the bin's text.
    """
    lacking = np.array(layers, dtype=np.bool_)
    missing = 1.0 - attention.weights.sum(axis=-1, dtype=np.float64)
    blind = np.logical_and.reduce(attention.masked, axis=-1)
    if len(blind) == 1 and not lacking.all():
        blind = np.broadcast_to(blind, (attention.layers, blind.shape[1]))
    hidden = blind if lacking.all() else blind | ~lacking[:, None]
    column = np.where(hidden[:, None], 0.0, np.clip(missing, 0.0, 1.0))
    return _with_bin(attention, Token(name, special=True), column, hidden)


def complete(attention: Attention) -> Attention:
    """The attention with a bin for its sink.

    Entries that were stored by the first versions have no such bin. If they hold the logit terms,
    the weight of the sink follows from these.

    Returns:
        The attention itself if its rows sum to 1, or if the reason why they do not is not known.
    """
    terms = attention.logit_terms
    partial = attention.provenance.get("rows") == PARTIAL and attention.sink is None
    if (
        attention.written
        or not partial
        or terms is None
        or terms.sinks is None
        or logits.missing(attention)
    ):
        return attention
    found = [1.0 - logits.recomputed(attention, n).sum(axis=-1) for n in range(attention.layers)]
    without = np.logical_and.reduce(np.isinf(terms.sinks), axis=1)
    hidden = np.repeat(without[:, None], len(attention.query_tokens), axis=1)
    whole = _with_bin(
        attention,
        Token(SINK, special=True),
        np.where(hidden[:, None], 0.0, np.clip(found, 0.0, 1.0)),
        hidden,
    )
    provenance = {name: value for name, value in attention.provenance.items() if name != "rows"}
    return replace(whole, provenance=provenance)


def _with_bin(
    attention: Attention, token: Token, column: NDArray[np.float64], hidden: NDArray[np.bool_]
) -> Attention:
    same_tokens = attention.same_tokens
    weights, masked = in_front(
        attention.weights.astype(np.float64),
        attention.masked,
        column,
        hidden,
        same_tokens=same_tokens,
    )
    keys = (token, *attention.key_tokens)
    terms = attention.logit_terms
    if terms is not None and terms.bias is not None:
        room = ((0, 0), (0, 0), (int(same_tokens), 0), (1, 0))
        terms = replace(terms, bias=np.pad(terms.bias, room))
    return replace(
        attention,
        query_tokens=keys if same_tokens else attention.query_tokens,
        key_tokens=keys,
        weights=weights.astype(np.float32),
        masked=masked,
        queries=_padded(attention.queries) if same_tokens else attention.queries,
        keys=_padded(attention.keys),
        values=_padded(attention.values),
        norms=None
        if attention.norms is None
        else np.pad(attention.norms, ((0, 0), (0, 0), (1, 0))),
        logit_terms=terms,
    )


def _padded(vectors: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    return None if vectors is None else np.pad(vectors, ((0, 0), (0, 0), (1, 0), (0, 0)))


def has_bin(attention: Attention) -> bool:
    """Whether a bin stands for hidden special tokens."""
    return any(token.text == BIN for token in attention.key_tokens[: attention.bins])
