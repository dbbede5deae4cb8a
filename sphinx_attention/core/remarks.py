"""Remarks for readers about an attention, kept as data.

A remark is the name of a phrase with values for its placeholders. A store keeps the remark, and
each page prints it in its own language (`Phrases.remark`). Remarks are text, so that every text of
an entry can hold them: the JSON of a list with a pair for each remark. Stores of earlier versions
hold English sentences instead, which are printed unchanged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Value = str | int | float | Sequence[int]
    """A value of a placeholder. Numbers in a list are numbers of layers."""

PREFIX = "remark_"
"""The beginning of the names of these phrases."""

_BEGIN = '[["'


def remark(name: str, /, **values: Value) -> str:
    """A remark as text.

    Args:
        name: the name of the phrase, without `PREFIX`.
        **values: the values of its placeholders.
    """
    return _written([(name, values)])


def join_remarks(remarks: Iterable[str]) -> str:
    """Several remarks as one text. Empty remarks are left out."""
    return _written([one for text in remarks if text for one in read(text) or ()])


def read(text: str) -> list[tuple[str, Mapping[str, Value]]] | None:
    """The names and values of the remarks in a text; None if the text is a sentence.

    Every content of a store is accepted: a text that is not a remark is a sentence.
    """
    if not text.startswith(_BEGIN):
        return None
    try:
        found = json.loads(text)
        remarks = [(name, _checked(values)) for name, values in found]
    except (ValueError, TypeError, RecursionError):
        return None
    return remarks if all(isinstance(name, str) for name, _ in remarks) else None


def _checked(values: Mapping[str, Value]) -> Mapping[str, Value]:
    for value in values.values() if isinstance(values, dict) else [None]:
        numbers = value if isinstance(value, list) else [0]
        if not (isinstance(value, str | int | float | list) and numbers):
            raise TypeError("no value of a remark")
        if not all(type(number) is int for number in numbers):
            raise TypeError("no numbers of layers")
    return values


def _written(remarks: Sequence[tuple[str, Mapping[str, Value]]]) -> str:
    return json.dumps(remarks, separators=(",", ":"), ensure_ascii=False) if remarks else ""
