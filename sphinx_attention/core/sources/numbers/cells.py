"""The cells of a table of numbers: the texts that authors write for one weight."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

MASKED = "masked"
"""The value of a cell that its author marked as masked."""

_MARKS = frozenset({"-", "–", "—", "−", "·", "--"})
_MINUS = str.maketrans({"−": "-", "–": "-"})
_LONGEST = 200
"""The most characters of a cell that is read. Numbers are shorter."""
_NUMBER = r"[+\-−–]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?"
_DECIMAL = re.compile(_NUMBER)
_PERCENT = re.compile(rf"({_NUMBER})\s*\\?[%％]")
_FRACTION = re.compile(r"([+\-−–]?\d+)\s*[/⁄]\s*(\d+)")
_NOT_FINITE = re.compile(r"[+\-−–]?(?:nan|inf|infinity|∞)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+\-−–]?\d+,\d+(?:[eE][+\-−]?\d+)?%?")
_TWO_IN_ONE = re.compile(r"[+\-−]?\d+,\d+,?")
_MARKUP = "*`$\\"
"""Marks that make a number bold, code or mathematics."""
_DIGITS = frozenset("0123456789.")
_BRACKETS_BEFORE = re.compile(r"^[\[({]+(?=[\s\[({+\-−–.\d∞]|nan|inf|[½¼¾⅓⅔⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚]|·)")
_BRACKETS_AFTER = re.compile(r"(?<=[\s\])}%\d.∞nf½¼¾⅓⅔⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚·\-−–—])[\])}]+$")
_PIECE = re.compile(r'"([^"]*)"|“([^”]*)”|(\S+)')
_OTHER_SIGNS = str.maketrans("│┃║｜，、،；．％\u00a0\u202f\u3000٫", "||||,,,;.%   .")
"""Bars of boxes, signs of East Asian width, Arabic commas and decimal points, and wide spaces."""

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: its text.
        value: its number, `MASKED`, or None for any other text.
    """

    text: str
    value: Value

    @property
    def is_number(self) -> bool:
        """Whether the cell holds a number. A masked cell holds none."""
        return isinstance(self.value, float)

    @property
    def weight_like(self) -> bool:
        """Whether the cell looks like a weight: a decimal fraction, a percentage or a fraction."""
        return self.is_number and not re.fullmatch(r"[+\-−–]?\d+\.?", self.text)


def value_of(text: str, *, decimal_comma: bool = False) -> Value:
    """The value of one cell.

    Args:
        text: the text, without white space at its ends.
        decimal_comma: whether a comma can only be a decimal comma here.
    """
    if len(text) > _LONGEST:
        return None
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if text in _MARKS:
        return MASKED
    return float(text.translate(_MINUS)) if _DECIMAL.fullmatch(text) else _number_of(text)


def _number_of(text: str) -> float | None:
    """The value of a number with other signs than digits."""
    if found := _PERCENT.fullmatch(text):
        return float(found[1].translate(_MINUS)) / 100
    if found := _FRACTION.fullmatch(text):
        below = float(found[2])
        return float(found[1].translate(_MINUS)) / below if below else None
    if _NOT_FINITE.fullmatch(text):
        return float(text.translate(_MINUS).replace("∞", "inf"))
    if (
        len(text) == 1
        and unicodedata.category(text) == "No"
        and "⁄" in unicodedata.normalize("NFKC", text)
    ):
        return unicodedata.numeric(text)
    return None


def cells_of(line: str, number: int) -> list[list[Cell]]:
    """The cells of one line. Semicolons may separate several rows.

    Args:
        line: the line without its comment.
        number: the number of the line, for messages.

    Raises:
        AttentionError: a comma can be a decimal comma or a separator.
    """
    line = line.translate(_OTHER_SIGNS).strip()
    line = re.sub(r"(?:\\\\(?:\[[^\]]*\])?\s*(?:\\hline)?|[,;])\s*$", "", line).strip()
    lists = re.split(r"(?<=\])\s*,?\s*(?=\[\s*[-+.\d])", line)
    if len(lists) > 1:
        return [_separated(part, number) for part in lists]
    for separator in ("|", "&"):
        if separator in line:
            pieces = line.removeprefix("|").removesuffix("|").split(separator)
            return [_delimited(pieces)]
    if ";" in line:
        pieces = [piece.strip() for piece in line.split(";")]
        if all(len(piece.split()) <= 1 for piece in pieces) and not line.startswith(("[", "(")):
            return [_delimited(pieces)]
        return [_separated(piece, number) for piece in pieces if piece]
    return [_separated(line, number)]


def _delimited(pieces: Sequence[str]) -> list[Cell]:
    cells = []
    for piece in pieces:
        text = piece.strip().strip(_MARKUP).strip().strip('"“”')
        words = text.split()
        if len(words) > 1 and all(value_of(word) is not None for word in words):
            cells += [Cell(word, value_of(word)) for word in words]
        else:
            cells.append(Cell(text, value_of(text, decimal_comma=True)))
    return cells


def _separated(line: str, number: int) -> list[Cell]:
    """Cells between white space or commas."""
    words = line.split()
    if "." not in line and len(words) > 1 and all(_TWO_IN_ONE.fullmatch(word) for word in words):
        raise AttentionError(
            Problem.MATRIX,
            f"line {number} of the matrix: the comma in {words[0].rstrip(',')[:20]!r} can be a "
            "decimal comma or part two numbers; write 0.5 with a point",
            line=number,
        )
    words = line.replace(",", " ").split()
    named = words[:1] if words and words[0].strip(":").isidentifier() else []
    label = [Cell(word, value_of(word)) for word in named]
    try:
        # The fast path for a row of numbers after a label.
        return label + [Cell(word, float(word)) for word in words[len(label) :]]
    except ValueError:
        pass
    cells: list[Cell] = []
    for found in _PIECE.finditer(line):
        if found[3] is None:
            cells.append(Cell(found[1] or found[2] or "", None))
            continue
        if found[3][0] in _DIGITS and (value := value_of(found[3])) is not None:
            cells.append(Cell(found[3], value))
            continue
        for piece in _without_brackets(found[3]).split(","):
            bare = piece.strip(_MARKUP)
            text = piece if value_of(bare) is None else bare
            if text in {"%", "\\%", "％"} and cells and cells[-1].is_number:
                whole = cells[-1].text + "%"
                cells[-1] = Cell(whole, value_of(whole))
            elif text:
                cells.append(Cell(text, value_of(text)))
    return cells


def _without_brackets(text: str) -> str:
    if text.strip("[](){},") == "":
        return ""
    if len(text) > _LONGEST and "," not in text:
        return text
    return _BRACKETS_AFTER.sub("", _BRACKETS_BEFORE.sub("", text).rstrip(","))
