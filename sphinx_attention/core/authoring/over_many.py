"""Numbers over many words, heads or sentences, and the fidelity of maps.

A mean is taken over the query tokens that are named, and over the heads that are named; ``*`` names
all layers or all heads of the figure::

    fox *.* (words) -> (special)
    corpus *.* first-token

A count says in how many heads, or in how many sentences of a corpus, a comparison holds. Without a
comparison, it counts all of them::

    fox *.* (words) -> (special) > 0.5
    corpus 0.2 induction > 0.5
    corpus 0.2 induction
    fox *.*
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sphinx_attention.core.codes import NO_SCORE
from sphinx_attention.core.errors import AttentionError, InvalidValueError, Problem
from sphinx_attention.core.text import listed, quoted
from sphinx_attention.core.views import VIEWS

from .comparison import SIGNS, holds, parse_number
from .head_scores import score_name, scores
from .locate import locate, shown_figure
from .reference import EVERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure

    from .locate import Located
    from .reference import Reference

_COMPARED = re.compile(rf"(?P<left>.*?)(?:^|\s)(?P<sign>{SIGNS})\s+(?P<right>[^<>=≤≥]+)")

_PLACES: Mapping[str, int] = {"largest": 100, "median": 50, "smallest": 0}
"""The places of sentences in the order of a score: the percent of sentences that score less."""

_PLACED = re.compile(
    rf"(?:(?P<name>{'|'.join(_PLACES)})|(?P<percent>\d{{1,3}})\s?%)\s+(?P<rest>.+)"
)

_FIDELITY = ("neighbours", "sentence", "correlation")
"""The numbers of a map's fidelity, in the order of the summary."""


class Compared(NamedTuple):
    """A reference without the comparison at its end.

    Attributes:
        reference: the reference to the compared number.
        sign: the sign of the comparison; empty without one.
        number: the number on the right as the author wrote it, with a percentage as a share of 1.
    """

    reference: Reference
    sign: str = ""
    number: str = ""


def compared(reference: Reference, written: str) -> Compared:
    """Separate a reference from the comparison at its end.

    Raises:
        AttentionError: the text after the sign is not a number.
    """
    last = reference.key or reference.query
    match = _COMPARED.fullmatch(last)
    if match is None:
        return Compared(reference)
    number = parse_number(match["right"])
    if number is None:
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid value {quoted(match['right'])} in {quoted(written)}: expected a number such "
            "as 0.4 or 40 %",
        )
    left = match["left"].strip()
    rest = replace(reference, key=left) if reference.key else replace(reference, query=left)
    return Compared(rest, match["sign"], number)


def check_mean(reference: Reference, written: str) -> None:
    """Check that a reference names something that has a mean.

    Raises:
        AttentionError: the reference names neither two tokens nor a score.
    """
    _check_score(reference)
    if not reference.query:
        raise _names_nothing(
            written,
            "names nothing that has a mean",
            "name tokens or a score of heads, such as fox *.* (words) -> (special), or "
            "fox *.* previous-token",
        )


def check_count(reference: Reference, written: str) -> None:
    """Check that a reference names something to count.

    Raises:
        AttentionError: the comparison lacks a number, or compares nothing.
    """
    left, sign, _ = compared(reference, written)
    if left.key and not sign:
        raise _names_nothing(
            written, "counts nothing", "write a comparison behind it, such as > 0.5"
        )
    _check_score(left)
    if sign and not left.query:
        raise _names_nothing(
            written,
            "compares nothing",
            "name tokens or a score of heads, such as fox *.* (words) -> (special) > 0.5",
        )


def _check_score(reference: Reference) -> None:
    """Check the name of the score, if a reference names one."""
    if reference.query and not reference.key:
        score_name(reference.query)


def _names_nothing(written: str, what: str, mend: str) -> AttentionError:
    return AttentionError(Problem.REFERENCE, f"{quoted(written)} {what}: {mend}")


def mean(reference: Reference, figure: Figure) -> float:
    """A mean over the query tokens and the heads that are named; NaN if no head has the score.

    Raises:
        AttentionError: the figure lacks a layer, head, token or score of the reference.
    """
    values = [_value(one, figure) for one in _heads(reference, figure)]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan


def count(reference: Reference, figure: Figure, written: str) -> int:
    """The number of heads or sentences for which a comparison holds.

    Raises:
        AttentionError: the figure lacks a layer, head or token of the reference, or has only one
            head or sentence.
    """
    left, sign, number = compared(reference, written)
    every = left.head is not None and EVERY in left.head
    summary = shown_figure(left, figure).attention.summary
    if every:
        values = [_value(one, figure) for one in _heads(left, figure)] if left.query else None
        if values is None:
            return len(_heads(left, figure))
        found = [value for value in values if not np.isnan(value)]
    elif summary is None:
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(written)} counts nothing: the figure {left.figure} has one sentence, and one "
            "head is named. Write *.* for all heads",
        )
    elif not left.query:
        return len(summary.sentences)
    else:
        found = (_sentences(left, figure, left.query) / 1000).tolist()
    return sum(not sign or holds(value, sign, float(number), number) for value in found)


def placed_score(name: str) -> tuple[int | None, str]:
    """The place of a sentence and the name of a score, such as ``smallest induction``.

    Returns:
        The percent of sentences that score less, or None for the mean, and the rest of the name.

    Raises:
        AttentionError: there is no such place.
    """
    match = _PLACED.fullmatch(name)
    if match is None:
        return None, name
    place = _PLACES[match["name"]] if match["name"] else int(match["percent"])
    if place > 100:
        raise InvalidValueError(
            "place of a sentence", f"{place} %", "expected 0 % to 100 %", Problem.REFERENCE
        )
    return place, match["rest"]


def score_at(reference: Reference, figure: Figure, place: int, name: str) -> float:
    """The score of a head in the sentence at a place of a corpus; NaN if no sentence has it.

    Raises:
        AttentionError: the figure lacks the head or the score, or shows only one sentence.
    """
    ordered = np.sort(_sentences(reference, figure, name))
    if not len(ordered):
        return np.nan
    # The same sentence as the picture of the corpus shows at this place.
    last = len(ordered) - 1
    return float(ordered[last - round(last * (100 - place) / 100)]) / 1000


def fidelity(reference: Reference, figure: Figure) -> float:
    """One number of the fidelity of a map.

    Raises:
        AttentionError: the figure is not a map, or has no such head or projection.
    """
    shown = shown_figure(reference, figure)
    summary = shown.attention.summary
    if summary is None or summary.kind != "map":
        raise AttentionError(
            Problem.REFERENCE,
            f"the figure {reference.figure} is in the view {shown.spec.kind.name}: only a figure "
            "that is a map has a fidelity",
        )
    found = locate(reference.without_tokens, figure)
    projections: list[str] = summary.facts["projections"]
    wanted = dict(reference.options).get("projection", projections[0])
    if wanted not in projections:
        raise InvalidValueError(
            "projection",
            wanted,
            f"the figure {reference.figure} has {listed(projections)}",
            Problem.REFERENCE,
        )
    numbers: NDArray[Any] = summary.arrays[f"fidelity-{wanted}"][found.layer, found.head]
    return float(numbers[_FIDELITY.index(reference.query)])


def check_fidelity(reference: Reference, written: str) -> None:
    """Check that a reference names a number of the fidelity.

    Raises:
        AttentionError: the reference names no such number.
    """
    if reference.key or reference.query not in _FIDELITY:
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(written)} names no number of a map's fidelity: write {listed(_FIDELITY)} "
            "behind the head, such as map 0.2 neighbours",
        )


def _heads(reference: Reference, figure: Figure) -> list[Reference]:
    """The same reference for each head that is named."""
    if reference.head is None or EVERY not in reference.head:
        return [reference]
    attention = shown_figure(reference, figure).attention
    layer, head = reference.head
    return [
        replace(reference, head=(one, other))
        for one in (attention.layer_names if layer == EVERY else (layer,))
        for other in (attention.head_names if head == EVERY else (head,))
    ]


def _value(reference: Reference, figure: Figure) -> float:
    """The mean share of the query tokens that are named, or the score of a head."""
    if reference.key:
        found = locate(reference, figure)
        return found.weight / len(found.queries)
    found = locate(reference.without_tokens, figure)
    return float(scores(found, reference.query)[found.layer, found.head])


def _sentences(reference: Reference, figure: Figure, name: str) -> NDArray[np.uint16]:
    """The scores of a head in all sentences that have the score, in thousandths."""
    found: Located = locate(reference.without_tokens, figure)
    summary = found.attention.summary
    short = score_name(name)
    if summary is None or short not in summary.arrays:
        scoring = [kind.name for kind in VIEWS.values() if "score" in kind.options]
        raise AttentionError(
            Problem.REFERENCE,
            f"the figure {reference.figure} has no scores of many sentences: only a figure in the "
            f"view {listed(scoring)} has",
        )
    every = summary.arrays[short][found.layer, found.head]
    known: NDArray[np.uint16] = every[every != NO_SCORE]
    return known
