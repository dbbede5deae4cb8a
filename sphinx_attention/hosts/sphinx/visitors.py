"""What each builder makes of a figure: HTML the whole, every other the strongest pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import get_node_location
from sphinx.util.osutil import relative_uri

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure import Figure, settle
from sphinx_attention.core.render.html import figure_attributes, render_html
from sphinx_attention.core.render.text import credit, describe, strongest_pairs

from .config import settings_of
from .domain import domain_of, entries_of, warn_of_weight
from .messages import placeholder, warn_of
from .nodes import attention_figure, attention_picture

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

_ = get_translation("sphinx_attention")

SIDE_FOLDER = "_static/attention"


def setup_visitors(app: Sphinx) -> None:
    """Register the node, its number, and what stands for it in other builders."""
    app.add_enumerable_node(
        attention_figure, "figure", _title, html=(visit_figure_html, depart_figure_html)
    )
    app.add_node(attention_picture, html=(visit_picture_html, None))
    app.add_post_transform(ResolveFigures)
    app.connect("html-page-context", weigh)


def _title(node: nodes.Node) -> str:
    """What lists of figures and references call it: its caption."""
    assert isinstance(node, nodes.Element)
    captions = [child.astext() for child in node.children if isinstance(child, nodes.caption)]
    return captions[0] if captions else ""


def figure_of(env: BuildEnvironment, node: attention_figure) -> Figure:
    """The figure of a node.

    Raises:
        AttentionError: its attention cannot be had, or does not have what was selected.
    """
    domain, spec = domain_of(env), node.spec
    if domain.settled is None or domain.settled[0] != spec:
        budget = settings_of(env.config).page_budget
        domain.settled = spec, settle(spec, domain.library.get(spec.request), budget)
    return domain.settled[1]


class ResolveFigures(SphinxPostTransform):
    """Before writing: a placeholder for what cannot be had, a table where HTML is not written."""

    # Before references are resolved (10): captions that move keep theirs.
    default_priority = 5

    def run(self, **_kwargs: Any) -> None:
        """Go through the figures of one document."""
        domain, document = domain_of(self.env), self.env.docname
        if domain.drawn_as == "nothing":
            return
        budget = settings_of(self.env.config).page_budget
        domain.pages.begin(document, entries_of(domain, document), budget)
        for node in list(self.document.findall(attention_figure)):
            try:
                figure = figure_of(self.env, node)
            except AttentionError as error:
                warn_of(error, location=node)
                domain.pages.note_warning(document, error, get_node_location(node) or document)
                self._replace(node, placeholder(error, node.spec.request.text))
            else:
                domain.pages.note_figure(document, figure)
                if domain.drawn_as == "table":
                    self._replace(node, as_generic(node, figure))

    @staticmethod
    def _replace(node: attention_figure, other: nodes.Element) -> None:
        other["ids"], other["names"] = node["ids"], node["names"]
        other["classes"] += node["classes"]
        other.source, other.line = node.source, node.line
        node.replace_self(other)


def as_generic(node: attention_figure, figure: Figure) -> nodes.figure:
    """A figure of nodes that every builder knows: the strongest pairs as a table."""
    generic = nodes.figure(align=node["align"])
    generic += _table(figure)
    captions = [child for child in node.children if isinstance(child, nodes.caption)]
    if not captions:
        text = node.spec.alt or describe(figure)
        captions = [nodes.caption(text, text)]
    legends = [child for child in node.children if isinstance(child, nodes.legend)]
    # Where the live figure has its footer.
    source = nodes.paragraph("", credit(figure))
    generic += captions
    generic += nodes.legend("", source, *(child for old in legends for child in old.children))
    return generic


def _table(figure: Figure) -> nodes.table:
    rows = [(_("query"), _("key"), _("weight"))]
    rows += [(pair.query, pair.key, pair.weight) for pair in strongest_pairs(figure)]
    table = nodes.table(classes=["attention-pairs"])
    group = nodes.tgroup(cols=3)
    group += [nodes.colspec(colwidth=width) for width in (12, 12, 8)]
    made = [nodes.row("", *(_cell(text) for text in row)) for row in rows]
    group += nodes.thead("", made[0])
    group += nodes.tbody("", *made[1:])
    table += group
    return table


def _cell(text: str) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", text))


def visit_figure_html(self: HTML5Translator, node: attention_figure) -> None:
    """Open the figure."""
    classes = ["attention-figure", f"align-{node['align']}"]
    attributes: dict[str, Any] = dict(figure_attributes(figure_of(self.builder.env, node)))
    self.body.append(self.starttag(node, "figure", CLASS=" ".join(classes), **attributes))


def depart_figure_html(self: HTML5Translator, node: attention_figure) -> None:
    """Close the figure, as docutils does."""
    self.depart_figure(node)


def visit_picture_html(self: HTML5Translator, node: attention_picture) -> None:
    """Write the static picture and the payload."""
    parent = node.parent
    assert isinstance(parent, attention_figure)
    figure = figure_of(self.builder.env, parent)
    side_files: list[str] = []
    markup = render_html(figure, parent["uid"], _side_file(self, side_files))
    self.body.append(markup)
    parent["bytes"] = len(markup) + sum(map(len, side_files))
    raise nodes.SkipNode


def _side_file(translator: HTML5Translator, written: list[str]) -> Any:
    builder = translator.builder

    def write(name: str, javascript: str) -> str:
        written.append(javascript)
        path = Path(builder.outdir) / SIDE_FOLDER / name
        # Named after its content: what is there is right.
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(javascript, encoding="utf-8", newline="\n")
        page = builder.get_target_uri(builder.current_docname).split("#", 1)[0]
        return relative_uri(page, f"{SIDE_FOLDER}/{name}")

    return write


def weigh(
    app: Sphinx,
    pagename: str,
    templatename: str,  # noqa: ARG001 - the event's signature
    context: dict[str, Any],  # noqa: ARG001
    doctree: nodes.document | None,
) -> None:
    """Note how large the figures of a page are, and warn where the project allows less."""
    if doctree is None:
        return
    sizes = [
        (node["bytes"], get_node_location(node) or "")
        for node in doctree.findall(attention_figure)
        if "bytes" in node
    ]
    if sizes:
        domain_of(app.env).pages.note_sizes(pagename, sizes)
        warn_of_weight(sizes, settings_of(app.config).page_budget, pagename)
