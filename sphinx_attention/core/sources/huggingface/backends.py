"""Two backends that capture a model's attention weights, and the check that chooses one of them.

In transformers, every attention layer that follows `AttentionInterface` calls a function that is
registered under a name. Our function calls the model's own eager function and passes on what it
returns. Models that do not follow the interface return their weights with
``output_attentions=True``, without queries, keys and values.

The backend is chosen by running the loaded model, and not by a list of names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol

from sphinx_attention.core.attention import Part
from sphinx_attention.core.errors import AttentionError, Problem

from .hook import NAME, ProbeFastPath, Recorder, RecordWanted, listening, register
from .layer_call import Call
from .load_errors import is_out_of_memory
from .own_output import LayerKey, Reference, forward, part_of, reference_of
from .reasons import why_none
from .trial import Seen, Trial, notes_of

Receive = Callable[[Part, int, Call], None]
"""A function that receives the part of a layer, its number, and what it computed."""

Wanted = Mapping[Part, Collection[int]]
"""The numbers of the wanted layers, by part. If a part is missing, none of its layers is wanted."""


class Backend(Protocol):
    """Runs a model and receives its attention.

    Attributes:
        name: the name in the provenance.
        parts: the numbers of the layers that each of the model's attentions has, in order.
        left_out: layers that return something else than weights, each with the reason.
        notes: remarks for readers about this attention.
        part_notes: remarks about one part, after the last run.
    """

    name: str
    parts: Mapping[Part, tuple[int, ...]]
    left_out: Mapping[LayerKey, str]
    notes: tuple[str, ...]
    part_notes: Mapping[Part, str]

    def run(self, inputs: Mapping[str, Any], receive: Receive, wanted: Wanted) -> None:
        """Run one batch through the model, and pass on the attention of each layer at once."""
        ...


class InterfaceBackend:
    """Attention through `AttentionInterface`.

    Args:
        model: the model, set to our attention function.
        plan: for each call of a pass, in order, its part and layer; None for other calls.
        seen: what the trial pass showed about each call.
        left_out: layers that compute something else than weights, each with the reason.
    """

    name = "interface"

    def __init__(
        self,
        model: Any,
        plan: Sequence[LayerKey | None],
        seen: Sequence[Seen],
        left_out: Mapping[LayerKey, str],
    ) -> None:
        self._model = model
        self._candidates = [tuple(one.candidates) for one in seen]
        self.left_out = left_out
        self._plan = plan
        self._fast: frozenset[int] | None = None
        found: dict[Part, list[int]] = {}
        for layer in plan:
            if layer is not None:
                found.setdefault(layer[0], []).append(layer[1])
        self.parts: Mapping[Part, tuple[int, ...]] = {p: tuple(n) for p, n in found.items()}
        # The weights of these calls would stay in memory as long as the model.
        self.notes = notes_of(seen)
        self.part_notes: Mapping[Part, str] = {}

    def run(self, inputs: Mapping[str, Any], receive: Receive, wanted: Wanted) -> None:
        """Run one batch, up to the last wanted layer.

        Other layers compute their output without keeping weights, and with a faster kernel once
        `learn` has found where that is correct.

        Raises:
            AttentionError: the model computes attention fewer times than in the trial pass.
        """
        takers = {
            n: _taker(receive, layer, self._candidates[n])
            for n, layer in enumerate(self._plan)
            if layer is not None and layer[1] in wanted.get(layer[0], ())
        }
        if not takers:
            return
        # Under a device map, the hooks after a layer must run, because they free its device.
        stops = not getattr(self._model, "hf_device_map", None)
        picker = RecordWanted(takers, self._fast or (), stops=stops)
        with listening(picker):
            forward(self._model, inputs)
        expected = max(takers) + 1 if stops else len(self._plan)
        if picker.calls != expected:
            raise AttentionError(
                Problem.MODEL,
                f"attention was computed {picker.calls} times in one pass, {expected} times "
                "before: the model's layers change from text to text",
            )

    def learn(self, batches: Sequence[Mapping[str, Any]], tolerance: float) -> None:
        """Find out, once and on small batches, which layers can compute their output faster.

        Args:
            batches: inputs of each kind that a model may process differently, such as with and
                without padding, because models leave out masks that hide nothing.
            tolerance: the largest difference that counts as none, relative to the largest number.
        """
        if self._fast is not None:
            return
        fast = set(range(len(self._plan)))
        for inputs in batches:
            tester = ProbeFastPath(tolerance)
            with listening(tester):
                forward(self._model, inputs)
            fast &= {n for n, sound in enumerate(tester.sound) if sound}
        self._fast = frozenset(fast)


def _taker(
    receive: Receive, layer: tuple[Part, int], candidates: tuple[Any, ...]
) -> Callable[[Call], None]:
    return lambda call: receive(*layer, replace(call, candidates=candidates))


class OutputAttentionsBackend:
    """Attention through ``output_attentions=True``: all layers at once.

    Args:
        model: the model, set to its eager attention.
        known: what is known about the output of the model.
    """

    name = "output_attentions"

    def __init__(self, model: Any, known: Reference) -> None:
        self._model, self._known = model, known
        self.parts: Mapping[Part, tuple[int, ...]] = {
            part: tuple(n for n, _ in layers) for part, layers in known.parts.items()
        }
        self.left_out: Mapping[LayerKey, str] = known.left_out
        self.notes = notes_of(())
        self.part_notes: Mapping[Part, str] = known.notes

    def run(self, inputs: Mapping[str, Any], receive: Receive, wanted: Wanted) -> None:
        """Run one batch and pass on the wanted layers."""
        reference = reference_of(self._model, inputs, self._known)
        self.part_notes = reference.notes
        for part, layers in reference.parts.items():
            layers.reverse()
            while layers:
                number, call = layers.pop()
                if number in wanted.get(part, ()):
                    receive(part, number, call)


def gather(backend: Backend, inputs: Mapping[str, Any]) -> dict[tuple[Part, int], Call]:
    """The answers of all layers of all parts."""
    found: dict[tuple[Part, int], Call] = {}

    def take(part: Part, layer: int, call: Call) -> None:
        found[part, layer] = call

    backend.run(inputs, take, backend.parts)
    return found


def choose_backend(model: Any, inputs: Mapping[str, Any], tolerance: float) -> tuple[Backend, bool]:
    """Find out how to capture a model by running it on one text.

    The interface is right if its calls, in order, include every layer that
    ``output_attentions=True`` returns, with the same numbers.

    Args:
        model: the model, loaded with its eager attention.
        inputs: a batch of one text with at least four tokens, so that a causal mask is visible.
        tolerance: the largest difference of weights that counts as none.

    Returns:
        The backend, and whether there was a reference to check it against.

    Raises:
        AttentionError: neither backend can capture the attention of the model.
    """
    reference, failure = _try_reference(model, inputs)
    seen = _try_interface(model, inputs)
    calls = [one.call for one in seen]
    if not reference.parts and _one_stack(calls):
        part = part_of(calls)
        plan = _numbered(seen, [(part, n) for n in range(len(calls))], {})
        return InterfaceBackend(model, plan, seen, _at(part, reference)), False
    if matched := _match(reference.parts, calls, tolerance):
        plan = _numbered(seen, matched, reference.parts)
        return InterfaceBackend(model, plan, seen, reference.left_out), True
    model.set_attn_implementation("eager")
    if reference.parts:
        return OutputAttentionsBackend(model, _with_windows(model, inputs, reference)), True
    # If the model cannot run at all, its own error is the reason.
    if failure is not None:
        forward(model, inputs)
    raise AttentionError(Problem.MODEL, why_none(model, reference, calls))


def _at(part: Part, reference: Reference) -> dict[LayerKey, str]:
    return {(part, number): why for (_, number), why in reference.left_out.items()}


def _with_windows(model: Any, inputs: Mapping[str, Any], reference: Reference) -> Reference:
    """The reference, with windows that are exactly as wide as the text recognized."""
    shorter = {name: tensor[:, :-1] for name, tensor in inputs.items()}
    try:
        reference.windows |= reference_of(model, shorter).windows
    except Exception as error:
        if is_out_of_memory(error):
            raise
    return reference


def _try_reference(model: Any, inputs: Mapping[str, Any]) -> tuple[Reference, Exception | None]:
    try:
        return reference_of(model, inputs), None
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return Reference(), error


def _try_interface(model: Any, inputs: Mapping[str, Any]) -> list[Seen]:
    """The calls of one pass; none if the model does not follow the interface."""
    register()
    try:
        model.set_attn_implementation(NAME)
        with Trial(model) as trial, listening(Recorder(trial)):
            forward(model, inputs)
    except Exception as error:
        # A model that does not know the name of our function may raise anything.
        if is_out_of_memory(error):
            raise
        return []
    return trial.seen


def _one_stack(calls: Sequence[Call]) -> bool:
    """Whether calls may be the layers of one stack, by their shapes."""
    shapes = {tuple(call.weights.shape) for call in calls}
    return len(shapes) == 1 and all(len(s) == 4 and s[2] == s[3] for s in shapes)


def _match(
    reference: Mapping[Part, Sequence[tuple[int, Call]]], calls: Sequence[Call], tolerance: float
) -> list[LayerKey | None] | None:
    """The layer of the reference for each call; None unless every layer has a call."""
    following = dict.fromkeys(reference, 0)
    plan: list[LayerKey | None] = []
    for call in calls:
        candidates = [
            (difference(call.weights, reference[part][n][1].weights), order, part)
            for order, (part, n) in enumerate(following.items())
            if n < len(reference[part])
        ]
        nearest = min(candidates, default=(float("inf"), 0, None))
        part = nearest[2]
        if part is None or not nearest[0] <= tolerance:
            plan.append(None)
            continue
        plan.append((part, following[part]))
        following[part] += 1
    complete = all(following[part] == len(layers) for part, layers in reference.items())
    return plan if reference and complete else None


def _numbered(
    calls: Sequence[Seen],
    plan: Sequence[LayerKey | None],
    reference: Mapping[Part, Sequence[tuple[int, Call]]],
) -> list[LayerKey | None]:
    """The plan by the layers' own numbers.

    In models that mix kinds of layers, not all layers have attention: the first with attention may
    be the fourth. A layer's own number counts unless several layers share it; otherwise its index
    in the list of layers, or its index in the output of the model.
    """
    own: dict[Part, list[tuple[int | None, int | None]]] = {}
    for one, layer in zip(calls, plan, strict=True):
        if layer is not None:
            own.setdefault(layer[0], []).append((one.call.number, one.index))
    numbers: dict[Part, Sequence[int]] = {}
    for part, found in own.items():
        counted = [number for number, _ in reference.get(part, ())] or list(range(len(found)))
        numbers[part] = next(
            (
                [n for n in candidates if n is not None]
                for candidates in zip(*found, strict=True)
                if _rises(candidates)
            ),
            counted,
        )
    return [None if layer is None else (layer[0], numbers[layer[0]][layer[1]]) for layer in plan]


def _rises(numbers: Sequence[int | None]) -> bool:
    known = [n for n in numbers if n is not None]
    return len(known) == len(numbers) and all(a < b for a, b in pairwise(known))


def difference(one: Any, other: Any) -> float:
    """The largest difference of two tensors; infinite if their shapes or their NaNs differ."""
    if one.shape != other.shape:
        return float("inf")
    largest = float((one.float() - other.float().to(one.device)).abs().max())
    return float("inf") if math.isnan(largest) else largest
