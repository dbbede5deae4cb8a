"""The rows of one head of a given matrix: its labels, its header and its numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sphinx_attention.core.host_words import option

from .line_error import SHOWN, LineError
from .lines import Kind, Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cells import Cell


@dataclass(frozen=True, slots=True)
class Head:
    """The rows of one head.

    Attributes:
        values: numbers, or `MASKED`.
        lines: the line of each row.
        labels: the labels of the rows, if they have labels.
        header: the labels of the columns, if they have labels.
        header_line: the line of the labels of the columns.
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
        lines: the lines of the block, none of them blank.
        tokens: the tokens of the figure if they are known.
        causal: whether rows need not contain later keys.
        quiet: whether messages quote only lines of numbers, because a file may be any file.

    Raises:
        LineError: a cell is not a number.
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
                raise LineError(row.number, _no_number(cell.text, row, shown=shown))
        head.values.append([cell.value for cell in cells if cell.value is not None])
        head.labels.append(label)
    _check_all_labelled(head)
    if header:
        width = max(map(len, head.values))
        head.header.extend(_columns(header, header_line, width, corner=bool(head.labels)))
    _drop_counts(head, names)
    return head


def _without_bullets(rows: list[Line], names: Sequence[str]) -> list[Line]:
    """Rows without the dash at their start, if one cell remains for each token."""
    bullets = all(len(row.cells) == len(names) + 1 and row.cells[0].text == "-" for row in rows)
    return [replace(row, cells=row.cells[1:]) for row in rows] if names and bullets else rows


def _check_all_labelled(head: Head) -> None:
    """Refuse labels of only some rows, and drop labels that are all empty."""
    if any(head.labels) and not all(head.labels):
        at = head.labels.index("")
        raise LineError(head.lines[at], "this row has no label, and others have one")
    if not any(head.labels):
        head.labels.clear()


def _drop_counts(head: Head, names: Sequence[str]) -> None:
    """Remove the numbers with which a data frame labels its rows and columns."""
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
        hint = f"; put a blank line before a caption, or write it in {option('caption')}"
    if not shown:
        return "this is not a row of numbers"
    return f"{text[:SHOWN]!r} is not a number{hint}"


def _is_header(rows: Sequence[Line], names: Sequence[str]) -> bool:
    first, second = rows[0], rows[1]
    texts = [cell.text.casefold() for cell in first.cells]
    if first.kind is Kind.WORDS:
        return len(texts) in {len(second.cells), len(second.cells) - 1, len(second.cells) + 1}
    # The names of columns may be numbers: tokens, or counted columns.
    if names and texts[-len(names) :] == list(names) and len(rows) > len(names):
        return True
    counted = _is_index(texts) or (texts[:1] == [""] and _is_index(texts[1:]))
    return counted and len(second.cells) == len([text for text in texts if text]) + 1


def _is_index(texts: Sequence[str]) -> bool:
    return len(texts) > 1 and list(texts) == [str(n) for n in range(len(texts))]


def _labelled(rows: Sequence[Line], names: Sequence[str], header: Sequence[str]) -> bool:
    """Whether the first cells of the rows are labels that are numbers themselves."""
    if any(row.values != len(row.cells) for row in rows):
        return False
    first = [row.cells[0].text.casefold() for row in rows]
    wide = all(len(row.cells) == len(names) + 1 for row in rows)
    if names and wide and first == list(names):
        return True
    columns = len([text for text in header if text])
    return _is_index(first) and bool(header) and all(len(r.cells) == columns + 1 for r in rows)


def _width(rows: Sequence[Line], names: Sequence[str], *, labelled: bool, causal: bool) -> int:
    """The expected count of numbers in a row: that of the tokens, or that of most rows."""
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
        raise LineError(
            row.number,
            _no_number(label[0].text, row, shown=shown)
            + "; quotation marks hold a label of several words together",
        )
    return row.label, [cell for cell in cells if cell.value is not None]


def _known(row: Line, names: Sequence[str]) -> bool:
    return row.label.casefold() in names


def _columns(header: Sequence[str], line: int, width: int, *, corner: bool) -> list[str]:
    """The names of the columns, without the corner above the labels."""
    texts = [text.removesuffix(":") for text in header]
    if len(texts) == width + 1 and (corner or not texts[0].strip(".")):
        del texts[0]
    if len(texts) != width:
        raise LineError(line, f"the header names {len(texts)} columns, and the rows have {width}")
    return texts
