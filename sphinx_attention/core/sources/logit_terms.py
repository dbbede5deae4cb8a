"""The terms of a model's logits for one text, checked against its weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis.logits import recomputed
from sphinx_attention.core.attention import Attention, LogitTerms
from sphinx_attention.core.remarks import remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TOLERANCE = 2e-4
"""The largest difference of two weights that count as equal, as their three decimals are."""


@dataclass(frozen=True, slots=True)
class LayerLogitTerms:
    """The changes that a layer makes to the dot products of its queries and keys, for one text.

    Attributes:
        scale: the factor of the dot products.
        softcap: the bound of the logits; 0 if they have none.
        bias: the addend of keys that are not masked, shape (heads or 1, queries, keys); or None.
        sinks: shape (heads,), logits that take part in the softmax without a key; or None.
        missing: a remark about the terms that could not be read; empty if all are known.
    """

    scale: float
    softcap: float
    bias: NDArray[np.float32] | None
    sinks: NDArray[np.float32] | None
    missing: str


def with_logit_terms(attention: Attention, layers: Sequence[LayerLogitTerms]) -> Attention:
    """The attention with its logit terms, or with the reason why they are not known.

    Args:
        attention: the attention, with queries and keys if they are known.
        layers: the terms of each layer; empty if the backend does not know them.
    """
    if not layers:
        return _without(attention, remark("no_vectors_of_model"))
    if attention.queries is None or attention.keys is None:
        return _without(attention, remark("unlike_vectors"))
    if reason := next((terms.missing for terms in layers if terms.missing), ""):
        return _without(attention, reason)
    with_terms = replace(attention, logit_terms=_stacked(attention, layers))
    error, worst = _largest_error(with_terms)
    if error > TOLERANCE and any(terms.sinks is not None for terms in layers):
        # Some models keep sinks out of the softmax and damp the output by them instead.
        no_sinks = [replace(terms, sinks=None) for terms in layers]
        other = replace(attention, logit_terms=_stacked(attention, no_sinks))
        if _largest_error(other)[0] <= TOLERANCE:
            return other
    if error <= TOLERANCE:
        return with_terms
    return _without(attention, _difference(attention, error, worst))


def _difference(attention: Attention, error: float, layer: int) -> str:
    dtype, difference = attention.provenance.get("dtype", "float32"), f"{error:.3f}"
    if dtype not in {"float32", "float64"}:
        return remark("rounded", dtype=dtype, difference=difference)
    return remark("more_terms", layer=attention.layer_names[layer], difference=difference)


def _without(attention: Attention, reason: str) -> Attention:
    nothing = np.zeros(attention.layers, dtype=np.float32)
    return replace(attention, logit_terms=LogitTerms(nothing, nothing, missing=reason))


def _stacked(attention: Attention, layers: Sequence[LayerLogitTerms]) -> LogitTerms:
    return LogitTerms(
        scale=np.array([terms.scale for terms in layers], dtype=np.float32),
        softcap=np.array([terms.softcap for terms in layers], dtype=np.float32),
        bias=_biases(attention, [terms.bias for terms in layers]),
        sinks=_sinks(attention, [terms.sinks for terms in layers]),
    )


def _biases(
    attention: Attention, layers: Sequence[NDArray[np.float32] | None]
) -> NDArray[np.float32] | None:
    given = [bias for bias in layers if bias is not None and bias.any()]
    if not given:
        return None
    heads = max(len(bias) for bias in given)
    stacked = np.zeros((len(layers), heads, *attention.weights.shape[2:]), dtype=np.float32)
    for layer, bias in enumerate(layers):
        if bias is not None:
            stacked[layer] = bias
    return stacked


def _sinks(
    attention: Attention, layers: Sequence[NDArray[np.float32] | None]
) -> NDArray[np.float32] | None:
    if all(sinks is None for sinks in layers):
        return None
    # A sink of minus infinity takes no share: such a layer has none.
    none = np.full(attention.heads, -np.inf, dtype=np.float32)
    return np.stack([none if sinks is None else sinks for sinks in layers])


def _largest_error(attention: Attention) -> tuple[float, int]:
    """The largest difference between sums and weights, and its layer."""
    errors = [
        float(np.abs(recomputed(attention, n) - attention.weights[n]).max())
        for n in range(attention.layers)
    ]
    worst = int(np.argmax(errors))
    return errors[worst], worst
