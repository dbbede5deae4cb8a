"""The lines below a printed picture, which tell what a page tells while a reader points at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.figure.axes import names

from .common.score_vector import score_vector
from .description import credit, isolated, label_lines, next_lines
from .registry import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.figure.figure import Figure


def lines_below(figure: Figure) -> Iterator[str]:
    """The lines between a picture and its caption."""
    drawing = draw(figure)
    yield from label_lines(figure, drawing.labels)
    yield from drawing.printed
    yield from next_lines(figure)
    yield credit(figure)
    yield from drawing.notes
    if others := names(figure):
        yield figure.say("also_shows_live", names="; ".join(others))


def vector_in_words(figure: Figure) -> str:
    """The weights of the pinned tokens in one line; empty without any.

    Builders that set no formulas have this line in the place of the vector.
    """
    vector = score_vector(figure) if draw(figure).vector else None
    if vector is None:
        return ""
    parts = [
        f"{one.number} {isolated(one.token, figure)}"
        for one in vector.scores
        if "attention-small" not in one.classes.split()
    ]
    return f"{vector.label}: {', '.join([*parts, *filter(None, [vector.fold])])}"
