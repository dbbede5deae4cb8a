"""Figures of other pages, to which the prose of a page may refer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.hosts.page_names import ambiguous_name, element_id

from .fences import FIGURE, find_fences
from .project import read_figure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure

    from .fences import Fence
    from .project import Project
    from .site import Site

ENDINGS = (".md", ".markdown", ".mdown", ".mkdn", ".mkd")


def other_figure(site: Site, project: Project, name: str) -> tuple[Figure, str] | None:
    """The figure of another page by its name, and the address of its element.

    Raises:
        AttentionError: several pages have a figure of the name, or it cannot be drawn.
    """
    if not site.page:
        return None
    wanted = element_id(name)
    found = [
        (page, fence)
        for page, fence in named_fences(site.sources)
        if page != site.page and element_id(fence.options["name"]) == wanted
    ]
    if not found:
        return None
    if len(found) > 1:
        raise ambiguous_name(name, [page for page, _ in found])
    page, fence = found[0]
    try:
        written = read_figure(
            fence.options, fence.body, project.settings, site.where._replace(page=page)
        )
        project.notes.capture(written.spec.requests)
        figure = project.notes.figure(written.spec)
    except AttentionError as error:
        raise AttentionError(
            Problem.REFERENCE, f"the figure {name} cannot be drawn: {error.message}"
        ) from error
    return figure, f"{site.page_link(page)}#{wanted}"


def named_fences(sources: Path) -> Iterator[tuple[str, Fence]]:
    """The figures with a name in all pages of a folder, with the path of the page."""
    for path in pages_of(sources):
        for fence in fences_of(path):
            if fence.name == FIGURE and fence.options.get("name"):
                yield path.relative_to(sources).as_posix(), fence


def pages_of(sources: Path) -> list[Path]:
    """The Markdown files of a folder, hidden ones left out."""
    found = [path for path in sources.rglob("*") if path.suffix.lower() in ENDINGS]
    return sorted(
        path
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(sources).parts)
    )


def fences_of(path: Path) -> tuple[Fence, ...]:
    """Our fences in a file; none if it cannot be read."""
    try:
        return _fences(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return ()


@lru_cache(1024)
def _fences(path: Path, _changed: int) -> tuple[Fence, ...]:
    return tuple(find_fences(path.read_text(encoding="utf-8-sig").splitlines()))
