"""The numbers of a figure that prose may print, and the forms in which it prints them.

Beside weights, these are the scores of heads, means and counts over many words, heads and
sentences, the fidelity of maps, the probabilities of the tokens that a model may go on with, and
the numbers from which the view of steps makes a weight.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis import logits
from sphinx_attention.core.codes import FULL, MASKED_TEXT
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.focus import pick
from sphinx_attention.core.host_words import option
from sphinx_attention.core.phrases import phrases
from sphinx_attention.core.text import clean_line, listed, nearest, quoted
from sphinx_attention.core.views import VIEWS

from . import over_many
from .comparison import rounded
from .head_scores import score_name, score_names, scores
from .locate import locate, shown_figure
from .reference import EVERY, EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.attention import Candidate
    from sphinx_attention.core.figure.figure import Figure

    from .locate import Located
    from .quantities import Quantity
    from .reference import Reference


DIGITS = 3
"""Decimals that a store keeps of a weight. They are those that figures print."""

_ROUNDED = frozenset({"weight", "mean", "score", "fidelity"})
_CHECKS: Mapping[str, Callable[[Reference, str], None]] = {
    "mean": over_many.check_mean,
    "count": over_many.check_count,
    "fidelity": over_many.check_fidelity,
}
_OF_HEADS = frozenset({"mean", "count"})
_MINUS = "\u2212"
_INFINITY = "\u221e"
_FORM = re.compile(r"0(?:([.,])(0{1,6}))?([ \u00a0\u202f]?%)?")


@dataclass(frozen=True)
class Form:
    """The form in which a number is printed.

    Attributes:
        digits: the number of decimals.
        mark: what stands before them.
        percent: the percent sign with the blank before it; empty without a percentage.
    """

    digits: int = DIGITS
    mark: str = "."
    percent: str = ""

    @property
    def precision(self) -> int:
        """The number of decimals of the value that the printed form shows."""
        return self.digits + (2 if self.percent else 0)

    def print(self, value: float) -> str:
        """A number in this form, halves away from zero, with a true minus."""
        sign = _MINUS if value < 0 else ""
        if math.isinf(value):
            return sign + _INFINITY
        number = rounded(value * (100 if self.percent else 1), self.digits)
        text = f"{abs(number):f}".replace(".", self.mark)
        return f"{sign if number else ''}{text}{self.percent}"


def parse_form(quantity: Quantity, text: str) -> Form | None:
    """Read the form of a number, such as ``0.00`` or ``0 %``; None for an empty text.

    Args:
        quantity: the kind of the number.
        text: the text of the author.

    Raises:
        AttentionError: the text is not a form, or has more decimals than the number has.
    """
    if not text:
        return None
    if quantity == "count":
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid form {quoted(text)} of a count: it is a whole number; remove the form",
        )
    match = _FORM.fullmatch(text)
    if match is None:
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid form {quoted(text)} of a number: expected 0.00 for two decimals, or 0 % for "
            "a percentage; the digits themselves come from the figure",
        )
    # No line ends between a number and its sign.
    percent = (match[3] or "").replace(" ", "\u00a0")
    form = Form(len(match[2] or ""), match[1] or ".", percent)
    if quantity in _ROUNDED and form.precision > DIGITS:
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid form {quoted(text)} of a {quantity}: the store keeps three decimals of it; "
            "write 0.000, or 0.0 % for a percentage, or a form with fewer",
        )
    return form


def check_reference(quantity: Quantity, reference: Reference, written: str) -> None:
    """Check that a reference names what a quantity needs, before the figure is looked up.

    Args:
        quantity: the kind of the number.
        reference: the parsed reference.
        written: as the author wrote it.

    Raises:
        AttentionError: the reference names too little or too much.
    """
    if reference.options and (quantity, reference.options[0][0]) != ("fidelity", "projection"):
        name, value = reference.options[0]
        raise AttentionError(
            Problem.REFERENCE,
            f"{name}={value} in {quoted(written)} changes no number: remove it; links can set it",
        )
    if reference.head is not None and EVERY in reference.head and quantity not in _OF_HEADS:
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(written)} names many heads, and a {quantity} belongs to one: name one head, "
            "such as 1.3; the mean of many is printed by mean",
        )
    if quantity == "score":
        if not reference.query or reference.key:
            raise AttentionError(
                Problem.REFERENCE,
                f"{quoted(written)} names no score of a head: write the name of a score behind the "
                f"head, such as fox 0.2 previous-token; the scores are {listed(score_names())}",
            )
        _, name = over_many.placed_score(reference.query)
        score_name(name)
    elif quantity in _CHECKS:
        _CHECKS[quantity](reference, written)
    elif quantity == "probability":
        if not reference.query or reference.key or reference.head:
            raise AttentionError(
                Problem.REFERENCE,
                f"{quoted(written)} names no next token: write the token behind the figure and its "
                "step, such as story step=1 time; a probability belongs to no head",
            )
    elif not (reference.query and reference.key):
        kind = "weight" if quantity == "weight" else f"{quantity} of two tokens"
        if re.search("->|→", written):
            raise AttentionError(
                Problem.REFERENCE,
                f"the arrow in {quoted(written)} needs blanks round it: write {EXAMPLE}",
            )
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(written)} names no {kind}: a {quantity} needs two tokens, such as {EXAMPLE}",
        )


def print_number(
    quantity: Quantity, reference: Reference, figure: Figure, form: Form | None, written: str = ""
) -> str:
    """A number of a figure as prose prints it.

    Args:
        quantity: the kind of the number. `check_reference` has passed.
        reference: the reference to the number.
        figure: the figure with its numbers.
        form: the printed form; None means three decimals, and the form of figures for a weight.
        written: the reference as the author wrote it, for messages.

    Raises:
        AttentionError: the figure lacks the number.
    """
    if quantity == "weight":
        return _weight(locate(reference, figure), form)
    if quantity == "count":
        return f"{over_many.count(reference, figure, written):,}"
    value = number(quantity, reference, figure)
    if math.isnan(value):
        raise AttentionError(
            Problem.REFERENCE,
            f"the score {reference.query} is not defined for the text of {reference.figure}",
        )
    return (form or Form()).print(value)


def number(quantity: Quantity, reference: Reference, figure: Figure) -> float:
    """The value of a number of a figure; NaN for a score that the text does not have.

    Raises:
        AttentionError: the figure lacks the number.
    """
    if quantity == "score":
        place, name = over_many.placed_score(reference.query)
        if place is not None:
            return over_many.score_at(reference, figure, place, name)
        found = locate(reference.without_tokens, figure)
        return float(scores(found, name)[found.layer, found.head])
    if quantity == "mean":
        return over_many.mean(reference, figure)
    if quantity == "fidelity":
        return over_many.fidelity(reference, figure)
    if quantity == "probability":
        return next_token(reference, figure).probability
    found = locate(reference, figure)
    return found.weight if quantity == "weight" else _sum(_STEPS[quantity], found, quantity)


def next_token(reference: Reference, figure: Figure) -> Candidate:
    """The token that a model may go on with, among the likeliest ones of a step.

    Raises:
        AttentionError: the model chooses no next token here, or the token is not one of the
            likeliest.
    """
    known = next_tokens(reference, figure)
    index = pick([one.text for one in known], reference.query)
    if index is None:
        texts = [clean_line(one.text).strip() for one in known]
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(reference.query)} is none of the likeliest next tokens at this step of "
            f"{reference.figure}{nearest(reference.query, texts)}; these are {', '.join(texts)}",
        )
    return known[index]


def next_tokens(reference: Reference, figure: Figure) -> tuple[Candidate, ...]:
    """The likeliest next tokens of a step, the chosen one first.

    Raises:
        AttentionError: the model chooses no next token here.
    """
    known = shown_figure(reference, figure).next_tokens
    if not known:
        raise AttentionError(
            Problem.REFERENCE,
            f"the figure {reference.figure} chooses no next token: only a figure with "
            f"{option('generate')} has such probabilities",
        )
    return known


def _weight(found: Located, form: Form | None) -> str:
    if form is None or found.text == MASKED_TEXT:
        return found.text
    signed = found.attention.signed and found.weight * FULL > 0.5
    return f"{'+' if signed else ''}{form.print(found.weight)}"


def _dot(chain: logits.Chain, key: int) -> float:
    return float(chain.dot[key])


def _logit(chain: logits.Chain, key: int) -> float:
    return -math.inf if chain.masked[key] else float(chain.logits[key])


def _power(chain: logits.Chain, key: int) -> float:
    try:
        return math.exp(_logit(chain, key))
    except OverflowError:
        return math.inf


_STEPS: Mapping[str, Callable[[logits.Chain, int], float]] = {
    "dot": _dot,
    "logit": _logit,
    "power": _power,
}
"""The numbers between queries and keys and a weight, in the order of the view of steps."""


def _sum(part: Callable[[logits.Chain, int], float], found: Located, quantity: str) -> float:
    """The sum of a quantity over the tokens that are named."""
    if reason := logits.missing(found.attention):
        keeping = [kind.name for kind in VIEWS.values() if {"queries", "keys"} <= {*kind.keeps}]
        raise AttentionError(
            Problem.REFERENCE,
            f"there is no {quantity} of {found.pair}: {phrases().remark(reason)}. A figure in the "
            f"view {listed(keeping)} keeps queries and keys",
        )
    total = 0.0
    for query in found.queries:
        chain = logits.chain(found.attention, found.layer, found.head, query)
        total += sum(part(chain, key) for key in found.keys)
    return total
