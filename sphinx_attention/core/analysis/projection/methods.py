"""The projections: from the queries and keys of a head to places in the plane."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import listed

from .affinities import affinities
from .scaling import stacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INSTALL = "pip install 'sphinx-attention[map]'"

SEED = 0
"""The seed of the libraries, so that equal vectors give equal maps."""

COSINE_PERPLEXITY = 100.0
"""The perplexity of AttentionViz (arXiv 2305.03210)."""

BIPARTITE_PERPLEXITY = 30.0

_EARLY, _LATE = 100, 250
"""Steps with and without exaggeration. On all-MiniLM, 250 and 500 steps keep one hundredth more of
the strongest keys near, in twice the time."""

_MANY = 10_000
"""From this number of points on, the forces of t-SNE are interpolated on a grid, which is
faster."""

_NEIGHBOURS = 15
"""The number of neighbours of UMAP, which is its default."""

_EXAGGERATION = 12.0


@dataclass(frozen=True)
class Placed:
    """The places of all queries and then all keys.

    Attributes:
        places: shape (queries + keys, 2).
        c: the factor of queries and keys (see `scaling`); 1 if the method has none.
        perplexity: of the method, after it was lowered for few points; 0 if the method has none.
        instead: whether the points are too few for the method, so that this is their PCA.
    """

    places: Floats
    c: float = 1.0
    perplexity: float = 0.0
    instead: bool = False


def place(method: str, queries: Floats, keys: Floats, scale: float) -> Placed:
    """Project the queries and keys of a head.

    Args:
        method: a name in `METHODS`.
        queries: shape (queries, d).
        keys: shape (keys, d).
        scale: the number that a dot product is multiplied with to become a logit.

    Raises:
        AttentionError: a library is missing.
    """
    with warnings.catch_warnings():
        # The libraries warn about intended settings, such as a seed with one process.
        warnings.simplefilter("ignore")
        return METHODS[method].run(queries, keys, scale)


def principal(points: Floats, axes: int = 2) -> Floats:
    """The coordinates of points along the axes on which they differ most.

    The sign of an axis is arbitrary. The largest coordinate on each axis is positive here, so that
    a map is the same on every machine.
    """
    centred = points - points.mean(axis=0)
    # The squares are enough, because vectors are short and points are many.
    _, vectors = np.linalg.eigh(centred.T @ centred)
    found: Floats = centred @ vectors[:, ::-1][:, :axes]
    if found.shape[1] < axes:
        found = np.pad(found, ((0, 0), (0, axes - found.shape[1])))
    largest = np.abs(found).argmax(axis=0)
    signs = np.sign(found[largest, np.arange(axes)])
    return found * np.where(signs == 0, 1, signs)


def _pca(queries: Floats, keys: Floats, scale: float) -> Placed:  # noqa: ARG001 - all have one shape
    points, c = stacked(queries, keys)
    return Placed(principal(points), c)


def _instead(queries: Floats, keys: Floats) -> Placed:
    points, c = stacked(queries, keys)
    return Placed(principal(points), c, instead=True)


def _start(points: Floats) -> Floats:
    """The first places of a projection: the principal axes, scaled to small numbers for t-SNE."""
    found = principal(points)
    spread = float(found[:, 0].std())
    return (
        found / spread * 1e-4
        if spread
        else np.random.default_rng(SEED).normal(0, 1e-4, found.shape)
    )


def _optimised(start: Floats, found: Any) -> Floats:
    """The places to which t-SNE moves points from a start."""
    embedding = library("openTSNE").TSNEEmbedding(
        start,
        found,
        n_jobs=1,
        random_state=SEED,
        negative_gradient_method="bh" if len(start) < _MANY else "fft",
    )
    embedding = embedding.optimize(_EARLY, exaggeration=_EXAGGERATION, momentum=0.5)
    return np.asarray(embedding.optimize(_LATE, momentum=0.8), np.float64)


def bipartite(
    queries: Floats, keys: Floats, scale: float, wanted: float = BIPARTITE_PERPLEXITY
) -> Placed:
    """A t-SNE by the affinities between queries and keys alone.

    Args:
        queries: shape (queries, d).
        keys: shape (keys, d).
        scale: the number that a dot product is multiplied with to become a logit.
        wanted: the perplexity, which is lowered for few points.
    """
    perplexity = min(wanted, (min(len(queries), len(keys)) - 1) / 3)
    if perplexity < 1:
        return _instead(queries, keys)
    row, column, value = affinities(queries * scale, keys, perplexity)
    count = len(queries) + len(keys)
    half = library("scipy.sparse").coo_matrix((value, (row, column)), shape=(count, count))
    whole = (half + half.T).tocsr()
    known = library("openTSNE.affinity").PrecomputedAffinities(whole)
    points, _ = stacked(queries, keys)
    return Placed(_optimised(_start(points), known), perplexity=perplexity)


def tsne(points: Floats, perplexity: float, metric: str, c: float = 1.0) -> Placed:
    """A t-SNE of points that are compared by a metric."""
    found = library("openTSNE.affinity").PerplexityBasedNN(
        points, perplexity=perplexity, metric=metric, n_jobs=1, random_state=SEED
    )
    return Placed(_optimised(_start(points), found), c, perplexity)


def _tsne(queries: Floats, keys: Floats, scale: float) -> Placed:  # noqa: ARG001 - all have one shape
    points, c = stacked(queries, keys)
    perplexity = min(COSINE_PERPLEXITY, (len(points) - 1) / 3)
    if perplexity < 1:
        return _instead(queries, keys)
    return tsne(points, perplexity, "cosine", c)


def _umap(queries: Floats, keys: Floats, scale: float) -> Placed:  # noqa: ARG001 - all have one shape
    points, c = stacked(queries, keys)
    neighbours = min(_NEIGHBOURS, len(points) - 1)
    if len(points) < 5:
        return _instead(queries, keys)
    made = library("umap").UMAP(
        n_neighbors=neighbours, metric="cosine", random_state=SEED, n_jobs=1, init=_start(points)
    )
    return Placed(np.asarray(made.fit_transform(points), np.float64), c)


@dataclass(frozen=True)
class Method:
    """A projection.

    Attributes:
        run: takes queries, keys and the scale of logits.
        needs: the libraries that it imports.
    """

    run: Callable[[Floats, Floats, float], Placed]
    needs: tuple[str, ...] = ()


METHODS: Mapping[str, Method] = {
    "bipartite": Method(bipartite, ("openTSNE", "scipy.sparse")),
    "tsne": Method(_tsne, ("openTSNE",)),
    "umap": Method(_umap, ("umap",)),
    "pca": Method(_pca),
}
"""Every projection by its name; the first is the default."""

_PACKAGES = {"umap": "umap-learn", "scipy.sparse": "scipy"}


def library(name: str) -> Any:
    """A module of a library.

    Raises:
        AttentionError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = _PACKAGES.get(name, name)
        raise AttentionError(
            Problem.INSTALL, f"the map needs {package}, which is not installed: {INSTALL}"
        ) from None


def check_installed(methods: Iterable[str]) -> None:
    """Check that the libraries of some projections are installed.

    Raises:
        AttentionError: one is missing.
    """
    for method in methods:
        for name in METHODS[method].needs:
            try:
                library(name)
            except AttentionError as error:
                without = [other for other, known in METHODS.items() if not known.needs]
                raise AttentionError(
                    error.problem,
                    f"{error.neutral}; or take the projection {listed(without)}, which needs no "
                    "library",
                ) from None
