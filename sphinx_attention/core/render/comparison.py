"""Two attentions side by side. Each is drawn as a figure of its own, and both share a selection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sphinx_attention.core.figure.axes import label
from sphinx_attention.core.figure.figure import Alternative
from sphinx_attention.core.figure.spec import DIFFERENCE, SIDES, Variant
from sphinx_attention.core.text import clean_line

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

WIDEST = 1080.0
"""The most width in px of two pictures that are scaled down to stand side by side in the text.

Wider pictures would be too small to read. They stand one below the other, except on wide pages.
"""


@dataclass(frozen=True)
class Pane:
    """One of the two attentions.

    Attributes:
        figure: the content of the pane, as a figure of its own.
        name: the sentence or the model as readers see it, above the picture.
        uid: the prefix of ids in the pane.
    """

    figure: Figure
    name: str
    uid: str


def panes_of(figure: Figure, uid: str) -> tuple[Pane, ...]:
    """The two attentions of a comparison, or an empty tuple if the figure shows one.

    If the second attention failed, the figure shows the first one and gives the reason.

    Args:
        figure: the figure with both attentions.
        uid: the prefix of ids in the figure.
    """
    axis = figure.spec.compare
    if axis is None or len(figure.alternatives) != 1:
        return ()
    (other,) = figure.alternatives
    if other.figure is None:
        return ()
    # The option link cannot have this name, so the selection stays within the figure.
    link = figure.spec.link or f"{uid} compared"
    made: list[Pane] = []
    for letter, one in (("a", figure), ("b", other.figure)):
        variant = next(each for each in figure.order if each.at == one.spec.at)
        name = label(figure, axis, variant)
        alt = one.spec.alt and f"{clean_line(one.spec.alt)} ({name})"
        # The directive makes both panes. Its option focus names a word of the first.
        written = one.spec.written if letter == "a" else None
        spec = replace(
            one.spec, at=(), compare=None, link=link, alt=alt, written=written, others=()
        )
        alone = replace(one, spec=spec, alternatives=(), order=(), difference=None, heading=name)
        made.append(Pane(alone, name, f"{uid}-{letter}"))
    first, second = made
    return _with_difference(first, figure.difference, second.name), second


def _with_difference(pane: Pane, difference: Alternative | None, second: str) -> Pane:
    """The first pane, with the difference of both as a further choice of readers."""
    if difference is None:
        return pane
    sides, shown = (
        Variant(pane.figure.spec.request, (("compare", value),)) for value in (SIDES, DIFFERENCE)
    )
    opening = replace(pane.figure, spec=replace(pane.figure.spec, at=sides.at))
    if difference.figure is None:
        failed = replace(difference, variant=shown)
        alone = replace(opening, alternatives=(failed,), order=(sides, shown))
        return replace(pane, figure=alone)
    own = pane.figure.spec
    spec = replace(
        difference.figure.spec, at=shown.at, link=own.link, alt=own.alt, written=own.written
    )
    heading = pane.figure.say("difference_of", first=pane.name, second=second)
    between = replace(difference.figure, spec=spec, compared=(pane.name, second), heading=heading)
    one, other = (opening, Alternative(shown, between))
    if own.opens_on_difference:
        one, other = between, Alternative(sides, opening)
    return replace(pane, figure=replace(one, alternatives=(other,), order=(sides, shown)))


def is_comparison(figure: Figure) -> bool:
    """Whether a figure shows two attentions side by side."""
    return bool(panes_of(figure, ""))
