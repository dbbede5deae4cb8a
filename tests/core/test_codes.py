"""Weights in thousandths, with their mask, their sign and their texts, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.codes import MASKED, Codes, codes, head_codes

TOKENS = tuple(Token(text) for text in "abcd")
WEIGHTS = np.array([[[[0.3, 0.7, 9, 9], [0.3334, 0.3325, 0.3341, 9]]]], np.float32)
HIDDEN = np.array([[[False, False, True, True], [False, False, False, True]]])


def attention(*, signed: bool = False) -> Attention:
    weights = WEIGHTS * [[1, -1, 1, 1]] if signed else WEIGHTS
    return Attention(TOKENS[:2], TOKENS, weights.astype(np.float32), HIDDEN, signed=signed)


def test_masked_codes_are_no_numbers() -> None:
    head = Codes.of_head(attention(), 0, 0)
    assert head.values.tolist() == [[300, 700, 0, 0], [333, 333, 334, 0]]
    assert head.masked.tolist() == HIDDEN[0].tolist()
    assert head[0].texts == ["0.300", "0.700", "–", "–"]


def test_sums_of_rows_are_masked_where_all_terms_are() -> None:
    total = Codes.of_head(attention(), 0, 0).sum()
    assert total.texts == ["0.633", "1.033", "0.334", "–"]


def test_differences_have_a_sign() -> None:
    head = Codes.of_head(attention(signed=True), 0, 0)
    assert head.sum().texts == ["+0.633", "−1.033", "+0.334", "–"]
    assert head.sizes.tolist() == [[300, 700, 0, 0], [333, 333, 334, 0]]
    assert Codes(np.array([0]), np.array([False]), signed=True).texts == ["0.000"]


def test_means_are_rounded_half_up_and_masked_where_all_are() -> None:
    parts = [Codes.unpacked(np.array(row)) for row in ([1, 2, MASKED, MASKED], [2, 3, 5, MASKED])]
    mean = Codes.mean(parts)
    assert mean.values.tolist() == [2, 3, 3, 0]
    assert mean.masked.tolist() == [False, False, False, True]
    below = [Codes.unpacked(np.array([one]), signed=True) for one in (-1, -2)]
    assert Codes.mean(below).values.tolist() == [-1]
    assert Codes.mean(parts[:1]) is parts[0]


def test_rows_are_joined_and_chosen() -> None:
    head = Codes.of_head(attention(), 0, 0)
    joined = Codes.joined([head[[1]], head])
    assert joined.values.tolist() == [head.values[1].tolist(), *head.values.tolist()]
    assert joined.masked.shape == (3, 4)


@pytest.mark.parametrize("signed", [False, True])
def test_they_agree_with_the_arrays_of_payloads(*, signed: bool) -> None:
    one = attention(signed=signed)
    packed = codes(one)
    assert (packed[0, 0] == head_codes(one, 0, 0)).all()
    same = Codes.unpacked(packed, signed=signed)
    own = Codes.of(one)
    assert (same.values == own.values).all()
    assert (same.masked == own.masked).all()
