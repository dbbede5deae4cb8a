"""The package's reader of .safetensors files accepts only what the safetensors package accepts."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from sphinx_attention.core.sources.files.safetensors import SafetensorsError, parse_safetensors

TYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b.c": np.array([True, False]),
    "é": np.array(3, dtype=np.int64),
    "none": np.zeros((0, 4), np.float16),
}
FILE = save(ARRAYS, {"tokens": '["x"]'})


def written(header: object, numbers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def entry(**changes: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}


def test_what_the_package_writes_is_read() -> None:
    read = parse_safetensors(FILE)
    assert read.metadata == {"tokens": '["x"]'}
    assert read.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read.arrays[name], array)
        assert read.arrays[name].dtype == array.dtype


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_read(kind: str) -> None:
    array = np.arange(4).astype(kind)
    (read,) = parse_safetensors(save({"x": array})).arrays.values()
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype


@pytest.mark.models
def test_bfloat16_becomes_float32() -> None:
    import torch
    from safetensors.torch import save as save_torch

    tensor = torch.tensor([0.1, -2.5, 3e38]).to(torch.bfloat16)
    (read,) = parse_safetensors(save_torch({"x": tensor})).arrays.values()
    np.testing.assert_array_equal(read, tensor.float().numpy())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 0),
        struct.pack("<Q", 1 << 63) + b"{}",
        written(b"{"),
        written(b"\xff\xfe"),
        written(b"[" * 100_000),
        written(b'{"x": ' * 50_000),
        written([]),
        written({"x": 3}),
        written({"x": {}}),
        written({"x": entry(dtype=3)}, b"\0" * 8),
        written({"x": entry(dtype="F8_E4M3", data_offsets=[0, 2])}, b"\0" * 2),
        written({"x": entry(shape="2")}, b"\0" * 8),
        written({"x": entry(shape=[2.0])}, b"\0" * 8),
        written({"x": entry(shape=[True, 2])}, b"\0" * 8),
        written({"x": entry(shape=[-2])}, b"\0" * 8),
        written({"x": entry(shape=[1 << 62, 4])}, b"\0" * 8),
        written({"x": entry(shape=[1] * 40 + [2])}, b"\0" * 8),
        written({"x": entry(data_offsets=[0])}, b"\0" * 8),
        written({"x": entry(data_offsets=[8, 0])}, b"\0" * 8),
        written({"x": entry(data_offsets=[0, 8, 8])}, b"\0" * 8),
        written({"x": entry(data_offsets=[1, 9])}, b"\0" * 9),
        written({"x": entry()}, b"\0" * 7),
        written({"x": entry()}, b"\0" * 9),
        written({"x": entry(), "y": entry()}, b"\0" * 8),
        written({"x": entry(), "y": entry(data_offsets=[4, 12])}, b"\0" * 12),
        written({"x": entry(), "y": entry(data_offsets=[12, 20])}, b"\0" * 20),
        written({"__metadata__": []}),
        written({"__metadata__": {"a": 3}}),
        written(b'{"x": 3, "x": 4}'),
        b"\x80\x02}q\x00.",
    ],
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(SafetensorsError):
        parse_safetensors(data)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(FILE) - 1), st.integers(0, 255), st.integers(0, 8))
@example(0, 255, 0)
def test_what_the_package_refuses_is_refused(offset: int, byte: int, cut: int) -> None:
    damaged = FILE[:offset] + bytes([byte]) + FILE[offset + 1 : len(FILE) - cut]
    try:
        theirs = dict(deserialize(damaged))
    except SafetensorError:
        with pytest.raises(SafetensorsError):
            parse_safetensors(damaged)
        return
    try:
        ours = parse_safetensors(damaged).arrays
    except SafetensorsError:
        # The damaged header names a type that NumPy lacks, or only changes a name.
        return
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert list(array.shape) == theirs[name]["shape"]
        if theirs[name]["dtype"] != "BF16":
            assert array.tobytes() == bytes(theirs[name]["data"])
