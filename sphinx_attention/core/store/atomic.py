"""Files that are read up to a limit, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from typing import TYPE_CHECKING

from .entry import MOST_BYTES, DamagedEntryError

if TYPE_CHECKING:
    from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)
"""The flag with which Windows does not translate line ends."""

_WINDOWS = os.name == "nt"
_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""The seconds between the attempts to replace a file that another process reads."""


def read_bounded(path: Path, first: int | None = None) -> bytes:
    """The bytes of a regular file, or the first of them.

    Raises:
        DamagedEntryError: the file is larger than an entry may be.
        OSError: the file cannot be read, or is a pipe, a device or a folder.
    """
    # Opening a pipe would wait until another process writes to it.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if first is not None:
            return file.read(first)
        if found.st_size > MOST_BYTES:
            raise DamagedEntryError(
                f"it is of {found.st_size:,} bytes; an entry has at most {MOST_BYTES:,}"
            )
        # A buffer of the size that is allowed would be far larger than the file.
        return file.read(found.st_size)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name in the same folder, flush it, and rename it.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.stem[:16]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def replace(temporary: Path, path: Path) -> None:
    """Rename a finished file to its name, replacing a file of that name.

    Windows refuses while another process has the old file open, such as a reader or a virus
    scanner. Both close it in less than a second.

    Raises:
        OSError: the file cannot be renamed; it keeps its temporary name.
    """
    for wait in _WAITS if _WINDOWS else ():
        try:
            temporary.replace(path)
        except PermissionError:
            time.sleep(wait)
        else:
            return
    temporary.replace(path)
