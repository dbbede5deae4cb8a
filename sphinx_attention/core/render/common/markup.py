"""Pieces of HTML and SVG that are written by Python, for pictures of which a page holds many.

A function that returns markup has escaped every text in it. All other texts go through `escape`.
"""

from __future__ import annotations

from sphinx_attention.core.text import right_to_left

ACCENT, NEUTRAL, NEGATIVE = "#2f6ac4", "#999", "#b4581a"
"""Colours of pictures that are files of their own: the style sheet of pages has its own."""

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})


def escape(text: str) -> str:
    """A text as HTML and SVG hold it, between tags or between quotes."""
    return text.translate(_ESCAPED)


def attribute(name: str, value: str, *, given: bool = True) -> str:
    """An attribute with the space before it; empty where it is not given."""
    return f' {name}="{escape(value)}"' if given else ""


def direction(text: str) -> str:
    """The attribute ``dir`` of an element of HTML with this text, where it runs right to left."""
    return ' dir="rtl"' if right_to_left(text) else ""
