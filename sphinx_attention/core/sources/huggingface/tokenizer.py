"""Loads a model's tokenizer, and tells a missing one from one with an empty vocabulary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .checkpoint import lies_in, read_json
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .checkpoint import Files

_FEW = 300
"""A vocabulary of fewer tokens is checked: an empty one has only its special tokens."""

_KNOWN = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
"""The files of most vocabularies."""


_SETTINGS = "tokenizer_config.json"
_NOT_READ = ("special_tokens_map_file", "tokenizer_config_file")
"""Entries with names of files on another machine, from which nothing is read."""

_LONGEST_GROWTH = 10_000
"""The factor by which a text may become longer on its way to the tokens."""

_GROWTH = {"ByteLevel": 2, "Precompiled": 10, "NFKC": 2, "NFKD": 2}
"""The factor by which each type of step of a tokenizer may make a text longer."""


def load_tokenizer(location: str, options: dict[str, Any], files: Files) -> Any:
    """A model's tokenizer.

    Args:
        location: the folder or the identifier that transformers is given.
        options: how to load from there.
        files: the files at that location.

    Raises:
        AttentionError: the model has no tokenizer.
    """
    check_tokenizer(files)
    try:
        tokenizer = require("transformers").AutoTokenizer.from_pretrained(location, **options)
    except Exception:
        if not _files_of(None, files):
            raise _lacks(_KNOWN, files) from None
        raise
    own = getattr(tokenizer, "vocab_files_names", None) or {}
    # Some tokenizers read bytes or characters, and need no file.
    if own and len(tokenizer) < _FEW and not _files_of(tokenizer, files):
        raise _lacks(tuple(dict.fromkeys(["tokenizer.json", *own.values()])), files)
    _check_growth(tokenizer, files)
    return tokenizer


def check_tokenizer(files: Files) -> None:
    """Refuse settings that name a file outside of the model.

    Some versions of transformers open such a file, and its lines would become tokens.
    """
    path = files.find(_SETTINGS)
    if path is None:
        return
    for key, value in read_json(path, files.where).items():
        if key.endswith("_file") and key not in _NOT_READ and isinstance(value, str):
            named = Path(value)
            if _is_there(path.parent / named) and not lies_in(path.parent / named, path.parent):
                raise AttentionError(
                    Problem.MODEL,
                    f"{_SETTINGS} of {files.where} names {value[:80]!r} as its {key}; every file "
                    "that it names has to lie in the same folder",
                )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _check_growth(tokenizer: Any, files: Files) -> None:
    """Refuse a tokenizer whose steps together could make a text extremely long."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    for name in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        step = getattr(backend, name, None)
        growth = 1.0
        for one in _steps(json.loads(step.__getstate__())) if step is not None else ():
            growth *= max(1.0, _growth_of(one))
            if growth > _LONGEST_GROWTH:
                raise AttentionError(
                    Problem.MODEL,
                    f"the {name} of the tokenizer of {files.where} makes a text more than "
                    f"{_LONGEST_GROWTH:,} times as long",
                )


def _steps(value: Any) -> Iterator[Mapping[str, Any]]:
    """A step of a tokenizer and the steps within it."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from _steps(one)


def _growth_of(step: Mapping[str, Any]) -> float:
    """The largest factor by which a step makes a text longer."""
    kind = step.get("type")
    if kind == "Replace":
        pattern, content = step.get("pattern"), step.get("content")
        text = pattern.get("String") if isinstance(pattern, dict) else None
        return len(str(content)) / max(len(str(text or "")), 1)
    if kind == "TemplateProcessing":
        single = step.get("single")
        return sum("Sequence" in one for one in single) if isinstance(single, list) else 1
    return _GROWTH.get(str(kind), 1)


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
