"""What every view hands over to be written as SVG, and the templates that write it."""

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
    from sphinx_attention.core.views import View


@dataclass(frozen=True)
class Drawing:
    """A picture of a figure, as plain data.

    Attributes:
        width: of the picture in px.
        height: of the picture in px.
        right_to_left: whether the reading direction of the picture is right to left.
        content: what the template is given as ``view``.
        template: the file below this package that writes the content.
        write: a function that writes the content in place of a template. It takes a figure, the
            content and whether the picture is a file of its own, and is several times faster.
        under: the template of what stands right under the picture, in its box; empty for nothing.
        choices: which of the selectors ``layer`` and ``head`` the footer has.
        controls: the template of what this view alone has in the footer; empty for none.
        below: the template of what stands under the footer; empty for nothing.
        beside: the view of a second picture that stands beside this one; None for none.
        notes: sentences of this view about what it draws, for the footer.
        vector: whether the weights of pinned tokens stand below as a vector.
    """

    width: float
    height: float
    right_to_left: bool
    content: Any
    template: str = ""
    write: Callable[..., str] | None = None
    under: str = ""
    choices: tuple[str, ...] = ("layer", "head")
    controls: str = ""
    below: str = ""
    beside: View | None = None
    notes: tuple[str, ...] = ()
    vector: bool = True


def write_template(
    name: str, drawing: Drawing, figure: Figure, uid: str, *, standalone: bool = False
) -> str:
    """What a template of a view makes of its drawing.

    Args:
        name: the file below this package; empty for nothing.
        drawing: of the view.
        figure: what is drawn.
        uid: prefix of the ids within.
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
    """The templates of this package; everything that they print is escaped."""
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
