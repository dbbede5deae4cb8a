"""Reads .safetensors files whose headers are not trusted.

A file consists of the length of the header in eight bytes, little-endian; the header, a JSON object
with the tensors by name; and the numbers of all tensors without a gap between them
(https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

_LARGEST_HEADER = 100_000_000
"""The most bytes of a header, as in the safetensors package."""

_MOST_AXES = 32
"""The most axes of a tensor, because older versions of NumPy have no arrays of more axes."""

_METADATA = "__metadata__"

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


class SafetensorsError(ValueError):
    """A file that is damaged, or that holds numbers of a kind that NumPy does not have."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """The arrays of a .safetensors file.

    Attributes:
        arrays: the tensors by name, as read-only views of the file's bytes; bfloat16 as float32.
        metadata: further texts by name.
    """

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]


def parse_safetensors(data: bytes) -> Tensors:
    """The tensors of a .safetensors file.

    Args:
        data: the bytes of the file.

    Raises:
        SafetensorsError: the bytes are not such a file, or one of its tensors cannot be read.
    """
    header, numbers = _header(data)
    metadata = header.pop(_METADATA, None)
    metadata = {} if metadata is None else metadata
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _damaged()
    entries = {name: _entry(entry) for name, entry in header.items()}
    _check_spans(entries.values(), len(numbers))
    return Tensors(
        {name: _array(numbers, name, entry) for name, entry in entries.items()}, metadata
    )


def _check_spans(entries: Iterable[_Entry], there: int) -> None:
    """Make sure that tensors follow one another without a gap, and that all bytes are there."""
    end = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != end or entry.end < end:
            raise _damaged()
        end = entry.end
    if end != there:
        raise SafetensorsError(
            f"its header does not fit its bytes: it promises {end:,} bytes of numbers, and "
            f"{there:,} are there; the file was cut off, or is damaged"
        )


def _header(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """The header of a file, and the bytes after it."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise SafetensorsError(
            f"its header promises {length:,} bytes, and {max(len(data) - 8, 0):,} are there; it "
            "was cut off, or is damaged"
        )
    if length > _LARGEST_HEADER:
        raise _damaged()
    try:
        header = json.loads(data[8 : 8 + length], object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        raise _damaged() from None
    if not isinstance(header, dict):
        raise _damaged()
    return header, memoryview(data)[8 + length :]


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which each name occurs once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tensor, as the header declares it.

    Attributes:
        kind: the type of its numbers.
        shape: the size of each axis.
        begin: the position of its first byte, counted from the end of the header.
        end: the position after its last byte.
    """

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _entry(entry: Any) -> _Entry:
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        raise _damaged()
    shape, span = _counts(entry.get("shape")), _counts(entry.get("data_offsets"))
    if len(shape) > _MOST_AXES or len(span) != 2:
        raise _damaged()
    return _Entry(entry["dtype"], shape, *span)


def _counts(value: Any) -> tuple[int, ...]:
    """A list of whole numbers from 0."""
    if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
        raise _damaged()
    return tuple(value)


def _array(numbers: memoryview, name: str, entry: _Entry) -> NDArray[Any]:
    """One tensor, whose shape is compared with its bytes before they are read."""
    if entry.kind not in _DTYPES:
        raise SafetensorsError(
            f"{_quoted(name)} is of the type {_quoted(entry.kind)}, which cannot be read; save it "
            "as float32: `weights.float()`"
        )
    dtype = np.dtype(_DTYPES[entry.kind])
    count = math.prod(entry.shape)
    if entry.end - entry.begin != count * dtype.itemsize or entry.end > len(numbers):
        raise _damaged()
    flat = np.frombuffer(numbers[entry.begin : entry.end], dtype=dtype)
    if entry.kind == "BF16":
        # NumPy has no bfloat16, which is the upper half of a float32.
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(entry.shape)


def _damaged() -> SafetensorsError:
    return SafetensorsError("its header is damaged, or does not fit its bytes")


def _quoted(text: str, longest: int = 40) -> str:
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    return shown if shown.isprintable() else ascii(shown)
