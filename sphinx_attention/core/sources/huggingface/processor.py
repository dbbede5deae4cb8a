"""Loads what prepares pictures for a model: its image processor, or its processor of both."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .packages import require
from .tokenizer import check_tokenizer

if TYPE_CHECKING:
    from .checkpoint import Files

_KNOWN = ("preprocessor_config.json", "processor_config.json")
"""The files with the settings of a processor."""


def load_processor(location: str, options: dict[str, Any], files: Files, *, with_text: bool) -> Any:
    """The processor that prepares the inputs of a vision model.

    Args:
        location: the folder or the identifier that transformers is given.
        options: how to load from there.
        files: the files at that location.
        with_text: whether the model reads a text beside the picture.

    Raises:
        AttentionError: the model has no processor, or a package for it is missing.
    """
    if not any(files.find(name) is not None for name in _KNOWN):
        raise AttentionError(
            Problem.MODEL,
            f"{files.where} has no {' or '.join(_KNOWN)}, which says how a picture is cut and "
            "resized; save it beside the model with image_processor.save_pretrained",
        )
    transformers = require("transformers")
    if with_text:
        check_tokenizer(files)
    kind = transformers.AutoProcessor if with_text else transformers.AutoImageProcessor
    try:
        return kind.from_pretrained(location, **options)
    except ImportError as error:
        if importlib.util.find_spec("torchvision") is None and "torchvision" in str(error).lower():
            raise AttentionError(
                Problem.INSTALL,
                f"the image processor of {files.where} needs torchvision, which is not installed: "
                "pip install torchvision",
            ) from error
        raise
