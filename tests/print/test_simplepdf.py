"""PDFs by sphinx-simplepdf, which prints HTML by WeasyPrint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.sphinx.test_other_builders import CAPTIONED
from tests.print.test_pdf import VIEWS


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
def test_simplepdf_prints_pictures_in_their_colours(project, monkeypatch) -> None:
    # The builder starts the program weasyprint.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    conf = 'extensions += ["sphinx_simplepdf"]\nproject = "P"\n'
    made = project({"index.rst": f"{VIEWS}\n{CAPTIONED}"}, conf)
    made.build("simplepdf")
    folder = made.folder / "_build" / "simplepdf"
    assert made.html(builder="simplepdf").count("<img") >= VIEWS.count(".. attention") + 1
    assert "attention.js" not in made.html(builder="simplepdf")
    (pdf,) = folder.glob("*.pdf")
    text = subprocess.run(["pdftotext", pdf, "-"], check=True, capture_output=True).stdout.decode()
    words = set(text.split())
    # The words of the pictures, the caption, and the source of the numbers.
    assert {"quick", "log", "builtin,", "caption."} <= words
