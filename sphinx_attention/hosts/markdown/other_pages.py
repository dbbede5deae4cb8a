"""Figures of other pages, to which the prose of a page may refer."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sphinx_attention.hosts.elsewhere import Elsewhere, find_elsewhere
from sphinx_attention.hosts.page_names import element_id

from .fences import FIGURE, find_fences
from .project import read_figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec

    from .fences import Fence
    from .project import Project, Where
    from .site import Site

ENDINGS = (".md", ".markdown", ".mdown", ".mkdn", ".mkd")


def other_figure(site: Site, project: Project, name: str, own: Iterable[str]) -> tuple[Figure, str]:
    """The figure of another page by its name, and the address of its element.

    Args:
        site: the site, and the page of the reference.
        project: the settings and the numbers of the site.
        name: the name of the figure.
        own: the names of the figures of the page, for the error.

    Raises:
        AttentionError: no page has such a figure, several have it, or it cannot be drawn.
    """
    figure, found = find_elsewhere(project.notes, name, _named(site, project), own)
    return figure, f"{site.page_link(found.page)}#{element_id(name)}"


def _named(site: Site, project: Project) -> Iterator[Elsewhere]:
    """The named figures of the other pages; none if the folder of the pages is not known."""
    for page, fence in named_fences(site.sources) if site.page else ():
        if page != site.page:
            where = site.where._replace(page=page)
            yield Elsewhere(page, fence.options["name"], partial(_read, fence, project, where))


def _read(fence: Fence, project: Project, where: Where) -> FigureSpec:
    return read_figure(fence.options, fence.body, project.settings, where).spec


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
