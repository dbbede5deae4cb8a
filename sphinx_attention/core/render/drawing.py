"""The drawing that every view returns for SVG, and the templates that write it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sphinx_attention.core.codes import format_weight
from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.text import right_to_left, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.labels import Label
    from sphinx_attention.core.views import View


@dataclass(frozen=True)
class HeadColour:
    """A head of the legend: its name, the class of its colour, and the colour on white."""

    name: str
    hue: str
    colour: str


@dataclass(frozen=True)
class Drawing:
    """A picture of a figure, as plain data.

    Attributes:
        width: of the picture in px.
        height: of the picture in px.
        right_to_left: whether the picture is read from right to left.
        content: the value ``view`` of the template.
        template: the file below this package that writes the content.
        write: a function that writes the content instead of a template, several times faster. It
            takes a figure, the content and whether the picture is a file of its own.
        under: the template for the box of the picture, right under the picture; empty for none.
        choices: the selectors in the footer: ``layer`` and ``head``.
        turns: whether readers can turn the direction of the edges, from the attention that a token
            pays to the attention that it receives.
        controls: the template of this view's own controls in the footer; empty for none.
        latex: a function that writes what LaTeX has below the picture. It takes the figure, the
            content, and a function that writes a text as LaTeX.
        below: the template for the place between the pictures and the footer; empty for none.
        beside: the view of a second picture beside this one; None for none.
        notes: sentences of this view about its picture, for the footer.
        printed: sentences for paper, which say what a page shows while a reader points at it.
        legend: the heads whose colours the picture has, if there are several.
        labels: the author's labels that stand in the picture. All others stand below it.
        squares: the name and the hue of each head whose squares are drawn, for the footer.
        smallest: the share of its size to which the picture is made smaller before it scrolls.
        vector: whether the weights of pinned tokens are shown below as a vector.
        hint: the phrase that says what a reader can do first; empty for the hint of words.
    """

    width: float
    height: float
    right_to_left: bool
    content: Any
    template: str = ""
    write: Callable[..., str] | None = None
    under: str = ""
    choices: tuple[str, ...] = ("layer", "head")
    turns: bool = False
    controls: str = ""
    below: str = ""
    latex: Callable[..., str] | None = None
    beside: View | None = None
    notes: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    legend: tuple[HeadColour, ...] = ()
    labels: tuple[Label, ...] = ()
    squares: tuple[tuple[str, int], ...] = ()
    vector: bool = True
    hint: str = ""
    smallest: float = 1.0


def write_template(
    name: str, drawing: Drawing, figure: Figure, uid: str, *, standalone: bool = False
) -> str:
    """The output of a view's template for its drawing.

    Args:
        name: the file below this package; empty for no output.
        drawing: the drawing of the view.
        figure: the figure.
        uid: the prefix of ids in the output.
        standalone: whether the picture is a file of its own.
    """
    if not name:
        return ""
    return (
        templates()
        .get_template(name)
        .render(
            drawing=drawing,
            view=drawing.content,
            figure=figure,
            uid=uid,
            standalone=standalone,
            say=figure.say.markup,
        )
    )


@cache
def templates() -> Environment:
    """The templates of this package, which escape all values."""
    environment = Environment(
        loader=PackageLoader("sphinx_attention.core.render", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["num"] = num
    environment.filters["visible"] = visible
    environment.filters["weight"] = format_weight
    environment.tests["right_to_left"] = _is_right_to_left
    return environment


def _is_right_to_left(text: str) -> bool:
    # Jinja takes plain functions alone, and `right_to_left` remembers its answers.
    return right_to_left(text)
