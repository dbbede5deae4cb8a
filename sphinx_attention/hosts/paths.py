"""Paths as hosts store them and print them, on every system."""

from __future__ import annotations

import os
import shlex
import subprocess

_WINDOWS = os.name == "nt"


def relative_path(path: str | os.PathLike[str], start: str | os.PathLike[str]) -> str:
    """A path relative to a folder; the whole path where the two lie on different drives."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return os.path.abspath(path)  # noqa: PTH100 - it may be no path that pathlib accepts


def shell_word(path: str | os.PathLike[str]) -> str:
    """A path as one types it in a shell, quoted where that is needed."""
    text = os.fspath(path)
    return subprocess.list2cmdline([text]) if _WINDOWS else shlex.quote(text)
