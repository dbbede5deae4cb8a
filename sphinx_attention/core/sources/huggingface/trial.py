"""The facts beside weights that a model's trial pass shows: numbers of layers, gates and halves."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from sphinx_attention.core.remarks import remark

from .packages import require
from .projection import Candidates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .layer_call import Call

_NO_MIXERS = (
    *("norm", "dropout", "mlp", "linear", "intermediate", "output", "feedforward", "ffn", "moe"),
    *("moeblock", "activation", "embedding", "embeddings", "experts", "identity", "modulelist"),
)
"""The endings of the names of modules that move nothing from one token to another."""


@dataclass(slots=True)
class Seen:
    """The facts about one call that a trial pass shows.

    Attributes:
        call: what the layer computed.
        index: the layer's index in the model's list of layers; None if it is in none.
        gated: whether the layer's output is multiplied by a gate before it is written.
        candidates: the modules that may be the layer's output projection.
    """

    call: Call
    index: int | None = None
    gated: bool = False
    candidates: list[Any] = field(default_factory=list)


class Trial:
    """Follows one pass through a model.

    Args:
        model: the model, which runs once within this context.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._hooks: list[Any] = []
        self._index: int | None = None
        self._candidates = Candidates()
        self.seen: list[Seen] = []

    def __enter__(self) -> Self:
        self._candidates.start()
        for layers in layer_lists(self._model):
            for index, layer in enumerate(layers):
                self._hooks.append(layer.register_forward_pre_hook(self._entering(index)))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._candidates.stop()

    def _entering(self, index: int) -> Any:
        def enter(*_: Any) -> None:
            self._index = index

        return enter

    def add(self, call: Call, output: Any) -> None:
        """Record a call, and follow its output to where it is written."""
        seen = Seen(call, self._index, candidates=self._candidates.expect(output))
        self.seen.append(seen)
        linear = require("torch").nn.Linear
        for child in getattr(call.module, "children", list)():
            if isinstance(child, linear) and child.in_features == output.shape[-2:].numel():
                hook = child.register_forward_pre_hook(_comparing(seen, output))
                self._hooks.append(hook)


def _comparing(seen: Seen, output: Any) -> Any:
    def compare(_module: Any, given: Any) -> None:
        written = given[0]
        if written.numel() == output.numel() and _has_gate(seen.call.module, written.shape[-1]):
            ratio = written.reshape(-1).float() / output.reshape(-1).float()
            ratio = ratio[ratio.isfinite()]
            seen.gated = bool(((ratio >= 0) & (ratio < 1)).all())

    return compare


def _has_gate(module: Any, width: int) -> bool:
    """Whether a layer has a gate: a module of that name, or a part of the query projection."""
    children = dict(module.named_children())
    queries = getattr(children.get("q_proj"), "out_features", 0)
    return queries == 2 * width or any("gate" in name or name == "g_proj" for name in children)


def layer_lists(model: Any) -> Iterator[Any]:
    """The lists of a model's layers, without the lists within layers."""
    lists = require("torch").nn.ModuleList
    outer: list[str] = []
    for name, module in model.named_modules():
        if isinstance(module, lists) and not any(name.startswith(f"{o}.") for o in outer):
            outer.append(name)
            yield module


def mixers(model: Any) -> list[str]:
    """The modules of a model's layers that may move anything between tokens."""
    longest = max(layer_lists(model), key=len, default=())
    found: dict[str, None] = {}
    for layer in longest:
        for part in layer.children():
            name = type(part).__name__
            if not name.lower().endswith(_NO_MIXERS):
                found[name] = None
    return list(found)


def notes_of(seen: Sequence[Seen]) -> tuple[str, ...]:
    """Remarks for readers about a model's attention.

    Args:
        seen: the calls of its layers; empty if they are not known.
    """
    notes = []
    if half := next((_half(one.call) for one in seen if _half(one.call)), 0):
        notes.append(remark("differential", half=half))
    if any(one.gated for one in seen):
        notes.append(remark("gate"))
    if any(_damped(one.call) for one in seen):
        notes.append(remark("damped"))
    return tuple(notes)


def _half(call: Call) -> int:
    """The distance between the numbers of two heads whose difference the model uses."""
    return int(call.weights.shape[1]) // 2 if hasattr(call.module, "lambda_q1") else 0


def _damped(call: Call) -> bool:
    """Whether a layer has sinks that take no part in its softmax."""
    if call.sinks is None:
        return False
    sums = call.weights.float().sum(dim=-1)
    return bool((sums - 1).abs().max() < 1e-3)


def without_map(shown: Sequence[int], left_out: Collection[int], model: Any) -> str:
    """A remark about layers without an attention map, in models that mix kinds; or nothing.

    Args:
        shown: the numbers of the layers that can be shown.
        left_out: the numbers of layers that return something else than weights of tokens.
        model: the model, for the number of its layers if it has one stack.
    """
    count = 0
    with contextlib.suppress(Exception):
        count = int(getattr(model.config.get_text_config(), "num_hidden_layers", 0))
    one_stack = not getattr(model.config, "is_encoder_decoder", False) and max(shown) < count
    others = sorted({*left_out, *(range(count) if one_stack else ())} - set(shown))
    if not others:
        return ""
    return remark("no_map", layers=others) if others[1:] else remark("no_map_one", layers=others)
