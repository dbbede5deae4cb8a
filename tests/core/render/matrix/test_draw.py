from __future__ import annotations

import io
import re
from base64 import b64decode
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sphinx_attention.core.analysis.special import hide_special
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.matrix import layout as matrix_layout
from sphinx_attention.core.render.svg import render_svg
from sphinx_attention.core.request import MatrixSource, Request
from tests.core.render.figures import figure as any_figure
from tests.core.render.figures import random_rows
from tests.core.render.pictures import FOX, HREF, classed, parse

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

ROWS = [
    [0.20, 0.20, 0.20, 0.20, 0.20],
    [0.50, 0.30, 0.10, 0.06, 0.04],
    [0.02, 0.60, 0.30, 0.05, 0.03],
    [0.01, 0.04, 0.80, 0.15, 0.00],
    [0.00, 0.00, 0.00, 0.20, 0.80],
]


def figure(*args, **spec):
    return any_figure(*args, view="matrix", **spec)


def words(count: int) -> str:
    return " ".join(f"w{i}" for i in range(count))


def field(root: ET.Element) -> tuple[float, float, float, float]:
    (rect,) = classed(root, "attention-field")
    return tuple(float(rect.get(name)) for name in ("x", "y", "width", "height"))


def opacities(root: ET.Element, rows: int, columns: int) -> np.ndarray:
    """The opacity at the centre of every cell, read from the paths."""
    (group,) = classed(root, "attention-cells")
    left, top, width, _ = field(root)
    assert group.get("transform") == f"translate({left:g} {top:g})"
    cell = width / columns
    found = np.zeros((rows, columns))
    for path in group:
        for x, y, w, h in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path.get("d")):
            across = [c for c in range(columns) if int(x) < (c + 0.5) * cell < int(x) + int(w)]
            down = [r for r in range(rows) if int(y) < (r + 0.5) * cell < int(y) + int(h)]
            assert across
            assert len(down) == 1
            assert (found[down[0], across] == 0).all()
            found[down[0], across] = float(path.get("fill-opacity"))
    return found


@pytest.mark.parametrize("count", [5, 60])
def test_cells_are_as_opaque_as_their_weights(count: int):
    weights = np.array(ROWS) if count == 5 else random_rows(np.random.default_rng(2), count)
    root = parse(render_svg(figure(FOX if count == 5 else words(count), weights), "f"))
    seen = opacities(root, count, count)
    # Half a level, and half a thousandth of the strongest weight for rounded codes.
    assert np.abs(seen - weights / weights.max()).max() <= 0.01 + 0.001 / weights.max()
    assert not classed(root, "attention-image")


def test_a_given_cell():
    seen = opacities(parse(render_svg(figure(FOX, ROWS), "f")), 5, 5)
    # The strongest weight is 0.8. 0.15 is 0.1875 of 0.8, which makes 9.4 levels of 0.02.
    assert seen[3].tolist() == [0.02, 0.06, 1.0, 0.18, 0.0]


def test_past_sixty_tokens_the_cells_are_one_image():
    weights = random_rows(np.random.default_rng(3), 70, 64)
    root = parse(
        render_svg(figure(words(70), weights, keys=tuple(f"k{i}" for i in range(64))), "f")
    )
    (image,) = [e for e in root.iter() if e.tag.endswith("}image")]
    data = b64decode(image.get(HREF).removeprefix("data:image/png;base64,"))
    alpha = np.array(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3]
    assert alpha.shape == (70, 64)
    codes = np.floor(weights.astype(np.float32).astype(float) * 1000 + 0.5 + 1e-6)
    levels = np.floor(50 * codes / codes.max() + 0.5)
    assert (alpha == np.floor(255 * levels / 50 + 0.5)).all()
    _, _, width, height = field(root)
    assert (float(image.get("width")), float(image.get("height"))) == (width, height)
    (rect,) = classed(root, "attention-image")
    assert rect.get("mask") == "url(#f-mask1)"
    assert image.get("image-rendering") == "pixelated"
    assert not [e for e in classed(root, "attention-cells")[0] if e.tag.endswith("}path")]


def test_labels_stand_beside_their_rows_and_over_their_columns():
    root = parse(render_svg(figure(FOX, ROWS), "f"))
    left, top, width, _ = field(root)
    cell = width / 5
    tokens = classed(root, "attention-token")
    assert [(t.get("data-side"), t.get("data-token")) for t in tokens] == [
        (side, str(i)) for side in ("query", "key") for i in range(5)
    ]
    for i, token in enumerate(tokens[:5]):
        (word,) = classed(token, "attention-word")
        assert word.text == FOX.split()[i]
        # Labels are anchored in the middle. All end at one line, 8 px before the cells.
        assert float(word.get("x")) + float(word.get("textLength")) / 2 == left - 8
        assert float(word.get("y")) - 0.35 * 14 == pytest.approx(top + (i + 0.5) * cell)
    for i, token in enumerate(tokens[5:]):
        (word,) = classed(token, "attention-word")
        assert (
            token.get("transform")
            == f"translate({left + (i + 0.5) * cell:g} {top - 8:g})rotate(-45)"
        )
        assert float(word.get("x")) == float(word.get("textLength")) / 2
    texts = [e.text for e in classed(root, "attention-guide")[0] if e.text and e.text.strip()]
    assert texts == ["key →", "query ↓"]
    assert len(classed(root, "attention-token--special")) == 4


def test_the_picture_holds_its_labels():
    long = ("a", "extraordinarily", "b", "incomprehensibilities")
    for texts in (long, long * 10, long * 20):
        root = parse(
            render_svg(figure(texts, random_rows(np.random.default_rng(0), len(texts))), "f")
        )
        width, height = float(root.get("width")), float(root.get("height"))
        for token in classed(root, "attention-token"):
            for word in classed(token, "attention-word"):
                half = float(word.get("textLength")) / 2
                x, y = float(word.get("x")), float(word.get("y"))
                ends = [(x - half, y), (x + half, y)]
                if turned := token.get("transform"):
                    ox, oy, angle = map(float, re.findall(r"-?[\d.]+", turned))
                    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
                    ends = [(ox + u * cos - v * sin, oy + u * sin + v * cos) for u, v in ends]
                for u, v in ends:
                    assert 0 <= u <= width
                    assert 0 <= v <= height


def test_long_labels_are_cut():
    text = "incomprehensibilities" * 3
    root = parse(render_svg(figure((text, "b"), [[0.5, 0.5], [0.1, 0.9]]), "f"))
    word = classed(root, "attention-word")[0]
    assert word.text.endswith("…")
    assert text.startswith(word.text[:-1])
    assert 80 < float(word.get("textLength")) <= 121


@pytest.mark.parametrize(
    ("count", "cell"), [(1, 24), (24, 24), (30, 22), (60, 11), (128, 5), (512, 2)]
)
def test_cells_shrink_with_their_number(count: int, cell: int):
    found = matrix_layout.lay_out(
        [Token("a")] * count, [Token("a")], pinned=(), most=1, beyond=False, hatched=""
    )
    assert found.cells.cell == cell


def test_labels_are_left_out_where_there_is_no_room():
    assert sorted(matrix_layout.labelled(10, 3)) == [0, 3, 6, 9]
    # The marked label is shown. Labels nearer than three rows to the marked one are hidden.
    assert sorted(matrix_layout.labelled(10, 3, [4])) == [0, 4, 9]
    assert sorted(matrix_layout.labelled(10, 3, [4, 5])) == [0, 4, 9]
    assert sorted(matrix_layout.labelled(4, 1, [2])) == [0, 1, 2, 3]
    weights = random_rows(np.random.default_rng(1), 128)
    root = parse(render_svg(figure(words(128), weights, focus="w7"), "f"))
    shown = [
        w.text for t in classed(root, "attention-token")[:128] for w in classed(t, "attention-word")
    ]
    assert shown[:5] == ["w0", "w3", "w7", "w12", "w15"]
    assert len(classed(root, "attention-token")) == 256
    assert len(list(root.iter())) < 800


def test_the_row_of_hidden_special_tokens_is_left_out_and_not_masked():
    tokens = (Token("[CLS]", special=True), Token("a"), Token("b"))
    even = np.full((1, 1, 3, 3), 1 / 3, np.float32)
    for masked, says in (
        (np.zeros((3, 3)), "left out"),
        (np.triu(np.ones((3, 3)), 1), "masked, left"),
    ):
        whole = Attention(tokens, tokens, even, masked.astype(bool)[None])
        shown = resolve(
            FigureSpec(Request(MatrixSource(), "x"), view="matrix"), hide_special(whole)
        )
        text = "".join(parse(render_svg(shown, "f")).itertext())
        assert says in text
        assert ("masked" in text) == ("masked" in says)


def test_masked_cells_are_hatched_and_not_zero():
    masked = np.triu(np.ones((5, 5), dtype=bool), 1)
    weights = np.tril(np.ones((5, 5)))
    weights /= weights.sum(axis=1, keepdims=True)
    root = parse(render_svg(figure(FOX, weights, masked=masked), "f"))
    (hatch,) = classed(root, "attention-hatch")
    assert hatch.get("fill") == "url(#f-hatch)"
    covered = np.zeros((5, 5), dtype=bool)
    cell = int(field(root)[2] / 5)
    for x, y, w, h in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", hatch.get("d")):
        across = slice(int(x) // cell, (int(x) + int(w)) // cell)
        covered[int(y) // cell : (int(y) + int(h)) // cell, across] = True
    assert (covered == masked).all()
    assert (opacities(root, 5, 5)[masked] == 0).all()
    assert "masked" in "".join(root.itertext())
    plain = parse(render_svg(figure(FOX, ROWS), "f"))
    assert classed(plain, "attention-hatch")[0].get("d") == ""
    assert "masked" not in "".join(plain.itertext())


def test_pinned_rows_are_marked_and_named():
    shown = figure(FOX, ROWS, focus="the | fox")
    root = parse(render_svg(shown, "f"))
    left, top, width, _ = field(root)
    boxes = [
        tuple(float(rect.get(name)) for name in ("x", "y", "width", "height"))
        for rect in classed(root, "attention-marks")[0]
    ]
    cell = width / 5
    assert boxes == [(left - 0.5, top - 0.5 + row * cell, width, cell) for row in (1, 3)]
    focused = classed(root, "attention-token--focus")
    assert [(t.get("data-side"), t.get("data-token")) for t in focused] == [
        ("query", "1"),
        ("query", "3"),
    ]
    readout = re.search(
        r'<span class="[^"]*attention-readout">(.*?)</span>', render_html(shown, "f"), re.DOTALL
    )
    text = re.sub(r"<[^>]*>", "", readout[1]).split()
    # 0.10 + 0.80 on "quick" is more than 0.50 + 0.01 on [CLS].
    assert text == ["the,", "fox", "look", "most", "at", "quick", "0.900"]


def test_at_rest_the_line_says_what_to_do():
    html = render_html(figure(FOX, ROWS), "f")
    assert 'attention-readout attention-readout--hint">Point at a cell' in html
    assert '<select name="scale"><option value="linear" selected>' in html


def test_cross_attention_has_its_own_rows_and_columns():
    weights = random_rows(np.random.default_rng(4), 3, 7)
    root = parse(render_svg(figure("a b c", weights, keys=tuple("stuvwxy")), "f"))
    _, _, width, height = field(root)
    assert (width, height) == (7 * 24, 3 * 24)
    assert np.abs(opacities(root, 3, 7) - weights / weights.max()).max() < 0.013
    assert [w.text for w in classed(root, "attention-word")] == [*"abc", *"stuvwxy"]


def test_right_to_left_text_is_mirrored():
    texts = ("שלום", "עולם", "שועל")
    weights = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.0, 0.1, 0.9]])
    root = parse(render_svg(figure(texts, weights), "f"))
    left, _, width, _ = field(root)
    assert root.get("direction") == "rtl"
    assert np.abs(opacities(root, 3, 3) - weights[:, ::-1] / 0.9).max() < 0.012
    query, key = classed(root, "attention-token")[0], classed(root, "attention-token")[3]
    (word,) = classed(query, "attention-word")
    assert word.get("direction") == "rtl"
    assert float(word.get("x")) - float(word.get("textLength")) / 2 == left + width + 8
    assert key.get("transform").startswith(f"translate({left + 2.5 * 24:g} ")
    assert key.get("transform").endswith("rotate(45)")


def test_special_tokens_are_dimmed_when_requested():
    root = parse(render_svg(figure(FOX, ROWS, special="dim"), "f"))
    (group,) = classed(root, "attention-cells")
    assert "attention-cells--dim" in group.get("class")
    seen = opacities(root, 5, 5)
    # Between ordinary tokens the strongest weight is again 0.80. 0.60 makes 37.5 levels, rounded
    # up.
    assert seen[1:4, 1:4].tolist() == [[0.38, 0.12, 0.08], [0.76, 0.38, 0.06], [0.06, 1.0, 0.18]]
    back = [path for path in group if path.get("class") == "attention-negative"]
    assert {path.get("fill-opacity") for path in back} == {
        "1",
        "0.62",
        "0.26",
        "0.06",
        "0.04",
        "0.02",
    }
    # Without ordinary weights, no weight can be stronger than the ramp's end.
    assert (
        opacities(
            parse(render_svg(figure("[A] [B]", [[1, 0], [0.5, 0.5]], special="dim"), "f")), 2, 2
        )[0, 0]
        == 1
    )


def test_one_token():
    root = parse(render_svg(figure("a", [[1.0]]), "f"))
    assert opacities(root, 1, 1).tolist() == [[1.0]]
    ticks = [e.text for e in classed(root, "attention-ticks")[0]]
    assert ticks[0] == "0"
    assert ticks[-1] == "1"


def test_hostile_tokens_are_text():
    hostile = ("</text><script>alert(1)</script>", "&amp;", '"><img src=x onerror=alert(1)>')
    svg = render_svg(figure(hostile, random_rows(np.random.default_rng(0), 3), focus="0"), "f")
    root = parse(svg)
    assert not [e for e in root.iter() if e.tag.endswith(("script", "img"))]
    assert "&amp;" in [w.text for w in classed(root, "attention-word")]


@pytest.mark.parametrize("count", [11, 70])
def test_the_same_figure_gives_the_same_bytes_except_for_ids(count: int):
    weights = random_rows(np.random.default_rng(5), count)
    shown = figure(words(count), weights)
    assert render_svg(shown, "f") == render_svg(shown, "f")
    ids = [e.get("id") for e in parse(render_svg(shown, "other")).iter() if e.get("id")]
    assert ids
    assert all(id_.startswith("other-") for id_ in ids)
    assert "style=" not in render_svg(shown, "f")


def test_a_file_of_its_own_brings_its_colours():
    root = parse(render_svg(figure(FOX, ROWS, focus="fox", special="dim"), "f", standalone=True))
    assert classed(root, "attention-cells")[0].get("fill") == "#2f6ac4"
    assert {p.get("fill") for p in classed(root, "attention-negative")} == {"#999"}
    assert {s.get("stop-color") for s in root.iter() if s.tag.endswith("}stop")} == {"#2f6ac4"}


def test_hidden_tokens_never_set_the_colours_of_words():
    """As in rollout: hidden special tokens have nearly all weight, and the words still differ."""
    rows = [
        [1, 0, 0, 0],
        [0.90, 0.06, 0.03, 0.01],
        [0.94, 0.02, 0.03, 0.01],
        [0.97, 0.01, 0.01, 0.01],
    ]
    attention = Attention(
        query_tokens=(Token("[CLS]", special=True), Token("a"), Token("b"), Token("c")),
        key_tokens=(Token("[CLS]", special=True), Token("a"), Token("b"), Token("c")),
        weights=np.array(rows, np.float32)[np.newaxis, np.newaxis],
        masked=np.zeros((1, 4, 4), np.bool_),
        part="encoder",
        label="toy",
    )
    hidden = hide_special(attention)
    assert hidden.key_tokens[0].text == "(special)"
    shown = resolve(FigureSpec(Request(MatrixSource(text=""), "a b c"), view="matrix"), hidden)
    root = parse(render_svg(shown, "f"))
    seen = opacities(root, 4, 4)
    assert np.abs(seen[1:, 1:] - np.array(rows)[1:, 1:] / 0.06).max() < 0.012
    assert seen[1:, 0].tolist() == [1, 1, 1]
    (ticks,) = classed(root, "attention-ticks")
    assert ticks[-1].text == "≥\u20090.06"
