"""Paths in the form in which hosts store and print them, on every system."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from pathlib import Path

_WINDOWS = os.name == "nt"


def relative_path(path: str | os.PathLike[str], start: str | os.PathLike[str]) -> str:
    """A path relative to a folder, or the whole path if the two lie on different drives."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return os.path.abspath(path)  # noqa: PTH100 - it may be no path that pathlib accepts


def shell_word(path: str | os.PathLike[str]) -> str:
    """A path in the form for a shell, with quotes if necessary."""
    text = os.fspath(path)
    return subprocess.list2cmdline([text]) if _WINDOWS else shlex.quote(text)


def require_conf(docs: Path) -> None:
    """Refuse a folder that is not a Sphinx project.

    Raises:
        AttentionError: the folder has no conf.py.
    """
    if not (docs / "conf.py").is_file():
        raise AttentionError(
            Problem.CONFIG, f"{docs} has no conf.py; name the folder that sphinx-build is given"
        )
