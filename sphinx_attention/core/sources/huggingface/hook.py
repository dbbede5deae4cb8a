"""Our function in transformers' `AttentionInterface`, which each attention layer of a pass calls.

The function calls the model's own eager function, as the model would, and passes the result to the
*listener* of the pass. For layers that are not wanted, it computes only the output.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from .layer_call import Call, describe
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from .trial import Trial

NAME = "sphinx_attention"
"""The name of our function in `AttentionInterface`."""


class NoEagerFunctionError(Exception):
    """A module's eager function is not found, returns no weights, or has other arguments."""


class StopForward(Exception):  # noqa: N818 - a turn taken, not an error
    """Ends a pass after the last wanted layer."""


class Layer:
    """One attention layer before it computes, with the arguments of the model.

    Args:
        module: the layer.
        args: the positional arguments, from the queries on.
        kwargs: the keyword arguments.
    """

    def __init__(self, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._eager = _eager_function(module.__class__)
        self._module = module
        self._args, self._kwargs = _with_choice(self._eager, args, kwargs)

    def call(self) -> tuple[Any, Call]:
        """The output, and all that is known about its computation."""
        output, weights = self._eager(self._module, *self._args, **self._kwargs)[:2]
        if weights is None:
            raise NoEagerFunctionError(type(self._module).__qualname__)
        return output, describe(self._module, self._given(), weights, output)

    def output(self) -> Any:
        """Only the output. The weights are freed."""
        return self._eager(self._module, *self._args, **self._kwargs)[0]

    def fast(self) -> Any:
        """Only the output, by a kernel that never holds all the weights.

        The kernel has neither soft-capping nor sinks, so it is used only if `sound` allows it.
        """
        sdpa = require("transformers").AttentionInterface()["sdpa"]
        given = self._given()
        query, key, value = list(given.values())[1:4]
        mask = given.get("attention_mask")
        if mask is not None:
            mask = mask[..., : key.shape[2]]
            mask = mask if mask.dtype == require("torch").bool else mask.to(query.dtype)
        options = {name: given.get(name) for name in ("scaling", "position_bias")}
        # The eager functions hide only what their mask hides, and do not know `is_causal`.
        return sdpa(self._module, query, key, value, mask, is_causal=False, **options)[0]

    def _given(self) -> dict[str, Any]:
        """The arguments by name, in the eager function's order."""
        bound = _signature(self._eager).bind(self._module, *self._args, **self._kwargs)
        # Arguments without a parameter come last, so that no name shifts the order.
        more = bound.arguments.pop("kwargs", {})
        return {**bound.arguments, **more}

    def sound(self, tolerance: float) -> bool:
        """Whether the fast output equals the output for these arguments."""
        output = self.output()
        try:
            fast = self.fast()
        except Exception:  # noqa: BLE001 - whatever it cannot do is left to the eager function
            return False
        if fast.shape != output.shape:
            return False
        largest = float(output.abs().max())
        return bool((fast - output).abs().max() <= tolerance * max(largest, 1e-6))


def _with_choice(
    eager: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """The arguments of a layer that attends only to chosen keys, for its eager function.

    Layers with sparse attention (DeepSeek-V3.2) choose the keys of each query. For the eager
    function, such a layer hides all other keys by the mask. Any other function gets the mask
    unchanged and the numbers of the chosen keys, which an eager function ignores.

    Raises:
        NoEagerFunctionError: the layer passes its choice in an unknown form.
    """
    chosen = kwargs.get("indices")
    if any(
        name.endswith("_indices") and value is not None and name not in _signature(eager).parameters
        for name, value in kwargs.items()
    ):
        raise NoEagerFunctionError(eager.__module__)
    if chosen is None or "indices" in _signature(eager).parameters:
        return args, kwargs
    torch = require("torch")
    query, key, value, mask, *more = args
    shape = (query.shape[0], query.shape[2], key.shape[2])
    hidden = torch.ones(shape, dtype=torch.bool, device=query.device)
    hidden = hidden.scatter(-1, chosen.long(), value=False)[:, None]
    if mask is None:
        mask = torch.zeros_like(hidden, dtype=query.dtype)
    if mask.dtype == torch.bool:
        mask = mask & ~hidden
    else:
        mask = mask.masked_fill(hidden, torch.finfo(query.dtype).min)
    return (query, key, value, mask, *more), {**kwargs, "indices": None}


class LayerHook(Protocol):
    """Decides what each layer of a pass computes."""

    def on_layer(self, layer: Layer) -> Any:
        """Have a layer compute, and return its output."""
        ...


class Recorder:
    """Keeps every call of a pass.

    Args:
        trial: the trial that follows the pass.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def on_layer(self, layer: Layer) -> Any:
        """Keep a call."""
        output, call = layer.call()
        self._trial.add(call, output)
        return output


class ProbeFastPath:
    """Finds out for which calls of a pass the fast output equals the output."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self.sound: list[bool] = []

    def on_layer(self, layer: Layer) -> Any:
        """Compare both outputs."""
        self.sound.append(layer.sound(self._tolerance))
        return layer.output()


class RecordWanted:
    """Passes on the wanted calls; other calls compute only their output.

    Args:
        wanted: the receivers of the wanted calls, by the number of the call in the pass.
        fast: the numbers of the calls that may compute their output fast.
        stops: whether the pass ends after the last wanted call.
    """

    def __init__(
        self,
        wanted: Mapping[int, Callable[[Call], None]],
        fast: Collection[int],
        *,
        stops: bool,
    ) -> None:
        self._wanted, self._fast = wanted, fast
        self._last = max(wanted) if stops else -1
        self.calls = 0

    def on_layer(self, layer: Layer) -> Any:
        """Pass on a call, or only compute its output."""
        number = self.calls
        self.calls += 1
        take = self._wanted.get(number)
        if take is None:
            return layer.fast() if number in self._fast else layer.output()
        output, call = layer.call()
        # Only the receiver may hold the weights, or a pass would collect those of all layers.
        take(call)
        if number == self._last:
            raise StopForward
        return output


_listener: ContextVar[LayerHook | None] = ContextVar("listener", default=None)


@contextlib.contextmanager
def listening(listener: LayerHook) -> Iterator[None]:
    """Give a listener all layers of the passes within."""
    token = _listener.set(listener)
    try:
        with contextlib.suppress(StopForward):
            yield
    finally:
        _listener.reset(token)


@cache
def register() -> None:
    """Register our attention function, with the masks of the eager one."""
    transformers = require("transformers")
    masks = require("transformers.masking_utils").ALL_MASK_ATTENTION_FUNCTIONS
    transformers.AttentionInterface.register(NAME, _attend)
    transformers.AttentionMaskInterface.register(NAME, masks["eager"])


def _attend(module: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """The attention by the model's own eager function, called as the model calls it."""
    listener = _listener.get()
    if listener is None:
        output, weights = _eager_function(module.__class__)(module, *args, **kwargs)[:2]
        return output, weights
    return listener.on_layer(Layer(module, args, kwargs)), None


@cache
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


@cache
def _eager_function(kind: type) -> Callable[..., Any]:
    """The eager function in the file of a module's forward."""
    bases = sorted(kind.__mro__, key=lambda base: "forward" not in vars(base))
    for base in bases:
        module = sys.modules.get(base.__module__)
        function: Callable[..., Any] | None = getattr(module, "eager_attention_forward", None)
        if function is not None:
            return function
    raise NoEagerFunctionError(kind.__qualname__)
