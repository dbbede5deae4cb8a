"""From queries and keys to weights: the sums of one row of one head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.remarks import remark

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The steps from one query of one head to its weights, in double precision.

    K is the number of keys, d the size of a query, e that of a value. Each step follows from the
    one before it (see `LogitTerms`)::

        dot     = keys · query
        scaled  = scale · dot
        capped  = softcap · tanh(scaled / softcap), or scaled where softcap is 0
        logits  = capped + bias
        weights = exp(logits) / (Σ exp(logits) + exp(sink)), 0 where masked
        output  = Σ weights · values

    If one of the keys stands for the sink (`sink_key`), the logit of that key is the sink itself
    instead of the result of the steps, and the sum over all logits contains it.

    Attributes:
        query: shape (d,).
        keys: shape (K, d): of the key-value head that the query head shares.
        dot: shape (K,).
        scale: what the dot products are multiplied by, such as 1/√d.
        scaled: shape (K,).
        softcap: the bound of the logits; 0 if they have none.
        capped: shape (K,).
        biased: whether the layer adds a bias at all.
        bias: shape (K,); 0 where there is none.
        logits: shape (K,), also for masked keys.
        masked: shape (K,), bool; True where the query may not see the key.
        sink: the logit that takes a share of the softmax and belongs to no token; None where there
            is none.
        weights: shape (K,); sums to 1, together with the sink's share where that is no key.
        values: shape (K, e); None where the source does not give them.
        output: shape (e,), the sum of the values times their weights; None without values.
        sink_key: which key stands for the sink; None where none does.
    """

    query: NDArray[np.float64]
    keys: NDArray[np.float64]
    dot: NDArray[np.float64]
    scale: float
    scaled: NDArray[np.float64]
    softcap: float
    capped: NDArray[np.float64]
    biased: bool
    bias: NDArray[np.float64]
    logits: NDArray[np.float64]
    masked: NDArray[np.bool_]
    sink: float | None
    weights: NDArray[np.float64]
    values: NDArray[np.float64] | None = None
    output: NDArray[np.float64] | None = None
    sink_key: int | None = None


def missing(attention: Attention) -> str:
    """The reason why the sums of an attention cannot be shown; empty if they can."""
    if attention.logit_terms is not None and attention.logit_terms.missing:
        return attention.logit_terms.missing
    if attention.queries is None or attention.keys is None:
        return remark("no_vectors")
    if attention.logit_terms is None:
        return remark("no_terms")
    return ""


def chain(attention: Attention, layer: int, head: int, query: int) -> Chain:
    """The sums behind the weights of one query token in one head.

    Args:
        attention: with queries, keys and logit terms.
        layer: position of the layer.
        head: position of the query head.
        query: position of the query token.

    Raises:
        AttentionError: the sums cannot be computed; the message says why (see `missing`).
    """
    if reason := missing(attention):
        raise AttentionError(Problem.MODEL, ENGLISH.remark(reason))
    logit_terms = attention.logit_terms
    assert logit_terms is not None
    assert attention.queries is not None
    assert attention.keys is not None
    vector = attention.queries[layer, head, query].astype(np.float64)
    keys = of_head(attention.keys, attention, layer, head)
    scale, softcap = float(logit_terms.scale[layer]), float(logit_terms.softcap[layer])
    dot = keys @ vector
    scaled = scale * dot
    capped = softcap * np.tanh(scaled / softcap) if softcap else scaled
    bias, biased = np.zeros_like(dot), False
    if logit_terms.bias is not None:
        rows = logit_terms.bias[layer]
        biased = bool(rows.any())
        bias = rows[head if len(rows) > 1 else 0, query].astype(np.float64)
    logits = capped + bias
    masked = attention.mask_of(layer)[query]
    sink = None if logit_terms.sinks is None else float(logit_terms.sinks[layer, head])
    if sink == -np.inf:
        sink = None
    sink_key = None if sink is None else attention.sink
    if sink_key is not None and sink is not None:
        logits[sink_key] = sink
    weights = softmax(logits, masked, None if sink_key is not None else sink)
    values = None
    if attention.values is not None:
        values = of_head(attention.values, attention, layer, head)
    return Chain(
        query=vector,
        keys=keys,
        dot=dot,
        scale=scale,
        scaled=scaled,
        softcap=softcap,
        capped=capped,
        biased=biased,
        bias=bias,
        logits=logits,
        masked=masked,
        sink=sink,
        weights=weights,
        values=values,
        output=None if values is None else weights @ values,
        sink_key=sink_key,
    )


def softmax(
    logits: NDArray[np.float64],
    masked: NDArray[np.bool_],
    sink: float | NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """The softmax of rows of logits over the keys that are seen.

    Args:
        logits: shape (…, keys).
        masked: likewise, or of fewer dimensions: True for keys that get no weight.
        sink: a further logit of each row that takes its share of the sum without being a key: a
            number, or shape (…, 1).

    Returns:
        The shape of the logits; all zeros where every key is masked.
    """
    seen = np.where(masked, -np.inf, logits)
    highest = seen.max(axis=-1, keepdims=True, initial=-np.inf)
    if sink is not None:
        highest = np.maximum(highest, sink)
    # Where no key is seen, any finite number prevents the difference of two infinities.
    highest = np.where(np.isfinite(highest), highest, 0.0)
    # If the difference of two logits overflows, the lower one has the share 0.
    with np.errstate(over="ignore"):
        shares = np.exp(seen - highest)
        total = shares.sum(axis=-1, keepdims=True)
        if sink is not None:
            total = total + np.exp(sink - highest)
    weights: NDArray[np.float64] = shares / np.where(total == 0, 1.0, total)
    return weights


def recomputed(attention: Attention, layer: int) -> NDArray[np.float64]:
    """The weights of one layer by its sums, as `chain` makes them, all heads and queries at once.

    Args:
        attention: with queries, keys and logit terms.
        layer: position of the layer.

    Returns:
        Shape (heads, queries, keys).
    """
    logit_terms = attention.logit_terms
    assert logit_terms is not None
    assert attention.queries is not None
    assert attention.keys is not None
    shared = attention.heads // attention.keys.shape[1]
    keys = attention.keys[layer].astype(np.float64).repeat(shared, axis=0)
    logits = attention.queries[layer].astype(np.float64) @ keys.swapaxes(-1, -2)
    logits *= float(logit_terms.scale[layer])
    if softcap := float(logit_terms.softcap[layer]):
        logits = softcap * np.tanh(logits / softcap)
    if logit_terms.bias is not None:
        logits += logit_terms.bias[layer]
    sinks = None if logit_terms.sinks is None else logit_terms.sinks[layer][:, None, None]
    if sinks is not None and attention.sink is not None:
        logits[..., attention.sink] = sinks[..., 0]
        sinks = None
    return softmax(logits, attention.mask_of(layer), sinks)


def of_head(
    tensor: NDArray[np.float32], attention: Attention, layer: int, head: int
) -> NDArray[np.float64]:
    """The keys or values that a query head reads; several heads may share them."""
    shared = attention.heads // tensor.shape[1]
    rows: NDArray[np.float64] = tensor[layer, head // shared].astype(np.float64)
    return rows
