"""A failed request is not tried again until something has changed that could make it succeed."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.capture import failures as failures_module
from sphinx_attention.core.capture.failures import FailureRecord, hub_answers
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, ModelSource, Request
from sphinx_attention.core.store.folder import FolderStore
from tests.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path


class Model:
    """Counts its loads, and fails with an error until it is repaired."""

    def __init__(self, problem: Problem | None) -> None:
        self.problem = problem
        self.loads = 0

    def __call__(self, _source):
        return self

    def __enter__(self):
        self.loads += 1
        return self

    def __exit__(self, *_):
        pass

    def run(self, requests):
        for request in requests:
            if self.problem and "bad" in request.text:
                yield request, AttentionError(self.problem, f"no attention over {request.text}")
                continue
            tokens = tuple(Token(word) for word in request.text.split())
            n = len(tokens)
            weights = np.eye(n, dtype=np.float32)[None, None]
            yield request, Attention(tokens, tokens, weights, np.zeros((1, n, n), bool))


SOURCE = ModelSource("m", id="org/model")
BAD, GOOD = Request(SOURCE, "bad one"), Request(SOURCE, "good one")


def build(folder: Path, model: Model, requests=(BAD, GOOD), mode="auto") -> Library:
    """Do what one build does with a store."""
    store = FolderStore(folder)
    library = Library(store, mode, model, "docs", FailureRecord(store.folder))
    list(library.capture(library.missing(requests)))
    return library


@pytest.mark.parametrize("problem", [Problem.MODEL, Problem.TEXT, Problem.INSTALL, Problem.OPTION])
def test_a_failed_request_is_not_tried_again(tmp_path: Path, problem: Problem) -> None:
    model = Model(problem)
    output = []
    for _ in range(3):
        library = build(tmp_path, model)
        output.append(library.failures[BAD.key].message)
        states = library.state_of(BAD), library.state_of(GOOD)
    assert model.loads == 1
    assert len(set(output)) == 1
    assert output[0].startswith("no attention over bad one; it is tried again when ")
    assert f"`sphinx-attention capture docs --refresh --only {BAD.key[:12]}`" in output[0]
    # The folder in which the command runs does not change the page.
    assert states[0] == f"failed ({problem}): no attention over bad one"
    # A refresh tries again, and a success removes the record of the failure.
    build(tmp_path, model, mode="refresh")
    assert model.loads == 2
    mended = Model(None)
    assert build(tmp_path, mended, (BAD,), "refresh").failures == {}
    FolderStore(tmp_path).delete(BAD.key)
    assert build(tmp_path, mended).failures == {}


def test_a_failed_request_is_tried_again_when_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    source = ModelSource("m", path="model", folder=str(folder))
    model = Model(Problem.MODEL)

    def loads(given: ModelSource = source) -> int:
        before = model.loads
        build(tmp_path / "store", model, [Request(given, "bad one")])
        return model.loads - before

    assert [loads(), loads()] == [1, 0]
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert [loads(), loads()] == [1, 0]
    (folder / "model.safetensors").write_bytes(b"x")
    assert [loads(), loads()] == [1, 0]
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert [loads(), loads()] == [1, 0]
    monkeypatch.setattr(failures_module, "_version", lambda _: "99")
    assert [loads(), loads()] == [1, 0]
    # Another device is another declaration, although the key is the same.
    other = ModelSource("m", path="model", folder=str(folder), device="cpu")
    assert [loads(other), loads(other)] == [1, 0]


@pytest.mark.parametrize("problem", [Problem.MEMORY, Problem.STORE, Problem.FUNCTION])
def test_temporary_failures_are_tried_again(tmp_path: Path, problem: Problem) -> None:
    model = Model(problem)
    for _ in range(2):
        assert build(tmp_path, model).failures[BAD.key].message == "no attention over bad one"
    assert model.loads == 2


def test_functions_are_called_again(tmp_path: Path) -> None:
    """A function may read any file, so no change of a known file shows that it is repaired."""
    model = Model(Problem.FUNCTION)
    request = Request(FunctionSource("f", "m:f"), "bad one")
    for _ in range(2):
        build(tmp_path, model, [request])
    assert model.loads == 2
    assert not (tmp_path / ".failures").exists()


def test_the_network_is_checked_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(Problem.NETWORK)
    requested = []
    monkeypatch.setattr(failures_module, "hub_answers", lambda: bool(requested.append(1)))
    others = [Request(SOURCE, f"bad {n}") for n in range(5)]
    for _ in range(3):
        build(tmp_path, model, others)
    assert (model.loads, len(requested)) == (1, 2)
    monkeypatch.setattr(failures_module, "hub_answers", lambda: True)
    build(tmp_path, model, others)
    assert model.loads == 2


def test_whether_the_hub_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    assert not hub_answers()
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert hub_answers()
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert not hub_answers()


def test_git_ignores_the_record(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    build(tmp_path / "_attention", Model(Problem.MODEL))
    git = ["git", "-C", str(tmp_path), "status", "--short", "--untracked-files=all"]
    seen = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    assert ".failures" not in seen
    assert seen.count(".attn") == 1
    assert list(FolderStore(tmp_path / "_attention").keys()) == [GOOD.key]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 1}', '{"format": 1, "failures": {"a": 3}}', "[" * 100_000]
)
def test_a_damaged_record_is_ignored(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".failures" / "failures.json"
    file.parent.mkdir()
    file.write_text(text)
    model = Model(Problem.MODEL)
    build(tmp_path, model)
    assert model.loads == 1
    assert list(json.loads(file.read_text())["failures"]) == [BAD.key]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "_attention").symlink_to(tmp_path / "elsewhere")
    build(tmp_path / "_attention", Model(Problem.MODEL), [BAD])
    assert list((tmp_path / "elsewhere").iterdir()) == []
