"""What every view hands over to be written as SVG, and the templates that write it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sphinx_attention.core.display import right_to_left

from .edges import num


@dataclass(frozen=True)
class Drawing:
    """A picture of a figure, as plain data.

    Attributes:
        width: of the picture in px.
        height: of the picture in px.
        right_to_left: whether the reading direction of the picture is right to left.
        template: the file in ``templates/`` that writes the content.
        content: what the template is given as ``view``.
    """

    width: float
    height: float
    right_to_left: bool
    template: str
    content: Any


@cache
def templates() -> Environment:
    """The templates of this package; everything that they print is escaped."""
    environment = Environment(
        loader=PackageLoader("sphinx_attention.core.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["num"] = num
    environment.tests["right_to_left"] = right_to_left
    return environment
