from __future__ import annotations

import numpy as np

from sphinx_attention.core.render.text import describe, strongest_pairs

from .figures import figure

FOX = "the quick brown fox jumps over the lazy dog and then it goes home"


def test_strongest_pairs_of_a_head_and_of_a_token():
    masked = np.array([[False, True, False], [False, False, False], [False, False, False]])
    rows = [[0.4, 0.0, 0.6], [0.1, 0.6, 0.3], [0.0, 0.2, 0.8]]
    shown = figure("a b c", rows, masked=masked)
    pairs = [(p.query, p.key, p.weight) for p in strongest_pairs(shown, limit=4)]
    # Equal ones in the order of the text.
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
        "Attention of toy, layer 0, head 0, over: "
        "the quick brown fox jumps over the lazy dog and then it … "
        "Strongest: the looks at itself (1.000), quick looks at itself (1.000), "
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
    said = describe(figure("שלום b", [[0, 1], [1, 0]]))
    assert "\u2068שלום\u2069 looks at b" in said
