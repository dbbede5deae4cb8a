"""Stores at URLs: a folder, then a real S3 API, and every failure on the way to them."""

from __future__ import annotations

import contextlib
import http.server
import importlib
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import Problem
from sphinx_attention.core.store import layered as shared_module
from sphinx_attention.core.store import open_store
from sphinx_attention.core.store import remote as remote_module
from sphinx_attention.core.store.deadline import within
from sphinx_attention.core.store.entry import DamagedEntryError, NewerEntryError, pack
from sphinx_attention.core.store.folder import FolderStore
from sphinx_attention.core.store.layered import SharedStore
from sphinx_attention.core.store.remote import RemoteError, RemoteStore
from tests.core.entries import REQUEST, attention, request
from tests.s3 import Bucket, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = pack(REQUEST, attention())


def opened(url: str, base: Path) -> SharedStore:
    store = open_store(url, base)
    assert isinstance(store, SharedStore)
    return store


def folder(tmp_path: Path) -> str:
    return f"file://{tmp_path}/shared"


def messages(store: SharedStore) -> list[str]:
    return [trouble.message for trouble in store.drain_warnings()]


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
    asked: list[int] = []
    cat = remote_module.read_objects
    monkeypatch.setattr(
        remote_module,
        "read_objects",
        lambda s, paths, most: [asked.append(len(paths)), cat(s, paths, most)][1],
    )
    store = opened(url, tmp_path / "b")
    missing = Library(store).missing(requests)
    assert asked == [16, 16, 8]
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
    (trouble,) = library.drain_warnings()
    place = RemoteStore(url).location(REQUEST.key)
    assert trouble.message == f"{place}: its checksum is wrong; computed again"
    assert (trouble.problem, trouble.key) == (Problem.STORE, REQUEST.key)
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
    (trouble,) = library.drain_warnings()
    assert "its checksum is wrong; left as it is" in trouble.message


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


# No answer


def used(store: SharedStore) -> list[str]:
    """Do everything that a build does with a store. Return the messages."""
    library = Library(store)
    assert library.missing([REQUEST]) == [REQUEST]
    for text in "abc":
        with contextlib.suppress(RemoteError):
            store.put(request(text), attention())
    assert store.has(request("a").key)
    assert len(list(store.keys())) == 3
    store.delete(request("b").key)
    return [trouble.message for trouble in library.drain_warnings()] + messages(store)


def test_a_remote_store_that_is_down_is_reported_once_and_not_asked_again(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    started = time.monotonic()
    (message,) = used(opened(bucket.url, tmp_path))
    assert time.monotonic() - started < 8
    assert message.startswith(f"the shared store {bucket.url} cannot be read: Could not connect")
    assert message.endswith(f"; going on with {tmp_path}/_attention alone")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


def test_a_remote_store_that_hangs_is_reported_once_and_not_asked_again(
    silent: int, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent}")
    monkeypatch.setattr(remote_module, "REACH_SECONDS", 1.0)
    started = time.monotonic()
    (message,) = used(opened(bucket.url, tmp_path))
    assert time.monotonic() - started < 5
    assert "cannot be read: no answer within 1 second;" in message


def test_a_remote_store_that_disappears_during_the_build(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(bucket.url, tmp_path)
    assert not store.has(REQUEST.key)

    def gone(*_: object) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(store.remote._system[1], "pipe_file", gone)  # type: ignore[index]
    for n in range(3):
        store.put(request(str(n)), attention())
    (message,) = messages(store)
    assert "cannot be written: [Errno 104] Connection reset by peer; going on with" in message
    assert len(list(store.local.keys())) == 3


def test_a_bucket_that_is_not_there_is_reported_when_it_is_written(
    bucket: Bucket, tmp_path: Path
) -> None:
    (message,) = used(opened("s3://no-such-bucket/notes", tmp_path))
    assert "s3://no-such-bucket/notes cannot be written: The specified bucket does not" in message


def test_a_read_only_remote_store_is_read(tmp_path: Path) -> None:
    """An example is the web site on which the notes are published."""
    FolderStore(tmp_path / "shared").put(REQUEST, attention())

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Handler, directory=str(tmp_path / "shared"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            store = opened(f"http://127.0.0.1:{server.server_port}", tmp_path / "a")
            assert store.has(REQUEST.key)
            assert not store.has(request("other").key)
            store.put(request("other"), attention())
            store.put(request("third"), attention())
            (message,) = messages(store)
            assert "cannot be written" in message
            assert store.local.has(request("third").key)
            assert store.remote.has(REQUEST.key)
            store.remote._system[1].clear_instance_cache()  # type: ignore[index]
        finally:
            server.shutdown()
            thread.join()


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
    (trouble,) = store.drain_warnings()
    assert trouble.problem is Problem.INSTALL
    assert f": {line}; going on with {tmp_path}/_attention alone" in trouble.message


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


def test_an_unknown_protocol_is_reported(tmp_path: Path) -> None:
    (message,) = used(opened("carrier-pigeon://roof/notes", tmp_path))
    assert "carrier-pigeon://roof/notes cannot be read: Protocol not known" in message


def test_no_message_holds_the_password_of_a_url() -> None:
    store = RemoteStore("ftp://reader:secret@host/notes")
    assert store.name == "ftp://…@host/notes"
    assert "secret" not in store.location(REQUEST.key)


def test_a_local_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "_attention").write_text("in the way")
    library = Library(opened(folder(tmp_path), tmp_path / "a"))
    library._take(REQUEST, attention())
    (trouble,) = library.drain_warnings()
    assert "cannot write to the store" in trouble.message
    assert trouble.message.endswith(f"what was computed is in {folder(tmp_path)} alone")
    assert library.get(REQUEST).layers == 2
    assert RemoteStore(folder(tmp_path)).has(REQUEST.key)


def test_a_time_limit_for_answers() -> None:
    assert within(1, lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        within(1, lambda: 1 // 0)
    with pytest.raises(TimeoutError, match=r"no answer within 0\.1 seconds"):
        within(0.1, lambda: time.sleep(1))


# Endless answers


PACKED = zlib.compress(bytes(64 << 20), 1, 31)
"""64 MiB of zeros, compressed by gzip."""


class Endless(http.server.BaseHTTPRequestHandler):
    """Answers every request with zeros, compressed or not, as long as the client reads."""

    packed = False
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if self.packed:
            body = PACKED
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(bytes(1 << 16))

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("packed", [False, True])
def test_an_endless_answer_is_a_miss(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_module, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(remote_module, "_MOST_TOGETHER", 1 << 18)
    monkeypatch.setattr(Endless, "packed", packed)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tracemalloc.start()
        try:
            store = opened(f"http://127.0.0.1:{server.server_port}", tmp_path)
            library = Library(store)
            assert library.missing([REQUEST, request("b")]) == [REQUEST, request("b")]
            said = " ".join(told.message for told in library.drain_warnings())
            assert "larger than the 1,048,576 bytes" in said or "cut short" in said
            assert list(store.keys()) == []
            assert tracemalloc.get_traced_memory()[1] < (30 << 20)
        finally:
            tracemalloc.stop()
            server.shutdown()
    assert not list(tmp_path.rglob("*.attn"))


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
