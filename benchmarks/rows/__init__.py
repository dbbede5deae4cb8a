"""The rows of the table. Each is a function from the shared objects to lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import builds, builtin, captures, crowded, editing, figures, growth, maps, page, shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.bench import Bench
    from benchmarks.table import Line


@dataclass(frozen=True)
class Row:
    """A row of the design.

    Attributes:
        name: the name for ``--only``.
        title: the title in the table.
        measure: the function that gives the lines.
    """

    name: str
    title: str
    measure: Callable[[Bench], Iterable[Line]]


ROWS = (
    Row("bytes", "Bytes of a figure, all layers and heads carried, and its writing", figures.sizes),
    Row("static", "Picture without JavaScript", figures.static),
    Row("painted", "From opening the page to the first of the picture painted", figures.painted),
    Row("ready", "Ready to hover", figures.ready),
    Row("hover", "From pointing at a token to paint", figures.hover),
    Row("elements", "DOM elements of a figure, at most", figures.elements),
    Row("crowded", "Much at once", crowded.crowded),
    Row("map", "Maps of queries and keys, beside AttentionViz’s recipes", maps.maps),
    Row("memory", "Capture of one layer of BERT-base, 4 × 512 tokens", captures.memory),
    Row("capture", "Capture of many sentences", captures.speed),
    Row("builtin", "The built-in model, from nothing to a figure", builtin.first),
    Row("editing", "An author's loop: a changed sentence", editing.editing),
    Row("store", "Store", captures.store),
    Row("build", "Build with a full store", builds.full_store),
    Row("project", "1,000 figures in one project", builds.project),
    Row("many", "10,000 figures in 500 documents", builds.many),
    Row("page", "A page of 50 figures", page.many),
    Row("shipped", "Shipped files and requests", shipped.shipped),
    Row("growth", "Growth", growth.growth),
)
