"""The figures of a project of Quarto, read without rendering it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.errors import in_words_of
from sphinx_attention.hosts.markdown.collect import requests_in
from sphinx_attention.hosts.notes import PageRequests
from sphinx_attention.hosts.toml_settings import project_settings

from .document import CONFIG, WORDS
from .others import documents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["CONFIG", "collect"]


@in_words_of(WORDS)
def collect(
    folder: Path, overrides: Mapping[str, str], warn: Callable[[str], None]
) -> PageRequests:
    """Read all documents of a project.

    Args:
        folder: the folder with the configuration.
        overrides: settings that replace those of the project.
        warn: is called with each mistake, and its file and line.
    """
    folder = folder.resolve()
    settings = project_settings(folder, overrides, warn)
    pages = documents_of(folder)
    return PageRequests(requests_in(pages, settings, (folder, folder), warn), settings, folder)
