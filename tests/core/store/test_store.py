"""Stores: the behaviour of every kind of store, and of folders."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.store import open_store
from sphinx_attention.core.store.base import MemoryStore, Store
from sphinx_attention.core.store.entry import DamagedEntryError, NewerEntryError, pack
from sphinx_attention.core.store.folder import FolderStore
from sphinx_attention.core.store.layered import SharedStore
from tests.core.entries import REQUEST, attention, request

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(
    params=[
        "folder",
        "memory",
        "file://",
        "memory://",
        pytest.param("s3://", marks=pytest.mark.slow),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    base = tmp_path / "docs"
    locations: dict[str, Callable[[], str | None]] = {
        "folder": lambda: "_attention",
        "memory": lambda: None,
        "file://": lambda: f"file://{tmp_path}/shared [1]",
        "memory://": lambda: f"memory://{uuid4().hex}",
        "s3://": lambda: request.getfixturevalue("bucket").url,
    }
    return open_store(locations[request.param](), base)


def test_a_stored_attention_is_read_back(store: Store) -> None:
    given = attention()
    assert store.get(REQUEST.key) is None
    assert store.info(REQUEST.key) is None
    assert store.get_bytes(REQUEST.key) is None
    assert list(store.keys()) == []
    store.put(REQUEST, given)
    found = store.get(REQUEST.key)
    assert found is not None
    assert found.query_tokens == given.query_tokens
    assert found.same_tokens
    assert_array_equal(found.masked, given.masked)
    assert_allclose(found.weights, given.weights, atol=1 / 8000)
    assert (found.part, found.label) == ("decoder", "org/model")
    assert dict(found.provenance) == {"commit": "abc"}
    assert store.has(REQUEST.key)
    assert not store.has("0" * 64)
    assert store.get_bytes(REQUEST.key) == pack(REQUEST, given)
    info = store.info(REQUEST.key)
    assert info is not None
    assert (info.request["text"], info.bytes) == ("a b c", len(pack(REQUEST, given)))
    assert REQUEST.key[:2] in store.location(REQUEST.key)
    assert store.drain_warnings() == []


def test_keys_are_listed_in_order_and_entries_removed(store: Store) -> None:
    requests = [request(str(n)) for n in range(5)]
    for one in requests:
        store.put(one, attention())
    keys = sorted(one.key for one in requests)
    assert list(store.keys()) == keys
    assert store.delete(keys[2])
    assert not store.delete(keys[2])
    assert store.get(keys[2]) is None
    assert list(store.keys()) == keys[:2] + keys[3:]
    assert store.drain_warnings() == []


def test_only_verified_bytes_are_stored(store: Store) -> None:
    data = pack(REQUEST, attention())
    with pytest.raises(DamagedEntryError):
        store.put_bytes(REQUEST.key, data[:-1])
    with pytest.raises(DamagedEntryError, match="another request"):
        store.put_bytes("0" * 64, data)
    assert list(store.keys()) == []
    store.put_bytes(REQUEST.key, data)
    assert store.get_bytes(REQUEST.key) == data
    assert store.get(REQUEST.key) is not None


def test_an_entry_written_twice_is_there_once(store: Store) -> None:
    store.put(REQUEST, attention())
    store.put(REQUEST, attention(seed=1))
    found = store.get(REQUEST.key)
    assert found is not None
    assert_allclose(found.weights, attention(seed=1).weights, atol=1 / 8000)
    assert len(list(store.keys())) == 1


def test_forms_of_locations(tmp_path: Path) -> None:
    assert isinstance(open_store(None, tmp_path), MemoryStore)
    folder = open_store("cache", tmp_path)
    assert isinstance(folder, FolderStore)
    assert folder.root == tmp_path / "cache"
    assert open_store(str(tmp_path / "x"), Path("/elsewhere")).name == str(tmp_path / "x")
    home = open_store("~/cache", tmp_path)
    assert isinstance(home, FolderStore)
    assert home.root == Path.home() / "cache"
    shared = open_store("s3://bucket/notes", tmp_path)
    assert isinstance(shared, SharedStore)
    assert shared.local.root == tmp_path / "_attention"
    assert shared.remote.url == "s3://bucket/notes"
    assert not list(tmp_path.iterdir())


def test_the_layout_of_a_folder_is_unchanged(tmp_path: Path) -> None:
    """Stores are committed, so the path of an entry must not change."""
    store = FolderStore(tmp_path)
    store.put(REQUEST, attention())
    (path,) = (p for p in tmp_path.rglob("*") if p.is_file())
    assert path == tmp_path / "e4" / f"{REQUEST.key[2:]}.attn"


def test_a_newer_entry_is_not_changed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(REQUEST, attention())
    path = store.path(REQUEST.key)
    newer = path.read_bytes()[:7] + b"\x02" + path.read_bytes()[8:]
    path.write_bytes(newer)
    for write in (
        lambda: store.put(REQUEST, attention(seed=1)),
        lambda: store.put_bytes(REQUEST.key, pack(REQUEST, attention())),
    ):
        with pytest.raises(NewerEntryError):
            write()
    assert path.read_bytes() == newer


def test_an_entry_under_another_key_is_damaged(tmp_path: Path) -> None:
    store, other = FolderStore(tmp_path), request("other")
    store.put(REQUEST, attention())
    store.path(other.key).parent.mkdir(parents=True, exist_ok=True)
    store.path(REQUEST.key).rename(store.path(other.key))
    with pytest.raises(DamagedEntryError, match="another request"):
        store.get(other.key)


def test_a_full_disk_is_an_error_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AttentionError, match="No space left") as caught:
        FolderStore(tmp_path).put(REQUEST, attention())
    assert caught.value.problem is Problem.STORE
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_old_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(REQUEST, attention())
    folder = store.path(REQUEST.key).parent
    old, young = folder / ".0123.7.ab.tmp", folder / ".4567.8.cd.tmp"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert list(store.keys()) == [REQUEST.key]
    # A store sweeps only once, so that writing stays fast.
    store.put(request("b"), attention())
    assert old.exists()
    later = FolderStore(tmp_path)
    later.put(request("c"), attention())
    assert not old.exists()
    assert young.exists()
    assert later.sweep(older_than=0) == 1
    assert not young.exists()
    assert len(list(later.keys())) == 3
    assert later.sweep(older_than=0) == 0


def test_entries_can_be_read_by_others(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(REQUEST, attention())
    umask = os.umask(0)
    os.umask(umask)
    assert store.path(REQUEST.key).stat().st_mode & 0o777 == 0o666 & ~umask


# Files that are no entries, and links to other folders


@pytest.mark.parametrize("what", ["folder", "part", "entry"])
def test_nothing_is_written_or_removed_through_a_link(tmp_path: Path, what: str) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "docs" / "_attention"
    elsewhere.mkdir()
    other = elsewhere / "kept.attn"
    other.write_bytes(b"somebody else's")
    store = FolderStore(root)
    path = store.path(REQUEST.key)
    link = {"folder": root, "part": path.parent, "entry": path}[what]
    link.parent.mkdir(parents=True)
    link.symlink_to(other if what == "entry" else elsewhere)
    if what == "entry":
        # An entry can replace the link itself.
        store.put(REQUEST, attention())
        assert not path.is_symlink()
        assert store.has(REQUEST.key)
        assert store.delete(REQUEST.key)
    else:
        (elsewhere / path.name).write_bytes(b"x")
        (elsewhere / path.parent.name).mkdir()
        (elsewhere / path.parent.name / path.name).write_bytes(b"x")
        before = sorted(elsewhere.rglob("*"))
        with pytest.raises(AttentionError, match="is a symbolic link, and nothing is written"):
            store.put(REQUEST, attention())
        with pytest.raises(AttentionError, match="is a symbolic link"):
            store.delete(REQUEST.key)
        assert store.sweep(older_than=-10) == 0
        assert sorted(elsewhere.rglob("*")) == before
    assert other.read_bytes() == b"somebody else's"


@pytest.mark.posix
def test_only_regular_files_of_limited_size_are_read(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    path = store.path(REQUEST.key)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file"):
        store.get(REQUEST.key)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="not a regular file"):
        store.get(REQUEST.key)
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DamagedEntryError, match=r"1,099,511,627,776 bytes; an entry has at most"):
        store.get(REQUEST.key)
    # The next capture replaces the entry, as after any other damage.
    store.put(REQUEST, attention())
    assert store.has(REQUEST.key)
