"""The notations of figures in each host, as templates for the button that copies a figure."""

from __future__ import annotations

from sphinx_attention.core.figure.spec import Notation

RST = Notation(".. attention-figure:: %t%o%b", "\n   :%n: %v", indent="   ")
"""The directive in reStructuredText."""

MYST = Notation("%f{attention-figure} %t%o%b\n%f", "\n:%n: %v", quote="yaml")
"""The directive in MyST, for Sphinx and for mystmd."""

MARKDOWN = Notation("%fattention%o\n%t%b\n%f", " %n=%v", quote="attribute", label="copy_markdown")
"""The fence of Python-Markdown."""

PANDOC = Notation("%f{.attention%o}\n%t%b\n%f", " %n=%v", quote="attribute", label="copy_markdown")
"""The block of Quarto and pandoc."""


def python_call(first: str, rest: str = "") -> Notation:
    """The call in Python.

    Args:
        first: the first arguments, where ``%t`` stands for the text.
        rest: the arguments after the options.
    """
    figure = f"sphinx_attention.figure({first}%o{rest.replace('%', '%%')})"
    return Notation(figure, ", %n=%v", quote="python", label="copy_python")
