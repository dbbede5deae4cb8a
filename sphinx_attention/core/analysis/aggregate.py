"""The mean or the largest weight over heads or layers, rollout and flow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem

from .parts import sides, with_weights
from .through_layers import flow, reach, rollout

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import Aggregate


def aggregate(attention: Attention, how: Aggregate | None) -> Attention:
    """Aggregate the weights of heads or of layers.

    - ``mean``, ``max``: over all heads of each layer.
    - ``mean layers``, ``max layers``: over all layers, head by head. Rows of largest weights do
      not sum to 1.
    - ``rollout``, ``flow``: see `through_layers`. Layer n holds what its tokens get from the input
      through all layers up to n; there is one head.

    A key is masked if every aggregated head or layer masks it.

    Raises:
        AttentionError: queries and keys of a rollout or a flow are different tokens, the tokens are
            too many for a flow, or scipy, which a flow needs, is not installed.
    """
    weights = attention.weights.astype(np.float64)
    masked = attention.masked
    layers, heads = attention.layer_names, attention.head_names
    if how in {"rollout", "flow"}:
        if attention.weights.shape[2] != attention.weights.shape[3] or not attention.same_tokens:
            raise AttentionError(
                Problem.OPTION,
                f"aggregate: {how} follows tokens from layer to layer, and here the queries "
                f"({attention.part} attention) are other tokens than the keys; use mean or max",
            )
        # A bin attends to nothing, from the first layer to the last.
        blind = np.logical_and.reduce(masked, axis=(0, 2))
        masked = reach(masked, attention.layers) | blind[:, None]
        weights = (rollout if how == "rollout" else flow)(weights)[:, None]
        weights = np.where(masked[:, None], 0.0, weights)
        heads = (how,)
    elif how in {"mean", "max"}:
        weights = (np.mean if how == "mean" else np.max)(weights, axis=1, keepdims=True)
        heads = (how,)
    elif how is not None:
        weights = (np.mean if how == "mean layers" else np.max)(weights, axis=0, keepdims=True)
        masked = np.logical_and.reduce(masked, axis=0, keepdims=True)
        layers = (how.split()[0],)
    made = with_weights(attention, weights, masked, *sides(attention))
    return replace(made, layer_names=layers, head_names=heads)
