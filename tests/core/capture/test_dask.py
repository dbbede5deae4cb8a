"""Capture on a Dask cluster. A killed worker loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.capture.chunks import (
    Destination,
    Outcome,
    chunks,
    take_in,
)
from sphinx_attention.core.capture.dask import on_cluster
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources.builtin import FOLDER
from sphinx_attention.core.store import open_store
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.core.store.folder import FolderStore
from tests.core.capture.chunk_runs import entries, undisturbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from distributed import Client

    from tests.core.counting import Counting


# A cluster


class Cluster:
    """A scheduler and its workers, each in a process of its own on this machine."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.file = folder / "scheduler.json"
        self.environment = {
            **environment,
            "DASK_DISTRIBUTED__COMM__RETRY__COUNT": "0",
            "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "100",
        }
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        self._wait(self.file.exists)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"log{len(self.processes)}.txt").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(self.file)],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def worker(self, *more: str) -> subprocess.Popen[bytes]:
        return self.start(
            "worker",
            "--no-nanny",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
            *more,
        )

    @property
    def address(self) -> str:
        address: str = json.loads(self.file.read_text())["address"]
        return address

    def wait_for_workers(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=30, set_as_default=False) as client:
            self._wait_for(client, count)

    def _wait_for(self, client: Client, count: int) -> None:
        client.wait_for_workers(count, timeout=90)

    @staticmethod
    def _wait(until: object, seconds: float = 90.0) -> None:
        end = time.monotonic() + seconds
        while not until():  # type: ignore[operator]
            assert time.monotonic() < end
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path, counting: Counting) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = Cluster(folder, counting.environment(slow=0.05))
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["folder", "url"])
def test_a_worker_of_a_cluster_killed_half_way(
    where: str, cluster: Cluster, counting: Counting, tmp_path: Path
) -> None:
    workers = [cluster.worker(), cluster.worker()]
    cluster.wait_for_workers(2)
    requests = counting.requests(48)
    location = f"file://{tmp_path}/shared" if where == "url" else "_attention"
    destination = Destination(location if where == "url" else None)
    notes = tmp_path / "notes"
    library = Library(open_store(location, notes))
    done: list[Request] = []
    before: list[str] = []
    killed = 0
    for request in take_in(
        library, requests, on_cluster(chunks(requests, 4), destination, cluster.address)
    ):
        done.append(request)
        if len(done) == 16:
            before = [r.text for r in done]
            killed = counting.lines()[-1][0]
            assert killed in {worker.pid for worker in workers}
            os.kill(killed, signal.SIGKILL)
    assert killed
    # Nothing is lost, reported twice or failed.
    assert Counter(r.key for r in done) == Counter(r.key for r in requests)
    assert not library.failures
    # Answers that had come back are not computed again, and the survivor computes nothing twice.
    times = Counter(counting.calls())
    assert {times[text] for text in before} == {1}
    assert set(times) == {r.text for r in requests}
    by_survivor = Counter(text for pid, text in counting.lines() if pid != killed)
    assert max(by_survivor.values()) == 1
    # Each process loaded the source once.
    assert Counter(counting.imports()) == Counter({worker.pid: 1 for worker in workers})
    # Each key has one entry, with the numbers of an undisturbed capture.
    expected = undisturbed(requests)
    if where == "url":
        assert entries(FolderStore(tmp_path / "shared")) == expected
        # The workers wrote the entries, and no worker knows the folder of the notes.
        assert not notes.exists()
        library.store.prepare(r.key for r in requests)
    assert entries(FolderStore(notes / "_attention")) == expected


COUNT_LOADS = """
import os
from pathlib import Path
from sphinx_attention.core.sources.huggingface import runner as transformers

def counted(source, load=transformers.load, **options):
    with Path(os.environ["ATTENTION_CALLS"]).open("a") as file:
        file.write(f"{os.getpid()} load {source.name}\\n")
    return load(source, **options)

# Dask runs a preload twice.
if transformers.load.__name__ != "counted":
    transformers.load = counted
"""


@pytest.mark.slow
@pytest.mark.models
def test_each_worker_loads_a_model_once_and_frees_it_in_the_end(
    cluster: Cluster, counting: Counting, tmp_path: Path
) -> None:
    preload = tmp_path / "count_loads.py"
    preload.write_text(COUNT_LOADS)
    workers = [cluster.worker("--preload", str(preload)) for _ in range(2)]
    cluster.wait_for_workers(2)
    model = ModelSource(name="copy", path="copy", folder=str(FOLDER))
    requests = [Request(model, f"the {a} {b}") for a in "abcdef" for b in ("fox", "dog")]
    library = Library(MemoryStore())
    ran = on_cluster(chunks(requests, 1), Destination(None), cluster.address)
    assert len(list(take_in(library, requests, ran))) == len(requests)
    assert not library.failures
    assert Counter(counting.lines()) == Counter({(w.pid, "load copy"): 1 for w in workers})
    expected = Library(MemoryStore())
    for request in requests:
        # Each request runs alone, as on the workers of a cluster: padding in a batch would change
        # the last bits.
        for _ in expected.capture([request]):
            pass
    assert entries(library.store) == entries(expected.store)
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        assert set(client.run(_models_open).values()) == {0}


def _models_open() -> int:
    from sphinx_attention.core.capture.chunks import _opened

    return len(_opened)


@pytest.mark.slow
def test_a_lost_scheduler_is_an_error_and_not_a_hang(cluster: Cluster, counting: Counting) -> None:
    cluster.worker()
    cluster.wait_for_workers(1)
    requests = counting.requests(40)
    made: list[Outcome] = []
    for outcome in on_cluster(chunks(requests, 2), Destination(None), cluster.address):
        made.append(outcome)
        if len(made) == 4:
            cluster.scheduler.kill()
    assert Counter(o.key for o in made) == Counter(r.key for r in requests)
    wrong = [o.error for o in made if o.error]
    assert wrong
    assert all("the cluster" in error.message for error in wrong)


@pytest.mark.slow
def test_a_missing_scheduler_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sphinx_attention.core.capture.dask._CONNECT_SECONDS", 1)
    with pytest.raises(AttentionError, match=r"the scheduler .* does not answer") as caught:
        next(on_cluster([], Destination(None), "tcp://127.0.0.1:9"))
    assert caught.value.problem == Problem.NETWORK


def test_without_dask_the_line_that_installs_it_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(AttentionError) as caught:
        next(on_cluster([], Destination(None), "tcp://127.0.0.1:9"))
    assert caught.value.problem == Problem.INSTALL
    assert 'pip install "sphinx-attention[cluster]"' in caught.value.message
