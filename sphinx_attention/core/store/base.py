"""The interface of all stores, and the store in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .entry import Entry, EntryInfo, open_entry, pack
from .entry import verify as verify_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.errors import AttentionError
    from sphinx_attention.core.request import Request

ABANDONED_SECONDS = 3600.0
"""The age from which a temporary file counts as left behind by a killed process."""


class Store(ABC):
    """Attentions by key.

    Processes may share a store: entries appear whole or not at all, and a key always stands for the
    same attention.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the store in messages."""

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None if there is none."""
        return None

    @abstractmethod
    def read(self, key: str) -> bytes | None:
        """The bytes of an entry, not verified; None if there is no entry.

        Raises:
            OSError: the entry exists and cannot be read.
        """

    @abstractmethod
    def write(self, key: str, data: bytes) -> None:
        """Write an entry's bytes, whole or not at all.

        Raises:
            NewerEntryError: there is an entry of a newer format, which is left as it is.
            AttentionError: the store cannot be written, or the disk is full.
        """

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """Every key that has an entry, sound or not, in order."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Remove an entry, and return whether there was one.

        Raises:
            AttentionError: the entry cannot be removed.
        """

    @abstractmethod
    def location(self, key: str) -> str:
        """The location of an entry, for messages."""

    def open(self, key: str) -> Entry | None:
        """The entry of a key, with its checksum and header verified; None if there is no entry.

        Raises:
            DamagedEntryError: the entry is cut short, altered, or of another version.
            OSError: the entry exists and cannot be read.
        """
        data = self.read(key)
        return None if data is None else open_entry(data, key)

    def get(self, key: str) -> Attention | None:
        """The attention of a key; None if there is no entry.

        Raises:
            DamagedEntryError: as `open`, and if numbers are not possible.
            OSError: as `open`.
        """
        entry = self.open(key)
        return None if entry is None else entry.attention()

    def has(self, key: str) -> bool:
        """Whether there is a sound entry of a key; all of it is read and checked.

        Raises:
            DamagedEntryError: as `get`.
            OSError: as `get`.
        """
        data = self.read(key)
        if data is not None:
            verify_entry(data, key)
        return data is not None

    def info(self, key: str) -> EntryInfo | None:
        """The description of the entry of a key; None if there is no entry.

        Raises:
            DamagedEntryError: as `open`.
            OSError: as `open`.
        """
        entry = self.open(key)
        return None if entry is None else entry.info()

    def get_bytes(self, key: str) -> bytes | None:
        """The bytes of an entry, with checksum and header verified; None if there is no entry.

        Raises:
            DamagedEntryError: as `open`.
            OSError: as `open`.
        """
        entry = self.open(key)
        return None if entry is None else entry.data

    def put_bytes(self, key: str, data: bytes) -> None:
        """Copy an entry from another store.

        Raises:
            DamagedEntryError: the bytes are not a sound entry of that key; nothing is written.
            AttentionError: as `put`.
        """
        verify_entry(data, key)
        self.write(key, data)

    def put(self, request: Request, attention: Attention) -> None:
        """Write the answer to a request.

        Raises:
            NewerEntryError: there is an entry of a newer format, which is left as it is.
            AttentionError: the store cannot be written, or the disk is full.
        """
        self.write(request.key, pack(request, attention))

    def prepare(self, keys: Iterable[str]) -> None:  # noqa: B027 - most stores need none
        """Fetch several entries that will be read one by one, if that is quicker."""

    def sweep(self, older_than: float = ABANDONED_SECONDS) -> int:  # noqa: ARG002 - for those that need it
        """Remove temporary files that killed processes left behind.

        Args:
            older_than: in seconds; younger files may still be written.

        Returns:
            How many were removed.
        """
        return 0

    def drain_warnings(self) -> list[AttentionError]:
        """The problems since the last call that did not keep the store from answering."""
        return []


class MemoryStore(Store):
    """Entries that last as long as the process."""

    def __init__(self) -> None:
        self._entries: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    @property
    def name(self) -> str:
        """The name of the store in messages."""
        return "in memory"

    def read(self, key: str) -> bytes | None:
        """The bytes of an entry; None if there is no entry."""
        return self._entries.get(key)

    def write(self, key: str, data: bytes) -> None:
        """Keep an entry's bytes."""
        self._entries[key] = data

    def keys(self) -> Iterator[str]:
        """Every key, in order."""
        yield from sorted(self._entries)

    def delete(self, key: str) -> bool:
        """Forget an entry, and return whether there was one."""
        return self._entries.pop(key, None) is not None

    def location(self, key: str) -> str:
        """The name of an entry in messages."""
        return f"{key[:12]}… in memory"
