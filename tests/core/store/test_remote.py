"""Stores at URLs: a folder, then a real S3 API, and every failure on the way to them."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import Problem
from sphinx_attention.core.store import layered as shared_module
from sphinx_attention.core.store import remote as remote_module
from sphinx_attention.core.store.entry import DamagedEntryError, NewerEntryError, pack
from sphinx_attention.core.store.folder import FolderStore
from sphinx_attention.core.store.remote import RemoteStore
from tests.core.entries import REQUEST, attention, request
from tests.core.store.remotes import DATA, folder, messages, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3 import Bucket


# Sharing


@pytest.fixture(params=["file://", pytest.param("s3://", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3://":
        return str(request.getfixturevalue("bucket").url)
    return folder(tmp_path)


def test_both_stores_are_written_and_the_local_one_is_read_first(url: str, tmp_path: Path) -> None:
    first = opened(url, tmp_path / "a")
    first.put(REQUEST, attention())
    assert FolderStore(tmp_path / "a" / "_attention").get_bytes(REQUEST.key) == DATA
    assert RemoteStore(url).get_bytes(REQUEST.key) == DATA
    # The remote store is not asked for an entry that the folder has. So the entry can be deleted
    # there.
    assert RemoteStore(url).delete(REQUEST.key)
    assert first.has(REQUEST.key)
    second = opened(url, tmp_path / "b")
    assert not second.has(REQUEST.key)


def test_entries_of_the_remote_store_are_kept_locally(url: str, tmp_path: Path) -> None:
    opened(url, tmp_path / "a").put(REQUEST, attention())
    second = opened(url, tmp_path / "b")
    assert second.has(REQUEST.key)
    assert FolderStore(tmp_path / "b" / "_attention").get_bytes(REQUEST.key) == DATA
    nowhere = opened("file:///nowhere/at/all", tmp_path / "b")
    assert nowhere.get(REQUEST.key) is not None
    assert second.drain_warnings() == []


def test_entries_are_fetched_in_batches_and_none_twice(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [request(str(n)) for n in range(40)]
    remote = RemoteStore(url)
    for one in requests[:24]:
        remote.write(one.key, pack(one, attention(layers=1, heads=1)))
    monkeypatch.setattr(shared_module, "_AT_ONCE", 16)
    requested: list[int] = []
    cat = remote_module.read_objects
    monkeypatch.setattr(
        remote_module,
        "read_objects",
        lambda s, paths, most: [requested.append(len(paths)), cat(s, paths, most)][1],
    )
    store = opened(url, tmp_path / "b")
    missing = Library(store).missing(requests)
    assert requested == [16, 16, 8]
    assert missing == requests[24:]
    assert sorted(store.local.keys()) == sorted(one.key for one in requests[:24])
    # Another machine may have added entries in the meantime, so missing entries are asked for
    # again.
    remote.put(requests[30], attention())
    assert store.has(requests[30].key)
    assert store.drain_warnings() == []


def test_keys_of_both_stores(url: str, tmp_path: Path) -> None:
    store = opened(url, tmp_path / "a")
    here, there, both = request("here"), request("there"), request("both")
    store.local.put(here, attention())
    store.remote.put(there, attention())
    store.put(both, attention())
    assert list(store.keys()) == sorted(one.key for one in (here, there, both))
    assert store.location(here.key) == store.local.location(here.key)
    assert store.location(there.key) == f"{url}/{there.key[:2]}/{there.key[2:]}.attn"
    assert store.delete(there.key)
    assert store.delete(both.key)
    assert list(store.keys()) == [here.key]


def test_no_partial_and_no_temporary_object_is_left(tmp_path: Path) -> None:
    store = RemoteStore(folder(tmp_path))
    for n in range(3):
        store.put(request(str(n)), attention())
    assert all(p.suffix == ".attn" for p in (tmp_path / "shared").rglob("*") if p.is_file())


def test_a_copied_folder_is_a_remote_store(tmp_path: Path) -> None:
    FolderStore(tmp_path / "old").put(REQUEST, attention())
    shutil.copytree(tmp_path / "old", tmp_path / "shared")
    assert opened(folder(tmp_path), tmp_path / "a").has(REQUEST.key)


def test_forked_writers_read_entries_that_cannot_be_kept_locally(
    bucket: Bucket, tmp_path: Path
) -> None:
    """An example is a checkout that is read only while several processes of Sphinx write pages."""
    opened(bucket.url, tmp_path / "a").put(REQUEST, attention())
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "_attention").write_text("in the way")
    store = opened(bucket.url, tmp_path / "b")
    assert store.has(REQUEST.key)
    (message,) = messages(store)
    kept = f"cannot keep in {tmp_path}/b/_attention what was read from {bucket.url}: "
    assert message.startswith(kept)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def write() -> None:
        answers.put((store.get(REQUEST.key) is not None, messages(store)))

    children = [context.Process(target=write) for _ in range(3)]
    for child in children:
        child.start()
    assert [answers.get(timeout=30) for _ in children] == [(True, [])] * 3
    for child in children:
        child.join(10)
        assert child.exitcode == 0
    assert store.has(REQUEST.key)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "FSSPEC_S3"])
def test_the_environment_configures_the_connection(
    variable: str, bucket: Bucket, tmp_path: Path
) -> None:
    """Each variable is tested in a new process, because fsspec reads its settings at import."""
    opened(bucket.url, tmp_path / "a").put(REQUEST, attention())
    code = (
        "import sys, pathlib\n"
        "from sphinx_attention.core.store import open_store\n"
        "store = open_store(sys.argv[1], pathlib.Path(sys.argv[2]))\n"
        "print(store.has(sys.argv[3]), store.drain_warnings())\n"
        "print(store.remote._system[1].config_kwargs['read_timeout'])\n"
    )
    environment = {**os.environ, **bucket.environment, variable: bucket.endpoint}
    if variable != "AWS_ENDPOINT_URL":
        del environment["AWS_ENDPOINT_URL"]
    if variable == "FSSPEC_S3":
        options = f'{{"endpoint_url": "{bucket.endpoint}", "config_kwargs": {{"read_timeout": 7}}}}'
        environment[variable] = options
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, bucket.url, tmp_path / "b", REQUEST.key],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    patience = "7" if variable == "FSSPEC_S3" else "10.0"
    assert done.stdout == f"True []\n{patience}\n"
    # No connection is left open, and no message comes at the end.
    assert done.stderr == ""


# Damage


def test_a_damaged_remote_entry_is_a_miss_with_a_warning_and_replaced(
    url: str, tmp_path: Path
) -> None:
    RemoteStore(url).write(REQUEST.key, DATA[:-9])
    store = opened(url, tmp_path / "a")
    library = Library(store)
    assert library.missing([REQUEST]) == [REQUEST]
    (warning,) = library.drain_warnings()
    place = RemoteStore(url).location(REQUEST.key)
    assert warning.message == f"{place}: its checksum is wrong; computed again"
    assert (warning.problem, warning.key) == (Problem.STORE, REQUEST.key)
    assert list(store.local.keys()) == []
    store.put(REQUEST, attention())
    assert RemoteStore(url).get_bytes(REQUEST.key) == DATA
    assert opened(url, tmp_path / "a").has(REQUEST.key)


def test_an_empty_remote_object_is_a_miss_and_replaced(url: str, tmp_path: Path) -> None:
    RemoteStore(url).write(REQUEST.key, b"")
    store = opened(url, tmp_path / "a")
    with pytest.raises(DamagedEntryError, match="cut short"):
        store.has(REQUEST.key)
    store.put(REQUEST, attention())
    assert store.drain_warnings() == []
    assert RemoteStore(url).get_bytes(REQUEST.key) == DATA


def test_a_damaged_local_entry_is_fetched_again(tmp_path: Path) -> None:
    store = opened(folder(tmp_path), tmp_path / "a")
    store.put(REQUEST, attention())
    store.local.path(REQUEST.key).write_bytes(DATA[:50])
    assert Library(store).missing([REQUEST]) == []
    assert messages(store) == [
        f"{store.local.path(REQUEST.key)}: its checksum is wrong; taken again from {store.remote.name}"
    ]
    assert store.local.get_bytes(REQUEST.key) == DATA


def test_damage_in_both_stores_is_reported_once(tmp_path: Path) -> None:
    store = opened(folder(tmp_path), tmp_path / "a")
    store.put(REQUEST, attention())
    for path in tmp_path.rglob("*.attn"):
        path.write_bytes(DATA[:50])
    library = Library(store, "frozen")
    assert library.missing([REQUEST]) == [REQUEST]
    (warning,) = library.drain_warnings()
    assert "its checksum is wrong; left as it is" in warning.message


def test_a_newer_remote_entry_is_not_changed(url: str, tmp_path: Path) -> None:
    newer = DATA[:7] + b"\x05" + DATA[8:]
    RemoteStore(url).write(REQUEST.key, newer)
    store = opened(url, tmp_path / "a")
    with pytest.raises(NewerEntryError, match="format 5") as caught:
        store.has(REQUEST.key)
    assert caught.value.where == RemoteStore(url).location(REQUEST.key)
    with pytest.raises(NewerEntryError):
        store.put(REQUEST, attention())
    assert RemoteStore(url).read(REQUEST.key) == newer
    assert store.drain_warnings() == []
    # The entry that was computed and kept in the folder serves.
    assert store.has(REQUEST.key)


@pytest.mark.parametrize(
    ("url", "lacking", "line"),
    [
        ("s3://bucket/notes", "s3fs", "pip install 'sphinx-attention[s3]'"),
        ("s3://bucket/notes", "fsspec", "pip install 'sphinx-attention[s3]'"),
        ("file:///shared", "fsspec", "pip install 'sphinx-attention[remote]'"),
        ("gs://bucket/notes", "gcsfs", "pip install 'gcsfs'"),
        ("gs://bucket/notes", "fsspec", "pip install 'sphinx-attention[remote]' 'gcsfs'"),
    ],
)
def test_missing_packages_are_named_once(
    url: str, lacking: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == lacking:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, lacking, None)
    if lacking != "fsspec":
        # If an earlier test opened such a store, fsspec would not import the package again.
        monkeypatch.delitem(
            importlib.import_module("fsspec.registry")._registry, "s3", raising=False
        )
    store = opened(url, tmp_path)
    assert not store.has(REQUEST.key)
    store.put(REQUEST, attention())
    assert store.has(REQUEST.key)
    (warning,) = store.drain_warnings()
    assert warning.problem is Problem.INSTALL
    assert f": {line}; going on with {tmp_path}/_attention alone" in warning.message


def test_nothing_is_imported_when_the_folder_has_all_entries(tmp_path: Path) -> None:
    FolderStore(tmp_path / "_attention").put(REQUEST, attention())
    code = (
        "import sys, pathlib\n"
        "from sphinx_attention.core.store import open_store\n"
        "store = open_store('s3://bucket/notes', pathlib.Path(sys.argv[1]))\n"
        "store.prepare([sys.argv[2]])\n"
        "assert store.get(sys.argv[2]) is not None\n"
        "print([m for m in sys.modules if m in {'fsspec', 's3fs', 'botocore'}])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), REQUEST.key]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_object_that_is_too_large_is_read_by_itself_and_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RemoteStore(url).write(REQUEST.key, DATA)
    store = opened(url, tmp_path / "a")
    monkeypatch.setattr(remote_module, "MOST_BYTES", len(DATA) - 1)
    with pytest.raises(DamagedEntryError, match="larger than"):
        store.get(REQUEST.key)
    monkeypatch.setattr(remote_module, "MOST_BYTES", len(DATA))
    assert store.has(REQUEST.key)
