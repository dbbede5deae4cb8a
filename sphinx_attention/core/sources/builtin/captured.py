"""The kept tensors of the two built-in models, in the form of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sphinx_attention.core.sources.logit_terms import LayerLogitTerms, with_logit_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention

    from .network import LayerAttention


class _HasNorms(Protocol):
    def norms(self, layer: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The length of what each key adds through each head of a layer."""


@dataclass(frozen=True)
class CapturedLayers:
    """Layers of a network that has read one text or picture.

    Attributes:
        network: the network.
        numbers: the numbers of the requested layers.
        computed: all layers up to the last requested one.
        keep: the names of the tensors that are kept beside the weights.
    """

    network: _HasNorms
    numbers: Sequence[int]
    computed: Sequence[LayerAttention]
    keep: Sequence[str]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of an `Attention` that come from the layers."""
        found: dict[str, Any] = {
            name: self._stacked(name)
            for name in ("weights", "queries", "keys", "values")
            if name == "weights" or name in self.keep
        }
        if "norms" in self.keep:
            norms = [self.network.norms(n, self.computed[n].values) for n in self.numbers]
            found["norms"] = np.stack(norms)
        return {**found, "layer_names": tuple(str(number) for number in self.numbers)}

    def with_terms(self, attention: Attention, scale: float) -> Attention:
        """The attention with its logit terms, if queries and keys are kept."""
        if not {"queries", "keys"} <= set(self.keep):
            return attention
        terms = LayerLogitTerms(scale, softcap=0.0, bias=None, sinks=None, missing="")
        return with_logit_terms(attention, [terms] * len(self.numbers))

    def _stacked(self, name: str) -> NDArray[np.float32]:
        return np.stack([getattr(self.computed[number], name) for number in self.numbers])
