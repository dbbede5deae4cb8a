"""Files that a document names: where they may be, and how they are read.

Documentation is built from the pull requests of strangers. A file is read only where the project
lets authors name files, only where it is a regular file, and only up to a limit.
"""

from __future__ import annotations

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import in_settings, setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LARGEST_FILE = 512 * 2**20
"""Bytes of the largest file that is read: 2,048 tokens and 32 heads in single precision."""

_LISTED = 5000
"""The most entries of a folder that are searched for a file with a similar name."""


def locate(declared: str, path: Path, roots: Sequence[Path] | None) -> Path:
    """The real path of a file that an author names, with links resolved.

    Args:
        declared: what the author wrote, for messages.
        path: the path of that file, with links not resolved.
        roots: the folders below which authors may name files; None allows all folders, for a person
            who reads their own files.

    Raises:
        AttentionError: the file is outside of the roots. It need not exist.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.\-]+://", declared):
        raise AttentionError(
            Problem.MATRIX,
            f"{_short(declared)} is an address, and only files are read; download it to a file "
            "below the folder of the sources",
        )
    # Files on other drives are not opened: on Windows, opening a share of another machine sends it
    # the name of the user and a digest of the password.
    if roots is not None and on_other_drive(str(path), map(str, roots)):
        raise _outside(declared, "lies outside")
    try:
        real = Path(os.path.realpath(path))
        allowed = roots is None or any(
            real.is_relative_to(os.path.realpath(root)) for root in roots
        )
        inside = roots is None or any(
            Path(os.path.normpath(path)).is_relative_to(root) for root in roots
        )
    except (OSError, ValueError, RuntimeError):
        raise AttentionError(
            Problem.MATRIX, f"{_short(declared)} is not the name of a file"
        ) from None
    if not allowed:
        raise _outside(declared, "is a link to a file outside" if inside else "lies outside")
    return real


def on_other_drive(
    path: str,
    roots: Iterable[str],
    split: Callable[[str], tuple[str, str]] = os.path.splitdrive,
) -> bool:
    """Whether a path is on a drive, a share or a device without any of some folders.

    Args:
        path: the path of a file.
        roots: the folders.
        split: separates the drive from a path. Only Windows has drives.
    """
    drives = {split(root)[0].casefold().replace("/", "\\") for root in roots}
    return split(path)[0].casefold().replace("/", "\\") not in {"", *drives}


def _outside(declared: str, what: str) -> AttentionError:
    return AttentionError(
        Problem.MATRIX,
        f"{_short(declared)} {what} the folder of the sources, and is not read; copy the file "
        f"there, or name its folder in {setting('file_roots')}{in_settings()}",
    )


def read_author_file(
    path: Path,
    declared: str,
    limit: int = LARGEST_FILE,
    advice: str = "keep fewer layers, heads or digits",
) -> bytes:
    """The bytes of a file that an author names.

    Args:
        path: the result of `locate`.
        declared: what the author wrote, for messages.
        limit: the most bytes that are read.
        advice: what the author can do about a file with more bytes.

    Raises:
        AttentionError: the file does not exist, is not regular, or is too large.
    """
    try:
        # O_NONBLOCK: opening a named pipe would wait for another process to write to it.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _binary())
    except FileNotFoundError:
        raise _unreadable(
            declared,
            f"No such file or directory{_nearest(path)}; there is no such file{_rooted(declared)}",
        ) from None
    except (OSError, ValueError) as error:
        raise _unreadable(declared, getattr(error, "strerror", None) or str(error)) from None
    about = os.fstat(opened)
    if not stat.S_ISREG(about.st_mode):
        os.close(opened)
        raise _unreadable(declared, f"it is {_kind_of(about.st_mode)}, not a regular file")
    with os.fdopen(opened, "rb") as file:
        if about.st_size > limit:
            raise _unreadable(
                declared,
                f"it has {about.st_size:,} bytes, and {limit:,} are read at most; {advice}",
            )
        try:
            return file.read(about.st_size)
        except OSError as error:
            raise _unreadable(declared, error.strerror or str(error)) from None


def _binary() -> int:
    return getattr(os, "O_BINARY", 0)


def _unreadable(declared: str, why: str) -> AttentionError:
    return AttentionError(Problem.MATRIX, f"{_short(declared)} cannot be read: {why}")


def _short(declared: str) -> str:
    """A name in the form for messages: short, and with every character printable."""
    shown = declared if len(declared) <= 200 else f"{declared[:200]}…"
    return shown.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def _kind_of(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(mode):
            return name
    return "something else"


def _rooted(declared: str) -> str:
    """The folder from which a path with a leading slash starts. It is not the root of the disk."""
    if not declared.startswith(("/", "~")):
        return ""
    return " (a path that begins with / starts at the folder of the sources)"


def _nearest(path: Path) -> str:
    """A hint for a file of a similar name in the same folder; empty without one."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_LISTED), strict=False)]
    except (OSError, ValueError):
        return f"; the folder {path.parent.name!r} is not there"
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    close = get_close_matches(path.name.casefold(), folded, n=1)
    if not close:
        same = sorted(n for n in names if Path(n).stem == path.stem)
        close = [same[0].casefold()] if same else []
    return f" (did you mean {folded[close[0]]}?)" if close else ""
