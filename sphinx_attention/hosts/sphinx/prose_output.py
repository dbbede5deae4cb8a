"""The output of prose that refers to figures: numbers, links and placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

from .builder import builder_of
from .domain import domain_of
from .nodes import attention_link, attention_mark, attention_number
from .prose import Result

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


def setup_prose(app: Sphinx) -> None:
    """Register the nodes, the reading and the writing."""
    app.add_node(attention_link, html=(visit_link_html, depart_link_html))
    app.connect("doctree-read", note_remarks)
    app.add_post_transform(ResolveProse)


def note_remarks(app: Sphinx, doctree: nodes.document) -> None:
    """Note the remarks and the named figures of a document that has been read."""
    domain_of(app.env).prose_data.note(app.env.docname, doctree)


class ResolveProse(SphinxPostTransform):
    """Put numbers and links into the prose of a document."""

    # This runs before references are resolved (10), like links in captions.
    default_priority = 6

    def run(self, **_kwargs: Any) -> None:
        """Go through the remarks of one document."""
        domain = domain_of(self.env)
        if domain.drawn_as == "nothing":
            return
        for mark in list(self.document.findall(attention_mark)):
            docname = document_of(mark, self.env.docname)
            result = domain.prose.results.get(
                (docname, mark.kind, mark["target"], mark.get("detail", "")), Result()
            )
            if result.error:
                made: nodes.Element = _placeholder(mark, result)
            elif isinstance(mark, attention_number):
                made = nodes.inline("", result.text, classes=["attention-number"])
            else:
                made = self._link(mark, docname, result, live=domain.drawn_as == "figure")
            mark.replace_self(made)

    def _link(
        self, mark: attention_mark, docname: str, result: Result, *, live: bool
    ) -> nodes.Element:
        """The link to a figure. On live pages, it holds the selection."""
        text = nodes.Text(mark.astext())
        builder = builder_of(self.env)
        # In LaTeX, the name of a label begins with its document. A single page has no documents.
        start = docname if builder.format == "latex" else self.env.docname
        link = make_refnode(builder, start, result.docname, result.id, text)
        if not live:
            return link
        made = attention_link("", "", text, **link.attributes)
        made["selection"] = result.selection
        return made


def document_of(node: nodes.Node, docname: str) -> str:
    """The document in which an author wrote a node, if one tree holds several documents.

    Args:
        node: the node.
        docname: the document of the tree, into which builders such as ``latex`` put all others.
    """
    parent = node.parent
    while parent is not None:
        # Sphinx gives this attribute to the sections of the documents that it puts together.
        if found := parent.get("docname"):
            return str(found)
        parent = parent.parent
    return docname


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
