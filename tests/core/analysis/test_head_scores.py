"""The scores of heads, compared with numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sphinx_attention.core.analysis import head_scores
from sphinx_attention.core.analysis.special import hide_special
from sphinx_attention.core.attention import Attention, Token


def attention(words: str, *heads: list[list[float]], keys: str | None = None) -> Attention:
    queries = tuple(Token(w, special=w.startswith("<")) for w in words.split())
    others = queries if keys is None else tuple(Token(w) for w in keys.split())
    weights = np.array(heads, np.float32)[None]
    mask = np.zeros((1, *weights.shape[2:]), bool)
    return Attention(queries, others, weights, mask)


ROWS = [
    [1.00, 0.00, 0.00, 0.00],
    [0.25, 0.75, 0.00, 0.00],
    [0.50, 0.25, 0.25, 0.00],
    [0.25, 0.50, 0.125, 0.125],
]
EVEN = [[0.25] * 4] * 4


def test_each_head_of_each_layer_has_a_score() -> None:
    weights = np.full((3, 2, 4, 4), 0.25, np.float32)
    tokens = tuple(map(Token, "abca"))
    stack = Attention(tokens, tokens, weights, np.zeros((1, 4, 4), bool))
    for name in ("previous_token", "first_token", "to_self", "entropy", "induction"):
        score = getattr(head_scores, name)(stack)
        assert score.shape == (3, 2)
        assert score.dtype == np.float64


def test_previous_token_is_the_mean_of_the_first_diagonal_below() -> None:
    score = head_scores.previous_token(attention("a b c d", ROWS, EVEN))
    # 0.25, 0.25 and 0.125 make 0.625, divided by three.
    np.testing.assert_allclose(score, [[0.625 / 3, 0.25]])


def test_first_token_leaves_out_the_first_token_itself() -> None:
    score = head_scores.first_token(attention("a b c d", ROWS, EVEN))
    np.testing.assert_allclose(score, [[(0.25 + 0.50 + 0.25) / 3, 0.25]])


def test_first_token_of_another_text_takes_every_query() -> None:
    score = head_scores.first_token(
        attention("a b", [[0.5, 0.5, 0], [0.25, 0, 0.75]], keys="x y z")
    )
    np.testing.assert_allclose(score, [[0.375]])


def test_to_self_is_the_mean_of_the_diagonal() -> None:
    score = head_scores.to_self(attention("a b c d", ROWS, EVEN))
    np.testing.assert_allclose(score, [[(1 + 0.75 + 0.25 + 0.125) / 4, 0.25]])


def test_entropy_is_in_bits() -> None:
    score = head_scores.entropy(attention("a b c d", ROWS, EVEN))
    # Of (1/4, 3/4): 0.811278. Of (1/2, 1/4, 1/4): 1.5. Of (1/4, 1/2, 1/8, 1/8): 1.75.
    np.testing.assert_allclose(score, [[(0 + 0.811278 + 1.5 + 1.75) / 4, 2.0]], atol=1e-6)


def test_entropy_of_certainty_is_zero_and_not_minus_zero() -> None:
    score = head_scores.entropy(attention("a b", [[1, 0], [0, 1]]))
    assert score.tobytes() == np.zeros((1, 1)).tobytes()


def test_induction_looks_at_the_token_after_the_earlier_occurrence() -> None:
    rows = np.zeros((5, 5))
    rows[np.arange(5), np.arange(5)] = 1.0
    rows[3] = [0.1, 0.6, 0.2, 0.1, 0.0]
    rows[4] = [0.0, 0.3, 0.5, 0.1, 0.1]
    # x y z x y: the second x should look at y (0.6), and the second y at z (0.5).
    score = head_scores.induction(attention("x y z x y", rows.tolist()))
    np.testing.assert_allclose(score, [[0.55]], atol=1e-7)


def test_induction_sums_over_all_earlier_occurrences() -> None:
    rows = np.eye(5)
    rows[2] = [0.1, 0.8, 0.1, 0, 0]
    rows[4] = [0.1, 0.3, 0.2, 0.4, 0]
    # x y x z x: the second x looks at y (0.8); the third at y (0.3) and z (0.4).
    score = head_scores.induction(attention("x y x z x", rows.tolist()))
    np.testing.assert_allclose(score, [[(0.8 + 0.7) / 2]], atol=1e-7)


def test_induction_does_not_count_the_query_itself() -> None:
    rows = [[1, 0, 0], [0, 1, 0], [0.2, 0.7, 0.1]]
    # x x x: the third x looks at the second, which follows the first. The second x could look only
    # at itself, which does not count.
    score = head_scores.induction(attention("x x x", rows))
    np.testing.assert_allclose(score, [[0.7]], atol=1e-7)


def test_induction_ignores_special_tokens() -> None:
    rows = np.eye(4)
    rows[2] = [0, 1, 0, 0]
    assert np.isnan(head_scores.induction(attention("<s> a <s> b", rows.tolist()))).all()


@pytest.mark.parametrize("name", ["previous_token", "to_self", "induction"])
def test_between_different_texts_a_score_of_positions_is_undefined(name: str) -> None:
    cross = attention("a b", [[0.5, 0.5, 0], [0.25, 0, 0.75]], keys="x y z")
    assert np.isnan(getattr(head_scores, name)(cross)).all()


@pytest.mark.parametrize("name", ["previous_token", "first_token", "induction"])
def test_one_token_alone_has_no_score(name: str) -> None:
    assert np.isnan(getattr(head_scores, name)(attention("a", [[1.0]]))).all()


def test_the_bin_of_hidden_tokens_is_no_first_token_and_no_query() -> None:
    """The column of the bin counts as one of the keys, and its row does not count."""
    rows = [[0.5, 0.5, 0, 0], [0.25, 0.25, 0.5, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0, 0.5, 0]]
    hidden = hide_special(attention("<s> a b </s>", rows))
    # Without the bin's row: a has 0.25 on the bin, 0.25 on itself and 0.5 on b; b has 0.5, 0.25 and
    # 0.25.
    assert np.isnan(head_scores.first_token(hidden)).all()
    np.testing.assert_allclose(head_scores.previous_token(hidden), [[0.25]])
    np.testing.assert_allclose(head_scores.to_self(hidden), [[0.25]])
    np.testing.assert_allclose(head_scores.entropy(hidden), [[1.5]])
