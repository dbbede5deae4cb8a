"""Matrices in text files: .json and .csv."""

from __future__ import annotations

import csv
import io
import json
import re
from difflib import get_close_matches
from typing import Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.numbers.blocks import block_of
from sphinx_attention.core.sources.numbers.cells import Cell, value_of
from sphinx_attention.core.sources.numbers.given import Given, parse_rows, stack_heads
from sphinx_attention.core.sources.numbers.lines import Line, kind_of
from sphinx_attention.core.sources.numbers.weights import truths

from .arrays import NAMES, UnreadableError, texts_of

_DEEPEST = 8
"""The most levels of nested lists."""

_MOST_CELLS = 2**21
"""The most cells of a .csv file. Each cell takes about 100 bytes while the file is read."""


def read_json(data: bytes) -> Given:
    """The numbers of a .json file: nested lists, or an object with weights, tokens and a mask."""
    try:
        content = json.loads(_decoded(data))
    except RecursionError:
        raise UnreadableError("its lists are nested too deep") from None
    except ValueError as error:
        detail = type(error).__name__
        if isinstance(error, json.JSONDecodeError):
            detail = f"line {error.lineno}: {error.msg}"
        raise UnreadableError(f"it is not JSON ({detail})") from None
    named: dict[str, Any] = {}
    if isinstance(content, dict):
        named = content
        _check_names(named)
        content = named["weights"]
    if not isinstance(content, list):
        raise UnreadableError(
            f"the weights are {_name(content)}, not lists such as [[0.5, 0.5], [0.3, 0.7]]"
        )
    numbers, masked = _nested(content)
    if named.get("masked") is not None:
        masked = truths(_array(named["masked"]))
    return Given(
        numbers,
        query_tokens=texts_of(named.get("query_tokens", named.get("tokens")), "tokens"),
        key_tokens=texts_of(named.get("key_tokens"), "key_tokens"),
        masked=masked,
        special=named.get("special"),
    )


def _check_names(named: dict[str, Any]) -> None:
    for name in named:
        close = get_close_matches(name, NAMES, n=1, cutoff=0.8)
        if close and name not in NAMES and close[0] not in named:
            raise AttentionError(
                Problem.MATRIX, f"an entry is misspelt; did you mean {close[0]!r}?"
            )
    if "weights" not in named:
        raise AttentionError(
            Problem.MATRIX, f'has no entry "weights"; the entries are {", ".join(NAMES)}'
        )


def _array(content: Any) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(content)
    except ValueError:
        raise UnreadableError("masked has rows of different lengths") from None


def _name(content: Any) -> str:
    kinds = {dict: "an object", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(content), "a number")


def _nested(content: list[Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """Nested lists as an array, and its mask. A null stands for a masked cell."""
    shape: list[int] = []
    level: list[Any] = [content]
    while True:
        length = len(level[0])
        for n, one in enumerate(level):
            if len(one) != length:
                raise UnreadableError(
                    f"{_path(n, shape)} has {len(one)} numbers, {_path(0, shape)} has {length}"
                    + _generated(shape)
                )
        shape.append(length)
        level = [item for one in level for item in one]
        lists = sum(isinstance(item, list) for item in level)
        if not lists:
            break
        if lists < len(level) or len(shape) > _DEEPEST:
            raise UnreadableError("numbers and lists stand side by side in its lists")
    for n, item in enumerate(level):
        if item is not None and (isinstance(item, bool) or not isinstance(item, int | float)):
            raise UnreadableError(f"{_path(n, shape)} is {_name(item)}, not a number")
    masked = np.array([item is None for item in level], dtype=np.bool_).reshape(shape)
    try:
        values = [0.0 if item is None else float(item) for item in level]
    except OverflowError:
        raise UnreadableError("one of its numbers is larger than a float can be") from None
    return np.array(values).reshape(shape), masked if masked.any() else None


def _path(number: int, shape: list[int]) -> str:
    """The name of an entry, such as ``row 1`` or ``weights[0][2]``."""
    if len(shape) == 1:
        return f"row {number}"
    indices = []
    for length in reversed(shape):
        indices.append(number % length if length else 0)
        number //= length or 1
    return "weights" + "".join(f"[{index}]" for index in reversed(indices))


def _generated(shape: list[int]) -> str:
    if len(shape) < 4:
        return ""
    return (
        "; nested as deep as the attentions of `generate()`, whose steps have different lengths: "
        "take one step, `attentions[0]`"
    )


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"line {line} is not UTF-8; save the file as UTF-8") from None


def read_csv(data: bytes) -> Given:
    """The rows of a .csv file, whose cells commas, semicolons, tabs or spaces separate."""
    text = _decoded(data)
    if "\0" in text:
        raise UnreadableError("it is not a text: it holds NUL")
    if re.match(r"[\s\w.(=]*[\[({]\s*[\[({]", text):
        raise UnreadableError("lists in brackets are JSON: name the file .json")
    lines = text.splitlines()
    delimiter = _delimiter(lines)
    if delimiter is None or all(line.isspace() or _spaced(line) for line in lines if line):
        return _quiet(text)
    if text.count(delimiter) > _MOST_CELLS:
        raise UnreadableError(f"it has more than {_MOST_CELLS:,} cells; save it as .npy")
    blocks: list[list[Line]] = [[]]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            texts = [cell.strip() for cell in row]
            if any(texts) and not texts[0].startswith("#"):
                blocks[-1].append(_line(texts, reader.line_num))
            elif not any(texts):
                blocks.append([])
    except csv.Error:
        raise UnreadableError(f"line {reader.line_num} is not a row of a .csv file") from None
    found = [block for block in blocks if block]
    if not found:
        raise UnreadableError("it holds no numbers")
    return stack_heads([block_of(block, (), causal=False, quiet=True) for block in found])


def _quiet(text: str) -> Given:
    """Rows in the form of a figure's body. Messages quote only numbers of a file."""
    return parse_rows(text, quiet=True)


def _spaced(line: str) -> bool:
    """Whether a line consists of numbers between spaces and commas, as in the body of a figure."""
    return re.fullmatch(r"[\s\d.,eE+\-]*\d\s+[\d.\-+][\s\d.,eE+\-]*", line) is not None


def _delimiter(lines: list[str]) -> str | None:
    content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for delimiter in (";", "\t", ",", "|"):
        if content and all(delimiter in line for line in content):
            return delimiter
    return next((d for d in (";", "\t", ",") if any(d in line for line in content)), None)


def _line(texts: list[str], number: int) -> Line:
    # A comma at the end of a line does not begin a column.
    while len(texts) > 1 and not texts[-1]:
        texts = texts[:-1]
    cells = tuple(Cell(text, value_of(text, decimal_comma=True)) for text in texts)
    return Line(number, cells, kind_of(cells))
