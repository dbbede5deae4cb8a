"""Parts of an attention: layers and heads, with the tensors and masks that belong to them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.analysis.parts import of_layers, select
from sphinx_attention.core.attention import Attention, LogitTerms
from sphinx_attention.core.errors import AttentionError
from tests.core.analysis.attentions import TWO, attention, plain


def grouped(heads: int, shared: int) -> Attention:
    """Queries, keys and values that hold the number of their own layer and head."""
    layers = 3
    numbers = 10 * np.arange(layers)[:, None] + np.arange(heads)
    weights = np.full((layers, heads, 2, 2), 0.5, np.float32)

    def vectors(count: int) -> Any:
        return np.tile(numbers[:, :count, None, None], (1, 1, 2, 4)).astype(np.float32)

    logit_terms = LogitTerms(
        scale=np.arange(layers, dtype=np.float32),
        softcap=np.arange(layers, dtype=np.float32) + 50,
        bias=np.tile(numbers[:, :, None, None], (1, 1, 2, 2)).astype(np.float32),
        sinks=numbers.astype(np.float32),
    )
    return replace(
        attention(weights, plain(2)),
        queries=vectors(heads),
        keys=vectors(shared),
        values=vectors(shared),
        logit_terms=logit_terms,
    )


@pytest.mark.parametrize(
    ("heads", "keys"),
    [
        ([5], [2]),
        ([0, 1, 2], [0, 0, 1]),  # The keys are shared unevenly, so each head gets its own.
        ([0, 1, 4, 5], [0, 2]),
        ([0, 2, 4], [0, 1, 2]),
        ([1, 0], [0]),
        ([4, 5, 0, 1], [2, 2, 0, 0]),
    ],
)
def test_heads_keep_the_keys_they_share(heads: list[int], keys: list[int]) -> None:
    part = select(grouped(6, 3), [2, 0], heads)
    assert part.layer_names == ("2", "0")
    assert part.head_names == tuple(map(str, heads))
    assert part.queries is not None
    assert part.keys is not None
    assert part.logit_terms is not None
    assert part.logit_terms.bias is not None
    assert part.logit_terms.sinks is not None
    assert part.queries[:, :, 0, 0].tolist() == [[20 + h for h in heads], heads]
    assert part.keys[0, :, 0, 0].tolist() == [20 + h for h in keys]
    for place, head in enumerate(heads):
        read = place * part.keys.shape[1] // len(heads)
        assert part.keys[1, read, 0, 0] == head // 2
    assert part.logit_terms.scale.tolist() == [2, 0]
    assert part.logit_terms.softcap.tolist() == [52, 50]
    assert part.logit_terms.bias[:, :, 0, 0].tolist() == [[20 + h for h in heads], heads]
    assert part.logit_terms.sinks.tolist() == [[20 + h for h in heads], heads]


def test_one_bias_for_all_heads_stays_one() -> None:
    logit_terms = LogitTerms(
        np.ones(2, np.float32), np.zeros(2, np.float32), bias=np.ones((2, 1, 2, 2), np.float32)
    )
    part = select(attention(TWO, plain(2), logit_terms=logit_terms), [1], [1])
    assert part.logit_terms is not None
    assert part.logit_terms.bias is not None
    assert part.logit_terms.bias.shape == (1, 1, 2, 2)


def test_masks_of_layers_go_with_their_layers() -> None:
    masked = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])
    part = select(attention(TWO, plain(2), masked=masked), [1])
    assert_array_equal(part.masked, masked[1:])


def test_layers_of_a_source_that_were_not_requested() -> None:
    part = of_layers(attention(TWO, plain(2)), (1,))
    assert part.layer_names == ("1",)
    assert_allclose(part.weights[0], TWO[1])
    with pytest.raises(AttentionError, match=re.escape("there is no layer 2, expected 0 to 1")):
        of_layers(attention(TWO, plain(2)), (0, 2))
