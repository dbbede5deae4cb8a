"""What a head writes: each weight times the length of what its key adds to the output.

A head's output for a query is the sum of α·f(x) over its keys, with f(x) = (x W^V + b^V) W^O, where
W^O is the head's own rows of the output projection. A key with a large weight may add next to
nothing, because its f(x) is short: most weight on a first or a special token is of this kind. The
number is therefore ‖α·f(x)‖ (Kobayashi et al. 2020, arXiv 2004.10102). Since a weight is never
negative, ‖α·f(x)‖ = α·‖f(x)‖, and one norm for each layer, head and key is enough.

The bias of the output projection belongs to no key, and is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import MEASURE
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention


def written(attention: Attention) -> Attention:
    """The shares of what each head writes, in place of its weights.

    A row holds, for each key, α·‖f(x)‖ over the sum of the row, so that it sums to 1 as weights do.
    Vectors stay if they are kept, and `Attention.alphas` has the weights beside them.
    The special tokens on which most weight lies, and sinks, which add nothing, have their small
    shares. A row in which nothing at all is written, as by a head that was pruned, is all zeros.

    Args:
        attention: with norms.

    Raises:
        AttentionError: there are no norms.
    """
    if attention.norms is None:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value 'written' for {named('measure')}: the source gives no lengths of what "
            "a head writes; expected weight",
        )
    weights = attention.weights.astype(np.float64)
    lengths = weights * attention.norms[:, :, np.newaxis]
    total = lengths.sum(axis=-1, keepdims=True)
    shares = lengths / np.where(total > 0, total, 1.0)
    # A view of vectors goes from queries and keys to the weights, and on to the shares.
    kept = attention.queries is not None
    return replace(
        attention,
        weights=shares.astype(np.float32),
        alphas=attention.weights if kept else None,
        logit_terms=attention.logit_terms if kept else None,
        provenance={**attention.provenance, MEASURE: "written"},
    )
