"""Figures as files of LaTeX, in a document and alone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.render.description import describe
from sphinx_attention.core.render.files import write_file
from tests.core.render.figures import figure

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [[1, 0, 0], [0.25, 0.75, 0], [0.2, 0.3, 0.5]]
SLIDES = r"""
\documentclass{beamer}
\usepackage{sphinxattention}
\begin{document}
\begin{frame}Before.\input{fox}After.\end{frame}
\end{document}
"""

# Content streams without compression, so that a test can read them.
PLAIN = {
    "pdflatex": r"\pdfcompresslevel=0 ",
    "xelatex": r"\special{dvipdfmx:config z 0}",
    "lualatex": r"\pdfvariable compresslevel=0 ",
}
PAGE = r"""
\documentclass{article}
\usepackage{sphinxattention,varwidth}
\begin{document}
%s
Before. \input{fox} After.

\begin{tabular}{l}\begin{varwidth}{9cm}\input{fox}\end{varwidth}\end{tabular}
\end{document}
"""


def run(folder: Path, engine: str, name: str) -> str:
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=200)
    log = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert "Overfull \\hbox" not in log
    made = subprocess.run(
        ["pdftotext", folder / f"{name}.pdf", "-"], check=True, capture_output=True
    )
    assert not made.stderr
    return " ".join(made.stdout.decode().split())


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex", "lualatex"])
def test_a_file_is_set_alone_and_in_a_document_with_its_description(
    tmp_path: Path, engine: str
) -> None:
    made = figure(("fox", "“α”", "▁b"), ROWS, focus="fox", alt="Look left.")
    write_file(made, tmp_path / "fox.tex")
    text = run(tmp_path, engine, "fox")
    assert {"fox", "given", "weights", "1.000"} <= set(text.split())
    (tmp_path / "page.tex").write_text(PAGE % PLAIN[engine], encoding="utf-8")
    text = run(tmp_path, engine, "page")
    assert "/Span" not in text
    assert text.index("Before.") < text.index("given weights") < text.index("After.")
    described = f"Look left. {describe(made)}".encode("utf-16-be").hex().upper()
    start = b"/Span<</Alt<FEFF" + described.encode() + b">>>BDC"
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.count(start) == 2
    assert content.count(b"EMC") >= 2


def test_a_file_is_a_part_of_slides(tmp_path: Path) -> None:
    tokens = ("Ġa", '"b"', "나무")
    write_file(figure(tokens, ROWS, view="matrix"), tmp_path / "fox.tex")
    code = (tmp_path / "fox.tex").read_text(encoding="utf-8")
    assert "% pdfLaTeX cannot set U+B098, U+BB34, XeLaTeX and LuaLaTeX can.\n" in code
    (tmp_path / "slides.tex").write_text(SLIDES, encoding="utf-8")
    assert "given weights" in run(tmp_path, "pdflatex", "slides")
    assert "given weights" in run(tmp_path, "xelatex", "fox")
