"""The arrays of an entry: how they are packed and unpacked, and which numbers are allowed.

Weights are kept as ``floor(8000 w)``. Every number that a page shows is rounded to thousandths. The
borders of that rounding, (n + ½)/1000, are multiples of 1/8000. A page therefore shows exactly what
it would show from the model's own float, although an entry takes a third of the room. The error of
a weight is at most 1/16000 (1/8000 below that size).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import UnfitError
from .entry_header import (
    ENCODINGS,
    FREE_NUMBERS,
    IN_COMMON,
    NUMBERS_A_BYTE,
    OF_HEADS,
    SUMMARY_ENCODINGS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention

    from .entry_header import Header

STEPS = 8000
"""Steps of a weight from 0 to 1."""

TENSORS = ("queries", "keys", "values", "norms", "alphas")
"""The tensors of an attention that an entry may hold beside its weights."""

LOGIT_TERMS = ("scale", "softcap", "bias", "sinks")
"""The arrays that say how queries and keys become weights."""

PICTURE = ("pixels", "palette")
"""The arrays of the picture that the model saw."""

_LARGEST = 1e9
"""The largest number of queries, keys, values and logits. Sums of their products stay finite in
single precision."""

_MOST_STEPS = STEPS * 21 // 20
"""The largest sum of a row, in steps. Rows of half precision sum to a little more than 1."""


def arrays_of(attention: Attention) -> dict[str, NDArray[Any]]:
    """The arrays of an entry in the types of their encodings, the weights first."""
    lowest, highest = float(attention.weights.min()), float(attention.weights.max())
    # Comparisons with NaN are false.
    if not (lowest >= 0 and highest <= _MOST_STEPS / STEPS):
        raise UnfitError(f"weights from {lowest:g} to {highest:g}")
    # Without the small addend, 0.9999999 of a saturated row would become one step less than 1.
    steps = np.floor(attention.weights.astype(np.float64) * STEPS + 1e-6).astype(np.uint16)
    # Masked weights are drawn as masked. Some models give them a number.
    steps[np.broadcast_to(attention.masked[:, np.newaxis], steps.shape)] = 0
    arrays: dict[str, Any] = {"weights": steps, "masked": attention.masked}
    arrays |= {name: getattr(attention, name) for name in TENSORS}
    arrays |= {
        f"scoring.{name}": getattr(attention.logit_terms, name, None) for name in LOGIT_TERMS
    }
    if (summary := attention.summary) is not None:
        arrays |= {f"{OF_HEADS}{name}": array for name, array in summary.arrays.items()}
        arrays |= {f"{IN_COMMON}{name}": array for name, array in summary.common.items()}
    arrays |= {f"picture.{name}": getattr(attention.picture, name, None) for name in PICTURE}
    return {name: array for name, array in arrays.items() if array is not None}


def _encoding(name: str, array: NDArray[Any]) -> str:
    """The encoding of an array. An array of a summary has the encoding of its type."""
    if name in ENCODINGS:
        return ENCODINGS[name]
    if str(array.dtype) not in SUMMARY_ENCODINGS:
        raise UnfitError(f"{name} are of type {array.dtype}, not {', '.join(SUMMARY_ENCODINGS)}")
    return str(array.dtype)


def pack_arrays(
    tensors: Mapping[str, NDArray[Any]],
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The description of the arrays for the header, and the bytes of each array."""
    arrays, blobs = _packed(tensors)
    numbers = sum(array.size for name, array in tensors.items() if name != "masked")
    if numbers > max(FREE_NUMBERS, NUMBERS_A_BYTE * sum(map(len, blobs))):
        # Readers refuse entries in which few bytes become very many numbers. Without the search for
        # runs the arrays take more bytes, and readers accept them.
        arrays, blobs = _packed(tensors, zlib.Z_HUFFMAN_ONLY)
    return arrays, blobs


def _packed(
    tensors: Mapping[str, NDArray[Any]], strategy: int | None = None
) -> tuple[list[dict[str, Any]], list[bytes]]:
    arrays: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for name, array in tensors.items():
        encoding = _encoding(name, array)
        blob = _deflate(_ENCODERS[encoding](array), encoding, strategy)
        arrays.append(
            {"name": name, "encoding": encoding, "shape": list(array.shape), "bytes": len(blob)}
        )
        blobs.append(blob)
    return arrays, blobs


def _deflate(raw: bytes, encoding: str, strategy: int | None = None) -> bytes:
    # Weights have runs of equal numbers, mostly zeros, and few other repetitions. A search for runs
    # alone is about fifty times faster than a full search, and the result is mostly smaller.
    usual = zlib.Z_RLE if encoding == "steps" else zlib.Z_DEFAULT_STRATEGY
    deflating = zlib.compressobj(strategy=usual if strategy is None else strategy)
    return deflating.compress(raw) + deflating.flush()


def _planes(values: NDArray[np.uint16]) -> bytes:
    """All high bytes, then all low bytes. The high bytes are mostly zero and compress well."""
    return (values >> 8).astype(np.uint8).tobytes() + (values & 255).astype(np.uint8).tobytes()


def read_arrays(header: Header, data: memoryview) -> dict[str, NDArray[Any]]:
    """The arrays of an entry, whose header has passed all checks.

    Raises:
        UnfitError: an array of another size, or a number that cannot be right.
        zlib.error: an array that cannot be inflated.
    """
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for info in header.arrays:
        bytes_of, decode = _DECODERS[info.encoding]
        size = bytes_of(info.count)
        inflating = zlib.decompressobj()
        # At most as many bytes as the shape needs. Data that inflates to more is refused below.
        raw = inflating.decompress(data[offset : offset + info.bytes], size)
        if len(raw) != size or inflating.unconsumed_tail or not inflating.eof:
            raise UnfitError(f"{info.name} of the shape {info.shape} have another size")
        offset += info.bytes
        # Bits are padded to whole bytes. The shape tells how many of them count.
        arrays[info.name] = decode(raw)[: info.count].reshape(info.shape)
    check_numbers(header, arrays)
    return arrays


def check_numbers(header: Header, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Check the numbers of all arrays, whose shapes are right.

    Raises:
        UnfitError: a number that cannot be right.
    """
    for name, numbers in arrays.items():
        if _encoding(name, numbers) == "float32":
            _check_floats(name, numbers)
    if header.grid is not None:
        most, colours = int(arrays["picture.pixels"].max()), len(arrays["picture.palette"])
        if most >= colours:
            raise UnfitError(f"a pixel has the colour {most}, and there are {colours} colours")
    _check_rows(header, arrays["weights"], arrays["masked"])


def _check_floats(name: str, numbers: NDArray[np.float32]) -> None:
    # A sink of minus infinity means that the head has no sink.
    none = np.isneginf(numbers) if name == "scoring.sinks" else np.zeros(1, np.bool_)
    # Some models use a very negative bias as a mask. A bias is only added, never multiplied.
    most = np.finfo(np.float32).max if name == "scoring.bias" else _LARGEST
    fits = (np.abs(numbers) <= most) | none
    if not fits.all():
        raise UnfitError(f"{name} hold {numbers[~fits].flat[0]}, and not only numbers to {most:g}")
    if name == "alphas" and float(numbers.max(initial=0)) > _MOST_STEPS / STEPS:
        raise UnfitError(f"{name} hold {numbers.max()}, which is more than 1")
    if name in {"scoring.softcap", "norms", "alphas"} and bool((numbers < 0).any()):
        raise UnfitError(f"{name} hold {numbers.min()}, which is below 0")


def _check_rows(header: Header, steps: NDArray[np.uint16], masked: NDArray[np.bool_]) -> None:
    # Heads that share a mask are checked together, by the largest weight of all of them.
    largest = steps.max(axis=(0, 1), keepdims=True)[0] if len(masked) == 1 else steps.max(axis=1)
    most = int(largest.max())
    if most > _MOST_STEPS:
        raise UnfitError(f"a weight is {most / STEPS:.3f}, which is more than 1")
    if bool(largest[masked].any()):
        raise UnfitError("weights are not zero where they are masked")
    if header.candidates and not masked[:, np.triu(np.ones(masked.shape[1:], np.bool_), 1)].all():
        raise UnfitError(
            "a token sees a later one, which a model that goes on from a text does not let it"
        )
    if header.rows_sum_to_one:
        most = int(np.einsum("lhqk->lhq", steps, dtype=np.uint32).max())
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
    # Each weight is the middle of its step, except that 0 stays 0 and 1 stays 1.
    middle = (np.arange(_MOST_STEPS + 1) + 0.5) / STEPS
    middle[0] = 0.0
    return np.minimum(middle, 1.0).astype(np.float32)


WEIGHTS = _weights()
"""The weight of each step."""

_ENCODERS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    "steps": _planes,
    "bits": lambda array: np.packbits(array).tobytes(),
    "float32": lambda array: array.astype("<f4").tobytes(),
    "uint8": lambda array: array.tobytes(),
    "uint16": _planes,
    "int32": lambda array: array.astype("<i4").tobytes(),
}

# For each encoding: the number of bytes for a count of numbers, and the function that decodes them.
_DECODERS: dict[str, tuple[Callable[[int], int], Callable[[bytes], NDArray[Any]]]] = {
    "steps": (lambda count: 2 * count, _decode_steps),
    "bits": (lambda count: -(-count // 8), _decode_bits),
    "float32": (lambda count: 4 * count, _decode_float32),
    "uint8": (lambda count: count, lambda raw: np.frombuffer(raw, dtype=np.uint8)),
    "uint16": (lambda count: 2 * count, _decode_steps),
    "int32": (lambda count: 4 * count, lambda raw: np.frombuffer(raw, "<i4").astype(np.int32)),
}
