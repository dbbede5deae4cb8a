"""Records the inputs and outputs of every softmax of a pass.

The output of models for ``output_attentions=True`` has no masks, and some models return logits. The
softmax shows both for any code of a model.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator

_HIDES = 5e3
"""A logit so far below the largest one of its row belongs to a hidden key."""


@dataclass(frozen=True, slots=True)
class Softmax:
    """One softmax over the last axis, with tensors of the same shape.

    Attributes:
        weights: the output.
        hidden: the keys that a mask hides from their query.
        logits: the input; None if it is not kept.
    """

    weights: Any
    hidden: Any
    logits: Any = None

    def shaped(self, shape: Any) -> Softmax:
        """The same in another shape."""
        logits = None if self.logits is None else self.logits.reshape(shape)
        return Softmax(self.weights.reshape(shape), self.hidden.reshape(shape), logits)


class Softmaxes:
    """The softmaxes of one pass, in order.

    Args:
        logits: whether to keep the inputs, which take as much memory as the weights.

    Attributes:
        count: the number of softmaxes.
    """

    def __init__(self, *, logits: bool) -> None:
        self.count = 0
        self._seen: list[Softmax] = []
        self._logits = logits

    def add(self, logits: Any, weights: Any) -> None:
        """Keep one softmax."""
        self.count += 1
        numbers = logits.float()
        hidden = numbers <= numbers.amax(dim=-1, keepdim=True) - _HIDES
        self._seen.append(Softmax(weights, hidden, logits.clone() if self._logits else None))

    def of_weights(self, weights: Any) -> Softmax | None:
        """The softmax with some weights as its output, in the shape of the weights.

        One softmax may run over two texts, whose weights are returned separately (T5Gemma 2).
        """
        found = self._find("weights", weights)
        return found or self._part(weights)

    def of_logits(self, logits: Any) -> Softmax | None:
        """The softmax with some logits as its input, in the shape of the logits."""
        return self._find("logits", logits)

    def _find(self, name: str, tensor: Any) -> Softmax | None:
        torch = require("torch")
        for position, one in enumerate(self._seen):
            own = getattr(one, name)
            if own is None or own.numel() != tensor.numel() or own.shape[-1] != tensor.shape[-1]:
                continue
            if torch.equal(own.reshape(tensor.shape).to(tensor.dtype), tensor):
                del self._seen[position]
                return one.shaped(tensor.shape)
        return None

    def _part(self, weights: Any) -> Softmax | None:
        """The first or the last keys of a softmax over more."""
        torch = require("torch")
        count = weights.shape[-1]
        for one in self._seen:
            own = one.weights
            if own.shape[:-1] != weights.shape[:-1] or own.shape[-1] <= count:
                continue
            for keys in (slice(count), slice(-count, None)):
                if torch.equal(own[..., keys].to(weights.dtype), weights):
                    return Softmax(own[..., keys], one.hidden[..., keys])
        return None


@contextlib.contextmanager
def watching_softmax(*, logits: bool = False) -> Iterator[Softmaxes]:
    """Record each softmax over the last axis of at least three axes.

    Args:
        logits: whether to keep the inputs.
    """
    seen = Softmaxes(logits=logits)
    with _watch()(seen):
        yield seen


@cache
def _watch() -> Any:
    torch = require("torch")
    overrides = require("torch.overrides")
    functions = {torch.softmax, torch.Tensor.softmax, torch.nn.functional.softmax}
    functions.add(torch.special.softmax)

    class Watch(overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
        def __init__(self, seen: Softmaxes) -> None:
            super().__init__()
            self._seen = seen

        def __torch_function__(
            self, function: Any, _types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            output = function(*args, **kwargs)
            if function in functions and output.ndim >= 3:
                logits = args[0] if args else kwargs.get("input", kwargs.get("self"))
                axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
                if axis in {-1, output.ndim - 1} and logits is not None:
                    self._seen.add(logits, output)
            return output

    return Watch
