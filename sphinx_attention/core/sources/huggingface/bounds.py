"""Bounds what is built from a model's configuration by what the model's weights hold.

A configuration is a small file, whoever wrote it, and may ask for ten million layers. Building them
would take minutes and all of the memory, although the weights are those of two.
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
"""Layers that a configuration may ask for: its class makes lists of them, before any is built."""

_LAYERS = re.compile(r"(^|_)layers?$")
"""Settings that say how many layers there are, such as num_hidden_layers and n_layer."""

_FREE_PARTS, _PARTS_A_TENSOR = 20_000, 100
"""Modules, parameters and buffers that any model may have, and those for each of its tensors."""

_FREE_NUMBERS, _NUMBERS_A_NUMBER = 1 << 28, 32
"""Numbers that any model may have, and those for each in its weights: packed ones hold 32."""


def check_config(config: Any, where: str) -> None:
    """Refuse a configuration that asks for more layers than any model has.

    Those below are counted while the model is built.

    Args:
        config: the content of ``config.json``.
        where: what messages call the model.

    Raises:
        AttentionError: it does.
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
    """End the building of a model as soon as it grows past all proportion to its weights.

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
