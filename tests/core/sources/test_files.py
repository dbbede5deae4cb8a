"""Matrices in files of every supported kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import save as safetensors

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import MatrixSource, Request
from sphinx_attention.core.sources.matrix import read
from tests.core.sources.matrix_files import CAUSAL, HALVES, LATER, SQUARE, dumped, npy, npz, tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sphinx_attention.core.attention import Attention
CROSS = np.random.default_rng(0).dirichlet(np.ones(5), size=7)
DUTCH = ["de", "kat", "zat", "op", "de", "mat", "."]
ENGLISH = ["the", "cat", "sat", "down", "."]


SAME = {
    "npy": ("w.npy", npy(SQUARE)),
    "npy, float16": ("w.npy", npy(np.array([[0.5, 0.5], [0.25, 0.75]], dtype=np.float16))),
    "npy, big endian, Fortran": ("w.npy", npy(np.asfortranarray(SQUARE.astype(">f8")))),
    "npy, version 2": ("w.npy", npy(SQUARE).replace(b"NUMPY\x01\x00v\x00", b"NUMPY\x02\x00v\x00\0\0")),
    "npz": ("w.npz", npz(weights=SQUARE)),
    "npz, packed": ("w.npz", npz(np.savez_compressed, weights=SQUARE)),
    "npz, another name": ("w.npz", npz(attention=SQUARE, tokens=np.array(["the", "cat"]))),
    "npz, bytes": ("w.npz", npz(weights=SQUARE, tokens=np.array([b"the", b"cat"]))),
    "json, lists": ("w.json", json.dumps(HALVES).encode()),
    "json, object": ("w.json", dumped(weights=HALVES, model="mine")),
    "safetensors": ("w.safetensors", safetensors({"weights": SQUARE})),
    "safetensors, float16": ("w.safetensors", safetensors({"x": SQUARE.astype(np.float16)})),
    "csv": ("w.csv", b"0.5,0.5\n0.3,0.7\n"),
    "csv, byte order mark": ("w.csv", "0.5,0.5\n0.3,0.7\n".encode("utf-8-sig")),
    "csv, UTF-16": ("w.csv", "0.5,0.5\n0.3,0.7\n".encode("utf-16")),
    "csv, carriage returns": ("w.csv", b"0.5,0.5\r\n0.3,0.7\r\n"),
    "csv, semicolons": ("w.csv", b"0.5;0.5\n0.3;0.7\n"),
    "csv, decimal commas": ("w.csv", b"0,5;0,5\n0,3;0,7\n"),
    "csv, quoted decimal commas": ("w.csv", b'"0,5","0,5"\n"0,3","0,7"\n'),
    "csv, tabs": ("w.csv", b"0.5\t0.5\n0.3\t0.7\n"),
    "csv, spaces": ("w.csv", b"5.0e-01 5.0e-01\n3.0e-01 7.0e-01\n"),
    "csv, commas and spaces": ("w.csv", b"0.5, 0.5\n0.3, 0.7\n"),
    "csv, trailing commas": ("w.csv", b"0.5,0.5,\n0.3,0.7,\n"),
    "csv, comment": ("w.csv", b"# by hand\n0.5,0.5\n0.3,0.7\n"),
    "csv, percent": ("w.csv", b"50%,50%\n30%,70%\n"),
    "csv, labels": ("w.csv", b",the,cat\nthe,0.5,0.5\ncat,0.3,0.7\n"),
    "csv, a header": ("w.csv", b"the,cat\n0.5,0.5\n0.3,0.7\n"),
    "csv, labelled rows": ("w.csv", b"the,0.5,0.5\ncat,0.3,0.7\n"),
    "csv, quoted": ("w.csv", b'"","the","cat"\n"the",0.5,0.5\n"cat",0.3,0.7\n'),
    "csv, a data frame": ("w.csv", b",0,1\n0,0.5,0.5\n1,0.3,0.7\n"),
    "csv, a named corner": ("w.csv", b"token,the,cat\nthe,0.5,0.5\ncat,0.3,0.7\n"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data"), SAME.values(), ids=SAME)
def test_the_same_matrix_from_every_kind_of_file(
    opened: Callable[..., Attention], name: str, data: bytes
) -> None:
    one = opened(name, data)
    expected = [[0.5, 0.5], [0.25, 0.75]] if b"<f2" in data and name == "w.npy" else HALVES
    assert_allclose(one.weights[0, 0], expected, atol=1e-3 if "safetensors" in name else 1e-7)
    assert [token.text for token in one.query_tokens] == ["the", "cat"]
    assert not one.masked.any()


def test_bfloat16(opened: Callable[..., Attention]) -> None:
    """A bfloat16 is the upper half of a 32-bit float. NumPy has no such type."""
    halves = (np.array([[0.5, 0.5], [0.25, 0.75]], np.float32).view(np.uint32) >> 16).astype("<u2")
    about = {"weights": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}
    data = tensors(about, halves.tobytes())
    assert_allclose(opened("w.safetensors", data).weights[0, 0], [[0.5, 0.5], [0.25, 0.75]])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 2), (1, 1)), ((3, 2, 2), (1, 3)), ((4, 3, 2, 2), (4, 3)), ((4, 1, 3, 2, 2), (4, 3))],
)
def test_axes(opened: Callable[..., Attention], shape: Any, expected: Any) -> None:
    """Five axes are those of `torch.stack(outputs.attentions)`: its batch holds one text."""
    for name, data in (
        ("w.npy", npy(np.full(shape, 0.5))),
        ("w.json", dumped(weights=np.full(shape, 0.5).tolist())),
    ):
        assert opened(name, data).weights.shape[:2] == expected


CROSSES = {
    "npz": ("w.npz", npz(weights=CROSS, query_tokens=np.array(DUTCH), key_tokens=np.array(ENGLISH))),
    "npz, tokens": ("w.npz", npz(weights=CROSS, tokens=np.array(DUTCH), key_tokens=np.array(ENGLISH))),
    "json": ("w.json", dumped(weights=CROSS.tolist(), query_tokens=DUTCH, key_tokens=ENGLISH)),
    "safetensors": (
        "w.safetensors",
        safetensors(
            {"weights": CROSS},
            {"query_tokens": json.dumps(DUTCH), "key_tokens": json.dumps(ENGLISH)},
        ),
    ),
    "csv": (
        "w.csv",
        "\n".join(
            ",".join(map(str, row))
            for row in [["", *ENGLISH], *([q, *r] for q, r in zip(DUTCH, CROSS.tolist(), strict=True))]
        ).encode(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data"), CROSSES.values(), ids=CROSSES)
@pytest.mark.parametrize("text", ["", "De kat zat op de mat ."])
def test_cross_attention_of_seven_words_to_five(
    opened: Callable[..., Attention], name: str, data: bytes, text: str
) -> None:
    one = opened(name, data, text)
    assert_allclose(one.weights[0, 0], CROSS, atol=1e-6)
    assert [token.text for token in one.query_tokens] == (text.split() or DUTCH)
    assert [token.text for token in one.key_tokens] == ENGLISH
    assert one.part == "cross"


MASKS = {
    "npz": ("w.npz", npz(weights=CAUSAL, masked=LATER)),
    "npz, numbers": ("w.npz", npz(weights=CAUSAL, masked=LATER.astype(np.int64))),
    "json": ("w.json", dumped(weights=CAUSAL.tolist(), masked=LATER.tolist())),
    "json, null": ("w.json", dumped(weights=[[1, None], [0.5, 0.5]])),
    "safetensors": ("w.safetensors", safetensors({"weights": CAUSAL, "masked": LATER})),
    "csv": ("w.csv", b"1,-\n0.5,0.5\n"),
    "csv, spaces": ("w.csv", b"1 -\n0.5 0.5\n"),
}


@pytest.mark.parametrize(("name", "data"), MASKS.values(), ids=MASKS)
def test_masked_cells(opened: Callable[..., Attention], name: str, data: bytes) -> None:
    one = opened(name, data)
    assert_allclose(one.weights[0, 0], CAUSAL)
    assert one.masked[0].tolist() == LATER.tolist()


def test_a_mask_a_layer(opened: Callable[..., Attention]) -> None:
    weights = np.stack([[CAUSAL, CAUSAL], [SQUARE, SQUARE]])
    masked = np.stack([LATER, np.zeros_like(LATER)])
    one = opened("w.npz", npz(weights=weights, masked=masked))
    assert one.masked.tolist() == masked.tolist()


def test_special_tokens_of_a_file(opened: Callable[..., Attention]) -> None:
    one = opened("w.json", dumped(weights=HALVES, tokens=["x", "y"], special=["y"]), "")
    assert [token.special for token in one.query_tokens] == [False, True]
    one = opened("w.json", dumped(weights=HALVES, tokens=["[CLS]", "play"]), "")
    assert [token.special for token in one.query_tokens] == [True, False]


def test_tokens_of_a_file_serve_where_the_words_do_not_fit(
    opened: Callable[..., Attention],
) -> None:
    data = dumped(weights=HALVES, tokens=["play", "##ing"])
    one = opened("w.json", data, "playing")
    assert [(token.text, token.word) for token in one.query_tokens] == [("play", 0), ("##ing", 0)]


def test_a_file_that_changes_during_the_build_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("1")
    source = MatrixSource(path="w.csv", file=str(tmp_path / "w.csv"), digest="0" * 64)
    with pytest.raises(AttentionError, match="has changed while the notes were built"):
        read(Request(source, "a"))
