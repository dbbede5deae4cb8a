"""The network of the built-in model in NumPy: a small Llama, with its attention weights.

Its steps are those of ``LlamaModel`` in transformers, in single precision and in the same order.
Tests compare its numbers with those of transformers for the same files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.sources.files.safetensors import parse_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_DECIDED: dict[str, Any] = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": True,
    "mlp_bias": False,
    "tie_word_embeddings": True,
}
"""The required values of a configuration, because nothing else is computed here."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a configuration that determine the computation.

    Attributes:
        layers: the number of layers.
        heads: how many heads of queries a layer has.
        key_heads: how many heads of keys and values; each serves the same number of query heads.
        head_width: the number of components of a query, key or value.
        positions: how many tokens a text may have.
        epsilon: the addend of a mean square before its root is taken.
        theta: the base of the rotary positions' frequencies.
    """

    layers: int
    heads: int
    key_heads: int
    head_width: int
    positions: int
    epsilon: float
    theta: float

    @property
    def scale(self) -> float:
        """The factor of the products of queries and keys."""
        return float(self.head_width**-0.5)


@dataclass(frozen=True, slots=True)
class LayerAttention:
    """The attention of one layer over one text.

    Attributes:
        weights: shape (heads, tokens, tokens); 0 if the key is after the query.
        queries: shape (heads, tokens, head width), with their positions.
        keys: shape (key heads, tokens, head width), with their positions.
        values: shape (key heads, tokens, head width).
    """

    weights: Array
    queries: Array
    keys: Array
    values: Array


class Network:
    """A model with its weights.

    Args:
        shape: the numbers of its configuration.
        tensors: its weights, by the names that transformers gives them.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.shape = shape
        # Only the rows of a text are converted to float32.
        self._embeddings = tensors["model.embed_tokens.weight"]
        self._last_norm = tensors["model.norm.weight"].astype(np.float32)
        self._layers = [
            _Layer(shape, _below(f"model.layers.{n}.", tensors)) for n in range(shape.layers)
        ]

    def attentions(self, ids: Sequence[int], layers: int | None = None) -> Iterator[LayerAttention]:
        """The attention of each layer over one text, from the first layer on.

        Args:
            ids: the tokens' numbers.
            layers: how many layers are computed; None computes all.
        """
        states: Array = self._embeddings[list(ids)].astype(np.float32)
        rotation = _Rotation(len(ids), self.shape)
        for layer in self._layers[:layers]:
            attention = layer.attend(states, rotation)
            yield attention
            states = layer.advance(states, attention)

    def norms(self, layer: int, values: Array) -> Array:
        """The lengths of what each key adds through each head of a layer (`analysis.written`).

        Args:
            layer: the number of the layer.
            values: shape (key heads, tokens, head width).

        Returns:
            Shape (heads, tokens).
        """
        return self._layers[layer].norms(values)

    def reader(self) -> Reader:
        """A reader that reads a text token by token, and predicts the next token."""
        # The weights of the head are those of the embeddings.
        head = self._embeddings.astype(np.float32)
        return Reader(self.shape, head, self._layers, self._last_norm)


class Reader:
    """Reads a growing text, and predicts the next token (``LlamaForCausalLM`` with a cache).

    Args:
        shape: the numbers of a configuration.
        head: the embeddings, whose products with a state are the logits.
        layers: the layers of the network.
        last_norm: the weights of the norm after the last layer.
    """

    def __init__(
        self, shape: Shape, head: Array, layers: Sequence[_Layer], last_norm: Array
    ) -> None:
        self._shape = shape
        self._head = head
        self._layers = layers
        self._last_norm = last_norm
        self._read: list[LayerAttention | None] = [None] * len(layers)

    def logits_after(self, ids: Sequence[int]) -> Array:
        """The logit of each token of the vocabulary after a text.

        Args:
            ids: the tokens of the text; it begins with the text that was read last.
        """
        before = 0 if self._read[0] is None else self._read[0].keys.shape[1]
        states: Array = self._head[list(ids[before:])]
        rotation = _Rotation(len(ids), self._shape, before)
        for number, layer in enumerate(self._layers):
            attention = layer.attend(states, rotation, self._read[number])
            self._read[number] = attention
            states = layer.advance(states, attention)
        logits: Array = self._head @ _normed(states[-1], self._last_norm, self._shape.epsilon)
        return logits


class _Rotation:
    """Turns pairs of components of queries and keys by their token's position.

    Args:
        tokens: how many tokens a text has.
        shape: the width of a head, and the base of the frequencies.
        first: the position of the first token whose components are turned.
    """

    def __init__(self, tokens: int, shape: Shape, first: int = 0) -> None:
        powers = shape.theta ** (np.arange(0, shape.head_width, 2) / shape.head_width)
        # Single precision is used as in the original: at late positions, rounding of frequencies
        # and angles changes the weights more than all other rounding.
        frequencies = np.float32(1.0) / powers.astype(np.float32)
        angles = np.arange(first, tokens, dtype=np.float32)[:, None] * frequencies
        self._cos = np.tile(np.cos(angles), 2)
        self._sin = np.tile(np.sin(angles), 2)

    def __call__(self, vectors: Array) -> Array:
        half = vectors.shape[-1] // 2
        turned = np.concatenate((-vectors[..., half:], vectors[..., :half]), axis=-1)
        rotated: Array = vectors * self._cos + turned * self._sin
        return rotated


class _Layer:
    """One layer: attention, then a gated network of two steps, each added to its input."""

    def __init__(self, shape: Shape, tensors: Mapping[str, Array]) -> None:
        self._shape = shape
        self._tensors = tensors

    def attend(
        self, states: Array, rotation: _Rotation, before: LayerAttention | None = None
    ) -> LayerAttention:
        """The attention of this layer over its input states.

        Args:
            states: the states of the query tokens.
            rotation: the rotation for their positions.
            before: the attention of this layer for the tokens before them, whose keys and values
                the result contains.
        """
        shape = self._shape
        normed = self._normed(states, "input_layernorm")
        queries = rotation(self._heads(normed, "self_attn.q_proj", shape.heads))
        keys = rotation(self._heads(normed, "self_attn.k_proj", shape.key_heads))
        values = self._heads(normed, "self_attn.v_proj", shape.key_heads)
        if before is not None:
            keys = np.concatenate((before.keys, keys), axis=1)
            values = np.concatenate((before.values, values), axis=1)
        first = keys.shape[1] - len(states)
        logits = queries @ self._shared(keys).swapaxes(-1, -2) * np.float32(shape.scale)
        logits[:, np.triu(np.ones(logits.shape[1:], dtype=np.bool_), first + 1)] = -np.inf
        return LayerAttention(_softmax(logits), queries, keys, values)

    def advance(self, states: Array, attention: LayerAttention) -> Array:
        """The output states of this layer."""
        mixed = attention.weights @ self._shared(attention.values)
        joined = mixed.swapaxes(0, 1).reshape(len(states), -1)
        states = states + self._linear(joined, "self_attn.o_proj")
        normed = self._normed(states, "post_attention_layernorm")
        gate = _silu(self._linear(normed, "mlp.gate_proj"))
        fed = self._linear(gate * self._linear(normed, "mlp.up_proj"), "mlp.down_proj")
        return states + fed

    def norms(self, values: Array) -> Array:
        """The lengths of what each key adds through each head."""
        out = self._tensors["self_attn.o_proj.weight"].T
        # The rows of the output projection that belong to one head.
        apart = out.reshape(self._shape.heads, self._shape.head_width, -1)
        lengths: Array = np.linalg.norm(self._shared(values) @ apart, axis=-1)
        return lengths

    def _heads(self, states: Array, name: str, heads: int) -> Array:
        """A projection for each head: shape (heads, tokens, head width)."""
        projected = self._linear(states, name)
        apart = projected.reshape(len(states), heads, self._shape.head_width).swapaxes(0, 1)
        return np.ascontiguousarray(apart)

    def _shared(self, vectors: Array) -> Array:
        """Keys or values, repeated for all heads of queries that share them."""
        return np.repeat(vectors, self._shape.heads // self._shape.key_heads, axis=0)

    def _linear(self, states: Array, name: str) -> Array:
        product: Array = states @ self._tensors[f"{name}.weight"].T
        bias = self._tensors.get(f"{name}.bias")
        return product if bias is None else product + bias

    def _normed(self, states: Array, name: str) -> Array:
        """The states over the root of their mean square, scaled (RMSNorm, arXiv 1910.07467)."""
        return _normed(states, self._tensors[f"{name}.weight"], self._shape.epsilon)


def load_network(folder: Path) -> Network:
    """The network of a folder that transformers wrote.

    Args:
        folder: the folder with ``config.json`` and ``model.safetensors``.

    Raises:
        ValueError: the configuration needs something that is not computed here.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Network(
        shape_of(config), parse_safetensors((folder / "model.safetensors").read_bytes()).arrays
    )


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The numbers of a configuration.

    Raises:
        ValueError: the configuration needs something that is not computed here.
    """
    rotary = config.get("rope_parameters") or {}
    requested = {
        **{name: config.get(name) for name in _DECIDED},
        "rope_type": rotary.get("rope_type"),
    }
    for name, value in (_DECIDED | {"rope_type": "default"}).items():
        if requested[name] != value:
            raise ValueError(
                f"invalid value {requested[name]!r} for {name} in config.json: expected {value!r}; "
                "nothing else is computed in NumPy"
            )
    return Shape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        key_heads=config["num_key_value_heads"],
        head_width=config["head_dim"],
        positions=config["max_position_embeddings"],
        epsilon=config["rms_norm_eps"],
        theta=rotary["rope_theta"],
    )


def _below(prefix: str, tensors: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """The tensors of one layer, in single precision, by their names within it."""
    return {
        name.removeprefix(prefix): tensor.astype(np.float32)
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _normed(states: Array, weight: Array, epsilon: float) -> Array:
    square: Array = (states * states).mean(axis=-1, keepdims=True)
    root: Array = np.sqrt(square + np.float32(epsilon))
    normed: Array = weight * (states / root)
    return normed


def _softmax(logits: Array) -> Array:
    """The softmax along the last axis; minus infinity becomes exactly 0."""
    powers: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weights: Array = powers / powers.sum(axis=-1, keepdims=True)
    return weights


def _silu(values: Array) -> Array:
    """The sigmoid-weighted linear unit x · σ(x) (arXiv 1702.03118)."""
    # The hyperbolic tangent never overflows: σ(x) = (1 + tanh(x / 2)) / 2.
    half = values * np.float32(0.5)
    weighted: Array = half + half * np.tanh(half)
    return weighted
