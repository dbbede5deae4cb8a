"""The panels under the steps: one for each step of the computation, with one formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layout import Shape

ALL = "all"
"""The value of the option ``formula`` that shows all steps at once."""


@dataclass(frozen=True)
class Panel:
    """A step: its kind selects the formula in the template, and its title ends a phrase's name."""

    number: int
    kind: str
    title: str


def panels_of(shape: Shape) -> tuple[Panel, ...]:
    """The panels of a computation, in order; none if its sums are not known."""
    if not shape.chain:
        return ()
    added = "_".join(
        word for word, there in (("bias", shape.biased), ("mask", shape.masks)) if there
    )
    kinds = [
        ("multiply", "multiply"),
        ("dot", "dot"),
        ("scale", "scale"),
        *([("cap", "cap")] if shape.capped else []),
        *([("bias", added)] if added else []),
        ("softmax", "softmax"),
        *([("value", "value")] if shape.values else []),
        *([("written", "written")] if shape.written else []),
    ]
    return tuple(Panel(number, kind, title) for number, (kind, title) in enumerate(kinds, 1))


def first_formula(formula: str, panels: Sequence[Panel], *, later: bool) -> str:
    """The kind of the panel that is shown first, for a value of the option ``formula``.

    Without any panel, nothing is refused, because the figure says why there are no sums.

    Args:
        formula: the value.
        panels: the steps of the model.
        later: whether the reader can choose what the head writes. Weights then show their last
            step in place of the step that they do not have.

    Raises:
        InvalidValueError: the model has no such step; the message names its steps.
    """
    kinds = [panel.kind for panel in panels]
    if later and kinds and formula == "written" and formula not in kinds:
        return kinds[-1]
    if kinds and formula not in {*kinds, ALL}:
        raise InvalidValueError(
            "formula",
            repr(formula),
            f"the steps of this model are {', '.join(kinds[:-1])} and {kinds[-1]}; "
            f"expected one of them, or {ALL}",
        )
    return formula
