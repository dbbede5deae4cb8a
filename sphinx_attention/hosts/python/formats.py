"""The formats in which the outputs of a notebook hold a figure."""

from __future__ import annotations

from typing import Final

from sphinx_attention.core.authoring.options import invalid
from sphinx_attention.core.errors import in_words_of
from sphinx_attention.core.text import listed

from .options import WORDS

FORMATS: Final = ("html", "svg", "png", "pdf")
"""The formats that an output can hold."""

_chosen: set[str] | None = None
"""The formats that the program chose. None is the default."""


@in_words_of(WORDS)
def set_formats(*names: str) -> None:
    """Choose the formats in which this notebook's outputs hold their figures.

    Args:
        *names: ``html``, the live figure; ``pdf``, for PDF by LaTeX; ``svg`` and ``png``, for
            programs that show no HTML. ``png`` and ``pdf`` need ``sphinx-attention[render]``.
            Without names, all formats are chosen that can be made here, which is the default.

    Raises:
        AttentionError: an unknown format.
    """
    for name in names:
        if name not in FORMATS:
            raise invalid("formats", name, f"expected {listed(FORMATS)}")
    global _chosen  # noqa: PLW0603 - the state of a program, as in other libraries of figures
    _chosen = set(names) or None


def is_chosen(name: str) -> bool:
    """Whether outputs hold this format, if it can be made."""
    return _chosen is None or name in _chosen


def is_default() -> bool:
    """Whether the program chose no formats."""
    return _chosen is None
