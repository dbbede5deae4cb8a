"""The payload of an attention in a page: weights in thousandths, packed to about their entropy.

The bytes are a zlib stream (RFC 1950; `DecompressionStream("deflate")` in browsers) of

1. the length of the header, an unsigned 32-bit little-endian number,
2. the header, UTF-8 JSON,
3. the high bytes of all codes, then the low bytes of all codes: head after head, in each the
   queries, and of each query the keys; where the header says ``signed``, the codes are those of
   differences, 1000 larger than they are,
4. of views that sort heads, the scores that the header names: of each in turn, and of every layer
   the heads, in thousandths, 65535 where a head has none; all high bytes, then all low bytes,
5. of views that keep tensors, the tensors that the header lists: of each, in that order, the first
   bytes of all its numbers (float32, little endian), then the second, the third, the fourth.

The bytes are in planes, because high bytes and exponents are nearly equal everywhere and therefore
compress well. The weights of a row sum to 1, so the first of them is nearly known from the others.
Where the header has ``remainders``, the code of the first key is therefore replaced by what the
row's codes sum to beyond 1000, plus the number in the header, modulo 1001; a masked first key keeps
its code. Heads are in the order from sparse to dense ones, because each kind is compressed
with its own code. If this is not the order of the layers, the header's ``order`` holds it: the n-th
head in the bytes is head ``order[n]``, counted through all layers.

In a page, the bytes are text in base 85 (`encode_text`): five characters for four bytes. Base 64
would take five and a third.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis import logits
from sphinx_attention.core.codes import (
    FULL,
    MASKED,
    NO_SCORE,
    codes,
    from_payload,
    head_codes,
    score_codes,
    to_payload,
)
from sphinx_attention.core.constants import SHARED
from sphinx_attention.core.text import clean, clean_names, to_json, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, Token

    from .figure import Figure

VERSION = 3
"""The version of the format. A reader refuses any other version."""

FIELDS = {
    "version": "the version of the format",
    "shape": "the numbers of layers, heads, queries and keys",
    "layers": "the names of the layers that the page carries",
    "heads": "the names of the heads that the page carries",
    "part": "``encoder``, ``decoder`` or ``cross``",
    "label": "what figures call the source",
    "queries": "the texts of the query tokens, ready to be shown",
    "keys": "the texts of the key tokens; absent where they are the query tokens",
    "specialQueries": "the indices of the special query tokens",
    "specialKeys": "the indices of the special key tokens, where there are ``keys``",
    "segments": "of a pair of texts: for ``queries`` and ``keys``, 0 or 1 for each token",
    "words": "for ``queries`` and ``keys``, the number of each token's word or null; absent where "
    "every word is one token",
    "signed": "true where the weights are differences, whose codes are 1000 larger in the bytes",
    "remainders": "a number that is added to the remainders of sums, which replace the first code "
    "of each row; absent where they do not",
    "headScores": "the names of the head scores in the bytes",
    "order": "the order of all heads in the bytes; absent where it is their own",
    "tensors": "of each tensor in the bytes, its ``name`` and ``shape``",
    "missing": "the remark about why the sums behind the weights cannot be shown",
}
"""The fields of a header, for the docs."""


DIGITS_OF_85: str = SHARED["digits_of_85"]
"""The digits of `encode_text`. None of them has a meaning in HTML, strings of scripts or templates.
"""

_DIGITS = np.frombuffer(DIGITS_OF_85.encode(), dtype=np.uint8)
_PAIRS = np.frombuffer(
    "".join([a + b for a in DIGITS_OF_85 for b in DIGITS_OF_85]).encode(), dtype="S2"
)
_FIVE = np.dtype([("first", "u1"), ("middle", "S2"), ("last", "S2")])
"""Five digits of a text in base 85."""

_OVERHEAD = 1.05 * 1.25
"""The sizes after deflate, relative to the entropy, and after base 85, relative to the bytes."""

MOST_A_WEIGHT = 10 / 8 * _OVERHEAD
"""Characters of a page for a weight if all codes are equally frequent. No weight takes more."""

# How far the codes of a row may lie below 1000 for its remainder not to wrap around. Rounding
# rarely takes more from a row, and small numbers pack best because they are frequent.
_SHORTFALL = 8

# The bits that the field of the header takes.
_NAMED = 128

# The number of bits of each code. It distinguishes sparse heads from dense ones, and weights from
# remainders, in the same way on every machine.
_BITS = np.array([code.bit_length() for code in range(FULL + MASKED + 1)], np.uint8)

# Weights that `estimate` looks at.
_SAMPLED = 1 << 20

# Bytes of raw payloads up to which one stream is enough: some 20 tokens of 72 heads.
_SHORT = 64 * 1024

# Bytes of raw payloads up to which repeats are searched for. The search takes some milliseconds.
_SEARCHED = 256 * 1024


@dataclass(frozen=True, eq=False)
class Payload:
    """The content of a payload.

    Attributes:
        header: the JSON header.
        codes: shape (layers, heads, queries, keys), thousandths or `MASKED`; below 0 too where the
            header says ``signed``.
        scores: by name, shape (layers, heads), NaN where a head has none; empty for most figures.
        tensors: by name, float32, in the order of the header; empty for most figures.
    """

    header: Mapping[str, Any]
    codes: NDArray[np.integer[Any]]
    scores: Mapping[str, NDArray[np.float64]]
    tensors: Mapping[str, NDArray[np.float32]]


def encode(figure: Figure) -> bytes:
    """The payload of a figure's attention. Equal figures give equal bytes.

    All layers and heads of the attention are carried. The result is at most 1.05 times the entropy
    of the codes for real heads of 32 tokens and more.
    """
    signed = figure.attention.signed
    found = codes(figure.attention)
    packed = to_payload(found, signed=signed)
    carried = tensors(figure.attention) if figure.spec.kind.keeps else {}
    maps: NDArray[np.uint16] = packed.reshape(-1, *packed.shape[2:])
    sizes = np.abs(found) if signed else found
    bits = _BITS.take(sizes).reshape(len(maps), -1).sum(axis=1, dtype=np.int64)
    order = np.argsort(bits, kind="stable")
    fields = _header(figure, packed, carried)
    if (order != np.arange(len(order))).any():
        fields["order"] = order.tolist()
        maps = maps[order]
    if not signed and _saved_bits(remainders := _remainders(maps), maps[..., 0]) > _NAMED:
        fields["remainders"] = _SHORTFALL
        maps = np.concatenate([remainders[..., np.newaxis], maps[..., 1:]], axis=-1)
    # Sorted by hand: an author's options keep their own order.
    header = to_json(dict(sorted(fields.items()))).encode()
    planes = [_planes(maps), _planes(score_codes(list((figure.head_scores or {}).values())))]
    planes += [_float_planes(tensor) for tensor in carried.values()]
    return _deflate(struct.pack("<I", len(header)) + header + b"".join(planes))


def encode_text(data: bytes) -> str:
    """Bytes as text in base 85: four bytes, big endian, to five digits, the highest first.

    A tail of n bytes makes n + 1 digits, those of the tail filled up with zeros.
    """
    numbers = np.frombuffer(data + bytes(-len(data) % 4), dtype=">u4").astype(np.uint32)
    # Divisions take the most time here. Two of them give one digit and two pairs of digits.
    above, last = np.divmod(numbers, np.uint32(85**2))
    first, middle = np.divmod(above, np.uint32(85**2))
    digits = np.empty(len(numbers), dtype=_FIVE)
    digits["first"] = _DIGITS.take(first)
    digits["middle"] = _PAIRS.take(middle)
    digits["last"] = _PAIRS.take(last)
    text = digits.tobytes().decode("ascii")
    return text[: len(text) - -len(data) % 4]


def decode_text(text: str) -> bytes:
    """The bytes of a text in base 85.

    Raises:
        ValueError: a character that is not a digit, or digits that no bytes have.
    """
    if len(text) % 5 == 1:
        raise ValueError(f"{len(text)} digits of base 85 stand for no whole number of bytes")
    values = np.full(128, 255, dtype=np.uint8)
    values[np.frombuffer(DIGITS_OF_85.encode(), dtype=np.uint8)] = np.arange(85)
    missing = -len(text) % 5
    try:
        digits = values[np.frombuffer(text.encode("ascii") + b"~" * missing, dtype=np.uint8)]
    except UnicodeEncodeError:
        raise ValueError("not in base 85") from None
    numbers = digits.reshape(-1, 5).astype(np.int64) @ 85 ** np.arange(4, -1, -1)
    if (digits == 255).any() or (numbers >= 1 << 32).any():
        raise ValueError("not in base 85")
    raw = numbers.astype(">u4").tobytes()
    return raw[: len(raw) - missing]


def estimate(attention: Attention, *, with_tensors: bool = False) -> int:
    """The approximate number of characters of the numbers: the entropy of the weights, in base 85.

    If there are many weights, a sample of the layers and heads is measured.

    Args:
        attention: what the page carries.
        with_tensors: whether the page carries the tensors too, which hardly pack.
    """
    kept = tensors(attention).values() if with_tensors else ()
    return _weights_estimate(attention) + int(sum(one.nbytes for one in kept) * 5 / 4)


def _weights_estimate(attention: Attention) -> int:
    weights = attention.weights
    maps = attention.layers * attention.heads
    step = max(1, -(-weights.size // _SAMPLED))
    # A prime step, so that the sample does not fall on the same head of every layer.
    chosen = [(n * 7919) % maps for n in range(max(1, maps // step))]
    different = FULL + MASKED + 1
    counts = np.zeros(different)
    for n in chosen:
        layer, head = divmod(n, attention.heads)
        found = to_payload(head_codes(attention, layer, head), signed=attention.signed)
        counts += np.bincount(found.ravel(), minlength=different)
    shares = counts[counts > 0] / counts.sum()
    bits = float(-(shares * np.log2(shares)).sum()) * weights.size
    return int(bits / 8 * _OVERHEAD)


def tensors(attention: Attention) -> dict[str, NDArray[np.float32]]:
    """The start of the chain from queries and keys to weights or shares, as far as it is known.

    Returns:
        By name: ``queries`` (layers, heads, queries, d), ``keys`` (layers, key-value heads, keys,
        d), ``values`` (layers, key-value heads, keys, e), ``scale`` and ``softcap`` (layers,),
        ``bias`` (layers, 1 or heads, queries, keys), ``sinks`` (layers, heads); for shares of
        what heads write, ``norms`` (layers, heads, keys) and ``weights`` (layers, heads, queries,
        keys). Query head h reads
        key-value head ⌊h · key-value heads / heads⌋.
    """
    found = {name: getattr(attention, name) for name in ("queries", "keys", "values")}
    for name in ("scale", "softcap", "bias", "sinks"):
        found[name] = getattr(attention.logit_terms, name, None)
    if attention.alphas is not None:
        found |= {"norms": attention.norms, "weights": attention.alphas}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def _remainders(maps: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The numbers in the place of the first code of each row, shape (heads, queries)."""
    first = maps[..., 0]
    beyond = _visible_sum(maps) - FULL + _SHORTFALL
    found: NDArray[np.uint16] = np.where(first == MASKED, first, beyond % (FULL + 1))
    return found.astype(np.uint16)


def _first_codes(maps: NDArray[np.uint16], shortfall: int) -> NDArray[np.uint16]:
    """The first code of each row, which undoes `_remainders`."""
    written = maps[..., 0]
    first = written + FULL - shortfall - _visible_sum(maps[..., 1:])
    found: NDArray[np.uint16] = np.where(written == MASKED, written, first % (FULL + 1))
    return found.astype(np.uint16)


def _visible_sum(maps: NDArray[np.uint16]) -> NDArray[np.int64]:
    """The sums of rows without masked codes."""
    total: NDArray[np.int64] = (maps % MASKED).sum(axis=-1, dtype=np.int64)
    return total


def _saved_bits(codes: NDArray[np.uint16], others: NDArray[np.uint16]) -> int:
    """How many bits fewer some codes take than others."""
    return int(_BITS.take(others).sum()) - int(_BITS.take(codes).sum())


def _planes(numbers: NDArray[np.uint16]) -> bytes:
    return (numbers >> 8).astype(np.uint8).tobytes() + (numbers & 0xFF).astype(np.uint8).tobytes()


def _from_planes(planes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    high, low = planes.reshape(2, -1).astype(np.uint16)
    return np.left_shift(high, 8, dtype=np.uint16) | low


def _float_planes(tensor: NDArray[np.float32]) -> bytes:
    numbers = np.ascontiguousarray(tensor, dtype="<f4")
    return numbers.view(np.uint8).reshape(-1, 4).T.tobytes()


def decode(data: bytes) -> Payload:
    """Read a payload.

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
    listed = {entry["name"]: tuple(entry["shape"]) for entry in header.get("tensors", ())}
    names = header.get("headScores", ())
    size, *sizes = (int(np.prod(s, dtype=np.int64)) for s in (shape, *listed.values()))
    start = 2 * size + 2 * len(names) * shape[0] * shape[1]
    due = start + 4 * sum(sizes)
    if planes.size != due:
        raise ValueError(f"payload holds {planes.size} bytes of numbers where {due} are due")
    maps = np.empty((shape[0] * shape[1], *shape[2:]), np.uint16)
    order = header.get("order", range(len(maps)))
    maps[list(order)] = _from_planes(planes[: 2 * size]).reshape(maps.shape)
    if "remainders" in header:
        maps[..., 0] = _first_codes(maps, header["remainders"])
    scores = _from_planes(planes[2 * size : start]).reshape(-1, *shape[:2])
    carried = {}
    for (name, dimensions), count in zip(listed.items(), sizes, strict=True):
        numbers = planes[start : start + 4 * count].reshape(4, -1).T.copy().view("<f4")
        carried[name] = numbers.astype(np.float32).reshape(dimensions)
        start += 4 * count
    return Payload(
        header=header,
        codes=from_payload(maps.reshape(shape), signed=header.get("signed", False)),
        scores={
            name: np.where(score == NO_SCORE, np.nan, score / 1000)
            for name, score in zip(names, scores, strict=True)
        },
        tensors=carried,
    )


def _header(
    figure: Figure, packed: NDArray[np.uint16], carried: Mapping[str, NDArray[np.float32]]
) -> dict[str, Any]:
    attention, spec = figure.attention, figure.spec
    queries, keys = attention.query_tokens, attention.key_tokens
    header: dict[str, Any] = {
        "version": VERSION,
        "shape": list(packed.shape),
        "layers": clean_names(attention.layer_names),
        "heads": clean_names(attention.head_names),
        "part": attention.part,
        "queries": [visible(token.text) for token in queries],
        "specialQueries": _special(queries),
        "label": clean(attention.label),
    }
    if not attention.same_tokens:
        header["keys"] = [visible(token.text) for token in keys]
        header["specialKeys"] = _special(keys)
    if attention.signed:
        header["signed"] = True
    if attention.is_pair:
        header["segments"] = {
            "queries": [token.segment for token in queries],
            "keys": [token.segment for token in keys],
        }
    header |= _words(attention)
    if figure.head_scores is not None:
        header["headScores"] = list(figure.head_scores)
    if spec.kind.keeps:
        header["tensors"] = [{"name": n, "shape": list(t.shape)} for n, t in carried.items()]
        sums = {"queries", "keys"} <= set(spec.kind.keeps)
        if sums and (missing := logits.missing(attention)):
            header["missing"] = clean(missing)
    return header


def _words(attention: Attention) -> dict[str, Any]:
    """The number of each token's word, where some word is of several tokens."""
    sides = {"queries": attention.query_tokens, "keys": attention.key_tokens}
    if attention.same_tokens:
        del sides["keys"]
    words = {side: [token.word for token in tokens] for side, tokens in sides.items()}
    known = ([word for word in side if word is not None] for side in words.values())
    return {"words": words} if any(len(side) > len(set(side)) for side in known) else {}


def _special(tokens: Sequence[Token]) -> list[int]:
    return [i for i, token in enumerate(tokens) if token.special]


def _deflate(raw: bytes) -> bytes:
    """Compress a payload by the strategy that suits its size; of two, the smaller stream.

    Weights have few repeats. The strategy Z_FILTERED uses long repeats only, and is best up to
    about 64 tokens. Z_RLE is best for longer texts and for very sparse heads, and takes half of the
    time.
    """
    if len(raw) <= _SHORT:
        # Level 6 saves one per cent more here, and takes a third longer.
        return _stream(raw, zlib.Z_FILTERED, 5)
    streams = [_stream(raw, zlib.Z_RLE)]
    if len(raw) <= _SEARCHED:
        streams.append(_stream(raw, zlib.Z_FILTERED))
    return min(streams, key=len)


def _stream(raw: bytes, strategy: int, level: int = 6) -> bytes:
    # Level 9 saves one per cent more than level 6, and takes three to six times as long.
    compressor = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, 8, strategy)
    return compressor.compress(raw) + compressor.flush()
