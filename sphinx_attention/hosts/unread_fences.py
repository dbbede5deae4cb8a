"""Fences of figures that Markdown reads as text of a paragraph.

In CommonMark, the first line of a fence of backticks has no further backtick. Where it has one, the
line is text, and the last line of the fence begins a block of code. See
https://spec.commonmark.org/0.31.2/#fenced-code-blocks. MyST reads fences of colons only with an
extension.
"""

from __future__ import annotations

import re

from sphinx_attention.core.errors import AttentionError, Problem

_START = re.compile(r"(?P<fence>`{3,}|:{3,})[ \t]*\{attention-figure\}")


def unread_fence(paragraph: str) -> AttentionError | None:
    """The mistake in the first line of a fence that became a paragraph.

    Args:
        paragraph: the text of a paragraph.

    Returns:
        None if the paragraph begins with no fence of a figure.
    """
    found = _START.match(paragraph)
    if found is None:
        return None
    why = (
        "its first line has a backtick: fence the directive with '~~~' in place of backticks"
        if found["fence"].startswith("`")
        else "fences of colons are not read here: add 'colon_fence' to myst_enable_extensions, or "
        "fence the directive with backticks"
    )
    return AttentionError(
        Problem.OPTION, f"this fence is read as text and is no figure, because {why}"
    )
