"""Benchmark tasks in processes of their own: a failure is reported and does not stop the run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks import alone
from benchmarks.bench import Bench
from benchmarks.made import peaked
from benchmarks.plan import QUICK
from benchmarks.rows import ROWS, figures

if TYPE_CHECKING:
    from pathlib import Path


def test_a_task_over_its_time_limit_is_killed_and_reported():
    with pytest.raises(alone.AloneError, match="not done within 0 s"):
        alone.run("fill", seconds=0.01, store="none", lengths=[])


@pytest.mark.parametrize(
    "message", ["Traceback\nMemoryError\n", "RuntimeError: can't allocate memory: you tried"]
)
def test_a_task_without_enough_memory_says_so(monkeypatch: pytest.MonkeyPatch, message: str):
    done = SimpleNamespace(returncode=1, stderr=message, stdout="")
    monkeypatch.setattr(alone.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(alone.AloneError, match="out of memory, with 12 GB"):
        alone.run("peer_page", gigabytes=12)


def test_a_page_that_failed_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    tried = []

    def fails(task: str, **_: object) -> dict[str, object]:
        tried.append(task)
        raise alone.AloneError("not done within 20 s")

    monkeypatch.setattr(alone, "run", fails)
    monkeypatch.setattr(Bench, "peer_folder", tmp_path)
    bench = Bench(tmp_path, QUICK, lambda _: None)
    for _ in range(2):
        found = figures.peer_bytes(bench, "model", 512)
        assert found.value is None
        assert found.note == "its page is not written: not done within 20 s"
    assert tried == ["peer_page"]


def test_the_names_of_rows_are_unique():
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_generated_attention_is_valid_and_reproducible():
    found = peaked("2 3 8")
    assert np.asarray(found["weights"]).shape == (2, 3, 8, 8)
    assert np.allclose(found["weights"].sum(-1), 1, atol=1e-6)
    assert np.array_equal(found["weights"], peaked("2 3 8")["weights"])
    assert len(found["tokens"]) == 8
