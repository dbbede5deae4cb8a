"""A figure in a program: shown in a notebook or a browser, or saved."""

from __future__ import annotations

import secrets
import sys
import tempfile
import webbrowser
from errno import ENOENT
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.render.description import credit, describe
from sphinx_attention.core.render.files import (
    can_typeset,
    check_ending,
    check_file,
    fragment,
    small_png,
    standalone_page,
    standalone_svg,
    typeset,
    write_file,
)

from .formats import is_chosen, is_default

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.figure.figure import Figure


class LiveFigure:
    """A figure of attention, as `sphinx_attention.figure` makes it.

    As the last value of a cell, a notebook shows the live figure. Elsewhere, `show` opens it in the
    browser and `save` writes it to a file.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure

    @property
    def attention(self) -> Attention:
        """The numbers of the first attention, for the layers and heads that the figure carries.

        Its ``weights`` have the shape (layers, heads, queries, keys) and are shares of 1.
        """
        return self._figure.attention

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure to a file.

        Args:
            path: ``.html`` is one self-contained page with the live figure; ``.svg``, ``.png``,
                ``.pdf`` and ``.tex`` hold its picture. PNG and PDF need
                ``sphinx-attention[render]``; ``.tex`` needs ``sphinxattention.sty``, which is
                written beside it.

        Raises:
            AttentionError: the path has another ending, or a package is missing.
            OSError: the file cannot be written, such as in a folder that does not exist.
        """
        target = Path(path)
        check_ending(target)
        if not target.parent.is_dir():
            raise FileNotFoundError(ENOENT, "there is no such folder", str(target.parent))
        check_file(target)
        write_file(self._figure, target)

    def show(self) -> None:
        """Show the live figure in the notebook that runs this, or else in the browser.

        Outside notebooks, a page is written to the folder for temporary files.
        """
        if display := _display():
            display(self)
            return
        folder = Path(tempfile.mkdtemp(prefix="attention-"))
        page = folder / "figure.html"
        page.write_text(standalone_page(self._figure), encoding="utf-8", newline="\n")
        webbrowser.open(page.as_uri())

    def _repr_html_(self) -> str | None:
        """The live figure for a notebook, as HTML that needs no other file.

        Every call uses other ids, so that a page can hold the same figure twice.
        """
        if not is_chosen("html"):
            return None
        return fragment(self._figure, f"attention-{secrets.token_hex(6)}")

    def _repr_svg_(self) -> str | None:
        """The picture, for programs that show no HTML.

        By default, an output holds an SVG only together with a PDF. For an SVG alone, nbconvert
        calls Inkscape when it writes LaTeX, and stops if Inkscape is not installed.
        """
        if not is_chosen("svg") or (is_default() and not can_typeset()):
            return None
        return standalone_svg(self._figure)

    def _repr_png_(self) -> bytes | None:
        """The picture, for programs that show neither HTML nor SVG. None if Typst is missing."""
        if not is_chosen("png") or not can_typeset():
            return None
        return small_png(typeset(standalone_svg(self._figure), "png"))

    def _repr_pdf_(self) -> bytes | None:
        """The picture, for LaTeX. None if Typst is missing.

        This is no LaTeX code, because a notebook has no preamble that could load TikZ, and the
        templates of nbconvert do not load it.
        """
        if not is_chosen("pdf") or not can_typeset():
            return None
        return typeset(standalone_svg(self._figure), "pdf")

    def __repr__(self) -> str:
        return f"<LiveFigure: {self._figure.spec.view}, {credit(self._figure)}>"

    def __str__(self) -> str:
        return describe(self._figure)


def _display() -> Callable[[object], object] | None:
    """The function that shows an object below the cell that runs this. None outside notebooks."""
    marimo: Any = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        append: Callable[[object], object] = marimo.output.append
        return append
    module: Any = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    if getattr(shell, "kernel", None) is None:
        return None
    display: Callable[[object], object] = import_module("IPython.display").display
    return display
