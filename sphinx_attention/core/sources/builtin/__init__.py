"""The built-in models, run in NumPy: folders, revisions, tokenizer, networks and runners."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.boundary import reason
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.request import ModelSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import Source

NAME = "builtin"
ID = "sphinx-attention/builtin"
FOLDER = Path(__file__).parents[3] / "builtin"

VISION = "builtin-vision"
VISION_ID = "sphinx-attention/builtin-vision"
VISION_FOLDER = FOLDER / "vision"

_REVISION = "revision.txt"
_DECISIVE = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
)


@cache
def builtin() -> ModelSource:
    """The source of the built-in model: the same on every machine that has the same weights."""
    revision = (FOLDER / _REVISION).read_text(encoding="utf-8").strip()
    return ModelSource(name=NAME, id=ID, folder=str(FOLDER), revision=revision)


@cache
def builtin_vision() -> ModelSource:
    """The source of the built-in vision model."""
    revision = (VISION_FOLDER / _REVISION).read_text(encoding="utf-8").strip()
    return ModelSource(name=VISION, id=VISION_ID, folder=str(VISION_FOLDER), revision=revision)


def is_builtin(source: Source) -> bool:
    """Whether a source is a built-in model in single precision.

    In another dtype, which only the command line can request, PyTorch runs the same files.
    """
    return source.identity() == builtin().identity() or is_vision(source)


def is_vision(source: Source) -> bool:
    """Whether a source is the built-in vision model in single precision."""
    return source.identity() == builtin_vision().identity()


def sees_nothing(label: str) -> AttentionError:
    """The error of a picture that is given to the built-in model of text."""
    return AttentionError(
        Problem.MODEL,
        f"{label} takes text, not pictures: name a model of pictures in {option('model')}, such as "
        f"{VISION}, or remove {option('image')}",
    )


def revision_of(folder: Path) -> str:
    """The revision of a folder: a hash of everything that determines the model's numbers."""
    digest = hashlib.sha256()
    for name in _DECISIVE:
        if (folder / name).exists():
            digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()[:12]


def seal(folder: Path) -> None:
    """Write a folder's revision beside the weights."""
    (folder / _REVISION).write_text(revision_of(folder) + "\n", encoding="utf-8", newline="\n")


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Turn errors in a model's own files into messages.

    Args:
        folder: the folder of the model.

    Raises:
        AttentionError: a file is missing, damaged, or from another model.
    """
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise AttentionError(
            Problem.MODEL,
            f"the files of the built-in model in {folder} cannot be used: {reason(error)}; install "
            "sphinx-attention again",
        ) from error
