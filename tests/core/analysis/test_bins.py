"""Rows that give a part of their weight to no token: no derivation loses that part."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sphinx_attention.core.analysis import head_scores
from sphinx_attention.core.analysis.aggregate import aggregate
from sphinx_attention.core.analysis.bins import PARTIAL, account, complete
from sphinx_attention.core.analysis.parts import select
from sphinx_attention.core.analysis.special import hide_special
from sphinx_attention.core.analysis.words import merge_words
from sphinx_attention.core.attention import BIN, REST, SINK, Attention, LogitTerms, Token
from sphinx_attention.core.figure.payload import decode, encode
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.common.score_vector import percent_drawn, score_vector
from sphinx_attention.core.render.description import describe, strongest_pairs
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.store.entry import pack, unpack

SPECIAL = Token("<s>", special=True)
TOKENS = (SPECIAL, Token("un", word=0), Token("do", word=0), Token("it", word=1))
ROWS = [
    [0.072, 0, 0, 0],
    [0.02, 0.05, 0, 0],
    [0.1, 0.2, 0.4, 0],
    [0.25, 0.25, 0.25, 0.25],
]
SHARES = [0.928, 0.93, 0.3, 0.0]
CAUSAL = np.triu(np.ones((1, 4, 4), dtype=np.bool_), 1)
REQUEST = Request(ModelSource("m"), "undo it")


def partial(layers: int = 1) -> Attention:
    weights = np.array([[ROWS]] * layers, dtype=np.float32)
    return Attention(TOKENS, TOKENS, weights, CAUSAL, part="decoder", label="m")


def whole(layers: int = 1) -> Attention:
    return account(partial(layers), [True] * layers)


def test_the_missing_part_of_a_row_is_the_first_key() -> None:
    one = whole()
    assert [token.text for token in one.key_tokens] == [SINK, "<s>", "un", "do", "it"]
    assert one.same_tokens
    assert (one.bins, one.sink) == (1, 0)
    assert_allclose(one.weights[0, 0, 1:, 0], SHARES, atol=1e-6)
    assert_allclose(one.weights[0, 0, 1:].sum(axis=-1), 1, atol=1e-6)
    assert_allclose(one.weights[0, 0, 1:, 1:], ROWS, atol=1e-7)
    assert one.masked[0].tolist() == [
        [True] * 5,
        *([False, *row] for row in CAUSAL[0].tolist()),
    ]
    assert one.causal


def test_a_layer_of_whole_rows_has_no_such_key() -> None:
    one = account(partial(2), [False, True])
    assert one.masked.shape == (2, 5, 5)
    assert one.masked[0, :, 0].all()
    assert one.masked[1, :, 0].tolist() == [True, False, False, False, False]
    assert not one.weights[0, ..., 0].any()


def test_between_two_texts_only_the_keys_have_it() -> None:
    cross = replace(partial(), query_tokens=(*TOKENS[:3], Token("other")), part="cross")
    one = account(cross, [True], name=REST)
    assert one.key_tokens[0].text == REST
    assert len(one.query_tokens) == 4
    assert one.weights.shape == (1, 1, 4, 5)
    assert one.sink is None


def test_words_are_merged_and_the_bin_stays() -> None:
    one = merge_words(whole())
    assert [token.text for token in one.query_tokens] == [SINK, "<s>", "undo", "it"]
    assert_allclose(one.weights[0, 0, 2], [0.615, 0.06, 0.325, 0], atol=1e-6)


def test_hidden_special_tokens_have_a_bin_of_their_own() -> None:
    one = hide_special(whole())
    assert [token.text for token in one.query_tokens] == [BIN, SINK, "un", "do", "it"]
    assert_allclose(one.weights[0, 0, 3], [0.1, 0.3, 0.2, 0.4, 0], atol=1e-6)
    assert one.masked[0, :2].all()
    assert (one.bins, one.sink) == (2, 1)
    assert hide_special(one) is one


def test_rollout_counts_the_weight_of_the_bin() -> None:
    one = aggregate(whole(2), "rollout")
    # A token keeps half of its weight in each layer. The numbers of the first layer are by hand.
    first = [0.5 * 0.928 + 0.5 * 0, 0.5 * 0.072 + 0.5]
    assert_allclose(one.weights[0, 0, 1, :2], first, atol=1e-6)
    again = [first[0] + first[1] * first[0], first[1] ** 2]
    assert_allclose(one.weights[1, 0, 1, :2], again, atol=1e-6)
    assert_allclose(one.weights[1, 0, 1:].sum(axis=-1), 1, atol=1e-6)
    assert one.masked[:, 0].all()
    assert not one.weights[:, :, 0].any()


def test_scores_of_heads_are_those_of_the_tokens() -> None:
    one, without = whole(), partial()
    for score in (head_scores.first_token, head_scores.to_self, head_scores.previous_token):
        assert_allclose(score(one), score(without), atol=1e-7)
    assert_allclose(head_scores.interest(one), head_scores.interest(without), atol=1e-7)
    whole_row = np.array([0.928, 0.072])
    bits = -(whole_row * np.log2(whole_row)).sum()
    assert_allclose(head_scores.entropy(replace_rows(one)), bits, atol=1e-6)


def replace_rows(one: Attention) -> Attention:
    """All rows become like the row of the first token."""
    weights = one.weights.copy()
    weights[:, :, 2:] = weights[:, :, 1:2]
    return replace(one, weights=weights)


class TestWhatAReaderSees:
    def figure(self, one: Attention, focus: str = "<s>"):
        return resolve(FigureSpec(REQUEST, focus=focus), one)

    def test_edges_are_percent_of_the_whole_row(self) -> None:
        shown = self.figure(whole(), "do")
        # 400 + 300 + 200 + 100 of 1000: all four keys are needed for 95 %.
        assert percent_drawn(shown) is None
        assert percent_drawn(self.figure(whole(), "un")) == 98
        page = render_html(self.figure(whole(), "un"), "f")
        assert "edges show 98\u00a0% of this row" in page
        assert "(sink)" in page

    def test_an_old_entry_does_not_name_the_rest_of_a_row(self) -> None:
        rows = np.array([[[[0.05, 0.02, 0.001, 0.001]] * 4]], dtype=np.float32)
        old = replace(partial(), weights=rows, masked=np.zeros((1, 4, 4), dtype=np.bool_))
        assert percent_drawn(self.figure(old)) == 7

    def test_the_vector_the_text_and_the_payload_have_the_bin(self) -> None:
        shown = self.figure(whole())
        vector = score_vector(shown)
        assert vector is not None
        assert [(s.token, s.number) for s in vector.scores][:2] == [
            ("(sink)", "0.928"),
            ("<s>", "0.072"),
        ]
        assert strongest_pairs(shown)[0].key == "(sink)"
        assert "<s> looks at (sink) (0.928)" in describe(shown)
        packed = decode(encode(shown))
        assert packed.header["queries"][0] == "(sink)"
        assert packed.header["specialQueries"] == [0, 1]
        assert packed.codes[0, 0, 1].tolist() == [928, 72, 1001, 1001, 1001]

    def test_a_hatched_row_is_named(self) -> None:
        figure = resolve(FigureSpec(REQUEST, view="matrix"), hide_special(whole()))
        assert "masked, left out, no query" in render_html(figure, "f")


class TestOldEntries:
    """Entries of the first versions: their rows sum to less than 1 and have no key for the rest."""

    def stored(self, rules: LogitTerms | None, **vectors) -> Attention:
        old = replace(partial(), provenance={"rows": PARTIAL}, logit_terms=rules, **vectors)
        return complete(unpack(pack(REQUEST, old), REQUEST.key))

    def test_are_read_as_they_are(self) -> None:
        one = self.stored(None)
        assert one.bins == 0
        assert one.provenance["rows"] == PARTIAL

    def test_are_completed_where_they_hold_the_logits(self) -> None:
        vectors = np.ones((1, 1, 4, 2), dtype=np.float32)
        sinks = np.array([[1.0]], dtype=np.float32)
        rules = LogitTerms(np.float32([0.5]), np.float32([0]), sinks=sinks)
        one = self.stored(rules, queries=vectors, keys=vectors)
        # Every logit is 1, also that of the sink, so the sink gets as much as each visible key.
        assert_allclose(one.weights[0, 0, 1:, 0], [1 / 2, 1 / 3, 1 / 4, 1 / 5], atol=1e-6)
        assert "rows" not in one.provenance


def test_heads_are_chosen_with_it() -> None:
    one = select(whole(3), [1, 2])
    assert one.sink == 0
    with pytest.raises(ValueError, match="do not fit"):
        replace(one, key_tokens=one.key_tokens[1:])
