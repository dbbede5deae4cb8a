"""Stores at URLs that fail: each failure is reported once, and the build goes on."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
import tracemalloc
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.store import remote as remote_module
from sphinx_attention.core.store.deadline import within
from sphinx_attention.core.store.folder import FolderStore
from sphinx_attention.core.store.remote import RemoteError, RemoteStore
from tests.core.entries import REQUEST, attention, request
from tests.core.store.remotes import folder, messages, opened
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sphinx_attention.core.store.layered import SharedStore
    from tests.s3 import Bucket


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
    return [warning.message for warning in library.drain_warnings()] + messages(store)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The attempts to reach a store at a URL."""
    made: list[str] = []
    whole = remote_module.check_reachable

    def counted(system: Any, root: str) -> None:
        made.append(root)
        whole(system, root)

    monkeypatch.setattr(remote_module, "check_reachable", counted)
    return made


def test_a_remote_store_that_is_down_is_reported_once_and_not_asked_again(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attempts: list[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    (message,) = used(opened(bucket.url, tmp_path))
    assert len(attempts) == 1
    assert message.startswith(f"the shared store {bucket.url} cannot be read: Could not connect")
    assert message.endswith(f"; going on with {tmp_path}/_attention alone")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


def test_a_remote_store_that_hangs_is_reported_once_and_not_asked_again(
    silent: int,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    attempts: list[str],
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent}")
    monkeypatch.setattr(remote_module, "REACH_SECONDS", 1.0)
    (message,) = used(opened(bucket.url, tmp_path))
    assert len(attempts) == 1
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
    (warning,) = library.drain_warnings()
    assert "cannot write to the store" in warning.message
    assert warning.message.endswith(f"what was computed is in {folder(tmp_path)} alone")
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
            output = " ".join(reported.message for reported in library.drain_warnings())
            assert "larger than the 1,048,576 bytes" in output or "cut short" in output
            assert list(store.keys()) == []
            assert tracemalloc.get_traced_memory()[1] < (30 << 20)
        finally:
            tracemalloc.stop()
            server.shutdown()
    assert not list(tmp_path.rglob("*.attn"))
