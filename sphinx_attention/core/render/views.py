"""The views that there are: a module each, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arcs, grid, heads, matrix, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.figure import Figure, View

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
