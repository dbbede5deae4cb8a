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
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, LogitTerms

from .entry_header import ENCODINGS, FREE_NUMBERS, NUMBERS_A_BYTE, Header, UnfitError, read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Token
    from sphinx_attention.core.request import Request

MAGIC = b"attnfig"
VERSION = 1
STEPS = 8000
_DIGEST = 32
_TENSORS = ("queries", "keys", "values")
_LOGIT_TERMS = ("scale", "softcap", "bias", "sinks")
_UNREADABLE = (ValueError, LookupError, TypeError, OverflowError, RecursionError, MemoryError)
"""What reading JSON that `pack` did not write may raise."""

SUFFIX = ".attn"
"""How the names of files with an entry end."""

MOST_BYTES = 1 << 28
"""Bytes of an entry. No more are read from anywhere."""

MOST_HEADER = 1 << 24
"""Bytes of a header."""

_LARGEST = 1e9
"""What a number of queries, keys, values or logits may be at most: sums of their products stay
finite in single precision."""

_DECIMALS = 7
"""Decimals of a probability."""

_MOST_STEPS = STEPS * 21 // 20
"""What a row may sum to at most, in steps: what half precision makes of 1, and some room."""


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
    """An entry's bytes; the same request and attention give the same bytes.

    Raises:
        UnfitError: an attention that `unpack` would refuse: what is written can be read.
    """
    tensors = _arrays_of(attention)
    arrays, blobs = _packed(tensors)
    numbers = sum(array.size for name, array in tensors.items() if name != "masked")
    if numbers > max(FREE_NUMBERS, NUMBERS_A_BYTE * sum(map(len, blobs))):
        # So much that says so little looks like an attack to a reader. Coded number by number it
        # takes more bytes, and is read.
        arrays, blobs = _packed(tensors, zlib.Z_HUFFMAN_ONLY)
    header: dict[str, Any] = {
        "key": request.key,
        "request": json.loads(request.canonical()),
        "query_tokens": [_token_to_list(t) for t in attention.query_tokens],
        "key_tokens": None
        if attention.same_tokens
        else [_token_to_list(t) for t in attention.key_tokens],
        "part": attention.part,
        "label": attention.label,
        "provenance": dict(attention.provenance),
        "arrays": arrays,
    }
    # Younger than the first entries, and only where there is something to say.
    if attention.logit_terms is not None:
        header["scoring"] = {"missing": attention.logit_terms.missing}
    for name, count in (("layer_names", attention.layers), ("head_names", attention.heads)):
        if (names := list(getattr(attention, name))) != [str(n) for n in range(count)]:
            header[name] = names
    if attention.candidates:
        header["candidates"] = [
            [[one.text, round(one.probability, _DECIMALS)] for one in step]
            for step in attention.candidates
        ]
    found = read_header(header, request.key, sum(map(len, blobs)))
    _check_numbers(found, tensors)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + b"".join(blobs)
    return MAGIC + bytes([VERSION]) + _digest(body) + body


def _arrays_of(attention: Attention) -> dict[str, NDArray[Any]]:
    """The arrays of an entry, as numbers of its encodings, the weights first."""
    lowest, highest = float(attention.weights.min()), float(attention.weights.max())
    # Not a number compares as false.
    if not (lowest >= 0 and highest <= _MOST_STEPS / STEPS):
        raise UnfitError(f"weights from {lowest:g} to {highest:g}")
    # The small allowance keeps 0.9999999 of a saturated row from falling a step.
    steps = np.floor(attention.weights.astype(np.float64) * STEPS + 1e-6).astype(np.uint16)
    # A masked weight is drawn as masked, whatever a model says.
    steps[np.broadcast_to(attention.masked[:, np.newaxis], steps.shape)] = 0
    arrays: dict[str, Any] = {"weights": steps, "masked": attention.masked}
    arrays |= {name: getattr(attention, name) for name in _TENSORS}
    arrays |= {
        f"scoring.{name}": getattr(attention.logit_terms, name, None) for name in _LOGIT_TERMS
    }
    return {name: array for name, array in arrays.items() if array is not None}


def _packed(
    tensors: Mapping[str, NDArray[Any]], strategy: int | None = None
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """What the header says of arrays, and their bytes."""
    arrays: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for name, array in tensors.items():
        encoding = ENCODINGS[name]
        blob = _deflate(_ENCODERS[encoding](array), encoding, strategy)
        arrays.append(
            {"name": name, "encoding": encoding, "shape": list(array.shape), "bytes": len(blob)}
        )
        blobs.append(blob)
    return arrays, blobs


def _deflate(raw: bytes, encoding: str, strategy: int | None = None) -> bytes:
    # Weights hold runs (of zeros, above all) but hardly anything that occurs twice. Looking for
    # runs alone is some fifty times faster than looking for all, and mostly comes out smaller.
    usual = zlib.Z_RLE if encoding == "steps" else zlib.Z_DEFAULT_STRATEGY
    deflating = zlib.compressobj(strategy=usual if strategy is None else strategy)
    return deflating.compress(raw) + deflating.flush()


def glance(data: bytes, key: str) -> None:
    """Check all but the numbers: the checksum, the key and the header. No array is unpacked.

    Raises:
        NewerEntryError: they are of a younger format.
        DamagedEntryError: the bytes are not a sound entry for this key.
    """
    _open(data, key)


def verify(data: bytes, key: str) -> None:
    """Check all of an entry, the numbers too.

    Raises:
        NewerEntryError: they are of a younger format.
        DamagedEntryError: the bytes are not a sound entry for this key.
    """
    unpack(data, key)


def checksum(data: bytes) -> str:
    """The digest that an entry carries, in hexadecimal: another one means other numbers."""
    return data[len(MAGIC) + 1 : len(MAGIC) + 1 + _DIGEST].hex()


def is_newer(start: bytes) -> bool:
    """Whether an entry that starts so (eight bytes are enough) is of a younger format."""
    return start.startswith(MAGIC) and len(start) > len(MAGIC) and start[len(MAGIC)] > VERSION


def _open(data: bytes, key: str) -> tuple[Header, memoryview]:
    """The header and the arrays' bytes of an entry that is what it says it is."""
    start = len(MAGIC) + 1 + _DIGEST
    if is_newer(data):
        raise NewerEntryError(
            f"it was written by a newer sphinx-attention (format {data[len(MAGIC)]}, this version "
            f"reads format {VERSION}; pip install --upgrade sphinx-attention)"
        )
    if len(data) < start + 4 or not data.startswith(MAGIC):
        if data.startswith(b"version https://git-lfs"):
            raise DamagedEntryError("it is a pointer of Git LFS, not the entry: run `git lfs pull`")
        raise DamagedEntryError("it is cut short or not an entry at all")
    if data[len(MAGIC)] != VERSION:
        raise DamagedEntryError(
            f"it is of format {data[len(MAGIC)]}, this version reads format {VERSION}"
        )
    body = memoryview(data)[start:]
    if _digest(body) != data[len(MAGIC) + 1 : start]:
        raise DamagedEntryError("its checksum is wrong")
    length = int.from_bytes(body[:4], "little")
    if length > MOST_HEADER:
        raise DamagedEntryError(f"its header takes {length:,} bytes; {MOST_HEADER:,} are allowed")
    try:
        header = json.loads(bytes(body[4 : 4 + length]))
        held = str(header["key"])
    except _UNREADABLE as error:
        raise DamagedEntryError("its header cannot be read") from error
    if held != key:
        raise DamagedEntryError(f"it holds another request ({held[:12]!a}…)")
    blobs = body[4 + length :]
    # The checksum is right. What is wrong below was written like this, by something else.
    try:
        return read_header(header, key, len(blobs)), blobs
    except UnfitError as error:
        raise DamagedEntryError(f"its contents cannot be right: {error}") from error


def unpack(data: bytes, key: str) -> Attention:
    """The attention of an entry's bytes: every text, shape and number of it is checked.

    Raises:
        NewerEntryError: they are of a younger format.
        DamagedEntryError: the bytes are not a sound entry of this version for this key.
    """
    header, blobs = _open(data, key)
    try:
        return _attention(header, _read_arrays(header, blobs))
    except (UnfitError, zlib.error) as error:
        raise DamagedEntryError(f"its contents cannot be right: {error}") from error


def _attention(header: Header, arrays: dict[str, NDArray[Any]]) -> Attention:
    tensors: dict[str, Any] = {name: arrays.get(name) for name in _TENSORS}
    logit_terms = None
    if header.missing is not None:
        terms: dict[str, Any] = {name: arrays.get(f"scoring.{name}") for name in _LOGIT_TERMS}
        logit_terms = LogitTerms(**terms, missing=header.missing)
    return Attention(
        query_tokens=header.query_tokens,
        key_tokens=header.key_tokens,
        weights=_WEIGHTS[arrays["weights"]],
        masked=arrays["masked"],
        part=header.part,
        label=header.label,
        provenance=header.provenance,
        logit_terms=logit_terms,
        layer_names=header.layer_names,
        head_names=header.head_names,
        candidates=header.candidates,
        **tensors,
    )


def read_info(data: bytes, key: str) -> EntryInfo:
    """What an entry says of itself; no array is unpacked.

    Raises:
        DamagedEntryError: the checksum or the header is wrong.
    """
    header, _ = _open(data, key)
    return EntryInfo(
        key=key,
        request=header.request,
        label=header.label,
        part=header.part,
        provenance=header.provenance,
        tokens=tuple(token.text for token in header.query_tokens),
        shape=header.shape,
        layer_names=header.layer_names,
        head_names=header.head_names,
        bytes=len(data),
    )


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _planes(values: NDArray[np.uint16]) -> bytes:
    """High bytes, then low bytes: the high ones are nearly all zero and cost next to nothing."""
    return (values >> 8).astype(np.uint8).tobytes() + (values & 255).astype(np.uint8).tobytes()


def _read_arrays(header: Header, data: memoryview) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for info in header.arrays:
        bytes_of, decode = _DECODERS[ENCODINGS[info.name]]
        size = bytes_of(info.count)
        inflating = zlib.decompressobj()
        # No more than the shape says: what inflates to more is not one of ours.
        raw = inflating.decompress(data[offset : offset + info.bytes], size)
        if len(raw) != size or inflating.unconsumed_tail or not inflating.eof:
            raise UnfitError(f"{info.name} of the shape {info.shape} have another size")
        offset += info.bytes
        # Bits come in eights; the shape says how many were meant.
        arrays[info.name] = decode(raw)[: info.count].reshape(info.shape)
    _check_numbers(header, arrays)
    return arrays


def _check_numbers(header: Header, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Check the numbers of all arrays, whose shapes are right."""
    for name, numbers in arrays.items():
        if ENCODINGS[name] == "float32":
            _check_floats(name, numbers)
    _check_rows(header, arrays["weights"], arrays["masked"])


def _check_floats(name: str, numbers: NDArray[np.float32]) -> None:
    # A sink of minus infinity takes no share: a head has none.
    none = np.isneginf(numbers) if name == "scoring.sinks" else np.zeros(1, np.bool_)
    # A bias stands for a mask in some models, and is only ever added.
    most = np.finfo(np.float32).max if name == "scoring.bias" else _LARGEST
    fits = (np.abs(numbers) <= most) | none
    if not fits.all():
        raise UnfitError(f"{name} hold {numbers[~fits].flat[0]}, and not only numbers to {most:g}")
    if name == "scoring.softcap" and bool((numbers < 0).any()):
        raise UnfitError(f"{name} hold {numbers.min()}, which is below 0")


def _check_rows(header: Header, steps: NDArray[np.uint16], masked: NDArray[np.bool_]) -> None:
    if int(steps.max()) > _MOST_STEPS:
        raise UnfitError(f"a weight is {int(steps.max()) / STEPS:.3f}, which is more than 1")
    # Of all heads that share a mask, the largest weight is enough.
    largest = steps.max(axis=(0, 1), keepdims=True)[0] if len(masked) == 1 else steps.max(axis=1)
    if bool((largest[masked] > 0).any()):
        raise UnfitError("weights are not zero where they are masked")
    if header.candidates and not masked[:, np.triu(np.ones(masked.shape[1:], np.bool_), 1)].all():
        raise UnfitError(
            "a token sees a later one, which a model that goes on from a text does not let it"
        )
    if header.rows_sum_to_one:
        most = int(steps.sum(axis=-1, dtype=np.uint32).max())
        if most > _MOST_STEPS:
            raise UnfitError(f"a row sums to {most / STEPS:.3f}, not to 1")


def _decode_steps(raw: bytes) -> NDArray[np.uint16]:
    high, low = np.frombuffer(raw, dtype=np.uint8).reshape(2, -1)
    return np.left_shift(high, 8, dtype=np.uint16) | low


def _decode_bits(raw: bytes) -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(raw, dtype=np.uint8)).astype(np.bool_)


def _decode_float32(raw: bytes) -> NDArray[np.float32]:
    return np.frombuffer(raw, dtype="<f4").astype(np.float32)


def _weights() -> NDArray[np.float32]:
    # The middle of the step; nothing stays nothing, and all of a row stays all.
    middle = (np.arange(_MOST_STEPS + 1) + 0.5) / STEPS
    middle[0] = 0.0
    return np.minimum(middle, 1.0).astype(np.float32)


_WEIGHTS = _weights()
"""The weight of each step."""

_ENCODERS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    "steps": _planes,
    "bits": lambda array: np.packbits(array).tobytes(),
    "float32": lambda array: array.astype("<f4").tobytes(),
}

# How many bytes so many numbers take, and how they become numbers.
_DECODERS: dict[str, tuple[Callable[[int], int], Callable[[bytes], NDArray[Any]]]] = {
    "steps": (lambda count: 2 * count, _decode_steps),
    "bits": (lambda count: -(-count // 8), _decode_bits),
    "float32": (lambda count: 4 * count, _decode_float32),
}


def _token_to_list(token: Token) -> list[Any]:
    return [token.text, int(token.special), token.word, token.segment]
