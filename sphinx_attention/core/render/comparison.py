"""Two attentions side by side: each is drawn as a figure of its own, and both share a selection."""

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
"""Width in px of two pictures that are made smaller to stand side by side in a column of text.

Wider pictures would be too small to be read there. They stand one under the other, except on wide
pages.
"""


@dataclass(frozen=True)
class Pane:
    """One of the two attentions.

    Attributes:
        figure: what the pane shows, as a figure of its own.
        name: the sentence or the model, as readers see it; it stands above the picture.
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
    made: list[Pane] = []
    for letter, one in (("a", figure), ("b", other.figure)):
        variant = next(each for each in figure.order if each.at == one.spec.at)
        name = label(figure, axis, variant)
        alt = one.spec.alt and f"{clean_line(one.spec.alt)} ({name})"
        # The directive makes both. Its option focus names a word of the first.
        written = one.spec.written if letter == "a" else None
        spec = replace(
            one.spec, at=(), compare=None, link=link, alt=alt, written=written, others=()
        )
        alone = replace(one, spec=spec, alternatives=(), order=(), difference=None, heading=name)
        made.append(Pane(alone, name, f"{uid}-{letter}"))
    first, second = made
    return _with_difference(first, figure.difference, second.name), second


def _with_difference(pane: Pane, difference: Alternative | None, second: str) -> Pane:
    """The first pane, in which readers can choose the difference of both."""
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
