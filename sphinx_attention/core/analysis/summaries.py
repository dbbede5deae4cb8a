"""Summaries: one answer that is made of the answers to many sentences.

A kind of summary is a class that takes the answers one by one and then gives the summary. The class
stands in a module of its own, which is imported when such a summary is made. Add a line to `KINDS`
for a new kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_attention.core.attention import Attention, Summary
    from sphinx_attention.core.request import Request


class Maker(Protocol):
    """Makes one summary. It is called with the request, before any model is loaded.

    The constructor raises an `AttentionError` if a library is missing.
    """

    def add(self, number: int, attention: Attention) -> None:
        """Take the answer to a sentence. The answers come in any order, each once.

        Args:
            number: the number of the sentence, from 0.
            attention: its attention, with what the request keeps. The maker keeps only what it
                needs of it, because all answers together may not fit in the memory.
        """

    def finish(self) -> Attention:
        """The attention over the first sentence, with its ``summary``."""


@runtime_checkable
class Checker(Maker, Protocol):
    """A maker that also checks numbers of a stored summary that no new ones are compared with."""

    def differs(self, stored: Summary) -> str:
        """How they differ from the answers that were added; empty if they do not."""


@dataclass(frozen=True)
class SummaryKind:
    """A kind of summary.

    Attributes:
        maker: the module and the class that makes it, with a colon between.
        extra: the extra of this package with the libraries that it needs; empty for none.
        unstable: the arrays that differ a little from machine to machine, such as coordinates that
            a library found by many small steps. ``cache check`` does not compare their numbers
            with new ones; a `Checker` checks them otherwise.
    """

    maker: str
    extra: str = ""
    unstable: frozenset[str] = frozenset()


KINDS: Mapping[str, SummaryKind] = {
    "corpus": SummaryKind(".corpus:CorpusMaker"),
    "map": SummaryKind(
        ".projection.maker:MapMaker",
        extra="map",
        unstable=frozenset(
            f"{start}{name}"
            for name in ("bipartite", "tsne", "umap")
            for start in ("", "fidelity-")
        ),
    ),
}
"""Every kind by its name."""


def maker(request: Request) -> Maker:
    """The maker of the summary that a request asks for.

    Raises:
        AttentionError: a library is missing.
    """
    assert request.summary is not None
    module, _, name = KINDS[request.summary.kind].maker.partition(":")
    made: Maker = getattr(import_module(module, __package__), name)(request)
    return made
