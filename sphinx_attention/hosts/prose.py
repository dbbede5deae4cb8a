"""The results of references in the prose: a number, a link to a figure, or a claim that holds.

Hosts have their own syntax for such references. Their meaning is the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sphinx_attention.core.authoring.claims import check, parse_claim
from sphinx_attention.core.authoring.locate import locate
from sphinx_attention.core.authoring.numbers import (
    check_reference,
    parse_form,
    print_number,
)
from sphinx_attention.core.authoring.quantities import Quantity
from sphinx_attention.core.authoring.reference import (
    EXAMPLE,
    Reference,
    parse_figure,
    parse_reference,
)
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.figure.figure import Figure

MarkKind = Literal["focus", "check"] | Quantity
"""A kind of reference: a link, a claim, or the name of a printed number."""


class Found(NamedTuple):
    """The result of a reference.

    Attributes:
        figure: the name of the figure, as the author wrote it.
        text: the digits of a number.
        selection: what a link selects, in the form of addresses.
    """

    figure: str
    text: str = ""
    selection: str = ""


def look_up(
    kind: MarkKind, target: str, detail: str, figure_of: Callable[[Reference], Figure]
) -> Found:
    """Look up a reference.

    Args:
        kind: the kind of the reference.
        target: the reference; of a claim, the figure.
        detail: of a claim, its text; of a number, the form in which it is printed.
        figure_of: returns the figure that a reference names, with its numbers.

    Raises:
        AttentionError: the reference cannot be read or found, or the claim is false.
    """
    if kind == "check":
        reference = parse_figure(target)
        claim = parse_claim(detail, reference)
        if wrong := check(claim, figure_of(reference)):
            raise AttentionError(Problem.CHECK, wrong)
        return Found(reference.figure)
    reference = parse_reference(target)
    if kind != "focus":
        check_reference(kind, reference, target)
        form = parse_form(kind, detail)
        text = print_number(kind, reference, figure_of(reference), form, target)
        return Found(reference.figure, text=text)
    found = locate(reference, figure_of(reference))
    if len(found.queries) > 1 or len(found.keys) > 1:
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(target)} names several tokens with + between: a link shows one token or one "
            f"pair, such as {EXAMPLE}",
        )
    selection = found.selection if reference != Reference(reference.figure) else ""
    return Found(reference.figure, selection=selection)
