from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from sphinx_attention.core.codes import Codes
from sphinx_attention.core.figure.cutoff import drawn_weights
from sphinx_attention.core.render.arcs.feet import Words, feet
from sphinx_attention.core.render.common import edges

STEPS = np.linspace(0, 1, 801)


def sample(curve: edges.Curve, steps: np.ndarray = STEPS) -> np.ndarray:
    """Points of a chain of cubics by de Casteljau's construction, shape (points, 2)."""
    pieces = []
    for first in range(0, len(curve) - 1, 3):
        points = [np.array(curve[first + i], float)[None] for i in range(4)]
        t = steps[:, None]
        while len(points) > 1:
            pairs = pairwise(points)
            points = [(1 - t) * a + t * b for a, b in pairs]
        pieces.append(points[0])
    return np.concatenate(pieces)


def row(rng: np.random.Generator, count: int) -> list[float]:
    """The centres of tokens of random widths, as the layout sets them."""
    widths = np.maximum(np.ceil(rng.gamma(2.0, rng.uniform(5, 40), count)), 36)
    left = 10 + np.concatenate([[0], np.cumsum(widths + 12)[:-1]])
    return (left + widths / 2).tolist()


def offsets(curve: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """The distance of a curve from its start, where the curve first reaches each height."""
    up = -(curve[:, 1] - curve[0, 1])
    top = int(up.argmax())
    aside = np.abs(curve[: top + 1, 0] - curve[0, 0])
    return np.interp(heights, up[: top + 1], aside, right=np.inf)


@pytest.mark.parametrize("count", [2, 3, 5, 11, 32, 64, 128])
@pytest.mark.parametrize("seed", range(4))
def test_arcs_that_share_an_end_meet_nowhere_else(count, seed):
    centres = row(np.random.default_rng(1000 * count + seed), count)
    span = centres[-1] - centres[0]
    focus = centres[np.random.default_rng(seed).integers(count)]
    for side in (-1, 1):
        others = sorted(abs(x - focus) for x in centres if (x - focus) * side > 0)
        # Of two neighbours, the curve of the farther token must lie above the nearer curve at every
        # x that the nearer curve spans. Then no two curves cross.
        for near, far in pairwise(others):
            low = sample(edges.arc(0, near, 0, span))[1:]
            # The far curve's parameter at each of these x: the inverse of t² (3 - 2t).
            t = 0.5 - np.sin(np.arcsin(1 - 2 * low[:, 0] / far) / 3)
            above = 3 * edges.handle(far, span) * t * (1 - t)
            assert (above > -low[:, 1]).all()


@pytest.mark.parametrize("span", [46, 48, 60, 96, 97, 150, 300, 641, 2000, 6800, 40_000])
def test_arcs_fan_out_near_their_shared_end(span):
    # The sampling above is coarse here, so compare exactly, with parameters on the same ray.
    distances = np.geomspace(min(46, span / 2), span, 40)
    handles = [edges.handle(d, span) for d in distances]
    for t in (1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.999):
        for i in range(len(distances) - 1):
            near, far = distances[i : i + 2]
            x = near * t * t * (3 - 2 * t)
            y = 3 * handles[i] * t * (1 - t)
            # The far arc at this height, climbing: solve 3 H s (1 - s) = y.
            s = (1 - math.sqrt(1 - 4 * y / (3 * handles[i + 1]))) / 2
            if t <= 0.5:
                assert far * s * s * (3 - 2 * s) < x
            else:
                assert far * (1 - s) ** 2 * (1 + 2 * s) > near * (1 - t) ** 2 * (1 + 2 * t)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 11, 32, 64])
@pytest.mark.parametrize("seed", range(3))
def test_edges_that_stand_side_by_side_do_not_cross(count, seed):
    """The edges of a word to all words and to itself, as they stand over the word."""
    rng = np.random.default_rng(77 * count + seed)
    centres = row(rng, count)
    span = (centres[-1] - centres[0]) or edges.LONE_SPAN
    focus = int(rng.integers(count))
    words = Words(centres, centres, [36.0] * count, [36.0] * count, one_row=True)
    widths = 10 * rng.dirichlet(np.full(count, 0.5))
    stands = feet([((focus, key), float(widths[key])) for key in range(count)], words)
    loop = sample(edges.loop(centres[focus], 0, span, stands[focus, focus]))
    assert -loop[:, 1].min() <= edges.headroom(span)
    for side in (-1, 1):
        keys = [key for key in range(count) if (key - focus) * side > 0][::side]
        curves = [
            sample(edges.arc(centres[focus], centres[key], 0, span, stands[focus, key]))
            for key in keys
        ]
        for near, far in pairwise(curves):
            # The far curve starts nearer to the middle, ends farther away, and is above.
            x, y = (far * [side, 1]).T
            assert x[0] < side * near[0, 0]
            assert (-np.interp(side * near[1:-1, 0], x, y) > -near[1:-1, 1] - 1e-9).all()
        for curve in curves:
            heights = -loop[:, 1]
            outside = offsets(curve - [centres[focus], 0], heights)
            start = abs(curve[0, 0] - centres[focus])
            assert (start + outside >= side * (loop[:, 0] - centres[focus]) - 1e-9).all()


def test_edges_stay_in_the_free_space():
    for span in (46, 90, 100, 200, 500, 636, 2000, 10_000):
        room = edges.headroom(span)
        assert 50 <= room <= 140
        assert room == int(room)
        for share in (0.01, 0.3, 1):
            top = -sample(edges.arc(0, span * share, 0, span))[:, 1].min()
            assert 0 < top <= room + 1e-9


def test_neighbours_stay_visible_in_long_rows():
    assert 0.75 * edges.handle(48, 6800) > 8


def test_edges_between_two_rows_meet_only_where_they_share_an_end():
    rng = np.random.default_rng(3)
    for _ in range(20):
        ends = np.sort(rng.uniform(0, 3000, 12))
        curves = [sample(edges.between(700, 158, x, 48)) for x in ends]
        for left, right in pairwise(curves):
            assert np.allclose(left[:, 1], right[:, 1])
            assert (left[1:, 0] < right[1:, 0]).all()


@pytest.mark.parametrize(
    ("row_", "cutoff", "expected"),
    [
        ([447, 467, 47, 13, 13, 13], 0.95, [0, 1, 2]),  # 961 of 1000
        # one more key, and the keys of equal weight
        ([447, 467, 47, 13, 13, 13], 0.97, [0, 1, 2, 3, 4, 5]),
        ([447, 467, 47, 13, 13, 13], 0.4, [1]),
        ([447, 467, 47, 13, 13, 13], 0.467, [1]),  # the share is reached exactly
        ([447, 467, 47, 13, 13, 13], 0.468, [0, 1]),
        ([500, 0, 500, 0], 1.0, [0, 2]),  # keys of weight 0 are never drawn
        ([1000, 1001, 1001], 1.0, [0]),  # masked keys are not drawn and do not count
        ([250, 250, 250, 250], 0.1, [0, 1, 2, 3]),  # keys of equal weight are drawn together
        ([0, 0], 0.95, []),
        ([1001, 1001], 1.0, []),
        ([1], 0.01, [0]),
    ],
)
def test_the_heaviest_are_drawn(row_, cutoff, expected):
    assert (
        np.flatnonzero(drawn_weights(Codes.unpacked(np.array(row_)), cutoff)).tolist() == expected
    )


def test_drawn_is_the_smallest_set_that_reaches_the_cutoff():
    rng = np.random.default_rng(11)
    for _ in range(300):
        codes = np.floor(rng.dirichlet(np.full(rng.integers(1, 40), 0.3)) * 1000 + 0.5)
        codes[rng.random(codes.size) < 0.2] = 1001
        cutoff = rng.choice([0.5, 0.9, 0.95, 1.0])
        ranked = sorted((c for c in codes.tolist() if 0 < c < 1001), reverse=True)
        needed = next(
            (n for n in range(len(ranked) + 1) if sum(ranked[:n]) >= cutoff * sum(ranked)), 0
        )
        expected = set(ranked[:needed])
        got = drawn_weights(Codes.unpacked(codes.astype(np.uint16)), cutoff)
        assert got.tolist() == [c in expected for c in codes]


def test_the_share_that_is_drawn():
    row = [447, 467, 47, 13, 13, 13]
    codes = Codes.unpacked(np.array([row]))
    assert edges.share_drawn(codes, 0.95) == 961 / 1000
    assert edges.share_drawn(codes, 1.0) == 1
    assert edges.share_drawn(Codes.unpacked(np.array([[1001, 0]])), 0.95) == 1
    # Each row counts its own edges: 961 and 960 of 1000.
    two = Codes.unpacked(np.array([row, [960, 20, 20, 0, 0, 0]]))
    assert edges.share_drawn(two, 0.95) == (961 + 960) / 2000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (158, "158"),
        (158.0, "158"),
        (62.5, "62.5"),
        (0.065, "0.07"),
        (0.125, "0.13"),
        (-0.004, "0"),
        (-18.666, "-18.67"),
        (6812.3456, "6812.35"),
        (123456.789, "123456.79"),
        (4.47, "4.47"),
    ],
)
def test_numbers_in_attributes(value, text):
    assert edges.num(value) == text


def test_stroke_width_is_ten_times_the_weight_for_every_code():
    for code in range(1001):
        assert float(edges.stroke_width(code)) == pytest.approx(code / 100, abs=1e-12)


def test_paths():
    curve = ((76.0, 121.0), (76.0, 102.493), (28.0, 102.493), (28.0, 121.0))
    assert edges.path(curve) == "M76 121C76 102.49 28 102.49 28 121"
    assert edges.short_path(curve) == "M76 121c0-18.5-48-18.5-48 0"


@pytest.mark.parametrize(
    ("start", "end", "span", "golden"),
    [
        # By hand: span 514 has headroom 113 (113.08), nesting 0.75 (0.881 is too much).
        (241, 494, 514, "M241 121C241 32.46 494 32.46 494 121"),
        (241, 28, 514, "M241 121C241 43.18 28 43.18 28 121"),
        # Span 6800: headroom 140, nesting 0.55 (0.465 is too little).
        (100, 150, 6800, "M100 121C100 108.48 150 108.48 150 121"),
        # Span 48: headroom 50, rise 24.
        (28, 76, 48, "M28 121C28 89 76 89 76 121"),
    ],
)
def test_golden(start, end, span, golden):
    assert edges.path(edges.arc(start, end, 121, span)) == golden


def test_golden_loop():
    # Height 12 + 1.25 * 8 = 22, over 0.75: 29.333.
    assert edges.path(edges.loop(100, 58, 200, (-4, 4))) == "M96 58C96 28.67 104 28.67 104 58"
    # At most 0.8 of the headroom, which is 50.
    assert edges.path(edges.loop(100, 58, 200, (-50, 50))) == "M50 58C50 4.67 150 4.67 150 58"
