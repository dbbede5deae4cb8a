"""The sums behind a weight, compared with sums by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sphinx_attention.core.analysis.logits import chain, missing, recomputed, softmax
from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.phrases import ENGLISH

TOKENS = (Token("a"), Token("b"))
QUERIES = np.array([[[[1, 2], [0, 1]], [[1, 0], [2, 2]]]], dtype=np.float32)
KEYS = np.array([[[[1, 1], [2, 0]]]], dtype=np.float32)
VALUES = np.array([[[[1, 0, 4], [0, 2, 0]]]], dtype=np.float32)
HALF = np.array([0.5], dtype=np.float32)
NONE = np.zeros(1, dtype=np.float32)


def attention(logit_terms: LogitTerms | None, masked: bool = False) -> Attention:
    """Two heads that share one head of keys.

    With `masked`, the first query cannot see the second key.
    """
    mask = np.array([[[False, masked], [False, False]]])
    return Attention(
        query_tokens=TOKENS,
        key_tokens=TOKENS,
        weights=np.full((1, 2, 2, 2), 0.5, dtype=np.float32),
        masked=mask,
        queries=QUERIES,
        keys=KEYS,
        values=VALUES,
        logit_terms=logit_terms,
    )


def test_each_step() -> None:
    sums = chain(attention(LogitTerms(HALF, NONE)), 0, 1, 1)
    assert sums.query.tolist() == [2, 2]
    assert sums.keys.tolist() == [[1, 1], [2, 0]]
    assert sums.dot.tolist() == [4, 4]
    assert sums.scaled.tolist() == sums.capped.tolist() == sums.logits.tolist() == [2, 2]
    assert not sums.biased
    assert sums.sink is None
    assert sums.weights.tolist() == [0.5, 0.5]
    assert sums.output is not None
    assert sums.output.tolist() == [0.5, 1, 2]


def test_heads_differ_by_their_queries() -> None:
    one = attention(LogitTerms(HALF, NONE))
    assert chain(one, 0, 0, 0).logits.tolist() == [1.5, 1]
    assert chain(one, 0, 1, 0).logits.tolist() == [0.5, 1]
    # e^1.5 / (e^1.5 + e^1) = 1 / (1 + e^-0.5)
    assert chain(one, 0, 0, 0).weights[0] == pytest.approx(0.6224593, abs=1e-7)


def test_masked_keys_get_nothing() -> None:
    sums = chain(attention(LogitTerms(HALF, NONE), masked=True), 0, 0, 0)
    assert sums.masked.tolist() == [False, True]
    assert sums.logits.tolist() == [1.5, 1]
    assert sums.weights.tolist() == [1, 0]


def test_a_soft_cap_limits_logits() -> None:
    sums = chain(attention(LogitTerms(HALF, np.array([2], dtype=np.float32))), 0, 0, 0)
    # 2 tanh(0.75), 2 tanh(0.5)
    assert sums.capped == pytest.approx([1.2702980, 0.9242343], abs=1e-6)


def test_a_bias_is_added_after_the_soft_cap() -> None:
    bias = np.array([[[[0, -1], [0, 0]], [[3, 0], [0, 0]]]], dtype=np.float32)
    one = attention(LogitTerms(HALF, NONE, bias=bias))
    assert chain(one, 0, 0, 0).logits.tolist() == [1.5, 0]
    assert chain(one, 0, 1, 0).logits.tolist() == [3.5, 1]
    of_all_heads = attention(LogitTerms(HALF, NONE, bias=bias[:, :1]))
    assert chain(of_all_heads, 0, 1, 0).logits.tolist() == [0.5, 0]
    assert chain(of_all_heads, 0, 1, 0).biased


def test_a_sink_takes_its_share() -> None:
    sinks = np.array([[-np.inf, np.log(2)]], dtype=np.float32)
    one = attention(LogitTerms(NONE, NONE, sinks=sinks))
    sums = chain(one, 0, 1, 0)
    # Logits of 0 and 0 beside one of log 2: shares of 1, 1 and 2.
    assert sums.weights == pytest.approx([0.25, 0.25])
    assert chain(one, 0, 0, 0).weights.tolist() == [0.5, 0.5]
    assert chain(one, 0, 0, 0).sink is None


@pytest.mark.parametrize(
    "logit_terms",
    [
        LogitTerms(HALF, NONE),
        LogitTerms(HALF, 3 * HALF, np.full((1, 2, 2, 2), 0.3, np.float32), np.ones((1, 2), "f4")),
    ],
)
def test_a_whole_layer_is_its_rows(logit_terms: LogitTerms) -> None:
    one = attention(logit_terms, masked=True)
    layer = recomputed(one, 0)
    assert layer.shape == (2, 2, 2)
    for head in range(2):
        for query in range(2):
            assert layer[head, query] == pytest.approx(chain(one, 0, head, query).weights)


def test_softmax_of_masked_rows_and_of_large_logits() -> None:
    assert softmax(np.array([1.0, 2.0]), np.array([True, True])).tolist() == [0, 0]
    assert softmax(np.array([2000.0, 2000.0]), np.array([False, False])).tolist() == [0.5, 0.5]
    weights = softmax(np.array([0.0, 0.0]), np.array([True, True]), 1.0)
    assert weights.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (attention(None), "does not say how"),
        (replace(attention(LogitTerms(HALF, NONE)), queries=None), "no queries and keys"),
        (attention(LogitTerms(HALF, NONE, missing="it is secret")), "it is secret"),
    ],
)
def test_missing_tensors_are_named(one: Attention, says: str) -> None:
    assert says in ENGLISH.remark(missing(one))
    with pytest.raises(AttentionError, match=says) as raised:
        chain(one, 0, 0, 0)
    assert raised.value.problem is Problem.MODEL


def test_without_values_there_is_no_output() -> None:
    sums = chain(replace(attention(LogitTerms(HALF, NONE)), values=None), 0, 0, 0)
    assert sums.values is None
    assert sums.output is None


def test_logits_at_the_ends_of_the_range_overflow_nowhere() -> None:
    """Warnings are errors here. NumPy's warning would name no place in the notes."""
    logits = np.array([[1e308, -1e308, 0.0], [-1e308, -1e308, -1.7e308], [1.7e308, 1.7e308, 0]])
    found = softmax(logits, np.zeros((3, 3), bool), np.array([[-1e308], [-1.7e308], [0.0]]))
    assert_allclose(found, [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0]])
