"""A figure in a file of its own is complete and valid, and needs no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.dom import minidom

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.render.files import (
    standalone_page,
    standalone_svg,
    typeset,
    write_file,
)

from . import figures

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure

HOSTILE = "</script> <b>&amp; ]]> \x00 \u202e ' \" <!-- 🦊 שלום"
WEIGHTS = [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.0, 0.1, 0.3, 0.6]]
VIEWS = ["arcs", "heads", "grid", "matrix"]


def figure(texts: str = "the quick brown fox", **options: Any) -> Figure:
    count = len(texts.split())
    weights = WEIGHTS if count == len(WEIGHTS) else np.full((count, count), 1 / count)
    return figures.figure(texts, weights, **options)


@pytest.mark.parametrize("view", VIEWS)
def test_the_svg_is_valid_whatever_the_tokens_say(view: Any) -> None:
    svg = standalone_svg(figure(HOSTILE, view=view))
    document = minidom.parseString(svg.encode())
    assert document.documentElement.getAttribute("xmlns") == "http://www.w3.org/2000/svg"
    assert not document.getElementsByTagName("script")
    assert "style=" not in svg


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_needs_no_other_file_and_holds_only_its_scripts(view: Any) -> None:
    page = standalone_page(figure(HOSTILE, view=view))
    soup = BeautifulSoup(page, "html.parser")
    kinds = [script.get("type") for script in soup("script")]
    assert kinds == ["application/x-attention", None]
    for name in ("src", "href", "data-src"):
        for tag in soup.find_all(attrs={name: True}):
            assert str(tag[name]).startswith(("data:", "#"))
    assert "url(attention" not in page
    assert 'url("attention' not in page
    assert "@import" not in page
    assert soup.figure["data-view"] == view  # type: ignore[index]


def test_the_same_figure_gives_the_same_files(tmp_path: Path) -> None:
    for kind in ("html", "svg", "png", "pdf", "tex"):
        contents = []
        for name in ("a", "b"):
            write_file(figure(), tmp_path / f"{name}.{kind}")
            contents.append((tmp_path / f"{name}.{kind}").read_bytes())
        assert contents[0] == contents[1], kind


def test_an_unknown_file_extension_is_reported(tmp_path: Path) -> None:
    with pytest.raises(AttentionError, match="html, svg, png, pdf, tex"):
        write_file(figure(), tmp_path / "x.jpeg")


def test_errors_of_typst_are_reported() -> None:
    with pytest.raises(AttentionError, match="Typst cannot make PNG"):
        typeset("<svg", "png")
