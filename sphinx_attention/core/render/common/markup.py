"""Pieces of HTML and SVG that Python writes, for pictures that occur many times on a page.

A function that returns markup has escaped every text in the markup. All other texts go through
`escape`.
"""

from __future__ import annotations

from sphinx_attention.core.text import legal, right_to_left

ACCENT, NEUTRAL, NEGATIVE = "#2f6ac4", "#999", "#b4581a"
"""The colours of pictures in files of their own. The style sheet of pages has its own colours."""

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})


def escape(text: str) -> str:
    """A text as HTML and SVG hold it, between tags or between quotes.

    Characters that XML forbids are replaced here, too, so that no text can break a picture.
    """
    return text if text.isalnum() else legal(text).translate(_ESCAPED)


def attribute(name: str, value: str, *, given: bool = True) -> str:
    """An attribute with a space before it; empty without a value."""
    return f' {name}="{escape(value)}"' if given else ""


def direction(text: str) -> str:
    """The attribute ``dir`` of an HTML element whose text runs from right to left; else empty."""
    return ' dir="rtl"' if right_to_left(text) else ""
