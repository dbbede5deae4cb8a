"""Options that exclude each other. They are checked before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure import selection
from sphinx_attention.core.figure.spec import MEAN_SENTENCES
from sphinx_attention.core.host_words import give_numbers, named, option
from sphinx_attention.core.text import listed, quoted
from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.views import View, ViewKind

MODEL_ONLY = (
    *("model", "image", "also", "file", "compare", "pair", "target", "part", "generate"),
    "measure",
)
"""Options that need a model to run."""

_MATRIX_ONLY = ("scores", "causal", "tokens")


_FOLLOWS_WEIGHTS = frozenset({"rollout", "flow"})
"""The aggregates that multiply weights from layer to layer."""


_OF_EDGES = ("cutoff", "rest")
"""Options about the edges of a picture."""


def without_effect(values: Mapping[str, Any], view: View) -> list[str]:
    """A sentence for each option that changes nothing in a view, for the author."""
    if any(VIEWS[one].edges for one in (view, *VIEWS[view].beside)):
        return []
    return [
        f"{name}: the view {view} draws no edges, so that this option changes nothing"
        for name in _OF_EDGES
        if name in values
    ]


def over_heads(aggregate: str | None) -> bool:
    """Whether an aggregate leaves one head a layer."""
    return aggregate is not None and aggregate != MEAN_SENTENCES and not over_layers(aggregate)


def over_layers(aggregate: str | None) -> bool:
    """Whether an aggregate leaves one layer."""
    return aggregate is not None and aggregate.endswith("layers")


def check(values: Mapping[str, Any], view: View, *, given: bool, body: bool) -> None:
    """Check that options fit each other, the view and the source of the numbers.

    Args:
        values: options by name, converted.
        view: the view, the author's or the project's.
        given: whether the author gives the weights.
        body: whether the weights are in the page.

    Raises:
        AttentionError: two options exclude each other; the message names the first such pair.
    """
    if body and "matrix" in values:
        raise AttentionError(
            Problem.MATRIX,
            f"the figure has rows of numbers, and {option('matrix')} names a file of numbers: "
            "remove "
            "one of the two",
        )
    for name in MODEL_ONLY if given else _MATRIX_ONLY:
        if name in values:
            needs = (
                f"a model, and this figure has its own matrix: remove {option(name)}, or the matrix"
                if given
                else f"a matrix, and this figure has none: remove {option(name)}, or "
                f"{give_numbers()}"
            )
            raise AttentionError(Problem.OPTION, f"{option(name)} needs {needs}")
    further = "file" if "file" in values else "also"
    for name in ("pair", "target"):
        if further in values and name in values:
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} gives the first sentence a second text, and those of "
                f"{option(further)} would have none: remove {option(name)}, or {option(further)}",
            )
    if "generate" in values:
        _check_generate(values)
    _check_image(values, VIEWS[view])
    together = values.get("head") or ()
    if len(together) > 1 and not VIEWS[view].several_heads:
        several = listed(name for name, kind in VIEWS.items() if kind.several_heads)
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {', '.join(map(str, together))!r} for {named('head')}: the view "
            f"{view} shows one "
            f"head; several are drawn together by the view {several}",
        )
    if values.get("aggregate") == MEAN_SENTENCES:
        _check_averaged(values, given=given)
    _check_measure(values)
    selection.check_view(values.get("selection", ()), view)
    _check_own(values, view)
    _check_refused(values, VIEWS[view], given=given)
    for kind, gone in (("layer", over_layers), ("head", over_heads)):
        _check_aggregate(values, kind, gone=gone(values.get("aggregate")))
        _check_carried(values, kind)


def _check_measure(values: Mapping[str, Any]) -> None:
    """Check that weights are not needed where the figure shows what heads write."""
    if values.get("aggregate") in _FOLLOWS_WEIGHTS and "written" in values.get("measure", ()):
        raise AttentionError(
            Problem.OPTION,
            f"invalid value 'written' for {named('measure')}: the value {values['aggregate']!r} of "
            f"{named('aggregate')} multiplies weights from layer to layer, and shares of what one "
            f"head writes are not such weights: remove {option('measure')}, or "
            f"{option('aggregate')}",
        )


def _check_averaged(values: Mapping[str, Any], *, given: bool) -> None:
    """Check that the figure has several sentences and does not compare them."""
    if pictures := len(values.get("image") or ()):
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {MEAN_SENTENCES!r} for {named('aggregate')}: expected a figure of "
            f"several sentences, and this one has {pictures} picture{'s' * (pictures > 1)}: remove "
            f"{option('aggregate')}",
        )
    if "also" not in values and "file" not in values:
        more = "" if given else f"give further sentences in {option('also')}, or "
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {MEAN_SENTENCES!r} for {named('aggregate')}: expected a figure of "
            "several "
            f"sentences, and this one has 1: {more}remove {option('aggregate')}",
        )
    if values.get("compare") == "sentence":
        raise AttentionError(
            Problem.OPTION,
            f"invalid value 'sentence' for {named('compare')}: the value {MEAN_SENTENCES!r} of "
            f"{named('aggregate')} makes one attention of all sentences: remove "
            f"{option('compare')}, or {option('aggregate')}",
        )


_TWO_OF = {
    "sentence": f"give exactly one further sentence in {option('also')}",
    "model": f"name two in {option('model')}, with a comma between",
    "measure": f"write weight, written in {option('measure')}",
}


def check_compared(axis: str, counts: Mapping[str, int], opens_on: Mapping[str, str]) -> None:
    """Check that a comparison has two attentions, which differ in one thing.

    Args:
        axis: the value of the option ``compare``.
        counts: how many values the figure has on each axis.
        opens_on: what the option ``selection`` says of the axes.

    Raises:
        AttentionError: there are fewer or more.
    """
    wrong = f"invalid value {axis!r} for {named('compare')}: expected a figure of two {axis}s"
    if counts[axis] != 2:
        raise AttentionError(
            Problem.OPTION,
            f"{wrong}, and this one has {counts[axis]}: {_TWO_OF[axis]}, or remove "
            f"{option('compare')}",
        )
    for other, count in counts.items():
        if other != axis and count > 1:
            raise AttentionError(
                Problem.OPTION,
                f"{wrong} and one {other}, and this one has {count} {other}s: give one {other}, or "
                f"remove {option('compare')}",
            )
    if axis in opens_on:
        raise AttentionError(
            Problem.OPTION,
            f"invalid name {axis!r} in {named('selection')}: {option('compare')} shows both "
            f"{axis}s: remove it",
        )


_GENERATES_NO: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "pair": (bool, "a model that goes on from a text reads one sentence"),
    "target": (bool, "the model writes the text that follows"),
    "also": (bool, "readers step through what follows one sentence"),
    "file": (bool, "readers step through what follows one sentence"),
    "compare": (bool, "there is one model and one sentence"),
    "merge": (lambda value: value == "words", "each step is one token, which may be a piece"),
    "special": (lambda value: value == "hide", "a step may be that of a special token"),
    "part": (lambda value: value != ("decoder",), "such a model has one attention, its decoder's"),
    "measure": (
        lambda value: len(value) > 1,
        "each step is one attention, in one measure",
    ),
}
"""For each option, the values that exclude the option ``generate``, and the reason."""


_SEES_NO: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "pair": (bool, "a picture has no second sentence"),
    "target": (bool, "the model writes nothing about the picture"),
    "generate": (bool, "the model writes nothing about the picture"),
    "also": (bool, "further pictures stand in image, with ' | ' between"),
    "file": (bool, "further pictures stand in image, with ' | ' between"),
    "compare": (lambda value: value == "sentence", "there is one text at most"),
    "merge": (lambda value: value == "words", "a patch is not a piece of a word"),
}
"""For each option, the values that exclude the option ``image``, and the reason."""


def _check_image(values: Mapping[str, Any], kind: ViewKind) -> None:
    """Refuse options that make no sense for a picture, and a view of pictures without one."""
    if "image" not in values:
        if kind.needs_picture:
            raise AttentionError(
                Problem.OPTION,
                f"the view {kind.name} shows a picture, and this figure has none: name one in "
                f"{option('image')}, or take another view",
            )
        return
    for name, (is_refused, why) in _SEES_NO.items():
        if name in values and is_refused(values[name]):
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} does not go with {option('image')}, because {why}: remove "
                f"{option(name)}, or {option('image')}",
            )


def _check_generate(values: Mapping[str, Any]) -> None:
    """Refuse options that make no sense for a text that the model continues."""
    for name, (is_refused, why) in _GENERATES_NO.items():
        if name in values and is_refused(values[name]):
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} does not go with {option('generate')}, because {why}: remove "
                f"{option(name)}, or {option('generate')}",
            )


def _check_own(values: Mapping[str, Any], view: View) -> None:
    """Refuse options of other views, and an option of this view that has two values."""
    for name in values:
        owners = [kind.name for kind in VIEWS.values() if name in kind.options]
        if owners and view not in owners:
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} belongs to the view {listed(owners)}, and this figure has the "
                f"view {view}: remove {option(name)}, or take that view",
            )
    for name, value in values.get("selection", ()):
        if name in VIEWS[view].options and values.get(name, value) != value:
            raise AttentionError(
                Problem.OPTION,
                f"invalid value {quoted(value)} for {name} in {named('selection')}: "
                f"{option(name)} says "
                f"{quoted(values[name])}; remove one of the two",
            )


def _check_refused(values: Mapping[str, Any], kind: ViewKind, *, given: bool) -> None:
    """Refuse the values that the view does not accept."""
    if given and kind.refuses_given:
        others = listed(name for name, other in VIEWS.items() if not other.refuses_given)
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {kind.name!r} for {named('view')}: expected {others}, because "
            f"{kind.name} "
            f"{kind.refuses_given}",
        )
    for name, why in kind.never.items():
        if name in values:
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} does not go with the view {kind.name}, which {why}: remove "
                f"{option(name)}, or take another view",
            )
    for name, (refused, why) in kind.refuses.items():
        value = values.get(name)
        several = value if isinstance(value, tuple) else (value,)
        if found := next((one for one in several if one in refused), None):
            raise AttentionError(
                Problem.OPTION,
                f"invalid value {found!r} for {named(name)}: the view {kind.name} "
                f"{kind.because}, "
                f"and {why}",
            )


def _check_aggregate(values: Mapping[str, Any], kind: str, *, gone: bool) -> None:
    for name in (kind, f"{kind}s"):
        if gone and values.get(name) is not None:
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} does not go with the value {values['aggregate']!r} of "
                f"{named('aggregate')}, which makes one of all {kind}s: remove {option(name)}",
            )


def _check_carried(values: Mapping[str, Any], kind: str) -> None:
    shown, carried = values.get(kind), values.get(f"{kind}s")
    first = (shown,) if isinstance(shown, int) else shown or ()
    left_out = [n for n in first if carried is not None and n not in carried]
    if left_out:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {left_out[0]} for {named(kind)}: the page carries only "
            f"{', '.join(map(str, carried or ()))}, which {option(f'{kind}s')} says; add "
            f"{left_out[0]} there, or show another {kind} first",
        )
