"""The difference of two attentions: words aligned by hand, numbers subtracted by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.analysis.difference import align, difference
from sphinx_attention.core.attention import REST, Attention, Token
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import ModelSource, Request


def tokens(text: str) -> tuple[Token, ...]:
    return tuple(
        Token(word, special=word.startswith("["), word=None if word.startswith("[") else n)
        for n, word in enumerate(text.split())
    )


def made(text: str, rows: Any, *, row: tuple[Token, ...] = (), **fields: Any) -> Attention:
    weights = np.asarray(rows, np.float32)
    weights = weights.reshape((1,) * (4 - weights.ndim) + weights.shape)
    found = row or tokens(text)
    count = len(found)
    masked = fields.pop("masked", np.zeros((1, count, count), bool))
    return Attention(found, found, weights, masked, **fields)


def request(text: str, model: str = "m") -> Request:
    return Request(ModelSource(model), text)


def between(
    first: Attention, second: Attention, texts: tuple[str, str] = ("", ""), other: str = "m"
) -> Any:
    return difference(first, second, (request(texts[0]), request(texts[1], other)))


def at(attention: Attention, query: str, key: str, layer: int = 0, head: int = 0) -> float:
    names = [token.text for token in attention.query_tokens]
    keys = [token.text for token in attention.key_tokens]
    return float(attention.weights[layer, head, names.index(query), keys.index(key)])


BANK = made(
    "the bank river",
    [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]],
)
ROBBED = made(
    "robbed the bank",
    [[0.4, 0.4, 0.2], [0.1, 0.5, 0.4], [0.5, 0.2, 0.3]],
)


class TestAlignment:
    @pytest.mark.parametrize(
        ("first", "second", "pairs"),
        [
            ("a b c", "a b c", [(0, 0), (1, 1), (2, 2)]),
            ("a b c", "a x c", [(0, 0), (1, None), (None, 1), (2, 2)]),
            ("the cat saw the dog", "the dog", [(0, None), (1, None), (2, None), (3, 0), (4, 1)]),
            ("Bank a", "bank a", [(0, None), (None, 0), (1, 1)]),
            ("a", "b", [(0, None), (None, 0)]),
            ("b a", "a", [(0, None), (1, 0)]),
        ],
    )
    def test_the_same_words_in_order(self, first: str, second: str, pairs: Any) -> None:
        assert align(tokens(first), tokens(second)) == pairs

    def test_a_special_token_is_not_aligned_with_a_word_of_the_same_text(self) -> None:
        pairs = align((Token("[CLS]", special=True), Token("a")), (Token("[CLS]"), Token("a")))
        assert pairs == [(0, None), (None, 0), (1, 1)]

    def test_bins_stay_in_front(self) -> None:
        first = (Token("(sink)", special=True), Token("x"), Token("the"))
        second = (Token("(special)", special=True), Token("the"))
        assert align(first, second) == [(0, None), (None, 0), (1, None), (2, 1)]


class TestNumbers:
    def test_by_hand(self) -> None:
        found = between(BANK, ROBBED)
        attention = found.attention
        assert attention.signed
        names = [token.text for token in attention.query_tokens]
        assert names == [REST, "robbed", "the", "bank", "river"]
        # the -> the: 0.5 of the second, 0.5 of the first; the -> bank: 0.4 less 0.3.
        assert at(attention, "the", "the") == pytest.approx(0.0)
        assert at(attention, "the", "bank") == pytest.approx(0.1)
        assert at(attention, "bank", "the") == pytest.approx(0.2 - 0.1)
        assert at(attention, "bank", "bank") == pytest.approx(0.3 - 0.6)
        # bank gives 0.5 to "robbed". In the first sentence, bank gives 0.3 to "river".
        assert at(attention, "bank", REST) == pytest.approx(0.5 - 0.3)
        assert (found.only_first, found.only_second) == (("river",), ("robbed",))

    def test_tokens_without_a_partner_are_masked(self) -> None:
        masked = between(BANK, ROBBED).attention.masked[0]
        seen = ~masked
        # Rows and columns: (rest), robbed, the, bank, river.
        assert seen.tolist() == [
            [False] * 5,
            [False] * 5,
            [True, False, True, True, False],
            [True, False, True, True, False],
            [False] * 5,
        ]

    def test_rows_sum_to_zero(self) -> None:
        seed = np.random.default_rng(7)
        first = made("a b c d e", seed.dirichlet(np.ones(5), (2, 3, 5)))
        second = made("x b c y e z", seed.dirichlet(np.ones(6), (2, 3, 6)))
        attention = between(first, second).attention
        np.testing.assert_allclose(attention.weights.sum(axis=-1), 0, atol=1e-6)
        assert attention.weights.min() >= -1
        assert attention.weights.max() <= 1

    def test_all_words_paired_have_no_remainder(self) -> None:
        attention = between(BANK, replace(BANK, weights=BANK.weights[..., ::-1].copy())).attention
        assert [token.text for token in attention.query_tokens] == ["the", "bank", "river"]
        np.testing.assert_allclose(
            attention.weights[0, 0], BANK.weights[0, 0, :, ::-1] - BANK.weights[0, 0], atol=1e-7
        )
        assert not attention.masked.any()

    def test_a_key_that_one_side_masks_is_masked_and_its_weight_kept(self) -> None:
        causal = np.triu(np.ones((1, 2, 2), bool), 1)
        first = made("a b", [[0.3, 0.7], [0.5, 0.5]])
        second = made("a b", [[1.0, 0.0], [0.2, 0.8]], masked=causal)
        attention = between(first, second).attention
        assert attention.masked[0, 1].tolist() == [False, False, True]
        # a: 1 − 0.3 on itself, and 0.7 of the first on a key that the second may not see.
        assert attention.weights[0, 0, 1].tolist() == pytest.approx([-0.7, 0.7, 0.0])

    def test_layers_and_heads_by_name(self) -> None:
        seed = np.random.default_rng(3)
        first = made("a b", seed.dirichlet(np.ones(2), (3, 2, 2)))
        second = made(
            "a b",
            seed.dirichlet(np.ones(2), (2, 3, 2)),
            layer_names=("2", "5"),
            head_names=("1", "0", "7"),
        )
        attention = between(first, second).attention
        assert (attention.layer_names, attention.head_names) == (("2",), ("0", "1"))
        np.testing.assert_allclose(
            attention.weights[0, 0], second.weights[0, 1] - first.weights[2, 0], atol=1e-7
        )


class TestPieces:
    def test_pieces_of_a_word_are_merged(self) -> None:
        """Rows are averaged and columns are summed by hand."""
        row = (Token("un", word=0), Token("##fit", word=0), Token("fox", word=1))
        split = made("", [[0.2, 0.3, 0.5], [0.4, 0.1, 0.5], [0.1, 0.1, 0.8]], row=row)
        whole = made("unfit fox", [[0.9, 0.1], [0.3, 0.7]])
        found = between(split, whole, ("unfit fox", "unfit fox"), other="another")
        assert found.merged
        assert [token.text for token in found.attention.query_tokens] == ["unfit", "fox"]
        expected = np.array([[0.9, 0.1], [0.3, 0.7]]) - [[0.5, 0.5], [0.2, 0.8]]
        np.testing.assert_allclose(found.attention.weights[0, 0], expected, atol=1e-6)

    def test_punctuation_that_is_a_token_stays_alone(self) -> None:
        row = (Token("the", word=0), Token("bank", word=1), Token(".", word=1))
        first = made("", np.full((3, 3), 1 / 3), row=row)
        second = made("the bank", [[0.5, 0.5], [0.5, 0.5]])
        found = between(first, second)
        assert not found.merged
        assert (found.only_first, found.only_second) == ((".",), ())

    def test_two_models_may_read_in_different_capitals(self) -> None:
        upper = made("", [[0.5, 0.5], [0.2, 0.8]], row=(Token("The", word=0), Token("fox", word=1)))
        lower = made("", [[0.1, 0.9], [0.3, 0.7]], row=(Token("the", word=0), Token("fox", word=1)))
        found = between(upper, lower, ("The fox", "The fox"), other="another")
        assert [token.text for token in found.attention.query_tokens] == ["The", "fox"]
        assert at(found.attention, "The", "fox") == pytest.approx(0.4)

    def test_blanks_before_a_piece_are_no_part_of_the_word(self) -> None:
        first = made("", [[0.5, 0.5], [0.2, 0.8]], row=(Token("bank", word=0), Token(" a", word=1)))
        second = made("", [[0.1, 0.9], [0.3, 0.7]], row=(Token("bank", word=0), Token("a", word=1)))
        assert [t.text for t in between(first, second).attention.query_tokens] == ["bank", "a"]


class TestRefused:
    @pytest.mark.parametrize(
        ("first", "second", "why"),
        [
            ("a b c", "d e f", "no word of the one stands in the other"),
            ("[CLS] a [SEP]", "[CLS] b [SEP]", "no word of the one stands in the other"),
            (
                "a b c d e f g h",
                "a p q r s t u v",
                "of 16 words in both, only 2 stand in the other in the same order",
            ),
        ],
    )
    def test_too_few_words(self, first: str, second: str, why: str) -> None:
        one, other = (
            made(text, np.full((len(text.split()),) * 2, 1 / len(text.split())))
            for text in (first, second)
        )
        with pytest.raises(AttentionError, match=re.escape(f"no difference to show: {why}")):
            between(one, other)

    def test_one_row_beside_two(self) -> None:
        cross = Attention(
            tokens("a b"),
            tokens("c d e"),
            np.full((1, 1, 2, 3), 1 / 3, np.float32),
            np.zeros((1, 2, 3), bool),
            part="cross",
        )
        with pytest.raises(AttentionError, match="one has one row of tokens"):
            between(BANK, cross)

    def test_no_layer_in_common(self) -> None:
        with pytest.raises(AttentionError, match="they have no layer of the same name"):
            between(BANK, replace(BANK, layer_names=("9",)))


def test_each_of_two_rows_is_aligned_by_itself() -> None:
    shape = np.array([[[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]]], np.float32)
    masked = np.zeros((1, 2, 3), bool)
    first = Attention(tokens("le chat"), tokens("the cat sat"), shape, masked, part="cross")
    second = replace(first, query_tokens=tokens("le chien"), key_tokens=tokens("the dog sat"))
    attention = between(first, second).attention
    assert [t.text for t in attention.query_tokens] == ["le", "chat", "chien"]
    assert [t.text for t in attention.key_tokens] == ["the", "cat", "dog", "sat"]
    assert attention.masked[0, 0].tolist() == [False, True, True, False]
    np.testing.assert_allclose(attention.weights[0, 0, 0], 0, atol=1e-7)
