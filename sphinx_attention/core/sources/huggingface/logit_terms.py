"""The terms of a layer's logits, fetched from the device that computed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_attention.core.sources.logit_terms import LayerLogitTerms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .layer_call import DeviceTerms


def host(tensor: Any) -> NDArray[np.float32]:
    """A tensor as a numpy array, without a copy if it is on the host already."""
    array: NDArray[np.float32] = tensor.detach().cpu().float().numpy()
    return array


class HostTerms:
    """The terms of one layer for a batch, fetched from the device once.

    Args:
        terms: the terms of the whole batch.
    """

    def __init__(self, terms: DeviceTerms) -> None:
        self._terms = terms
        self._bias = None if terms.bias is None else host(terms.bias)
        self._sinks = None if terms.sinks is None else host(terms.sinks)

    def cut(self, row: int, queries: int, keys: slice | list[int]) -> LayerLogitTerms:
        """The terms of one row of the batch, for its first queries and for these keys."""
        bias = None
        if self._bias is not None:
            own = self._bias[row if len(self._bias) > 1 else 0]
            bias = own[:, :queries, keys].copy()
        terms = self._terms
        return LayerLogitTerms(terms.scale, terms.softcap, bias, self._sinks, terms.missing)
