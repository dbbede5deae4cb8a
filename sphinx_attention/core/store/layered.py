"""A folder in front of a store at a URL: entries that are read from the URL are kept in the folder.

New entries are written to both. If the URL does not answer, the store is the folder alone; one
warning says so, and a build takes longer.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem

from .base import Store
from .entry import DamagedEntryError, NewerEntryError
from .entry import verify as verify_entry
from .remote import RemoteError, RemoteStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .folder import FolderStore

_AT_ONCE = 64
"""The entries of one request: enough to hide the latency, and few enough for the memory."""


class SharedStore(Store):
    """A folder in front of a store at a URL.

    Args:
        local: the folder.
        remote: the shared store.
    """

    def __init__(self, local: FolderStore, remote: RemoteStore) -> None:
        self.local = local
        self.remote = remote
        self._warnings: list[AttentionError] = []
        self._reported = False
        self._reported_local = False
        self._absent: set[str] = set()

    @property
    def name(self) -> str:
        """The URL and the folder."""
        return f"{self.remote.name} (with {self.local.name} before it)"

    @property
    def folder(self) -> Path:
        """The folder in front of the URL."""
        return self.local.root

    def location(self, key: str) -> str:
        """The file of an entry if it is in the folder, or else its URL."""
        if self.local.path(key).exists():
            return self.local.location(key)
        return self.remote.location(key)

    def read(self, key: str) -> bytes | None:
        """A sound entry from the folder, or else from the URL; None if neither has one.

        Raises:
            DamagedEntryError: all entries of the key are damaged.
            OSError: the file cannot be read, and the URL has no sound entry.
        """
        wrong: DamagedEntryError | OSError
        try:
            data = self.local.get_bytes(key)
        except (DamagedEntryError, OSError) as error:
            wrong = error
        else:
            return self._fetch(key) if data is None else data
        data = self._fetch(key)
        if data is None:
            raise wrong
        if not isinstance(wrong, NewerEntryError):
            self._note(f"{self.local.location(key)}: {wrong}; taken again from {self.remote.name}")
        return data

    def _fetch(self, key: str) -> bytes | None:
        if key in self._absent:
            # This holds only once, because another machine may be writing the entry now.
            self._absent.discard(key)
            return None
        try:
            data = self.remote.get_bytes(key)
        except RemoteError:
            self._note_remote()
            return None
        except DamagedEntryError as error:
            raise type(error)(str(error), self.remote.location(key)) from error
        if data is not None:
            self._keep(key, data)
        return data

    def _keep(self, key: str, data: bytes) -> None:
        try:
            self.local.write(key, data)
        except NewerEntryError:
            pass
        except AttentionError as error:
            if not self._reported_local:
                self._reported_local = True
                self._note(
                    f"cannot keep in {self.local.name} what was read from {self.remote.name}: "
                    f"{_reason(error)}"
                )

    def prepare(self, keys: Iterable[str]) -> None:
        """Copy entries from the URL to the folder, many at a time."""
        lacking = [key for key in keys if not self.local.path(key).exists()]
        for start in range(0, len(lacking), _AT_ONCE):
            try:
                found = self.remote.read_many(lacking[start : start + _AT_ONCE])
            except RemoteError:
                self._note_remote()
                return
            for key, data in found.items():
                if data is None:
                    self._absent.add(key)
                    continue
                # Damaged entries are left to `read`, which reports them.
                with contextlib.suppress(DamagedEntryError):
                    verify_entry(data, key)
                    self._keep(key, data)

    def write(self, key: str, data: bytes) -> None:
        """Write to the folder and to the URL.

        Raises:
            NewerEntryError: one of them has an entry of a newer format, which is left as it is.
            AttentionError: the folder cannot be written.
        """
        refused: NewerEntryError | AttentionError | None = None
        self._absent.discard(key)
        try:
            self.local.write(key, data)
        except (NewerEntryError, AttentionError) as error:
            refused = error
        try:
            self.remote.write(key, data)
        except NewerEntryError as error:
            refused = NewerEntryError(str(error), self.remote.location(key))
        except RemoteError:
            self._note_remote()
        else:
            if refused and not isinstance(refused, NewerEntryError):
                message = f"cannot write to the store {self.local.name}: {_reason(refused)}"
                message += f"; what was computed is in {self.remote.name} alone"
                refused = AttentionError(Problem.STORE, message)
        if refused:
            raise refused

    def keys(self) -> Iterator[str]:
        """The keys of the folder and, if it answers, of the URL, in order."""
        found = set(self.local.keys())
        try:
            found.update(self.remote.keys())
        except RemoteError:
            self._note_remote()
        yield from sorted(found)

    def delete(self, key: str) -> bool:
        """Remove an entry from the folder and the URL, and return whether there was one.

        Others may share the URL and use entries that these notes do not use. To delete
        only from the folder, use ``local``.

        Raises:
            AttentionError: the entry cannot be removed from the folder.
        """
        here, there = self.local.delete(key), False
        try:
            there = self.remote.delete(key)
        except RemoteError:
            self._note_remote()
        return here or there

    def sweep(self, older_than: float | None = None) -> int:
        """Remove temporary files that killed processes left in the folder."""
        return self.local.sweep() if older_than is None else self.local.sweep(older_than)

    def _note(self, message: str) -> None:
        self._warnings.append(AttentionError(Problem.STORE, message))

    def _note_remote(self) -> None:
        warning = self.remote.failure or self.remote.unwritable
        if warning and not self._reported:
            self._reported = True
            message = f"{warning.neutral}; going on with {self.local.name} alone"
            self._warnings.append(AttentionError(warning.problem, message))

    def drain_warnings(self) -> list[AttentionError]:
        """The problems since the last call; a URL that does not answer is reported once."""
        warnings, self._warnings = self._warnings, []
        return warnings


def _reason(error: AttentionError) -> str:
    return getattr(error.__cause__, "strerror", None) or error.neutral
