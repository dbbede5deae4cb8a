"""Stores at URLs of a folder, and their warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.store import open_store
from sphinx_attention.core.store.entry import pack
from sphinx_attention.core.store.layered import SharedStore
from tests.core.entries import REQUEST, attention

if TYPE_CHECKING:
    from pathlib import Path

DATA = pack(REQUEST, attention())


def opened(url: str, base: Path) -> SharedStore:
    store = open_store(url, base)
    assert isinstance(store, SharedStore)
    return store


def folder(tmp_path: Path) -> str:
    return f"file://{tmp_path}/shared"


def messages(store: SharedStore) -> list[str]:
    return [warning.message for warning in store.drain_warnings()]
