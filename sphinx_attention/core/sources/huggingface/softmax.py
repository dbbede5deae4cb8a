"""Watches every softmax of a pass: what went in, and what came out.

What models return for ``output_attentions=True`` says nothing of masks, and some return their
logits. Both can be read where the softmax is computed, whatever the model's code looks like.
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
"""A logit that lies so far below the largest of its row is that of a key that is hidden."""


@dataclass(frozen=True, slots=True)
class Softmax:
    """One softmax over the last axis; tensors of the same shape.

    Attributes:
        weights: what came out.
        hidden: which keys a mask keeps from their query.
        logits: what went in; None where nobody asked for it.
    """

    weights: Any
    hidden: Any
    logits: Any = None

    def shaped(self, shape: Any) -> Softmax:
        """The same in another shape."""
        logits = None if self.logits is None else self.logits.reshape(shape)
        return Softmax(self.weights.reshape(shape), self.hidden.reshape(shape), logits)


class Softmaxes:
    """Those of one pass, in order.

    Args:
        logits: whether to keep what went in, which takes as much room as the weights.

    Attributes:
        count: how many there were.
    """

    def __init__(self, *, logits: bool) -> None:
        self.count = 0
        self._seen: list[Softmax] = []
        self._logits = logits

    def add(self, logits: Any, weights: Any) -> None:
        """Keep one."""
        self.count += 1
        numbers = logits.float()
        hidden = numbers <= numbers.amax(dim=-1, keepdim=True) - _HIDES
        self._seen.append(Softmax(weights, hidden, logits.clone() if self._logits else None))

    def of_weights(self, weights: Any) -> Softmax | None:
        """The softmax that some weights came out of, in the shape of the weights.

        One softmax may run over two texts, whose weights are returned apart (T5Gemma 2).
        """
        found = self._find("weights", weights)
        return found or self._part(weights)

    def of_logits(self, logits: Any) -> Softmax | None:
        """The softmax that some logits went into, in the shape of the logits."""
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
    """Watch each softmax over the last axis of three axes or more.

    Args:
        logits: whether to keep what goes in.
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
