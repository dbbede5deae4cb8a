"""Attention followed through the layers: rollout and flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


_WHOLE = 1 << 30
"""The number that stands for a capacity of 1. scipy computes with 32-bit integers."""


_CLOSED = 2
"""Up to this number of layers, a flow is a plain sum."""


_FLOW_WORK = 10e9
"""The product tokens⁴ · layers³ that takes half a minute, measured for 6 layers and 91 tokens,
12 and 48, 24 and 32."""


def mixing(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How each layer mixes its tokens: half by its attention, half by the residual connection.

    The heads' mean plus the identity, for the residual connection, each row divided by its sum
    (Abnar & Zuidema 2020, arXiv 2005.00928, section 3).

    Args:
        weights: shape (layers, heads, tokens, tokens).

    Returns:
        Shape (layers, tokens, tokens); rows sum to 1.
    """
    mixed: NDArray[np.float64] = weights.mean(axis=1) + np.eye(weights.shape[2])
    mixed /= mixed.sum(axis=2, keepdims=True)
    return mixed


def rollout(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each input token in each token after each layer, if layers only mixed tokens.

    Attention rollout (Abnar & Zuidema 2020, arXiv 2005.00928, section 3): with Aₙ the `mixing` of
    layer n, R₀ = A₀ and Rₙ = Aₙ Rₙ₋₁.

    Args:
        weights: shape (layers, heads, tokens, tokens), from the lowest layer up.

    Returns:
        Shape (layers, tokens, tokens); rows sum to 1.
    """
    rolled = mixing(weights)
    for layer in range(1, len(rolled)):
        rolled[layer] = rolled[layer] @ rolled[layer - 1]
    return rolled


def flow(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much can flow from each input token to each token after each layer.

    Attention flow (Abnar & Zuidema 2020, arXiv 2005.00928, section 3): the tokens of all layers are
    the nodes of a network, the `mixing` weights its capacities, and the value is the maximum flow
    between a token of layer n and one of the input. Rows are divided by their sum, as in the
    authors' own code.

    Args:
        weights: shape (layers, heads, tokens, tokens), from the lowest layer up.

    Returns:
        Shape (layers, tokens, tokens); rows sum to 1.

    Raises:
        AttentionError: more tokens than `flow_limit` allows; scipy is not installed.
    """
    capacities = mixing(weights)
    layers, tokens, _ = capacities.shape
    if layers > _CLOSED and tokens > flow_limit(layers):
        raise AttentionError(
            Problem.OPTION,
            f"aggregate: flow takes too long on {tokens} tokens; through {layers} layers it does "
            f"up to {flow_limit(layers)}; shorten the text, or use rollout",
        )
    flows = np.empty_like(capacities)
    for layer in range(layers):
        flows[layer] = _flows_to(capacities[: layer + 1])
    flows /= flows.sum(axis=2, keepdims=True)
    return flows


def flow_limit(layers: int) -> int:
    """The number of tokens for which a flow through some layers takes half a minute."""
    return int((_FLOW_WORK / layers**3) ** 0.25)


def _flows_to(capacities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maximum flows between the top tokens and the input, shape (tokens, tokens)."""
    top: NDArray[np.float64] = capacities[-1]
    bottom: NDArray[np.float64] = capacities[0]
    tokens = len(top)
    if len(capacities) == 1:
        return top
    if len(capacities) == _CLOSED:
        # Each path has a token of its own in the middle, so the smaller half limits its flow.
        return np.stack([np.minimum(row[:, None], bottom).sum(axis=0) for row in top])
    network, maximum_flow = _network(capacities)
    flows = np.zeros((tokens, tokens))
    capacity = np.rint(capacities * _WHOLE).astype(np.int32)
    for i in range(tokens):
        network.data[:tokens] = capacity[-1, i]
        for j in range(tokens):
            network.data[-tokens:] = capacity[0, :, j]
            flows[i, j] = maximum_flow(network, 0, network.shape[0] - 1).flow_value / _WHOLE
    return flows


def _network(capacities: NDArray[np.float64]) -> tuple[Any, Any]:
    """The network between one top token (node 0) and one of the input (the last node).

    Its first and last ``tokens`` capacities, those of the edges at the two ends, are left open.
    """
    try:
        from scipy.sparse import block_diag, csr_array  # noqa: PLC0415 - an optional package
        from scipy.sparse.csgraph import maximum_flow  # noqa: PLC0415
    except ImportError:
        raise AttentionError(
            Problem.INSTALL,
            "aggregate: flow needs scipy, which is not installed: "
            "`pip install 'sphinx-attention[flow]'`",
        ) from None
    tokens = capacities.shape[1]
    middle = np.rint(capacities[-2:0:-1] * _WHOLE).astype(np.int32)
    inner = block_diag([np.ones((1, tokens)), *middle, np.ones((tokens, 1))], format="csr")
    nodes = 2 + tokens * (len(capacities) - 1)
    indptr = np.append(inner.indptr, inner.indptr[-1]).astype(np.int32)
    indices = (inner.indices + 1).astype(np.int32)
    data = inner.data.astype(np.int32)
    return csr_array((data, indices, indptr), shape=(nodes, nodes)), maximum_flow


def reach(masked: NDArray[np.bool_], layers: int) -> NDArray[np.bool_]:
    """Which input tokens cannot reach a token after each layer, because every path is masked.

    Args:
        masked: shape (1 or layers, tokens, tokens).
        layers: the number of layers.

    Returns:
        Shape (layers, tokens, tokens), or (1, tokens, tokens) if it is the same after each layer.
    """
    itself = np.eye(masked.shape[1], dtype=np.bool_)
    seen = ~np.broadcast_to(masked, (layers, *masked.shape[1:])) | itself
    reached = [seen[0]]
    for layer in range(1, layers):
        reached.append(seen[layer].astype(np.float64) @ reached[-1] > 0)
    hidden = ~np.stack(reached)
    same = bool((hidden == hidden[0]).all())
    return hidden[:1] if same else hidden
