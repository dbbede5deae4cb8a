"""The site that a page belongs to: MkDocs, ProperDocs, Zensical, or none that is known."""

from __future__ import annotations

import logging
import posixpath
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .project import Where

Kind = Literal["mkdocs", "properdocs", "zensical", "plain"]


@dataclass(frozen=True)
class Site:
    """A site, and the page of it that is rendered.

    Attributes:
        kind: the program that builds the site.
        base: the folder of its configuration, from which relative paths start.
        sources: the folder of the pages.
        page: the path of the page below that folder, with slashes; empty if it is not known.
        target: the path of the built page below the output; empty if it is not known.
        output: the folder of the built site; None if files written there would not stay.
        language: the language of the page.
        strict: whether a warning has to end the build by an exception.
        config: the configuration of MkDocs and its like.
    """

    kind: Kind
    base: Path
    sources: Path
    page: str = ""
    target: str = ""
    output: Path | None = None
    language: str = "en"
    strict: bool = False
    config: Any = None

    @property
    def logger(self) -> logging.Logger:
        """The logger whose warnings fail a strict build."""
        name = "sphinx_attention"
        return logging.getLogger(name if self.kind == "plain" else f"{self.kind}.{name}")

    @property
    def file(self) -> Path | None:
        """The source of the page."""
        return self.sources / self.page if self.page else None

    @property
    def where(self) -> Where:
        """The place of the page."""
        return Where(self.base, self.sources, self.page, self.language)

    def shown(self) -> str:
        """The source of the page as messages name it."""
        if not self.page:
            return "Markdown"
        path = self.sources / self.page
        return (
            path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else self.page
        )

    def link(self, target: str) -> str:
        """A link from the page to another path below the output."""
        return posixpath.relpath(target, posixpath.dirname(self.target) or ".")

    def page_link(self, source: str) -> str:
        """A link from the page to another page, as an author writes it; the site resolves it."""
        return posixpath.relpath(source, posixpath.dirname(self.page) or ".")


def site_of(md: Any) -> Site:
    """The site of the page that an instance of Python-Markdown renders."""
    for name in ("relpath", "rendering_context"):
        for registry in (md.treeprocessors, md.preprocessors):
            if name in registry:
                found = registry[name]
                return _mkdocs(found) if name == "relpath" else _zensical(found)
    here = Path.cwd()
    return Site("plain", here, here)


def _mkdocs(processor: Any) -> Site:
    """The site of a page in MkDocs or ProperDocs, which pass it to their own processor."""
    config, page = processor.config, processor.file
    kind: Kind = "properdocs" if type(config).__module__.startswith("properdocs") else "mkdocs"
    file = config.config_file_path
    sources = Path(config.docs_dir)
    base = Path(file).resolve().parent if file else sources.parent
    return Site(
        kind,
        base,
        sources,
        page.src_uri,
        page.dest_uri,
        Path(config.site_dir),
        _language(config.theme),
        config=config,
    )


def _zensical(processor: Any) -> Site:
    """The site of a page in Zensical.

    Zensical keeps rendered pages in a cache that may outlive the output, so that a file written
    beside a page could be missing later.
    """
    config, page = processor.config, processor.page
    base = Path(config.get("root_dir") or Path.cwd())
    sources = base / config["docs_dir"]
    return Site(
        "zensical",
        base,
        sources,
        page.path,
        _target(page.url),
        None,
        _language(config["theme"]),
        strict=_is_strict(),
        config=config,
    )


def _target(url: str) -> str:
    return f"{url}index.html" if not url or url.endswith("/") else url


def _is_strict() -> bool:
    """Whether Zensical was called with ``--strict``.

    Its ``serve`` ends at an exception and has no strict mode, so only ``build`` counts.
    """
    return "build" in sys.argv and not {"--strict", "-s"}.isdisjoint(sys.argv)


def _language(theme: Any) -> str:
    for name in ("language", "locale"):
        try:
            value = theme[name]
        except (KeyError, TypeError):
            continue
        if value:
            return str(value)
    return "en"
