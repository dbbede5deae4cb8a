"""Run chunks in other processes of this machine, and go on if one of them dies."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option

from .chunks import Chunk, Outcome, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnContext, SpawnProcess

    from sphinx_attention.core.request import Request, Source

    from .chunks import Destination

_TRIES = 3
"""The most attempts to run a chunk."""

_STOPPING_SECONDS = 10
"""The seconds in which a process has to end by itself."""


@dataclass
class _Task:
    """The rest of a chunk, and how often it was tried."""

    source: Source
    left: tuple[Request, ...]
    tries: int = 0


@dataclass
class _Worker:
    """A process, the connection to it, and its task."""

    process: SpawnProcess
    connection: Connection
    task: _Task | None = None
    last: Source | None = None

    def give(self, destination: Destination, task: _Task) -> None:
        self.task, self.last = task, task.source
        task.tries += 1
        # If the process has just died, waiting for its outcomes shows that.
        with contextlib.suppress(OSError):
            self.connection.send((destination, Chunk(task.left)))


@dataclass
class _Pool:
    """Processes, and the chunks that are not begun yet."""

    destination: Destination
    jobs: int
    tasks: deque[_Task]
    context: SpawnContext = field(default_factory=lambda: multiprocessing.get_context("spawn"))
    workers: list[_Worker] = field(default_factory=list)
    deaths: int = 0
    """The number of processes that died since the last outcome."""

    def run(self) -> Iterator[Outcome]:
        try:
            while self.tasks or any(worker.task for worker in self.workers):
                self._assign()
                for worker in self._ready():
                    yield from self._receive(worker)
        finally:
            for worker in self.workers:
                _stop(worker)

    def _assign(self) -> None:
        """Give every process a task, and start missing processes."""
        for worker in self.workers:
            if worker.task is None and self.tasks:
                worker.give(self.destination, self._next(worker.last))
        while self.tasks and len(self.workers) < self.jobs:
            worker = self._start()
            self.workers.append(worker)
            worker.give(self.destination, self._next(None))

    def _next(self, source: Source | None) -> _Task:
        """A chunk of the source whose model a process has loaded, or else the first chunk."""
        for task in self.tasks:
            if task.source == source:
                self.tasks.remove(task)
                return task
        return self.tasks.popleft()

    def _start(self) -> _Worker:
        here, there = self.context.Pipe()
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        process = self.context.Process(target=work, args=(there, threads), daemon=True)
        process.start()
        there.close()
        return _Worker(process, here)

    def _ready(self) -> list[_Worker]:
        """The processes that have sent something, or have died."""
        busy = {worker.connection: worker for worker in self.workers if worker.task}
        return [
            worker for connection, worker in busy.items() if connection in set(wait(list(busy)))
        ]

    def _receive(self, worker: _Worker) -> Iterator[Outcome]:
        task = worker.task
        assert task is not None
        try:
            outcome: Outcome | None = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._reassign(worker, task)
            return
        if outcome is None:
            worker.task = None
            return
        self.deaths = 0
        # A request with an outcome is not run again if the process dies.
        task.left = tuple(request for request in task.left if request.key != outcome.key)
        yield outcome

    def _reassign(self, worker: _Worker, task: _Task) -> Iterator[Outcome]:
        """Have another process continue the task of a dead one."""
        self.workers.remove(worker)
        # The process may have closed the connection and not yet ended.
        worker.process.join(_STOPPING_SECONDS)
        _stop(worker)
        self.deaths += 1
        given_up = []
        if task.tries >= _TRIES:
            given_up.append(task)
        elif task.left:
            self.tasks.appendleft(task)
        if self.deaths > _TRIES * self.jobs:
            # The text is not the reason.
            given_up += self.tasks
            self.tasks.clear()
        error = _died(worker.process.exitcode)
        yield from (Outcome(r.key, error) for lost in given_up for r in lost.left)


def in_processes(parts: Sequence[Chunk], destination: Destination, jobs: int) -> Iterator[Outcome]:
    """Run chunks in processes of their own on this machine.

    Args:
        parts: the chunks, in an order that keeps sources together.
        destination: the destination of the entries.
        jobs: the most processes at a time.

    Yields:
        An outcome for each request, as soon as it is known. If a process dies, another continues
        its task; a request that kills several processes gets an error.
    """
    jobs = max(1, min(jobs, len(parts)))
    tasks = (_Task(part.requests[0].source, part.requests) for part in parts)
    yield from _Pool(destination, jobs, deque(tasks)).run()


def work(connection: Connection, threads: int) -> None:
    """The main function of a process: it takes chunks until there are no more.

    Args:
        connection: chunks come from it, and outcomes go to it.
        threads: the most threads of a library.
    """
    # An interrupt is handled by the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # This leaves processors to the other processes. PyTorch reads it when it is imported.
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with connection:
        while True:
            try:
                destination, chunk = connection.recv()
            except (EOFError, OSError):
                return
            for outcome in chain(outcomes(destination, chunk), [None]):
                # The other end may be closed.
                with contextlib.suppress(OSError):
                    connection.send(outcome)


def _stop(worker: _Worker) -> None:
    """End a process: the closed connection tells it to end, and else it is terminated."""
    worker.connection.close()
    if worker.task is not None:
        # Its current result is not needed.
        worker.process.terminate()
    worker.process.join(_STOPPING_SECONDS)
    if worker.process.exitcode is None:
        worker.process.kill()
        worker.process.join()


def _died(code: int | None) -> AttentionError:
    how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
    return AttentionError(
        Problem.MEMORY,
        f"processes that computed this died, the last one {how}, most likely because "
        f"memory was short; run it again with fewer processes ({option('jobs')}), and it goes on "
        "from here",
    )
