from __future__ import annotations

import io
import re
from base64 import b64decode
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from sphinx_attention.core.codes import MASKED, Codes
from sphinx_attention.core.render.common import heatmap


def codes(*rows):
    return Codes.unpacked(np.array(rows)).values


def painted(path: str, shape: tuple[int, int]) -> np.ndarray:
    """The pixels that a path of rectangles covers. Check that no pixel is covered twice."""
    image = np.zeros(shape, dtype=int)
    rest = re.sub(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z", "", path)
    assert rest == ""
    for x, y, w, h, back in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z", path):
        assert w == back
        image[int(y) : int(y) + int(h), int(x) : int(x) + int(w)] += 1
    assert image.max(initial=0) <= 1
    return image


def test_linear_levels_are_the_share_of_the_strongest_weight():
    # 0.2 of 0.4 is half of 50; 0.001 of 0.4 is an eighth of a level; 0.395 is 49.4.
    found = heatmap.levels(codes([400, 200, 100], [0, 1, 395]))
    assert found.tolist() == [[50, 25, 13], [0, 0, 49]]
    assert found.dtype == np.int8


def test_the_ramp_may_end_elsewhere_and_clips():
    assert heatmap.levels(codes([500, 1000, 1000]), most=500).tolist() == [[50, 50, 50]]


def test_logarithmic_levels():
    # 0.05 + 0.95 log10(1 + 9 w / max), by hand: log10(5.5) = 0.74036, log10(1.009) = 0.00389.
    found = heatmap.levels(codes([1000, 500, 1, 0]), "log")
    assert found.tolist() == [[50, 38, 3, 0]]
    by_hand = 0.05 + 0.95 * 0.7403627
    assert heatmap.ramp(np.array([0.5]), "log")[0] == pytest.approx(by_hand, abs=1e-6)


def test_masked_cells_have_no_level_and_do_not_set_the_ramp():
    assert heatmap.levels(codes([MASKED, 200], [100, MASKED])).tolist() == [[0, 50], [25, 0]]
    assert heatmap.strongest(codes([MASKED, MASKED])) == 1
    assert heatmap.levels(codes([0, MASKED]), "log").tolist() == [[0, 0]]


def test_signed_levels():
    assert heatmap.signed_levels(np.array([-2.0, 1.0, 0.0, 0.5])).tolist() == [-50, 25, 0, 13]
    assert heatmap.signed_levels(np.array([-1.0, 9.0]), most=2).tolist() == [-25, 50]
    assert heatmap.signed_levels(np.zeros(2)).tolist() == [0, 0]


@pytest.mark.parametrize("gap", [0, 1])
def test_paths_cover_exactly_their_cells(gap: int):
    levels = np.random.default_rng(1).integers(-3, 4, (5, 7)).astype(np.int8)
    width, height = 11, 6
    image = np.zeros((5 * height, 7 * width), dtype=int)
    drawn = heatmap.level_paths(levels, (width, height), gap)
    for level in drawn:
        assert level.opacity == f"{abs(level.level) / 50:g}"
        assert level.negative == (level.level < 0)
        image += level.level * painted(level.path, image.shape)
    expected = np.kron(levels, np.ones((height, width), dtype=int))
    if gap:
        expected[height - 1 :: height] = 0
        expected[:, width - 1 :: width] = 0
    assert (image == expected).all()
    assert [level.level for level in drawn] == [1, 2, 3, -1, -2, -3]


def test_neighbours_of_one_level_are_one_rectangle():
    levels = np.array([[2, 2, 0, 2]], dtype=np.int8)
    (level,) = heatmap.level_paths(levels, (10, 10))
    assert level.path == "M0 0h20v10h-20zM30 0h10v10h-10z"
    assert level.opacity == "0.04"


def test_the_transparency_of_the_image_follows_the_levels():
    levels = np.array([[0, 50, 25], [5, -50, -1]], dtype=np.int8)
    data = heatmap.png(levels, ("#2f6ac4", "#b4581a"))
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    pixels = np.array(image.convert("RGBA"))
    # 255 * 25 / 50 = 127.5 and 255 * 5 / 50 = 25.5 round up; 255 / 50 = 5.1.
    assert pixels[..., 3].tolist() == [[0, 255, 128], [26, 255, 5]]
    assert pixels[0, 1, :3].tolist() == [0x2F, 0x6A, 0xC4]
    assert pixels[1, 1, :3].tolist() == [0xB4, 0x58, 0x1A]
    assert data == heatmap.png(levels, ("#2f6ac4", "#b4581a"))
    assert b64decode(heatmap.data_uri(data).removeprefix("data:image/png;base64,")) == data


def test_every_level_has_its_alpha_in_an_image():
    levels = np.arange(-50, 51, dtype=np.int8).reshape(1, -1)
    alpha = np.array(Image.open(io.BytesIO(heatmap.png(levels))).convert("RGBA"))[0, :, 3]
    assert alpha.tolist() == [int(255 * abs(n) / 50 + 0.5) for n in range(-50, 51)]


def test_ticks_stand_where_their_opacity_is():
    found = heatmap.ticks(467, "linear", 220)
    # Steps of 0.1 are 47 px; 0.4 is 31.6 px from the end.
    assert [code for code, _ in found] == [0, 100, 200, 300, 400, 467]
    assert [x for _, x in found] == pytest.approx(
        [0, 47.109, 94.218, 141.328, 188.437, 220], abs=0.01
    )
    logarithmic = dict(heatmap.ticks(1000, "log", 220))
    # 0.5: 0.05 + 0.95 log10(5.5) = 0.7533; 0.2: 0.05 + 0.95 log10(2.8) = 0.4748.
    assert logarithmic[500] == pytest.approx(220 * 0.75334, abs=0.01)
    assert logarithmic[200] == pytest.approx(220 * 0.47480, abs=0.01)
    places = [x for _, x in heatmap.ticks(1000, "log", 220)]
    assert min(b - a for a, b in pairwise(places)) >= 30


@pytest.mark.parametrize("most", [1, 2, 3, 7, 47, 999, 1000])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_ticks_begin_at_zero_and_end_at_the_strongest(most: int, scale):
    found = heatmap.ticks(most, scale, 110)
    assert found[0] == (0, 0.0)
    assert found[-1] == (most, 110)
    assert [code for code, _ in found] == sorted({code for code, _ in found})
