"""The formats in which an output of a notebook holds a figure."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING
from xml.dom import minidom

import numpy as np
import pytest
from PIL import Image

import sphinx_attention
from sphinx_attention import AttentionError, LiveFigure, figure, set_formats
from sphinx_attention.core.render.files import standalone_svg, typeset

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("html", "svg", "png", "pdf")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    set_formats()


@pytest.fixture(scope="module")
def fox() -> LiveFigure:
    return figure("the quick brown fox", view="matrix", layer=1, head=2)


def held(shown: LiveFigure) -> list[str]:
    return [name for name in FORMATS if getattr(shown, f"_repr_{name}_")() is not None]


def test_an_output_holds_the_live_figure_and_its_picture(fox: LiveFigure) -> None:
    assert held(fox) == list(FORMATS)
    svg = minidom.parseString(fox._repr_svg_()).documentElement
    words = {text.firstChild.data for text in svg.getElementsByTagName("text") if text.firstChild}
    assert {"quick", "brown", "fox"} <= words
    assert fox._repr_pdf_().startswith(b"%PDF-")
    # The templates of nbconvert load no package that could draw LaTeX code.
    assert not hasattr(fox, "_repr_latex_")


def test_a_png_is_small_and_has_the_same_colours(fox: LiveFigure) -> None:
    png = fox._repr_png_()
    whole = typeset(standalone_svg(fox._figure), "png")
    assert len(png) < len(whole) / 2
    small, large = (Image.open(io.BytesIO(one)).convert("RGB") for one in (png, whole))
    assert small.size == large.size
    difference = np.abs(np.asarray(small, dtype=int) - np.asarray(large, dtype=int))
    assert difference.mean() < 0.5
    assert difference.max() < 32


def test_without_typst_there_is_no_picture(
    fox: LiveFigure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    # For an SVG without a PDF, nbconvert would call Inkscape, and stop if it is not installed.
    assert held(fox) == ["html"]
    set_formats("html", "svg", "png", "pdf")
    assert held(fox) == ["html", "svg"]


def test_a_program_chooses_the_formats(fox: LiveFigure) -> None:
    set_formats("html")
    assert held(fox) == ["html"]
    set_formats("svg", "pdf")
    assert held(fox) == ["svg", "pdf"]
    with pytest.raises(
        AttentionError,
        match=r"invalid value 'jpg' for formats: expected html, svg, png or pdf",
    ):
        sphinx_attention.set_formats("html", "jpg")
    assert held(fox) == ["svg", "pdf"]
    set_formats()
    assert held(fox) == list(FORMATS)
