"""How projections of queries and keys keep what a head looks at, for several perplexities.

``python -m benchmarks.projections [POINTS …]`` prints the table; ``projections.md`` holds the rows
that were measured so far. It needs the model all-MiniLM-L6-v2 in ``.models`` and
the extra ``map``.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.rows.maps import bases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from sphinx_attention.core.analysis.projection.methods import Placed
    from sphinx_attention.core.attention import Attention

    Floats = NDArray[np.float64]

HEADS = ((0, 2), (2, 8), (3, 5), (5, 10))
"""Layers and heads. 0.2 looks at the previous token; the others look at several tokens."""

PERPLEXITIES = (5.0, 10.0, 20.0, 30.0, 50.0)
"""The perplexities that are tried."""


def main(points: tuple[int, ...]) -> None:
    """Print the table."""
    print("| points | head | projection | c | ten near | own near | Spearman | seconds |")
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    warnings.simplefilter("ignore")
    for some in points:
        with tempfile.TemporaryDirectory() as folder:
            _, answers = bases(some, Path(folder))
        for layer, head in HEADS:
            for row in _rows(answers, layer, head):
                print(f"| {row} |", flush=True)


def exact(queries: Floats, keys: Floats) -> Floats:
    """Points for which the order of distances from a query is the order of its logits.

    All keys get the same length by one more coordinate, in which all queries are 0.
    """
    squares = (keys**2).sum(axis=1)
    more = np.sqrt(np.maximum(squares.max() - squares, 0))
    return np.concatenate(
        [np.c_[queries, np.zeros(len(queries))], np.c_[keys, more]],
    )


def _rows(answers: list[Attention], layer: int, head: int) -> Iterator[str]:
    from sphinx_attention.core.analysis.projection.fidelity import fidelity
    from sphinx_attention.core.analysis.projection.maker import steps_of

    def joined(name: str) -> Floats:
        return np.concatenate([getattr(one, name)[layer, head] for one in answers]).astype(float)

    queries, keys = joined("queries"), joined("keys")
    scale = queries.shape[1] ** -0.5
    sizes = [len(one.query_tokens) for one in answers]
    sentences = np.repeat(np.arange(len(answers)), sizes)
    for name, made in _recipes(queries, keys, scale):
        begun = time.process_time()
        placed = made()
        took = time.process_time() - begun
        measured = fidelity(queries * scale, keys, steps_of(placed.places).astype(float), sentences)
        cells = (
            f"{2 * len(queries):,}",
            f"{layer}.{head}",
            name,
            f"{placed.c:g}",
            f"{measured.near:.3f}",
            f"{measured.own:.2f}",
            f"{measured.order:.2f}",
            f"{took:.0f}",
        )
        yield " | ".join(cells)


def _recipes(
    queries: Floats, keys: Floats, scale: float
) -> Iterator[tuple[str, Callable[[], Placed]]]:
    from sphinx_attention.core.analysis.projection import methods

    yield "PCA", lambda: methods.place("pca", queries, keys, scale)
    points: Any = exact(queries, keys)
    yield "exact, PCA", lambda: methods.Placed(methods.principal(points))
    yield "exact, t-SNE 30", lambda: methods.tsne(points, 30.0, "euclidean")
    for perplexity in PERPLEXITIES:
        yield (
            f"bipartite {perplexity:g}",
            lambda perplexity=perplexity: methods.bipartite(queries, keys, scale, perplexity),
        )
    stacked, c = methods.stacked(queries, keys)
    for perplexity in (*PERPLEXITIES, 100.0):
        yield (
            f"cosine t-SNE {perplexity:g}",
            lambda perplexity=perplexity: methods.tsne(stacked, perplexity, "cosine", c),
        )
    yield "UMAP", lambda: methods.place("umap", queries, keys, scale)


if __name__ == "__main__":
    main(tuple(int(points) for points in sys.argv[1:]) or (2_000, 10_000))
