"""The kinds of lines in a page: rows of numbers, or prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError

from .brackets import bracketed_lines, is_open
from .cells import MASKED, Cell, cells_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(Enum):
    """The kind of a line."""

    NUMBERS = auto()
    """Numbers alone."""
    LABELLED = auto()
    """Words, and then numbers alone; or numbers, and then words."""
    BROKEN = auto()
    """More numbers than words, and words between them."""
    WORDS = auto()
    """Words alone."""
    PROSE = auto()
    """Words and numbers."""
    NOTHING = auto()
    """A rule of a table, a comment, or white space."""
    TITLE = auto()
    """The name of a head above its rows, such as ``Head 0:``."""


_LOOKED_AT = 20
"""The most lines of a block, and the most blocks below a caption, that decide on the kind.

A large matrix is therefore read only once, when its numbers are needed.
"""
_MANY = 4
"""A line with at least this many weights for each word is a row of numbers."""
_SHARE = re.compile(r"\d+[.,]\d+")
_NESTED = re.compile(r"\[\s*\[\s*[-+.\d]")
_R_NAMES = re.compile(r"\[(?:\d+,|,\d+)\]")
"""The labels that R prints beside rows and above columns."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a body, or one of several rows between semicolons.

    Attributes:
        number: the number of the line, counted from 1.
        cells: its cells, without comments.
        kind: the kind of the line.
        head: the number of the head that a title names.
    """

    number: int
    cells: tuple[Cell, ...]
    kind: Kind
    head: int | None = None

    @property
    def numbers(self) -> int:
        """How many of the cells are numbers."""
        return sum(cell.is_number for cell in self.cells)

    @property
    def values(self) -> int:
        """How many of the cells are numbers or marked as masked."""
        return sum(cell.value is not None for cell in self.cells)

    @property
    def words(self) -> int:
        """The number of cells that are words: at least two characters, all of them letters."""
        texts = (cell.text.strip(".,;:!?()\"'’“”") for cell in self.cells if cell.value is None)
        return sum(len(text) > 1 and text.isalpha() for text in texts)

    @property
    def label(self) -> str:
        """The words before the numbers, or after them."""
        return " ".join(cell.text for cell in self.cells if cell.value is None).removesuffix(":")


_RULE = re.compile(
    r"(?=.*(?:[-=_─━═]{3}|[─━═]|::|```|~~~))[\s\-=+|:_─━═┼╬┬┴├┤┌┐└┘╔╗╚╝╠╣╦╩╪╫┏┓┗┛┣┫┳┻╋╇]+"
)
_FENCE = re.compile(r"(?:`{3,}|~{3,})\s*\w*|\\(?:begin|end)\{\w+\}(?:\{[^}]*\})?|\\hline")
_PRINTED = re.compile(r"\[\d+ rows x \d+ columns\]|dtype: \w+")
_TITLE = re.compile(r"(?:#+\s*|\*\*)?head\s+(\d+)\s*(?:\*\*)?:?(?:\*\*)?", re.IGNORECASE)


def read_line(text: str, number: int, tokens: Sequence[str] = ()) -> list[Line]:
    """The cells and the kind of a line of a body.

    Args:
        text: the line.
        number: its number, counted from 1.
        tokens: the tokens of the figure. A line may begin with one of them.

    Raises:
        AttentionError: a comma can be a decimal comma or a separator.
    """
    stripped = text.strip()
    if found := _TITLE.fullmatch(stripped):
        return [Line(number, (), Kind.TITLE, int(found[1][:4]))]
    if "#" not in tokens:
        stripped = re.sub(r"(?:^|(?<=\s))(?:#|//).*$", "", stripped).strip()
    stripped = _R_NAMES.sub("", stripped).strip()
    if not stripped or any(rule.fullmatch(stripped) for rule in (_RULE, _FENCE, _PRINTED)):
        return [Line(number, (), Kind.NOTHING)]
    return [Line(number, tuple(row), kind_of(row)) for row in cells_of(stripped, number)]


def kind_of(cells: Sequence[Cell]) -> Kind:
    """The kind of a line with these cells."""
    known = [cell.value is not None for cell in cells]
    numbers = sum(cell.is_number or _is_slip(cell.text) for cell in cells)
    if not cells:
        return Kind.NOTHING
    if all(known):
        # A line of masked cells alone is a row only among other rows. Its block decides.
        return Kind.NUMBERS if numbers or len(cells) > 1 else Kind.WORDS
    if not numbers:
        return Kind.WORDS
    first = known.index(True) if any(known) else len(known)
    if (first < len(known) and all(known[first:])) or (
        known[0] and not any(known[known.index(False) :])
    ):
        return Kind.LABELLED
    return Kind.BROKEN if numbers * 2 > len(cells) else Kind.PROSE


def _is_slip(text: str) -> bool:
    """Whether a cell is a mistake in place of numbers, such as ``0.5:0.5``."""
    return not any(c.isalpha() for c in text) and len(_SHARE.findall(text[:100])) > 1


def _try_line(text: str, number: int, tokens: Sequence[str]) -> list[Line]:
    """As `read_line`, but a line with ambiguous commas counts as numbers. It is refused later."""
    try:
        return read_line(text, number, tokens)
    except AttentionError:
        cell = Cell(text.strip(), 0.0)
        return [Line(number, (cell, cell), Kind.NUMBERS)]


def looks_like_rows(lines: Sequence[str], tokens: Sequence[str] = ()) -> bool:
    """Whether lines without a blank line between them are a matrix, possibly with mistakes.

    Args:
        lines: the lines of one block.
        tokens: of the figure, where they are known.
    """
    if bracketed_lines(lines):
        return True
    lines = lines[:_LOOKED_AT]
    text = "\n".join(lines)
    nested = _NESTED.search(text) is not None
    parts = [part for n, line in enumerate(lines) for part in _try_line(line, n + 1, tokens)]
    content = [part for part in parts if part.kind is not Kind.NOTHING]
    numbers, words = (sum(getattr(p, name) for p in content) for name in ("numbers", "words"))
    if nested and numbers > words:
        return True
    titled = bool(content) and content[0].kind is Kind.TITLE and len(content) > 1
    content = [part for part in content if part.kind is not Kind.TITLE]
    if not any(part.numbers or part.kind is Kind.BROKEN for part in content):
        return False
    if len(content) == 1:
        return titled or _is_row_alone(content[0], tokens) or _spells_row(content[0], tokens)
    first = content[0]
    if first.kind is Kind.NUMBERS and len(first.cells) > 1:
        return True
    good = [part for part in content if _is_row_among(part, content, tokens)]
    bad = len(content) - len(good)
    header = first.kind is Kind.WORDS and any(
        len(first.cells) in {part.values, part.values + 1} for part in good
    )
    return len(good) > bad - header


def _is_row_alone(line: Line, tokens: Sequence[str]) -> bool:
    """Whether the only line of a block is a row: a caption is such a line, too."""
    if line.kind is Kind.NUMBERS:
        return True
    if line.kind is Kind.LABELLED:
        total = sum(cell.value for cell in line.cells if isinstance(cell.value, float))
        shares = any(cell.weight_like for cell in line.cells) and abs(total - 1) < 0.1
        return (
            line.values > 1
            and (line.values == len(tokens) or shares)
            and (shares or _names(line, tokens))
        )
    return line.kind is Kind.BROKEN and not line.words and (line.numbers != 1 or _shares(line))


def _is_row_among(line: Line, block: Sequence[Line], tokens: Sequence[str]) -> bool:
    if line.kind in {Kind.NUMBERS, Kind.BROKEN} or _spells_row(line, tokens):
        return True
    if line.kind is not Kind.LABELLED:
        return False
    lengths = {len(other.cells) for other in block if other.kind is Kind.NUMBERS}
    if len(line.cells) in lengths - {1}:
        return True  # One of the numbers may have a mistake.
    alike = sum(other.values == line.values for other in block) > 1
    plain = all(cell.value in {0.0, 1.0, MASKED, None} for cell in line.cells)
    shares = any(cell.weight_like for cell in line.cells)
    return _names(line, tokens) or (alike and (plain or shares) and line.values > line.words)


def _shares(line: Line) -> bool:
    """Whether the numbers of a line are parts of 1, and written so."""
    values = [cell.value for cell in line.cells if isinstance(cell.value, float)]
    return any(cell.weight_like for cell in line.cells) and all(0 <= v <= 1 for v in values)


def _spells_row(line: Line, tokens: Sequence[str]) -> bool:
    """Whether a line gives words their weights, such as ``the: 0.5, cat: 0.5``."""
    names = {token.casefold() for token in tokens}
    texts = (
        cell.text.strip("()[]{}:='\"“”").casefold() for cell in line.cells if cell.value is None
    )
    words = [text for text in texts if any(c.isalnum() for c in text)]
    if line.numbers < 2 or not _shares(line):
        return False
    mostly = line.numbers >= _MANY * max(len(words), 1)
    return mostly or (names.issuperset(words) and line.numbers + 1 >= len(words))


def _names(line: Line, tokens: Sequence[str]) -> bool:
    return line.label.casefold() in {token.casefold() for token in tokens}


def leading_rows(lines: Sequence[str], tokens: Sequence[str] = ()) -> int:
    """The number of first lines that are a matrix. The other lines are its caption.

    Args:
        lines: the lines of the body.
        tokens: the tokens of the figure if they are known. They may label rows.
    """
    end = start = rules = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        stop = _block_end(lines, start)
        block = lines[start:stop]
        if not looks_like_rows(block, tokens):
            rules += 1
            if rules > _LOOKED_AT or not _is_only_rules(block, tokens):
                break
            start = stop
            continue
        rows = len(block) - _prose_below(block, tokens)
        end = start + rows
        if rows < len(block) or is_open(block):
            break
        start = stop
    return end


def _block_end(lines: Sequence[str], start: int) -> int:
    """The line after a block: its brackets may hold blank lines."""
    if length := bracketed_lines(lines[start:]):
        return start + length
    stop = start
    while stop < len(lines) and lines[stop].strip():
        stop += 1
    return stop


def _is_only_rules(block: Sequence[str], tokens: Sequence[str]) -> bool:
    kinds = {part.kind for line in block for part in _try_line(line, 1, tokens)}
    return kinds <= {Kind.NOTHING, Kind.TITLE}


def _prose_below(block: Sequence[str], tokens: Sequence[str]) -> int:
    """The number of last lines of a matrix that are a caption without a blank line above."""
    if bracketed_lines(block):
        return 0
    count = 0
    for line in reversed(block):
        parts = _try_line(line, 1, tokens)
        numbers, words = (sum(getattr(p, name) for p in parts) for name in ("numbers", "words"))
        kinds = {part.kind for part in parts}
        if not kinds & {Kind.WORDS, Kind.PROSE, Kind.BROKEN, Kind.LABELLED}:
            break
        if numbers and (words < 2 or words < numbers):
            break
        begins = [cell.value is not None for part in parts[:1] for cell in part.cells[:2]]
        if not words or begins == [True, True]:
            break
        count += 1
    return count if count < len(block) else 0


def misplaced_rows(lines: Sequence[str], tokens: Sequence[str] = ()) -> int | None:
    """The first line of a matrix below prose, where no matrix is read; None without one.

    Args:
        lines: the lines of a body that begins with prose. Its tables and indented lines do not
            count.
        tokens: of the figure, where they are known.
    """
    start = blocks = 0
    while start < len(lines) and blocks < _LOOKED_AT:
        if not lines[start].strip():
            start += 1
            continue
        blocks += 1
        stop = _block_end(lines, start)
        block = lines[start:stop]
        plain = not any("|" in line or line[:1].isspace() for line in block[:1])
        parts = [part for line in block for part in _try_line(line, 1, tokens)]
        rows = [part for part in parts if part.values > 1]
        several = len(rows) > 1 or bracketed_lines(block)
        if plain and start and several and looks_like_rows(block, tokens):
            return start
        start = stop
    return None
