"""Capture in several processes of one machine. A killed process loses nothing."""

from __future__ import annotations

import os
import pickle
import signal
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.capture import chunks as chunks_module
from sphinx_attention.core.capture.chunks import (
    Chunk,
    Destination,
    Outcome,
    chunks,
    run_chunk,
    take_in,
)
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.capture.processes import in_processes
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.store.folder import FolderStore
from tests.core.capture.chunk_runs import entries, undisturbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.core.counting import Counting


MODEL = ModelSource(name="m", id="org/m")


# Chunks


def test_chunks_hold_one_source_texts_of_similar_length_and_every_request_once() -> None:
    other = replace(MODEL, name="n", id="org/n")
    texts = ["a b c d e f", "a", "a b c d", "a b", "a b c"]
    requests = [Request(source, text) for text in texts for source in (MODEL, other)]
    made = chunks(requests, 2)
    assert all(len({r.source for r in chunk.requests}) == 1 for chunk in made)
    assert sorted(r.key for chunk in made for r in chunk.requests) == sorted(
        r.key for r in requests
    )
    # The chunks of one source follow one another, from short texts to long texts.
    assert [[len(r.text) for r in chunk.requests] for chunk in made] == [[1, 3], [5, 7], [11]] * 2


def test_requests_that_share_an_answer_stay_together_and_count_once() -> None:
    texts = [Request(MODEL, f"text {n}") for n in range(4)]
    requests = [r for t in texts for r in (t, replace(t, merge="words"))]
    made = chunks(reversed(requests), 2)
    assert [len(chunk.requests) for chunk in made] == [4, 4]
    for chunk in made:
        assert set(Counter(r.base.key for r in chunk.requests).values()) == {2}


def test_one_model_stays_loaded_from_chunk_to_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []

    @contextmanager
    def opener(source: ModelSource) -> Iterator[object]:
        events.append(f"open {source.name}")

        class Runner:
            def run(self, requests: list[Request]) -> Iterator[tuple[Request, AttentionError]]:
                for request in requests:
                    events.append(request.text)
                    yield request, AttentionError(Problem.TEXT, "no")

        yield Runner()
        events.append(f"close {source.name}")

    monkeypatch.setattr(chunks_module, "open_source", opener)
    other = replace(MODEL, name="n", id="org/n")
    for source, text in ((MODEL, "1"), (MODEL, "2"), (other, "3")):
        run_chunk(Destination(None), Chunk((Request(source, text),)))
    chunks_module.close_model()
    assert events == ["open m", "1", "2", "close m", "open n", "3", "close n"]


def test_chunks_outcomes_and_places_travel() -> None:
    error = AttentionError(Problem.TEXT, "too long")
    outcome = pickle.loads(pickle.dumps(Outcome("k", error)))
    assert (outcome.error.problem, outcome.error.message) == (Problem.TEXT, "too long")
    chunk = Chunk((Request(MODEL, "a b"),))
    assert pickle.loads(pickle.dumps((Destination("x"), chunk))) == (Destination("x"), chunk)


# One chunk


def test_a_chunk_is_written_to_the_shared_store_or_returned(
    counting: Counting, tmp_path: Path
) -> None:
    requests = counting.requests(3)
    expected = undisturbed(requests)
    made = run_chunk(Destination("store", str(tmp_path)), Chunk(tuple(requests)))
    assert {(o.error, o.data) for o in made} == {(None, None)}
    assert entries(FolderStore(tmp_path / "store")) == expected
    back = run_chunk(Destination(None), Chunk(tuple(requests)))
    assert {o.key: o.data for o in back} == expected


def test_entries_of_the_shared_store_are_not_computed_again_without_refresh(
    counting: Counting, tmp_path: Path
) -> None:
    chunk = Chunk(tuple(counting.requests(3)))
    destination = Destination("store", str(tmp_path))
    for expected, refresh in ((3, False), (3, False), (6, True)):
        made = run_chunk(replace(destination, refresh=refresh), chunk)
        assert sorted(o.key for o in made) == sorted(r.key for r in chunk.requests)
        assert len(counting.calls()) == expected


def test_a_failure_is_reported_and_the_rest_of_its_chunk_is_computed(
    counting: Counting, tmp_path: Path
) -> None:
    requests = [*counting.requests(2), Request(counting.source, "bad one")]
    made = {
        o.key: o for o in run_chunk(Destination("store", str(tmp_path)), Chunk(tuple(requests)))
    }
    error = made[requests[2].key].error
    assert error is not None
    assert error.problem == Problem.FUNCTION
    assert "bad text" in error.message
    assert len(entries(FolderStore(tmp_path / "store"))) == 2


def test_entries_are_returned_when_the_url_does_not_answer(
    counting: Counting, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    requests = counting.requests(2)
    made = run_chunk(Destination(f"file://{tmp_path}/file/store"), Chunk(tuple(requests)))
    assert {o.key: o.data for o in made} == undisturbed(requests)


def test_returned_entries_are_stored_once_and_damaged_ones_refused(
    counting: Counting, tmp_path: Path
) -> None:
    requests = counting.requests(4)
    good = undisturbed(requests)
    keys = [request.key for request in requests]
    library = Library(FolderStore(tmp_path / "store"))
    error = AttentionError(Problem.MEMORY, "out of memory")
    cut = good[keys[1]][:-1]  # type: ignore[index]
    ran = [
        Outcome(keys[0], data=good[keys[0]]),
        Outcome(keys[1], data=cut),
        Outcome(keys[2], error),
        Outcome(keys[0], error),  # The failure is reported twice, and the first message counts.
        Outcome(keys[3]),
    ]
    assert [r.key for r in take_in(library, requests, ran)] == keys
    assert set(library.failures) == {keys[1], keys[2]}
    assert library.failures[keys[1]].problem == Problem.STORE
    assert entries(library.store) == {keys[0]: good[keys[0]]}


def test_an_entry_that_cannot_be_written_is_kept_for_this_run_and_told(
    counting: Counting, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file where a folder should be")
    requests = counting.requests(1)
    library = Library(FolderStore(tmp_path / "store"))
    ran = run_chunk(Destination("store", str(tmp_path)), Chunk(tuple(requests)))
    assert len(list(take_in(library, requests, ran))) == 1
    assert len(library.not_stored) == 1
    assert "cannot write" in library.drain_warnings()[0].message


# Local processes


@pytest.mark.slow
def test_processes_compute_what_one_process_does(counting: Counting, tmp_path: Path) -> None:
    requests = counting.requests(12)
    destination = Destination("store", str(tmp_path))
    made = list(in_processes(chunks(requests, 2), destination, 2))
    assert Counter(o.key for o in made) == Counter(r.key for r in requests)
    assert not any(o.error for o in made)
    assert sorted(counting.calls()) == sorted(r.text for r in requests)
    # Each process loaded the source once, and each computed some of the requests.
    assert len(counting.imports()) == len(set(counting.imports())) == 2
    assert os.getpid() not in counting.imports()
    assert entries(FolderStore(tmp_path / "store")) == undisturbed(requests)


@pytest.mark.slow
def test_a_process_killed_half_way_loses_nothing_and_nothing_is_computed_twice(
    counting: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTENTION_SLOW", "0.05")
    requests = counting.requests(24)
    made: list[Outcome] = []
    killed = 0
    for outcome in in_processes(chunks(requests, 3), Destination("store", str(tmp_path)), 2):
        made.append(outcome)
        if len(made) == 8:
            killed = counting.lines()[-1][0]
            os.kill(killed, signal.SIGKILL)
    assert killed
    assert Counter(o.key for o in made) == Counter(r.key for r in requests)
    assert not any(o.error for o in made)
    # Only the answers that the killed process had not yet written may be computed again.
    times = Counter(counting.calls())
    assert set(times) == {r.text for r in requests}
    assert sum(times.values()) <= len(requests) + 1
    # The killed process, the other one and the replacement each loaded the source once.
    assert len(counting.imports()) == len(set(counting.imports())) == 3
    monkeypatch.setenv("ATTENTION_SLOW", "0")
    assert entries(FolderStore(tmp_path / "store")) == undisturbed(requests)


@pytest.mark.slow
def test_a_text_that_kills_every_process_is_reported_and_the_rest_computed(
    counting: Counting, tmp_path: Path
) -> None:
    requests = [*counting.requests(6), Request(counting.source, "die")]
    made = {o.key: o for o in in_processes(chunks(requests, 1), Destination("s", str(tmp_path)), 2)}
    assert len(made) == 7
    wrong = [o for o in made.values() if o.error]
    assert [o.key for o in wrong] == [requests[6].key]
    assert wrong[0].error is not None
    assert wrong[0].error.problem == Problem.MEMORY
    assert "signal 9" in wrong[0].error.message
    assert len(entries(FolderStore(tmp_path / "s"))) == 6


@pytest.mark.slow
def test_capture_gives_up_when_every_process_dies(counting: Counting, tmp_path: Path) -> None:
    requests = [Request(counting.source, f"die {n}") for n in range(40)]
    made = list(in_processes(chunks(requests, 1), Destination("s", str(tmp_path)), 1))
    assert len(made) == 40
    assert all(o.error for o in made)
    # There are fewer than three processes for each of the forty requests.
    assert len(counting.imports()) <= 5


@pytest.mark.slow
def test_processes_end_when_the_caller_stops(counting: Counting, tmp_path: Path) -> None:
    ran = in_processes(chunks(counting.requests(8), 1), Destination("s", str(tmp_path)), 2)
    next(ran)
    pids = set(counting.imports())
    ran.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
