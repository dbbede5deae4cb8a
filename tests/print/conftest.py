"""Projects that are built to PDF by the real LaTeX programs (`scripts/find_print_tools.py`)."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent

META = """
project = "P"
copyright = "A"
latex_documents = [("index", "p.tex", "P", "A", "howto")]
latex_use_xindy = False
"""
_SECONDS = 300
# `sphinx-build` writes all that latexmk needs beside the document.
_PROGRAMS = {"pdflatex": "-pdf", "xelatex": "-pdfxe", "lualatex": "-pdflua"}


@dataclass
class Pdf:
    """A PDF and how it was made."""

    file: Path
    tex: str
    log: str
    warnings: str

    @property
    def text(self) -> str:
        """The text of all pages, with single blanks."""
        made = subprocess.run(
            ["pdftotext", "-layout", self.file, "-"], check=True, capture_output=True
        )
        return " ".join(made.stdout.decode().split())

    @property
    def too_wide(self) -> list[str]:
        """The boxes that stand out into the margin by more than a point."""
        found = re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\).*", self.log)
        return [one for one in found if float(one) > 1]

    @property
    def undefined(self) -> list[str]:
        """The references without a target."""
        return re.findall(r"Warning: (?:Hyper )?[Rr]eference .*? undefined", self.log)


@pytest.fixture
def pdf(project) -> Callable[..., Pdf]:
    """Build a project with Sphinx and then with latexmk, which stops at the first error."""

    def make(
        files: dict[str, str],
        engine: str = "pdflatex",
        conf: str = "",
        *,
        strict: bool = True,
        once: bool = False,
    ) -> Pdf:
        made = project(files, f'{META}latex_engine = "{engine}"\n{conf}')
        made.build("latex", strict=strict)
        folder = made.folder / "_build" / "latex"
        # One run takes half the time. Without a second one, references are not known.
        command = [engine] if once else ["latexmk", _PROGRAMS[engine]]
        command += ["-interaction=nonstopmode", "-halt-on-error"]
        done = subprocess.run(
            [*command, "-file-line-error", "p.tex"],
            cwd=folder,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        log = (folder / "p.log").read_text(encoding="utf-8", errors="replace")
        errors = re.findall(r"^(?:!|\S+\.tex:\d+:).*(?:\n.*){3}", log, re.MULTILINE)
        assert done.returncode == 0, "\n".join(errors) or done.stdout.decode(errors="replace")
        tex = (folder / "p.tex").read_text(encoding="utf-8")
        return Pdf(folder / "p.pdf", tex, log.replace("\n", ""), made.warnings)

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("printed")
