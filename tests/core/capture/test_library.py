"""The library computes a missing entry once and stores no failure."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.capture import library as library_module
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.codes import codes
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import MatrixSource, ModelSource, Request
from sphinx_attention.core.store import entry as entry_module
from sphinx_attention.core.store.folder import FolderStore

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
    """Counts the opens of each source and the runs of each request."""

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
    return Library(FolderStore(tmp_path), mode, opener), opener  # type: ignore[arg-type]


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
    (warning,) = lib.drain_warnings()
    assert warning.key == request.key
    assert warning.message == f"{path}: its checksum is wrong; computed again"
    for _ in lib.capture(missing):
        pass
    assert opener.ran == ["a b"]
    assert Library(FolderStore(tmp_path)).get(request).layers == 1


def test_a_store_that_cannot_be_written_is_reported_once_and_figures_are_drawn(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    lib, _ = library(tmp_path / "file")
    requests = [Request(source=ONE, text=f"a {n}") for n in range(20)]
    fill(lib, *requests)
    (warning,) = lib.drain_warnings()
    assert "cannot write to the store" in warning.message
    assert warning.key == requests[0].key
    assert lib.drain_warnings() == []
    assert lib.missing(requests) == []
    stored, _ = library(tmp_path / "store")
    fill(stored, *requests)
    # The numbers that were kept and those that could not be stored are equal to the last bit.
    for request in requests:
        np.testing.assert_array_equal(lib.get(request).weights, stored.get(request).weights)


def test_a_matrix_is_never_stored(tmp_path: Path) -> None:
    lib, opener = library(tmp_path)
    request = Request(source=MatrixSource(text="1 0\n0 1"), text="a b")
    assert lib.missing([request]) == []
    assert lib.get(request).heads == 1
    assert opener.opened == []


def rough(request: Request) -> Attention:
    """Weights that no store keeps to the last digit: one word in two pieces and a special token."""
    tokens = (
        Token("[S]", special=True),
        Token("un", word=0),
        Token("##be", word=0),
        Token("it", word=1),
    )
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(4, 0.7), size=(3, 2, 4)).astype(np.float32)
    mask = np.zeros((1, 4, 4), bool)
    return Attention(tokens, tokens, weights, mask, label=request.source.label)


class Rough(Opener):
    def run(self, requests: list[Request]) -> Iterator[tuple[Request, Attention | AttentionError]]:
        for request in requests:
            self.ran.append(request.key)
            yield request, rough(request)


def rough_library(tmp_path: Path, mode: str = "auto") -> tuple[Library, Rough]:
    opener = Rough()
    return Library(FolderStore(tmp_path), mode, opener), opener  # type: ignore[arg-type]


WHOLE = Request(source=ONE, text="unbe it")


def test_a_source_is_asked_once_for_all_that_is_derived_from_its_answer(tmp_path: Path) -> None:
    lib, opener = rough_library(tmp_path)
    merged = replace(WHOLE, merge="words")
    binned = replace(WHOLE, merge="words", special="hide")
    rolled = replace(WHOLE, aggregate="rollout")
    yielded = [r for r, _ in lib.capture(lib.missing([merged, binned, rolled]))]
    assert sorted(r.key for r in yielded) == sorted(r.key for r in (merged, binned, rolled))
    assert opener.ran == [WHOLE.key]
    # Tensors that were not requested are not kept.
    assert sorted(lib.store.keys()) == sorted(r.key for r in (merged, binned, rolled))
    assert [t.text for t in lib.get(merged).query_tokens] == ["[S]", "unbe", "it"]
    assert [t.text for t in lib.get(binned).query_tokens] == ["(special)", "unbe", "it"]
    assert lib.get(rolled).head_names == ("rollout",)
    again, second = rough_library(tmp_path)
    assert again.missing([merged, binned, rolled]) == []
    assert again.missing([WHOLE]) == [WHOLE]
    assert second.ran == []


def test_every_shown_number_of_a_merged_entry_is_exact(tmp_path: Path) -> None:
    """The three decimals come from the model's floats in double precision, not from the store's."""
    lib, _ = rough_library(tmp_path)
    merged = replace(WHOLE, merge="words", aggregate="mean")
    fill(lib, merged)
    exact = rough(WHOLE).weights.astype(np.float64).mean(axis=1)
    columns = np.stack([exact[..., 0], exact[..., 1] + exact[..., 2], exact[..., 3]], axis=-1)
    rows = np.stack([columns[:, 0], (columns[:, 1] + columns[:, 2]) / 2, columns[:, 3]], axis=1)
    found = lib.get(merged)
    assert found.head_names == ("mean",)
    np.testing.assert_array_equal(codes(found)[:, 0], np.floor(rows * 1000 + 0.5))


def test_a_failed_derivation_spares_the_others(tmp_path: Path) -> None:
    lib, _ = rough_library(tmp_path)
    good, bad = replace(WHOLE, aggregate="max"), replace(WHOLE, layers=(7,))
    fill(lib, bad, good)
    assert lib.get(good).heads == 1
    with pytest.raises(AttentionError, match="there is no layer 7, expected 0 to 2"):
        lib.get(bad)
    assert list(lib.store.keys()) == [good.key]


def test_only_the_layers_that_were_asked_for_are_kept(tmp_path: Path) -> None:
    lib, _ = rough_library(tmp_path)
    some = replace(WHOLE, layers=(0, 2))
    fill(lib, some)
    assert lib.get(some).layer_names == ("0", "2")
    np.testing.assert_allclose(lib.get(some).weights, rough(WHOLE).weights[[0, 2]], atol=1 / 8000)


FIVE = MatrixSource(text="0.5 0.5\n0.2 0.8\n\n1 0\n0 1")


def test_derivations_of_a_matrix_are_computed_for_the_page(tmp_path: Path) -> None:
    lib, _ = library(tmp_path, "frozen")
    request = Request(source=FIVE, text="a b", aggregate="mean")
    assert lib.missing([request]) == []
    np.testing.assert_allclose(lib.get(request).weights[0, 0], [[0.75, 0.25], [0.1, 0.9]])
    assert list(lib.store.keys()) == []


def test_the_flow_of_a_matrix_is_computed_once_and_kept(tmp_path: Path) -> None:
    request = Request(source=FIVE, text="a b", aggregate="flow")
    frozen, _ = library(tmp_path, "frozen")
    with pytest.raises(AttentionError, match=r"given weights \(flow\).*\[flow\]") as caught:
        frozen.get(request)
    assert caught.value.problem is Problem.FROZEN
    lib, opener = library(tmp_path)
    fill(lib, request)
    assert opener.opened == []
    assert list(lib.store.keys()) == [request.key]
    # One layer: half the mean of the heads, and half of the token itself.
    np.testing.assert_allclose(
        frozen.get(request).weights[0, 0], [[0.875, 0.125], [0.05, 0.95]], atol=1 / 8000
    )
    bad = replace(request, text="a b c")
    fill(lib, bad)
    with pytest.raises(AttentionError, match="3 tokens and 2 rows") as caught:
        lib.get(bad)
    assert caught.value.problem is Problem.MATRIX


def test_a_missing_entry_of_a_frozen_build_names_the_extras_to_install(tmp_path: Path) -> None:
    frozen, _ = library(tmp_path, "frozen")
    for aggregate, extras in (
        (None, "[models]"),
        ("rollout", "[models]"),
        ("flow", "[models,flow]"),
    ):
        with pytest.raises(AttentionError, match="not in the store") as caught:
            frozen.get(replace(WHOLE, aggregate=aggregate))  # type: ignore[arg-type]
        assert f"pip install 'sphinx-attention{extras}'" in caught.value.message
        key = replace(WHOLE, aggregate=aggregate).key[:12]  # type: ignore[arg-type]
        assert f"`sphinx-attention capture DOCS --only {key}`" in caught.value.message


def test_the_check_of_a_store_reads_each_file_once_and_unpacks_no_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check takes a fraction of a millisecond for an entry. The benchmarks measure this."""
    requests = [Request(source=ONE, text=f"a {n}") for n in range(200)]
    lib, _ = library(tmp_path)
    fill(lib, *requests)
    read: list[str] = []
    whole = FolderStore.read

    def counted(self: FolderStore, key: str) -> bytes | None:
        read.append(key)
        return whole(self, key)

    def unpacked(*_: object) -> None:
        raise AssertionError("the numbers of an entry are unpacked")

    monkeypatch.setattr(FolderStore, "read", counted)
    monkeypatch.setattr(entry_module, "read_arrays", unpacked)
    assert Library(FolderStore(tmp_path)).missing(requests) == []
    assert sorted(read) == sorted(request.key for request in requests)


def test_memory_is_flat(tmp_path: Path) -> None:
    lib, _ = library(tmp_path)
    requests = [Request(source=ONE, text=f"a {n}") for n in range(100)]
    fill(lib, *requests)
    for request in requests:
        lib.get(request)
    assert len(lib._ready) < 20


def test_few_checked_entries_stay_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries wait for their pages in a memory of fixed size. Others are read once more."""
    lib, _ = library(tmp_path)
    requests = [Request(source=ONE, text=f"a {n}") for n in range(40)]
    fill(lib, *requests)
    monkeypatch.setattr(library_module, "_MOST_OPENED", 100_000)
    fresh = Library(FolderStore(tmp_path))
    assert fresh.missing(requests) == []
    assert 0 < len(fresh._opened._entries) < 15
    for request in requests:
        assert fresh.get(request).weights.shape == lib.get(request).weights.shape
