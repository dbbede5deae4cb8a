"""Notebooks as PDF: nbconvert sets the pictures of the figures, by XeLaTeX and without Inkscape."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import FIGURES, environment, python, written

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.printed, pytest.mark.slow]


def test_nbconvert_prints_every_figure(executed: Path, tmp_path: Path) -> None:
    options = ("--output-dir", tmp_path, "--output", "notes", "--log-level", "ERROR")
    python("nbconvert", "--to", "latex", *options, executed, cwd=tmp_path)
    source = (tmp_path / "notes.tex").read_text(encoding="utf-8")
    assert source.count(r"\adjustimage") == FIGURES
    # nbconvert tells no more than this of a failure.
    done = subprocess.run(
        ["xelatex", "-interaction=nonstopmode", "-halt-on-error", "notes.tex"],
        cwd=tmp_path,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    text = subprocess.run(
        ["pdftotext", "-layout", "notes.pdf", "-"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Attention" in text
    # The words of the pictures are text. The code has them once in each of five cells.
    assert text.split().count("brown") > FIGURES


def test_without_typst_a_notebook_is_printed_without_pictures(tools: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    (hidden / "typst").mkdir(parents=True)
    (hidden / "typst" / "__init__.py").write_text("raise ModuleNotFoundError('typst')")
    written(
        tmp_path / "notes.ipynb",
        "import sphinx_attention\nsphinx_attention.figure('the fox', layer=1, head=2)",
    )
    subprocess.run(
        [tools / "bin" / "python", "-m", "nbconvert", "--to", "latex", "--execute", "notes.ipynb"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(hidden)),
        check=True,
        capture_output=True,
    )
    assert "LiveFigure: arcs" in (tmp_path / "notes.tex").read_text(encoding="utf-8")
