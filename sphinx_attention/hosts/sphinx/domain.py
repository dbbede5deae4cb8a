"""The domain ``attn``: which document asked for which attention, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sphinx.domains import Domain
from sphinx.util.display import status_iterator

from sphinx_attention.core.capture import Library
from sphinx_attention.core.errors import Problem
from sphinx_attention.core.store import Store

from .config import settings_of
from .messages import warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

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
    domain.library = Library(Store(domain.base / settings.cache), settings.mode)
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
    """Warn once of every entry that could not be read or written."""
    for key, why in sorted(library.damaged.items()):
        entry = library.store.path(key).relative_to(library.store.root)
        done = "left as it is" if library.mode == "frozen" else "computed again"
        message = why if key in library.unstored else f"{entry}: {why}; {done}"
        warn(Problem.STORE, message, location=places.get(key))
    library.damaged.clear()
