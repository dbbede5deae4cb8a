"""Matrices in brackets: nested lists, and the prints of NumPy, PyTorch and TensorFlow."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .cells import Cell, value_of
from .line_error import LineError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEEPEST = 6
"""The most levels of brackets."""

_PAIRS = {"[": "]", "(": ")", "{": "}"}
_CALL = r"(?:[\w.]+\s*[=:]\s*)?(?:<[\w.]+:[^\[]*?numpy=\s*)?(?:[\w.]+\s*\(\s*)?"
_NESTED = re.compile(rf"\s*({_CALL})(\[\s*\[|\(\s*\(|\{{\s*\{{)", re.DOTALL)
_CALLED = re.compile(r"\s*((?:[\w.]+\s*=\s*)?(?:[\w.]+\s*\(\s*))(\[)\s*[\d.+\-−]", re.DOTALL)
_MATLAB = re.compile(r"\s*((?:[\w.]+\s*=\s*)?)(\[)(?=[^\[\]]*;)(?=\s*[\d.+\-−½⅓¼])", re.DOTALL)
_AFTER = re.compile(
    r"(?:\s*,\s*(?:\w+\s*=\s*)?(?:<[^<>]*>|\([^()]*\)|'[^']*'|\"[^\"]*\"|[\w.]+))*"
    r"\s*,?\s*[)>]*\s*[;,.]?\s*"
)
_BOTH = {opened: re.compile(rf"[\{opened}\{closed}]") for opened, closed in _PAIRS.items()}
_SHORTENED = (
    "the print is shortened (...); print it with `numpy.set_printoptions(threshold=numpy.inf)` or "
    "`torch.set_printoptions(profile='full')`, or save it to a file"
)
_PIECE = re.compile(r"[\[\](){}]|;|[^\s,;\[\](){}]+")


@dataclass
class Nested:
    """A list in brackets.

    Attributes:
        line: the line at which the list begins, counted from 1.
        items: its cells, or its lists.
        ends: the positions of semicolons, which end rows, among the cells.
    """

    line: int
    items: list[Nested | Cell] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def _start(text: str) -> tuple[int, int] | None:
    """The positions at which the bracket opens and the text before it starts."""
    for pattern in (_NESTED, _CALLED, _MATLAB):
        if found := pattern.match(text):
            return found.start(2), found.start(1)
    return None


def _end(text: str, start: int) -> int | None:
    """The position after the bracket that closes the one at the start."""
    depth = 0
    for found in _BOTH[text[start]].finditer(text, start):
        depth += 1 if found[0] == text[start] else -1
        if depth == 0:
            return found.end()
    return None


def bracketed_lines(lines: Sequence[str]) -> int:
    """The number of first lines that are one matrix in brackets; 0 without one.

    A matrix whose brackets do not close reaches to the next blank line.
    """
    if not lines or not any(bracket in lines[0] for bracket in "[({"):
        return 0
    text = "\n".join(lines)
    found = _start(text)
    if found is None:
        return 0
    end = _end(text, found[0])
    if end is None:
        return next((n for n, line in enumerate(lines) if not line.strip()), len(lines))
    rest = text[end:].split("\n\n", 1)[0]
    after = re.match(_AFTER, rest)
    return text[: end + (after.end() if after else 0)].rstrip().count("\n") + 1


def is_open(lines: Sequence[str]) -> bool:
    """Whether lines begin with a matrix in brackets that do not close."""
    text = "\n".join(lines)
    found = _start(text)
    return found is not None and _end(text, found[0]) is None


def read_brackets(text: str, first: int) -> tuple[Nested, str, int]:
    """The matrix in brackets at the start of a text.

    Args:
        text: the text, which begins with the matrix.
        first: the number of the text's first line.

    Returns:
        The nested lists, the text below them, and the number of the first line of that text.

    Raises:
        LineError: a bracket is not closed, the print is shortened, or words stand around the
            brackets.
    """
    found = _start(text)
    assert found is not None
    start, _ = found
    end = _end(text, start)
    if end is None:
        raise LineError(first, f"the bracket {text[start]!r} is not closed")
    line = first + text.count("\n", 0, start)
    tree = _tree(text[start:end], line)
    after = re.match(_AFTER, text[end:])
    end += after.end() if after else 0
    return tree, text[end:], first + text.count("\n", 0, end)


def _tree(text: str, line: int) -> Nested:
    if "#" in text:
        text = re.sub(r"(?:(?<=\s)|^)#.*$", "", text, flags=re.MULTILINE)
    root = Nested(line)
    open_lists = [root]
    position = 0
    for found in _BOTH[text[0]].finditer(text):
        between = text[position : found.start()]
        _add_cells(open_lists[-1], between, line)
        line += between.count("\n")
        position = found.end()
        if found[0] != text[0]:
            open_lists.pop()
            continue
        if len(open_lists) > _DEEPEST:
            raise LineError(line, f"brackets are nested more than {_DEEPEST} deep")
        inner = Nested(line)
        open_lists[-1].items.append(inner)
        open_lists.append(inner)
    (made,) = root.items
    assert isinstance(made, Nested)
    return made


def _add_cells(made: Nested, text: str, line: int) -> None:
    """Add the numbers between two brackets to their list."""
    words = text.replace(",", " ").split()
    if not words:
        return
    try:
        made.items += [Cell(word, float(word)) for word in words]
    except ValueError:
        pass
    else:
        return
    for number, one in enumerate(text.split("\n"), line):
        for found in _PIECE.finditer(one):
            piece = found[0]
            if piece == ";":
                made.ends.append(len(made.items))
            elif piece.strip(".…") == "":
                raise LineError(number, _SHORTENED)
            else:
                made.items.append(_cell(piece, number))


def _cell(text: str, number: int) -> Cell:
    value = value_of(text)
    if value is None:
        raise LineError(number, f"{text[:20]!r} is not a number")
    return Cell(text, value)


def rows_of(tree: Nested) -> tuple[tuple[int, ...], list[tuple[int, list[Cell]]]]:
    """The rows of nested lists, with their lines, and the shape that they make.

    Raises:
        LineError: the lists differ in length or depth.
    """
    tree = _split(tree)
    shape: list[int] = []
    level: list[Nested] = [tree]
    while True:
        lengths = [len(one.items) for one in level]
        for one, length in zip(level, lengths, strict=True):
            if length != lengths[0]:
                raise LineError(
                    one.line,
                    f"this list has {length} entries, and the first beside it {lengths[0]}",
                )
        shape.append(lengths[0])
        inner = [item for one in level for item in one.items if isinstance(item, Nested)]
        if not inner:
            break
        if len(inner) < sum(lengths):
            raise LineError(level[0].line, "numbers and lists stand side by side")
        level = inner
    rows = [(one.line, [item for item in one.items if isinstance(item, Cell)]) for one in level]
    return tuple(shape), rows


def _split(tree: Nested) -> Nested:
    """Lists for rows that semicolons separate, as in MATLAB and Julia."""
    if not tree.ends:
        return tree
    ends = [*tree.ends, len(tree.items)]
    parts = [tree.items[a:b] for a, b in zip([0, *ends], ends, strict=False) if b > a]
    return Nested(tree.line, [Nested(tree.line, part) for part in parts])
