"""The library: what is missing, computed once; what fails, not stored."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.capture import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import MatrixSource, ModelSource, Request
from sphinx_attention.core.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE = ModelSource(name="one", id="org/one")
TWO = ModelSource(name="two", id="org/two")


def answer(request: Request) -> Attention:
    tokens = tuple(Token(word) for word in request.text.split())
    n = len(tokens)
    weights = np.full((1, 1, n, n), 1 / n, dtype=np.float32)
    return Attention(tokens, tokens, weights, np.zeros((1, n, n), dtype=bool))


class Opener:
    """Counts how often each source is opened and each request run."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.ran: list[str] = []

    @contextmanager
    def __call__(self, source: ModelSource) -> Iterator[Opener]:
        self.opened.append(source.name)
        yield self

    def run(self, requests: list[Request]) -> Iterator[tuple[Request, Attention | AttentionError]]:
        for request in requests:
            self.ran.append(request.text)
            if request.text == "bad":
                yield request, AttentionError(Problem.TEXT, "bad text")
            elif request.text == "worse":
                raise AttentionError(Problem.MEMORY, "out of memory")
            else:
                yield request, answer(request)


def library(tmp_path: Path, mode: str = "auto") -> tuple[Library, Opener]:
    opener = Opener()
    return Library(Store(tmp_path), mode, opener), opener  # type: ignore[arg-type]


def fill(lib: Library, *requests: Request) -> None:
    for _ in lib.capture(lib.missing(requests)):
        pass


def test_each_source_is_opened_once_and_each_key_run_once(tmp_path: Path) -> None:
    lib, opener = library(tmp_path)
    requests = [Request(source=s, text=t) for t in ("a b", "c d", "a b") for s in (ONE, TWO)]
    fill(lib, *requests)
    assert sorted(opener.opened) == ["one", "two"]
    assert sorted(opener.ran) == ["a b", "a b", "c d", "c d"]
    again, second = library(tmp_path)
    fill(again, *requests)
    assert second.opened == []
    assert again.get(requests[0]).query_tokens[1].text == "b"


def test_refresh_computes_again_and_frozen_never(tmp_path: Path) -> None:
    request = Request(source=ONE, text="a b")
    lib, _ = library(tmp_path)
    fill(lib, request)
    lib, opener = library(tmp_path, "refresh")
    fill(lib, request)
    assert opener.ran == ["a b"]
    frozen, _ = library(tmp_path, "frozen")
    assert frozen.get(request).layers == 1
    with pytest.raises(AttentionError, match="not in the store") as caught:
        frozen.get(replace(request, text="new"))
    assert caught.value.problem is Problem.FROZEN


def test_a_failure_is_not_stored_and_spares_the_others(tmp_path: Path) -> None:
    lib, _ = library(tmp_path)
    good, bad = Request(source=ONE, text="a b"), Request(source=ONE, text="bad")
    fill(lib, bad, good)
    assert lib.get(good).layers == 1
    with pytest.raises(AttentionError, match="bad text"):
        lib.get(bad)
    assert list(lib.store.keys()) == [good.key]


def test_a_source_that_breaks_fails_what_is_left(tmp_path: Path) -> None:
    lib, _ = library(tmp_path)
    first, worse, last = (Request(source=ONE, text=t) for t in ("a", "worse", "z"))
    fill(lib, first, worse, last)
    assert lib.get(first).layers == 1
    for request in (worse, last):
        with pytest.raises(AttentionError, match="out of memory"):
            lib.get(request)


def test_a_damaged_entry_is_computed_again(tmp_path: Path) -> None:
    request = Request(source=ONE, text="a b")
    lib, _ = library(tmp_path)
    fill(lib, request)
    path = lib.store.path(request.key)
    path.write_bytes(path.read_bytes()[:-3])
    lib, opener = library(tmp_path)
    missing = lib.missing([request])
    assert "checksum" in lib.damaged[request.key]
    for _ in lib.capture(missing):
        pass
    assert opener.ran == ["a b"]
    assert Library(Store(tmp_path)).get(request).layers == 1


def test_a_store_that_cannot_be_written_costs_no_picture(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    lib, _ = library(tmp_path / "file")
    request = Request(source=ONE, text="a b")
    fill(lib, request)
    assert lib.get(request).layers == 1
    assert "cannot write to the store" in lib.damaged[request.key]


def test_a_matrix_is_never_stored(tmp_path: Path) -> None:
    lib, opener = library(tmp_path)
    request = Request(source=MatrixSource(text="1 0\n0 1"), text="a b")
    assert lib.missing([request]) == []
    assert lib.get(request).heads == 1
    assert opener.opened == []


def test_memory_is_flat(tmp_path: Path) -> None:
    lib, _ = library(tmp_path)
    requests = [Request(source=ONE, text=f"a {n}") for n in range(100)]
    fill(lib, *requests)
    for request in requests:
        lib.get(request)
    assert len(lib._ready) < 20
