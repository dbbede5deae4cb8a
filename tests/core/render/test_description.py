from __future__ import annotations

from dataclasses import replace

import numpy as np

from sphinx_attention.core.render.description import (
    describe,
    pair_lines,
    strongest_pairs,
    whole_texts,
)
from tests.core.render.figures import figure

FOX = "the quick brown fox jumps over the lazy dog and then it goes home"


def test_strongest_pairs_of_a_head_and_of_a_token():
    masked = np.array([[False, True, False], [False, False, False], [False, False, False]])
    rows = [[0.4, 0.0, 0.6], [0.1, 0.6, 0.3], [0.0, 0.2, 0.8]]
    shown = figure("a b c", rows, masked=masked)
    pairs = [(p.query, p.key, p.weight) for p in strongest_pairs(shown, limit=4)]
    # Pairs of equal weight keep the order of the text.
    assert pairs == [
        ("c", "c", "0.800"),
        ("a", "c", "0.600"),
        ("b", "b", "0.600"),
        ("a", "a", "0.400"),
    ]
    of_a = strongest_pairs(figure("a b c", rows, masked=masked, focus="a"))
    assert [(p.key, p.weight) for p in of_a] == [("c", "0.600"), ("a", "0.400")]
    assert strongest_pairs(shown, limit=0) == []
    assert len(strongest_pairs(figure(" ".join("abcde"), np.full((5, 5), 0.2)))) == 12


def test_the_shown_head_is_meant():
    weights = np.zeros((2, 2, 2, 2))
    weights[..., 0] = 1
    weights[1, 0] = [[0, 1], [1, 0]]
    (pair, _) = strongest_pairs(figure("a b", weights, layer=1, head=0))
    assert (pair.query_index, pair.key_index) == (0, 1)


def test_a_long_sentence_is_cut():
    words = FOX.split()
    shown = figure(FOX, np.eye(len(words)), label="toy", text=FOX)
    assert describe(shown) == (
        "Attention of toy, over: "
        "the quick brown fox jumps over the lazy dog and then it … "
        "Layer 0, head 0. Strongest: the looks at itself (1.000), quick looks at itself (1.000), "
        "brown looks at itself (1.000)."
    )


def test_matrices_and_empty_heads():
    assert describe(figure("a b", [[0, 0], [0, 0]])) == "Attention, over: a b."
    cross = figure(("a",), [[0.2, 0.8]], keys=("a", "b"))
    assert (
        describe(cross)
        == "Attention, over: a. Strongest: a looks at b (0.800), a looks at a (0.200)."
    )


def test_right_to_left_words_are_isolated():
    message = describe(figure("שלום b", [[0, 1], [1, 0]]))
    assert "\u2068שלום\u2069 looks at b" in message


def test_a_list_of_pairs_names_which_of_equal_words_is_meant():
    shown = figure("he saw he", [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert pair_lines(shown) == ["1.000 he#1 → saw", "1.000 saw → he#2", "1.000 he#2 → he#1"]
    cross = figure("a a", [[0.2, 0.8], [1, 0]], keys=("a", "b"))
    assert pair_lines(cross) == ["1.000 a#2 → a", "0.800 a#1 → b", "0.200 a#1 → a"]


def test_texts_are_whole_and_labelled_where_there_are_several():
    words = FOX.split()
    assert whole_texts(figure(FOX, np.eye(len(words)), text=FOX)) == [("", FOX)]
    # Punctuation, case and special tokens alone are no reason to list the tokens.
    shown = figure("[CLS] the fox . [SEP]", np.eye(5), text="The fox.")
    assert whole_texts(shown) == [("", "The fox.")]
    shown = figure("[CLS] un ##do [SEP]", np.eye(4), text="undo")
    assert whole_texts(shown) == [("", "undo"), ("tokens", "[CLS] un ##do [SEP]")]
    shown = figure("a b", np.eye(2), text="a")
    pair = replace(shown.spec, request=replace(shown.spec.request, pair="b"))
    assert whole_texts(replace(shown, spec=pair)) == [("A", "a"), ("B", "b")]
    cross = figure("la", [[1.0]], keys=("the",), text="the", label="toy")
    target = replace(cross.spec, request=replace(cross.spec.request, target="la"))
    assert whole_texts(replace(cross, spec=target)) == [("encoder", "the"), ("decoder", "la")]
    # The matrix has tokens and no text.
    rows = [[1.0, 0, 0], [0, 1, 0]]
    bare = figure(("q1", "q2"), rows, keys=("a", "b", "c"), text=" ")
    assert whole_texts(bare) == [("queries", "q1 q2"), ("keys", "a b c")]
    assert whole_texts(figure("x = 1", np.eye(3), text="x =\n  1"))[0][1] == "x =\n  1"
