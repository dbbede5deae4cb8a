"""Files that are not matrices: the message names the mistake, and quotes no other content."""

from __future__ import annotations

import gzip
import pickle
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save as safetensors

from sphinx_attention.core.errors import AttentionError, Problem
from tests.core.sources.matrix_files import (
    CAUSAL,
    HALVES,
    LATER,
    SQUARE,
    dumped,
    npy,
    npz,
    tensors,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.attention import Attention


def header(shape: str, descr: str = "'<f8'", version: bytes = b"\x01\x00") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


def zip_fields(data: bytes, central: dict[int, int], local: dict[int, int] | None = None) -> bytes:
    """A zip archive with other 16-bit numbers at given places of its headers.

    The places are those of the format (APPNOTE.TXT 4.3.7 and 4.3.12). Other zip writers, and even
    versions of Python, put different numbers there.
    """
    changed = bytearray(data)
    for mark, fields in ((b"PK\x03\x04", local or {}), (b"PK\x01\x02", central)):
        start = data.index(mark)
        for place, number in fields.items():
            struct.pack_into("<H", changed, start + place, number)
    return bytes(changed)


def model() -> bytes:
    names = [f"layers.{n}.attention.{p}.weight" for n in range(6) for p in "qkv"]
    return safetensors({name: np.zeros((4, 4), np.float32) for name in names})


STEPS = [[np.full((1, 2, n, n), 1 / n).tolist()] for n in (4, 5)]

MISTAKES: dict[str, tuple[str, bytes, str]] = {
    # Files of another kind
    "empty": ("w.npy", b"", "cannot be read: it is empty"),
    "Git LFS": (
        "w.npz",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        "it is a pointer of Git LFS, not the file: run `git lfs pull`",
    ),
    "Git LFS, safetensors": ("w.safetensors", b"version https://git-lfs\n", "git lfs pull"),
    "Git LFS, csv": ("w.csv", b"version https://git-lfs\n", "git lfs pull"),
    "GGUF": ("w.gguf", b"GGUF\x03", "such a file holds a model's parameters"),
    "GGUF, renamed": ("w.safetensors", b"GGUF\x03\0\0\0", "it is a GGUF file"),
    "a web page": ("w.csv", b"<!DOCTYPE html>\n<html>", "was the download a page about the file?"),
    "gzip": ("w.csv", gzip.compress(b"1"), "it is packed with gzip; unpack it first"),
    "npy as npz": ("w.npz", npy(SQUARE), "it is an .npy file with another ending"),
    "npz as npy": ("w.npy", npz(weights=SQUARE), ".npz if NumPy wrote it"),
    "a workbook": ("w.csv", zipped(sheet=b"1"), "a workbook has to be saved as .csv"),
    "a pickle": ("w.npy", pickle.dumps(SQUARE), "pickled files run code when they are read"),
    "torch": ("w.pt", b"PK\x03\x04", "never read; save the weights with `numpy.savez"),
    "torch as npz": ("w.npz", zipped(**{"archive/data.pkl": b""}).replace(b"pkl.npy", b"pkl\0\0\0\0"), "w.npz"),
    "text": ("w.txt", b"1", "give it the ending .csv"),
    "Excel": ("w.xlsx", b"PK", "save the sheet as .csv"),
    "HDF5": ("w.h5", b"\x89HDF", "save the weights with `numpy.savez"),
    "unknown": ("w.weights", b"", "unknown kind of file; use one of .csv .json .npy .npz"),
    "PDF": ("w.json", b"%PDF-1.7", "it is a PDF"),
    # Damaged or hostile files
    "npy, cut off": ("w.npy", npy(SQUARE)[:-8], "promises 32 bytes of numbers, and 24 are there"),
    "npy, too long": ("w.npy", npy(SQUARE) + b"x", "promises 32 bytes of numbers, and 33"),
    "npy, 16 TiB": (
        "w.npy",
        header("(2199023255552,)"),
        "promises 17,592,186,044,416 bytes of numbers, and 0 are there",
    ),
    "npy, negative": ("w.npy", header("(-1, -1)"), "is not that of attention weights"),
    "npy, version 9": ("w.npy", header("(1,)", version=b"\x09\x00"), "is of version 9.0"),
    "npy, no header": ("w.npy", b"\x93NUMPY\x01\x00\xff\xff{", "its header is damaged"),
    "npy, nested header": ("w.npy", header("(" * 2000), "its header is damaged"),
    "npy, records": ("w.npy", npy(np.zeros(2, [("a", "f8")])), "records, not numbers"),
    "npy, objects": (
        "w.npy",
        npy(np.array([{"a": 1}], dtype=object), allow_pickle=True),
        "pickled objects are never read; make one array of numbers: of `generate()`'s nested",
    ),
    "npz, objects": (
        "w.npz",
        npz(weights=np.array([None, 1.0], dtype=object)),
        "pickled objects are never read",
    ),
    "npz, no zip": ("w.npz", b"PK\x03\x04 and nothing", "it is not a zip archive"),
    "npz, damaged": (
        "w.npz",
        npz(np.savez_compressed, weights=np.full((9, 9), 1 / 9))[:140] + b"\xff" * 300,
        "cannot be read",
    ),
    "npz, another version": (
        "w.npz",
        zip_fields(npz(weights=SQUARE), {6: 255}),
        "cannot be read",
    ),
    "npz, encrypted": (
        "w.npz",
        zip_fields(zipped(weights=npy(SQUARE)), {8: 1}, {6: 1}),
        "a part of it is encrypted",
    ),
    "npz, packed in another way": (
        "w.npz",
        zip_fields(zipped(weights=npy(SQUARE)), {10: 99}, {8: 99}),
        "packed in a way that is not known",
    ),
    "npz, 4 GB unpacked": (
        "w.npz",
        patched(zipped(weights=b"x" * 77), struct.pack("<II", 77, 77), struct.pack("<II", 77, 2**32 - 2)),
        "it promises 4,294,967,294 bytes unpacked",
    ),
    "npz, a part is 16 TiB": (
        "w.npz",
        zipped(weights=header("(2199023255552,)")),
        "promises 17,592,186,044,416 bytes",
    ),
    "npz, no weights": (
        "w.npz",
        npz(a=SQUARE, b=SQUARE),
        'holds no array "weights" (its arrays: a, b)',
    ),
    "json, cut off": ("w.json", b'{"weights": [[1', "it is not JSON (line 1:"),
    "json, deep": ("w.json", b"[" * 200_000, "nested too deep"),
    "json, deep and closed": ("w.json", b"[" * 900 + b"1" + b"]" * 900, "cannot be read"),
    "json, long number": ("w.json", b"[[" + b"9" * 5000 + b"]]", "it is not JSON (ValueError)"),
    "json, large number": ("w.json", b"[[" + b"9" * 400 + b"]]", "larger than a float can be"),
    "safetensors, long header": (
        "w.safetensors",
        struct.pack("<Q", 2**60) + b"{}",
        "its header promises 1,152,921,504,606,846,976 bytes, and 2 are there",
    ),
    "safetensors, no header": ("w.safetensors", struct.pack("<Q", 2) + b"{{", "header is damaged"),
    "safetensors, cut off": ("w.safetensors", safetensors({"w": SQUARE})[:-8], "does not fit"),
    "csv, no text": ("w.csv", b"\xff\x00\x01", "line 1 is not UTF-8; save the file as UTF-8"),
    "csv, NUL": ("w.csv", b"0.5,\0", "it is not a text: it holds NUL"),
    "csv, a field without end": ("w.csv", b'"' + b"x" * 200_000 + b",1", "is not a row of a .csv file"),
    # Numbers that are no attention weights
    "a model's parameters": ("w.safetensors", model(), "it holds 18 parameters of a model"),
    "float8": (
        "w.safetensors",
        tensors({"w": {"dtype": "F8_E4M3", "shape": [2, 2], "data_offsets": [0, 4]}}, b"\0" * 4),
        "save it as float32: `weights.float()`",
    ),
    "one weight a word": ("w.npy", npy([0.2, 0.8]), "one weight a word, are one row"),
    "one weight a word, csv": ("w.csv", b"0.2,0.8\n", "one weight a word is one row of the matrix"),
    "no axes": ("w.npy", npy(0.5), "the shape ()"),
    "empty axis": ("w.npy", npy(np.zeros((0, 2))), "one of the axes is empty"),
    "six axes": ("w.npy", npy(np.full((2, 1, 1, 1, 2, 2), 0.5)), "take one step and one text"),
    "a batch of four": (
        "w.npy",
        npy(np.full((6, 4, 12, 2, 2), 0.5)),
        "(6, 4, 12, 2, 2); they need (queries, keys), (heads, queries, keys) or (layers, heads, queries, keys); five axes are (layers, batch, heads, queries, keys), as `torch.stack(outputs.attentions)` makes them: take one of the 4 texts of the batch, `weights[:, 0]`",
    ),
    "generate, json": ("w.json", dumped(weights=STEPS), "take one step, `attentions[0]`"),
    "texts": ("w.npy", npy(np.array([["a", "b"]])), "the weights are texts, not real numbers"),
    "truth values": ("w.npy", npy(np.eye(2, dtype=bool)), "truth values (bool)"),
    "complex": ("w.npy", npy(SQUARE + 0j), "complex128, not real numbers"),
    "other tokens": ("w.npy", npy(np.full((4, 4), 0.25)), "two more may be [CLS] and [SEP]"),
    "many other tokens": ("w.npy", npy(np.full((12, 9, 9), 1 / 9)), "2 tokens and 9 rows in each of 12 heads"),
    "heads last": ("w.npy", npy(np.full((2, 2, 12), 0.5)), "`weights.transpose(2, 0, 1)` has 12"),
    "not square": ("w.npy", npy(np.full((2, 5), 0.2)), "with query_tokens and key_tokens"),
    "names that do not fit": ("w.json", dumped(weights=HALVES, tokens=["a"]), "names 1 tokens for its rows"),
    "tokens that are none": ("w.json", dumped(weights=HALVES, tokens="the cat"), "tokens is not a list"),
    "tokens with numbers": ("w.json", dumped(weights=HALVES, tokens=["a", 1]), "tokens is not a list"),
    "a misspelt entry": ("w.json", dumped(weights=HALVES, key_token=["a"]), "did you mean 'key_tokens'?"),
    "no entry": ("w.json", dumped(matrix=HALVES), 'has no entry "weights"'),
    "ragged": ("w.json", b"[[1, 0], [1]]", "row 1 has 1 numbers, row 0 has 2"),
    "a text for a number": ("w.json", b'[["0.5", 0.5], [0.3, 0.7]]', "weights[0][0] is a text"),
    "true for a number": ("w.json", b"[[true, 0], [0.3, 0.7]]", "weights[0][0] is a truth value"),
    "numbers beside lists": ("w.json", b"[[0.5, [0.5]], [0.3, 0.7]]", "stand side by side"),
    "a number": ("w.json", b"0.5", "the weights are a number, not lists"),
    "nan": ("w.json", b"[[NaN, 1], [0, 1]]", "row 0, column 0 is not a finite number (nan)"),
    "a mask to add": (
        "w.npz",
        npz(weights=CAUSAL, masked=np.where(LATER, -np.inf, 0)),
        "a mask that is added to logits, of 0 and minus infinity, is made into one by `mask < 0`",
    ),
    "the opposite mask": ("w.npz", npz(weights=CAUSAL, masked=~LATER), "looks like its opposite"),
    "a mask of another shape": ("w.npz", npz(weights=CAUSAL, masked=np.zeros((3, 3))), "it needs (2, 2)"),
    "csv, words": ("w.csv", b"0.5,0.5\n0.3,zero\n", "line 2: 'zero' is not a number"),
    "csv, an empty cell": ("w.csv", b"0.5,0.5\n,0.7\n", "line 2: a cell is empty; write - where"),
    "csv, ragged": ("w.csv", b"0.5,0.5\n0.3\n", "line 2: row 1 has 1 numbers, row 0 has 2"),
    "csv, commas for points": ("w.csv", b"0,5 0,5\n0,3 0,7\n", "write 0.5 with a point"),
    "csv, header too long": ("w.csv", b"a,b,c\n0.5,0.5\n0.3,0.7\n", "the header names 3 columns"),
    "csv, lists": ("w.csv", b"[[0.5, 0.5], [0.3, 0.7]]", "name the file .json"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "says"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(opened: Callable[..., Attention], name: str, data: bytes, says: str) -> None:
    with pytest.raises(AttentionError) as caught:
        opened(name, data)
    assert caught.value.message.startswith(name)
    assert says in caught.value.message
    assert caught.value.problem in {Problem.MATRIX, Problem.TEXT}
    assert caught.value.line is None  # A line of the file is no line of the page.


@pytest.mark.parametrize(
    ("tokens", "text", "says"),
    [
        (["\ud800", "b"], "", "token 0 is not a text: it holds half of a character (surrogate)"),
        (["a" * 10_000_000, "b"], "", "token 0 has 10,000,000 characters, and 1,000 are drawn"),
        (["a", "b"], "a b c", "names 2 tokens, which are not those of the sentence; remove the"),
    ],
)
def test_tokens_that_cannot_be_drawn(
    opened: Callable[..., Attention], tokens: list[str], text: str, says: str
) -> None:
    with pytest.raises(AttentionError) as caught:
        opened("w.json", dumped(weights=HALVES, tokens=tokens), text)
    assert says in caught.value.message
    assert len(caught.value.message) < 300


SECRETS = {
    "words": b"password=hunter2\nuser=root\n",
    "words and commas": b"user,password\nroot,hunter2\n",
    "an ini": b"[default]\naws_secret_access_key = hunter2\n",
    "a key": b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
    "lists": b"[[hunter2]]\nname = 1\n",
    "semicolons": b"hunter2;1\n",
    "a shadow": b"root:hunter2:19000:0:99999:7:::\n",
    "JSON": b'{"token": "hunter2", "weights": "hunter2"}',
    "JSON, cut": b'{"hunter2',
    "a list": b'["hunter2", "b"]',
    "misspelt": b'{"weight": "hunter2", "hunter2": 1}',
    "a title": b"head hunter2\nHead 1 hunter2",
}


@pytest.mark.parametrize("kind", ["csv", "json", "npy", "npz", "safetensors"])
@pytest.mark.parametrize("data", SECRETS.values(), ids=SECRETS)
def test_no_message_quotes_a_file_that_is_not_numbers(
    opened: Callable[..., Attention], data: bytes, kind: str
) -> None:
    with pytest.raises(AttentionError) as caught:
        opened(f"w.{kind}", data)
    assert "hunter2" not in caught.value.message
    assert "password" not in caught.value.message


def test_what_a_message_quotes_is_short(opened: Callable[..., Attention]) -> None:
    with pytest.raises(AttentionError) as caught:
        opened("w.csv", b"0.5,0.5\n0.3," + b"s3cret" * 100 + b"\n")
    assert "'s3crets3crets3crets3' is not a number" in caught.value.message
