"""Two attentions side by side: each is drawn as a figure of its own, and both share a selection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sphinx_attention.core.figure.axes import label
from sphinx_attention.core.text import clean_line

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

WIDEST = 1080.0
"""Width in px of two pictures that are made smaller to stand side by side in a column of text.

Wider pictures would be too small to be read there. They stand one under the other, except on wide
pages.
"""


@dataclass(frozen=True)
class Pane:
    """One of the two attentions.

    Attributes:
        figure: what the pane shows, as a figure of its own.
        name: the sentence or the model, as readers see it.
        uid: prefix of the ids within.
    """

    figure: Figure
    name: str
    uid: str


def panes_of(figure: Figure, uid: str) -> tuple[Pane, ...]:
    """The two attentions of a comparison; none where the figure shows one.

    A figure whose second attention cannot be had shows the first one, and says why.

    Args:
        figure: with both.
        uid: prefix of the ids within the figure.
    """
    axis = figure.spec.compare
    if axis is None or len(figure.alternatives) != 1:
        return ()
    (other,) = figure.alternatives
    if other.figure is None:
        return ()
    # Any name that the option link cannot have keeps the selection within this figure.
    link = figure.spec.link or f"{uid} compared"
    made = []
    for letter, one in (("a", figure), ("b", other.figure)):
        variant = next(each for each in figure.order if each.at == one.spec.at)
        name = label(figure, axis, variant)
        alt = one.spec.alt and f"{clean_line(one.spec.alt)} ({name})"
        # The directive makes both. Its option focus names a word of the first.
        written = one.spec.written if letter == "a" else None
        spec = replace(
            one.spec, at=(), compare=None, link=link, alt=alt, written=written, others=()
        )
        alone = replace(one, spec=spec, alternatives=(), order=())
        made.append(Pane(alone, name, f"{uid}-{letter}"))
    return tuple(made)


def is_comparison(figure: Figure) -> bool:
    """Whether a figure shows two attentions side by side."""
    return bool(panes_of(figure, ""))
