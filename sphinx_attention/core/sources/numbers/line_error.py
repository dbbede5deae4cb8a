"""The mistake in one line of a given matrix."""

from __future__ import annotations

from typing import Any

from sphinx_attention.core.errors import AttentionError, Problem

SHOWN = 20
"""Characters of a document or a file that a message quotes at most."""


class LineError(AttentionError):
    """A mistake in one line of rows of numbers.

    Attributes:
        what: what is wrong, without the line, for those who name a file before it.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(Problem.MATRIX, f"line {line} of the matrix: {what}", line=line)
        self.what = what

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.line, self.what), {"words": self.words})
