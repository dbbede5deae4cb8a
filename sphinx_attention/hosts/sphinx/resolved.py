"""The figures of a build, each resolved once for the prose, its nodes and its markup."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import Problem
from sphinx_attention.core.figure.variants import resolve_all

if TYPE_CHECKING:
    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.core.phrases import Phrases

_MOST_BYTES = 32 * 1024 * 1024
"""The bytes of numbers that are kept: a hundred figures of 72 heads and 32 tokens."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Kept:
    """A figure that is kept.

    Attributes:
        docname: the document of the figure.
        spec: the specification from which it was resolved.
        figure: the figure.
        size: the bytes of its numbers.
    """

    docname: str
    spec: FigureSpec
    figure: Figure
    size: int


class ResolvedFigures:
    """Resolves figures, and keeps them by the id of their node.

    A figure is used up to three times: by the prose that refers to it, before the references of its
    page are resolved, and when its page is written. Figures that do not fit in the memory for this
    cache are resolved again.

    Args:
        library: the library of the build.
        words: the phrases of the build's language.
        budget: the bytes that the numbers of a figure may take in a page.
        processes: the processes of the build, the main process among them. In a parallel build,
            Sphinx resolves several pages before it writes the first of them, and the processes that
            write inherit the figures.
    """

    def __init__(
        self, library: Library, words: Phrases, budget: int, *, processes: int = 1
    ) -> None:
        self._library = library
        self._words = words
        self._budget = budget
        self._kept: dict[str, _Kept] = {}
        self._last: tuple[str, _Kept] | None = None
        self._bytes = 0
        self._several_pages = processes > 1
        self._one_writer = processes == 2
        self._page = ""

    def begin_page(self, docname: str) -> None:
        """Forget the figures of the page before, except pages that may not be written yet."""
        self._last = None
        before, self._page = self._page, docname
        if self._several_pages:
            while self._kept and self._bytes > _MOST_BYTES // 2:
                self.forget(next(iter(self._kept)))
            return
        for uid in [uid for uid, kept in self._kept.items() if kept.docname == before]:
            self.forget(uid)

    def forget(self, uid: str) -> None:
        """Forget the figure of a node."""
        self._last = None
        if uid in self._kept:
            self._bytes -= self._kept.pop(uid).size

    def get(self, uid: str, spec: FigureSpec, docname: str | None = None) -> Figure:
        """The figure of a node.

        Args:
            uid: the id of the node, unique in the project.
            spec: the specification in the node.
            docname: the document of the node; None means the page that was begun last.

        Raises:
            AttentionError: the attention failed, or lacks the selected layer, head or token.
        """
        last = self._last[1] if self._last is not None and self._last[0] == uid else None
        kept = last or self._kept.get(uid)
        if kept is not None and kept.spec == spec:
            return kept.figure
        figure = self.resolve(spec)
        page = self._page if docname is None else docname
        self._keep(uid, _Kept(page, spec, figure, _size(figure)))
        return figure

    def prepare(self, uid: str) -> None:
        """In a build with two processes, pack the numbers of a figure before its page is written.

        Sphinx resolves pages in the main process, while one other process writes the pages before
        them. The other process has the longer work, and inherits the packed numbers. With more
        processes, the main process has the longer work.
        """
        if self._one_writer and (kept := self._kept.get(uid)) is not None:
            for one in (kept.figure, *(each.figure for each in kept.figure.beside)):
                if one is not None:
                    _ = one.payload

    def resolve(self, spec: FigureSpec) -> Figure:
        """Resolve a figure without keeping it.

        Raises:
            AttentionError: the attention failed, or lacks the selected layer, head or token.
        """
        answers = self._library.answers(spec.requests)
        with guarded(Problem.OPTION, f"the figure over “{spec.request.subject}”"):
            return resolve_all(dataclasses.replace(spec, words=self._words), answers, self._budget)

    def _keep(self, uid: str, kept: _Kept) -> None:
        """Keep a figure while there is room, and the last figure in any case."""
        self.forget(uid)
        self._last = uid, kept
        if self._bytes + kept.size <= _MOST_BYTES:
            self._kept[uid] = kept
            self._bytes += kept.size


def _size(figure: Figure) -> int:
    attention = figure.attention
    tensors = (attention.queries, attention.keys, attention.values)
    own = attention.weights.nbytes + sum(t.nbytes for t in tensors if t is not None)
    return own + sum(_size(one.figure) for one in figure.beside if one.figure is not None)
