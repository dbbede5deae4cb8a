"""Figures of other pages of the same notes, to which the prose of a page may refer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sphinx_attention.core.authoring.reference import nearest_figure
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.hosts.page_names import ambiguous_name, element_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.hosts.notes import Notes


class Elsewhere(NamedTuple):
    """A figure with a name on another page.

    Attributes:
        page: the path of the page, for messages and for the link.
        name: the name that its author gave.
        read: reads the figure.
    """

    page: str
    name: str
    read: Callable[[], FigureSpec]


def _is_same(written: str, wanted: str) -> bool:
    return element_id(written) == element_id(wanted)


def find_elsewhere(
    notes: Notes,
    wanted: str,
    others: Iterable[Elsewhere],
    own: Iterable[str],
    is_same: Callable[[str, str], bool] = _is_same,
) -> tuple[Figure, Elsewhere]:
    """The figure of another page by its name, with its numbers.

    Args:
        notes: the numbers of the notes.
        wanted: the name in the reference.
        others: the named figures of the other pages.
        own: the names of the figures of the page, for the error.
        is_same: whether a name, the first argument, is meant by another one.

    Raises:
        AttentionError: no page or several pages have such a figure, or it cannot be drawn.
    """
    named = list(others)
    found = [one for one in named if is_same(one.name, wanted)]
    if not found:
        raise nearest_figure(wanted, [*own, *(one.name for one in named)])
    if len(found) > 1:
        raise ambiguous_name(wanted, [one.page for one in found])
    (one,) = found
    try:
        spec = one.read()
        notes.capture(spec.requests)
        return notes.figure(spec), one
    except AttentionError as error:
        raise AttentionError(
            Problem.REFERENCE, f"the figure {wanted} cannot be drawn: {error.message}"
        ) from error
