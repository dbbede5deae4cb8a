"""The store: attentions by key, in a folder, in memory, or in both a folder and a shared place."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from .entry import (
    MOST_BYTES,
    DamagedEntryError,
    EntryInfo,
    NewerEntryError,
    glance,
    is_newer,
    pack,
    read_info,
)
from .entry import unpack as unpack_entry
from .entry import verify as verify_entry
from .errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .attention import Attention
    from .request import Request

SUFFIX = ".attn"
LOCAL_FOLDER = "_attention"
"""Where a store at a URL keeps what was read from there, beside conf.py."""

_BINARY = getattr(os, "O_BINARY", 0)
"""What Windows needs so that it does not translate line ends."""

_ABANDONED = 3600.0
"""Seconds after which a temporary file is taken to be left over from a process that was killed."""


class Store(ABC):
    """Attentions by key.

    Processes may share one: entries appear whole or not at all, and the same key always holds the
    same attention.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call the store."""

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None where there is none."""
        return None

    @abstractmethod
    def read(self, key: str) -> bytes | None:
        """An entry's bytes as they lie there, not verified; None where there is none.

        Raises:
            OSError: the entry is there and cannot be read.
        """

    @abstractmethod
    def write(self, key: str, data: bytes) -> None:
        """Write an entry's bytes, whole or not at all.

        Raises:
            NewerEntryError: there is one of a younger format, which is left as it is.
            AttentionError: the store cannot be written, or the disk is full.
        """

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """Every key that has an entry, sound or not, in order."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Remove an entry; whether there was one.

        Raises:
            AttentionError: it cannot be removed.
        """

    @abstractmethod
    def location(self, key: str) -> str:
        """Where the entry of a key lies, for messages."""

    def get(self, key: str) -> Attention | None:
        """The attention of a key; None where there is no entry.

        Raises:
            DamagedEntryError: the entry is cut short, altered, or of another version.
            OSError: the entry is there and cannot be read.
        """
        data = self.read(key)
        return None if data is None else unpack_entry(data, key)

    def has(self, key: str) -> bool:
        """Whether there is a sound entry of a key: all of it is read and checked.

        Raises:
            DamagedEntryError: as `get`.
            OSError: as `get`.
        """
        data = self.read(key)
        if data is not None:
            verify_entry(data, key)
        return data is not None

    def info(self, key: str) -> EntryInfo | None:
        """What the entry of a key says of itself; None where there is no entry.

        Raises:
            DamagedEntryError: as `get`.
            OSError: as `get`.
        """
        data = self.read(key)
        return None if data is None else read_info(data, key)

    def get_bytes(self, key: str) -> bytes | None:
        """The bytes of an entry, whose checksum and header are right; None where there is none.

        Raises:
            DamagedEntryError: as `get`, but for numbers that cannot be right.
            OSError: as `get`.
        """
        data = self.read(key)
        if data is not None:
            glance(data, key)
        return data

    def put_bytes(self, key: str, data: bytes) -> None:
        """Take over an entry from another store.

        Raises:
            DamagedEntryError: the bytes are not a sound entry of that key; nothing is written.
            AttentionError: as `put`.
        """
        verify_entry(data, key)
        self.write(key, data)

    def put(self, request: Request, attention: Attention) -> None:
        """Write the answer to a request.

        Raises:
            NewerEntryError: there is an entry of a younger format, which is left as it is.
            AttentionError: the store cannot be written, or the disk is full.
        """
        self.write(request.key, pack(request, attention))

    def prepare(self, keys: Iterable[str]) -> None:  # noqa: B027 - most stores need none
        """Fetch at once what will be asked for one by one, where that is quicker."""

    def sweep(self, older_than: float = _ABANDONED) -> int:  # noqa: ARG002 - for those that need it
        """Remove temporary files that killed processes left behind.

        Args:
            older_than: in seconds; younger ones may be in the writing.

        Returns:
            How many were removed.
        """
        return 0

    def troubles(self) -> list[AttentionError]:
        """What went wrong since last asked, without keeping the store from answering."""
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
        """What messages call the store."""
        return "in memory"

    def read(self, key: str) -> bytes | None:
        """An entry's bytes; None where there is none."""
        return self._entries.get(key)

    def write(self, key: str, data: bytes) -> None:
        """Keep an entry's bytes."""
        self._entries[key] = data

    def keys(self) -> Iterator[str]:
        """Every key, in order."""
        yield from sorted(self._entries)

    def delete(self, key: str) -> bool:
        """Forget an entry; whether there was one."""
        return self._entries.pop(key, None) is not None

    def location(self, key: str) -> str:
        """What messages call an entry."""
        return f"{key[:12]}… in memory"


class FolderStore(Store):
    """Entries as files, one a key, under folders of two letters.

    Args:
        root: the folder; made when the first entry is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.root

    def path(self, key: str) -> Path:
        """Where the entry of a key lies."""
        return self.root / key[:2] / f"{key[2:]}{SUFFIX}"

    def location(self, key: str) -> str:
        """The entry's file."""
        return str(self.path(key))

    def keys(self) -> Iterator[str]:
        """Every key that has a file, sound or not, in order."""
        for path in sorted(self.root.glob(f"??/*{SUFFIX}")):
            yield path.parent.name + path.stem

    def read(self, key: str) -> bytes | None:
        """A file's bytes; None where there is none.

        Raises:
            DamagedEntryError: it is larger than an entry may be.
            OSError: it is there and cannot be read, or is no regular file.
        """
        try:
            return _read_bounded(self.path(key))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, key: str, data: bytes) -> None:
        """Write a file: to a temporary name in the same folder, flushed, then renamed.

        Raises:
            NewerEntryError: there is one of a younger format, which is left as it is.
            AttentionError: the folder cannot be written, or the disk is full.
        """
        path = self.path(key)
        self._spare_newer(path, key)
        try:
            self._refuse_links(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not self._swept:
                self._swept = True
                self.sweep()
            _write_atomically(path, data)
        except OSError as error:
            raise AttentionError(
                Problem.STORE,
                f"cannot write to the store {self.root}: {error.strerror or error}; what was "
                "computed is shown on this build's pages and computed again by the next",
            ) from error

    def _refuse_links(self, path: Path) -> None:
        """A link in the sources may point anywhere: nothing is written or removed through one."""
        for folder in (self.root, path.parent):
            if folder.is_symlink():
                raise OSError(
                    errno.ELOOP,
                    f"{folder} is a symbolic link, and nothing is written through one; set "
                    "attention_cache to the folder that it points to",
                )

    @staticmethod
    def _spare_newer(path: Path, key: str) -> None:
        try:
            start = _read_bounded(path, 16)
        except (OSError, DamagedEntryError):
            return
        if is_newer(start):
            verify_entry(start, key)

    def delete(self, key: str) -> bool:
        """Remove a file, and its folder where that leaves it empty.

        Raises:
            AttentionError: it cannot be removed.
        """
        path = self.path(key)
        try:
            self._refuse_links(path)
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise AttentionError(
                Problem.STORE, f"cannot remove {path}: {error.strerror or error}"
            ) from error
        with contextlib.suppress(OSError):
            path.parent.rmdir()
        return True

    def sweep(self, older_than: float = _ABANDONED) -> int:
        """Remove temporary files that killed processes left behind.

        Args:
            older_than: in seconds; younger ones may be in the writing.

        Returns:
            How many were removed.
        """
        before = time.time() - older_than
        removed = 0
        for path in self.root.glob("??/.*.tmp"):
            with contextlib.suppress(OSError):
                self._refuse_links(path)
                if path.stat().st_mtime <= before:
                    path.unlink()
                    removed += 1
        return removed


def open_store(location: str | None, base: Path) -> Store:
    """The store that a setting or an option names. Reads nothing and reaches nobody yet.

    Args:
        location: a folder; a URL of fsspec's, such as ``s3://bucket/notes``, for a store that is
            shared, with a folder beside conf.py before it; None for one that lasts as long as
            the process.
        base: what relative folders are relative to, and where the folder before a URL lies.
    """
    if location is None:
        return MemoryStore()
    if "://" in location:
        # Both build on this module.
        from .remote import RemoteStore  # noqa: PLC0415
        from .shared import SharedStore  # noqa: PLC0415

        return SharedStore(FolderStore(base / LOCAL_FOLDER), RemoteStore(location))
    return FolderStore(base / Path(location).expanduser())


def _read_bounded(path: Path, first: int | None = None) -> bytes:
    """The bytes of a regular file, or the first of them.

    Raises:
        DamagedEntryError: it is larger than an entry may be.
        OSError: it cannot be read, or is a pipe, a device or a folder.
    """
    # A pipe that nobody writes to would be waited for.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if first is not None:
            return file.read(first)
        if found.st_size > MOST_BYTES:
            raise DamagedEntryError(
                f"it is of {found.st_size:,} bytes; an entry has at most {MOST_BYTES:,}"
            )
        return file.read(MOST_BYTES)


def _write_atomically(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.stem[:16]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


__all__ = [
    "DamagedEntryError",
    "EntryInfo",
    "FolderStore",
    "MemoryStore",
    "NewerEntryError",
    "Store",
    "open_store",
]
