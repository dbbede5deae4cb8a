"""Means, counts and the fidelity of maps in the prose, against numbers by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Summary, Token
from sphinx_attention.core.codes import NO_SCORE
from sphinx_attention.core.errors import AttentionError, Problem
from tests.core.authoring.test_numbers import figure, printed

TOKENS = (Token("[CLS]", special=True), Token("sun", word=0), Token("rain", word=1))
ROWS = [[1, 0, 0], [0.5, 0.25, 0.25], [0.125, 0.875, 0]]
FLIPPED = [row[::-1] for row in ROWS]


def answer() -> Attention:
    """Two layers of two heads: rows by hand in 0.0 and 1.1, the same turned round in the others."""
    weights = np.array([[ROWS, FLIPPED], [FLIPPED, ROWS]], np.float32)
    return Attention(TOKENS, TOKENS, weights, np.zeros((1, 3, 3), bool))


def shown(summary: Summary | None = None):
    return figure("sun rain", replace(answer(), summary=summary), model="words")


def corpus() -> Summary:
    """Five sentences, of which one has no induction score; the other scores are in no order."""
    scores = np.full((2, 2, 5), 500, np.uint16)
    scores[0, 0] = [300, NO_SCORE, 900, 100, 700]
    scores[1, 1] = NO_SCORE
    return Summary("corpus", (TOKENS,) * 5, {"induction": scores}, {}, {})


def mapped() -> Summary:
    numbers = np.zeros((2, 2, 3), np.float32)
    numbers[0, 1] = [0.43, 0.9, -0.35]
    facts = {"projections": ["bipartite", "pca"]}
    arrays = {"fidelity-bipartite": numbers, "fidelity-pca": numbers / 10}
    return Summary("map", (TOKENS,) * 2, arrays, {}, facts)


@pytest.mark.parametrize(
    ("quantity", "reference", "form", "expected"),
    [
        # Of sun 0.5, of rain 0.125.
        ("mean", "fox 0.0 (words) -> (special)", "", "0.313"),
        ("mean", "fox 0.0 sun + rain -> [CLS]", "0.0 %", "31.3\u00a0%"),
        # Turned round, of sun 0.25 and of rain 0: the mean of four heads.
        ("mean", "fox *.* (words) -> (special)", "", "0.219"),
        ("mean", "fox 0.* sun -> [CLS]", "", "0.375"),
        ("mean", "fox *.1 sun -> [CLS]", "", "0.375"),
        ("weight", "fox 0.0 (words) -> (special)", "", "0.625"),
        ("weight", "fox 0.0 sun -> (words)", "", "0.500"),
        ("count", "fox *.* (words) -> (special) > 0.2", "", "2"),
        ("count", "fox *.* (words) -> (special) > 12 %", "", "4"),
        ("count", "fox *.* sun -> [CLS] = 0.25", "", "2"),
        ("count", "fox 0.* sun -> [CLS] >= 0.5", "", "1"),
        ("count", "fox *.*", "", "4"),
    ],
)
def test_a_number_of_many_heads_and_words(
    quantity: str, reference: str, form: str, expected: str
) -> None:
    assert printed(quantity, reference, shown(), form) == expected


@pytest.mark.parametrize(
    ("quantity", "reference", "expected"),
    [
        ("score", "fox 0.0 induction", "0.500"),
        ("score", "fox 0.0 largest induction", "0.900"),
        ("score", "fox 0.0 smallest induction", "0.100"),
        ("score", "fox 0.0 0 % induction", "0.100"),
        ("score", "fox 0.0 33% induction", "0.300"),
        ("mean", "fox *.* induction", "0.500"),
        ("count", "fox", "5"),
        ("count", "fox 0.0 induction", "4"),
        ("count", "fox 0.0 induction > 0.3", "2"),
        ("count", "fox *.* induction", "3"),
        ("count", "fox *.* induction >= 0.5", "3"),
    ],
)
def test_a_number_of_many_sentences(quantity: str, reference: str, expected: str) -> None:
    assert printed(quantity, reference, shown(corpus())) == expected


@pytest.mark.parametrize(
    ("reference", "form", "expected"),
    [
        ("fox 0.1 neighbours", "0 %", "43\u00a0%"),
        ("fox 0.1 sentence", "", "0.900"),
        ("fox 0.1 correlation", "0.00", "\u22120.35"),
        ("fox projection=pca 0.1 neighbours", "0.0 %", "4.3\u00a0%"),
    ],
)
def test_the_fidelity_of_a_map(reference: str, form: str, expected: str) -> None:
    drawn = figure("sun rain", replace(answer(), summary=mapped()), view="map", model="words")
    assert printed("fidelity", reference, drawn, form) == expected


@pytest.mark.parametrize(
    ("quantity", "reference", "message"),
    [
        ("mean", "fox *.*", "names nothing that has a mean"),
        ("mean", "fox *.* previus-token", "did you mean previous-token"),
        ("mean", "fox 0.7 sun -> rain", "has no head 7"),
        ("mean", "fox *.* sun -> moon", "moon"),
        ("weight", "fox *.* sun -> rain", "name one head, such as 1.3; the mean of many"),
        ("count", "fox *.* sun -> rain", "write a comparison"),
        ("count", "fox *.* sun -> rain > much", "invalid value 'much'"),
        ("count", "fox 0.0 sun -> rain > 0.5", r"Write \*\.\* for all heads"),
        ("count", "fox *.* > 0.5", "compares nothing"),
        ("score", "fox 0.0 smallest previous-token", "only a figure in the view corpus"),
        ("score", "fox 0.0 101 % previous-token", "expected 0 % to 100 %"),
        ("fidelity", "fox 0.0 neighbours", "only a figure that is a map"),
        ("fidelity", "fox 0.0 neighbors", "write neighbours, sentence or correlation"),
    ],
)
def test_what_a_figure_does_not_have_is_an_error(
    quantity: str, reference: str, message: str
) -> None:
    with pytest.raises(AttentionError, match=message) as raised:
        printed(quantity, reference, shown())
    assert raised.value.problem is Problem.REFERENCE


def test_a_projection_that_a_map_does_not_have_is_an_error() -> None:
    drawn = figure("sun rain", replace(answer(), summary=mapped()), view="map", model="words")
    with pytest.raises(AttentionError, match="has bipartite"):
        printed("fidelity", "fox projection=umap 0.1 neighbours", drawn)


def test_a_count_has_no_form() -> None:
    with pytest.raises(AttentionError, match="remove the form"):
        printed("count", "fox *.*", shown(), "0.0")


def test_no_special_tokens_is_an_error() -> None:
    plain = tuple(replace(token, special=False) for token in TOKENS)
    drawn = figure(
        "sun rain", replace(answer(), query_tokens=plain, key_tokens=plain), model="words"
    )
    with pytest.raises(AttentionError, match="has no special tokens"):
        printed("mean", "fox *.* (words) -> (special)", drawn)


def test_a_score_that_no_head_has_is_undefined() -> None:
    with pytest.raises(AttentionError, match="not defined"):
        printed("mean", "fox 1.1 induction", shown(corpus()))
