"""The output of each builder: HTML has the whole figure, others the sentence and its pairs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.domains.std import StandardDomain
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import get_node_location
from sphinx.util.osutil import relative_uri

from sphinx_attention.core.attention import WARNING
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem, fields_of
from sphinx_attention.core.figure.axes import names
from sphinx_attention.core.render.comparison import is_comparison
from sphinx_attention.core.render.description import (
    credit,
    label_lines,
    next_lines,
    pair_lines,
    whole_texts,
)
from sphinx_attention.core.render.html import LATER, figure_attributes, figure_class, render_html
from sphinx_attention.core.render.printed import lines_below, vector_in_words
from sphinx_attention.core.render.registry import draw, plain_lines, words
from sphinx_attention.core.store.atomic import replace
from sphinx_attention.core.text import clean_line

from .builder import builder_of
from .config import settings_of
from .domain import domain_of, entries_of, report, warn_of_weight
from .latex import OURS, as_latex, without_captions
from .messages import report_notices, warn_of
from .nodes import attention_figure, attention_picture
from .picture_files import format_for, picture_of
from .translations import placeholder_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import Variant

SIDE_FOLDER = "_static/attention"


def setup_visitors(app: Sphinx) -> None:
    """Register the nodes, their numbers, and their output in other builders."""
    app.add_node(attention_figure, html=(visit_figure_html, depart_figure_html))
    app.add_node(attention_picture, html=(visit_picture_html, None))
    app.add_post_transform(ResolveFigures)
    app.connect("html-page-context", weigh)
    app.connect("builder-inited", count_as_figures)


def count_as_figures(app: Sphinx) -> None:
    """Count figures with a caption together with all other figures, as ``numfig`` does.

    ``add_enumerable_node`` does not work: other domains, such as that of sphinx-proof, copy its
    registrations and then also number figures without a caption.
    """
    standard = app.env.get_domain("std")
    assert isinstance(standard, StandardDomain)
    standard.enumerable_nodes[attention_figure] = ("figure", None)


def figure_of(env: BuildEnvironment, node: attention_figure) -> Figure:
    """The figure of a node.

    Raises:
        AttentionError: the attention failed, or lacks the selected layer, head or token.
    """
    return domain_of(env).resolved.get(node["uid"], node.spec)


class ResolveFigures(SphinxPostTransform):
    """Replace failed figures by placeholders, and outside HTML every figure by lines of text."""

    # This runs before references are resolved (10), so that captions that move keep their
    # references.
    default_priority = 5

    def run(self, **_kwargs: Any) -> None:
        """Go through the figures of one document."""
        domain, document = domain_of(self.env), self.env.docname
        if domain.drawn_as == "nothing":
            return
        domain.resolved.begin_page(document)
        budget = settings_of(self.env.config).page_budget
        domain.pages.begin(document, budget, domain.words.digest)
        for node in list(self.document.findall(attention_figure)):
            try:
                figure = self._figure(node)
                generic = self._without_scripts(node, figure)
            except AttentionError as error:
                warn_of(error, location=node)
                domain.pages.note_warning(document, error, get_node_location(node) or document)
                _replace(node, _numbered_placeholder(self.env, node, error))
            else:
                domain.pages.note_figure(document, figure)
                if warning := figure.attention.provenance.get(WARNING):
                    shown_warning = AttentionError(Problem.TEXT, warning)
                    warn_of(shown_warning, location=node)
                    place = get_node_location(node) or document
                    domain.pages.note_warning(document, shown_warning, place, drawn=True)
                report_notices(figure, location=node)
                for one in figure.beside:
                    if one.error is not None:
                        warn_of(one.error, location=node)
                        place = get_node_location(node) or document
                        domain.pages.note_warning(document, one.error, place, drawn=True)
                if generic is None:
                    _make_findable(node, figure)
                else:
                    if domain.drawn_as == "manual":
                        # docutils' manual pages join captions to the following text.
                        without_captions(generic)
                    _replace(node, generic)
        domain.pages.note_entries(document, entries_of(domain, document))
        domain.pages.note_prose(document, domain.prose.digest(document))

    def _without_scripts(self, node: attention_figure, figure: Figure) -> nodes.Element | None:
        """The figure for builders that run no scripts; None for all others."""
        drawn_as = domain_of(self.env).drawn_as
        if drawn_as == "figure":
            with guarded(Problem.MODEL, f"packing the numbers over “{node.spec.request.subject}”"):
                domain_of(self.env).resolved.prepare(node["uid"])
            return None
        builder = builder_of(self.env)
        if (kind := format_for(builder)) is not None:
            with guarded(Problem.MODEL, f"drawing the figure over “{node.spec.request.text}”"):
                return as_generic(node, figure, picture_of(figure, self.env, kind))
        if drawn_as != "latex":
            return _drawn_as_text(node, figure)
        made = as_latex(node, figure, builder)
        if made is None:
            made = _drawn_as_text(node, figure)
            made["classes"].append(OURS)
        return made

    def _figure(self, node: attention_figure) -> Figure:
        """The figure of a node.

        If only its numbers show that the entry is damaged, it is computed again.
        """
        domain = domain_of(self.env)
        try:
            figure = figure_of(self.env, node)
        except AttentionError:
            if not self._mended(node.spec.variants):
                raise
        else:
            failed = [one.variant for one in figure.alternatives if one.error is not None]
            if not self._mended(failed):
                return figure
            domain.resolved.forget(node["uid"])
        return figure_of(self.env, node)

    def _mended(self, variants: Iterable[Variant]) -> bool:
        """Compute damaged entries again; whether there were any."""
        domain = domain_of(self.env)
        requests = [request for variant in variants for request in variant.requests]
        mended = [request for request in requests if domain.library.mend(request)]
        if mended:
            report(domain.library, domain)
        return bool(mended)


def _replace(node: attention_figure, other: nodes.Element) -> None:
    other["ids"], other["names"] = node["ids"], node["names"]
    other["classes"] += node["classes"]
    other.source, other.line = node.source, node.line
    node.replace_self(other)


def _make_findable(node: attention_figure, figure: Figure) -> None:
    """Give the sentence to the search index, which reads nodes and not markup.

    The numbers of the picture stay out, because nobody searches for 0.467. The text below the
    picture is never written, see `visit_picture_html`.
    """
    for picture in node.findall(attention_picture):
        picture.children = []
        whole = [figure, *(one.figure for one in figure.alternatives if one.figure is not None)]
        texts = dict.fromkeys(text for each in whole for _label, text in whole_texts(each))
        picture.append(nodes.Text(" ".join(texts)))


def _drawn_as_text(node: attention_figure, figure: Figure) -> nodes.figure:
    with guarded(Problem.MODEL, f"drawing the figure over “{node.spec.request.subject}”"):
        return as_generic(node, figure)


def _numbered_placeholder(
    env: BuildEnvironment, node: attention_figure, error: AttentionError
) -> nodes.Element:
    """The placeholder of a failed figure. A caption stays, and with it the number of the figure."""
    instead = placeholder_of(env, error, node.spec.request.subject)
    kept = [child for child in node.children if not isinstance(child, attention_picture)]
    return nodes.figure("", instead, *kept, align=node["align"]) if kept else instead


def as_generic(
    node: attention_figure, figure: Figure, picture: nodes.image | None = None
) -> nodes.figure:
    """A figure as nodes that every builder knows: the sentence and the strongest pairs.

    A picture stands in the place of both, where a builder embeds one.
    The pairs are lines and no table, because a figure may stand in the cell of a table, in a
    footnote or in a list, where many builders allow no table.
    """
    generic = nodes.figure(align=node["align"])
    both = [figure, *(one.figure for one in figure.alternatives if one.figure is not None)]
    compared = both if is_comparison(figure) else []
    shown: nodes.Element = generic
    if picture is not None:
        # The caption has to be the second child: docutils writes a picture and then a caption.
        shown = nodes.container("", picture, classes=["attention-printed"])
        generic += shown
    for one in compared or [figure]:
        if picture is None:
            generic += _in_words(one)
        else:
            vectors = filter(None, [vector_in_words(one)])
            shown += [nodes.paragraph("", text) for text in vectors]
        if compared:
            shown += nodes.paragraph("", credit(one))
    # As on a live page, the footer stands between the picture and the caption.
    if compared:
        alone = []
    elif picture is not None:
        alone = list(lines_below(figure))
    else:
        alone = [*label_lines(figure), *next_lines(figure), credit(figure)]
        # The name of a patch, such as 3,5, is not understood without its note.
        alone += draw(figure).notes if figure.attention.picture is not None else ()
        alone += _also(figure)
    # The description of a picture takes the place of the sentence.
    apart = picture is None and figure.attention.picture is None
    described = [clean_line(node.spec.alt)] if node.spec.alt and apart else []
    shown += [nodes.paragraph("", text) for text in (*described, *alone)]
    # A figure without the author's caption gets no caption here, because a caption would take a
    # number.
    generic += [child for child in node.children if not isinstance(child, attention_picture)]
    return generic


def _in_words(figure: Figure) -> Iterator[nodes.Element]:
    """The sentence, and the strongest pairs or what the view says in their place."""
    yield _lines(
        [nodes.Text(f"{label}: " if label else ""), nodes.emphasis("", line)]
        for label, text in whole_texts(figure)
        for line in text.splitlines()
    )
    if description := words(figure):
        yield nodes.paragraph("", description)
        if listed := plain_lines(figure):
            yield _lines(_plain(listed))
    elif pairs := pair_lines(figure):
        heading = nodes.strong("", _pairs_heading(figure))
        yield _lines([[heading], *_plain(pairs)])


def _pairs_heading(figure: Figure) -> str:
    """The heading of the strongest pairs, which says what their numbers are."""
    return figure.say("pairs_heading")


def _also(figure: Figure) -> list[str]:
    """The text about what readers can choose on the live page."""
    others = names(figure)
    return [figure.say("also_shows_live", names="; ".join(others))] if others else []


def _plain(texts: Iterable[str]) -> Iterator[list[nodes.Node]]:
    return ([nodes.Text(text)] for text in texts)


def _lines(lines: Iterable[list[nodes.Node]]) -> nodes.line_block:
    return nodes.line_block("", *(nodes.line("", "", *line) for line in lines))


def visit_figure_html(self: HTML5Translator, node: attention_figure) -> None:
    """Open the figure, or write a placeholder if it cannot be drawn."""
    try:
        drawn_as, attributes = _draw(self, node)
    except AttentionError as error:
        place = get_node_location(node) or self.builder.current_docname
        warn_of(error, location=place)
        node["undrawn"] = fields_of(error), place
        instead = _numbered_placeholder(self.builder.env, node, error)
        _replace(node, instead)
        instead["undrawn"] = node["undrawn"]
        instead.walkabout(self)
        raise nodes.SkipNode from None
    classes = f"{drawn_as} align-{node['align']}"
    self.body.append(self.starttag(node, "figure", CLASS=classes, **attributes))


def _draw(translator: HTML5Translator, node: attention_figure) -> tuple[str, dict[str, Any]]:
    """Draw a figure, keep the markup of its picture, and return its class and attributes."""
    with guarded(Problem.MODEL, f"drawing the figure over “{node.spec.request.subject}”"):
        figure = figure_of(translator.builder.env, node)
        files = _SideFiles(translator)
        as_files = settings_of(translator.builder.config).pictures == "files"
        markup = render_html(
            figure,
            node["uid"],
            files.script,
            files.write if as_files else None,
            _on_page(translator),
            seen_file=files.write,
        )
        node["markup"] = markup
        node["bytes"] = len(markup) + files.bytes
        return figure_class(figure), dict(figure_attributes(figure))


def _on_page(translator: HTML5Translator) -> set[str]:
    """The payloads of the page that a translator writes."""
    found: set[str] = translator.__dict__.setdefault("attention_payloads", set())
    return found


def depart_figure_html(self: HTML5Translator, node: attention_figure) -> None:
    """Close the figure, as docutils does."""
    self.depart_figure(node)


def visit_picture_html(self: HTML5Translator, node: attention_picture) -> None:
    """Write the static picture and the payload."""
    parent = node.parent
    assert isinstance(parent, attention_figure)
    self.body.append(parent.attributes.pop("markup"))
    raise nodes.SkipNode


class _SideFiles:
    """Files beside the pages, named after their content.

    Attributes:
        bytes: the sum of the sizes of all requested files, but those that a page loads later.
    """

    def __init__(self, translator: HTML5Translator) -> None:
        self._builder = translator.builder
        self.bytes = 0

    def script(self, name: str, javascript: str) -> str:
        """Write a script, and return its URL from the page."""
        return self.write(name, javascript.encode())

    def write(self, name: str, content: bytes) -> str:
        """Write a file, and return its URL from the page."""
        if not name.startswith(LATER):
            self.bytes += len(content)
        path = Path(self._builder.outdir) / SIDE_FOLDER / name
        # A file with this name has the right content.
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Several processes write pages of one project.
            temporary = path.with_name(f".{name}.{os.getpid()}.tmp")
            temporary.write_bytes(content)
            replace(temporary, path)
        page = self._builder.get_target_uri(self._builder.current_docname).split("#", 1)[0]
        return relative_uri(page, f"{SIDE_FOLDER}/{name}")


def weigh(
    app: Sphinx,
    pagename: str,
    templatename: str,  # noqa: ARG001 - the event's signature
    context: dict[str, Any],  # noqa: ARG001
    doctree: nodes.document | None,
) -> None:
    """Note the size of a page's figures, and warn if the project allows less."""
    if doctree is None:
        return
    sizes = [
        (node["bytes"], get_node_location(node) or "")
        for node in doctree.findall(attention_figure)
        if "bytes" in node
    ]
    undrawn = [node["undrawn"] for node in doctree.findall(nodes.Element) if "undrawn" in node]
    if sizes or undrawn:
        domain_of(app.env).pages.note_written(pagename, sizes, undrawn)
        warn_of_weight(sizes, settings_of(app.config).page_budget, pagename)
