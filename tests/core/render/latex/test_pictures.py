"""The shapes of a picture, and their code: positions are those of the SVG."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest

from sphinx_attention.core.render.files import standalone_svg
from sphinx_attention.core.render.latex.characters import TexTexts
from sphinx_attention.core.render.latex.curves import UnreadablePathError, read_path, samples
from sphinx_attention.core.render.latex.figure import render_latex, style_file
from sphinx_attention.core.render.latex.reading import read_shapes
from sphinx_attention.core.render.latex.shapes import (
    Drawn,
    Hatched,
    Pixels,
    UnsupportedPictureError,
    Written,
)
from sphinx_attention.core.render.latex.tikz import LONGEST, PATTERNS, strips
from tests.core.render.figures import figure, random_rows

FOX = "the quick brown fox"
ROWS = [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.05, 0.15, 0.6, 0.2], [0.02, 0.08, 0.3, 0.6]]


def shapes_of(made):
    return read_shapes(standalone_svg(made).partition("\n")[2])


def svg(inside: str):
    start = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" color="#222">'
    return read_shapes(f"{start}{inside}</svg>")


def test_every_form_of_a_path_is_read() -> None:
    kinds = "".join(
        one.kind for one in read_path("M0 0h1v2l1-1H0V0L3,4c1 0 1 1 2 2s1 1 2 2q1 1 2 0t2 0z")
    )
    assert kinds == "MLLLLLLCCCCZ"
    assert read_path("m1 1 2 0 0 3")[-1].points == ((3, 4),)
    assert read_path("M0 0C0 1 1 2 2 2S4 3 4 4")[-1].points == ((3, 2), (4, 3), (4, 4))
    for broken in ("M0", "Mx y", "B1 2", "M0 0z1"):
        with pytest.raises(UnreadablePathError):
            read_path(broken)


@pytest.mark.parametrize(("large", "sweep"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_an_arc_keeps_its_distance(large: int, sweep: int) -> None:
    points = list(samples(read_path(f"M0 0A5 5 0 {large} {sweep} 6 2")))
    # There are two circles of radius 5 through both points.
    middle, half = (3, 1), math.hypot(6, 2) / 2
    off = math.sqrt(25 - half**2)
    way = 1 if large == sweep else -1
    centre = (middle[0] + way * off * 2 / (2 * half), middle[1] - way * off * 6 / (2 * half))
    radii = [math.dist(centre, point) for point in points]
    other = (2 * middle[0] - centre[0], 2 * middle[1] - centre[1])
    radii = radii if abs(radii[5] - 5) < 0.1 else [math.dist(other, point) for point in points]
    assert radii == pytest.approx([5] * len(points), abs=0.003)
    assert points[-1] == pytest.approx((6, 2))


def test_positions_and_colours_are_inherited() -> None:
    path, text = svg(
        '<g transform="translate(10 20)scale(2)" fill="#ff0000" opacity="0.5">'
        '<path d="M1 1h2" fill="none" stroke="currentColor" stroke-width="3"/>'
        '<text x="1" y="2" text-anchor="end" font-size="8" textLength="7">a<tspan '
        'font-style="italic">b</tspan> c</text></g>'
    )
    assert isinstance(path, Drawn)
    assert [one.points for one in path.path] == [((12, 22),), ((16, 22),)]
    assert (path.width, path.stroke.colour, path.stroke.amount) == (6, "", 0.5)
    assert isinstance(text, Written)
    assert (text.at, text.anchor, text.room) == ((12, 24), "end", 14)
    assert [(run.text, run.italic, run.size) for run in text.runs] == [
        ("a", False, 16),
        ("b", True, 16),
        (" c", False, 16),
    ]


def test_lines_without_length_are_dots() -> None:
    """TeX draws nothing for them, and the view map draws every point in this way."""
    made = svg(
        '<g fill="none" stroke="#ff0000" stroke-width="4">'
        '<path stroke-linecap="round" d="M1 2h0M9 2h0"/>'
        '<path stroke-linecap="square" stroke-width="2" d="M5 5h0"/>'
        '<path stroke-linecap="round" d="M1 2h3"/><path d="M1 2h0"/></g>'
    )
    rounds, squares, line, none = made
    assert [one.kind for one in rounds.path] == ["M", "C", "C", "C", "C", "Z"] * 2
    xs, ys = zip(*samples(rounds.path), strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((-1, 11, 0, 4))
    assert [one.points for one in squares.path if one.points] == [
        ((4, 4),),
        ((6, 4),),
        ((6, 6),),
        ((4, 6),),
    ]
    assert rounds.fill is not None
    assert rounds.stroke is None
    assert (line.fill, none.fill) == (None, None)


def test_words_of_columns_have_one_edge_in_every_font() -> None:
    made = figure("a b", [[1, 0], [0.25, 0.75]], keys=("longer", "b"), view="heads")
    words = [one for one in shapes_of(made) if isinstance(one, Written) and one.word]
    assert [one.anchor for one in words] == ["end", "end", "start", "start"]
    edges = {round(one.at[0], 3) for one in words}
    assert len(edges) == 2


@pytest.mark.parametrize("part", ["<foreignObject/>", "<use/>", '<path d="M1" stroke="#000"/>'])
def test_an_unknown_part_is_an_error(part: str) -> None:
    with pytest.raises(UnsupportedPictureError):
        svg(part)


@pytest.mark.parametrize("view", ["arcs", "heads", "matrix", "grid", "steps"])
def test_every_view_has_all_its_texts(view: str) -> None:
    made = figure(FOX, ROWS, view=view, focus="fox")
    written = standalone_svg(made)
    shapes = shapes_of(made)
    texts = ["".join(run.text for run in one.runs) for one in shapes if isinstance(one, Written)]
    plain = [
        re.sub("<[^>]*>", "", one) for one in re.findall(r"<text.*?</text>", written, re.DOTALL)
    ]
    assert "".join("".join(texts).split()) == "".join("".join(plain).split())
    code = render_latex(made).code
    assert code.count(r"\AttentionText{") >= len(texts)
    assert code.count(r"\begin{AttentionPicture}") == (2 if view == "grid" else 1)


def test_the_cells_of_a_matrix_have_their_places() -> None:
    made = figure("a b", [[1, 0], [0.25, 0.75]], view="matrix", masked=[[0, 1], [0, 0]])
    shapes = shapes_of(made)
    cells = [one for one in shapes if isinstance(one, Drawn) and one.fill is not None]
    amounts = sorted(round(one.fill.amount, 2) for one in cells[:3])
    # Opacity has steps of two hundredths, of which 0.25 and 0.75 round up.
    assert amounts == [0.26, 0.76, 1.0]
    (hatched,) = [one for one in shapes if isinstance(one, Hatched)][:1]
    assert hatched.apart == 5


def test_a_large_matrix_is_an_image() -> None:
    rng = np.random.default_rng(1)
    tokens = tuple(f"w{number}" for number in range(80))
    made = figure(tokens, random_rows(rng, 80), view="matrix")
    assert [one for one in shapes_of(made) if isinstance(one, Pixels)]
    written = render_latex(made)
    (name,) = written.images
    assert rf"{{{name}}}" in written.code
    assert written.images[name].startswith(b"\x89PNG")


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_long_row_is_cut_between_words(mirrored: bool) -> None:
    words = [f"{'שלום' if mirrored else 'word'}{number}" for number in range(40)]
    rng = np.random.default_rng(1)
    made = figure(tuple(words), random_rows(rng, 40))
    shapes = shapes_of(made)
    width = max(one.at[0] for one in shapes if isinstance(one, Written)) + 40
    windows = strips(shapes, (width, 300))
    assert len(windows) > 1
    assert all(window.width <= LONGEST for window in windows)
    assert windows[0].left == 0
    for one, other in pairwise(windows):
        assert one.right == other.left
        for shape in shapes:
            if isinstance(shape, Written) and shape.room:
                middle, half = shape.at[0], shape.room / 2
                assert not middle - half < one.right < middle + half
    code = render_latex(made).code
    assert code.count(r"\begin{AttentionClip}") == len(windows)
    numbers = [int(one) for one in re.findall(r"(?:word|\})(\d+)(?=[{}])", code)]
    if not mirrored:
        assert numbers == list(range(40))


def test_a_column_shows_the_weights_of_a_pinned_word() -> None:
    code = render_latex(figure(FOX, ROWS, focus="brown")).code
    vector = code.partition(r"\AttentionVector")[2]
    assert vector.startswith(r"{\alpha_{\text{brown}}}")
    assert re.findall(r"\d\.\d{3}", vector) == ["0.050", "0.150", "0.600", "0.200"]
    assert [one for one in FOX.split() if rf"\AttentionToken{{{one}}}" in vector] == FOX.split()


def several(count: int, **spec):
    """A figure of the view heads with that many heads, each of which is drawn."""
    weights = np.repeat(np.array(ROWS)[np.newaxis, np.newaxis], count, axis=1)
    return figure(FOX, weights, view="heads", shown_heads=tuple(range(count)), **spec)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 12, 13])
def test_heads_differ_on_paper_without_colours(count: int) -> None:
    made = several(count)
    assert len(made.shown_heads) == count
    code = render_latex(made).code
    patterns = set(map(int, re.findall(r"\\AttentionPatterned\{(\d+)\}", code)))
    assert patterns == (set(range(count)) if 1 < count <= 12 else set())
    # Few samples have room in the picture, more stand below it; past twelve heads, colours do.
    samples = re.findall(r"\\AttentionSample\{(\d+)\}", code)
    assert samples == [str(one) for one in range(count)] * (1 < count <= 12)
    _, _, below = code.partition(r"\end{AttentionFigure}")
    assert below.count(r"\AttentionSample") == (count if 4 <= count <= 12 else 0)
    assert below.count(r"\AttentionSquare") == (13 if count == 13 else 0)


def test_the_package_has_a_different_pattern_for_each() -> None:
    code = (
        style_file().decode().partition(r"\newcommand\attention@pattern")[2].partition(r"\fi}")[0]
    )
    patterns = re.findall(r"\\pgfsetdash(\{[^}]*\}|\{(?:\{[^}]*\})+\})\{0bp\}", code)
    assert len(patterns) == len(set(patterns)) == PATTERNS == 12


def test_the_squares_of_heads_are_told_in_words() -> None:
    weights = np.array([[ROWS, np.eye(4)]])
    code = render_latex(figure(FOX, weights, focus="brown")).code
    colon, semicolon = r"\AttentionSign{58}", r"\AttentionSign{59}"
    reported = f"quick{colon} 0{semicolon} brown{colon} 0, 1{semicolon} fox{colon} 0"
    assert rf"\AttentionNote{{heads at {reported}}}" in code


def test_equal_figures_give_equal_code_and_the_engine_decides_about_characters() -> None:
    made = figure(("각", "b"), [[1, 0], [0.5, 0.5]])
    assert render_latex(made).code == render_latex(made).code
    assert render_latex(made).unset == ()
    assert render_latex(made, TexTexts("pdf")).unset == ("각",)


def test_the_source_has_the_sentence_in_one_line() -> None:
    code = render_latex(figure("the 100% fox", np.eye(3)), TexTexts()).code
    assert "% the 100% fox\n" in code
