"""The built-in model: the time until a newcomer sees a first figure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.fits import alternate
from benchmarks.ours import BuildError, Project, figure, heading
from benchmarks.plan import ROOT
from benchmarks.table import Goal, Line, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_TEXT = "the quick brown fox jumps over the lazy dog"


def first(bench: Bench) -> Iterator[Line]:
    """Whole processes with an empty store: start, imports, the model, the drawing."""
    bench.say("drawing one figure by the command")
    yield Line(
        "`sphinx-attention render`, one SVG",
        Measured(tuple(_render(bench) for _ in range(bench.plan.runs)), "s"),
        goal=Goal(2, of="ours"),
    )
    store = bench.folder / "first-store"
    with_ = Project(bench.folder / "first", store)
    without = Project(bench.folder / "first-without", store)
    with_.write({"index": heading("Notes") + figure(_TEXT, model="builtin")})
    without.write({"index": heading("Notes") + f"{_TEXT}\n"}, extension=False)

    def build() -> float:
        shutil.rmtree(store, ignore_errors=True)
        built = with_.build()
        if built.imports:
            raise BuildError(f"it imported {', '.join(built.imports)}")
        return built.seconds

    bench.say("building a page of one figure, with an empty store, and the same page without")
    took = alternate(
        {"with": build, "without": lambda: without.build().seconds}, bench.plan.runs, 60
    )
    yield Line(
        "a page of one figure, built with an empty store",
        Measured(tuple(took["with"]), "s"),
        Measured(tuple(took["without"]), "s"),
        "the same page without",
    )


def _render(bench: Bench) -> float:
    out = bench.folder / "first.svg"
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "sphinx_attention", "render", _TEXT, "-o", str(out)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return time.monotonic() - begun
