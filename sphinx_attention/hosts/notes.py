"""A folder of notes, for every host: settings, a store, and the models that fill it.

Sphinx reads all pages first and computes all missing numbers at once. Other hosts render one page
after another, so here the missing numbers of a page are computed when the page is rendered, and
models stay loaded until the process ends.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import WARNING
from sphinx_attention.core.authoring.descriptions import undescribed
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.capture.failures import FailureRecord
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.phrases import phrases
from sphinx_attention.core.store import open_store
from sphinx_attention.core.text import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.capture.compute import Opener
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.core.request import Request

MODE = "ATTENTION_MODE"
"""The environment variable that replaces the setting ``mode``, for jobs that build in CI."""

DEFAULT_MODEL = "builtin"
"""The model of figures that name none, which needs no PyTorch. In Sphinx there is none, because a
project with the extension may have no figure at all.
"""

_OF_SPHINX = ("bare", "pictures")
"""Settings that only Sphinx has."""


@dataclass(frozen=True)
class PageRequests:
    """The figures that the pages of a folder ask for.

    Attributes:
        requests: the requests of each page, in the order of the page.
        settings: the settings of the project.
        base: the folder from which relative paths start.
    """

    requests: Mapping[str, Sequence[Request]]
    settings: Settings
    base: Path

    def __iter__(self) -> Iterator[tuple[str, Request]]:
        for document in sorted(self.requests):
            for request in self.requests[document]:
                yield document, request


def read_settings(given: Mapping[str, Any]) -> tuple[Settings, list[AttentionError]]:
    """The settings of a project, and the mistakes in them. A wrong value is left out.

    Args:
        given: the values by name, without a prefix.
    """
    settings, wrong = Settings(model=DEFAULT_MODEL), []
    known = [one.name for one in fields(Settings) if one.name not in _OF_SPHINX]
    values = dict(given)
    if mode := os.environ.get(MODE):
        values["mode"] = mode
    for name, value in values.items():
        if name not in known:
            message = (
                f"unknown setting {name}{nearest(name, known)}; the settings are {listed(known)}"
            )
            wrong.append(AttentionError(Problem.CONFIG, message, setting=name))
            continue
        try:
            settings = replace(settings, **{name: value})
        except AttentionError as error:
            wrong.append(error)
    return settings, wrong


class Notes:
    """The numbers of a folder of notes.

    Args:
        settings: of the project.
        base: the folder from which relative paths start.
        docs: the folder of the notes as a person would type it, for messages.
        opener: opens a source.
    """

    def __init__(
        self, settings: Settings, base: Path, docs: str = "DOCS", opener: Opener | None = None
    ) -> None:
        self.settings = settings
        self.base = base
        store = open_store(settings.cache, base)
        self.library = Library(
            store,
            settings.mode,
            opener=opener or kept_open,
            docs=docs,
            record=FailureRecord(store.folder),
        )
        self._fresh: set[str] = set()

    def capture(self, requests: Iterable[Request]) -> list[AttentionError]:
        """Compute what the store lacks, and return the problems of the store."""
        library = self.library
        wanted = [request for request in requests if request.key not in self._fresh]
        missing = library.missing(wanted)
        if library.mode != "frozen":
            for request, _ in library.capture(missing):
                # With the mode "refresh", an entry is computed once in a process.
                self._fresh.add(request.key)
        return [AttentionError(one.problem, one.message) for one in library.drain_warnings()]

    def figure(self, spec: FigureSpec) -> Figure:
        """The figure of a specification. Call `capture` with its requests before.

        Raises:
            AttentionError: the attention failed, or lacks the selected layer, head or token.
        """
        answers = self.library.answers(spec.requests)
        if any(isinstance(one, AttentionError) for one in answers):
            # The checksum of an entry may be right and its numbers damaged.
            mended = [request for request in spec.requests if self.library.mend(request)]
            answers = self.library.answers(spec.requests) if mended else answers
        with guarded(Problem.OPTION, f"the figure over “{spec.request.text}”"):
            words = phrases(spec.language)
            return resolve_all(replace(spec, words=words), answers, self.settings.page_budget)


def remarks_of(figure: Figure) -> list[AttentionError]:
    """The warnings about a figure that is drawn."""
    found = []
    if warning := figure.attention.provenance.get(WARNING):
        found.append(AttentionError(Problem.TEXT, warning))
    found += undescribed(figure.spec, figure.order or figure.spec.variants)
    return found + [one.error for one in figure.beside if one.error is not None]


def kept_open(source: Any) -> Any:
    """Open a source, whose model stays loaded until the process ends."""
    return _models().open(source)


@cache
def _models() -> Any:
    from sphinx_attention.core.capture.keeper import Models  # noqa: PLC0415 - a full store needs none

    return Models()
