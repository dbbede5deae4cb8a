"""Two ways to a model's attention weights, and the check that decides between them.

transformers routes attention through `AttentionInterface`: a function registered under a name of
ours is called by every attention layer that follows it. Ours calls the model's own eager function
and hands on what it returned. Models that do not follow the interface give their weights through
``output_attentions=True``, without queries, keys and values.

Which way is right is tried on the loaded model, not looked up in a list of names.
"""

from __future__ import annotations

import contextlib
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from sphinx_attention.core.attention import Part
from sphinx_attention.core.errors import AttentionError, Problem

from ._explain import is_out_of_memory, require

NAME = "sphinx_attention"
"""What our function is called in `AttentionInterface`."""

_HIDES = -1e4
"""An additive mask below this hides a key. Half precision ends at -65504; a bias stays above."""

_FIELDS: Mapping[str, Part] = {
    "encoder_attentions": "encoder",
    "decoder_attentions": "decoder",
    "cross_attentions": "cross",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What one attention layer computed for one batch; torch tensors.

    Attributes:
        weights: shape (batch, heads, queries, keys).
        masked: shape (batch, queries, keys), True where a query may not see a key; None where
            the way does not tell.
        queries: shape (batch, heads, queries, dim), or None.
        keys: shape (batch, key-value heads, keys, dim), or None.
        values: shape (batch, key-value heads, keys, dim), or None.
        number: the layer's own number within the model, where it has one.
    """

    weights: Any
    masked: Any = None
    queries: Any = None
    keys: Any = None
    values: Any = None
    number: int | None = None


Receive = Callable[[Part, int, Call], None]
"""Takes one layer's part, its index among the layers with attention, and what it computed."""


class Way(Protocol):
    """One way to run a model and receive its attention."""

    name: str

    def run(self, inputs: Mapping[str, Any], receive: Receive) -> None:
        """Run one batch through the model, handing each layer's attention on as it is made."""
        ...


class _NoEagerFunction(Exception):  # noqa: N818 - a turn taken, not an error
    """A module calls the interface whose eager function is not found."""


_receiver: ContextVar[Callable[[Call], None] | None] = ContextVar("receiver", default=None)


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

    def run(self, inputs: Mapping[str, Any], receive: Receive) -> None:
        """Run one batch; a pass with other calls than the plan's is an error."""
        plan = iter(self._plan)
        calls = 0

        def take(call: Call) -> None:
            nonlocal calls
            calls += 1
            if (place := next(plan, None)) is not None:
                receive(*place, call)

        with _receiving(take):
            forward(self._model, inputs)
        if calls != len(self._plan):
            raise AttentionError(
                Problem.MODEL,
                f"attention was computed {calls} times in one pass, {len(self._plan)} times "
                "before: the model's layers change from text to text",
            )


class OutputWay:
    """Attention through ``output_attentions=True``: all layers at once, without their masks."""

    name = "output_attentions"

    def __init__(self, model: Any) -> None:
        self._model = model

    def run(self, inputs: Mapping[str, Any], receive: Receive) -> None:
        """Run one batch and hand on the layers that have attention."""
        for part, layers in reference_of(self._model, inputs).items():
            for index, (number, weights) in enumerate(layers):
                receive(part, index, Call(weights, number=number))


def forward(model: Any, inputs: Mapping[str, Any], **options: Any) -> Any:
    """One pass, without gradients."""
    with require("torch").inference_mode():
        return model(**inputs, **options)


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
        found[_stack(layers)] = layers
    return found


def _tensors(layers: Any) -> list[tuple[int, Any]]:
    return [(n, w) for n, w in enumerate(layers or ()) if w is not None]


def _stack(layers: Sequence[tuple[int, Any]]) -> Part:
    causal = all(w.ndim == 4 and not bool(w.triu(1).any()) for _, w in layers)
    return "decoder" if causal else "encoder"


def choose_way(
    model: Any, inputs: Mapping[str, Any], tolerance: float
) -> tuple[Way, dict[Part, int], bool]:
    """Find out how to capture a model, by trying it on one text.

    The interface is right if its calls, in order, include every layer that
    ``output_attentions=True`` returns, with the same numbers.

    Args:
        model: loaded with its eager attention.
        inputs: a batch of one text of at least four tokens, so that a causal mask shows.
        tolerance: the largest difference of weights that counts as none.

    Returns:
        The way, how many layers each part has, and whether there was a reference to check against.

    Raises:
        AttentionError: the model computes no attention that either way can see.
    """
    reference, failure = _try_reference(model, inputs)
    calls = _try_interface(model, inputs)
    if not reference and calls and all(_square(call) for call in calls):
        part = _stack([(0, call.weights) for call in calls])
        plan: list[tuple[Part, int] | None] = [(part, n) for n in range(len(calls))]
        return InterfaceWay(model, plan), {part: len(calls)}, False
    if matched := _match(reference, calls, tolerance):
        return InterfaceWay(model, matched), {p: len(ls) for p, ls in reference.items()}, True
    model.set_attn_implementation("eager")
    if reference:
        return OutputWay(model), {p: len(ls) for p, ls in reference.items()}, True
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
    _register()
    calls: list[Call] = []
    try:
        model.set_attn_implementation(NAME)
        with _receiving(calls.append):
            forward(model, inputs)
    except Exception as error:
        # Whatever a model raises that does not know our name: it has another way.
        if is_out_of_memory(error):
            raise
        return []
    return calls


def _square(call: Call) -> bool:
    shape = call.weights.shape
    return len(shape) == 4 and shape[2] == shape[3]


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


def difference(one: Any, other: Any) -> float:
    """The largest difference of two tensors; infinite where their shapes or any NaN part them."""
    if one.shape != other.shape:
        return float("inf")
    largest = float((one.float() - other.float().to(one.device)).abs().max())
    return float("inf") if math.isnan(largest) else largest


@contextlib.contextmanager
def _receiving(receive: Callable[[Call], None]) -> Iterator[None]:
    token = _receiver.set(receive)
    try:
        yield
    finally:
        _receiver.reset(token)


@cache
def _register() -> None:
    """Make our attention function known, with the masks of the eager one."""
    transformers = require("transformers")
    masks = require("transformers.masking_utils").ALL_MASK_ATTENTION_FUNCTIONS
    transformers.AttentionInterface.register(NAME, _attend)
    transformers.AttentionMaskInterface.register(NAME, masks["eager"])


def _attend(module: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """Attention as the model's own eager function computes it, called just as the model calls."""
    kind: Any = type(module)
    eager = _eager_function(kind)
    output, weights = eager(module, *args, **kwargs)[:2]
    receive = _receiver.get()
    if receive is None or weights is None:
        return output, weights
    bound = inspect.signature(eager).bind(module, *args, **kwargs)
    given = {**bound.arguments, **bound.arguments.get("kwargs", {})}
    queries, keys, values = (tuple(given.values()) + (None,) * 3)[1:4]
    number = getattr(module, "layer_idx", None)
    receive(
        Call(
            weights,
            _masked(given.get("attention_mask"), weights),
            *_fitting(weights, queries, keys, values),
            number=number if isinstance(number, int) else None,
        )
    )
    # Nothing but `receive` may hold the weights, or a pass would gather those of all layers.
    return output, None


@cache
def _eager_function(kind: Any) -> Callable[..., Any]:
    """The eager function that a module's forward was written beside."""
    bases = sorted(kind.__mro__, key=lambda base: "forward" not in vars(base))
    for base in bases:
        module = sys.modules.get(base.__module__)
        function: Callable[..., Any] | None = getattr(module, "eager_attention_forward", None)
        if function is not None:
            return function
    raise _NoEagerFunction(kind.__qualname__)


def _masked(mask: Any, weights: Any) -> Any:
    """Which keys each query may not see, shape (batch, queries, keys).

    Args:
        mask: what the layer was given: additive, or True where a key is seen; of a head or of all,
            and perhaps wider than the keys.
        weights: shape (batch, heads, queries, keys).
    """
    torch = require("torch")
    batch, _, queries, keys = weights.shape
    zero = (weights == 0).all(dim=1)
    if mask is None or mask.ndim != 4:
        later = torch.ones(queries, keys, dtype=torch.bool, device=weights.device).triu(1)
        causal = queries == keys > 1 and bool(zero[:, later].all())
        return later.expand(batch, -1, -1) if causal else torch.zeros_like(zero)
    seen = mask if mask.dtype == torch.bool else mask > _HIDES
    hidden = ~seen[..., :keys].any(dim=1)
    # What a layer was told to hide and yet has weight is seen.
    return hidden.expand(batch, queries, keys) & zero


def _fitting(weights: Any, queries: Any, keys: Any, values: Any) -> tuple[Any, Any, Any]:
    """Queries, keys and values if they have the shapes that ours have everywhere, else None."""
    batch, heads, rows, columns = weights.shape
    tensors = (queries, keys, values)
    if any(getattr(t, "ndim", 0) != 4 for t in tensors):
        return None, None, None
    fits = (
        tuple(queries.shape[:3]) == (batch, heads, rows)
        and keys.shape[0] == values.shape[0] == batch
        and keys.shape[2] == values.shape[2] == columns
        and keys.shape[1] == values.shape[1]
        and heads % keys.shape[1] == 0
    )
    return tensors if fits else (None, None, None)
