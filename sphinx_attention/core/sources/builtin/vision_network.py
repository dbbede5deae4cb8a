"""The network of the built-in vision model in NumPy: a small vision transformer.

Its steps are those of ``ViTForImageClassification`` in transformers, in single precision and in the
same order. Tests compare its numbers with those of transformers for the same files.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.sources.files.safetensors import parse_safetensors

from .network import LayerAttention

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_DECIDED: dict[str, Any] = {
    "model_type": "vit",
    "hidden_act": "gelu",
    "qkv_bias": True,
    "num_channels": 3,
}
"""The required values of a configuration, because nothing else is computed here."""

_PREPARED: dict[str, Any] = {
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "resample": 2,
}
"""The required values of the image processor's settings. ``resample`` 2 is bilinear."""


@dataclass(frozen=True, slots=True)
class VisionShape:
    """The numbers of a configuration that determine the computation.

    Attributes:
        layers: the number of layers.
        heads: the number of heads of a layer.
        side: the side of a picture in pixels.
        patch: the side of a patch in pixels.
        epsilon: the addend of a variance before its root is taken.
        labels: the names of the classes.
    """

    layers: int
    heads: int
    side: int
    patch: int
    epsilon: float
    labels: tuple[str, ...]

    @property
    def patches(self) -> int:
        """How many patches a side has."""
        return self.side // self.patch


@dataclass(frozen=True, slots=True)
class Preparation:
    """The numbers that the model reads for pixels: (pixel · factor − mean) / std.

    Attributes:
        factor: the factor of a pixel.
        mean: the mean of each colour.
        std: the spread of each colour.
    """

    factor: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, pixels: NDArray[np.uint8]) -> Array:
        """The input of the model for pixels of the shape (side, side, 3)."""
        scaled = (pixels.astype(np.float64) * self.factor).astype(np.float32)
        centred = scaled - np.array(self.mean, dtype=np.float32)
        values: Array = np.divide(centred, np.array(self.std, dtype=np.float32), dtype=np.float32)
        return values


class VisionNetwork:
    """A model with its weights.

    Args:
        shape: the numbers of its configuration.
        prepare: how pixels become its input.
        tensors: its weights, by the names in its file.
    """

    def __init__(
        self, shape: VisionShape, prepare: Preparation, tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        self.shape = shape
        self._prepare = prepare
        self._tensors = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}

    def attentions(
        self, pixels: NDArray[np.uint8], layers: int | None = None
    ) -> Iterator[LayerAttention]:
        """The attention of each layer over one picture, from the first layer on.

        Args:
            pixels: shape (side, side, 3).
            layers: how many layers are computed; None computes all.
        """
        states = self._embedded(pixels)
        for number in range(self.shape.layers)[:layers]:
            attention = self._attend(states, number)
            yield attention
            states = self._advance(states, attention, number)

    def norms(self, layer: int, values: Array) -> Array:
        """The length of what each key adds to the output of each head (see `analysis.written`).

        Args:
            layer: the number of the layer.
            values: shape (heads, tokens, head width).

        Returns:
            Shape (heads, tokens).
        """
        weight = self._tensors[f"vit.encoder.layer.{layer}.attention.output.dense.weight"]
        own = weight.reshape(len(weight), self.shape.heads, -1)
        found: Array = np.linalg.norm(np.einsum("htc,dhc->htd", values, own), axis=-1)
        return found

    def probabilities(self, pixels: NDArray[np.uint8]) -> Array:
        """How likely each class is, for pixels of the shape (side, side, 3)."""
        states = self._embedded(pixels)
        for number in range(self.shape.layers):
            states = self._advance(states, self._attend(states, number), number)
        final = self._normed(states[:1], "vit.layernorm")
        found: Array = _softmax(self._linear(final, "classifier"))[0]
        return found

    def _embedded(self, pixels: NDArray[np.uint8]) -> Array:
        """The states before the first layer: the class token, and a token for each patch."""
        count, side = self.shape.patches, self.shape.patch
        values = self._prepare(pixels).reshape(count, side, count, side, 3)
        patches = values.transpose(0, 2, 4, 1, 3).reshape(count * count, -1)
        name = "vit.embeddings.patch_embeddings.projection"
        kernel = self._tensors[f"{name}.weight"].reshape(-1, patches.shape[1])
        embedded = patches @ kernel.T + self._tensors[f"{name}.bias"]
        states = np.concatenate((self._tensors["vit.embeddings.cls_token"][0], embedded))
        placed: Array = states + self._tensors["vit.embeddings.position_embeddings"][0]
        return placed

    def _attend(self, states: Array, layer: int) -> LayerAttention:
        """The attention of a layer over its input states."""
        own = f"vit.encoder.layer.{layer}"
        normed = self._normed(states, f"{own}.layernorm_before")
        queries, keys, values = (
            self._heads(self._linear(normed, f"{own}.attention.attention.{name}"))
            for name in ("query", "key", "value")
        )
        scale = np.float32(queries.shape[-1] ** -0.5)
        weights = _softmax(queries @ keys.swapaxes(-1, -2) * scale)
        return LayerAttention(weights, queries, keys, values)

    def _advance(self, states: Array, attention: LayerAttention, layer: int) -> Array:
        """The output states of a layer."""
        own = f"vit.encoder.layer.{layer}"
        mixed = attention.weights @ attention.values
        joined = mixed.swapaxes(0, 1).reshape(len(states), -1)
        states = self._linear(joined, f"{own}.attention.output.dense") + states
        normed = self._normed(states, f"{own}.layernorm_after")
        inner = _gelu(self._linear(normed, f"{own}.intermediate.dense"))
        return self._linear(inner, f"{own}.output.dense") + states

    def _heads(self, projected: Array) -> Array:
        """A projection for each head: shape (heads, tokens, head width)."""
        apart = projected.reshape(len(projected), self.shape.heads, -1).swapaxes(0, 1)
        return np.ascontiguousarray(apart)

    def _linear(self, states: Array, name: str) -> Array:
        product: Array = states @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]
        return product

    def _normed(self, states: Array, name: str) -> Array:
        """The states with mean 0 and spread 1, scaled and shifted (LayerNorm)."""
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self.shape.epsilon))
        weight, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
        normed: Array = centred / spread * weight + bias
        return normed


def load_vision(folder: Path) -> VisionNetwork:
    """The network of a folder that transformers wrote.

    Args:
        folder: the folder with ``config.json``, ``preprocessor_config.json`` and
            ``model.safetensors``.

    Raises:
        ValueError: a setting needs something that is not computed here.
    """
    config = _checked(folder / "config.json", _DECIDED)
    prepared = _checked(folder / "preprocessor_config.json", _PREPARED)
    side = int(config["image_size"])
    if prepared["size"] != {"height": side, "width": side}:
        raise ValueError(f"invalid value {prepared['size']!r} for size: expected {side} × {side}")
    names = config["id2label"]
    shape = VisionShape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        side=side,
        patch=config["patch_size"],
        epsilon=config["layer_norm_eps"],
        labels=tuple(names[number] for number in sorted(names, key=int)),
    )
    prepare = Preparation(
        prepared["rescale_factor"], tuple(prepared["image_mean"]), tuple(prepared["image_std"])
    )
    data = (folder / "model.safetensors").read_bytes()
    return VisionNetwork(shape, prepare, parse_safetensors(data).arrays)


def _checked(path: Path, needed: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a file.

    Raises:
        ValueError: a setting needs something that is not computed here.
    """
    settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name, value in needed.items():
        if settings.get(name) != value:
            raise ValueError(
                f"invalid value {settings.get(name)!r} for {name} in {path.name}: expected "
                f"{value!r}; nothing else is computed in NumPy"
            )
    return settings


def _softmax(logits: Array) -> Array:
    powers: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weights: Array = powers / powers.sum(axis=-1, keepdims=True)
    return weights


_ERF = np.frompyfunc(math.erf, 1, 1)


def _gelu(values: Array) -> Array:
    """The Gaussian error linear unit x · Φ(x) (arXiv 1606.08415)."""
    error = np.asarray(_ERF(values.astype(np.float64) / math.sqrt(2)), dtype=np.float64)
    weighted: Array = (values * 0.5 * (1 + error)).astype(np.float32)
    return weighted
