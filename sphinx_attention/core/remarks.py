"""What readers are told of an attention beside its numbers, kept as data.

A remark is the name of a phrase with values for its placeholders. A store keeps it, and each page
says it in its own language (`Phrases.remark`). Remarks are text, so that they stand wherever an
entry of a store has text: the JSON of a list with a pair for each remark. Stores of earlier
versions have English sentences in their place, which are told as they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Value = str | int | float | Sequence[int]
    """A value of a placeholder. Numbers in a list are those of layers."""

PREFIX = "remark_"
"""What the names of these phrases begin with."""

_BEGIN = '[["'


def remark(name: str, /, **values: Value) -> str:
    """A remark as text.

    Args:
        name: of the phrase, without `PREFIX`.
        **values: of its placeholders.
    """
    return _written([(name, values)])


def together(remarks: Iterable[str]) -> str:
    """Several remarks as one text; those that are empty are left out."""
    return _written([one for text in remarks if text for one in read(text) or ()])


def read(text: str) -> list[tuple[str, Mapping[str, Value]]] | None:
    """The names and values of the remarks in a text; None where it is a sentence.

    Whatever a store may hold is taken: what is no remark is a sentence.
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
