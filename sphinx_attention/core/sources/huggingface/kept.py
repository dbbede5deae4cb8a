"""The layers of a pass for one text, cut to its length, and stacked at the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.sources.logit_terms import LayerLogitTerms

    from .layer_call import Span

_NAMED = 4
"""A block of more tokens is named by its first and last ones."""


@dataclass(slots=True)
class Kept:
    """The layers of one item.

    Attributes:
        even: shape (layers, heads, queries, keys); None before the first layer.
        apart: the weights of each layer, once they differ in their keys; empty before.
        layers: how many layers were added.
        heads: how many heads each of them has.
        masked: the mask of each layer; equal masks are the same object.
        vectors: the queries, keys, values and norms, with one entry for each layer.
        terms: the logit terms of each layer.
        blocks: for each layer, the tokens that its further keys stand for.
        sinks: for each layer, whether a sink takes part in its softmax.
        no_norms: why a layer does not tell what each key adds to its output; empty if all do.
    """

    even: NDArray[np.float32] | None = None
    apart: list[NDArray[np.float32]] = field(default_factory=list)
    layers: int = 0
    heads: list[int] = field(default_factory=list)
    masked: list[NDArray[np.bool_]] = field(default_factory=list)
    vectors: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    terms: list[LayerLogitTerms] = field(default_factory=list)
    blocks: list[tuple[Span, ...]] = field(default_factory=list)
    sinks: list[bool] = field(default_factory=list)
    no_norms: str = ""

    def add(self, weights: NDArray[np.float32], layers: int) -> None:
        """Keep a copy of one layer's weights, with space for all layers."""
        self.heads.append(len(weights))
        if self.even is None and not self.apart:
            self.even = np.empty((layers, *weights.shape), dtype=np.float32)
        if self.even is not None and self.even.shape[1:] != weights.shape:
            self.apart = [layer.copy() for layer in self.even[: self.layers]]
            self.even = None
        if self.even is not None:
            self.even[self.layers] = weights
        else:
            self.apart.append(weights.copy())
        self.layers += 1

    def add_mask(self, masked: NDArray[np.bool_]) -> None:
        """Keep one layer's mask, copied only if it differs from the last one."""
        same = bool(self.masked) and np.array_equal(self.masked[-1], masked)
        self.masked.append(self.masked[-1] if same else masked.copy())

    def add_vector(self, name: str, vectors: NDArray[np.float32]) -> None:
        """Keep a copy of one layer's queries, keys, values or norms."""
        self.vectors.setdefault(name, []).append(vectors.copy())

    def unite(self, keys: int) -> tuple[Span, ...]:
        """Give all layers the same keys: those of the text, and all blocks of any layer.

        Args:
            keys: the number of key tokens.

        Returns:
            The blocks.
        """
        blocks = tuple(sorted({block for layer in self.blocks for block in layer}))
        if not blocks:
            return ()
        spread = [
            _Spread(keys, [blocks.index(block) for block in own], len(blocks))
            for own in self.blocks
        ]
        layers = self.apart if self.even is None else list(self.even)
        self.apart = [at.last(layer, 0) for at, layer in zip(spread, layers, strict=True)]
        self.even = None
        self.masked = [at.last(one, fill=True) for at, one in zip(spread, self.masked, strict=True)]
        if norms := self.vectors.get("norms"):
            self.vectors["norms"] = [at.last(one, 0) for at, one in zip(spread, norms, strict=True)]
        for name in self.vectors.keys() & {"keys", "values"}:
            own = self.vectors[name]
            self.vectors[name] = [
                at.last(one.swapaxes(-1, -2), 0).swapaxes(-1, -2)
                for at, one in zip(spread, own, strict=True)
            ]
        self.terms = [
            term if term.bias is None else replace(term, bias=at.last(term.bias, 0))
            for at, term in zip(spread, self.terms, strict=bool(self.terms))
        ]
        return blocks

    def stacked(self) -> NDArray[np.float32] | None:
        """The weights of all layers; None if layers differ in their heads."""
        if self.even is None and self.apart and len(set(self.heads)) == 1:
            self.even = np.stack(self.apart)
            self.apart = []
        return self.even

    def stacked_vectors(self, name: str) -> NDArray[np.float32] | None:
        """The vectors of all layers; None if a layer lacks them or if their shapes differ."""
        layers = self.vectors.get(name)
        if not layers or len({layer.shape for layer in layers}) != 1:
            return None
        return np.stack(layers)


@dataclass(frozen=True, slots=True)
class _Spread:
    """The positions of the keys of one layer among the keys of all layers.

    Attributes:
        keys: how many tokens come first.
        blocks: positions of the layer's blocks among all blocks.
        count: how many blocks there are.
    """

    keys: int
    blocks: list[int]
    count: int

    def last(self, array: NDArray[Any], fill: float) -> NDArray[Any]:
        """An array over the layer's keys on its last axis, spread over the keys of all layers."""
        wide = np.full((*array.shape[:-1], self.keys + self.count), fill, dtype=array.dtype)
        wide[..., [*range(self.keys), *(self.keys + position for position in self.blocks)]] = array
        return wide


def block_token(tokens: Sequence[Token], block: Span) -> Token:
    """A key that stands for several tokens, named by them."""
    held = [token.text for token in tokens[block[0] : block[1]]]
    if len(held) > _NAMED:
        held = [*held[: _NAMED // 2], "…", *held[-(_NAMED // 2) :]]
    return Token(f"[{' '.join(text.strip() for text in held)}]")


def one_if_equal(
    masked: Sequence[NDArray[np.bool_]], weights: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """The mask of each layer, or one for all; without masks, the pairs that never have weight."""
    if not masked:
        unseen: NDArray[np.bool_] = (weights == 0).all(axis=(0, 1))
        return unseen[None]
    if all(one is masked[0] or np.array_equal(masked[0], one) for one in masked[1:]):
        return masked[0][None]
    return np.stack(masked)
