"""Squares of many heads, whose numbers are calculated by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sphinx_attention.core.codes import Codes
from sphinx_attention.core.render.common.squares import Room, squares_in_slots, squares_under
from tests.core.render.figures import figure


def drawn(weights: list[float], view: str = "arcs"):
    """A figure of one query, one key and a head for each weight, with its codes."""
    matrices = np.array(weights).reshape(1, -1, 1, 1)
    shown = figure("a", matrices, view=view, focus="a", head=0, layer=0)
    heads = range(len(weights))
    return shown, {head: Codes.of_head(shown.attention, 0, head) for head in heads}


def lefts(squares) -> dict[str, float]:
    """The left end of each head's square."""
    return {one.head: float(re.match(r"M([-\d.]+)", one.path)[1]) for one in squares.paths}


def test_the_heads_that_matter_stand_in_the_middle_of_the_word():
    shown, codes = drawn([0.05, 0.1, 0.0994, 0.6])
    squares = squares_under(shown, codes, [Room(100, 40, 36)], shown=3)
    # Two squares of 5 px and a pixel between them are 11 px wide.
    assert lefts(squares) == {"1": 94.5, "3": 100.5}
    assert [one.shown for one in squares.paths] == [False, True]
    assert squares.label == "heads at a: 1, 3"


def test_of_too_many_heads_the_heaviest_stay_and_the_head_that_is_drawn():
    weights = [0.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]
    shown, codes = drawn(weights)
    # 36 px have room for six squares: 6 x 5 + 5.
    squares = squares_under(shown, codes, [Room(100, 40, 36)], shown=0)
    assert list(lefts(squares)) == ["0", "1", "2", "3", "4", "5"]
    assert lefts(squares)["0"] == 82.5
    wide = squares_under(shown, codes, [Room(100, 40, 47)], shown=0)
    assert len(wide.paths) == 8


@pytest.mark.parametrize(("way", "ends"), [(1, [10.0, 16.0, 22.0]), (-1, [5.0, -1.0, -7.0])])
def test_every_head_has_a_slot(way, ends):
    shown, codes = drawn([0.2, 0.009, 0.3], "heads")
    squares = squares_in_slots(shown, codes, [Room(10, 0, 90)], way)
    assert lefts(squares) == {"0": ends[0], "2": ends[2]}


def test_slots_of_many_heads_are_narrow():
    shown, codes = drawn([0.5] * 30, "heads")
    squares = squares_in_slots(shown, codes, [Room(0, 0, 60)], 1)
    assert lefts(squares) == {str(head): 2 * head for head in range(30)}
    assert {re.search(r"h([\d.]+)v", one.path)[1] for one in squares.paths} == {"1"}


def test_one_head_and_differences_have_none():
    shown, codes = drawn([0.5])
    assert squares_under(shown, codes, [Room(0, 0, 36)], shown=0).paths == ()
