"""The store: attentions by key, in a folder, in memory, or in a folder and at a shared URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .base import MemoryStore
from .folder import FolderStore

if TYPE_CHECKING:
    from .base import Store

LOCAL_FOLDER = "_attention"
"""The folder, beside the project's configuration, that keeps entries of a store at a URL."""


def open_store(location: str | None, base: Path) -> Store:
    """The store that a setting or an option names. Nothing is read or connected yet.

    Args:
        location: a folder; a URL of fsspec, such as ``s3://bucket/notes``, for a shared store,
            which has a folder beside conf.py in front of it; None for a store that lasts as long
            as the process.
        base: the folder to which relative folders are relative, and which holds the folder in
            front of a URL.
    """
    if location is None:
        return MemoryStore()
    if "://" in location:
        # These import fsspec, which a folder does not need.
        from .layered import SharedStore  # noqa: PLC0415
        from .remote import RemoteStore  # noqa: PLC0415

        return SharedStore(FolderStore(base / LOCAL_FOLDER), RemoteStore(location))
    return FolderStore(base / Path(location).expanduser())
