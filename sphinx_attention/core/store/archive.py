"""Entries of a store in one file, an uncompressed tar, for another machine.

The members have the names of the files of a folder store. Unpacking the file in the folder of a
store does the same as importing it, without verification.
"""

from __future__ import annotations

import io
import re
import secrets
import tarfile
from typing import TYPE_CHECKING, BinaryIO

from .atomic import replace
from .entry import MOST_BYTES, SUFFIX, DamagedEntryError, verify

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .base import Store

_NAME = re.compile(rf"([0-9a-f]{{2}})/([0-9a-f]{{62}}){re.escape(SUFFIX)}")


def export_entries(
    store: Store, keys: Iterable[str], file: Path
) -> tuple[list[str], dict[str, str]]:
    """Write entries to a file, whole or not at all; the same entries give the same bytes.

    Args:
        store: the store that has the entries.
        keys: the keys of the entries.
        file: the file to write.

    Returns:
        The keys that are in the file, and the other keys, each with the reason.

    Raises:
        OSError: the file cannot be written.
    """
    done, wrong = [], {}
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        with tarfile.open(temporary, "w:", format=tarfile.USTAR_FORMAT) as tar:
            for key in sorted(keys):
                try:
                    data = store.get_bytes(key)
                except (DamagedEntryError, OSError) as error:
                    wrong[key] = str(error)
                    continue
                if data is None:
                    wrong[key] = "it is not in the store"
                    continue
                member = tarfile.TarInfo(f"{key[:2]}/{key[2:]}{SUFFIX}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
                done.append(key)
        replace(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return done, wrong


def import_entries(store: Store, file: Path) -> tuple[list[str], dict[str, str]]:
    """Copy entries from a file into a store; sound entries of the store stay.

    Nothing is unpacked onto the disk: the name of a member only says which key it must have.

    Args:
        store: the store that gets the entries.
        file: a file that `export_entries` wrote.

    Returns:
        The keys that the store has now, and the members that were left out, each with the reason.

    Raises:
        OSError: the file cannot be read.
        AttentionError: the store cannot be written.
    """
    done: list[str] = []
    wrong: dict[str, str] = {}
    if not file.is_file():
        # A pipe or a device may never end.
        raise OSError(f"{file} is not a regular file")
    try:
        # Only uncompressed files are read, so that a file takes no more memory than it has bytes.
        with file.open("rb") as opened, tarfile.open(fileobj=_Bounded(opened), mode="r:") as tar:
            for member in tar:
                if member.size < 0:
                    raise tarfile.ReadError(f"{member.name!a} is of {member.size} bytes")
                if member.isdir():
                    continue
                if why := _take(store, tar, member, done):
                    wrong[member.name] = why
            if not _is_empty_from(opened, tar.offset):
                # `tarfile` takes a header that it cannot read as the end of the file.
                raise tarfile.ReadError("a header cannot be read")
        if not _is_whole(file):
            wrong[file.name] = "the file is cut short"
    except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError) as error:
        # The members before the damage are in the store.
        wrong[file.name] = f"the file is damaged, or no tar that export wrote: {error}"
    return done, wrong


class _Bounded(io.BufferedIOBase):
    """A file of which no more bytes are read at once than an entry may have.

    The headers of a tar say how much to read next, and `tarfile` allocates that memory at once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read a number of bytes.

        Raises:
            tarfile.ReadError: the number is larger than that of any entry.
        """
        if size is None or not 0 <= size <= MOST_BYTES + tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"a header announces {size} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position.

        Raises:
            tarfile.ReadError: the position is behind the end.
        """
        if whence == io.SEEK_SET and offset > self._size:
            raise tarfile.ReadError("a header leads past the end of the file")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The position of the next byte."""
        return self._file.tell()


def _is_empty_from(file: BinaryIO, offset: int) -> bool:
    """Whether a file holds only zeros from a position on."""
    file.seek(offset)
    while block := file.read(1 << 20):
        if any(block):
            return False
    return True


def _is_whole(file: Path) -> bool:
    """Whether a tar has its end, two blocks of zeros, for which `tarfile` does not ask."""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - 2 * tarfile.BLOCKSIZE))
        return opened.read() == bytes(2 * tarfile.BLOCKSIZE)


def _take(store: Store, tar: tarfile.TarFile, member: tarfile.TarInfo, done: list[str]) -> str:
    name = _NAME.fullmatch(member.name)
    if name is None or not member.isreg() or member.issparse():
        return "its name or kind is not that of an entry"
    if member.size > MOST_BYTES:
        return f"it is of {member.size:,} bytes; an entry has at most {MOST_BYTES:,}"
    key = name[1] + name[2]
    content = tar.extractfile(member)
    assert content is not None
    with content:
        data = content.read(member.size)
    try:
        # A damaged member counts as left out even if the store has a sound entry of its key.
        verify(data, key)
        if not _is_sound(store, key):
            store.put_bytes(key, data)
    except DamagedEntryError as error:
        return str(error)
    done.append(key)
    return ""


def _is_sound(store: Store, key: str) -> bool:
    try:
        return store.has(key)
    except (DamagedEntryError, OSError):
        return False
