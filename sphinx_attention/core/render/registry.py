"""The drawing of each view: the function ``draw`` of the module ``draw`` in the view's folder."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.views import View

    from .drawing import Drawing


@cache
def _module(view: View) -> Any:
    if view not in VIEWS:
        raise KeyError(view)
    # A view is imported when a figure of that view is drawn.
    return import_module(f"{__package__}.{view}.draw")


def draw(figure: Figure, view: View | None = None) -> Drawing:
    """Draw a figure by its own view, or by another.

    Raises:
        KeyError: there is no such view.
    """
    drawing: Drawing = _module(view or figure.spec.view).draw(figure)
    return drawing


def files(figure: Figure) -> dict[str, str]:
    """The files of a view that summarises sentences, by name, in base 64.

    Scripts load them when they are needed. A view without files has none.
    """
    made: dict[str, str] = {}
    if figure.spec.kind.summary is not None:
        made = _module(figure.spec.view).files(figure)
    return made


def page_figure(figure: Figure) -> Figure:
    """The figure whose attention a page carries: the figure itself, except for views that choose.

    A view that draws one of many sentences has a function ``page_figure`` in its module ``draw``.
    """
    choose = getattr(_module(figure.spec.view), "page_figure", None)
    return figure if choose is None else choose(figure)


def plain_lines(figure: Figure) -> list[str]:
    """The lines of a view for output without pictures, by its function ``plain_lines``."""
    made = getattr(_module(figure.spec.view), "plain_lines", None)
    return [] if made is None else made(figure)


def words(figure: Figure) -> str:
    """The description of a summary by its view; empty for other figures."""
    if figure.spec.kind.summary is None:
        return ""
    description: str = _module(figure.spec.view).describe(figure)
    return description


def measures(figure: Figure) -> dict[str, Any]:
    """The measures with which the browser part builds the other pictures that a reader can choose.

    They contain the widths of texts, which a browser would measure in its own fonts.

    Returns:
        The result of ``measures`` of each view's module ``draw``, by the name of the view.
    """
    _, *others = figure.spec.kind.beside or (None,)
    return {view: _module(view).measures(figure) for view in others}
