"""The documents of a project of Quarto, and the figures of other documents."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sphinx_attention.core.authoring.reference import nearest_figure
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.hosts.markdown.fences import FIGURE
from sphinx_attention.hosts.markdown.other_pages import fences_of
from sphinx_attention.hosts.markdown.project import Where, read_figure
from sphinx_attention.hosts.page_names import ambiguous_name, element_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure
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
    base = notes.base
    named = [
        (path, fence)
        for path in documents_of(base)
        if path.resolve() != document
        for fence in fences_of(path)
        if fence.name == FIGURE and fence.options.get("name")
    ]
    found = [(path, fence) for path, fence in named if same_name(fence.options["name"], name)]
    if not found:
        raise nearest_figure(name, [*own, *(fence.options["name"] for _, fence in named)])
    if len(found) > 1:
        raise ambiguous_name(name, [path.relative_to(base).as_posix() for path, _ in found])
    path, fence = found[0]
    where = Where(base, base, path.relative_to(base).as_posix())
    try:
        written = read_figure(fence.options, fence.body, notes.settings, where)
        notes.capture(written.spec.requests)
        figure = notes.figure(written.spec)
    except AttentionError as error:
        raise AttentionError(
            Problem.REFERENCE, f"the figure {name} cannot be drawn: {error.message}"
        ) from error
    page = os.path.relpath(path, document.parent).replace(os.sep, "/")
    own_name = fence.options["name"]
    # Quarto gives a name that begins with fig- to a block, without changing it.
    return figure, f"{page}#{own_name if own_name.startswith('fig-') else element_id(own_name)}"
