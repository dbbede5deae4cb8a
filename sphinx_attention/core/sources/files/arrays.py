"""Arrays in binary files that are not trusted: .npy, .npz and .safetensors.

The sizes in a header are compared with the bytes of the file before memory is allocated, and
nothing is unpickled.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.sources.author_files import LARGEST_FILE
from sphinx_attention.core.sources.numbers.given import Given
from sphinx_attention.core.sources.numbers.line_error import SHOWN
from sphinx_attention.core.sources.numbers.weights import truths

from .safetensors import SafetensorsError, parse_safetensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NAMES = ("weights", "tokens", "query_tokens", "key_tokens", "masked", "special")
"""The names of the arrays that a file may hold."""

_MOST_AXES = 8
"""The most axes of an array that is read."""

_OBJECTS = (
    "it holds Python objects, which are pickled, and pickled objects are never read; make one "
    "array of numbers: of `generate()`'s nested tuples take one step, "
    "`numpy.stack([layer[0].numpy() for layer in attentions[0]])`"
)


class UnreadableError(Exception):
    """A file that is damaged, or whose extension does not fit its content."""


_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npy(data: bytes) -> Given:
    """The array of an .npy file."""
    return Given(array_of(data))


def array_of(data: bytes) -> NDArray[Any]:
    """An array as NumPy writes it.

    Raises:
        UnreadableError: the version is unknown, the array holds Python objects, or the file has
            fewer bytes than its header announces.
    """
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        header = _HEADERS.get(version)
        shape, fortran, dtype = header(file) if header else ((), False, np.dtype("f8"))
    except Exception as error:
        raise UnreadableError("its header is damaged") from error
    if header is None:
        raise UnreadableError(f"it is of version {version[0]}.{version[1]} of the format")
    if dtype.hasobject:
        raise UnreadableError(_OBJECTS)
    if dtype.names is not None or dtype.subdtype is not None:
        raise UnreadableError("its entries are records, not numbers")
    if len(shape) > _MOST_AXES or any(length < 0 for length in shape):
        raise UnreadableError(f"its shape {_short(str(shape))} is not that of attention weights")
    promised, there = math.prod(shape) * dtype.itemsize, len(data) - file.tell()
    if promised != there:
        raise UnreadableError(
            f"its header promises {promised:,} bytes of numbers, and {there:,} are there; "
            "it was cut off, or is damaged"
        )
    flat = np.frombuffer(data, dtype=dtype, count=math.prod(shape), offset=file.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def read_npz(data: bytes) -> Given:
    """The arrays of an .npz file."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:
        raise UnreadableError("it is not a zip archive, or a damaged one") from error
    with archive:
        members = archive.infolist()
        if any(one.filename.rsplit("/", 1)[-1] in {"data.pkl", "byteorder"} for one in members):
            raise UnreadableError(
                "it was written by `torch.save`, which pickles, and pickled files are never read; "
                "save the weights with `numpy.savez(file, weights=...)`"
            )
        total = sum(member.file_size for member in members)
        if total > LARGEST_FILE:
            raise UnreadableError(
                f"it promises {total:,} bytes unpacked, and {LARGEST_FILE:,} are read at most"
            )
        arrays = {
            member.filename.removesuffix(".npy"): array_of(_member(archive, member))
            for member in members
            if member.filename.endswith(".npy")
        }
    return _given(arrays, {})


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as file:
            # At most the size in the archive's own list is read.
            return file.read(member.file_size)
    except Exception as error:
        encrypted = member.flag_bits & 1
        what = "is encrypted" if encrypted else "cannot be unpacked: it is damaged, or packed in a "
        raise UnreadableError(
            f"a part of it {what}" + ("" if encrypted else "way that is not known")
        ) from error


def read_safetensors(data: bytes) -> Given:
    """The tensors of a .safetensors file, and the tokens that its metadata name."""
    try:
        tensors = parse_safetensors(data)
    except SafetensorsError as error:
        raise UnreadableError(str(error)) from error
    _check_parameters(list(tensors.arrays))
    named = {name: tensors.metadata[name] for name in NAMES if name in tensors.metadata}
    return _given(dict(tensors.arrays), named)


def _check_parameters(names: list[str]) -> None:
    """Tell a model's parameters from attention weights."""
    if "weights" not in names and len(names) > 1 and sum("." in n for n in names) > len(names) / 2:
        raise UnreadableError(
            f"it holds {len(names)} parameters of a model, and no attention; give its folder with "
            f"{option('model')}"
        )


def _given(arrays: dict[str, NDArray[Any]], metadata: Mapping[str, str]) -> Given:
    named: dict[str, Any] = {}
    for name in NAMES[1:]:
        if name in arrays:
            named[name] = _listed(arrays[name], name)
        elif name in metadata:
            named[name] = _parsed(metadata[name], name)
    masked = np.asarray(named["masked"]) if "masked" in named else None
    tokens = named.get("query_tokens", named.get("tokens"))
    return Given(
        _weights(arrays),
        query_tokens=texts_of(tokens, "tokens"),
        key_tokens=texts_of(named.get("key_tokens"), "key_tokens"),
        masked=truths(masked),
        special=named.get("special"),
    )


def _listed(array: NDArray[Any], name: str) -> Any:
    if name == "masked":
        return array
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    return array.tolist()


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError(
            f"{name} in its metadata is not a JSON list; write `json.dumps([...])`"
        ) from None


def texts_of(texts: Any, name: str) -> tuple[str, ...] | None:
    """A list of strings from a file.

    Raises:
        AttentionError: the value is not a list of strings.
    """
    if texts is None:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise AttentionError(
            Problem.MATRIX, f'{name} is not a list of strings, such as ["New York", "sleeps"]'
        )
    return tuple(texts)


def _weights(arrays: dict[str, NDArray[Any]]) -> NDArray[Any]:
    if "weights" in arrays:
        return arrays["weights"]
    numeric = {name: array for name, array in arrays.items() if name not in NAMES}
    if len(numeric) == 1:
        return next(iter(numeric.values()))
    names = ", ".join(_short(name) for name in sorted(numeric)[:5]) or "none"
    more = f" and {len(numeric) - 5} more" if len(numeric) > 5 else ""
    raise AttentionError(
        Problem.MATRIX,
        f'holds no array "weights" (its arrays: {names}{more}) to take the numbers from',
    )


def _short(text: str) -> str:
    """A name from a file, in the form for messages."""
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return shown if shown.isprintable() else ascii(shown)
