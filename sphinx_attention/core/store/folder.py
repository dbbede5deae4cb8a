"""The store in a folder: one file for each entry."""

from __future__ import annotations

import contextlib
import errno
import time
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import in_words, setting

from .atomic import read_bounded, write_atomically
from .base import ABANDONED_SECONDS, Store
from .entry import SUFFIX, DamagedEntryError, is_newer
from .entry import verify as verify_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FolderStore(Store):
    """Entries as files, one for each key, in folders named by two letters.

    Args:
        root: the folder; it is made when the first entry is written.
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
        """The location of an entry."""
        return self.root / key[:2] / f"{key[2:]}{SUFFIX}"

    def location(self, key: str) -> str:
        """The entry's file."""
        return str(self.path(key))

    def keys(self) -> Iterator[str]:
        """Every key that has a file, sound or not, in order."""
        for path in sorted(self.root.glob(f"??/*{SUFFIX}")):
            yield path.parent.name + path.stem

    def read(self, key: str) -> bytes | None:
        """The bytes of a file; None if there is no file.

        Raises:
            DamagedEntryError: the file is larger than an entry may be.
            OSError: the file cannot be read, or is not a regular file.
        """
        try:
            return read_bounded(self.path(key))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, key: str, data: bytes) -> None:
        """Write a file: to a temporary name in the same folder, flushed, then renamed.

        Raises:
            NewerEntryError: there is an entry of a newer format, which is left as it is.
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
            write_atomically(path, data)
        except OSError as error:
            raise AttentionError(
                Problem.STORE,
                f"cannot write to the store {self.root}: {error.strerror or error}; what was "
                "computed is shown on this build's pages and computed again by the next",
            ) from error

    def _refuse_links(self, path: Path) -> None:
        """Refuse links, which may point anywhere, so that nothing is changed through them."""
        for folder in (self.root, path.parent):
            if folder.is_symlink():
                raise OSError(
                    errno.ELOOP,
                    f"{folder} is a symbolic link, and nothing is written through one; set "
                    f"{in_words(setting('cache'))} to the folder that it points to",
                )

    @staticmethod
    def _spare_newer(path: Path, key: str) -> None:
        try:
            start = read_bounded(path, 16)
        except (OSError, DamagedEntryError):
            return
        if is_newer(start):
            verify_entry(start, key)

    def delete(self, key: str) -> bool:
        """Remove a file, and its folder if that is empty then.

        Raises:
            AttentionError: the file cannot be removed.
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

    def sweep(self, older_than: float = ABANDONED_SECONDS) -> int:
        """Remove temporary files that killed processes left behind.

        Args:
            older_than: in seconds; younger files may still be written.

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
