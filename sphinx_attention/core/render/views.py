"""The views that there are: a module each, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arcs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.figure import Figure, View

    from .drawing import Drawing

VIEWS: Mapping[View, Callable[[Figure], Drawing]] = {"arcs": arcs.draw}
"""What draws a figure, by the name of its view."""
