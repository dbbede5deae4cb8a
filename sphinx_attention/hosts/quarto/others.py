"""The documents of a project of Quarto, and the figures of other documents."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from sphinx_attention.hosts.elsewhere import Elsewhere, find_elsewhere
from sphinx_attention.hosts.markdown.fences import FIGURE
from sphinx_attention.hosts.markdown.other_pages import fences_of
from sphinx_attention.hosts.markdown.project import Where, read_figure
from sphinx_attention.hosts.page_names import element_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.hosts.markdown.fences import Fence
    from sphinx_attention.hosts.notes import Notes

_ENDINGS = (".qmd", ".md", ".rmd")


def documents_of(folder: Path) -> list[Path]:
    """The documents of a project."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _ENDINGS
        and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )


def same_name(written: str, wanted: str) -> bool:
    """Whether a reference names a figure, whose name may begin with ``fig-`` for Quarto."""
    return element_id(written) in {element_id(wanted), element_id(f"fig-{wanted}")}


def other_figure(notes: Notes, document: Path, name: str, own: Iterable[str]) -> tuple[Figure, str]:
    """The figure of another document by its name, and a link to the figure.

    Args:
        notes: the numbers of the project.
        document: the document of the reference.
        name: the name of the figure.
        own: the names of the figures of the document, for the error.

    Raises:
        AttentionError: no document has such a figure, several have it, or it cannot be drawn.
    """
    figure, found = find_elsewhere(notes, name, _named(notes, document), own, same_name)
    page = os.path.relpath(notes.base / found.page, document.parent).replace(os.sep, "/")
    # Quarto gives a name that begins with fig- to a block, without changing it.
    is_block = found.name.startswith("fig-")
    return figure, f"{page}#{found.name if is_block else element_id(found.name)}"


def _named(notes: Notes, document: Path) -> Iterator[Elsewhere]:
    """The named figures of the other documents."""
    base = notes.base
    for path in documents_of(base):
        if path.resolve() == document:
            continue
        where = Where(base, base, path.relative_to(base).as_posix())
        for fence in fences_of(path):
            if fence.name == FIGURE and (name := fence.options.get("name")):
                yield Elsewhere(where.page, name, partial(_read, fence, notes, where))


def _read(fence: Fence, notes: Notes, where: Where) -> FigureSpec:
    return read_figure(fence.options, fence.body, notes.settings, where).spec
