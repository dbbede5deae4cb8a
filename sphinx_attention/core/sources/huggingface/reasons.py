"""The reason why a model has no attention that can be shown, as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .trial import mixers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layer_call import Call
    from .own_output import Reference

_NAMED = 4
"""The most kinds of layers that a message names."""


def why_none(model: Any, reference: Reference, calls: Sequence[Call]) -> str:
    """Why neither backend captures attention weights.

    Args:
        model: the model that ran.
        reference: the attention that it returned.
        calls: the attention that it computed through the interface.
    """
    name = type(model).__name__
    if reference.left_out:
        (_, number), why = next(iter(reference.left_out.items()))
        if not reference.softmaxes and not calls:
            return (
                f"{name} has no attention weights: it computes no softmax over the tokens"
                f"{_made_of(model)}"
            )
        return f"{name} has no attention weights that could be shown; layer {number}: {why}"
    if calls:
        shapes = dict.fromkeys(" × ".join(map(str, call.weights.shape[2:])) for call in calls)
        return (
            f"{name} attends in several stacks ({', '.join(shapes)} weights), and does not say "
            "which is which; choose a model of text alone"
        )
    return f"{name} hands out no attention weights{_made_of(model)}"


def _made_of(model: Any) -> str:
    """The kinds of a model's layers, as an addition to a reason."""
    found = mixers(model)
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"; its layers are made of {', '.join(found[:_NAMED])}{more}" if found else ""
