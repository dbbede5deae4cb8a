"""The domain ``attn``: which document asked for which attention, and where it comes from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sphinx.domains import Domain
from sphinx.util.display import status_iterator

from sphinx_attention.core.capture import Library
from sphinx_attention.core.store import open_store

from .config import settings_of
from .messages import warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from sphinx_attention.core.figure import Figure, FigureSpec
    from sphinx_attention.core.request import Request


DrawnAs = Literal["figure", "table", "nothing"]
"""The live figure; a table of the strongest pairs; nothing, where a builder checks or extracts."""


class AttentionDomain(Domain):
    """Holds the requests by document."""

    name = "attn"
    label = "Attention"
    data_version = 1
    initial_data: ClassVar[dict[str, Any]] = {"requests": {}}

    base: Path
    """The folder of conf.py."""
    library: Library
    """Where attentions come from; opened once a build, shared with forked writers."""
    drawn_as: DrawnAs
    """What the builder of this build makes of a figure."""
    settled: tuple[FigureSpec, Figure] | None
    """The figure settled last: a figure's tag and its picture are written one after the other."""

    @property
    def requests(self) -> dict[str, list[Request]]:
        """The requests of each document, in the order of the page."""
        requests: dict[str, list[Request]] = self.data["requests"]
        return requests

    def note_request(self, docname: str, request: Request) -> None:
        """Note that a document asks for an attention."""
        self.requests.setdefault(docname, []).append(request)

    def clear_doc(self, docname: str) -> None:
        """Forget a document."""
        self.requests.pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Take over what a reading worker noted."""
        for docname in docnames:
            if docname in otherdata["requests"]:
                self.requests[docname] = otherdata["requests"][docname]

    def resolve_any_xref(self, *_: Any) -> list[Any]:
        """Nothing here is a target of ``:any:``."""
        return []


def domain_of(env: BuildEnvironment) -> AttentionDomain:
    """The domain of an environment."""
    domain = env.get_domain(AttentionDomain.name)
    assert isinstance(domain, AttentionDomain)
    return domain


def setup_domain(app: Sphinx) -> None:
    """Register the domain and the capture that follows the reading."""
    app.add_domain(AttentionDomain)
    app.connect("builder-inited", open_library)
    app.connect("env-updated", capture)


def open_library(app: Sphinx) -> None:
    """Say where attentions come from. Reads nothing yet."""
    settings = settings_of(app.config)
    domain = domain_of(app.env)
    domain.base = Path(app.confdir)
    domain.settled = None
    store = open_store(settings.cache, domain.base)
    domain.library = Library(store, settings.mode, docs=_as_typed(Path(app.srcdir)))
    if not app.builder.format:
        domain.drawn_as = "nothing"
    else:
        # Readers of EPUB run no scripts.
        whole = app.builder.format == "html" and app.builder.name != "epub"
        domain.drawn_as = "figure" if whole else "table"


def capture(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Compute, once and in the main process, what the store lacks.

    Returns:
        The documents whose numbers are new, so that they are written again.
    """
    domain = domain_of(env)
    if domain.drawn_as == "nothing":
        return ()
    library = domain.library
    places = {r.key: doc for doc, requests in domain.requests.items() for r in requests}
    wanted = library.missing(r for requests in domain.requests.values() for r in requests)
    _report(library, places)
    if not wanted:
        return ()
    if library.mode != "frozen":
        for _ in _with_progress(library, wanted, app.verbosity):
            pass
        _report(library, places)
    keys = {request.key for request in wanted}
    return sorted(
        docname
        for docname, requests in domain.requests.items()
        if any(request.key in keys for request in requests)
    )


def _with_progress(
    library: Library, wanted: list[Request], verbosity: int
) -> Iterator[tuple[Request, str]]:
    return status_iterator(
        library.capture(wanted),
        "capturing attention... ",
        "purple",
        len(wanted),
        verbosity,
        stringify_func=lambda done: f"{done[1]}: {done[0].text[:40]}",
    )


def _report(library: Library, places: dict[str, str]) -> None:
    """Warn once of everything that is wrong with the store."""
    for trouble in library.troubles():
        place = places.get(trouble.key) if trouble.key else None
        warn(trouble.problem, trouble.message, location=place)


def _as_typed(folder: Path) -> str:
    """A folder as one would type it in the shell that the build was started from."""
    here = Path.cwd()
    name = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return shlex.quote(str(name))
