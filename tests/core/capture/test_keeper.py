"""The process that keeps models loaded: its models, its messages and its refusals."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.connection import Listener
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.capture import chunks, keeper, warm, wire
from sphinx_attention.core.capture.chunks import Chunk, Destination, Outcome
from sphinx_attention.core.capture.keeper import Keeper, Models
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.progress import listening
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource, Request
from sphinx_attention.core.store.base import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

SMALL, LARGE = ModelSource("small", id="o/small"), ModelSource("large", id="o/large")
OTHER = ModelSource("other", id="o/other")
MEGABYTE = 10**6


@dataclass
class World:
    """Models by their sizes in megabytes. A model of size 0 does not load."""

    sizes: dict[str, int]
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    @contextmanager
    def open(self, source: ModelSource) -> Iterator[Runner]:
        self.opened.append(source.name)
        yield Runner(self, source)
        self.closed.append(source.name)

    @property
    def kept(self) -> list[str]:
        return [name for name in self.opened if self.opened.count(name) > self.closed.count(name)]


class Runner:
    def __init__(self, world: World, source: ModelSource) -> None:
        self.world, self.source, self.bytes = world, source, 0

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Any]]:
        self.bytes = self.world.sizes[self.source.name] * MEGABYTE
        for request in requests:
            if not self.bytes:
                yield request, AttentionError(Problem.NETWORK, "no network", "a trace")
                continue
            words = request.text.split()
            tokens = tuple(Token(word, word=n) for n, word in enumerate(words))
            weights = np.full((1, 1, len(words), len(words)), 1 / len(words), np.float32)
            masked = np.zeros((1, len(words), len(words)), bool)
            yield request, Attention(tokens, tokens, weights, masked, "encoder", self.source.label)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World({"small": 100, "large": 3000, "other": 200})
    monkeypatch.setattr(keeper, "open_source", made.open)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return made


def requested(keeper_: Keeper, *requests: Request, **other: Any) -> tuple[bool, list[Any]]:
    """Ask as a build does. Return whether the process goes on, its messages and its outcomes."""
    here, there = Pipe()
    with here, there:
        question = {
            "environment": wire.environment() | other,
            "requests": wire.write_requests(requests),
        }
        wire.send(here, question)
        on = keeper_.answer(there)
        there.close()
        return on, list(received(here))


def received(way: Connection) -> Iterator[Any]:
    while True:
        try:
            message = wire.receive(way)
        except EOFError:
            return
        yield wire.receive_outcome(way, message) if "key" in message else message


def test_a_model_is_loaded_once_and_named_once(world: World) -> None:
    mine = Keeper(Models())
    request = Request(SMALL, "a b c")
    on, output = requested(mine, request)
    assert on
    assert output[0].key == request.key
    # The answer is an entry as a store keeps it, for the whole request.
    library = Library(MemoryStore())
    library.keep(request.key, output[0].data)
    assert library.get(request).weights[0, 0, 0, 0] == pytest.approx(1 / 3, abs=1e-4)
    assert output[1:] == [{"say": "small is loaded (100 MB) and stays in memory"}, {"done": True}]
    _, output = requested(mine, Request(SMALL, "d e"), Request(SMALL, "d e", merge="words"))
    assert [type(one) for one in output] == [Outcome, Outcome, dict]
    assert world.opened == ["small"]


def test_many_requests_are_all_answered_by_one_loaded_model(world: World) -> None:
    requests = [Request(source, f"a {n}") for source in (OTHER, SMALL) for n in range(20)]
    _, output = requested(Keeper(Models()), *requests)
    outcomes = [one for one in output if isinstance(one, Outcome)]
    assert {one.key for one in outcomes} == {request.key for request in requests}
    assert len(outcomes) == 40
    assert sorted(world.opened) == ["other", "small"]


def test_the_memory_of_kept_models_is_bounded(world: World) -> None:
    mine = Keeper(Models(room=250 * MEGABYTE))
    for source, kept in [
        (SMALL, ["small"]),
        (OTHER, ["small", "other"]),
        # The next model does not fit beside both others. The model that was used longest ago goes.
        (SMALL, ["small", "other"]),
        (LARGE, ["small", "large"]),
        (OTHER, ["other"]),
    ]:
        requested(mine, Request(source, "a b"))
        assert sorted(set(world.kept)) == sorted(kept), source


def test_a_failure_is_reported_and_not_kept(world: World) -> None:
    world.sizes["small"] = 0
    mine = Keeper(Models())
    _, output = requested(mine, Request(SMALL, "a b"))
    assert (output[0].error.problem, output[0].error.message) == (Problem.NETWORK, "no network")
    assert (output[0].error.trace, output[0].data) == ("a trace", None)
    world.sizes["small"] = 100
    _, output = requested(mine, Request(SMALL, "a b"))
    assert output[0].data
    assert world.opened == ["small", "small"]


def test_a_model_whose_files_have_changed_is_opened_anew(world: World, tmp_path: Path) -> None:
    source = replace(SMALL, id=None, path="m", folder=str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    mine = Keeper(Models())
    for _ in range(2):
        requested(mine, Request(source, "a b"))
    assert world.opened == ["small"]
    (tmp_path / "config.json").write_text("{ }")
    requested(mine, Request(source, "a b"))
    assert world.opened == ["small", "small"]
    assert world.closed == ["small"]


def test_the_process_takes_over_settings_of_conf_py(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    mine = Keeper(Models())
    variables = {"HF_HOME": str(tmp_path)}
    path = [str(tmp_path), *sys.path]
    on, _ = requested(mine, Request(SMALL, "a b"), variables=variables, path=path)
    assert on
    assert os.environ["HF_HOME"] == str(tmp_path)
    assert "HF_HUB_OFFLINE" not in os.environ
    assert sys.path == path
    assert requested(mine, Request(SMALL, "a c"), variables=variables, path=path)[0]


@pytest.mark.parametrize(
    "other", [{"variables": {"HF_HOME": "/"}}, {"packages": {"torch": "9"}}, {"path": []}]
)
def test_another_environment_needs_a_new_process(world: World, other: dict[str, Any]) -> None:
    mine = Keeper(Models())
    requested(mine, Request(SMALL, "a b"))
    assert requested(mine, Request(SMALL, "c d"), **other) == (False, [{"again": True}])
    assert world.opened == ["small"]


REQUESTS = [
    Request(MatrixSource(text="1 0\n0 1"), "a b", tokens=("a", "b"), aggregate="flow"),
    Request(FunctionSource("f", "m:f", "2"), "a \udc80 b"),
    Request(replace(SMALL, trust_remote_code=True, near="x"), "é", pair="ü", keep=("keys",)),
    Request(SMALL, "a z", generate=5),
    Request(SMALL, "a", target="b", part="cross", layers=(0, 2), merge="words", special="hide"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: r.text)
def test_a_request_arrives_unchanged(request_: Request) -> None:
    here, there = Pipe()
    with here, there:
        wire.send(here, {"requests": wire.write_requests([request_])})
        (came,) = wire.read_requests(wire.receive(there)["requests"])
    assert came == request_
    assert came.key == request_.key
    assert came.source == request_.source


def test_a_request_that_arrived_changed_is_refused() -> None:
    (written,) = wire.write_requests([Request(SMALL, "a b")])
    written["request"]["text"] = "a c"
    with pytest.raises(ValueError, match="came as"):
        wire.read_requests([written])


def test_nothing_is_unpickled() -> None:
    here, there = Pipe()
    with here, there:
        here.send_bytes(pickle.dumps({"say": "x"}))
        with pytest.raises(ValueError, match=r"utf|Expecting|codec"):
            wire.receive(there)


# The side of the build


@pytest.fixture
def library() -> Library:
    return Library(MemoryStore())


def captured(
    library: Library, *requests: Request, configured: bool = False
) -> tuple[list[str], list[str]]:
    output: list[str] = []
    with listening(output.append):
        ran = warm.capture(library, requests, configured=configured)
        done = [request.text for request, _ in ran]
    return done, output


@pytest.mark.posix
@pytest.mark.parametrize("answered", [0, 1])
def test_the_build_computes_what_a_dead_process_did_not_answer(
    library: Library, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answered: int
) -> None:
    def answer() -> None:
        with listener.accept() as way:
            some = wire.read_requests(wire.receive(way)["requests"])[:answered]
            for outcome in chunks.outcomes(Destination(None), Chunk(tuple(some)), world.open):
                wire.send_outcome(way, outcome)

    ran = World({"small": 100})
    monkeypatch.setattr(library, "_opener", ran.open)
    monkeypatch.setenv(wire.ADDRESS, str(tmp_path / "socket"))
    monkeypatch.setenv(wire.KEY, "ab")
    with Listener(str(tmp_path / "socket"), authkey=b"\xab") as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        done, output = captured(library, Request(SMALL, "a b"), Request(SMALL, "c d"))
        thread.join()
    assert done == ["a b", "c d"]
    died = "the process that keeps the model has died: this build loads it by itself"
    assert output == [died]
    assert (len(world.opened), ran.opened) == (answered, ["small"])


@pytest.mark.parametrize("folder_is_there", [True, False])
def test_without_the_process_a_build_computes_by_itself(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder_is_there: bool,
) -> None:
    ran = World({"small": 100})
    monkeypatch.setattr(library, "_opener", ran.open)
    monkeypatch.setattr(warm, "_CONNECT_SECONDS", 0.2)
    socket_folder = tmp_path if folder_is_there else tmp_path / "gone"
    monkeypatch.setenv(wire.ADDRESS, str(socket_folder / "socket"))
    monkeypatch.setenv(wire.KEY, "ab")
    request = Request(SMALL, "a b")
    done, output = captured(library, request)
    assert done == ["a b"]
    assert "does not answer" in output[0]
    assert "this build loads it by itself" in output[0]
    assert library.get(request).query_tokens[1].text == "b"


def test_where_conf_py_imports_transformers_the_build_computes_by_itself(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran = World({"small": 100})
    monkeypatch.setattr(library, "_opener", ran.open)
    monkeypatch.setenv(wire.ADDRESS, str(tmp_path / "socket"))
    assert captured(library, Request(SMALL, "a b"), configured=True) == (
        ["a b"],
        ["transformers is imported: this build loads the model by itself"],
    )


def test_functions_and_the_builtin_model_are_not_sent(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sphinx_attention.core.sources.builtin import builtin

    monkeypatch.setenv(wire.ADDRESS, str(tmp_path / "socket"))
    requests = (Request(builtin(), "the fox"), Request(FunctionSource("f", "gone:f"), "a"))
    done, output = captured(library, *requests)
    assert len(done) == 2
    assert not [line for line in output if "process" in line]
