"""Changes of a model's folder, and what the runner answers then."""

from __future__ import annotations

import json
import os
import shutil
import struct
import time
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sphinx_attention.core.attention import Attention

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 90868376\n".format(
    "a" * 64
)


class Hostile:
    """An object that runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("hostile-code-ran",))


def copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def ask(folder: Path, text: str = "the quick brown fox", **more: Any) -> Attention | AttentionError:
    source = ModelSource("m", path="models/m", folder=str(folder), **more)
    with open_source(source) as runner:
        ((_, answer),) = runner.run([Request(source, text)])
    return answer


def refused(folder: Path, **more: Any) -> str:
    started = time.monotonic()
    answer = ask(folder, **more)
    assert isinstance(answer, AttentionError)
    assert answer.problem is Problem.MODEL
    assert "\n" not in answer.message
    assert len(answer.message) < 500
    assert time.monotonic() - started < 20
    return answer.message


def change(folder: Path, **values: Any) -> None:
    """Change entries of config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def move(folder: Path, name: str) -> Path:
    """Move the weights to a file of another name, with an index that names the file."""
    weights = folder / "model.safetensors"
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    weights.rename(target)
    index(folder, name)
    return target


def index(folder: Path, *names: str) -> None:
    mapped = {f"w{n}": name for n, name in enumerate(names)}
    body = {"metadata": {"total_size": 1}, "weight_map": mapped}
    (folder / "model.safetensors.index.json").write_text(json.dumps(body))


def link(folder: Path, name: str) -> None:
    outside = folder.parent / f"outside-{name}"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)


def pointer(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(POINTER)


def only(*names: str) -> Callable[[Path], object]:
    def empty(folder: Path) -> None:
        for path in folder.iterdir():
            path.unlink()
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_text("{}")

    return empty


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def header(entries: Any) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        raw = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw)

    return write


def without(*names: str) -> Callable[[Path], object]:
    return lambda folder: [(folder / name).unlink() for name in names]


def configured(**values: Any) -> Callable[[Path], object]:
    return lambda folder: change(folder, **values)


def text(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


def with_steps(name: str, *steps: dict[str, Any]) -> Callable[[Path], object]:
    """Give the tokenizer a sequence of steps."""

    def write(folder: Path) -> None:
        path = folder / "tokenizer.json"
        kinds = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}
        listed = {"type": "Sequence", kinds.get(name, "processors"): list(steps)}
        path.write_text(json.dumps({**json.loads(path.read_text()), name: listed}))

    return write


def secret(folder: Path) -> None:
    """Let the tokenizer's settings name another file as its vocabulary."""
    elsewhere = folder.parent / "secret.txt"
    elsewhere.write_text("hunter2\n")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "vocab_file": str(elsewhere)}))
