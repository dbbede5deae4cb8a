"""The store: attentions by key, in a folder, in memory, or in both a folder and a shared place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .base import MemoryStore
from .folder import FolderStore

if TYPE_CHECKING:
    from .base import Store

LOCAL_FOLDER = "_attention"
"""Where a store at a URL keeps what was read from there, beside conf.py."""


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
        # These import fsspec's types, which folders do without.
        from .layered import SharedStore  # noqa: PLC0415
        from .remote import RemoteStore  # noqa: PLC0415

        return SharedStore(FolderStore(base / LOCAL_FOLDER), RemoteStore(location))
    return FolderStore(base / Path(location).expanduser())
