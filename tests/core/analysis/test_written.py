"""Shares of what a head writes, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sphinx_attention.core.analysis.bins import account
from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.analysis.parts import prefix, select
from sphinx_attention.core.analysis.written import written
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import FunctionSource, ModelSource, Request

TOKENS = (
    Token("[CLS]", special=True),
    Token("un", word=0),
    Token("##do", word=0),
    Token("it", word=1),
)
WEIGHTS = np.array(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.5, 0.2, 0.2, 0.1],
        [0.8, 0.0, 0.1, 0.1],
        [0.6, 0.2, 0.0, 0.2],
    ],
    np.float32,
)
NORMS = np.array([0.5, 4.0, 2.0, 1.0], np.float32)
# Each weight times its norm, over the sum of the row: .35 .4 .2 .1 / 1.05 and so on.
SHARES = [
    [0.35 / 1.05, 0.4 / 1.05, 0.2 / 1.05, 0.1 / 1.05],
    [0.25 / 1.55, 0.8 / 1.55, 0.4 / 1.55, 0.1 / 1.55],
    [0.4 / 0.7, 0.0, 0.2 / 0.7, 0.1 / 0.7],
    [0.3 / 1.3, 0.8 / 1.3, 0.0, 0.2 / 1.3],
]


def attention(weights: np.ndarray = WEIGHTS, norms: np.ndarray | None = NORMS) -> Attention:
    masked = np.zeros((1, *weights.shape), np.bool_)
    one = Attention(TOKENS, TOKENS, weights[None, None], masked, label="m")
    return one if norms is None else replace(one, norms=norms[None, None])


def test_a_share_is_the_weight_times_the_norm_over_the_row() -> None:
    one = written(attention())
    np.testing.assert_allclose(one.weights[0, 0], SHARES, rtol=1e-6)
    assert one.written
    assert not attention().written


def test_each_head_has_its_own_norms() -> None:
    two = replace(
        attention(),
        weights=np.stack([[WEIGHTS, WEIGHTS]]),
        norms=np.stack([[NORMS, NORMS[::-1].copy()]]),
        head_names=(),
    )
    one = written(two)
    np.testing.assert_allclose(one.weights[0, 0], SHARES, rtol=1e-6)
    np.testing.assert_allclose(one.weights[0, 1, 0], np.array([0.7, 0.2, 0.4, 0.05]) / 1.35, 1e-6)
    np.testing.assert_array_equal(select(two, None, [1]).norms, [[NORMS[::-1]]])


def test_a_head_that_writes_nothing_has_rows_of_zeros() -> None:
    one = written(attention(norms=np.zeros(4, np.float32)))
    assert not one.weights.any()
    request = Request(ModelSource("m"), "undo it", merge="words", measure="written")
    assert not derive(attention(norms=np.zeros(4, np.float32)), request).weights.any()


def test_a_sink_takes_weight_and_writes_nothing() -> None:
    one = written(account(attention(WEIGHTS * np.float32(0.5)), [True]))
    np.testing.assert_allclose(one.weights[0, 0, 1:, 1:], SHARES, rtol=1e-6)
    assert not one.weights[..., 0].any()


def test_the_first_tokens_of_a_causal_text_keep_their_norms() -> None:
    tokens = TOKENS[:4]
    masked = np.triu(np.ones((1, 4, 4), np.bool_), 1)
    weights = np.where(masked, 0, 0.25).astype(np.float32)[None]
    whole = Attention(tokens, tokens, weights, masked, norms=NORMS[None, None])
    np.testing.assert_array_equal(prefix(whole, 2).norms, [[NORMS[:2]]])


def test_the_share_of_a_word_is_the_sum_of_those_of_its_pieces() -> None:
    request = Request(ModelSource("m"), "undo it", merge="words", measure="written")
    one = derive(attention(), request)
    assert [token.text for token in one.key_tokens] == ["[CLS]", "undo", "it"]
    rows = np.array(SHARES)
    expected = (rows[1] + rows[2]) / 2
    np.testing.assert_allclose(
        one.weights[0, 0, 1], [expected[0], expected[1] + expected[2], expected[3]], rtol=1e-5
    )
    assert one.written


def test_hidden_special_tokens_keep_their_small_share() -> None:
    one = derive(attention(), Request(ModelSource("m"), "x", special="hide", measure="written"))
    np.testing.assert_allclose(one.weights[0, 0, 1:, 0], [row[0] for row in SHARES[1:]], rtol=1e-6)


def test_a_source_without_norms_is_refused() -> None:
    request = Request(FunctionSource("own", "a:b"), "x", measure="written")
    with pytest.raises(AttentionError, match="gives no lengths of what a head writes"):
        derive(attention(norms=None), request)


def test_the_request_asks_the_source_for_weights_and_norms() -> None:
    request = Request(ModelSource("m"), "x", keep=("norms",), measure="written")
    assert request.base == Request(ModelSource("m"), "x", keep=("norms",))
    assert request.key != request.base.key != Request(ModelSource("m"), "x").key
    assert request.derived
