"""Derived attentions, compared with sums by hand and with plain loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.analysis.aggregate import aggregate
from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.analysis.parts import of_layers, select
from sphinx_attention.core.analysis.special import hide_special
from sphinx_attention.core.analysis.words import Words, merge_words, words_of
from sphinx_attention.core.attention import BIN, Attention, LogitTerms, Token
from sphinx_attention.core.codes import codes
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, ModelSource, Request
from tests.core.analysis.attentions import ROWS, TWO, attention, causal, plain

MODEL = ModelSource(name="m", id="m")


# Words from pieces.


def test_rows_are_averaged_and_columns_summed() -> None:
    merged = merge_words(attention(), Words(("unbe", "quick"), ("unbe", "quick")))
    assert [t.text for t in merged.query_tokens] == ["[CLS]", "unbe", "quick", "[SEP]"]
    assert [t.special for t in merged.query_tokens] == [True, False, False, True]
    assert merged.same_tokens
    expected = [
        [0.5, 0.2, 0.1, 0.2],
        # (0.1 + 0.3)/2, (0.2 + 0.3 + 0.2 + 0.0)/2, (0.3 + 0.1)/2, (0.1 + 0.4)/2
        [0.2, 0.35, 0.2, 0.25],
        [0.0, 0.5, 0.5, 0.0],
        [0.2, 0.4, 0.2, 0.2],
    ]
    assert_allclose(merged.weights[0, 0], expected, atol=1e-7)


def test_a_word_is_masked_where_all_its_pieces_are() -> None:
    rows = np.tril(np.ones((4, 4)))
    rows /= rows.sum(axis=1, keepdims=True)
    tokens = (
        Token("a", word=0),
        Token("b", word=1),
        Token("c", word=1),
        Token("d", word=2),
    )
    merged = merge_words(attention(rows, tokens, masked=causal(4)))
    # Of the word `bc`, b cannot see c, and c can see b: so the word sees itself. The word does not
    # see `d`.
    assert_array_equal(merged.masked, causal(3))
    assert_allclose(merged.weights[0, 0], [[1, 0, 0], [5 / 12, 7 / 12, 0], [0.25, 0.5, 0.25]])
    assert merged.causal


def test_a_cross_attention_merges_each_side_by_its_own_words() -> None:
    keys = (Token("x", word=0), Token("##y", word=0), Token("z", word=1))
    queries = (Token("</s>", special=True), Token("p", word=0), Token("q", word=0))
    rows = [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [0.3, 0.1, 0.6]]
    cross = attention(rows, queries, keys, part="cross")
    merged = merge_words(cross, Words(("pq",), ("Xy", "z")))
    assert [t.text for t in merged.query_tokens] == ["</s>", "pq"]
    assert [t.text for t in merged.key_tokens] == ["Xy", "z"]
    assert_allclose(merged.weights[0, 0], [[0.5, 0.5], [0.3, 0.7]], atol=1e-7)


def test_words_come_from_the_texts_of_the_request() -> None:
    request = Request(MODEL, "Don't stop", pair="me now.", target="ne m'arrête")
    source, target = ("Don't", "stop", "me", "now."), ("ne", "m'arrête")
    assert words_of(request, attention(part="encoder")) == Words(source, source)
    assert words_of(request, attention(part="cross")) == Words(target, source)
    assert words_of(request, attention(part="decoder")) == Words(target, target)
    made_up = attention(part="cross", provenance={"generated": "ne dis"})
    assert words_of(Request(MODEL, "a b"), made_up) == Words(("ne", "dis"), ("a", "b"))
    # A model that is only a decoder reads the text itself.
    assert words_of(Request(MODEL, "a b"), attention(part="decoder")).queries == ("a", "b")
    # The tokens of a function need not be words of the text.
    function = FunctionSource("f", "a:b")
    assert words_of(Request(function, "a b"), attention()) == Words()


def test_pieces_are_joined_where_words_are_unknown() -> None:
    assert [t.text for t in merge_words(attention()).query_tokens][1] == "unbe"


def test_rows_that_do_not_sum_to_1_are_refused() -> None:
    rows = np.array([ROWS, ROWS])[None]
    rows[0, 1, 3] *= 0.4
    with pytest.raises(AttentionError) as caught:
        merge_words(attention(rows))
    assert caught.value.problem is Problem.OPTION
    assert "layer 0, head 1, row 3 sums to 0.400 (-0.600)" in caught.value.message


def test_a_row_that_sees_nothing_does_not_count_as_wrong() -> None:
    masked = np.zeros((1, 5, 5), bool)
    masked[0, 0] = True
    rows = np.array(ROWS)
    rows[0] = 0
    assert_allclose(merge_words(attention(rows, masked=masked)).weights[0, 0, 0], 0)


@st.composite
def torn(draw: st.DrawFn) -> tuple[Attention, Any]:
    """Any attention over any pieces of words, and a permutation of its tokens."""
    words = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    tokens = []
    for word, pieces in enumerate(words):
        if draw(st.booleans()):
            tokens.append(Token("[S]", special=True))
        tokens += [Token(f"{word}.{n}", word=word) for n in range(pieces)]
    count = len(tokens)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = rng.dirichlet(np.full(count, draw(st.sampled_from([0.05, 1.0]))), size=(2, 2, count))
    order = draw(st.permutations(range(count)))
    return attention(weights, tuple(tokens)), np.array(order)


@given(torn())
@settings(deadline=None, max_examples=60)
def test_merging_keeps_rows_in_any_order_of_tokens(case: tuple[Attention, Any]) -> None:
    whole, order = case
    merged = merge_words(whole)
    assert_allclose(merged.weights.sum(axis=-1), 1, atol=1e-6)
    shuffled = replace(
        whole,
        query_tokens=tuple(whole.query_tokens[i] for i in order),
        key_tokens=tuple(whole.key_tokens[i] for i in order),
        weights=whole.weights[:, :, order][:, :, :, order],
    )
    again = merge_words(shuffled)
    words = [t.word for t in merged.query_tokens if not t.special]
    mine = [i for i, t in enumerate(merged.query_tokens) if not t.special]
    theirs = [[t.word for t in again.query_tokens].index(word) for word in words]
    assert_allclose(
        merged.weights[:, :, mine][:, :, :, mine],
        again.weights[:, :, theirs][:, :, :, theirs],
        atol=1e-6,
    )


@given(torn())
@settings(deadline=None, max_examples=30)
def test_merged_numbers_are_those_of_a_plain_loop_in_double_precision(
    case: tuple[Attention, Any],
) -> None:
    whole, _ = case
    merged = merge_words(whole)
    groups: list[list[int]] = []
    for i, token in enumerate(whole.query_tokens):
        same = groups and not token.special and whole.query_tokens[groups[-1][0]].word == token.word
        if same:
            groups[-1].append(i)
        else:
            groups.append([i])
    exact = whole.weights.astype(float)
    for a, rows in enumerate(groups):
        for b, columns in enumerate(groups):
            loop = sum(exact[1, 0, i, j] for i in rows for j in columns) / len(rows)
            assert merged.weights[1, 0, a, b] == pytest.approx(loop, abs=1e-7)


# Special tokens in a bin


def test_hidden_mass_is_one_bin_before_the_others() -> None:
    hidden = hide_special(attention())
    assert [t.text for t in hidden.query_tokens] == [BIN, "un", "##be", "quick"]
    assert hidden.same_tokens
    assert hidden.query_tokens[0].special
    expected = [
        [0.0, 0.0, 0.0, 0.0],
        [0.2, 0.2, 0.3, 0.3],
        [0.7, 0.2, 0.0, 0.1],
        [0.0, 0.25, 0.25, 0.5],
    ]
    assert_allclose(hidden.weights[0, 0], expected, atol=1e-7)
    assert hidden.masked[0].tolist() == [[True] * 4, *[[False] * 4] * 3]
    assert codes(hidden)[0, 0, 0].tolist() == [1001] * 4


def test_the_bin_is_masked_for_queries_that_saw_no_hidden_token() -> None:
    tokens = (Token("a"), Token("</s>", special=True), Token("b"))
    rows = [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]]
    hidden = hide_special(attention(rows, tokens, masked=causal(3)))
    assert hidden.masked[0].tolist() == [
        [True, True, True],
        [True, False, True],
        [False, False, False],
    ]
    assert_allclose(hidden.weights[0, 0, 2], [0.3, 0.2, 0.5], atol=1e-7)


def test_between_two_texts_only_the_keys_have_a_bin() -> None:
    queries = (Token("<s>", special=True), Token("p"))
    keys = (Token("x"), Token("</s>", special=True))
    hidden = hide_special(attention([[0.5, 0.5], [0.75, 0.25]], queries, keys, part="cross"))
    assert [t.text for t in hidden.query_tokens] == ["p"]
    assert [t.text for t in hidden.key_tokens] == [BIN, "x"]
    assert_allclose(hidden.weights[0, 0], [[0.25, 0.75]])


def test_texts_without_and_of_special_tokens_alone() -> None:
    plain_one = attention([[1]], plain(1))
    assert hide_special(plain_one) is plain_one
    with pytest.raises(AttentionError, match="would leave no token"):
        hide_special(attention([[1]], (Token("[CLS]", special=True),)))


@pytest.mark.parametrize(
    ("how", "row", "names"),
    [
        ("mean", [[[0.3, 0.7]], [[0.5, 0.5]]], (("0", "1"), ("mean",))),
        ("max", [[[0.5, 0.9]], [[0.75, 0.75]]], (("0", "1"), ("max",))),
        ("mean layers", [[[0.375, 0.625], [0.425, 0.575]]], (("mean",), ("0", "1"))),
        ("max layers", [[[0.5, 0.75], [0.75, 0.9]]], (("max",), ("0", "1"))),
    ],
)
def test_aggregates_by_hand(how: Any, row: Any, names: Any) -> None:
    made = aggregate(attention(TWO, plain(2), masked=causal(2)), how)
    assert_allclose(made.weights[:, :, 1], row, atol=1e-7)
    assert (made.layer_names, made.head_names) == names
    assert_array_equal(made.masked, causal(2))


def test_a_key_is_masked_where_every_layer_masks_it() -> None:
    masked = np.array([[[False, True], [False, False]], [[False, True], [True, False]]])
    weights = np.array([[[[1, 0], [0.5, 0.5]]], [[[1, 0], [0, 1]]]])
    both = attention(weights, plain(2), masked=masked)
    assert aggregate(both, "mean layers").masked.tolist() == [[[False, True], [False, False]]]
    assert_array_equal(aggregate(both, "mean").masked, masked)


@pytest.mark.parametrize("how", ["rollout", "flow"])
def test_rollout_and_flow_need_one_text(how: Any) -> None:
    cross = attention([[0.5, 0.5]], plain(1), plain(2), part="cross")
    with pytest.raises(AttentionError, match="use mean or max"):
        aggregate(cross, how)
    same_count = attention(np.eye(2), plain(2), (Token("x"), Token("y")), part="cross")
    with pytest.raises(AttentionError, match="use mean or max"):
        aggregate(same_count, how)


def test_rollout_of_a_causal_model_has_its_mask() -> None:
    rolled = aggregate(attention(TWO, plain(2), masked=causal(2)), "rollout")
    assert rolled.weights.shape == (2, 1, 2, 2)
    assert rolled.head_names == ("rollout",)
    assert_array_equal(rolled.masked, causal(2))
    # Means of heads: rows (0.3, 0.7) and (0.5, 0.5); with the identity and halved, (0.15, 0.85)
    # and (0.25, 0.75). 0.25 + 0.75 · 0.15 and 0.75 · 0.85.
    assert_allclose(rolled.weights[:, 0, 1], [[0.15, 0.85], [0.3625, 0.6375]], atol=1e-7)


def test_vectors_are_dropped_with_the_head_they_explain() -> None:
    vectors = {n: np.ones((2, 2, 2, 3), np.float32) for n in ("queries", "keys", "values")}
    logit_terms = LogitTerms(np.ones(2, np.float32), np.zeros(2, np.float32))
    whole = replace(attention(TWO, plain(2)), logit_terms=logit_terms, **vectors)
    assert whole.queries is not None
    for made in (aggregate(whole, "mean"), merge_words(whole)):
        assert (made.queries, made.keys, made.values, made.logit_terms) == (None,) * 4


# First all together, then a part.


def test_the_order_of_derivations() -> None:
    """The largest weight on a word is the sum of one head, not a sum of several heads' maxima."""
    heads = np.array([[ROWS, ROWS]])
    heads[0, 1, 3] = [0.0, 0.6, 0.0, 0.4, 0.0]
    heads[0, 0, 3] = [0.0, 0.0, 0.5, 0.5, 0.0]
    request = Request(MODEL, "unbe quick", merge="words", special="hide", aggregate="max")
    made = derive(attention(heads), request)
    assert [t.text for t in made.query_tokens] == [BIN, "unbe", "quick"]
    assert_allclose(made.weights[0, 0, 2], [0.0, 0.6, 0.5], atol=1e-7)


def test_rollout_is_taken_over_the_models_own_tokens() -> None:
    layers = np.array([[ROWS], [ROWS]])
    own = aggregate(attention(layers), "rollout")
    request = Request(MODEL, "unbe quick", merge="words", aggregate="rollout")
    made = derive(attention(layers), request)
    assert_allclose(made.weights, merge_words(own).weights, atol=1e-7)
    assert_allclose(made.weights.sum(-1), 1, atol=1e-6)
    assert made.head_names == ("rollout",)


def test_a_request_without_derivations_changes_nothing() -> None:
    whole = attention()
    assert derive(whole, Request(MODEL, "x")) is whole
    assert of_layers(whole, None) is whole
    assert select(whole) is whole
