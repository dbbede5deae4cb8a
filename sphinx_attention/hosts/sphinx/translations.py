"""A project's own phrases: the catalogue ``sphinx_attention`` in its ``locale_dirs``.

Sphinx compiles the catalogue together with those of the documents. It is read here from its source
if that exists, so that a mistake has a line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.phrases import is_right_to_left, phrases
from sphinx_attention.hosts.catalogues import NAME, read_catalogue

from .document_notes import NotesCollector, notes_of
from .domain import domain_of
from .messages import placeholder, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment


_PLACEHOLDERS = "attention_placeholders"


def setup_translations(app: Sphinx) -> None:
    """Register the reading of the catalogue, before the words are used."""
    app.connect("builder-inited", read_words, priority=400)
    app.add_env_collector(PlaceholderCollector)


def language_of(config: Config) -> str:
    """The language of the pages."""
    return config.language or "en"


def read_words(app: Sphinx) -> None:
    """Read the phrases of a project, and warn of those that cannot be used."""
    own: dict[str, str] = {}
    for file in catalogues(app):
        try:
            for entry in read_catalogue(file, fuzzy=app.config.gettext_allow_fuzzy_translations):
                if entry.fault:
                    warn(Problem.TRANSLATION, entry.fault, _place(file, entry.line))
                elif entry.text:
                    own[entry.name] = entry.text
        except AttentionError as error:
            warn(error.problem, error.message, _place(file, error.line))
    domain_of(app.env).words = phrases(language_of(app.config), own)


def _place(file: Path, line: int | None) -> str:
    return f"{file}:{line}" if line else str(file)


def catalogues(app: Sphinx) -> Iterator[Path]:
    """The catalogues of the language, in ascending order of precedence.

    As with Sphinx's own messages, an earlier folder precedes a later one, and a region precedes
    its language.
    """
    language = language_of(app.config)
    languages = dict.fromkeys((language.partition("_")[0], language))
    for one in languages:
        for folder in reversed(app.config.locale_dirs):
            source = Path(app.srcdir) / folder / one / "LC_MESSAGES" / f"{NAME}.po"
            compiled = source.with_suffix(".mo")
            if source.is_file():
                yield source
            elif compiled.is_file():
                yield compiled


def placeholder_of(env: BuildEnvironment, error: AttentionError, text: str) -> nodes.container:
    """The placeholder of a figure, in the language of the page."""
    reading = is_right_to_left(language_of(env.config))
    return placeholder(error, text, domain_of(env).words, right_to_left=reading)


def placeholder_read(env: BuildEnvironment, error: AttentionError, text: str) -> nodes.container:
    """Do the same as `placeholder_of`, for a document that Sphinx is reading."""
    _kept(env)[env.docname] = domain_of(env).words.digest
    return placeholder_of(env, error, text)


def _kept(env: BuildEnvironment) -> dict[str, str]:
    return notes_of(env, _PLACEHOLDERS)


class PlaceholderCollector(NotesCollector):
    """Notes the documents with a placeholder, whose words are in the doctree."""

    names = (_PLACEHOLDERS,)

    def outdated(self, env: BuildEnvironment) -> list[str]:
        """The documents whose placeholders have other words than those of the catalogue."""
        digest = domain_of(env).words.digest
        return [name for name, before in _kept(env).items() if before != digest]
