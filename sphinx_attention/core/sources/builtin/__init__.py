"""The built-in model, run in NumPy: its folder, its revision, tokenizer, network and runner."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.request import ModelSource

if TYPE_CHECKING:
    from sphinx_attention.core.request import Source

NAME = "builtin"
ID = "sphinx-attention/builtin"
FOLDER = Path(__file__).parents[3] / "builtin"
_REVISION = "revision.txt"
_DECISIVE = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


@cache
def builtin() -> ModelSource:
    """The source of the built-in model: the same on every machine that has the same weights."""
    revision = (FOLDER / _REVISION).read_text(encoding="utf-8").strip()
    return ModelSource(name=NAME, id=ID, folder=str(FOLDER), revision=revision)


def is_builtin(source: Source) -> bool:
    """Whether a source is the built-in model in single precision.

    In another dtype, which only the command line can request, PyTorch runs the same files.
    """
    return source.identity() == builtin().identity()


def revision_of(folder: Path) -> str:
    """The revision of a folder: a hash of everything that determines the model's numbers."""
    digest = hashlib.sha256()
    for name in _DECISIVE:
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()[:12]


def seal(folder: Path) -> None:
    """Write a folder's revision beside the weights."""
    (folder / _REVISION).write_text(revision_of(folder) + "\n", encoding="utf-8")
