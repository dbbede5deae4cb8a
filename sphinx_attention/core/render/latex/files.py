"""A figure as a file of LaTeX, for documents that Sphinx does not write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem

from .characters import TexTexts
from .figure import PACKAGE, render_latex, style_file
from .shapes import UnsupportedPictureError

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure

_BEGIN = r"""%% A figure of attention, for pdfLaTeX, XeLaTeX and LuaLaTeX.
%% In the preamble of a document, write \usepackage{%(package)s}
%% and in the place of the figure, \input with the name of this file.
%% Files that belong to it: %(files)s
%% LaTeX also sets this file alone.
%(unset)s\ifx\AttentionFigure\undefined
  \IfFileExists{standalone.cls}%%
    {\documentclass[border=4pt]{standalone}}%%
    {\documentclass{article}\pagestyle{empty}}
  \usepackage{%(package)s}
  \renewcommand\AttentionEnd{\end{minipage}\end{document}}
  \begin{document}\begin{minipage}{16cm}%%
\fi
"""
_END = "\\AttentionEnd\n"


@dataclass
class AnyTexTexts(TexTexts):
    """Writes texts for a program that is not known: pdfTeX, or one that knows Unicode."""

    _others: TexTexts = field(default_factory=TexTexts)

    def __post_init__(self) -> None:
        self.engine = "pdf"

    def text(self, text: str) -> str:
        """A text as LaTeX, in two forms if the programs need different ones."""
        plain, others = super().text(text), self._others.text(text)
        return plain if plain == others else rf"\AttentionEngine{{{others}}}{{{plain}}}"


def write_tex(figure: Figure, path: Path) -> None:
    """Write a figure as LaTeX, with the package and the images that it needs beside it.

    Raises:
        AttentionError: the view draws something that cannot be written as LaTeX.
        OSError: a file cannot be written.
    """
    try:
        made = render_latex(figure, AnyTexTexts())
    except UnsupportedPictureError as error:
        raise AttentionError(
            Problem.LATEX,
            f"the view {figure.spec.view} draws something that LaTeX cannot ({error}): "
            "write the figure as .pdf or .svg",
        ) from error
    files = {f"{PACKAGE}.sty": style_file(), **made.images}
    codes = ", ".join(f"U+{ord(one):04X}" for one in made.unset)
    begin = _BEGIN % {
        "package": PACKAGE,
        "files": ", ".join(files),
        "unset": f"% pdfLaTeX cannot set {codes}, XeLaTeX and LuaLaTeX can.\n" if codes else "",
    }
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    path.write_text(f"{begin}{made.code}{_END}", encoding="utf-8", newline="\n")
