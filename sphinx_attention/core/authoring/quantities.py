"""The names of the numbers that prose may print."""

from __future__ import annotations

from typing import Literal, get_args

Quantity = Literal[
    "weight", "mean", "score", "count", "fidelity", "probability", "dot", "logit", "power"
]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
"""The numbers that prose may print. Hosts have a syntax for each name."""
