"""From requests to attentions: entries are read from the store, and missing ones are computed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from sphinx_attention.core.analysis.bins import complete
from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.analysis.summaries import KINDS
from sphinx_attention.core.attention import WARNING
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import setting
from sphinx_attention.core.request import MatrixSource
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import is_builtin
from sphinx_attention.core.store.base import MemoryStore, Store
from sphinx_attention.core.store.checks import UnfitError
from sphinx_attention.core.store.entry import (
    DamagedEntryError,
    NewerEntryError,
    checksum,
    pack,
    verify,
)
from sphinx_attention.core.store.folder import FolderStore

from .compute import compute, read_matrix
from .failures import FailureRecord
from .warnings import StoreWarning, StoreWarnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import Request
    from sphinx_attention.core.store.entry import Entry

    from .compute import Answer, Opener

Mode = Literal["auto", "frozen", "refresh"]

KEY_SHOWN = 12
"""Digits of a key in messages: enough to tell entries apart, and short enough to copy."""

_KEPT_READY = 8
"""The most decoded attentions in memory. The number does not grow with the project."""

_MOST_OPENED = 8 * 1024 * 1024
"""Bytes of entries that stay in memory from the check of the store to the writing of pages."""

_HEADER_BYTES = 8 * 1024
"""About how many bytes the objects of a parsed header take."""


class _OpenedEntries:
    """Entries that were checked and are not on a page yet. They need not be read a second time.

    Entries that do not fit in the memory for this cache are read again.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._bytes = 0

    def keep(self, entry: Entry) -> None:
        """Keep an entry while there is room."""
        size = len(entry.data) + _HEADER_BYTES
        if entry.key not in self._entries and self._bytes + size <= _MOST_OPENED:
            self._entries[entry.key] = entry
            self._bytes += size

    def take(self, key: str) -> Entry | None:
        """Remove and return the entry of a key, or None where it is not kept."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.data) + _HEADER_BYTES
        return entry


class Library:
    """Hosts ask the library for attentions.

    Args:
        store: the store for computed attentions.
        mode: ``auto`` computes missing entries, ``frozen`` computes nothing, ``refresh`` computes
            everything.
        opener: opens a source. Nothing is loaded before the first request is run.
        docs: the folder of the notes as a person would type it, for messages.
        record: the requests that failed in earlier builds and are not tried again; None for none.

    Attributes:
        failures: by key, why a request could not be computed.
        not_stored: entries that were computed and could not be stored.
        remarks: by key, a warning for the author of a request that was computed.
    """

    def __init__(
        self,
        store: Store,
        mode: Mode = "auto",
        opener: Opener = open_source,
        docs: str = "DOCS",
        record: FailureRecord | None = None,
    ) -> None:
        self.store = store
        self.mode = mode
        self.docs = docs
        self.failures: dict[str, AttentionError] = {}
        self.remarks: dict[str, str] = {}
        # Entries are packed as in a store, so that a page shows the same numbers from either place.
        self.not_stored = MemoryStore()
        self._opener = opener
        self._record = record or FailureRecord(None)
        self._states: dict[str, str] = {}
        self._warnings = StoreWarnings()
        self._opened = _OpenedEntries()
        self._ready: OrderedDict[str, Attention] = OrderedDict()

    def missing(self, requests: Iterable[Request]) -> list[Request]:
        """The requests that have to be computed, each key once, in order.

        Every entry is read and its checksum and header are verified, because a damaged entry cannot
        be computed again once pages are written. `drain_warnings` tells which entries are damaged.
        """
        requested = {request.key: request for request in requests if is_captured(request)}
        if self.mode == "refresh":
            return list(requested.values())
        self.store.prepare(key for key in requested if key not in self.not_stored)
        return [r for key, r in requested.items() if not self._sound(key) and not self._hopeless(r)]

    def _hopeless(self, request: Request) -> bool:
        """Whether a request failed in an earlier build, and nothing has changed since then."""
        if self.mode == "frozen" or (error := self._record.find(request)) is None:
            return False
        self.fail(request, error)
        return True

    def fail(self, request: Request, error: AttentionError) -> None:
        """Note why a request cannot be computed, for this build and for later ones."""
        key = request.key
        self._states[key] = f"failed ({error.problem}): {error.message}"
        if self._record.keeps(request, error):
            self._record.put(request, error)
            error = AttentionError(
                error.problem,
                error.neutral + self._how_to_retry(key),
                error.trace,
                subject=error.subject,
            )
        self.failures[key] = error

    def _how_to_retry(self, key: str) -> str:
        return (
            "; it is tried again when the figure, the model or the installed packages change, or "
            f"by `sphinx-attention capture {self.docs} --refresh --only {key[:KEY_SHOWN]}`"
        )

    def _sound(self, key: str) -> bool:
        if key in self.not_stored:
            return True
        self._states.pop(key, None)
        try:
            entry = self.store.open(key)
        except NewerEntryError as error:
            self._warnings.note_newer(key, self._described(key, error))
            return False
        except (DamagedEntryError, OSError) as error:
            self._states[key] = self._described(key, error)
            self._warnings.damaged[key] = self._states[key]
            return False
        if entry is None:
            return False
        self._states[key] = checksum(entry.data)
        self._opened.keep(entry)
        return True

    def _place(self, key: str, error: DamagedEntryError | OSError) -> tuple[str, str]:
        """The place of an entry that cannot be used, and the reason."""
        where = getattr(error, "where", None) or self.store.location(key)
        return where, getattr(error, "strerror", None) or str(error)

    def _described(self, key: str, error: DamagedEntryError | OSError) -> str:
        return ": ".join(self._place(key, error))

    def capture(self, requests: Iterable[Request]) -> Iterator[tuple[Request, str]]:
        """Compute requests, grouped by source, and store each as soon as it is ready.

        Requests that fail are noted in ``failures`` and not stored.

        Yields:
            Each request when it is done, and the name of its source, for progress displays.
        """
        try:
            for request, answer in self.compute(filter(is_captured, requests)):
                self._take(request, answer)
                yield request, request.source.label or "given weights"
        finally:
            self._record.save()

    def compute(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Answer]]:
        """Compute requests (see `compute.compute`). The store is neither read nor written."""
        return compute(requests, self._opener)

    def _take(self, request: Request, answer: Answer) -> None:
        key = request.key
        self.failures.pop(key, None)
        if isinstance(answer, AttentionError):
            self.fail(request, answer)
            return
        try:
            keeping = f"keeping the attention over {request.what}"
            with guarded(Problem.MODEL, keeping, subject=request.subject):
                data = pack(request, answer)
        except AttentionError as error:
            failed = error
            if isinstance(error.__cause__, UnfitError):
                what = request.source.label or "the given weights"
                message = f"what {what} answered cannot be shown: {error.__cause__}"
                failed = AttentionError(Problem.MODEL, message)
            self.fail(request, failed)
            return
        if warning := answer.provenance.get(WARNING):
            self.remarks[key] = warning
        self._write(key, data)

    def keep(self, key: str, data: bytes) -> None:
        """Store an entry that another process computed. An entry that is not sound is a failure."""
        self.failures.pop(key, None)
        try:
            verify(data, key)
        except DamagedEntryError as error:
            message = f"what came back from where it was computed cannot be used: {error}"
            self.failures[key] = AttentionError(Problem.STORE, message)
        else:
            self._write(key, data)

    def save_failures(self) -> None:
        """Keep the record of failures for later builds. `capture` calls this itself."""
        self._record.save()

    def _write(self, key: str, data: bytes) -> None:
        self._states[key] = checksum(data)
        self._opened.take(key)
        self._record.forget(key)
        try:
            self.store.write(key, data)
        # Readers see the figure even if the disk is full or the store is read-only.
        except NewerEntryError as error:
            self._warnings.note_newer(key, self._described(key, error))
            self.not_stored.write(key, data)
        except AttentionError as error:
            self._warnings.unwritten.setdefault(error.message, key)
            self.not_stored.write(key, data)

    def state_of(self, request: Request) -> str:
        """A text that changes when a figure of the request changes, after `missing` and `capture`.

        Returns:
            The checksum of the entry, or the reason why there is no entry.
        """
        return self._states.get(request.key, "not in the store")

    def drain_warnings(self) -> list[StoreWarning]:
        """The warnings about the store since the last call.

        Each damaged entry has a warning of its own, because each names a file. A problem of the
        whole store has one warning.
        """
        found = [StoreWarning(e.problem, e.message) for e in self.store.drain_warnings()]
        return found + self._warnings.drain(frozen=self.mode == "frozen")

    def get(self, request: Request) -> Attention:
        """The attention of a request, from the store or from the author's matrix.

        Raises:
            AttentionError: the attention is missing or cannot be used.
        """
        if request.key in self._ready:
            self._ready.move_to_end(request.key)
            return self._ready[request.key]
        problem = Problem.STORE if is_captured(request) else Problem.MATRIX
        reading = f"reading the attention over {request.what}"
        with guarded(problem, reading, subject=request.subject):
            attention = self._find(request)
        self._ready[request.key] = attention
        while len(self._ready) > _KEPT_READY:
            self._ready.popitem(last=False)
        return attention

    def answers(self, requests: Iterable[Request]) -> list[Answer]:
        """The attention of each request, or the error of `get`, in the order of the requests."""
        found: list[Answer] = []
        for request in requests:
            try:
                found.append(self.get(request))
            except AttentionError as error:
                found.append(error)
        return found

    def _find(self, request: Request) -> Attention:
        if not is_captured(request):
            return derive(read_matrix(request), request)
        key = request.key
        if key in self.failures:
            raise self.failures[key]
        store = self.not_stored if key in self.not_stored else self.store
        try:
            entry = self._opened.take(key) or store.open(key)
            attention = None if entry is None else entry.attention()
        except (DamagedEntryError, OSError) as error:
            where, why = self._place(key, error)
            self._warnings.damaged[key] = f"{where}: {why}"
            raise AttentionError(
                Problem.STORE, f"the entry {where} cannot be used: {why}"
            ) from error
        if attention is None:
            raise AttentionError(
                Problem.FROZEN, self._how_to_fill(request), subject=request.subject
            )
        return complete(attention)

    def mend(self, request: Request) -> bool:
        """Compute again an entry that `get` found damaged.

        `missing` checks the header of an entry, and `get` checks the numbers. Forked processes must
        not call this, because the main process would not get the result.

        Returns:
            Whether the entry was computed. If so, call `get` again.
        """
        if self.mode == "frozen" or request.key not in self._warnings.damaged:
            return False
        for _ in self.capture([request]):
            pass
        return True

    def _how_to_fill(self, request: Request) -> str:
        what = request.source.label or "the given weights"
        kind = request.summary and request.summary.kind
        made = f" ({request.aggregate or kind})" if request.aggregate or kind else ""
        extras = _extras(request)
        where = "To compute it"
        if extras:
            where = f"Where the model can run (`pip install 'sphinx-attention[{extras}]'`)"
        keep = ", and commit the folder" if isinstance(self.store, FolderStore) else ""
        return (
            f"the attention of {what}{made} over {request.what} is not in the store "
            f"{self.store.name}, and {setting('mode')} is {self.mode!r}, so that no model runs. "
            f"{where}, run "
            f"`sphinx-attention capture {self.docs} --only {request.key[:KEY_SHOWN]}`{keep}"
        )


def is_captured(request: Request) -> bool:
    """Whether the answer to a request is stored. Reading an author's matrix again is faster."""
    return not isinstance(request.source, MatrixSource) or request.aggregate == "flow"


def _extras(request: Request) -> str:
    """The extras of this package that a request needs, separated by commas."""
    needed = []
    if not isinstance(request.source, MatrixSource) and not is_builtin(request.source):
        needed.append("models")
    if request.aggregate == "flow":
        needed.append("flow")
    if request.summary is not None and (extra := KINDS[request.summary.kind].extra):
        needed.append(extra)
    return ",".join(needed)
