"""The example notes in the form for readers: built as plain text, from the committed store."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NOTES = Path(__file__).parents[1] / "example_docs"
"""The sources of the notes."""

MEASURED: dict[str, str] = json.loads((NOTES / "measured.json").read_text(encoding="utf-8"))
"""The numbers of the chapters that are not numbers of a figure."""


def source(page: str) -> str:
    """The source of a page in one line, with its measured numbers."""
    text = (NOTES / page).read_text(encoding="utf-8")
    text = re.sub(r"[:{]measured[:}]`([^`]+)`", lambda found: MEASURED[found[1]], text)
    return " ".join(text.split())


@dataclass(frozen=True)
class BuiltNotes:
    """The built notes.

    Attributes:
        folder: the folder of the text files.
    """

    folder: Path

    @classmethod
    def build(cls, folder: Path) -> BuiltNotes:
        """Build all pages into a folder. A warning, such as that of a false claim, is a failure."""
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "text"]
        options = ["-D", "attention_mode=frozen", "-d", str(folder / "doctrees")]
        subprocess.run([*command, *options, str(NOTES), str(folder / "text")], check=True)
        return cls(folder / "text")

    def text(self, page: str) -> str:
        """A page in one line, without the marks of emphasis and code."""
        text = (self.folder / f"{page}.txt").read_text(encoding="utf-8")
        return _plain(text)

    def says(self, page: str, *phrases: str) -> None:
        """Check that a page has each phrase, whatever its line breaks."""
        text = self.text(page)
        for phrase in phrases:
            assert _plain(phrase) in text, phrase

    def number(self, page: str, phrase: str) -> float:
        """The number that a page prints at the place of ``N`` in a phrase."""
        pattern = re.escape(_plain(phrase)).replace("N", r"(\d\.\d{3})", 1)
        found = re.findall(pattern, self.text(page))
        assert found, phrase
        return float(found[0])


def _plain(text: str) -> str:
    return " ".join(re.sub(r'[*"]', "", text).split())
