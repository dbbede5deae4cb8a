"""Matrices in files of every kind."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


HALVES = [[0.5, 0.5], [0.3, 0.7]]
SQUARE = np.array(HALVES)
CAUSAL = np.array([[1, 0], [0.5, 0.5]])
LATER = np.array([[False, True], [False, False]])


def npy(array: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def npz(save: Callable[..., None] = np.savez, **arrays: Any) -> bytes:
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


def dumped(**entries: Any) -> bytes:
    return json.dumps(entries).encode()


def tensors(about: dict[str, Any], data: bytes) -> bytes:
    """A .safetensors file, built by hand."""
    text = json.dumps(about).encode()
    return struct.pack("<Q", len(text)) + text + data
