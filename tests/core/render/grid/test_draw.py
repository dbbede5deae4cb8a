from __future__ import annotations

import io
from base64 import b64decode
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sphinx_attention.core.codes import MASKED, Codes
from sphinx_attention.core.render.grid import draw as grid
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.svg import render_svg
from tests.core.render.figures import figure, random_rows
from tests.core.render.pictures import HREF, SVG, classed, parse

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

ROWS = [
    # Layer 0 has a head that looks back, and a head that looks at itself.
    [
        [[1.0, 0.0, 0.0], [0.9, 0.1, 0.0], [0.05, 0.7, 0.25]],
        [[0.4, 0.3, 0.3], [0.02, 0.96, 0.02], [0.25, 0.25, 0.5]],
    ],
    [
        [[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.1, 0.1, 0.8]],
        [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]],
    ],
]
WORDS = "one two three"


def alphas(root: ET.Element) -> np.ndarray:
    """The opacity of each pixel of the mask's image, from 0 to 255."""
    mask = next(root.iter(f"{SVG}mask"))
    (cells,) = classed(root, "attention-cells")
    assert cells.get("mask") == f"url(#{mask.get('id')})"
    image = mask[0]
    data = image.get(HREF).removeprefix("data:image/png;base64,")
    picture = Image.open(io.BytesIO(b64decode(data))).convert("RGBA")
    pixels = np.asarray(picture)
    assert (pixels[..., :3] == 255).all()  # the luminance of a mask counts, too
    for name, count in (("width", pixels.shape[1]), ("height", pixels.shape[0])):
        assert float(image.get(name)) == count * int(cells.get("data-cell"))
        assert image.get(name) == cells.get(name)
    return pixels[..., 3]


def opacity(weight: float) -> int:
    """The opacity of a pixel of this weight: HeadVis's ramp in fifths, with fainter faint steps."""
    ramp = 0.05 + 0.95 * np.log10(1 + 9 * weight) if weight else 0
    fifth = int(np.floor(ramp * 5 + 0.5))
    return int(np.floor(255 * (0, 0.12, 0.32, 0.56, 0.78, 1)[fifth] + 0.5))


def test_every_head_is_a_thumbnail_of_its_weights():
    seen = alphas(parse(render_svg(figure(WORDS, ROWS, view="grid"), "f")))
    # With cells of 12 px, a gap of one cell is wide enough.
    assert seen.shape == (3 + 1 + 3, 3 + 1 + 3)
    expected = np.zeros_like(seen)
    for layer in range(2):
        for head in range(2):
            for query in range(3):
                for key in range(3):
                    weight = ROWS[layer][head][query][key]
                    expected[4 * layer + query, 4 * head + key] = opacity(weight)
    np.testing.assert_array_equal(seen, expected)


def test_pooling_keeps_peaks_and_masks():
    packed = np.array([[[[1, 2, 30], [4, MASKED, 6], [MASKED, MASKED, 900]]]], np.uint16)
    weights = Codes.unpacked(packed).values
    assert grid.pooled(weights, 2).tolist() == [[[[4, 30], [0, 900]]]]
    assert grid.pooled(weights, 1).tolist() == [[[[1, 2, 30], [4, 0, 6], [0, 0, 900]]]]


def test_levels_are_one_ramp_for_all_heads():
    codes = np.array([0, 10, 20, 100, 300, 500, 800, 1000], np.uint16)
    # 0.05 + 0.95 log10(1 + 9 w): 0, 0.086, 0.118, 0.315, 0.590, 0.753, 0.918, 1.
    assert grid.levels(codes).tolist() == [0, 0, 6, 16, 28, 39, 50, 50]


def test_long_texts_are_pooled_to_thumbnails():
    n = 128
    weights = np.zeros((1, 2, n, n), np.float32)
    weights[:, :, :, 0] = 0.5
    weights[0, 0, 127, 61] = 0.5
    weights[0, 0, 127, 0] = 0
    seen = alphas(parse(render_svg(figure(" ".join(["w"] * n), weights, view="grid"), "f")))
    # 128 tokens in squares of 6 make 22 squares. Token 127 is in the last, and token 61 in the
    # eleventh.
    first = seen[:22, :22]
    assert first[21, 10] == opacity(0.5)
    assert first[:21, 10].max() == 0
    assert (first[:, 0] == opacity(0.5)).all()


@pytest.mark.parametrize(
    ("shape", "most"),
    [((6, 12, 11), (660, 360)), ((6, 12, 32), (660, 360)), ((24, 16, 128), (520, 700))],
)
def test_thumbnails_have_room_and_stay_within_a_column(shape: tuple[int, ...], most) -> None:
    layers, heads, n = shape
    weights = np.full((layers, heads, n, n), 1 / n, np.float32)
    drawn = grid.draw(figure(" ".join(["w"] * n), weights, view="grid"))
    layout = drawn.content.layout
    assert drawn.width <= most[0]
    assert drawn.height <= most[1]
    for step, size in ((layout.across, layout.columns), (layout.down, layout.rows)):
        assert step * layout.cell >= 24  # large enough for a finger
        assert (step - size) * layout.cell >= 3  # room for the mark
    assert layout.columns * layout.cell >= 22


def test_names_stand_at_the_axes_and_the_shown_head_is_marked():
    root = parse(render_svg(figure(WORDS, ROWS, view="grid", layer=1, head=0), "f"))
    (axes,) = classed(root, "attention-axes")
    assert [t.text for t in axes] == ["0", "1", "0", "1", "head", "layer"]
    assert [t.get("data-at") for t in classed(root, "attention-here")] == ["h0", "l1"]
    (mark,) = classed(root, "attention-mark")
    (cells,) = classed(root, "attention-cells")
    across, down = (int(n) * int(cells.get("data-cell")) for n in cells.get("data-step").split())
    assert across == down == 48
    assert float(mark.get("x")) == float(cells.get("x")) - 2
    assert float(mark.get("y")) == float(cells.get("y")) + down - 2
    assert float(mark.get("width")) == float(mark.get("height")) == 36 + 4


def test_many_names_are_thinned():
    weights = np.full((24, 16, 2, 2), 0.5, np.float32)
    drawn = grid.draw(figure("a b", weights, view="grid")).content
    heads = [label.text for label in drawn.labels if label.at.startswith("h")]
    layers = [label.text for label in drawn.labels if label.at.startswith("l")]
    assert heads == [str(n) for n in range(0, 16, 2)]
    assert layers == [str(n) for n in range(0, 24, 2)]


def test_the_line_below_says_the_scores_of_the_shown_head():
    html = render_html(figure(WORDS, ROWS, view="grid", layer=0, head=0), "f")
    line = html[html.index("attention-headline") : html.index("attention-large")]
    # By hand: previous (0.9 + 0.7) / 2, first (0.9 + 0.05) / 2, self (1 + 0.1 + 0.25) / 3; entropies
    # 0, 0.469 and 1.076 bits.
    for message in (
        "<b>0.0</b>",
        "previous token <b>0.80</b>",
        "first token <b>0.48</b>",
        "self <b>0.45</b>",
        "entropy <b>0.52</b> bits",
        "induction: no token is repeated",
    ):
        assert message in line
    assert "nan" not in line


def test_scores_that_heads_do_not_have_cannot_be_sorted_by():
    html = render_html(
        figure("a b", [[0.5, 0.3, 0.2], [0.2, 0.4, 0.4]], keys=("x", "y", "z"), view="grid"), "f"
    )
    assert "previous token, self, induction: queries and keys are different tokens" in html
    assert "<option disabled>self: queries and keys are different tokens</option>" in html
    assert '<option value="first">first token</option>' in html
    assert "nan" not in html[: html.index("application/x-attention")]


def test_a_repeated_token_gives_an_induction_score():
    weights = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.25, 0.625, 0.125]])
    html = render_html(figure("a b a", weights, view="grid"), "f")
    assert "induction <b>0.63</b>" in html  # the second a looks at b, which followed the first a
    assert '<option value="induction">induction</option>' in html


def test_the_shown_head_stands_large_beside():
    drawn = grid.draw(figure(WORDS, ROWS, view="grid"))
    assert drawn.beside == "arcs"
    html = render_html(figure(WORDS, ROWS, view="grid", layer=0, head=1, focus="two"), "f")
    large = html[html.index("attention-large") : html.index("attention-footer")]
    assert 'data-query="1" data-key="1"' in large
    assert 'stroke-width="9.6"' in large


def test_the_same_figure_gives_the_same_bytes():
    rng = np.random.default_rng(5)
    weights = np.stack([[random_rows(rng, 20) for _ in range(4)] for _ in range(3)])
    texts = " ".join(f"w{n}" for n in range(20))
    first, second = (render_svg(figure(texts, weights, view="grid"), "f") for _ in range(2))
    assert first == second
    assert "#2f6ac4" in render_svg(figure(texts, weights, view="grid"), "f", standalone=True)


@pytest.mark.parametrize(
    ("score", "printed"),
    [(0.0, "0.00"), (0.125, "0.13"), (0.1349, "0.14"), (0.9949, "1.00"), (3.456, "3.46")],
)
def test_scores_are_rounded_as_the_browser_rounds_them(score: float, printed: str) -> None:
    # The browser has three decimals: 0.1349 is 0.135 there, and its half is rounded up.
    assert grid.decimals(score) == printed
