"""Heads, or layers, taken together."""

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
    """Take heads, or layers, together.

    - ``mean``, ``max``: of all heads of each layer.
    - ``mean layers``, ``max layers``: of all layers, head by head. Rows of a largest weight do not
      sum to 1.
    - ``rollout``, ``flow``: see `through_layers`. Layer n holds what its tokens get from the input
      through all layers up to n; there is one head.

    A key is masked where every head, or layer, that was taken together masks it.

    Raises:
        AttentionError: rollout or flow between different tokens; flow over too many tokens, or
            without scipy.
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
