"""A sound entry, and entries with another header or other arrays under a right checksum."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from sphinx_attention.core.attention import Attention, LogitTerms
from sphinx_attention.core.store.entry import (
    pack,
)
from tests.core.entries import REQUEST, attention


def whole(size: int = 5) -> Attention:
    """An attention with every part that an entry can hold."""
    rng = np.random.default_rng(4)
    given_ = attention(size=size, layers=2, heads=2)
    vectors = {
        name: rng.normal(size=(2, heads, size, 4)).astype(np.float32)
        for name, heads in (("queries", 2), ("keys", 1), ("values", 1))
    }
    logit_terms = LogitTerms(
        scale=np.full(2, 0.5, np.float32),
        softcap=np.array([0, 30], np.float32),
        bias=rng.normal(size=(2, 1, size, size)).astype(np.float32),
        sinks=np.array([[-np.inf, 0.5], [0.1, 0.2]], np.float32),
    )
    norms = rng.uniform(0, 3, size=(2, 2, size)).astype(np.float32)
    return replace(
        given_,
        logit_terms=logit_terms,
        layer_names=("3", "7"),
        norms=norms,
        alphas=given_.weights,
        **vectors,
    )


ENTRY = pack(REQUEST, whole())
LENGTH = int.from_bytes(ENTRY[40:44], "little")
HEADER: dict[str, Any] = json.loads(ENTRY[44 : 44 + LENGTH])
BLOBS = ENTRY[44 + LENGTH :]


def sealed(header: Any, blobs: bytes = BLOBS) -> bytes:
    """An entry with a right checksum."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = len(text).to_bytes(4, "little") + text + blobs
    return ENTRY[:8] + hashlib.blake2b(body, digest_size=32).digest() + body


def arrays() -> dict[str, tuple[dict[str, Any], bytes]]:
    """The header's description of each array, and the bytes of the array."""
    found, offset = {}, 0
    for info in HEADER["arrays"]:
        found[info["name"]] = info, BLOBS[offset : offset + info["bytes"]]
        offset += info["bytes"]
    return found


def with_array(name: str, raw: bytes, **changes: Any) -> bytes:
    """An entry in which one array has other bytes or another description."""
    parts = arrays()
    blob = zlib.compress(raw)
    parts[name] = {**parts[name][0], "bytes": len(blob), **changes}, blob
    header = {**HEADER, "arrays": [info for info, _ in parts.values()]}
    return sealed(header, b"".join(blob for _, blob in parts.values()))


def steps(numbers: Any) -> bytes:
    values = np.broadcast_to(np.asarray(numbers, np.uint16), (2, 2, 5, 5))
    return (values >> 8).astype(np.uint8).tobytes() + (values & 255).astype(np.uint8).tobytes()


def floats(name: str, number: float) -> bytes:
    info, _ = arrays()[name]
    values = np.zeros(info["shape"], np.float32)
    values.flat[0] = number
    return values.astype("<f4").tobytes()
