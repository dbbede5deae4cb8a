"""From samples to one number: medians, and how fast something grows."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Fit:
    """How a quantity grows: ``y ≈ factor · x ** exponent``.

    Attributes:
        exponent: 1 is proportional, 2 quadratic, 0 flat.
        factor: y where x is 1.
        points: how many measurements it rests on.
    """

    exponent: float
    factor: float
    points: int


def fit(xs: Sequence[float], ys: Sequence[float]) -> Fit | None:
    """Least squares of ``log y`` over ``log x``.

    Measurements that are not above zero are left out: an excess over a baseline may be lost in the
    baseline's own noise.

    Returns:
        None where fewer than two places remain.
    """
    points = [(math.log(x), math.log(y)) for x, y in zip(xs, ys, strict=True) if x > 0 and y > 0]
    if len({x for x, _ in points}) < 2:
        return None
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return Fit(slope, math.exp(mean_y - slope * mean_x), len(points))


def alternate(
    runs: Mapping[str, Callable[[], float]], times: int, budget: float
) -> dict[str, list[float]]:
    """Measure several things in turn, so that a slow minute of the machine meets all of them.

    Args:
        runs: what to call, by name; each answers with its sample.
        times: how often at most.
        budget: the samples of one name after which it is not run again, summed.

    Returns:
        The samples of each, at least one.
    """
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            if sum(samples[name]) <= budget:
                samples[name].append(run())
    return samples
