"""Where edges stand over their words, by numbers worked out by hand."""

from __future__ import annotations

import pytest

from sphinx_attention.core.render.arcs.feet import Words, feet


def row(count: int, width: float = 40.0) -> Words:
    xs, widths = [100.0 * i for i in range(count)], [width] * count
    return Words(xs, xs, widths, widths, one_row=True)


def test_one_edge_runs_from_middle_to_middle():
    assert feet([((0, 2), 10.0)], row(3)) == {(0, 2): (0, 0)}


def test_edges_stand_side_by_side_and_the_nearest_outermost():
    # 2 px to the left; 6 and 4 px to the right, the far one inside; 1 px between them.
    drawn = [((1, 0), 2.0), ((1, 2), 6.0), ((1, 3), 4.0)]
    assert feet(drawn, row(4)) == {(1, 0): (-6, 0), (1, 2): (4, 0), (1, 3): (-2, 0)}


def test_an_edge_to_the_word_itself_is_in_the_middle():
    found = feet([((1, 1), 4.0), ((1, 0), 2.0), ((1, 2), 3.0)], row(3))
    assert found[1, 1] == (-4.5, 4.5)  # 4 and a quarter of 4 between its strokes
    assert found[1, 0] == (-8.5, 0)  # past the stroke and a gap of 1
    assert found[1, 2] == (9, 0)


def test_many_wide_edges_share_the_width_of_their_word():
    drawn = [((i, 2), 30.0) for i in (0, 1, 3, 4)]
    found = feet(drawn, row(5))
    places = sorted(found[pair][1] for pair, _ in drawn)
    assert places[-1] - places[0] == pytest.approx(93 * 36 / 123)
    assert sum(places) == pytest.approx(0)


def test_two_edges_between_the_same_words_do_not_cross():
    found = feet([((0, 1), 4.0), ((1, 0), 2.0)], row(2))
    (forth_query, forth_key), (back_query, back_key) = found[0, 1], found[1, 0]
    # At the left word, the outer edge is left of the inner one; at the right word, right of it.
    assert forth_query < back_key
    assert forth_key > back_query


def test_edges_between_two_rows_stand_in_the_order_of_their_other_ends():
    words = Words([100.0], [0.0, 100.0, 200.0], [40.0], [40.0] * 3, one_row=False)
    found = feet([((0, key), 2.0) for key in (2, 0, 1)], words)
    assert [found[0, key] for key in range(3)] == [(-3, 0), (0, 0), (3, 0)]
