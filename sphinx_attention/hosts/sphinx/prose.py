"""Prose that refers to figures: links, numbers and claims.

The role ``attn:focus`` links to what a figure shows, ``attn:weight`` and its like print numbers,
and the directive ``attn:check`` holds claims.

While documents are read, roles and directives leave nodes with the author's text. When all
documents are read and all numbers are in the store, the main process looks up every reference once,
warns of mistakes, and keeps the results. The writing of a page only inserts the results.

What reads references is imported with the first of them, because most builds have none.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from sphinx.util.logging import get_node_location

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import listed, quoted

from .messages import warn_of
from .nodes import (
    attention_check,
    attention_figure,
    attention_mark,
)

if TYPE_CHECKING:
    from sphinx_attention.core.authoring.reference import Reference
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.hosts.prose import MarkKind

    from .resolved import ResolvedFigures


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
        uid: the id of the figure's node, unique in the project.
        spec: the specification of the figure.
    """

    docname: str
    id: str
    uid: str
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
                named = Named(docname, node["ids"][0], node["uid"], node.spec)
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
            from sphinx_attention.core.authoring.reference import nearest_figure  # noqa: PLC0415

            raise nearest_figure(name, (one for named in self.figures.values() for one in named))
        return everywhere[0]


class Prose:
    """The results for the prose of all documents, made once for each build.

    Args:
        data: the remarks and figures that were read.
        resolved: the figures of the build.
    """

    def __init__(self, data: ProseData, resolved: ResolvedFigures) -> None:
        self._data = data
        self._resolved = resolved
        self._failed: dict[str, AttentionError] = {}
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
        self._failed.clear()

    def digest(self, docname: str) -> str:
        """A short digest of the results for a document's prose; empty without references."""
        found = [value for key, value in sorted(self.results.items()) if key[0] == docname]
        if not found:
            return ""
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]

    def _result(self, docname: str, remark: Remark) -> Result:
        from sphinx_attention.hosts.prose import look_up  # noqa: PLC0415

        found = look_up(
            remark.kind,
            remark.target,
            remark.detail,
            lambda reference: self._figure(reference, docname)[1],
        )
        if remark.kind != "focus":
            return Result(text=found.text)
        named = self._data.named(found.figure, docname)
        return Result(docname=named.docname, id=named.id, selection=found.selection)

    def _figure(self, reference: Reference, docname: str) -> tuple[Named, Figure]:
        named = self._data.named(reference.figure, docname)
        if named.uid not in self._failed:
            try:
                return named, self._resolved.get(named.uid, named.spec, named.docname)
            except AttentionError as error:
                self._failed[named.uid] = error
        raise AttentionError(
            Problem.REFERENCE,
            f"the figure {reference.figure} cannot be drawn: {self._failed[named.uid].message}",
        )
