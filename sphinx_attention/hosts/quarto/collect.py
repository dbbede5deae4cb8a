"""The figures of a project of Quarto, read without rendering it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.errors import speaking
from sphinx_attention.hosts.markdown.collect import requests_in
from sphinx_attention.hosts.notes import Asked
from sphinx_attention.hosts.toml_settings import project_settings

from .document import CONFIG, WORDS
from .others import documents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["CONFIG", "collect"]


@speaking(WORDS)
def collect(folder: Path, overrides: Mapping[str, str], tell: Callable[[str], None]) -> Asked:
    """Read all documents of a project.

    Args:
        folder: the folder with the configuration.
        overrides: settings that replace those of the project.
        tell: is called with each mistake, and its file and line.
    """
    folder = folder.resolve()
    settings = project_settings(folder, overrides, tell)
    pages = documents_of(folder)
    return Asked(requests_in(pages, settings, (folder, folder), tell), settings, folder)
