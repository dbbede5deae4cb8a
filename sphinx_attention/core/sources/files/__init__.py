"""Matrices in files: the kinds that can be read, and advice about files of other kinds."""

from __future__ import annotations

import hashlib
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.author_files import LARGEST_FILE, read_author_file
from sphinx_attention.core.sources.numbers.line_error import LineError

from .arrays import UnreadableError, read_npy, read_npz, read_safetensors
from .texts import read_csv, read_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.request import MatrixSource
    from sphinx_attention.core.sources.numbers.given import Given

_LARGEST_TEXT = 32 * 2**20
"""The most bytes of a text file, whose numbers take many times as much memory while it is read."""

_READERS: dict[str, tuple[Callable[[bytes], Given], int, bytes]] = {
    ".csv": (read_csv, _LARGEST_TEXT, b""),
    ".json": (read_json, _LARGEST_TEXT, b""),
    ".npy": (read_npy, LARGEST_FILE, b"\x93NUMPY"),
    ".npz": (read_npz, LARGEST_FILE, b"PK"),
    ".safetensors": (read_safetensors, LARGEST_FILE, b""),
}

_PICKLED = "pickled files run code when they are read, and are never read; save the weights with {}"
_SAVE = "`numpy.savez(file, weights=...)`"
_OTHER_KINDS = {
    ".bin .ckpt .joblib .p .pickle .pkl .pt .pth": _PICKLED.format(_SAVE),
    ".gguf .ggml": "such a file holds a model's parameters, which have no attention of their own; "
    "run the model, and save its attention weights",
    ".dat .tab .tsv .txt": "give it the ending .csv; tabs, spaces, commas or semicolons part its "
    "numbers",
    ".ods .xls .xlsx": "save the sheet as .csv",
    ".feather .h5 .hdf5 .mat .onnx .parquet .zarr": f"save the weights with {_SAVE}",
    ".gz .zip": "unpack it first",
}

_MAGIC = (
    (b"version https://git-lfs", "it is a pointer of Git LFS, not the file: run `git lfs pull`"),
    (b"GGUF", "it is a GGUF file, a model's parameters; run the model, and save its attention"),
    (b"\x93NUMPY", "it is an .npy file with another ending; name it so"),
    (b"\x89HDF", f"it is an HDF5 file; save the weights with {_SAVE}"),
    (b"PAR1", f"it is a Parquet file; save the weights with {_SAVE}"),
    (b"\x1f\x8b", "it is packed with gzip; unpack it first"),
    (b"%PDF", "it is a PDF"),
    (b"MATLAB 5.0", f"it is a MATLAB file; save the weights with {_SAVE}"),
)  # fmt: skip


def read_file(source: MatrixSource) -> Given:
    """The numbers of a file, and the names and masks that it gives.

    Raises:
        AttentionError: the file is of an unknown kind, does not exist, or has no such numbers.
    """
    declared = source.path or ""
    path = Path(source.file or declared)
    if path.suffix.lower() not in _READERS:
        raise AttentionError(
            Problem.MATRIX,
            f"{declared}: unknown kind of file; use one of {' '.join(sorted(_READERS))}"
            f"{_advice(path.suffix.lower())}",
        )
    reader, limit, magic = _READERS[path.suffix.lower()]
    data = read_author_file(path, declared, limit)
    digest = source.digest or ""
    if len(digest) == 64 and hashlib.sha256(data).hexdigest() != digest:
        raise AttentionError(
            Problem.MATRIX, f"{declared} has changed while the notes were built; build them again"
        )
    try:
        with warnings.catch_warnings():
            # Libraries warn of damaged files without naming them. The code below refuses such
            # files.
            warnings.simplefilter("ignore")
            _check_kind(data, magic)
            return reader(data)
    except LineError as error:
        message = f"{declared}: line {error.line}: {error.what}"
        raise AttentionError(error.problem, message) from None
    except AttentionError as error:
        raise AttentionError(error.problem, f"{declared}: {error.neutral}") from None
    except UnreadableError as error:
        raise AttentionError(Problem.MATRIX, f"{declared}: cannot be read: {error}") from error
    except (Exception, SystemExit) as error:
        # A library may raise anything for unexpected bytes, and its message may quote them.
        raise AttentionError(
            Problem.MATRIX,
            f"{declared}: cannot be read: it is damaged, or no {path.suffix} file "
            f"({type(error).__name__})",
        ) from error


def _advice(suffix: str) -> str:
    for kinds, advice in _OTHER_KINDS.items():
        if suffix in kinds.split():
            return f"; {advice}"
    return ""


def _check_kind(data: bytes, magic: bytes) -> None:
    """Check that the beginning of a file fits its extension.

    Raises:
        UnreadableError: the file is of another kind, which the message names.
    """
    if not data:
        raise UnreadableError("it is empty")
    start = data[:200].lstrip()
    if magic and data.startswith(magic):
        return
    for other, what in _MAGIC:
        if start.startswith(other):
            raise UnreadableError(what)
    if re.match(rb"<(!doctype|html|\?xml)", start, re.IGNORECASE):
        raise UnreadableError("it is a web page; was the download a page about the file?")
    if re.match(rb"\x80[\x02-\x05]", data):
        raise UnreadableError(_PICKLED.format(_SAVE))
    if data.startswith(b"PK\x03\x04"):
        raise UnreadableError(
            "it is a zip archive with another ending: .npz if NumPy wrote it; a workbook has to be "
            f"saved as .csv; {_PICKLED.format(_SAVE)}"
        )
    if magic:
        raise UnreadableError("it does not begin as such a file does; is it damaged?")
