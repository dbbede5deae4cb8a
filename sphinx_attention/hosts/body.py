"""The body of a figure in a page: its sentence, a matrix, and the caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.authoring.options import convert
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.numbers.lines import (
    leading_rows,
    looks_like_rows,
    misplaced_rows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GIVES_TEXT = ("matrix", "file", "image")
"""The options with which a figure needs no text of its own."""


def split_text(lines: Sequence[str], options: Mapping[str, str]) -> tuple[str, int]:
    """The sentence in the first paragraph of a body, and the number of its lines.

    Args:
        lines: the body.
        options: the options of the figure, as written.

    Returns:
        The sentence, and how many lines belong to it, blank lines before it included. It is empty
        where the body begins with a matrix, and of a picture, whose body is the caption.
    """
    if "image" in options:
        return "", 0
    start = 0
    while start < len(lines) and not lines[start].strip():
        start += 1
    end = start
    while end < len(lines) and lines[end].strip():
        end += 1
    if start == end:
        return "", end
    first, more = lines[start], lines[start + 1 : end]
    tokens = convert("tokens", options["tokens"]) if "tokens" in options else ()
    if tokens and leading_rows(lines[start:], tokens):
        return "", start
    if looks_like_rows(more, tokens or first.split()):
        return first.strip(), start + 1
    return " ".join(line.strip() for line in (first, *more)), end


def rows_of(body: Sequence[str], text: str, options: Mapping[str, str]) -> int:
    """The number of lines of a body that are a matrix.

    Args:
        body: the lines below the sentence.
        text: the sentence.
        options: the options of the figure, as written.

    Raises:
        AttentionError: the matrix stands below a caption, where it is not read.
    """
    lines = list(body)
    tokens = convert("tokens", options["tokens"]) if "tokens" in options else text.split()
    skipped = leading_rows(lines, tokens)
    if not skipped and (below := misplaced_rows(lines, tokens)) is not None:
        raise AttentionError(
            Problem.MATRIX,
            "numbers below the caption are not read: put the matrix first, and the caption below "
            "it; or indent the numbers, if they are no matrix",
            line=below + 1,
        )
    return skipped
