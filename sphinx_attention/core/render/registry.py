"""What draws each view: the function ``draw`` of the module ``draw`` in the view's folder."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.views import View

    from .drawing import Drawing


@cache
def _drawer(view: View) -> Callable[[Figure], Drawing]:
    if view not in VIEWS:
        raise KeyError(view)
    # A view is imported where a figure of it is drawn.
    draw: Callable[[Figure], Drawing] = import_module(f"{__package__}.{view}.draw").draw
    return draw


def draw(figure: Figure, view: View | None = None) -> Drawing:
    """Draw a figure by its own view, or by another.

    Raises:
        KeyError: there is no such view.
    """
    return _drawer(view or figure.spec.view)(figure)
