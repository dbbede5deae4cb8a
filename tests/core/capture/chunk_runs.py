"""What the tests of processes and clusters compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.store.base import MemoryStore, Store

if TYPE_CHECKING:
    from sphinx_attention.core.request import Request


def undisturbed(requests: list[Request]) -> dict[str, bytes | None]:
    """The results of one process, by key."""
    library = Library(MemoryStore())
    for _ in library.capture(library.missing(requests)):
        pass
    assert not library.failures
    return {request.key: library.store.read(request.key) for request in requests}


def entries(store: Store) -> dict[str, bytes | None]:
    return {key: store.get_bytes(key) for key in list(store.keys())}
