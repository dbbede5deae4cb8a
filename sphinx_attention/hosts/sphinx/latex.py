"""Figures in the builder ``latex``: pictures as TikZ, in the fonts of the document.

What writes TikZ is imported where it is used, because other builders need none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import Problem

from .messages import warn
from .nodes import attention_figure, attention_picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.config import Config

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.render.latex.characters import TexTexts

_BESIDE = "46%"
"""The share of the line that a figure at the side of the text takes."""

_MOST_NAMED = 8
"""The most characters that a warning names."""

OURS = "attention-lines"
"""The class of a figure that stands as lines of text where its picture cannot be written."""

_CLASSES = {OURS, "attention-placeholder", "attention-problem", "attention-number"}


def setup_latex(app: Sphinx) -> None:
    """Register what the builder needs."""
    app.connect("builder-inited", add_package)
    app.add_post_transform(FitTexts)


def add_package(app: Sphinx) -> None:
    """Put the macros of figures beside the document, and load them."""
    if app.builder.format == "latex":
        from sphinx_attention.core.render.latex.figure import PACKAGE, style_file  # noqa: PLC0415

        target = Path(app.outdir) / f"{PACKAGE}.sty"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(style_file())
        app.add_latex_package(PACKAGE)


def texts_of(config: Config) -> TexTexts:
    """The writer of texts for the TeX program of a project."""
    from sphinx_attention.core.render.latex import characters  # noqa: PLC0415

    written = (value for value in config.latex_elements.values() if isinstance(value, str))
    engine = characters.ENGINES.get(config.latex_engine, "pdf")
    return characters.TexTexts(engine, characters.declared_in(*written))


def as_latex(node: attention_figure, figure: Figure, builder: Builder) -> nodes.Element | None:
    """A figure for LaTeX, with the author's caption; None if its picture cannot be written."""
    from sphinx_attention.core.render.latex.figure import render_latex  # noqa: PLC0415
    from sphinx_attention.core.render.latex.shapes import (  # noqa: PLC0415
        UnsupportedPictureError,
    )

    texts = texts_of(builder.config)
    try:
        with guarded(Problem.MODEL, f"drawing the figure over “{node.spec.request.text}”"):
            written = render_latex(figure, texts)
    except UnsupportedPictureError as error:
        problem = f"the view {figure.spec.view} draws something that LaTeX cannot ({error}); "
        warn(Problem.LATEX, f"{problem}its strongest pairs stand in its place", location=node)
        return None
    for name, content in written.images.items():
        (Path(builder.outdir) / name).write_bytes(content)
    warn_of_characters(written.unset, builder.config, location=node)
    kept = [child for child in node.children if not isinstance(child, attention_picture)]
    captioned = any(isinstance(child, nodes.caption) for child in kept)
    beside = node["align"] in {"left", "right"}
    no_floats = _has_no_floats(node)
    # A figure without a number stays where it is, because nothing else says where it belongs.
    stays = not (captioned or beside or no_floats)
    made: nodes.Element = nodes.container() if no_floats or stays else nodes.figure()
    if not no_floats and not stays:
        made["align"] = node["align"]
    if beside:
        made["width"] = _BESIDE
    if stays:
        made += nodes.raw("", "\\begin{AttentionHere}%\n", format="latex")
    if not captioned:
        # Sphinx writes the place to which references lead with a caption, and only there.
        made += nodes.target(ids=node["ids"])
    made += nodes.raw("", written.code, format="latex")
    made += kept
    if stays:
        made += nodes.raw("", "\\end{AttentionHere}%\n", format="latex")
    if no_floats:
        without_captions(made)
    return made


def without_captions(figure: nodes.Element) -> None:
    """Write captions as paragraphs, where there are no figures with a caption."""
    for caption in list(figure.findall(nodes.caption)):
        caption.replace_self(nodes.paragraph("", "", *caption.children))


def _has_no_floats(node: nodes.Node) -> bool:
    """Whether a node is in a footnote, in which LaTeX allows no figure."""
    parent = node.parent
    while parent is not None and not isinstance(parent, (nodes.footnote, nodes.citation)):
        parent = parent.parent
    return parent is not None


def warn_of_characters(unset: Iterable[str], config: Config, location: nodes.Node) -> None:
    """Warn of characters that are replaced, because the TeX program cannot set them."""
    characters = list(unset)
    if not characters:
        return
    named = ", ".join(f"{one} (U+{ord(one):04X})" for one in characters[:_MOST_NAMED])
    more = " …" if len(characters) > _MOST_NAMED else ""
    warn(
        Problem.LATEX,
        f"{config.latex_engine} cannot set {named}{more}; a plain character or a box with the "
        "code stands in the place of each: set latex_engine to xelatex or lualatex, or declare "
        "the characters in the preamble of latex_elements",
        location,
    )


class FitTexts(SphinxPostTransform):
    """Write the texts of our other elements so that none of their characters ends the build.

    A placeholder holds the sentence of an author, and a message holds what a model answered.
    """

    # This runs when the elements are there, and before references are resolved (10).
    default_priority = 8
    formats = ("latex",)

    def run(self, **_kwargs: Any) -> None:
        """Go through the elements of one document."""
        for element in list(self.document.findall(nodes.Element)):
            if not _CLASSES.isdisjoint(element["classes"]):
                texts = texts_of(self.config)
                for text in list(element.findall(nodes.Text)):
                    if not text.isascii() and not isinstance(text.parent, nodes.raw):
                        code = nodes.raw("", texts.text(str(text)), format="latex")
                        text.parent.replace(text, code)
