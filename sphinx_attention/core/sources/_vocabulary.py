"""Loads a model's tokenizer, and tells one that is not there from one that knows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from ._packages import require

if TYPE_CHECKING:
    from ._checkpoint import Files

_FEW = 300
"""A vocabulary of fewer tokens is looked at closely: an empty one has its special tokens alone."""

_KNOWN = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
"""Files that most vocabularies come in."""


def load_tokenizer(place: str, options: dict[str, Any], files: Files) -> Any:
    """A model's tokenizer.

    Args:
        place: the folder or the identifier that transformers is given.
        options: how to load from there.
        files: the same place, to look at.

    Raises:
        AttentionError: the model comes without one.
    """
    try:
        tokenizer = require("transformers").AutoTokenizer.from_pretrained(place, **options)
    except Exception:
        if not _files_of(None, files):
            raise _lacks(_KNOWN, files) from None
        raise
    own = getattr(tokenizer, "vocab_files_names", None) or {}
    # Some read bytes or characters, and need no file.
    if own and len(tokenizer) < _FEW and not _files_of(tokenizer, files):
        raise _lacks(tuple(dict.fromkeys(["tokenizer.json", *own.values()])), files)
    return tokenizer


def _files_of(tokenizer: Any, files: Files) -> list[str]:
    own = getattr(tokenizer, "vocab_files_names", None) or {}
    names = dict.fromkeys([*_KNOWN, *own.values()])
    return [name for name in names if isinstance(name, str) and files.find(name) is not None]


def _lacks(names: tuple[str, ...], files: Files) -> AttentionError:
    return AttentionError(
        Problem.MODEL,
        f"{files.where} has no tokenizer, which splits a text into tokens: none of the files "
        f"{', '.join(names)}; save it beside the model with tokenizer.save_pretrained, or copy "
        "these files from the model that this one was made from",
    )
