"""Checks the files of a model's folder before transformers reads them.

The folder may come from a stranger. Only regular files within it are read, and only weights in
safetensors unless the model is declared with ``pickled_weights``.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.request import ModelSource

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_config.json"

_LARGEST_CONFIG = 1 << 24
_LARGEST_INDEX = 1 << 28
_LARGEST_HEADER = 100_000_000
"""Limits in bytes. The last is the limit of safetensors."""

_POINTER = b"version https://git-lfs"
_READ = (
    *(".json", ".txt", ".model", ".jinja"),
    *(".vocab", ".bpe", ".codes", ".spm", ".tokenizer", ".tiktoken"),
)
"""The endings of the files that are read beside the weights. Other files are ignored."""


class Files(Protocol):
    """The files of one model, on this machine or on the hub."""

    @property
    def where(self) -> str:
        """The name of the folder or the repository in messages."""
        ...

    def find(self, name: str) -> Path | None:
        """A file by its name; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A model's folder on this machine.

    Attributes:
        path: the folder.
        where: its name in messages.
    """

    path: Path
    where: str

    def find(self, name: str) -> Path | None:
        """A file by its name; None if there is none."""
        path = self.path / name
        return path if os.path.lexists(path) else None


@dataclass(frozen=True, slots=True)
class Weights:
    """The contents of a model's safetensors files, by their headers.

    Attributes:
        tensors: the number of tensors.
        elements: the number of elements of all tensors.
    """

    tensors: int
    elements: int


def open_folder(source: ModelSource, folder: str) -> Folder:
    """A declared folder whose files can all be read safely.

    Raises:
        AttentionError: there is no such folder, it has no model, or one of its files is no regular
            file, is a link out of the folder, or is a pointer of Git LFS.
    """
    path, named = Path(folder), source.path or folder
    if not path.is_dir():
        raise _no_folder(path, f"{source.name}: ", named)
    files = Folder(path, f"the folder {named}")
    for entry in sorted(path.iterdir()):
        if not entry.is_dir() and entry.suffix.lower() in _READ:
            check_file(entry, files.where)
    if not (path / CONFIG).is_file():
        raise _no_model(source, files)
    if (path / ADAPTER).exists():
        raise _bad(
            f"{source.name}: {files.where} holds {ADAPTER}, a PEFT adapter: merge it into its "
            "model with merge_and_unload(), and save that; if it is merged already, remove the file"
        )
    return files


def check_file(path: Path, where: str) -> None:
    """Refuse a file that is not regular, is outside its folder, or is a pointer of Git LFS."""
    name = path.name
    try:
        real = path.resolve(strict=True)
        state = real.stat()
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise _bad(f"{name} in {where} cannot be read: {why}") from None
    if path.is_symlink() and not lies_in(real, path.parent):
        raise _bad(
            f"{name} in {where} is a link to a file outside the folder; put the file itself there"
        )
    if not stat.S_ISREG(state.st_mode):
        raise _bad(f"{name} in {where} is not a regular file")
    with real.open("rb") as file:
        if state.st_size < 1024 and file.read(len(_POINTER)) == _POINTER:
            raise _bad(
                f"{name} in {where} is a pointer of Git LFS, not the file itself; run `git lfs "
                "pull` in that repository, or download the file again"
            )


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a file is in a model's folder, or in the folder of the hub's own cache."""
    real = path.resolve()
    return any(real.is_relative_to(root) for root in _roots(folder))


def _roots(folder: Path) -> list[Path]:
    """The folders that may have the files: the folder itself, and that of the hub's own cache."""
    folder = folder.resolve()
    roots = [folder]
    if folder.parent.name == "snapshots":
        roots.append(folder.parent.parent)
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    roots.append(Path(cache or Path(home) / "hub").expanduser().resolve())
    return roots


def weight_files(files: Files, config: dict[str, Any]) -> list[Path]:
    """The safetensors files with the model's weights; empty if there are none.

    Raises:
        AttentionError: an index or the configuration names something else than a safetensors file
            of the same folder.
    """
    named = config.get("transformers_weights")
    if named is not None:
        if not isinstance(named, str) or not named.endswith((".safetensors", INDEX[5:])):
            raise _names(CONFIG, named, files)
        _inside(named.removesuffix(".index.json"), CONFIG, files)
        if (found := files.find(named)) is None:
            raise _bad(f"{CONFIG} of {files.where} names {named}, which is not there")
        return _of_index(found, files) if named.endswith(".json") else [_checked(found, files)]
    whole, index = files.find(WEIGHTS), files.find(INDEX)
    # An index beside a whole file is not read, but must be sound.
    shards = [] if index is None else _names_of_index(index, files)
    if whole is not None:
        return [_checked(whole, files)]
    return [_shard(name, files) for name in shards]


def _of_index(index: Path, files: Files) -> list[Path]:
    return [_shard(name, files) for name in _names_of_index(index, files)]


def _names_of_index(index: Path, files: Files) -> list[str]:
    check_file(index, files.where)
    weights = read_json(index, files.where, _LARGEST_INDEX).get("weight_map")
    if not isinstance(weights, dict) or not weights:
        raise _bad(f"{index.name} of {files.where} has no weight_map, and so names no weights")
    names = sorted({str(name) for name in weights.values()})
    for name in names:
        _inside(name, index.name, files)
    return names


def _inside(name: str, by: str, files: Files) -> None:
    """Refuse the name of a file that is not a safetensors file of the same folder."""
    path = PurePosixPath(name)
    if (
        not name.endswith(".safetensors")
        or path.is_absolute()
        or ".." in path.parts
        or any(c in name for c in "\\:\0")
    ):
        raise _names(by, name, files)


def _names(by: str, name: object, files: Files) -> AttentionError:
    return _bad(
        f"{by} of {files.where} names {str(name)[:80]!r} as weights; every file that it names has "
        "to be a .safetensors file of the same folder"
    )


def _shard(name: str, files: Files) -> Path:
    path = files.find(name)
    if path is None:
        raise _bad(f"{INDEX} of {files.where} names {name}, which is not there")
    return _checked(path, files)


def _checked(path: Path, files: Files) -> Path:
    check_file(path, files.where)
    return path


def measure(paths: Iterable[Path], where: str) -> Weights:
    """Count the tensors and numbers of safetensors files by their headers.

    Raises:
        AttentionError: a file is not a safetensors file, or is truncated.
    """
    tensors = elements = 0
    for path in paths:
        for entry in _header(path, where).values():
            tensors += 1
            elements += prod(entry["shape"])
    return Weights(tensors, elements)


def _header(path: Path, where: str) -> dict[str, Any]:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start[:4] == b"GGUF" or start[:2] in (b"PK", b"\x80\x02"):
            raise _bad(f"{path.name} in {where} is not a safetensors file, whatever its name says")
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
        if not 2 <= length <= min(size - 8, _LARGEST_HEADER):
            raise _bad(f"{path.name} in {where} is not a safetensors file, or is cut short")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        ends = [int(entry["data_offsets"][1]) for entry in entries.values()]
        sound = all(
            isinstance(n, int) and n >= 0 for entry in entries.values() for n in entry["shape"]
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise _bad(
            f"{path.name} in {where} is not a safetensors file: its header is damaged"
        ) from None
    if not sound:
        raise _bad(f"{path.name} in {where} is not a safetensors file: its header is damaged")
    whole = 8 + length + max(ends, default=0)
    if size < whole:
        raise _bad(
            f"{path.name} in {where} is cut short: it has {size:,} bytes of {whole:,}; copy or "
            "download it again"
        )
    return entries


def read_json(path: Path, where: str, largest: int = _LARGEST_CONFIG) -> dict[str, Any]:
    """An object from a JSON file.

    Raises:
        AttentionError: the file is too large, or holds no JSON object.
    """
    if (size := path.stat().st_size) > largest:
        raise _bad(f"{path.name} in {where} has {size:,} bytes; at most {largest:,} are read")
    try:
        found = json.loads(path.read_bytes())
    except RecursionError:
        raise _bad(f"{path.name} in {where} is nested too deeply to be read") from None
    except ValueError as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise _bad(f"{path.name} in {where} is not JSON{line}") from None
    if not isinstance(found, dict):
        raise _bad(f"{path.name} in {where} holds a {type(found).__name__}, not a JSON object")
    return found


def _no_folder(path: Path, who: str, named: str) -> AttentionError:
    """The message about a folder that does not exist, or is a file."""
    if path.exists():
        if path.suffix.lower() == ".gguf":
            return _bad(
                f"{who}{named} is a GGUF file, made for llama.cpp; name the folder, or the hub's "
                "id, of the model that it was made from"
            )
        return _bad(f"{who}{named} is a file; name the folder that holds it and {CONFIG}")
    return _bad(f"{who}there is no folder {named}{_nearest(path)}")


def _nearest(path: Path) -> str:
    """The name of an existing folder that was probably meant."""
    try:
        there = [one.name for one in path.parent.iterdir() if one.is_dir()]
    except OSError:
        return f", nor {path.parent.name}, the folder that it should be in"
    close = get_close_matches(path.name, there, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _no_model(source: ModelSource, files: Folder) -> AttentionError:
    """The probable kind of a folder without ``config.json``, if it is not a model."""
    names = [entry.name for entry in files.path.iterdir()]
    hint = what_instead(names)
    inner = sorted(
        path.parent.name
        for path in files.path.glob(f"*/{CONFIG}")
        if path.parent.name.startswith(("checkpoint", "0_", "snapshot", "model"))
    )
    if not hint and inner:
        hint = f"name the folder {inner[-1]} in it, which has one"
    if not hint and "snapshots" in names:
        hint = "it is the hub's cache: name the model's id, or the folder in its snapshots"
    return _bad(
        f"{source.name}: {files.where} holds no {CONFIG}; "
        f"{hint or 'it has to be one that save_pretrained wrote or the hub serves'}"
    )


def what_instead(names: Iterable[str]) -> str:
    """The probable kind of files without ``config.json``, by their names; empty if unknown."""
    names = list(names)
    if ADAPTER in names:
        return (
            f"{ADAPTER} says that it is a PEFT adapter: merge it into its model with "
            "merge_and_unload(), and save that"
        )
    if any(name.lower().endswith(".gguf") for name in names):
        return "it holds GGUF files, made for llama.cpp; name the model that they were made from"
    if "model_index.json" in names:
        return "model_index.json says that it is a pipeline of diffusers; name a model of text"
    return ""


def _bad(message: str) -> AttentionError:
    return AttentionError(Problem.MODEL, message)
