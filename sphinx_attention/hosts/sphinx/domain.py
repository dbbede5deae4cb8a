"""The domain ``attn``: the requests of each document, and the library that answers them."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sphinx.builders.epub3 import Epub3Builder
from sphinx.domains import Domain
from sphinx.util import logging
from sphinx.util.display import status_iterator

from sphinx_attention.core.capture.failures import FailureRecord
from sphinx_attention.core.capture.library import Library, is_captured
from sphinx_attention.core.errors import AttentionError, Problem, error_of
from sphinx_attention.core.progress import listening
from sphinx_attention.core.store import open_store
from sphinx_attention.hosts.paths import shell_word

from . import marks
from .config import settings_of
from .messages import warn, warn_of
from .nodes import attention_figure
from .pages import Pages, carried, over_budget
from .prose import Prose, ProseData
from .resolved import ResolvedFigures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

    from sphinx_attention.core.phrases import Phrases
    from sphinx_attention.core.request import Request


logger = logging.getLogger(__name__)

DrawnAs = Literal["figure", "latex", "lines", "manual", "nothing"]
"""The output for a figure: live figure, LaTeX, lines of text, lines for a man page, or nothing."""

SIMPLEPDF = "simplepdf"
"""The name of sphinx-simplepdf's builder, which makes a PDF of an HTML page by WeasyPrint."""

_NO_PAGES = frozenset(
    {"changes", "coverage", "doctest", "dummy", "gettext", "linkcheck", "spelling"}
)
"""Builders that check or extract. Their ``format`` is empty, like that of rst2pdf."""


class AttentionDomain(Domain):
    """Holds the requests of each document."""

    name = "attn"
    label = "Attention"
    data_version = 5
    initial_data: ClassVar[dict[str, Any]] = {
        "requests": {},
        "places": {},
        "remarks": {},
        "figures": {},
    }
    roles: ClassVar[dict[str, Any]] = dict(marks.ROLES)
    directives: ClassVar[dict[str, Any]] = dict(marks.DIRECTIVES)

    base: Path
    """The folder of conf.py."""
    configured: bool
    """Whether conf.py or an extension imported transformers before any document was read."""
    library: Library
    """The library of a build. It is opened once and shared with forked writers."""
    drawn_as: DrawnAs
    """The output of this build's builder for a figure."""
    resolved: ResolvedFigures
    """The figures of the pages that are written now."""
    pages: Pages
    """The record of the pages of this output."""
    words: Phrases
    """The phrases of this build's language, with those of the project."""
    prose: Prose
    """The results for the prose; empty before all is read, and if no pages are written."""

    @property
    def requests(self) -> dict[str, list[Request]]:
        """The requests of each document, in the order of the page."""
        requests: dict[str, list[Request]] = self.data["requests"]
        return requests

    @property
    def places(self) -> dict[str, dict[str, str]]:
        """The file and line of the first figure for each key, by document and key."""
        places: dict[str, dict[str, str]] = self.data["places"]
        return places

    @property
    def prose_data(self) -> ProseData:
        """The remarks and the named figures of all documents."""
        return ProseData(self.data)

    def note_request(self, docname: str, request: Request, place: str = "") -> None:
        """Note a request of a document.

        Args:
            docname: the document.
            request: the request.
            place: the file and line of the directive, in the form of warnings.
        """
        self.requests.setdefault(docname, []).append(request)
        self.places.setdefault(docname, {}).setdefault(request.key, place or docname)

    def place_of(self, key: str) -> str | None:
        """The file and line of a figure that needs a key."""
        found = (self.places[name][key] for name in sorted(self.places) if key in self.places[name])
        return next(found, None)

    def clear_doc(self, docname: str) -> None:
        """Forget a document."""
        for name in self.initial_data:
            self.data[name].pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Take over the notes of a process that reads documents."""
        for docname in docnames:
            for name in self.initial_data:
                if docname in otherdata[name]:
                    self.data[name][docname] = otherdata[name][docname]

    def resolve_any_xref(self, *_: Any) -> list[Any]:
        """The domain has no targets for ``:any:``."""
        return []


def domain_of(env: BuildEnvironment) -> AttentionDomain:
    """The domain of an environment."""
    domain = env.get_domain(AttentionDomain.name)
    assert isinstance(domain, AttentionDomain)
    return domain


def setup_domain(app: Sphinx) -> None:
    """Register the domain, and the capture after reading."""
    app.add_domain(AttentionDomain)
    app.connect("builder-inited", open_library)
    app.connect("env-updated", capture)
    # All other handlers of these events have run at this priority.
    app.connect("env-before-read-docs", spare_what_stays, priority=900)
    app.connect("env-check-consistency", spare_what_stays, priority=900)
    app.connect("build-finished", finish)
    app.connect("build-finished", collect_everything)


def open_library(app: Sphinx) -> None:
    """Open the library without reading any entry."""
    settings = settings_of(app.config)
    domain = domain_of(app.env)
    domain.base = Path(app.confdir)
    # Modules that autodoc imports later are what the notes describe, and change no model.
    domain.configured = "transformers" in sys.modules
    domain.pages = Pages(None)
    store = open_store(settings.cache, domain.base)
    domain.library = Library(
        store,
        settings.mode,
        docs=_as_typed(Path(app.srcdir)),
        record=FailureRecord(store.folder),
    )
    domain.resolved = ResolvedFigures(
        domain.library, domain.words, settings.page_budget, processes=app.parallel
    )
    domain.prose = Prose(domain.prose_data, domain.resolved)
    domain.drawn_as = drawn_as(app.builder)


def drawn_as(builder: Builder) -> DrawnAs:
    """The output of a builder for a figure. Unknown builders write lines of text."""
    if builder.name in _NO_PAGES:
        return "nothing"
    # Readers of EPUB run no scripts, and neither does WeasyPrint, which also knows few of the rules
    # of our style sheet.
    printed = isinstance(builder, Epub3Builder) or builder.name == SIMPLEPDF
    if builder.format == "html" and not printed:
        return "figure"
    if builder.format == "latex":
        return "latex"
    return "manual" if builder.format == "man" else "lines"


def capture(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Compute the missing entries, once and in the main process.

    Returns:
        The documents whose pages differ from the present numbers, so that they are written again.
    """
    domain = domain_of(env)
    if domain.drawn_as == "nothing":
        return ()
    library = domain.library
    wanted = library.missing(r for requests in domain.requests.values() for r in requests)
    report(library, domain)
    if wanted and library.mode != "frozen":
        with listening(logger.info, bars=sys.stderr.isatty() and not app.quiet):
            for _ in _with_progress(library, wanted, app.verbosity, configured=domain.configured):
                pass
        report(library, domain)
    if wanted and library.mode == "frozen":
        _say_how_to_compute(library)
    domain.prose.look_up()
    report(library, domain)
    domain.pages = Pages.of(app)
    if not domain.pages.kept:
        return ()
    concerned = sorted({*domain.requests, *domain.prose_data.remarks})
    return [docname for docname in concerned if _is_stale(app, domain, docname)]


def spare_what_stays(*_: Any) -> None:
    """Keep what was imported, and later what was read, out of garbage collections.

    It is needed until the build ends, and every full collection would look at all of it. A
    collection also writes into each object that it looks at, so that processes which read or write
    pages would copy the memory that they share with the main process (see `gc.freeze`).
    """
    gc.freeze()


def collect_everything(*_: Any) -> None:
    """End what `spare_what_stays` began."""
    gc.unfreeze()


def _say_how_to_compute(library: Library) -> None:
    """Tell an author under ``serve`` why a changed sentence has no figure."""
    from sphinx_attention.core.capture import warm  # noqa: PLC0415 - a full store needs none of it

    if warm.is_warm():
        logger.info(
            "attention_mode is 'frozen': changed sentences are not computed; "
            "`sphinx-attention serve %s -D attention_mode=auto` computes them",
            library.docs,
        )


def entries_of(domain: AttentionDomain, docname: str) -> dict[str, str]:
    """The state of each entry that a document's figures need, by key (see `Library.state_of`)."""
    requests = domain.requests.get(docname, ())
    return {r.key: domain.library.state_of(r) for r in requests if is_captured(r)}


def _is_stale(app: Sphinx, domain: AttentionDomain, docname: str) -> bool:
    """Whether a page differs from the present numbers."""
    page = domain.pages.before.get(docname)
    if page is None or page.entries != entries_of(domain, docname):
        return True
    if page.prose != domain.prose.digest(docname) or page.words != domain.words.digest:
        return True
    budget = settings_of(app.config).page_budget
    if page.budget == budget:
        return False
    try:
        figures = list(app.env.get_doctree(docname).findall(attention_figure))
        now = [_carried(domain, figure) for figure in figures]
    except (OSError, ValueError):
        return True
    if page.carried != now:
        return True
    page.budget = budget
    return False


def _carried(domain: AttentionDomain, node: attention_figure) -> str:
    try:
        return carried(domain.resolved.resolve(node.spec))
    except AttentionError:
        return ""


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Repeat the warnings of pages that were not written, and save the record of all pages."""
    domain = domain_of(app.env)
    if exception is not None or domain.drawn_as == "nothing":
        return
    concerned = {*domain.requests, *domain.prose_data.remarks}
    for docname, page in sorted(domain.pages.unwritten(concerned).items()):
        for fields, place in page.warnings:
            warn_of(error_of(fields), location=place)
        warn_of_weight(page.sizes, settings_of(app.config).page_budget, docname)
    domain.pages.save(concerned)


def warn_of_weight(sizes: Iterable[tuple[int, str]], budget: int, docname: str) -> None:
    """Warn once for a page if its figures are larger than the project allows."""
    if (over := over_budget(sizes, budget)) is not None:
        weight, place = over
        warn(
            Problem.BUDGET,
            f"the figures up to here weigh {weight:,} bytes, more than "
            f"attention_page_budget allows ({budget:,}); split the page or raise the budget",
            location=place or docname,
        )


def _with_progress(
    library: Library, wanted: list[Request], verbosity: int, *, configured: bool
) -> Iterator[tuple[Request, str]]:
    from sphinx_attention.core.capture import warm  # noqa: PLC0415 - a full store needs none of it

    return status_iterator(
        warm.capture(library, wanted, configured=configured),
        "capturing attention... ",
        "purple",
        len(wanted),
        verbosity,
        stringify_func=lambda done: f"{done[1]}: {done[0].text[:40]}",
    )


def report(library: Library, domain: AttentionDomain) -> None:
    """Warn once of each problem of the store, at a figure that it concerns."""
    for warning in library.drain_warnings():
        place = domain.place_of(warning.key) if warning.key else None
        warn(warning.problem, warning.message, location=place)


def _as_typed(folder: Path) -> str:
    """A folder in the form that a shell needs in the folder in which the build was started."""
    here = Path.cwd()
    name = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return shell_word(name)
