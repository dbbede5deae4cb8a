"""The views that there are: a module each, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sphinx_attention.core.figure import Figure, View

from . import arcs
from .drawing import Drawing

VIEWS: Mapping[View, Callable[[Figure], Drawing]] = {"arcs": arcs.draw}
"""What draws a figure, by the name of its view."""
