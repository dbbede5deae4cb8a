"""The two freedoms of a head's queries and keys, which AttentionViz uses before it projects them.

The weights of a head do not change if one vector is added to all keys, because this adds the same
number to all logits of a row. They do not change either if all queries are divided by a number and
all keys are multiplied with it. (They would change if a vector were added to all queries.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FACTORS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""The factors from which one is chosen for each head."""

_SAMPLED = 400
"""The most queries and keys that are compared to find the factor."""

_NEAREST = 0.1


def translated(queries: Floats, keys: Floats) -> Floats:
    """The keys, moved such that their mean is the mean of the queries."""
    moved: Floats = keys + (queries.mean(axis=0) - keys.mean(axis=0))
    return moved


def sampled(count: int, most: int) -> NDArray[np.intp]:
    """At most that many indices, at even distances."""
    return np.arange(0, count, max(1, -(-count // most)))


def factor(queries: Floats, keys: Floats) -> float:
    """The factor c for which the distance of q/c and k·c says most about the dot product.

    The function compares the distances of some queries to the nearest tenth of their keys with the
    dot products. It returns the factor whose distances have the lowest correlation with them.

    Args:
        queries: shape (queries, d).
        keys: shape (keys, d), translated.
    """
    some = queries[sampled(len(queries), _SAMPLED)]
    products = some @ keys.T
    of_queries, of_keys = (some**2).sum(axis=1)[:, None], (keys**2).sum(axis=1)[None]
    near = max(3, int(_NEAREST * len(keys)))
    best = (1.0, np.inf)
    for c in FACTORS:
        distances = np.maximum(of_queries / c**2 + of_keys * c**2 - 2 * products, 0)
        count = min(near, len(keys))
        nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
        apart = np.sqrt(np.take_along_axis(distances, nearest, axis=1)).ravel()
        alike = np.take_along_axis(products, nearest, axis=1).ravel()
        if np.ptp(apart) == 0 or np.ptp(alike) == 0:
            continue
        found = float(np.corrcoef(apart, alike)[0, 1])
        if found < best[1]:
            best = (c, found)
    return best[0]


def stacked(queries: Floats, keys: Floats) -> tuple[Floats, float]:
    """Queries and then keys as points of one space, and the factor that was chosen."""
    moved = translated(queries, keys)
    c = factor(queries, moved)
    return np.concatenate([queries / c, moved * c]), c
