"""A matrix as its author gives it: numbers, masked cells, and the tokens it names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem

from .brackets import bracketed_lines, read_brackets, rows_of
from .cells import MASKED, Cell, value_of
from .lines import Kind, Line, read_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHOWN = 20
"""Characters of a document or a file that a message quotes at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a body, a file or a function gives.

    Attributes:
        numbers: two to four dimensions: (layers, heads, queries, keys).
        query_tokens: the tokens that attend, where they are named.
        key_tokens: the tokens that are attended to, where they are named.
        masked: as many dimensions as the numbers, or two or three; None where nothing is masked.
        special: one truth value a query token, or the texts of special tokens; None if not said.
        lines: the line of each row of each head, where the numbers stand in text.
    """

    numbers: NDArray[Any]
    query_tokens: tuple[str, ...] | None = None
    key_tokens: tuple[str, ...] | None = None
    masked: NDArray[Any] | None = None
    special: Any = None
    lines: tuple[tuple[int, ...], ...] = ()

    def line_of(self, head: int, row: int) -> int | None:
        """The line of a row; None where the numbers do not stand in text."""
        if head < len(self.lines) and row < len(self.lines[head]):
            return self.lines[head][row]
        return None


def parse_rows(
    text: str, tokens: Sequence[str] = (), *, causal: bool = False, quiet: bool = False
) -> Given:
    """Read a matrix that stands in a page.

    Args:
        text: rows of numbers with a blank line between heads, a table, or lists in brackets.
        tokens: of the figure, where they are known; labels have to be these.
        causal: whether later keys are masked, so that rows may leave them out.
        quiet: whether a message quotes only what stands among numbers.

    Returns:
        Numbers of shape (heads, queries, keys), or of as many dimensions as there are brackets.

    Raises:
        AttentionError: what is no number, or rows of different lengths, with the line.
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
    """The quick way for nothing but numbers, white space and commas, in rows of one length."""
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
    """Whether some of the numbers may be tokens: a sentence may have numbers for words."""
    fits = plain.numbers.shape[1:] == (len(tokens), len(tokens))
    return not fits and any(value_of(token) is not None for token in tokens)


def _from_first(text: str) -> tuple[int, list[str]]:
    """The lines from the first that is not blank on, and its number."""
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
            raise wrong(first, f"{lines[0].strip()[:SHOWN]!r} is not a matrix in brackets")
        tree, rest, first = read_brackets(rest, first)
        made.append(rows_of(tree))
        skipped, lines = _from_first(rest)
        first += skipped - 1
    shape = made[0][0]
    for other, rows in made[1:]:
        if other != shape:
            raise wrong(rows[0][0], f"this matrix has the shape {other}, and the first one {shape}")
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
                    raise wrong(number, f"this is head {titles}, and not head {part.head}")
                titles += 1
                blocks.append([])
            elif part.kind is not Kind.NOTHING:
                blocks[-1].append(part)
    found = [block for block in blocks if block]
    if not found:
        raise AttentionError(Problem.MATRIX, "the matrix is empty")
    return found


@dataclass(frozen=True, slots=True)
class Head:
    """The rows of one head.

    Attributes:
        values: numbers, or `MASKED`.
        lines: of the rows.
        labels: of the rows, where they have some.
        header: the labels of the columns, where there are some.
        header_line: the line of those.
    """

    values: list[list[float | str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    header_line: int = 0


def block_of(
    lines: Sequence[Line], tokens: Sequence[str], *, causal: bool, quiet: bool = False
) -> Head:
    """The rows of one head.

    Args:
        lines: of text that is not blank.
        tokens: of the figure, where they are known.
        causal: whether rows may leave out later keys.
        quiet: whether a message quotes only what stands among numbers: a file may be any file.

    Raises:
        AttentionError: a cell that is no number.
    """
    names = [token.casefold() for token in tokens]
    header: list[str] = []
    header_line = 0
    rows = list(lines)
    if len(rows) > 1 and _is_header(rows, names):
        header, header_line = [cell.text for cell in rows[0].cells], rows[0].number
        del rows[0]
    rows = _without_bullets(rows, names)
    labelled = _labelled(rows, names, header)
    width = _width(rows, names, labelled=labelled, causal=causal)
    head = Head(lines=[row.number for row in rows], header_line=header_line)
    for row in rows:
        shown = not quiet or bool(head.values)
        label, cells = _label(row, names, width, labelled=labelled, shown=shown)
        for cell in cells:
            if cell.value is None:
                raise wrong(row.number, _no_number(cell.text, row, shown=shown))
        head.values.append([cell.value for cell in cells if cell.value is not None])
        head.labels.append(label)
    _check_all_labelled(head)
    if header:
        width = max(map(len, head.values))
        head.header.extend(_columns(header, header_line, width, corner=bool(head.labels)))
    _drop_counts(head, names)
    return head


def _without_bullets(rows: list[Line], names: Sequence[str]) -> list[Line]:
    """Rows without the dash that begins each, where one cell is left for each token."""
    bullets = all(len(row.cells) == len(names) + 1 and row.cells[0].text == "-" for row in rows)
    return [replace(row, cells=row.cells[1:]) for row in rows] if names and bullets else rows


def _check_all_labelled(head: Head) -> None:
    """Refuse labels of some rows only; forget labels that are all empty."""
    if any(head.labels) and not all(head.labels):
        at = head.labels.index("")
        raise wrong(head.lines[at], "this row has no label, and others have one")
    if not any(head.labels):
        head.labels.clear()


def _drop_counts(head: Head, names: Sequence[str]) -> None:
    """Forget labels with which a data frame counts its rows and columns: they name no token."""
    if _is_index(list(names)):
        return
    if _is_index(head.labels) and (not head.header or _is_index(head.header)):
        head.labels.clear()
    if _is_index(head.header):
        head.header.clear()


def _no_number(text: str, row: Line, *, shown: bool) -> str:
    if not text:
        return "a cell is empty; write - where a key is masked, and 0 where the weight is 0"
    hint = ""
    if text in {".", "x", "*", "×", "NA", "N/A", "None", "null", "?"}:
        hint = "; write - where a key is masked"
    elif text.strip(".…") == "":
        hint = "; the matrix is shortened, give all of its numbers"
    elif "," in text:
        hint = "; write 0.5 with a point"
    elif row.words > 1 or row.kind in {Kind.WORDS, Kind.PROSE}:
        hint = "; put a blank line before a caption, or write it in the option caption"
    if not shown:
        return "this is not a row of numbers"
    return f"{text[:SHOWN]!r} is not a number{hint}"


def _is_header(rows: Sequence[Line], names: Sequence[str]) -> bool:
    first, second = rows[0], rows[1]
    texts = [cell.text.casefold() for cell in first.cells]
    if first.kind is Kind.WORDS:
        return len(texts) in {len(second.cells), len(second.cells) - 1, len(second.cells) + 1}
    # Tokens, or counted columns, that are numbers themselves.
    if names and texts[-len(names) :] == list(names) and len(rows) > len(names):
        return True
    counted = _is_index(texts) or (texts[:1] == [""] and _is_index(texts[1:]))
    return counted and len(second.cells) == len([text for text in texts if text]) + 1


def _is_index(texts: Sequence[str]) -> bool:
    return len(texts) > 1 and list(texts) == [str(n) for n in range(len(texts))]


def _labelled(rows: Sequence[Line], names: Sequence[str], header: Sequence[str]) -> bool:
    """Whether labels that are numbers themselves stand before the rows."""
    if any(row.values != len(row.cells) for row in rows):
        return False
    first = [row.cells[0].text.casefold() for row in rows]
    wide = all(len(row.cells) == len(names) + 1 for row in rows)
    if names and wide and first == list(names):
        return True
    columns = len([text for text in header if text])
    return _is_index(first) and bool(header) and all(len(r.cells) == columns + 1 for r in rows)


def _width(rows: Sequence[Line], names: Sequence[str], *, labelled: bool, causal: bool) -> int:
    """How many numbers a row has to have: as many as there are tokens, or as most rows have."""
    if labelled:
        return len(rows[0].cells) - 1
    counts = Counter(row.values for row in rows)
    if len(names) in counts and not causal:
        return len(names)
    if len(names) in {len(row.cells) for row in rows}:
        return len(names)
    return counts.most_common(1)[0][0]


def _label(
    row: Line, names: Sequence[str], width: int, *, labelled: bool, shown: bool
) -> tuple[str, list[Cell]]:
    """The label of a row, and its cells without it."""
    cells = list(row.cells)
    if labelled:
        return cells[0].text, cells[1:]
    if row.kind is not Kind.LABELLED or (len(cells) == width and not _known(row, names)):
        return "", cells
    label = [cell for cell in cells if cell.value is None]
    if len(label) > 1 and not _known(row, names):
        raise wrong(
            row.number,
            _no_number(label[0].text, row, shown=shown)
            + "; quotation marks hold a label of several words together",
        )
    return row.label, [cell for cell in cells if cell.value is not None]


def _known(row: Line, names: Sequence[str]) -> bool:
    return row.label.casefold() in names


def _columns(header: Sequence[str], line: int, width: int, *, corner: bool) -> list[str]:
    """The names of the columns; the corner above the labels is not one."""
    texts = [text.removesuffix(":") for text in header]
    if len(texts) == width + 1 and (corner or not texts[0].strip(".")):
        del texts[0]
    if len(texts) != width:
        raise wrong(line, f"the header names {len(texts)} columns, and the rows have {width}")
    return texts


def stack_heads(
    heads: Sequence[Head], *, causal: bool = False, where: str = "of the matrix"
) -> Given:
    """Heads of one shape, with the tokens that their labels name.

    Args:
        heads: of text or of a file.
        causal: whether rows may leave out later keys.
        where: what the lines are those of, for messages.
    """
    values = [_squared(head, causal=causal) for head in heads]
    first = values[0]
    for h, table in enumerate(values):
        for i, row in enumerate(table):
            if len(row) != len(first[0]):
                named = f"row {i} of head {h}" if len(heads) > 1 else f"row {i}"
                raise wrong(
                    heads[h].lines[i],
                    f"{named} has {_numbers(len(row))}, row 0 has {len(first[0])}"
                    + _triangle(table),
                    where,
                )
        if len(table) != len(first):
            rows = ", ".join(str(len(one)) for one in values)
            raise wrong(
                heads[h].lines[0],
                f"the heads have different numbers of rows: {rows}; a blank line begins a head",
                where,
            )
    for h, head in enumerate(heads[1:], 1):
        for mine, other, what in (
            (head.labels, heads[0].labels, "rows"),
            (head.header, heads[0].header, "columns"),
        ):
            if mine and other and mine != other:
                raise wrong(
                    head.header_line or head.lines[0],
                    f"head {h} has other labels of its {what} than head 0",
                    where,
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
    """Rows that leave out later keys, filled up with masked cells where that is what they mean."""
    lengths = [len(row) for row in head.values]
    if causal and lengths == list(range(1, len(lengths) + 1)):
        return [[*row, *[MASKED] * (len(lengths) - len(row))] for row in head.values]
    return head.values


def _triangle(head: Sequence[Sequence[float | str]]) -> str:
    if len(head) > 1 and [len(row) for row in head] == list(range(1, len(head) + 1)):
        return "; if later keys are left out because they are masked, add the option causal"
    return ""


def wrong(line: int, what: str, where: str = "of the matrix") -> AttentionError:
    """An error in one line."""
    return AttentionError(Problem.MATRIX, f"line {line} {where}: {what}", line=line)
