from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from sphinx_attention.core.constants import SHARED
from sphinx_attention.core.render.common import head_colours

CSS = Path(__file__).parents[4] / "static" / "src" / "views" / "edges" / "style.css"
# Viewing with two cones (Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113, severity
# 1), in linear sRGB.
SIGHT = {
    "all three": np.eye(3),
    "no long": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no middle": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
# The text colours of pages: Furo's, and black and white as the extremes.
TEXTS = {"light": "#222222", "black": "#000000", "dark": "#cfd0d0", "white": "#ffffff"}


def linear(colour: str) -> np.ndarray:
    encoded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of a linear sRGB colour under D65. The palette was made in another colour space."""
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    ratio = (to_xyz @ np.clip(rgb, 0, 1)) / to_xyz.sum(axis=1)
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(count: int, text: str, sight: np.ndarray) -> float:
    """The smallest CIE76 distance between two of the first colours."""
    seen = [lab(sight @ linear(head_colours.drawn_hue(hue, text))) for hue in range(count)]
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("text", ["light", "dark"])
@pytest.mark.parametrize("sight", list(SIGHT))
def test_colours_are_told_apart_by_everyone(text, sight):
    """A distance of 2.3 is just noticeable.

    The first dozen colours differ more than all colours do.
    """
    assert apart(12, TEXTS[text], SIGHT[sight]) >= 11
    assert apart(32, TEXTS[text], SIGHT[sight]) >= 6


@pytest.mark.parametrize(("text", "page"), [("light", "#ffffff"), ("dark", "#131416")])
def test_colours_stand_out_from_the_page(text, page):
    luminance = lambda colour: float(linear(colour) @ [0.2126, 0.7152, 0.0722])  # noqa: E731
    for hue in range(32):
        pair = sorted([luminance(head_colours.drawn_hue(hue, TEXTS[text])), luminance(page)])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3


def test_colours_differ_in_lightness_and_not_in_hue_alone():
    lightness = [lab(linear(head_colours.drawn_hue(hue)))[0] for hue in range(32)]
    assert np.ptp(lightness) > 30
    # Neighbouring buttons differ in lightness.
    assert np.median(np.abs(np.diff(lightness[:12]))) > 10


def test_the_style_sheet_has_the_same_colours():
    text = CSS.read_text(encoding="utf-8")
    rules = re.findall(r"\.attention-hue-(\d+) \{\s*--attention-head: (#\w{6});", text)
    assert [(int(n), colour) for n, colour in rules] == list(enumerate(head_colours.HUES))
    assert len(rules) == SHARED["head_colours"]
    assert f"{head_colours.SHARE:.0%}" in text
