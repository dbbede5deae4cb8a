"""The fidelity of a map: whether points that are near each other attend to each other.

All three numbers are made from the places as a page carries them, and from the logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .affinities import blocks, strongest
from .scaling import sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TEN = 10
"""The number of keys and of neighbours that are compared."""

THREE = 3

MEASURED = 6000
"""The most queries that are measured. If there are more, a sample at even distances is measured."""

RANKED = 400
"""The most queries whose distances and logits are ranked: a sample at even distances."""


@dataclass(frozen=True)
class Fidelity:
    """The fidelity of a map.

    Attributes:
        near: the share of a query's ten strongest keys, among all sentences, that are among its ten
            nearest keys. The mean over all queries.
        own: the share of queries whose strongest key of their own sentence is among the three
            nearest keys of that sentence. Sentences of at most three tokens do not count.
        order: the rank correlation (Spearman) of distance and logit, from -1 to 1. In a true map
            it is near -1.
    """

    near: float
    own: float
    order: float


def ranks(numbers: Floats) -> Floats:
    """The rank of each number; equal numbers share the mean of their ranks."""
    order = numbers.argsort(kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(ordered)]
    found = np.empty(len(numbers))
    found[order] = np.repeat((starts + ends - 1) / 2, ends - starts)
    return found


def fidelity(
    queries: Floats,
    keys: Floats,
    places: Floats,
    sentences: NDArray[np.integer],
    seen: NDArray[np.bool_] | None = None,
) -> Fidelity:
    """Measure a map.

    Args:
        queries: shape (tokens, d), scaled such that a dot product with a key is a logit.
        keys: shape (tokens, d).
        places: shape (2 · tokens, 2), of the queries and then of the keys.
        sentences: the number of the sentence of each token.
        seen: shape (tokens,), True if a token sees only the tokens up to itself, as in models that
            read from left to right; None if every token sees its whole sentence.
    """
    count = len(queries)
    of_queries, of_keys = places[:count], places[count:]
    take = min(TEN, count)
    near = own = counted = 0.0
    measured = sampled(count, MEASURED)
    for part in blocks(len(measured), count):
        block = measured[part]
        logits = queries[block] @ keys.T
        apart = _apart(of_queries[block], of_keys)
        wanted, found = strongest(logits, take), strongest(-apart, take)
        near += sum(len(np.intersect1d(a, b)) for a, b in zip(wanted, found, strict=True)) / take
        same = sentences[block][:, None] == sentences[None]
        if seen is not None:
            same &= ~seen[block][:, None] | (np.arange(count)[None] <= block[:, None])
        enough = same.sum(axis=1) > THREE
        best = np.where(same, logits, -np.inf).argmax(axis=1)
        nearer = (same & (apart < np.take_along_axis(apart, best[:, None], axis=1))).sum(axis=1)
        own += float((nearer[enough] < THREE).sum())
        counted += float(enough.sum())
    some = sampled(count, RANKED)
    distances = _apart(of_queries[some], of_keys).ravel()
    alike = (queries[some] @ keys.T).ravel()
    order = 0.0
    if np.ptp(distances) and np.ptp(alike):
        order = float(np.corrcoef(ranks(distances), ranks(alike))[0, 1])
    return Fidelity(near / len(measured), own / counted if counted else 1.0, order)


def _apart(some: Floats, others: Floats) -> Floats:
    """The squares of the distances."""
    x = some[:, None, 0] - others[None, :, 0]
    y = some[:, None, 1] - others[None, :, 1]
    found: Floats = x * x + y * y
    return found
