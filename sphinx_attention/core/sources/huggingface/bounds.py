"""Limits the size of a model that is built from a configuration by the size of its weights.

A small configuration may ask for ten million layers. Building them would take minutes and all of
the memory, even if the weights are those of two layers.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .checkpoint import Weights

_MOST_LAYERS = 10_000
"""How many layers a configuration may ask for, because its class lists them before building any."""

_LAYERS = re.compile(r"(^|_)layers?$")
"""The settings for the number of layers, such as num_hidden_layers and n_layer."""

_FREE_PARTS, _PARTS_A_TENSOR = 20_000, 100
"""How many modules, parameters and buffers a model may have, plus those for each tensor."""

_FREE_NUMBERS, _NUMBERS_A_NUMBER = 1 << 28, 32
"""How many numbers a model may have, plus those for each stored number, which may pack 32."""


def check_config(config: Any, where: str) -> None:
    """Refuse a configuration that asks for more layers than any model has.

    Fewer layers are counted while the model is built.

    Args:
        config: the content of ``config.json``.
        where: the name of the model in messages.

    Raises:
        AttentionError: the configuration asks for more.
    """
    pending: list[tuple[str, Any]] = [("", config)]
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(str(key), one) for key, one in value.items()]
        elif isinstance(value, list):
            pending += [(name, one) for one in value]
        elif (
            _LAYERS.search(name.lower())
            and isinstance(value, int | float)
            and not -_MOST_LAYERS <= value <= _MOST_LAYERS
        ):
            raise AttentionError(
                Problem.MODEL,
                f"config.json of {where} asks for {name}: {value:,}; at most {_MOST_LAYERS:,} "
                "layers are built",
            )


@contextlib.contextmanager
def bounded_build(weights: Weights, where: str) -> Iterator[None]:
    """Stop building a model as soon as it is far larger than its weights.

    Raises:
        AttentionError: it does.
    """
    registers = require("torch").nn.modules.module
    parts, numbers = 0, 0
    most_parts = _FREE_PARTS + _PARTS_A_TENSOR * weights.tensors
    most_numbers = max(_FREE_NUMBERS, _NUMBERS_A_NUMBER * weights.elements)

    def count(_module: Any, _name: str, part: Any) -> None:
        nonlocal parts, numbers
        parts += 1
        if hasattr(part, "numel"):
            numbers += part.numel()
        if parts > most_parts or numbers > most_numbers:
            raise AttentionError(
                Problem.MODEL,
                f"config.json of {where} asks for a model far larger than its weights, which are "
                f"{weights.tensors:,} tensors of {weights.elements:,} numbers: they do not belong "
                "together",
            )

    with contextlib.ExitStack() as stack:
        for kind in ("module", "parameter", "buffer"):
            register = getattr(registers, f"register_module_{kind}_registration_hook")
            stack.callback(register(count).remove)
        yield
