"""Which rows of a vector are folded, and where it stands, by numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sphinx_attention.core.codes import Codes
from sphinx_attention.core.render.common.score_vector import (
    column_for_both,
    folded,
    score_vector,
)
from tests.core.render.figures import figure


def places(*totals: int | None) -> list[int]:
    """The rows that are folded; None stands for a masked row."""
    values = np.array([total or 0 for total in totals], np.int64)
    masked = np.array([total is None for total in totals])
    return np.flatnonzero(folded(Codes(values, masked))).tolist()


def test_rows_below_a_hundredth_are_folded():
    fox = [47, 4, 2, 13, 467, 2, 0, 3, 13, 447, 3]
    assert places(*fox) == [1, 2, 5, 6, 7, 10]
    assert places(*fox[:8]) == []  # a short vector is shown whole
    assert places(*[100] * 7, 3, 2) == []  # two rows are no longer than the line about them
    assert places(*[-100] * 6, -3, 2, 0) == [6, 7, 8]  # differences count by their size


def test_masked_rows_are_folded_with_the_small_ones():
    assert places(500, 500, *[None] * 7) == [2, 3, 4, 5, 6, 7, 8]


def test_rows_that_matter_together_are_not_folded():
    assert places(*[8] * 125) == []
    # 12 rows of 4 have 48 together, and 2 of 5 would make it more than 50. Equal rows stay together.
    assert places(*[4] * 12, 5, 5, 942) == list(range(12))
    assert places(*[4] * 13, 948) == []


def test_the_line_about_folded_rows():
    rows = np.zeros((10, 10))
    rows[:, 0], rows[:, 1:4] = 0.98, [0.008, 0.009, 0.003]
    masked = np.zeros((10, 10), bool)
    masked[:, 8:] = True
    names = tuple(f"w{i}" for i in range(10))
    vector = score_vector(figure(names, rows, masked=masked, focus="0"))
    assert vector.fold == "7 more, together 0.020; 2 masked"
    small = [score.token for score in vector.scores if "attention-small" in score.classes]
    assert small == list(names[1:])
    assert score_vector(figure(("a", "b"), np.eye(2), focus="0")).fold == ""


@pytest.mark.parametrize(
    ("width", "height", "column"), [(292, 106, 700), (292, 30, None), (990, 200, None)]
)
def test_the_column_in_which_a_vector_stands_beside_its_picture(width, height, column):
    shown = figure(("[CLS]", "the", "quick", "brown", "fox", "[SEP]"), np.eye(6))
    # "brown" is 2.72 em wide: 1.07 * (292 + 2 * 2.72 * (15 + 11)) + 2 * 116, up to a multiple of 20.
    assert column_for_both(shown, width, height) == column
