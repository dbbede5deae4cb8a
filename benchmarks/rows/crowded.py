"""Crowded figures: all heads of a layer, all heads of a large model, and 250,000 cells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.bench import measured
from benchmarks.browser import FRAME, OURS, PEERS
from benchmarks.ours import CROWD
from benchmarks.table import Goal, Line, Measured

from .figures import ELEMENTS, after_load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_LAYERS, _HEADS, _TOKENS = CROWD
_SHEET = replace(OURS, targets="document.querySelectorAll('.attention-thumb')", cells=".none")
_CELLS = replace(OURS, targets="[]")


def crowded(bench: Bench) -> Iterator[Line]:
    """The time of pointing, and the other costs of a large grid."""
    project = bench.site("crowded")
    most = bench.plan.sizes[-1]
    bench.site("matrix")
    peer = bench.peer_page("head", _TOKENS)
    visits = bench.open_in_turn(
        {
            "all heads": (bench.page_url("crowded", "heads"), OURS),
            "the sheet": (bench.page_url("crowded", "grid"), _SHEET),
            "tokens beside the sheet": (bench.page_url("crowded", "grid"), OURS),
            "cells": (bench.page_url("matrix", f"matrix-{most}"), _CELLS),
            "peer": (f"{bench.peer_url}/{peer.path.name}", PEERS["head"]),
        },
        "crowded",
    )
    all_heads = f"heads, {_TOKENS} tokens, all heads of a layer drawn"
    grid = f"grid, {_LAYERS} × {_HEADS} heads, {_TOKENS} tokens"
    theirs = measured(visits["peer"], "ms", lambda visit: visit.hovers)
    for what, name in (
        (all_heads, "all heads"),
        (f"{grid}, over the sheet", "the sheet"),
        (f"matrix, {most} tokens, over the cells", "cells"),
    ):
        beside = name == "all heads"
        yield Line(
            f"from pointing to paint: {what}",
            measured(visits[name], "ms", lambda visit: visit.hovers),
            theirs if beside else None,
            "head view" if beside else "",
            Goal(2 * FRAME, of="ours"),
        )
    opened = [*visits["the sheet"], *visits["tokens beside the sheet"]]
    yield Line(
        f"ready to hover, after the load event: {grid}",
        measured(opened, "ms", after_load),
    )
    for what, some in ((all_heads, visits["all heads"]), (grid, opened)):
        found = [float(visit.most) for visit in some if visit.most]
        problem = next((visit.problem for visit in some if visit.problem), "")
        yield Line(
            f"DOM elements at most: {what}",
            Measured((max(found),) if found else (), "elements", problem),
            goal=Goal(ELEMENTS[_TOKENS], of="ours"),
        )
    yield Line(f"bytes: {grid}", Measured((float(project.figure_bytes("grid")),), "bytes"))
