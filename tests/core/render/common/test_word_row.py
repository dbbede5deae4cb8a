from __future__ import annotations

from itertools import pairwise

import pytest

from sphinx_attention.core.render.common.word_row import lay_out_row, middles
from tests.core.render.figures import tokens


def test_gaps_between_words_are_equal():
    words, width = lay_out_row(tokens("[CLS]", "quick", "extraordinary", "brown", "fox"))
    for left, right in pairwise(words):
        assert right.x - right.text_width / 2 - (left.x + left.text_width / 2) == 14
    assert words[0].x == 10 + 36 / 2  # "[CLS]" is narrower than the number under it
    assert width == words[-1].x + 36 / 2 + 10


def test_short_words_leave_room_for_the_numbers_under_them():
    xs, width = middles([5, 5, 60, 5])
    assert xs == [28, 68, 114.5, 161]  # 40 apart, then half of 65 and 14
    assert width == 161 + 18 + 10


def test_a_row_that_runs_from_the_right_is_mirrored():
    forth, width = lay_out_row(tokens("one", "tremendous", "two"))
    back, same = lay_out_row(tokens("one", "tremendous", "two"), backwards=True)
    assert same == width
    assert [one.x for one in back] == pytest.approx([width - one.x for one in forth])
    assert [one.text for one in back] == ["one", "tremendous", "two"]
