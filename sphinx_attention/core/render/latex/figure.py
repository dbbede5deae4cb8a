"""A figure as LaTeX: its pictures, the weights of its pinned tokens, and the notes below."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from sphinx_attention.core.render.common.score_vector import score_vector
from sphinx_attention.core.render.comparison import panes_of
from sphinx_attention.core.render.description import credit, full_description, whole_texts
from sphinx_attention.core.render.printed import lines_below
from sphinx_attention.core.render.registry import draw, page_figure
from sphinx_attention.core.render.svg import write_svg
from sphinx_attention.core.text import clean_line

from .characters import TexTexts
from .reading import read_shapes
from .tikz import PATTERNS, colour_code, write_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.render.common.score_vector import Score, Vector
    from sphinx_attention.core.render.drawing import HeadColour
    from sphinx_attention.core.views import View

PACKAGE = "sphinxattention"
"""The LaTeX package with the macros of figures. It is in `style_file`."""

_UID = "attention"
_MOST_ROWS = 40
"""The most rows of a vector. A page has no room for more."""


@dataclass(frozen=True, eq=False)
class Latex:
    """A figure as LaTeX.

    Attributes:
        code: for the body of a document that loads `PACKAGE`.
        images: the files that the code names, beside the document.
        unset: the characters in whose place another stands, or a box with their code.
    """

    code: str
    images: dict[str, bytes] = field(repr=False)
    unset: tuple[str, ...]


def style_file() -> bytes:
    """The content of ``sphinxattention.sty``."""
    return (resources.files(__package__) / f"{PACKAGE}.sty").read_bytes()


def render_latex(figure: Figure, texts: TexTexts | None = None) -> Latex:
    """Write a figure without its caption.

    Args:
        figure: the figure.
        texts: writes its texts; None writes them for XeLaTeX and LuaLaTeX.

    Raises:
        UnsupportedPictureError: the view draws something that cannot be written as LaTeX.
    """
    texts = texts or TexTexts()
    images: dict[str, bytes] = {}
    panes = panes_of(figure, _UID)
    blocks = []
    for pane in panes:
        heading = f"\\AttentionHeading{{{texts.text(pane.name)}}}%\n"
        blocks += [heading + _block(pane.figure, texts, images), _note(credit(pane.figure), texts)]
    if not panes:
        blocks.append(_block(figure, texts, images))
        blocks += [_note(line, texts) for line in lines_below(figure)]
    return Latex("".join(blocks), images, tuple(texts.unset))


def _block(figure: Figure, texts: TexTexts, images: dict[str, bytes]) -> str:
    """The pictures and the vector, side by side where they fit."""
    # As on a page, a view of many sentences shows one of them.
    figure = page_figure(figure)
    drawing = draw(figure)
    parts = [_picture(figure, None, texts, images)]
    if drawing.beside is not None:
        parts.append(_picture(page_figure(figure), drawing.beside, texts, images))
    if drawing.vector and (vector := score_vector(figure)) is not None:
        parts.append(_vector(vector, texts))
    inside = "\\AttentionSpace\n".join(parts)
    described = _hexadecimal(full_description(figure))
    # A comment for those who read the source, in which the words stand one by one.
    sentence = clean_line(" ".join(text for _, text in whole_texts(figure)))
    sentence = sentence.encode("utf-8", "replace").decode("utf-8")
    inside = f"% {sentence}\n\\AttentionDescription{{{described}}}%\n{inside}"
    legend = ""
    if drawing.legend and r"\AttentionSample" not in parts[0]:
        legend = _legend(drawing.legend, texts)
    below = "" if drawing.latex is None else drawing.latex(figure, drawing.content, texts.text)
    return f"\\begin{{AttentionFigure}}%\n{inside}\\end{{AttentionFigure}}%\n{legend}{below}"


def _hexadecimal(text: str) -> str:
    """A text as a string of PDF, which has no character that TeX knows as a command."""
    return text.encode("utf-16-be", "replace").hex().upper()


def _picture(figure: Figure, view: View | None, texts: TexTexts, images: dict[str, bytes]) -> str:
    drawing = draw(figure, view)
    shapes = read_shapes(write_svg(drawing, figure, _UID, standalone=True))
    size = (drawing.width, drawing.height)
    hues = [one.hue for one in drawing.legend]
    return write_picture(shapes, size, texts, images, mirrored=drawing.right_to_left, hues=hues)


def _legend(heads: Sequence[HeadColour], texts: TexTexts) -> str:
    """The heads in a line below the picture, whose own legend has no room for their patterns."""
    parts = []
    for number, one in enumerate(heads):
        mark = rf"\AttentionSample{{{number}}}"
        if len(heads) > PATTERNS:
            mark = r"\AttentionSquare{}"
        parts.append(
            rf"\mbox{{\textcolor{{{colour_code(one.colour)}}}{{{mark}}}{texts.text(one.name)}}}"
        )
    return f"\\AttentionNote{{{' '.join(parts)}}}%\n"


def _vector(vector: Vector, texts: TexTexts) -> str:
    letter = r"\Delta\alpha" if vector.signed else r"\alpha"
    if vector.written:
        letter = r"\Vert\alpha f\Vert"
    terms = (
        rf"{letter}_{{\text{{{texts.text(name)}}}}}" if name else r"\cdots" for name in vector.terms
    )
    kept = [one for one in vector.scores if "attention-small" not in one.classes]
    dropped = bool(vector.fold)
    rows = [(_number(one, texts), _token(one, texts)) for one in kept[:_MOST_ROWS]]
    if len(kept) > _MOST_ROWS:
        rows.append((r"\AttentionDots", ""))
    if dropped:
        rows.append((r"\AttentionDots", rf"\textit{{{texts.text(vector.fold)}}}"))
    numbers = r"\\".join(rf"\AttentionRow{{{number}}}" for number, _ in rows)
    tokens = r"\\".join(rf"\AttentionToken{{{token}}}" for _, token in rows)
    return f"\\AttentionVector{{{'+'.join(terms)}}}%\n{{{numbers}}}%\n{{{tokens}}}%\n"


def _number(score: Score, texts: TexTexts) -> str:
    number = rf"\text{{{texts.text(score.number)}}}"
    return rf"\mathbf{{{number}}}" if "attention-strong" in score.classes else number


def _token(score: Score, texts: TexTexts) -> str:
    token = texts.text(score.token)
    return (
        rf"\textcolor{{attentionneutral!80!black}}{{{token}}}"
        if ("attention-special" in score.classes)
        else token
    )


def _note(line: str, texts: TexTexts) -> str:
    return f"\\AttentionNote{{{texts.text(line)}}}%\n"
