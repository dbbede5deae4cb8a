"""Summaries of many sentences: one entry, made in the same capture as other requests."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pytest

from sphinx_attention.core.analysis import summaries
from sphinx_attention.core.analysis.parts import select
from sphinx_attention.core.attention import Attention, Summary, Token
from sphinx_attention.core.capture.chunks import Destination, chunks, run_chunk, take_in
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.capture.recompute import recompute
from sphinx_attention.core.capture.wire import read_requests, write_requests
from sphinx_attention.core.errors import AttentionError, Problem, error_of, fields_of
from sphinx_attention.core.request import FunctionSource, Request, SummarySpec
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.core.store.entry import DamagedEntryError, pack, unpack
from sphinx_attention.core.store.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

SOURCE = FunctionSource("toy", "toy:attend")
TEXTS = ("one two three", "four five", "six seven eight nine")


class Diagonals:
    """The mean weight of each token on itself, a number for each head and sentence."""

    def __init__(self, request: Request) -> None:
        assert request.summary is not None
        if dict(request.summary.parameters).get("library") == "missing":
            raise AttentionError(Problem.INSTALL, "a library is missing")
        self._found: dict[int, Attention] = {}

    def add(self, number: int, attention: Attention) -> None:
        self._found[number] = attention

    def finish(self) -> Attention:
        ordered = [self._found[number] for number in sorted(self._found)]
        means = [np.diagonal(a.weights, axis1=2, axis2=3).mean(axis=-1) for a in ordered]
        lengths = np.array([len(a.query_tokens) for a in ordered], np.int32)
        summary = Summary(
            "diagonals",
            tuple(a.query_tokens for a in ordered),
            {"own": np.stack(means, axis=-1).astype(np.float32)},
            {
                "lengths": lengths,
                "bytes": lengths.astype(np.uint8),
                "words": lengths.astype(np.uint16),
            },
            {"unit": "weight"},
        )
        return replace(ordered[0], summary=summary)


def attention_of(text: str) -> Attention:
    tokens = tuple(Token(word, word=n) for n, word in enumerate(text.split()))
    count = len(tokens)
    weights = np.random.default_rng(count).dirichlet(np.ones(count), (2, 3, count)) * 0.99
    return Attention(tokens, tokens, weights.astype(np.float32), np.zeros((1, count, count), bool))


class Runner:
    """Counts how often it was opened and what it ran."""

    def __init__(self) -> None:
        self.opened = 0
        self.ran: list[str] = []

    def open(self, source: Any) -> AbstractContextManager[Runner]:
        assert source == SOURCE
        self.opened += 1
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(
        self, requests: Sequence[Request]
    ) -> Iterator[tuple[Request, Attention | AttentionError]]:
        for request in requests:
            self.ran.append(request.text)
            if request.text == "broken":
                raise ValueError("no luck")
            if request.text in {"bad", "it"}:
                yield request, AttentionError(Problem.TEXT, "it is too long")
            else:
                yield request, attention_of(request.text)


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    known = summaries.SummaryKind(f"{__name__}:Diagonals")
    monkeypatch.setattr(summaries, "KINDS", {"diagonals": known})
    monkeypatch.setattr("sphinx_attention.core.capture.library.KINDS", {"diagonals": known})
    monkeypatch.setattr("sphinx_attention.core.capture.recompute.KINDS", {"diagonals": known})


def requested(texts: tuple[str, ...] = TEXTS, **parameters: Any) -> Request:
    spec = SummarySpec("diagonals", texts, tuple(sorted(parameters.items())))
    return Request(SOURCE, texts[0], summary=spec)


def test_the_key_has_the_sentences_their_order_and_the_parameters() -> None:
    keys = {
        requested().key,
        requested(TEXTS[::-1]).key,
        requested(TEXTS[:2]).key,
        requested(c=2).key,
        Request(SOURCE, TEXTS[0]).key,
    }
    assert len(keys) == 5
    assert requested().key == requested().key
    assert [base.text for base in requested().bases] == list(TEXTS)
    assert requested().bases[0].key == Request(SOURCE, TEXTS[0]).key


def test_one_entry_is_made_in_one_run_with_the_other_requests() -> None:
    runner, store = Runner(), MemoryStore()
    library = Library(store, opener=runner.open)
    other = Request(SOURCE, "four five")
    done = [r for r, _ in library.capture(library.missing([requested(), other]))]
    assert set(done) == {requested(), other}
    assert runner.opened == 1
    # The sentence that both of them need is run once.
    assert sorted(runner.ran) == sorted(TEXTS)
    assert list(store.keys()) == sorted([requested().key, other.key])
    made = library.get(requested()).summary
    assert made is not None
    for number, text in enumerate(TEXTS):
        weights = attention_of(text).weights
        expected = [
            [weights[li, h].trace() / len(text.split()) for h in range(3)] for li in range(2)
        ]
        assert made.arrays["own"][..., number] == pytest.approx(np.array(expected))
    assert made.common["lengths"].tolist() == [3, 2, 4]
    assert [[t.text for t in s] for s in made.sentences] == [t.split() for t in TEXTS]
    assert made.facts == {"unit": "weight"}
    assert library.missing([requested()]) == []


def test_an_entry_comes_back_as_it_was_written() -> None:
    maker = Diagonals(requested())
    for number, text in enumerate(TEXTS):
        maker.add(number, attention_of(text))
    made = maker.finish()
    data = pack(requested(), made)
    assert pack(requested(), made) == data
    read = unpack(data, requested().key)
    assert read.summary is not None
    assert made.summary is not None
    for name, array in {**made.summary.arrays, **made.summary.common}.items():
        found = {**read.summary.arrays, **read.summary.common}[name]
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)
    few = select(read, [1], [0, 2])
    assert few.summary is not None
    assert np.array_equal(few.summary.arrays["own"], made.summary.arrays["own"][[1]][:, [0, 2]])
    with pytest.raises(DamagedEntryError):
        unpack(data, requested(c=2).key)


def test_an_entry_of_one_sentence_has_no_summary() -> None:
    request = Request(SOURCE, TEXTS[0])
    with pytest.raises(ValueError, match="none was asked for"):
        pack(request, replace(attention_of(TEXTS[0]), summary=Summary("diagonals", ())))


@pytest.mark.parametrize("bad", ["bad", "it"])
def test_the_sentence_that_fails_is_named(bad: str) -> None:
    """Also if the sentence is a word of the message."""
    runner = Runner()
    library = Library(MemoryStore(), opener=runner.open)
    wrong = requested(("one two", bad, "six"))
    done = [r for r, _ in library.capture([wrong, Request(SOURCE, "six")])]
    assert done.count(wrong) == 1
    assert library.failures[wrong.key].message == f"sentence 2, “{bad}”: it is too long"
    assert library.get(Request(SOURCE, "six"))


def test_a_sentence_that_its_error_names_is_not_named_twice() -> None:
    library = Library(MemoryStore(), opener=Runner().open)
    wrong = requested(("one two", "broken", "six"))
    list(library.capture([wrong]))
    error = library.failures[wrong.key]
    assert error.message == f"{SOURCE.label} over “broken” failed: ValueError: no luck"
    # The field is kept on the way to another process, and in a file.
    for copy in (
        pickle.loads(pickle.dumps(error)),
        error_of(json.loads(json.dumps(fields_of(error)))),
    ):
        assert (copy.subject, copy.about("broken", "sentence 2")) == ("broken", copy)


def test_a_missing_library_is_reported_before_a_model_is_opened() -> None:
    runner = Runner()
    library = Library(MemoryStore(), opener=runner.open)
    wrong = requested(library="missing")
    list(library.capture([wrong]))
    assert runner.opened == 0
    assert library.failures[wrong.key].problem is Problem.INSTALL


def test_a_frozen_build_says_which_command_makes_it() -> None:
    library = Library(MemoryStore(), "frozen")
    with pytest.raises(AttentionError, match="diagonals") as raised:
        library.get(requested())
    assert "“one two three” and 2 more sentences" in raised.value.message
    assert f"--only {requested().key[:12]}" in raised.value.message


def test_it_goes_over_the_wire_and_through_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = requested(heads=(0, 2), c=0.5)
    assert read_requests(write_requests([request])) == [request]
    runner = Runner()
    monkeypatch.setattr("sphinx_attention.core.capture.chunks.open_source", runner.open)
    parts = chunks([request, Request(SOURCE, "six")])
    assert [len(part.requests) for part in parts] == [2]
    ran = run_chunk(Destination(None), parts[0])
    library = Library(FolderStore(tmp_path))
    assert set(take_in(library, parts[0].requests, ran)) == set(parts[0].requests)
    assert library.get(request).summary is not None


def test_what_is_computed_again_is_compared() -> None:
    runner, store = Runner(), MemoryStore()
    list(Library(store, opener=runner.open).capture([requested()]))
    assert list(recompute(store, [requested()], runner.open)) == [(requested(), "")]
    moved = store.get(requested().key)
    assert moved is not None
    assert moved.summary is not None
    moved = replace(
        moved, summary=replace(moved.summary, arrays={"own": moved.summary.arrays["own"] + 0.1})
    )
    store.put(requested(), moved)
    ((_, why),) = recompute(store, [requested()], runner.open)
    assert why.startswith("its own differ, by 0.1")
