"""The store: one verified file a request, content-addressed, small enough for git.

An entry is, in this order: a magic of eight bytes that ends in the format's version, a digest
(BLAKE2b, 32 bytes) of everything after it, the length of the header (four bytes, little endian),
the header (JSON, UTF-8), and the arrays. Nothing in it can run: no pickle, no code.

Weights are kept as ``floor(8000 w)``. Every number a page shows is rounded to thousandths, and
the borders of that rounding, (n + ½)/1000, are multiples of 1/8000: so what a page shows is exactly
what it would show from the model's own float, although an entry takes a third of the room. The
error of a weight is at most 1/16000 (1/8000 below that size).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .attention import Attention, Token
from .errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .request import Request

MAGIC = b"attnfig"
VERSION = 1
STEPS = 8000
SUFFIX = ".attn"
_DIGEST = 32
_TENSORS = ("queries", "keys", "values")


class DamagedEntryError(Exception):
    """An entry that cannot be trusted; the message says why."""


class Store:
    """Attentions by key, in a folder.

    Two processes may share one: entries appear whole or not at all, and the same key always holds
    the same attention.

    Args:
        root: the folder; made when the first entry is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Where the entry of a key lies."""
        return self.root / key[:2] / f"{key[2:]}{SUFFIX}"

    def keys(self) -> Iterator[str]:
        """Every key that has an entry, sound or not, in order."""
        for path in sorted(self.root.glob(f"??/*{SUFFIX}")):
            yield path.parent.name + path.stem

    def get(self, key: str) -> Attention | None:
        """The attention of a key; None where there is no entry.

        Raises:
            DamagedEntryError: the entry is cut short, altered, or of another version.
            OSError: the entry is there and cannot be read.
        """
        data = self._read(key)
        return None if data is None else unpack(data, key)

    def has(self, key: str) -> bool:
        """Whether there is a sound entry of a key: all of it is read, nothing is unpacked.

        Raises:
            DamagedEntryError: as `get`.
            OSError: as `get`.
        """
        data = self._read(key)
        if data is None:
            return False
        _verify(data, key)
        return True

    def _read(self, key: str) -> bytes | None:
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put(self, request: Request, attention: Attention) -> None:
        """Write an entry: to a temporary name in the same folder, flushed, then renamed.

        Raises:
            AttentionError: the folder cannot be written, or the disk is full.
        """
        path = self.path(request.key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_atomically(path, pack(request, attention))
        except OSError as error:
            raise AttentionError(
                Problem.STORE,
                f"cannot write to the store {self.root}: {error.strerror or error}; what was "
                "computed is shown on this build's pages and computed again by the next",
            ) from error


def _write_atomically(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for the owner alone; a store is shared and committed.
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def pack(request: Request, attention: Attention) -> bytes:
    """An entry's bytes; the same request and attention give the same bytes."""
    arrays: list[dict[str, Any]] = []
    blobs: list[bytes] = []

    def add(name: str, encoding: str, array: NDArray[Any], raw: bytes) -> None:
        blob = zlib.compress(raw, 9)
        arrays.append(
            {"name": name, "encoding": encoding, "shape": list(array.shape), "bytes": len(blob)}
        )
        blobs.append(blob)

    # The small allowance keeps 0.9999999 of a saturated row from falling a step.
    steps = np.floor(attention.weights.astype(np.float64) * STEPS + 1e-6).astype(np.uint16)
    add("weights", "steps", steps, _planes(steps))
    add("masked", "bits", attention.masked, np.packbits(attention.masked).tobytes())
    for name in _TENSORS:
        tensor = getattr(attention, name)
        if tensor is not None:
            add(name, "float32", tensor, tensor.astype("<f4").tobytes())
    header = {
        "key": request.key,
        "request": json.loads(request.canonical()),
        "query_tokens": [_token_to_list(t) for t in attention.query_tokens],
        "key_tokens": None
        if attention.one_row
        else [_token_to_list(t) for t in attention.key_tokens],
        "part": attention.part,
        "label": attention.label,
        "provenance": dict(attention.provenance),
        "arrays": arrays,
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + b"".join(blobs)
    return MAGIC + bytes([VERSION]) + _digest(body) + body


def _verify(data: bytes, key: str) -> tuple[dict[str, Any], memoryview]:
    """The header and the arrays' bytes of an entry that is what it says it is."""
    start = len(MAGIC) + 1 + _DIGEST
    if len(data) < start + 4 or not data.startswith(MAGIC):
        raise DamagedEntryError("it is cut short or not an entry at all")
    if data[len(MAGIC)] != VERSION:
        raise DamagedEntryError(
            f"it is of format {data[len(MAGIC)]}, this version reads format {VERSION}"
        )
    body = memoryview(data)[start:]
    if _digest(body) != data[len(MAGIC) + 1 : start]:
        raise DamagedEntryError("its checksum is wrong")
    length = int.from_bytes(body[:4], "little")
    header = json.loads(bytes(body[4 : 4 + length]))
    if header["key"] != key:
        raise DamagedEntryError(f"it holds another request ({header['key'][:12]}…)")
    return header, body[4 + length :]


def unpack(data: bytes, key: str) -> Attention:
    """The attention of an entry's bytes.

    Raises:
        DamagedEntryError: the bytes are not a sound entry of this version for this key.
    """
    header, blobs = _verify(data, key)
    arrays = _read_arrays(header["arrays"], blobs)
    query_tokens = tuple(_token_from_list(t) for t in header["query_tokens"])
    key_tokens = header["key_tokens"]
    return Attention(
        query_tokens=query_tokens,
        key_tokens=query_tokens
        if key_tokens is None
        else tuple(_token_from_list(t) for t in key_tokens),
        part=header["part"],
        label=header["label"],
        provenance=header["provenance"],
        **arrays,
    )


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _planes(values: NDArray[np.uint16]) -> bytes:
    """High bytes, then low bytes: the high ones are nearly all zero and cost next to nothing."""
    return (values >> 8).astype(np.uint8).tobytes() + (values & 255).astype(np.uint8).tobytes()


def _read_arrays(entries: list[dict[str, Any]], data: memoryview) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for entry in entries:
        raw = zlib.decompress(data[offset : offset + entry["bytes"]])
        offset += entry["bytes"]
        flat = _DECODERS[entry["encoding"]](raw)
        # Bits come in eights; the shape says how many were meant.
        arrays[entry["name"]] = flat[: math.prod(entry["shape"])].reshape(entry["shape"])
    return arrays


def _decode_steps(raw: bytes) -> NDArray[np.float32]:
    planes = np.frombuffer(raw, dtype=np.uint8).reshape(2, -1).astype(np.uint16)
    steps = (planes[0] << 8) | planes[1]
    # The middle of the step; nothing stays nothing, and all of a row stays all.
    middle = (steps.astype(np.float64) + 0.5) / STEPS
    middle[steps == 0] = 0.0
    weights: NDArray[np.float32] = np.minimum(middle, 1.0).astype(np.float32)
    return weights


def _decode_bits(raw: bytes) -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(raw, dtype=np.uint8)).astype(np.bool_)


def _decode_float32(raw: bytes) -> NDArray[np.float32]:
    return np.frombuffer(raw, dtype="<f4").astype(np.float32)


_DECODERS = {"steps": _decode_steps, "bits": _decode_bits, "float32": _decode_float32}


def _token_to_list(token: Token) -> list[Any]:
    return [token.text, int(token.special), token.word, token.segment]


def _token_from_list(fields: list[Any]) -> Token:
    text, special, word, segment = fields
    return Token(text=text, special=bool(special), word=word, segment=segment)
