"""A matrix of an author: its numbers, its masked cells, and the tokens that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option

from .blocks import Head, block_of
from .brackets import bracketed_lines, read_brackets, rows_of
from .cells import MASKED, Cell, value_of
from .line_error import SHOWN, LineError
from .lines import Kind, Line, read_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """The numbers and names in a page, a file or the answer of a function.

    Attributes:
        numbers: two to four dimensions: (layers, heads, queries, keys).
        query_tokens: the texts of the query tokens; None without names.
        key_tokens: the texts of the key tokens; None without names.
        masked: as many dimensions as the numbers, or two or three; None if nothing is masked.
        special: a truth value for each query token, or the texts of special tokens; None if
            unknown.
        lines: the line of each row of each head; empty if the numbers do not come from text.
    """

    numbers: NDArray[Any]
    query_tokens: tuple[str, ...] | None = None
    key_tokens: tuple[str, ...] | None = None
    masked: NDArray[Any] | None = None
    special: Any = None
    lines: tuple[tuple[int, ...], ...] = ()

    def line_of(self, head: int, row: int) -> int | None:
        """The line of a row; None if the numbers do not come from text."""
        if head < len(self.lines) and row < len(self.lines[head]):
            return self.lines[head][row]
        return None


def parse_rows(
    text: str, tokens: Sequence[str] = (), *, causal: bool = False, quiet: bool = False
) -> Given:
    """Read a matrix in a page.

    Args:
        text: rows of numbers with a blank line between heads, a table, or lists in brackets.
        tokens: the tokens of the figure if they are known. Labels have to equal them.
        causal: whether later keys are masked, so that rows need not contain them.
        quiet: whether messages quote only lines of numbers.

    Returns:
        Numbers of the shape (heads, queries, keys), or with a dimension for each level of brackets.

    Raises:
        AttentionError: a cell is not a number, or rows differ in length. The error has the line.
    """
    plain = _plain(text)
    if plain is not None and not _may_be_labels(plain, tokens):
        return plain
    if not quiet and bracketed_lines(_from_first(text)[1]):
        return _bracketed(text)
    blocks = [
        block_of(block, tokens, causal=causal, quiet=quiet) for block in _blocks(text, tokens)
    ]
    return stack_heads(blocks, causal=causal)


def _plain(text: str) -> Given | None:
    """The fast path for numbers, white space and commas in rows of one length."""
    heads: list[list[list[float]]] = [[]]
    lines: list[list[int]] = [[]]
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words:
            if heads[-1]:
                heads.append([])
                lines.append([])
            continue
        if "," in line and len(words) > 2 and "." not in line and len(line.split()) > 1:
            return None  # These commas may be decimal commas.
        try:
            heads[-1].append([float(word) for word in words])
        except ValueError:
            return None
        lines[-1].append(number)
    heads, lines = [h for h in heads if h], [one for one in lines if one]
    if len({(len(head), len(row)) for head in heads for row in head}) != 1:
        return None
    return Given(np.array(heads, dtype=np.float64), lines=tuple(map(tuple, lines)))


def _may_be_labels(plain: Given, tokens: Sequence[str]) -> bool:
    """Whether some of the numbers may be tokens, because words of a sentence may be numbers."""
    fits = plain.numbers.shape[1:] == (len(tokens), len(tokens))
    return not fits and any(value_of(token) is not None for token in tokens)


def _from_first(text: str) -> tuple[int, list[str]]:
    """The number of the first line that is not blank, and the lines from there on."""
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    return first + 1, lines[first:]


def _bracketed(text: str) -> Given:
    """Matrices in brackets, one below the other."""
    made: list[tuple[tuple[int, ...], list[tuple[int, list[Cell]]]]] = []
    first, lines = _from_first(text)
    while lines:
        rest = "\n".join(lines)
        if not bracketed_lines(lines):
            raise LineError(first, f"{lines[0].strip()[:SHOWN]!r} is not a matrix in brackets")
        tree, rest, first = read_brackets(rest, first)
        made.append(rows_of(tree))
        skipped, lines = _from_first(rest)
        first += skipped - 1
    shape = made[0][0]
    for other, rows in made[1:]:
        if other != shape:
            raise LineError(
                rows[0][0], f"this matrix has the shape {other}, and the first one {shape}"
            )
    rows = [row for _, part in made for row in part]
    cells = [[cell.value for cell in row] for _, row in rows]
    if len(made) > 1:
        shape = (len(made), *shape)
    masked = np.array([[value == MASKED for value in row] for row in cells], dtype=np.bool_)
    values = [[0.0 if value == MASKED else value for value in row] for row in cells]
    numbers = np.array(values, dtype=np.float64).reshape(shape)
    queries = shape[-2] if len(shape) > 1 else 1
    all_lines = [line for line, _ in rows]
    lines_of = [tuple(all_lines[n : n + queries]) for n in range(0, len(all_lines), queries or 1)]
    return Given(
        numbers, masked=masked.reshape(shape) if masked.any() else None, lines=tuple(lines_of)
    )


def _blocks(text: str, tokens: Sequence[str]) -> list[list[Line]]:
    """The lines of each head: a blank line or a title begins the next."""
    blocks: list[list[Line]] = [[]]
    titles = 0
    for number, line in enumerate(text.splitlines(), 1):
        parts = read_line(line, number, tokens)
        if not line.strip():
            blocks.append([])
        for part in parts:
            if part.kind is Kind.TITLE:
                if part.head != titles:
                    raise LineError(number, f"this is head {titles}, and not head {part.head}")
                titles += 1
                blocks.append([])
            elif part.kind is not Kind.NOTHING:
                blocks[-1].append(part)
    found = [block for block in blocks if block]
    if not found:
        raise AttentionError(Problem.MATRIX, "the matrix is empty")
    return found


def stack_heads(heads: Sequence[Head], *, causal: bool = False) -> Given:
    """The numbers of heads of one shape, with the tokens that their labels name.

    Args:
        heads: of text or of a file.
        causal: whether rows need not contain later keys.
    """
    values = [_squared(head, causal=causal) for head in heads]
    first = values[0]
    for h, table in enumerate(values):
        for i, row in enumerate(table):
            if len(row) != len(first[0]):
                named = f"row {i} of head {h}" if len(heads) > 1 else f"row {i}"
                raise LineError(
                    heads[h].lines[i],
                    f"{named} has {_numbers(len(row))}, row 0 has {len(first[0])}"
                    + _triangle(table),
                )
        if len(table) != len(first):
            rows = ", ".join(str(len(one)) for one in values)
            raise LineError(
                heads[h].lines[0],
                f"the heads have different numbers of rows: {rows}; a blank line begins a head",
            )
    for h, head in enumerate(heads[1:], 1):
        for mine, other, what in (
            (head.labels, heads[0].labels, "rows"),
            (head.header, heads[0].header, "columns"),
        ):
            if mine and other and mine != other:
                raise LineError(
                    head.header_line or head.lines[0],
                    f"head {h} has other labels of its {what} than head 0",
                )
    masked = np.array([[[v == MASKED for v in row] for row in table] for table in values])
    numbers = np.array([[[0.0 if v == MASKED else v for v in row] for row in t] for t in values])
    if masked.all():
        raise AttentionError(Problem.MATRIX, "every key is masked; the matrix has no numbers")
    labels = next((tuple(head.labels) for head in heads if head.labels), None)
    header = next((tuple(head.header) for head in heads if head.header), None)
    return Given(
        numbers.astype(np.float64),
        query_tokens=labels,
        key_tokens=header,
        masked=masked if masked.any() else None,
        lines=tuple(tuple(head.lines) for head in heads),
    )


def _numbers(count: int) -> str:
    return f"{count} numbers"


def _squared(head: Head, *, causal: bool) -> list[list[float | str]]:
    """Rows without later keys, completed with masked cells if later keys are masked."""
    lengths = [len(row) for row in head.values]
    if causal and lengths == list(range(1, len(lengths) + 1)):
        return [[*row, *[MASKED] * (len(lengths) - len(row))] for row in head.values]
    return head.values


def _triangle(head: Sequence[Sequence[float | str]]) -> str:
    if len(head) > 1 and [len(row) for row in head] == list(range(1, len(head) + 1)):
        return f"; if later keys are left out because they are masked, add {option('causal')}"
    return ""
