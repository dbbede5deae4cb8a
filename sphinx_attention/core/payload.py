"""What a page carries for a figure: weights in thousandths, packed to about their entropy.

The bytes are a zlib stream (RFC 1950; `DecompressionStream("deflate")` in browsers) of

1. the length of the header, an unsigned 32-bit little-endian number,
2. the header, UTF-8 JSON,
3. the high bytes of all codes, then the low bytes of all codes; order layer, head, query, key.

Two planes because the high bytes are nearly all zero and pack to nearly nothing.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .display import clean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .attention import Attention, Token
    from .figure import Figure

VERSION = 1
"""Version of the format; a reader refuses any other."""

FULL = 1000
"""The code of weight 1."""

MASKED = 1001
"""The code of a key that its query may not see."""

MASKED_TEXT = "–"
"""What stands for a masked weight: it is not a zero."""

# Bytes up to which repeats are searched for: some milliseconds.
_SEARCHED = 256 * 1024

# A float32 such as 0.0005 lies a little below its decimal; without this it would round down.
_NUDGE = 1e-6


@dataclass(frozen=True, eq=False)
class Payload:
    """A payload taken apart again.

    Attributes:
        header: the JSON header as it stands in the bytes.
        codes: shape (layers, heads, queries, keys), uint16, thousandths or `MASKED`.
    """

    header: Mapping[str, Any]
    codes: NDArray[np.uint16]


def codes(attention: Attention) -> NDArray[np.uint16]:
    """Every weight in thousandths, rounded half up; `MASKED` where a query may not see a key.

    Returns:
        Shape (layers, heads, queries, keys).
    """
    return _codes(attention.weights, attention.masked[:, np.newaxis])


def head_codes(attention: Attention, layer: int, head: int) -> NDArray[np.uint16]:
    """The codes of one head, shape (queries, keys)."""
    return _codes(attention.weights[layer, head], attention.mask_of(layer))


def format_code(code: int) -> str:
    """A code as every view prints it: ``0.467``, or an en dash where masked."""
    if code == MASKED:
        return MASKED_TEXT
    return f"{code // FULL}.{code % FULL:03d}"


def format_weight(weight: float) -> str:
    """A weight as every view prints it, rounded by the rule of the codes."""
    return format_code(int(_codes(np.asarray(weight), np.asarray(False))))


def encode(figure: Figure) -> bytes:
    """Pack a figure's attention; the same figure always gives the same bytes.

    All layers and heads of the attention are carried. The result is at most 1.05 times the entropy
    of the codes for real heads of 32 tokens and more.
    """
    packed = codes(figure.attention)
    header = json.dumps(
        _header(figure, packed), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
    high = (packed >> 8).astype(np.uint8).tobytes()
    low = (packed & 0xFF).astype(np.uint8).tobytes()
    return _deflate(struct.pack("<I", len(header)) + header + high + low)


def decode(data: bytes) -> Payload:
    """Take a payload apart.

    Raises:
        ValueError: the bytes are not a payload of this version.
    """
    try:
        raw = zlib.decompress(data)
        (length,) = struct.unpack_from("<I", raw)
        header = json.loads(raw[4 : 4 + length])
        version, shape = header["version"], tuple(header["shape"])
    except (zlib.error, struct.error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"not an attention payload: {error}") from error
    if version != VERSION:
        raise ValueError(f"payload of version {version}; this reads version {VERSION}")
    planes = np.frombuffer(raw, dtype=np.uint8, offset=4 + length)
    size = int(np.prod(shape, dtype=np.int64))
    if planes.size != 2 * size:
        raise ValueError(f"payload holds {planes.size} bytes of codes where {2 * size} are due")
    merged = (planes[:size].astype(np.uint16) << 8) | planes[size:]
    return Payload(header=header, codes=merged.reshape(shape))


def _codes(weights: NDArray[Any], masked: NDArray[np.bool_]) -> NDArray[np.uint16]:
    scaled = np.floor(weights.astype(np.float64) * FULL + (0.5 + _NUDGE))
    # Written rows may sum to a hair over 1; nothing may be taken for the masked code.
    rounded = np.clip(scaled, 0, FULL).astype(np.uint16)
    return np.where(masked, np.uint16(MASKED), rounded)


def _header(figure: Figure, packed: NDArray[np.uint16]) -> dict[str, Any]:
    attention = figure.attention
    header: dict[str, Any] = {
        "version": VERSION,
        "shape": list(packed.shape),
        "layers": list(range(attention.layers)),
        "heads": list(range(attention.heads)),
        "part": attention.part,
        "queries": [shown(token.text) for token in attention.query_tokens],
        "specialQueries": _special(attention.query_tokens),
        "cutoff": figure.cutoff,
        "label": clean(attention.label),
    }
    if not attention.one_row:
        header["keys"] = [shown(token.text) for token in attention.key_tokens]
        header["specialKeys"] = _special(attention.key_tokens)
    return header


def _special(tokens: Sequence[Token]) -> list[int]:
    return [i for i, token in enumerate(tokens) if token.special]


def _deflate(raw: bytes) -> bytes:
    """The smaller of two streams; which one it is depends on the numbers.

    Weights hardly repeat, so that searching for repeats pays little: Z_FILTERED keeps only the long
    ones, and is best up to some 64 tokens; Z_RLE is best beyond, and takes a tenth of the time.
    """
    streams = [_stream(raw, zlib.Z_RLE)]
    if len(raw) <= _SEARCHED:
        streams.append(_stream(raw, zlib.Z_FILTERED))
    return min(streams, key=len)


def _stream(raw: bytes, strategy: int) -> bytes:
    # Level 9 saves one per cent more, and takes three to six times as long.
    compressor = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 8, strategy)
    return compressor.compress(raw) + compressor.flush()
