"""Two ways to a model's attention weights, and the check that decides between them.

transformers routes attention through `AttentionInterface`: a function registered under a name of
ours is called by every attention layer that follows it. Ours calls the model's own eager function
and hands on what it returned. Models that do not follow the interface give their weights through
``output_attentions=True``, without queries, keys and values.

Which way is right is tried on the loaded model, not looked up in a list of names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from sphinx_attention.core.attention import Part
from sphinx_attention.core.errors import AttentionError, Problem

from ._call import Call
from ._explain import is_out_of_memory
from ._interface import NAME, Picker, Recorder, Tester, listening, register
from ._packages import require

_FIELDS: Mapping[str, Part] = {
    "encoder_attentions": "encoder",
    "decoder_attentions": "decoder",
    "cross_attentions": "cross",
}

Receive = Callable[[Part, int, Call], None]
"""Takes one layer's part, its number, and what it computed."""

Wanted = Mapping[Part, Collection[int]]
"""The numbers of the layers that are wanted, by part; a part that is missing is not wanted."""


class Way(Protocol):
    """One way to run a model and receive its attention.

    Attributes:
        name: what the provenance says.
        parts: the numbers of the layers that each of the model's attentions has, in order.
    """

    name: str
    parts: Mapping[Part, tuple[int, ...]]

    def run(self, inputs: Mapping[str, Any], receive: Receive, wanted: Wanted) -> None:
        """Run one batch through the model, handing each layer's attention on as it is made."""
        ...


class InterfaceWay:
    """Attention through `AttentionInterface`.

    Args:
        model: set to our attention function.
        plan: for each call of a pass, in order, the part and layer it is; None for others.
    """

    name = "interface"

    def __init__(self, model: Any, plan: Sequence[tuple[Part, int] | None]) -> None:
        self._model = model
        self._plan = plan
        self._fast: frozenset[int] | None = None
        found: dict[Part, list[int]] = {}
        for place in plan:
            if place is not None:
                found.setdefault(place[0], []).append(place[1])
        self.parts: Mapping[Part, tuple[int, ...]] = {p: tuple(n) for p, n in found.items()}

    def run(self, inputs: Mapping[str, Any], receive: Receive, wanted: Wanted) -> None:
        """Run one batch, up to the last layer that is wanted.

        Layers that are not wanted compute their output without keeping weights, and by a faster
        kernel once `learn` has found those that may.

        Raises:
            AttentionError: the model computes attention fewer times than it did when tried.
        """
        takers = {
            n: _taker(receive, place)
            for n, place in enumerate(self._plan)
            if place is not None and place[1] in wanted.get(place[0], ())
        }
        if not takers:
            return
        # Under a device map, hooks that follow a layer have to run: they free its device.
        stops = not getattr(self._model, "hf_device_map", None)
        picker = Picker(takers, self._fast or (), stops=stops)
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
        """Find out, once and on small batches, which layers have an output to be had faster.

        Args:
            batches: inputs of each kind that a model may take differently, such as with padding
                and without: models leave out masks that hide nothing.
            tolerance: differences that count as none, in parts of the largest number.
        """
        if self._fast is not None:
            return
        fast = set(range(len(self._plan)))
        for inputs in batches:
            tester = Tester(tolerance)
            with listening(tester):
                forward(self._model, inputs)
            fast &= {n for n, sound in enumerate(tester.sound) if sound}
        self._fast = frozenset(fast)


def _taker(receive: Receive, place: tuple[Part, int]) -> Callable[[Call], None]:
    return lambda call: receive(*place, call)


class OutputWay:
    """Attention through ``output_attentions=True``: all layers at once, without their masks.

    Args:
        model: set to its eager attention.
        parts: the numbers of the layers that each of its attentions has, in order.
    """

    name = "output_attentions"

    def __init__(self, model: Any, parts: Mapping[Part, tuple[int, ...]]) -> None:
        self._model = model
        self.parts = parts

    def run(self, inputs: Mapping[str, Any], receive: Receive, wanted: Wanted) -> None:
        """Run one batch and hand on the layers that are wanted."""
        for part, layers in reference_of(self._model, inputs).items():
            layers.reverse()
            while layers:
                number, weights = layers.pop()
                if number in wanted.get(part, ()):
                    receive(part, number, Call(weights, number=number))


def forward(model: Any, inputs: Mapping[str, Any], **options: Any) -> Any:
    """One pass, without gradients."""
    with require("torch").inference_mode():
        return model(**inputs, **options)


def gather(way: Way, inputs: Mapping[str, Any]) -> dict[tuple[Part, int], Call]:
    """What every layer of every part computes."""
    found: dict[tuple[Part, int], Call] = {}

    def take(part: Part, layer: int, call: Call) -> None:
        found[part, layer] = call

    way.run(inputs, take, way.parts)
    return found


def reference_of(model: Any, inputs: Mapping[str, Any]) -> dict[Part, list[tuple[int, Any]]]:
    """What the model itself returns as its attention.

    Returns:
        For each part its layers: number, and weights of shape (batch, heads, queries, keys).
        Layers without attention, in models that mix, are left out. The one stack of a model is
        called ``decoder`` if no query ever sees a later key, ``encoder`` otherwise.
    """
    output = forward(model, inputs, output_attentions=True, return_dict=True)
    found: dict[Part, list[tuple[int, Any]]] = {}
    for field, part in _FIELDS.items():
        if layers := _tensors(getattr(output, field, None)):
            found[part] = layers
    if not found and (layers := _tensors(getattr(output, "attentions", None))):
        found[_stack([weights for _, weights in layers])] = layers
    return found


def _tensors(layers: Any) -> list[tuple[int, Any]]:
    return [(n, w) for n, w in enumerate(layers or ()) if w is not None]


def _stack(layers: Sequence[Any]) -> Part:
    causal = all(w.ndim == 4 and not bool(w.triu(1).any()) for w in layers)
    return "decoder" if causal else "encoder"


def choose_way(model: Any, inputs: Mapping[str, Any], tolerance: float) -> tuple[Way, bool]:
    """Find out how to capture a model, by trying it on one text.

    The interface is right if its calls, in order, include every layer that
    ``output_attentions=True`` returns, with the same numbers.

    Args:
        model: loaded with its eager attention.
        inputs: a batch of one text of at least four tokens, so that a causal mask shows; or
            whatever else the model reads.
        tolerance: the largest difference of weights that counts as none.

    Returns:
        The way, and whether there was a reference to check it against.

    Raises:
        AttentionError: the model computes no attention that either way can see.
    """
    reference, failure = _try_reference(model, inputs)
    calls = _try_interface(model, inputs)
    if not reference and _one_stack(calls):
        part = _stack([call.weights for call in calls])
        return InterfaceWay(model, _numbered(calls, [(part, n) for n in range(len(calls))])), False
    if matched := _match(reference, calls, tolerance):
        return InterfaceWay(model, _numbered(calls, matched)), True
    model.set_attn_implementation("eager")
    if reference:
        parts = {part: tuple(n for n, _ in layers) for part, layers in reference.items()}
        return OutputWay(model, parts), True
    # A model that cannot run at all says why; one that runs has simply nothing to show.
    if failure is not None:
        forward(model, inputs)
    raise AttentionError(
        Problem.MODEL,
        f"{type(model).__name__} computes no attention weights that could be shown (a state-space "
        "or convolutional model has none)",
    )


def _try_reference(
    model: Any, inputs: Mapping[str, Any]
) -> tuple[dict[Part, list[tuple[int, Any]]], Exception | None]:
    try:
        return reference_of(model, inputs), None
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return {}, error


def _try_interface(model: Any, inputs: Mapping[str, Any]) -> list[Call]:
    """The calls of one pass; none where the model does not follow the interface."""
    register()
    recorder = Recorder()
    try:
        model.set_attn_implementation(NAME)
        with listening(recorder):
            forward(model, inputs)
    except Exception as error:
        # Whatever a model raises that does not know our name: it has another way.
        if is_out_of_memory(error):
            raise
        return []
    return recorder.calls


def _one_stack(calls: Sequence[Call]) -> bool:
    """Whether calls look like the layers of one stack, as far as their shapes can tell."""
    shapes = {tuple(call.weights.shape) for call in calls}
    return len(shapes) == 1 and all(len(s) == 4 and s[2] == s[3] for s in shapes)


def _match(
    reference: Mapping[Part, Sequence[tuple[int, Any]]], calls: Sequence[Call], tolerance: float
) -> list[tuple[Part, int] | None] | None:
    """Which call is which layer of the reference; None unless every layer has its call."""
    following = dict.fromkeys(reference, 0)
    plan: list[tuple[Part, int] | None] = []
    for call in calls:
        candidates = [
            (difference(call.weights, reference[part][n][1]), order, part)
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
    calls: Sequence[Call], plan: Sequence[tuple[Part, int] | None]
) -> list[tuple[Part, int] | None]:
    """The plan by the layers' own numbers, in parts whose layers all have one and in order.

    In models that mix kinds of layers, those with attention are not all: the fourth may be the
    first to have any.
    """
    own: dict[Part, list[int | None]] = {}
    for call, place in zip(calls, plan, strict=True):
        if place is not None:
            own.setdefault(place[0], []).append(call.number)
    numbers: dict[Part, Sequence[int]] = {}
    for part, found in own.items():
        known = [n for n in found if n is not None]
        ordered = len(known) == len(found) and all(a < b for a, b in pairwise(known))
        numbers[part] = known if ordered else range(len(found))
    return [None if place is None else (place[0], numbers[place[0]][place[1]]) for place in plan]


def difference(one: Any, other: Any) -> float:
    """The largest difference of two tensors; infinite where their shapes or any NaN part them."""
    if one.shape != other.shape:
        return float("inf")
    largest = float((one.float() - other.float().to(one.device)).abs().max())
    return float("inf") if math.isnan(largest) else largest
