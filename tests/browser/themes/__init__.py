"""Figures in several themes."""

from pathlib import Path

import sphinx_attention

THEMES = ("alabaster", "furo", "sphinx_rtd_theme", "pydata_sphinx_theme")
MORE_THEMES = (
    "agogo",
    "classic",
    "haiku",
    "nature",
    "shibuya",
    "sphinx_book_theme",
    "sphinx_immaterial",
)
DARK_THEMES = {"furo", "pydata_sphinx_theme", "shibuya", "sphinx_book_theme"}
"""The themes that follow a reader's choice of a dark page without being told to."""
EXTENSIONS = {"sphinx_immaterial": "sphinx_immaterial"}
"""Extensions that themes need."""
WIDTHS = (1280, 768, 480, 320)
STYLE = Path(sphinx_attention.__file__).parent / "assets" / "attention.css"
