"""The views that there are: a module each, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arcs import draw as arcs
from .grid import draw as grid
from .heads import draw as heads
from .matrix import draw as matrix
from .steps import draw as steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.views import View

    from .drawing import Drawing

VIEWS: Mapping[View, Callable[[Figure], Drawing]] = {
    "arcs": arcs.draw,
    "heads": heads.draw,
    "grid": grid.draw,
    "matrix": matrix.draw,
    "steps": steps.draw,
}
"""What draws a figure, by the name of its view."""

EDGES: frozenset[View] = frozenset({"arcs", "heads"})
"""Views that draw weights as edges, of which the cut-off hides some."""
