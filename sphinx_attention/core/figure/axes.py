"""The selectors of a figure of several attentions, with their values."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from sphinx_attention.core.text import clean_line, visible

from .spec import AXES, Axis

if TYPE_CHECKING:
    from .figure import Alternative, Figure
    from .spec import Variant

_LONGEST_REASON = 160
"""The most characters of a reason in a selector."""

_LONGEST_LABEL = 60
"""The most characters of a sentence in a selector. The picture shows the whole sentence."""


@dataclass(frozen=True)
class Choice:
    """One value of a selector.

    Attributes:
        value: as addresses write it.
        label: as readers see it.
        reason: why there is no attention with this value; empty where there is one.
    """

    value: str
    label: str
    reason: str = ""


@dataclass(frozen=True)
class Selector:
    """One axis along which the attentions of a figure differ.

    Attributes:
        name: the name of the axis.
        value: the value of the attention that is shown.
        label: the label of that value for readers.
        choices: every value, in the author's order.
    """

    name: Axis
    value: str
    label: str
    choices: tuple[Choice, ...]


def selectors(figure: Figure, shown: Figure | None = None) -> tuple[Selector, ...]:
    """The selectors of a figure, in the order in which they stand; none for one attention.

    Args:
        figure: the figure with all its attentions.
        shown: the attention that is chosen; None for the attention that is shown first.
    """
    at = dict((shown or figure).spec.at)
    found = []
    for name in AXES:
        if name not in at:
            continue
        labels: dict[str, str] = {}
        reasons: dict[str, list[str]] = {}
        for variant, reason in _all(figure):
            value = dict(variant.at)[name]
            labels.setdefault(value, label(figure, name, variant))
            reasons.setdefault(value, []).append(reason)
        # A figure may open on another than the first. Numbers tell the author's order.
        order = sorted(labels, key=int) if all(map(str.isdecimal, labels)) else list(labels)
        choices = tuple(
            Choice(value, labels[value], reasons[value][0] if all(reasons[value]) else "")
            for value in order
        )
        found.append(Selector(name, at[name], labels[at[name]], choices))
    return tuple(found)


def label(figure: Figure, name: Axis, variant: Variant) -> str:
    """The label of a variant on one axis."""
    value = dict(variant.at)[name]
    if name == "step":
        steps = figure.attention.candidates
        text = visible(steps[int(value) - 1][0].text)
        return figure.say("step_of", number=value, count=len(steps), token=text)
    if name == "compare":
        return figure.say(f"compare_{value}")
    if name in {"part", "measure"}:
        return figure.say(f"{name}_{value}")
    if name == "sentence":
        return _cut(variant.request.text)
    if name == "picture" and variant.request.image is not None:
        described = figure.spec.descriptions[int(value)]
        return _cut(described or variant.request.image.path.rpartition("/")[2])
    return clean_line(value)


def _cut(text: str) -> str:
    text = clean_line(text)
    return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL].rstrip()}…"


def names(figure: Figure) -> tuple[str, ...]:
    """The other attentions of a figure in words, such as ``gpt2, cross attention``.

    Steps are not among them: the text and what the model goes on with tell all of them.
    """
    if figure.attention.candidates:
        return ()
    return tuple(_named(figure, one) for one in figure.alternatives if one.figure is not None)


def failures(figure: Figure) -> tuple[str, ...]:
    """The values that cannot be chosen, each with its reason in a few words."""
    return tuple(
        f"{_named(figure, one)}: {_brief(one.reason)}"
        for one in figure.alternatives
        if one.figure is None
    )


def _named(figure: Figure, one: Alternative) -> str:
    return ", ".join(label(figure, axis, one.variant) for axis, _ in one.variant.at)


def _brief(reason: str) -> str:
    """A reason of at most `_LONGEST_REASON` characters. The warning of the build has the whole."""
    return shorten(clean_line(reason), _LONGEST_REASON, placeholder=" …")


def _all(figure: Figure) -> list[tuple[Variant, str]]:
    """Every variant in the author's order, and the reason why it is not available."""
    reasons = {one.variant.at: one.reason for one in figure.alternatives}
    return [(variant, reasons.get(variant.at, "")) for variant in figure.order]
