"""Options that cannot stand together: what is said of them before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure import selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_attention.core.views import View

_MODEL_ONLY = ("model", "pair", "target", "part")
_MATRIX_ONLY = ("scores", "causal", "tokens")
_NO_STEPS: Mapping[str, str] = {
    "merge": "words that are merged from pieces have none: remove the option merge",
    "special": "tokens that are hidden would be missing from the sum: use show or dim",
    "aggregate": "heads or layers taken together have none: remove the option aggregate",
}


def over_heads(aggregate: str | None) -> bool:
    """Whether an aggregate leaves one head a layer."""
    return aggregate is not None and not over_layers(aggregate)


def over_layers(aggregate: str | None) -> bool:
    """Whether an aggregate leaves one layer."""
    return aggregate is not None and aggregate.endswith("layers")


def check(values: Mapping[str, Any], view: View, *, given: bool, body: bool) -> None:
    """Check that options go with one another, with the view and with where the numbers come from.

    Args:
        values: options by name, converted.
        view: the view, the author's or the project's.
        given: whether the author gives the weights.
        body: whether they stand in the page.

    Raises:
        AttentionError: the first two that do not.
    """
    if body and "matrix" in values:
        raise AttentionError(
            Problem.MATRIX,
            "there is a matrix in the body and another in a file: remove the option matrix, or the "
            "rows of numbers",
        )
    for name in _MODEL_ONLY if given else _MATRIX_ONLY:
        if name in values:
            needs = (
                f"a model, and this figure has its own matrix: remove the option {name}, or the "
                "matrix"
                if given
                else f"a matrix, and this figure has none: remove the option {name}, or give the "
                "numbers in the body or with the option matrix"
            )
            raise AttentionError(Problem.OPTION, f"the option {name} needs {needs}")
    together = values.get("head") or ()
    if len(together) > 1 and view != "heads":
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {', '.join(map(str, together))!r} for head: the view {view} shows one "
            "head; several are drawn together by the view heads",
        )
    selection.check_view(values.get("selection", ()), view)
    if view == "steps":
        _check_steps(values, given=given)
    for kind, gone in (("layer", over_layers), ("head", over_heads)):
        _check_aggregate(values, kind, gone=gone(values.get("aggregate")))
        _check_carried(values, kind)


def _check_steps(values: Mapping[str, Any], *, given: bool) -> None:
    if given:
        raise AttentionError(
            Problem.OPTION,
            "invalid value 'steps' for view: expected arcs, heads, grid or matrix, because steps "
            "goes from queries and keys to weights, and a given matrix has weights alone",
        )
    for name, why in _NO_STEPS.items():
        if values.get(name) not in {None, "none", "show", "dim"}:
            raise AttentionError(
                Problem.OPTION,
                f"invalid value {values[name]!r} for {name}: the view steps goes from a head's own "
                f"queries and keys to its weights, and {why}",
            )


def _check_aggregate(values: Mapping[str, Any], kind: str, *, gone: bool) -> None:
    for name in (kind, f"{kind}s"):
        if gone and values.get(name) is not None:
            raise AttentionError(
                Problem.OPTION,
                f"the option {name} does not go with the value {values['aggregate']!r} of "
                f"aggregate, which makes one of all {kind}s: remove the option {name}",
            )


def _check_carried(values: Mapping[str, Any], kind: str) -> None:
    shown, carried = values.get(kind), values.get(f"{kind}s")
    first = (shown,) if isinstance(shown, int) else shown or ()
    left_out = [n for n in first if carried is not None and n not in carried]
    if left_out:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {left_out[0]} for {kind}: the page carries only "
            f"{', '.join(map(str, carried or ()))}, which the option {kind}s says; add "
            f"{left_out[0]} there, or show another {kind} first",
        )
