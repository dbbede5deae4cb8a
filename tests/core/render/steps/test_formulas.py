"""The steps of small attentions by hand: numbers, powers, strips and texts."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.codes import Codes
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.common import vector_strips
from sphinx_attention.core.render.drawing import templates
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.steps import draw as steps
from sphinx_attention.core.render.steps import formulas
from sphinx_attention.core.render.svg import render_svg
from tests.core.render.pictures import classed
from tests.core.render.steps.reading import figure_of, read, small


def test_the_sums_of_a_masked_key() -> None:
    chain = steps.logits.chain(small(masked=[[False, True], [False, False]]), 0, 0, 0)
    written = formulas.parts(chain, 1, 1001, (2, 2))
    assert written["score"] == written["bias"] == "−∞"
    assert (written["top"], written["share"], written["verdict"]) == ("0", "0", "masked")
    assert written["scaled"] == formulas.score(float(chain.scaled[1]))


def test_by_hand() -> None:
    """q = (0.5, 2), k = (2, 0) and (−2, 2): 1 and 3; over √2 these are 0.707 and 2.121."""
    seen = read(figure_of(small(), 0, 0, 1))
    assert seen.rows == {
        "dot": ["1.000", "3.000"],
        "scaled": ["0.707", "2.121"],
        "weight": ["0.196", "0.804"],
    }
    p = seen.parts
    # The heaviest key is the query itself, so the figure opens on the other key.
    assert (p["query"], p["key"], p["share"]) == ("b", "a", "0.196")
    assert p["products"] == "(0.50\u00a0⋅\u00a02.00, 2.00\u00a0⋅\u00a00.00)"
    assert (p["multiplied"], p["addends"]) == ("(1.00, 0.00)", "1.00 +\u00a00.00")
    assert (p["dot"], p["scaled"]) == ("1.000", "0.7071")
    assert (p["top"], p["sum"]) == ("2.0281", "10.370")  # e^0.7071, and e^2.1213 = 8.3420 more
    assert p["value"] == "(1.00, 0.00, −1.00, …)"
    assert p["output"] == "(2.61, 1.61, 0.61, …)"  # 3 − 2·0.196, 2·0.804, 1 − 2·0.196


def test_large_scores_are_written_with_powers_of_ten() -> None:
    attention = small(scale=100.0)
    chain = steps.logits.chain(attention, 0, 0, 1)
    written = formulas.parts(chain, 1, 1000, (2, 3))
    # e^300 = 1.94242639524126e130
    assert [written[n] for n in ("top", "topTen", "sum", "sumTen")] == ["1.9424", "130"] * 2
    assert (written["radicand"], written["factor"]) == ("", "100.00")
    chain = replace(chain, logits=np.array([-1000.0, -1001.0]), weights=np.array([0.731, 0.269]))
    written = formulas.parts(chain, 1, 269, (2, 3))
    # e^−1000 = 5.0759589e−435, and 1/e of that
    shown = [written[n] for n in ("top", "topTen", "sum", "sumTen")]
    assert shown == ["1.8673", "−435", "6.9433", "−435"]
    chain = replace(chain, logits=np.array([1.0, 20.0]))
    shown = [formulas.parts(chain, 0, 0, (2, 3))[n] for n in ("top", "topTen", "sum", "sumTen")]
    assert shown == ["2.7183", "", "4.8517", "8"]  # e^20 = 485165195.4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (-0.0004, "0.000"),
        (-0.0006, "−0.001"),
        (0.0625, "0.063"),
        (-0.0625, "−0.063"),
        (999.9994, "999.999"),
        (1234.56, "1234.6"),
    ],
)
def test_numbers_have_three_decimals_unless_they_are_zeros(value: float, text: str) -> None:
    assert formulas.fixed(value) == text


def test_powers_of_e_have_five_digits() -> None:
    assert [formulas.significant(x) for x in (0.012345, 0.5, 2.0281, 10.37, 538.57, 82905.1)] == [
        *("0.012345", "0.50000", "2.0281", "10.370", "538.57", "82905"),
    ]


def test_a_root_is_a_whole_number() -> None:
    assert [formulas.radicand(float(np.float32(x))) for x in (32**-0.5, 1 / 16, 1.0, 0.09)] == [
        *("32", "256", "1", ""),
    ]


def test_strips_are_drawn_cell_by_cell() -> None:
    drawn = vector_strips.draw("keys", (7, 11), [0, 24], np.array([[1, 0.5, -1], [0, 1, 1.0]]), 1.0)
    assert [(level.level, level.path) for level in drawn.levels] == [
        # Above zero: the upper 8 px of a strip, from 4 px below the top of its row. Below: the lower 8.
        (25, "M1 8h1"),
        (50, "M0 8h1M1 32h2"),
        (-50, "M2 16h1"),
    ]
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (7, 11, 36, 48)
    # A number takes whole or half pixels, so that all columns fit beside the sidebars of a theme.
    assert [vector_strips.width(count) for count in (4, 32, 64, 80, 128)] == [48, 80, 64, 80, 64]


def test_strips_of_many_rows_are_an_image_of_the_same_levels() -> None:
    import io
    from base64 import b64decode

    from PIL import Image

    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(61, 8))
    full = float(np.abs(vectors).max())
    tops = [24 * n for n in range(61)]
    drawn = vector_strips.draw("keys", (0, 0), tops, vectors, full, hue="#7e2384")
    assert not drawn.levels
    data = b64decode(drawn.image.removeprefix("data:image/png;base64,"))
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    assert pixels.shape == (61 * 6, 8, 4)
    assert not pixels[0::6, :, 3].any()
    assert not pixels[5::6, :, 3].any()
    upper, lower = pixels[1::6, :, 3] / 255, pixels[4::6, :, 3] / 255
    assert np.abs(upper - np.maximum(vectors, 0) / full).max() <= 0.061
    assert np.abs(lower - np.maximum(-vectors, 0) / full).max() <= 0.061
    assert (pixels[2::6] == pixels[1::6]).all()
    assert (pixels[3::6] == pixels[4::6]).all()
    assert (pixels[1::6, :, :3][upper > 0] == (0x7E, 0x23, 0x84)).all()


def test_the_default_key_is_neither_special_nor_the_query() -> None:
    weights = np.array([[[[0.6, 0.3, 0.1]] * 3]], np.float32)
    tokens = (Token("[CLS]", special=True), Token("a"), Token("b"))
    attention = Attention(tokens, tokens, weights, np.zeros((1, 3, 3), bool))
    codes = Codes.unpacked(np.array([600, 300, 100]))
    assert steps.chosen_key(attention, codes, 1) == 2
    assert steps.chosen_key(attention, codes, 2) == 1
    assert steps.chosen_key(attention, Codes.unpacked(np.array([1000, 0, 0])), 2) == 0
    assert steps.chosen_key(attention, Codes.unpacked(np.array([1001, 1001, 1000])), 2) == 2


def test_a_text_from_the_right_begins_there() -> None:
    tokens = (Token("שלום"), Token("עולם"))
    attention = replace(small(), query_tokens=tokens, key_tokens=tokens)
    root = ET.fromstring(render_svg(figure_of(attention, 0, 0, 1), "f"))
    (words,) = classed(root, "attention-words")
    first, second = (float(e.get("x")) for e in classed(words, "attention-word"))
    assert first > second
    assert "data-backwards" in words.attrib


def test_hostile_tokens_are_text_everywhere() -> None:
    attention = small()
    nasty = "</script><b onclick=x>&amp;"
    tokens = (Token(nasty), Token("b"))
    attention = replace(attention, query_tokens=tokens, key_tokens=tokens)
    page = render_html(figure_of(attention, 0, 0, 1), "f")
    assert "<b onclick" not in page
    assert page.count(html.escape(nasty)) + page.count(html.escape(nasty, quote=False)) >= 3


def test_a_file_of_its_own_has_its_colours_and_needs_no_style_sheet() -> None:
    root = ET.fromstring(render_svg(figure_of(small(), 0, 0, 1), "f", standalone=True))
    colours = {e.get("stroke") for e in root.iter()} | {e.get("fill") for e in root.iter()}
    assert {"#2f6ac4", "#9d5d03", "#7e2384", "#005431"} <= colours


def test_every_formula_is_read_out_in_words() -> None:
    drawing = steps.draw(figure_of(small(), 0, 0, 1))
    view = drawing.content
    page = (
        templates().get_template(drawing.below).render(view=view, figure=None, say=ENGLISH.markup)
    )
    message = [html.unescape(one) for one in re.findall(r'role="math" aria-label="([^"]*)"', page)]
    assert message == [view.labels[panel.kind] for panel in view.panels]
    assert message[2] == "1.000 over the root of 2 is 0.7071"
