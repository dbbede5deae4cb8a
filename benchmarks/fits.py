"""Statistics of samples: medians, and how fast a quantity grows."""

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
        factor: y at x = 1.
        points: the number of measurements.
    """

    exponent: float
    factor: float
    points: int


def fit(xs: Sequence[float], ys: Sequence[float]) -> Fit | None:
    """Fit ``log y`` over ``log x`` by least squares.

    Measurements that are not positive are ignored: the noise of a baseline can be larger than the
    excess over the baseline.

    Returns:
        None if fewer than two points remain.
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
    """Measure several things in turn, so that a slow minute of the machine affects all of them.

    Args:
        runs: the functions to call, by name; each returns a sample.
        times: the most calls of each.
        budget: the sum of samples after which a function is not called again.

    Returns:
        The samples of each, at least one.
    """
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            if sum(samples[name]) <= budget:
                samples[name].append(run())
    return samples
