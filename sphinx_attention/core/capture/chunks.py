"""Capture past one process: requests in chunks, and the ways to run them.

A chunk holds requests of one source. A process keeps the model of a chunk open for the next
one, so that it loads each model once if the chunks of a source follow one another.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.sources import Runner, open_source
from sphinx_attention.core.store import open_store
from sphinx_attention.core.store.base import MemoryStore, Store

from .library import Library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx_attention.core.request import FunctionSource, ModelSource, Request

    from .compute import Opener

CHUNK = 32
"""The texts of a chunk: enough for full batches, and so few that a lost worker costs little."""


@dataclass(frozen=True)
class Chunk:
    """Requests of one source that are run together."""

    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one request.

    Attributes:
        key: the key of the request.
        error: the reason why there is no answer; None if there is one.
        data: the bytes of the entry, if the process that made it could not store them.
    """

    key: str
    error: AttentionError | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Destination:
    """The store that takes a chunk's entries.

    Attributes:
        location: a store that the process which runs the chunk can reach (see `open_store`); None
            sends the entries back.
        base: the folder to which a relative location is relative, and which holds the folder in
            front of a URL; None on another machine, which uses the URL alone.
        refresh: whether existing entries are computed again.
    """

    location: str | None
    base: str | None = None
    refresh: bool = False

    def open(self) -> Store:
        """The store."""
        if self.location is not None and self.base is None:
            from sphinx_attention.core.store.remote import RemoteStore  # noqa: PLC0415 - it builds on the store's module

            return RemoteStore(self.location)
        return open_store(self.location, Path(self.base or ""))


def chunks(requests: Iterable[Request], size: int = CHUNK) -> list[Chunk]:
    """Group requests by source, then by length. Requests with the same base stay together.

    Args:
        requests: any requests, with each key once.
        size: the most texts of a chunk.
    """
    made: list[Chunk] = []
    ordered = sorted(requests, key=lambda r: (repr(r.source), len(r.text), r.base.key))
    for _, same in groupby(ordered, key=lambda request: repr(request.source)):
        texts = [tuple(group) for _, group in groupby(same, key=lambda r: r.base.key)]
        parts = (texts[start : start + size] for start in range(0, len(texts), size))
        made += [Chunk(tuple(r for text in part for r in text)) for part in parts]
    return made


_lock = threading.Lock()
_opened: list[tuple[ModelSource | FunctionSource, AbstractContextManager[Runner], Runner]] = []


def _keep_open(source: ModelSource | FunctionSource) -> AbstractContextManager[Runner]:
    """The runner of a source, kept until another source is asked for: one model at a time."""
    if not _opened or _opened[0][0] != source:
        _close()
        manager = open_source(source)
        _opened.append((source, manager, manager.__enter__()))
    return nullcontext(_opened[0][2])


def _close() -> None:
    while _opened:
        _opened.pop()[1].__exit__(None, None, None)


def close_model() -> None:
    """Free the memory of the model that this process keeps open, unless it is in use."""
    if _lock.acquire(blocking=False):
        try:
            _close()
        finally:
            _lock.release()


def run_chunk(destination: Destination, chunk: Chunk) -> list[Outcome]:
    """Compute those requests of a chunk that the destination does not have yet.

    Returns:
        An outcome for each request.
    """
    return list(outcomes(destination, chunk))


def outcomes(
    destination: Destination, chunk: Chunk, opener: Opener = _keep_open
) -> Iterator[Outcome]:
    """Do the same as `run_chunk`, and give each outcome as soon as it is known.

    Args:
        destination: the destination of the entries.
        chunk: the requests.
        opener: opens the source, and may keep it open for the next chunk.
    """
    library = Library(destination.open(), "refresh" if destination.refresh else "auto", opener)
    # A worker of a cluster may have threads, and its memory may be too small for two models.
    with _lock:
        try:
            missing = library.missing(chunk.requests)
        except AttentionError:
            # The store does not answer, so the entries will be sent back.
            missing = list(chunk.requests)
        to_do = {request.key for request in missing}
        yield from (Outcome(r.key) for r in chunk.requests if r.key not in to_do)
        for request, _ in library.capture(missing):
            yield _outcome(library, request.key)


def _outcome(library: Library, key: str) -> Outcome:
    if key in library.failures:
        return Outcome(key, library.failures[key])
    if key in library.not_stored:
        return Outcome(key, data=library.not_stored.read(key))
    if isinstance(library.store, MemoryStore):
        return Outcome(key, data=library.store.read(key))
    return Outcome(key)


def take_in(
    library: Library, requests: Iterable[Request], ran: Iterable[Outcome]
) -> Iterator[Request]:
    """Store the outcomes of requests that ran elsewhere.

    Args:
        library: its store gets the entries that are sent back, and its ``failures`` the errors.
        requests: the requests that ran.
        ran: their outcomes.

    Yields:
        Each request as its outcome is known, once.
    """
    left = {request.key: request for request in requests}
    try:
        for outcome in ran:
            # After the loss of a worker, its outcomes may arrive again.
            request = left.pop(outcome.key, None)
            if request is None:
                continue
            if outcome.error is not None:
                library.fail(request, outcome.error)
            elif outcome.data is not None:
                library.keep(outcome.key, outcome.data)
            yield request
    finally:
        library.save_failures()
