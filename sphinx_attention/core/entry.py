"""One attention and what it answers, as verified bytes that are small enough for git.

An entry is, in this order: a magic of eight bytes that ends in the format's version, a digest
(BLAKE2b, 32 bytes) of everything after it, the length of the header (four bytes, little endian),
the header (JSON, UTF-8), and the arrays. Nothing in it can run: no pickle, no code.

Weights are kept as ``floor(8000 w)``. Every number a page shows is rounded to thousandths, and
the borders of that rounding, (n + ½)/1000, are multiples of 1/8000: so what a page shows is exactly
what it would show from the model's own float, although an entry takes a third of the room. The
error of a weight is at most 1/16000 (1/8000 below that size).
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .attention import Attention, Scoring, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from .request import Request

MAGIC = b"attnfig"
VERSION = 1
STEPS = 8000
_DIGEST = 32
_TENSORS = ("queries", "keys", "values")
_SCORING = ("scale", "softcap", "bias", "sinks")
_UNFIT = (ValueError, LookupError, TypeError, OverflowError, RecursionError, zlib.error)
"""What it can come to when bytes under a right checksum are read that `pack` did not write."""


class DamagedEntryError(Exception):
    """An entry that cannot be trusted; the message says why.

    Args:
        why: what is wrong with it.
        where: where it lies, where that is not the one place that its key stands for.
    """

    def __init__(self, why: str, where: str | None = None) -> None:
        super().__init__(why)
        self.where = where


class NewerEntryError(DamagedEntryError):
    """An entry in a format younger than this version: sound, perhaps, but not for us to judge."""


@dataclass(frozen=True)
class EntryInfo:
    """What an entry says of itself, without its arrays.

    Attributes:
        key: of the request that it answers.
        request: that request's canonical JSON, parsed (see `Request.canonical`).
        label: what figures call the source.
        part: which attention of the model it is.
        provenance: what the source said of how it was made: resolved revision, versions.
        tokens: the texts of the query tokens.
        shape: of the weights: layers, heads, queries, keys.
        layer_names: what readers know the layers by.
        head_names: likewise the heads.
        bytes: how large the entry is.
    """

    key: str
    request: Mapping[str, Any]
    label: str
    part: str
    provenance: Mapping[str, str]
    tokens: tuple[str, ...]
    shape: tuple[int, int, int, int]
    layer_names: tuple[str, ...]
    head_names: tuple[str, ...]
    bytes: int


def pack(request: Request, attention: Attention) -> bytes:
    """An entry's bytes; the same request and attention give the same bytes."""
    arrays: list[dict[str, Any]] = []
    blobs: list[bytes] = []

    def add(name: str, encoding: str, array: NDArray[Any], raw: bytes) -> None:
        blob = _deflate(raw, encoding)
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
    if attention.scoring is not None:
        for name in _SCORING:
            tensor = getattr(attention.scoring, name)
            if tensor is not None:
                add(f"scoring.{name}", "float32", tensor, tensor.astype("<f4").tobytes())
    header: dict[str, Any] = {
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
    # Younger than the first entries, and only where there is something to say.
    if attention.scoring is not None:
        header["scoring"] = {"missing": attention.scoring.missing}
    for name, count in (("layer_names", attention.layers), ("head_names", attention.heads)):
        if (names := list(getattr(attention, name))) != [str(n) for n in range(count)]:
            header[name] = names
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + b"".join(blobs)
    return MAGIC + bytes([VERSION]) + _digest(body) + body


def _deflate(raw: bytes, encoding: str) -> bytes:
    # Weights hold runs (of zeros, above all) but hardly anything that occurs twice. Looking for
    # runs alone is some fifty times faster than looking for all, and mostly comes out smaller.
    strategy = zlib.Z_RLE if encoding == "steps" else zlib.Z_DEFAULT_STRATEGY
    deflating = zlib.compressobj(strategy=strategy)
    return deflating.compress(raw) + deflating.flush()


def verify(data: bytes, key: str) -> None:
    """Make sure that an entry's bytes are whole, unaltered, and of this key. Nothing is unpacked.

    Raises:
        NewerEntryError: they are of a younger format.
        DamagedEntryError: the bytes are not a sound entry for this key.
    """
    _open(data, key)


def checksum(data: bytes) -> str:
    """The digest that an entry carries, in hexadecimal: another one means other numbers."""
    return data[len(MAGIC) + 1 : len(MAGIC) + 1 + _DIGEST].hex()


def is_newer(start: bytes) -> bool:
    """Whether an entry that starts so (eight bytes are enough) is of a younger format."""
    return start.startswith(MAGIC) and len(start) > len(MAGIC) and start[len(MAGIC)] > VERSION


def _open(data: bytes, key: str) -> tuple[dict[str, Any], memoryview]:
    """The header and the arrays' bytes of an entry that is what it says it is."""
    start = len(MAGIC) + 1 + _DIGEST
    if is_newer(data):
        raise NewerEntryError(
            f"it was written by a newer sphinx-attention (format {data[len(MAGIC)]}, this version "
            f"reads format {VERSION}; pip install --upgrade sphinx-attention)"
        )
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
    try:
        header = json.loads(bytes(body[4 : 4 + length]))
        held = str(header["key"])
    except _UNFIT as error:
        raise DamagedEntryError("its header cannot be read") from error
    if held != key:
        raise DamagedEntryError(f"it holds another request ({held[:12]}…)")
    return header, body[4 + length :]


def unpack(data: bytes, key: str) -> Attention:
    """The attention of an entry's bytes.

    Raises:
        NewerEntryError: they are of a younger format.
        DamagedEntryError: the bytes are not a sound entry of this version for this key.
    """
    header, blobs = _open(data, key)
    try:
        return _attention(header, _read_arrays(header["arrays"], blobs))
    except _UNFIT as error:
        # The checksum is right, so it was written like this: by something else than this module.
        raise DamagedEntryError("its contents do not fit one another") from error


def _attention(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Attention:
    tensors: dict[str, Any] = {name: arrays.get(name) for name in _TENSORS}
    query_tokens = tuple(_token_from_list(t) for t in header["query_tokens"])
    key_tokens = header["key_tokens"]
    return Attention(
        query_tokens=query_tokens,
        key_tokens=query_tokens
        if key_tokens is None
        else tuple(_token_from_list(t) for t in key_tokens),
        weights=arrays["weights"],
        masked=arrays["masked"],
        part=header["part"],
        label=header["label"],
        provenance=header["provenance"],
        scoring=_read_scoring(header.get("scoring"), arrays),
        layer_names=tuple(header.get("layer_names", ())),
        head_names=tuple(header.get("head_names", ())),
        **tensors,
    )


def read_info(data: bytes, key: str) -> EntryInfo:
    """What an entry says of itself; no array is unpacked.

    Raises:
        DamagedEntryError: as `verify`.
    """
    header, _ = _open(data, key)
    try:
        (shape,) = (tuple(a["shape"]) for a in header["arrays"] if a["name"] == "weights")
        layers, heads, queries, keys = (int(n) for n in shape)
        return EntryInfo(
            key=key,
            request=header["request"],
            label=header["label"],
            part=header["part"],
            provenance=header["provenance"],
            tokens=tuple(_token_from_list(t).text for t in header["query_tokens"]),
            shape=(layers, heads, queries, keys),
            layer_names=tuple(header.get("layer_names", map(str, range(layers)))),
            head_names=tuple(header.get("head_names", map(str, range(heads)))),
            bytes=len(data),
        )
    except _UNFIT as error:
        raise DamagedEntryError("its contents do not fit one another") from error


def _read_scoring(
    written: dict[str, Any] | None, arrays: dict[str, NDArray[Any]]
) -> Scoring | None:
    if written is None:
        return None
    tensors: dict[str, Any] = {name: arrays.get(f"scoring.{name}") for name in _SCORING}
    return Scoring(**tensors, missing=written["missing"])


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _planes(values: NDArray[np.uint16]) -> bytes:
    """High bytes, then low bytes: the high ones are nearly all zero and cost next to nothing."""
    return (values >> 8).astype(np.uint8).tobytes() + (values & 255).astype(np.uint8).tobytes()


def _read_arrays(entries: list[dict[str, Any]], data: memoryview) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for entry in entries:
        count = math.prod(entry["shape"])
        bytes_of, decode = _DECODERS[entry["encoding"]]
        # No more than the shape says: what inflates to more is not one of ours.
        inflating = zlib.decompressobj()
        raw = inflating.decompress(data[offset : offset + entry["bytes"]], bytes_of(count) or 1)
        if len(raw) != bytes_of(count) or inflating.unconsumed_tail:
            raise ValueError(entry["name"])
        offset += entry["bytes"]
        # Bits come in eights; the shape says how many were meant.
        arrays[entry["name"]] = decode(raw)[:count].reshape(entry["shape"])
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


# How many bytes so many numbers take, and how they become numbers.
_DECODERS: dict[str, tuple[Callable[[int], int], Callable[[bytes], NDArray[Any]]]] = {
    "steps": (lambda count: 2 * count, _decode_steps),
    "bits": (lambda count: -(-count // 8), _decode_bits),
    "float32": (lambda count: 4 * count, _decode_float32),
}


def _token_to_list(token: Token) -> list[Any]:
    return [token.text, int(token.special), token.word, token.segment]


def _token_from_list(fields: list[Any]) -> Token:
    text, special, word, segment = fields
    return Token(text=text, special=bool(special), word=word, segment=segment)
