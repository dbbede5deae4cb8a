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
    from sphinx_attention.core.views import View


@dataclass(frozen=True)
class Drawing:
    """A picture of a figure, as plain data.

    Attributes:
        width: of the picture in px.
        height: of the picture in px.
        right_to_left: whether the reading direction of the picture is right to left.
        template: the file below this package that writes the content.
        content: what the template is given as ``view``.
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
    template: str
    content: Any
    under: str = ""
    choices: tuple[str, ...] = ("layer", "head")
    controls: str = ""
    below: str = ""
    beside: View | None = None
    notes: tuple[str, ...] = ()
    vector: bool = True


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
    environment.tests["right_to_left"] = right_to_left
    return environment
