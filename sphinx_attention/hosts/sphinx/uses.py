"""The decision about each `attention` directive, for authors: a figure or the admonition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sphinx.util import logging

from .decision import Reason
from .document_notes import NotesCollector, notes_of
from .ids import slug_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger(__name__)

_MOST_PLACES = 5
"""The most places that a summary lists."""


class Use(NamedTuple):
    """One `attention` directive.

    Attributes:
        place: the file and line.
        figure: whether it is a figure.
        why: the reason.
    """

    place: str
    figure: bool
    why: Reason


_USES, _SLUGS = "attention_uses", "attention_slugs"


class AttentionCollector(NotesCollector):
    """Notes the `attention` directives of each document, and the beginning of its figures' ids."""

    names = (_USES, _SLUGS)

    def outdated(self, env: BuildEnvironment) -> list[str]:
        """The documents whose ids change because of the name of another document."""
        return [
            docname
            for docname, slug in _slugs_of(env).items()
            if docname in env.found_docs and slug_of(docname, env.found_docs) != slug
        ]


def uses_of(env: BuildEnvironment) -> dict[str, list[Use]]:
    """The uses of each document, in the order of the page."""
    return notes_of(env, _USES)


def _slugs_of(env: BuildEnvironment) -> dict[str, str]:
    return notes_of(env, _SLUGS)


def note_use(env: BuildEnvironment, place: str, *, figure: bool, why: Reason) -> None:
    """Note the decision about a directive of the document that is read now."""
    uses_of(env).setdefault(env.docname, []).append(Use(place, figure, why))


def note_ids(env: BuildEnvironment) -> None:
    """Note that the document that is read now has a figure with an id."""
    _slugs_of(env)[env.docname] = slug_of(env.docname, env.found_docs)


class _Reporter:
    """Reports on the documents that a build has read."""

    def __init__(self) -> None:
        self.read: Sequence[str] = ()

    def begin(self, _app: Sphinx, _env: BuildEnvironment, docnames: list[str]) -> None:
        """Note which documents will be read."""
        self.read = tuple(docnames)

    def report(self, app: Sphinx, env: BuildEnvironment) -> None:
        """Report the decisions about the directives in them."""
        read, self.read = sorted(self.read), ()
        uses = [use for docname in read for use in uses_of(env).get(docname, ())]
        for use in uses if app.verbosity else ():
            kind = "a figure" if use.figure else "an admonition"
            logger.verbose("%s: attention is %s: %s", use.place, kind, use.why)
        for sentence in summaries(uses):
            logger.info("%s", sentence)


def summaries(uses: Iterable[Use]) -> list[str]:
    """The summaries about directives that consist of one line of text."""
    uses = list(uses)
    figures = [use.place for use in uses if use.figure and use.why is Reason.ONE_LINE]
    warnings = [use.place for use in uses if use.why is Reason.READS_AS_A_WARNING]
    sentences = []
    if figures:
        sentences.append(
            f"{_counted(figures, 'is a figure', 'are figures')}; "
            'attention_bare = "admonition" keeps such lines admonitions'
        )
    if warnings:
        sentences.append(
            f"{_counted(warnings, 'stays an admonition', 'stay admonitions')}, because the text "
            "reads as a warning to readers; write attention-figure for a figure"
        )
    return sentences


def _counted(places: list[str], one: str, several: str) -> str:
    more = ", …" if len(places) > _MOST_PLACES else ""
    count = f"{len(places)} bare attention directive{'' if len(places) == 1 else 's'}"
    return (
        f"{count} {one if len(places) == 1 else several}: {', '.join(places[:_MOST_PLACES])}{more}"
    )


def setup_uses(app: Any) -> None:
    """Register the collector, and the report after each reading."""
    app.add_env_collector(AttentionCollector)
    reporter = _Reporter()
    app.connect("env-before-read-docs", reporter.begin)
    app.connect("env-updated", reporter.report)
