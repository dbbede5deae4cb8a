"""Prose that refers to figures: links, numbers and claims.

The role ``attn:focus`` links to what a figure shows, ``attn:weight`` and its like print numbers,
and the directive ``attn:check`` holds claims.

While documents are read, roles and directives leave nodes with the author's text. When all
documents are read and all numbers are in the store, the main process looks up every reference once,
warns of mistakes, and keeps the results. The writing of a page only inserts the results.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import get_node_location
from sphinx.util.nodes import make_refnode

from sphinx_attention.core.authoring.claims import check, parse_claim
from sphinx_attention.core.authoring.numbers import (
    check_reference,
    parse_form,
    print_number,
)
from sphinx_attention.core.authoring.reference import (
    EXAMPLE,
    Reference,
    locate,
    nearest_figure,
    parse_figure,
    parse_reference,
)
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.text import listed, quoted

from .messages import warn_of
from .nodes import (
    attention_check,
    attention_figure,
    attention_link,
    attention_mark,
    attention_number,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec

    from .nodes import MarkKind


class Remark(NamedTuple):
    """One reference of the prose to a figure.

    Attributes:
        kind: the role or the directive.
        target: the reference; for a check, the figure.
        detail: the claim of a check, the form of a number.
        place: the file and line, in the form of warnings.
    """

    kind: MarkKind
    target: str
    detail: str
    place: str


class Named(NamedTuple):
    """A figure to which the prose may refer.

    Attributes:
        docname: the document of the figure.
        id: the id of the figure on its page.
        spec: the specification of the figure.
    """

    docname: str
    id: str
    spec: FigureSpec


class Result(NamedTuple):
    """The result of a remark.

    Attributes:
        text: the digits of a number.
        docname: the document of a focus's figure.
        id: the id of a focus's figure.
        selection: the selection of a focus, in the form of addresses.
        error: why there is no result; empty if there is one.
    """

    text: str = ""
    docname: str = ""
    id: str = ""
    selection: str = ""
    error: str = ""


def setup_prose(app: Sphinx) -> None:
    """Register the nodes, the reading and the writing."""
    app.add_node(attention_link, html=(visit_link_html, depart_link_html))
    app.connect("doctree-read", note_remarks)
    app.add_post_transform(ResolveProse)


class ProseData:
    """The remarks and the named figures of all documents, in the data of the domain.

    Args:
        data: the data of the domain.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.remarks: dict[str, list[Remark]] = data["remarks"]
        self.figures: dict[str, dict[str, Named]] = data["figures"]

    def note(self, docname: str, doctree: nodes.document) -> None:
        """Note the references of a document, and its figures with a name.

        The nodes of checks are removed.
        """
        for node in doctree.findall(attention_figure):
            for name in node["names"]:
                named = Named(docname, node["ids"][0], node.spec)
                self.figures.setdefault(docname, {})[nodes.make_id(name)] = named
        for mark in list(doctree.findall(attention_mark)):
            place = get_node_location(mark) or docname
            remark = Remark(mark.kind, mark["target"], mark.get("detail", ""), place)
            self.remarks.setdefault(docname, []).append(remark)
            if isinstance(mark, attention_check):
                mark.parent.remove(mark)

    def named(self, name: str, docname: str) -> Named:
        """The figure of a name: that of the same document, or the only one of all documents.

        Raises:
            AttentionError: there is no such figure, or there are several.
        """
        key = nodes.make_id(name)
        own = self.figures.get(docname, {}).get(key)
        if own is not None:
            return own
        everywhere = [named[key] for _, named in sorted(self.figures.items()) if key in named]
        if len(everywhere) > 1:
            raise AttentionError(
                Problem.REFERENCE,
                f"the name {quoted(name)} is ambiguous: figures of "
                f"{listed(one.docname for one in everywhere)} have it; rename all but one",
            )
        if not everywhere:
            raise nearest_figure(name, (one for named in self.figures.values() for one in named))
        return everywhere[0]


class Prose:
    """The results for the prose of all documents, made once for each build.

    Args:
        data: the remarks and figures that were read.
        library: the library of the build.
        budget: the bytes that the numbers of a figure may take in a page.
    """

    def __init__(self, data: ProseData, library: Library, budget: int) -> None:
        self._data = data
        self._library = library
        self._budget = budget
        self._figures: dict[tuple[str, str], Figure | AttentionError] = {}
        self.results: dict[tuple[str, MarkKind, str, str], Result] = {}

    def look_up(self) -> None:
        """Look up every reference, check every claim, and warn of mistakes."""
        for docname, remarks in sorted(self._data.remarks.items()):
            for remark in remarks:
                key = (docname, remark.kind, remark.target, remark.detail)
                try:
                    with guarded(Problem.REFERENCE, f"looking up {quoted(remark.target)}"):
                        self.results[key] = self._result(docname, remark)
                except AttentionError as error:
                    warn_of(error, location=remark.place)
                    self.results[key] = Result(error=error.message)
        self._figures.clear()

    def digest(self, docname: str) -> str:
        """A short digest of the results for a document's prose; empty without references."""
        found = [value for key, value in sorted(self.results.items()) if key[0] == docname]
        if not found:
            return ""
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]

    def _result(self, docname: str, remark: Remark) -> Result:
        if remark.kind == "check":
            reference = parse_figure(remark.target)
            claim = parse_claim(remark.detail, reference)
            _, figure = self._figure(reference, docname)
            if wrong := check(claim, figure):
                raise AttentionError(Problem.CHECK, wrong)
            return Result()
        reference = parse_reference(remark.target)
        if remark.kind != "focus":
            check_reference(remark.kind, reference, remark.target)
            form = parse_form(remark.kind, remark.detail)
            _, figure = self._figure(reference, docname)
            return Result(text=print_number(remark.kind, reference, figure, form))
        named, figure = self._figure(reference, docname)
        found = locate(reference, figure)
        if len(found.queries) > 1 or len(found.keys) > 1:
            raise AttentionError(
                Problem.REFERENCE,
                f"{quoted(remark.target)} names several tokens with + between: a link shows one "
                f"token or one pair, such as {EXAMPLE}",
            )
        selection = found.selection if reference != Reference(reference.figure) else ""
        return Result(docname=named.docname, id=named.id, selection=selection)

    def _figure(self, reference: Reference, docname: str) -> tuple[Named, Figure]:
        named = self._data.named(reference.figure, docname)
        key = named.docname, named.id
        if key not in self._figures:
            self._figures[key] = self._resolved(named)
        figure = self._figures[key]
        if isinstance(figure, AttentionError):
            raise AttentionError(
                Problem.REFERENCE,
                f"the figure {reference.figure} cannot be drawn: {figure.message}",
            )
        return named, figure

    def _resolved(self, named: Named) -> Figure | AttentionError:
        spec = named.spec
        try:
            with guarded(Problem.OPTION, f"the figure over “{spec.request.text}”"):
                return resolve_all(spec, self._library.answers(spec.requests), self._budget)
        except AttentionError as error:
            return error


def note_remarks(app: Sphinx, doctree: nodes.document) -> None:
    """Note the remarks and the named figures of a document that has been read."""
    data_of(app.env).note(app.env.docname, doctree)


def data_of(env: BuildEnvironment) -> ProseData:
    """The remarks and figures of all documents."""
    return ProseData(env.get_domain("attn").data)


class ResolveProse(SphinxPostTransform):
    """Put numbers and links into the prose of a document."""

    # This runs before references are resolved (10), like links in captions.
    default_priority = 6

    def run(self, **_kwargs: Any) -> None:
        """Go through the remarks of one document."""
        domain: Any = self.env.get_domain("attn")
        if domain.drawn_as == "nothing":
            return
        for mark in list(self.document.findall(attention_mark)):
            result = domain.prose.results.get(
                (self.env.docname, mark.kind, mark["target"], mark.get("detail", "")), Result()
            )
            if result.error:
                made: nodes.Element = _placeholder(mark, result)
            elif isinstance(mark, attention_number):
                made = nodes.inline("", result.text, classes=["attention-number"])
            else:
                made = self._link(mark, result, live=domain.drawn_as == "figure")
            mark.replace_self(made)

    def _link(self, mark: attention_mark, result: Result, *, live: bool) -> nodes.Element:
        """The link to a figure. On live pages, it holds the selection."""
        text = nodes.Text(mark.astext())
        builder = self.env._app.builder  # noqa: SLF001 - `.app` is deprecated, and names the same
        link = make_refnode(builder, self.env.docname, result.docname, result.id, text)
        if not live:
            return link
        made = attention_link("", "", text, **link.attributes)
        made["selection"] = result.selection
        return made


def _placeholder(mark: attention_mark, result: Result) -> nodes.inline:
    """The placeholder for a number or a link that is impossible, with the reason."""
    text = f"{mark.astext()} [{result.error}]".lstrip()
    return nodes.inline("", text, classes=["attention-problem"])


def visit_link_html(self: HTML5Translator, node: attention_link) -> None:
    """Open a link with its selection. Without scripts, the link leads to the figure."""
    href = node.get("refuri") or f"#{node['refid']}"
    attributes = {"href": href, "data-selection": node["selection"]}
    self.body.append(
        self.starttag(node, "a", "", CLASS="reference internal attention-focus", **attributes)
    )


def depart_link_html(self: HTML5Translator, node: attention_link) -> None:  # noqa: ARG001
    """Close the link."""
    self.body.append("</a>")
