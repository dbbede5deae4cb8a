"""Notes about documents that stay in the environment, for as long as the document does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sphinx.environment.collectors import EnvironmentCollector

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def notes_of(env: BuildEnvironment, name: str) -> dict[str, Any]:
    """The notes of a name, by document.

    Args:
        env: the environment.
        name: the attribute of the environment that holds them.
    """
    kept: dict[str, Any] = vars(env).setdefault(name, {})
    return kept


class NotesCollector(EnvironmentCollector):
    """Forgets the notes of documents that are read again, and merges those of parallel readers."""

    names: ClassVar[tuple[str, ...]]
    """The names of the notes, as `notes_of` takes them."""

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:  # noqa: ARG002
        """Forget a document."""
        for name in self.names:
            notes_of(env, name).pop(docname, None)

    def merge_other(
        self,
        app: Sphinx,  # noqa: ARG002
        env: BuildEnvironment,
        docnames: AbstractSet[str],
        other: BuildEnvironment,
    ) -> None:
        """Take over the notes of a process that reads documents."""
        for name in self.names:
            found = notes_of(other, name)
            notes_of(env, name).update({doc: found[doc] for doc in docnames if doc in found})

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Do nothing: notes are made while the document is read."""

    def get_outdated_docs(
        self,
        app: Sphinx,  # noqa: ARG002
        env: BuildEnvironment,
        added: AbstractSet[str],  # noqa: ARG002
        changed: AbstractSet[str],  # noqa: ARG002
        removed: AbstractSet[str],  # noqa: ARG002
    ) -> list[str]:
        """The documents to read again because of their notes."""
        return self.outdated(env)

    def outdated(self, env: BuildEnvironment) -> list[str]:  # noqa: ARG002
        """The documents to read again because of their notes; none unless a subclass names some."""
        return []
