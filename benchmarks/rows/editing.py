"""An author's loop: the cost of a changed sentence under `serve`, compared with changed prose."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from benchmarks.alone import ENVIRONMENT
from benchmarks.ours import BuildError, Project, figure, heading
from benchmarks.plan import ROOT
from benchmarks.table import Goal, Line, Measured
from benchmarks.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Bench

TOKENS = 11
_ABOUT = 1.5
"""The largest allowed ratio of a changed sentence to changed prose."""

_LIMIT_SECONDS = 120.0
_STEP_SECONDS = 0.01
_END_SECONDS = 0.5
_SETTLE_SECONDS = 3.0
"""The seconds from the first build until the watcher sees changes."""


@dataclass(frozen=True)
class _Cost:
    """The cost of one change: seconds until the page is built, and time of all processors."""

    wall: float
    processor: float


class _Served:
    """`serve` in a process: the notes, its output, its child processes."""

    def __init__(self, notes: Project, output: Path, process: subprocess.Popen[bytes]) -> None:
        self._notes, self._output, self._process = notes, output, process
        self._text, self._prose = "", ""

    def wait(self, builds: int) -> None:
        until = time.monotonic() + _LIMIT_SECONDS
        while self._builds() < builds:
            if time.monotonic() > until or self._process.poll() is not None:
                raise BuildError(f"serve: {self._output.read_text()[-200:]}")
            time.sleep(_STEP_SECONDS)

    def change(self, *, text: str = "", prose: str = "") -> _Cost:
        """Change the sentence or the prose, and wait until the page is built."""
        self._text, self._prose = text or self._text, prose or self._prose
        builds, processor, begun = self._builds(), self._processor(), time.monotonic()
        _write(self._notes, self._prose, self._text)
        self.wait(builds + 1)
        wall = time.monotonic() - begun
        # The process that ran the build ends a moment later.
        time.sleep(_END_SECONDS)
        return _Cost(wall, self._processor() - processor)

    def _builds(self) -> int:
        return self._output.read_text(errors="replace").count("Serving on http")

    def _processor(self) -> float:
        """The processor time of the command and its processes, including those that have ended."""
        mine = psutil.Process(self._process.pid)
        while True:
            # If a process ends during the sum, its parent takes over its times, and the sum is
            # repeated.
            with suppress(psutil.NoSuchProcess):
                return sum(sum(one.cpu_times()[:4]) for one in (mine, *mine.children(True)))
            time.sleep(_STEP_SECONDS)


def editing(bench: Bench) -> Iterator[Line]:
    """Measure changed sentences and prose in turn, and a changed sentence without `serve`."""
    texts = texts_of(2 * bench.plan.runs + 1, TOKENS)
    notes = Project(bench.folder / "editing", bench.folder / "editing-store")
    costs: dict[str, list[_Cost]] = {"sentence": [], "prose": []}
    with _served(notes, bench.folder / "editing.txt") as served:
        bench.say("serving a page, its first sentence")
        first = served.change(text=texts[0])
        for run in range(bench.plan.runs):
            bench.say(f"serving a page, change {run + 1}")
            costs["prose"].append(served.change(prose=f"Prose, changed {run} times."))
            costs["sentence"].append(served.change(text=texts[run + 1]))
    for what, of in (("processor", "processor"), ("until the page is built", "wall")):
        yield Line(
            f"a changed sentence under `serve`, {what}",
            Measured(tuple(getattr(cost, of) for cost in costs["sentence"]), "s"),
            Measured(tuple(getattr(cost, of) for cost in costs["prose"]), "s"),
            "changed prose",
            Goal(_ABOUT),
        )
    yield Line(
        "the first changed sentence under `serve`, which loads the model, processor",
        Measured((first.processor,), "s"),
    )
    plain = [_alone(notes, text, bench) for text in texts[-bench.plan.runs :]]
    yield Line(
        "a changed sentence under `serve`, processor",
        Measured(tuple(cost.processor for cost in costs["sentence"]), "s"),
        Measured(tuple(plain), "s"),
        "`sphinx-build`",
    )


def _write(notes: Project, prose: str, text: str) -> None:
    """Write only the page.

    After a change of conf.py, Sphinx would read and write everything again.
    """
    page = f"{heading('Notes')}{prose}\n\n{figure(text)}"
    (notes.folder / "index.rst").write_text(page)


def _alone(notes: Project, text: str, bench: Bench) -> float:
    """The processor time of a single build after a change of one sentence."""
    bench.say("building with a changed sentence, without serve")
    _write(notes, "Prose.", text)
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", str(notes.folder), str(notes.out)],
        check=True,
        capture_output=True,
        env=_environment(),
    )
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


@contextmanager
def _served(notes: Project, output: Path) -> Iterator[_Served]:
    notes.write({"index": heading("Notes") + "Prose.\n"})
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "sphinx_attention", "serve", str(notes.folder)]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
    try:
        served = _Served(notes, output, process)
        served.wait(1)
        # From here on, changes are seen.
        time.sleep(_SETTLE_SECONDS)
        yield served
    finally:
        # All processes that the command started end with it.
        process.terminate()
        process.wait()


def _environment() -> dict[str, str]:
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
