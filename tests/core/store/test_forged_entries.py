"""Forged entries: a right checksum over content that `pack` would not write."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Candidate
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.request import FunctionSource, Request
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.core.store.checks import UnfitError
from sphinx_attention.core.store.entry import (
    DamagedEntryError,
    pack,
    unpack,
    verify,
)
from sphinx_attention.core.store.entry_arrays import STEPS, TENSORS
from sphinx_attention.core.store.entry_header import FREE_NUMBERS
from sphinx_attention.core.store.folder import FolderStore
from tests.core.entries import REQUEST, attention
from tests.core.store.forged import BLOBS, ENTRY, HEADER, floats, sealed, steps, with_array

TOKENS = HEADER["query_tokens"]


def token(**fields: Any) -> list[Any]:
    """The tokens, with a forged second token."""
    forged = dict(zip(("text", "special", "word", "segment"), TOKENS[1], strict=True)) | fields
    return [TOKENS[0], list(forged.values()), *TOKENS[2:]]


GENERATED = replace(REQUEST, generate=2)
STEPS_TAKEN: list[Any] = [[["🦊", 0.5], ["x", 0.25]], [["שלום", 1]]]


def went_on(candidates: Any, **changes: Any) -> bytes:
    """An entry of a model that generated the last two tokens."""
    requested = {"key": GENERATED.key, "request": json.loads(GENERATED.canonical())}
    return sealed({**HEADER, **requested, "candidates": candidates, **changes})


WENT_ON = {
    "none": went_on(None),
    "of a text": went_on("x"),
    "no steps": went_on([]),
    "more steps than asked for": went_on([*STEPS_TAKEN, *STEPS_TAKEN]),
    "a step of nothing": went_on([[], STEPS_TAKEN[1]]),
    "a step of many": went_on([[["🦊", 0.05]] * 11, STEPS_TAKEN[1]]),
    "a candidate of three": went_on([[["🦊", 0.5, 1]], STEPS_TAKEN[1]]),
    "a text of a number": went_on([[["🦊", 0.5], [3, 0.1]], STEPS_TAKEN[1]]),
    "a text of 10 MB": went_on([[["🦊", 0.5], ["x" * 10**7, 0.1]], STEPS_TAKEN[1]]),
    "half of a character": went_on([[["🦊", 0.5], ["\ud800", 0.1]], STEPS_TAKEN[1]]),
    "a share of a text": went_on([[["🦊", "0.5"]], STEPS_TAKEN[1]]),
    "a share of true": went_on([[["🦊", True]], STEPS_TAKEN[1]]),
    "a share that is none": went_on([[["🦊", float("nan")]], STEPS_TAKEN[1]]),
    "a share above 1": went_on([[["🦊", 1.5]], STEPS_TAKEN[1]]),
    "a share below 0": went_on([[["🦊", -0.1]], STEPS_TAKEN[1]]),
    "not in order": went_on([[["🦊", 0.1], ["x", 0.2]], STEPS_TAKEN[1]]),
    "sums to 2": went_on([[["🦊", 1], ["x", 1]], STEPS_TAKEN[1]]),
    "another token": went_on([[["x", 0.5], ["🦊", 0.25]], STEPS_TAKEN[1]]),
    "other keys": went_on(STEPS_TAKEN, key_tokens=[["x", 0, 0, 0]] * 5),
}


def test_an_entry_with_generated_tokens_is_read() -> None:
    read = unpack(went_on(STEPS_TAKEN), GENERATED.key)
    assert [[tuple(c) for c in step] for step in STEPS_TAKEN] == [
        [(one.text, one.probability) for one in step] for step in read.candidates
    ]
    assert unpack(ENTRY, REQUEST.key).candidates == ()


@pytest.mark.parametrize("name", WENT_ON)
def test_forged_candidates_are_refused(name: str) -> None:
    with pytest.raises(DamagedEntryError, match="its contents cannot be right"):
        unpack(WENT_ON[name], GENERATED.key)


def test_candidates_of_a_request_without_generate_are_refused() -> None:
    with pytest.raises(DamagedEntryError, match="nothing was to be generated"):
        unpack(sealed({**HEADER, "candidates": STEPS_TAKEN}), REQUEST.key)


def test_weights_of_generated_text_on_later_tokens_are_refused() -> None:
    seen = attention(size=5, layers=2, heads=2)
    forged = replace(
        seen,
        masked=np.zeros((1, 5, 5), bool),
        candidates=((Candidate("🦊", 0.5),), (Candidate("שלום", 0.5),)),
    )
    with pytest.raises(UnfitError, match="sees a later one"):
        pack(GENERATED, forged)


FORGED = {
    "token text of a number": sealed({**HEADER, "query_tokens": token(text=7)}),
    "token text of 10 MB": sealed({**HEADER, "query_tokens": token(text="x" * 10_000_000)}),
    "half of a character": sealed({**HEADER, "query_tokens": token(text="\ud800")}),
    "special of a text": sealed({**HEADER, "query_tokens": token(special="yes")}),
    "word below 0": sealed({**HEADER, "query_tokens": token(word=-1)}),
    "word of a text": sealed({**HEADER, "query_tokens": token(word="a")}),
    "segment of a list": sealed({**HEADER, "query_tokens": token(segment=[1])}),
    "segment 10**30": sealed({**HEADER, "query_tokens": token(segment=10**30)}),
    "a token of three": sealed({**HEADER, "query_tokens": [t[:3] for t in TOKENS]}),
    "no tokens": sealed({**HEADER, "query_tokens": []}),
    "tokens of an object": sealed({**HEADER, "query_tokens": {"a": 1}}),
    "other key tokens": sealed({**HEADER, "key_tokens": TOKENS[:4]}),
    "label of a number": sealed({**HEADER, "label": 3}),
    "label without end": sealed({**HEADER, "label": "x" * 100_000}),
    "part unknown": sealed({**HEADER, "part": "x"}),
    "part of a list": sealed({**HEADER, "part": ["encoder"]}),
    "provenance of a list": sealed({**HEADER, "provenance": ["a"]}),
    "provenance of numbers": sealed({**HEADER, "provenance": {"commit": 3}}),
    "provenance without end": sealed({**HEADER, "provenance": {"generated": "x" * 10**6}}),
    "names too few": sealed({**HEADER, "layer_names": ["3"]}),
    "names of numbers": sealed({**HEADER, "layer_names": [3, 7]}),
    "a name twice": sealed({**HEADER, "head_names": ["0", "0"]}),
    "names of a text": sealed({**HEADER, "head_names": "01"}),
    "scoring of a text": sealed({**HEADER, "scoring": "x"}),
    "scoring missing": sealed({**HEADER, "scoring": {"missing": 3}}),
    "scoring not announced": sealed({k: v for k, v in HEADER.items() if k != "scoring"}),
    "another request": sealed({**HEADER, "request": {**HEADER["request"], "text": "other"}}),
    "no request": sealed({**HEADER, "request": None}),
    "no arrays": sealed({**HEADER, "arrays": []}),
    "arrays of a text": sealed({**HEADER, "arrays": "weights"}),
    "an array twice": sealed({**HEADER, "arrays": HEADER["arrays"] + HEADER["arrays"][:1]}),
    "bytes left over": sealed(HEADER, BLOBS + b"more"),
    "bytes below 0": with_array("masked", b"\0" * 7, bytes=-1),
    "a truth for a number": with_array("masked", b"\0" * 7, shape=[True, 5, 5]),
    "a weight of 2": with_array("weights", steps(np.eye(5) * 2 * STEPS)),
    "a weight of 8": with_array("weights", steps(65535)),
    "rows that sum to 2": with_array("weights", steps(np.tri(5) * 2 * STEPS // 5)),
    "a masked weight": with_array("weights", steps(np.eye(5)[::-1] * STEPS)),
    "a mask of another shape": with_array("masked", b"\0" * 5, shape=[1, 5, 8]),
    "a mask too short": with_array("masked", b"\0" * 3),
    "weights too long": with_array("weights", steps(0) + b"more"),
    "queries of another shape": with_array("queries", bytes(4 * 80), shape=[2, 2, 4, 5]),
    "more keys' heads than heads": with_array("keys", bytes(4 * 120), shape=[2, 3, 5, 4]),
    "keys of another length": with_array("keys", bytes(4 * 50), shape=[2, 1, 5, 5]),
    "norms of another shape": with_array("norms", bytes(4 * 10), shape=[2, 1, 5]),
    "alphas of another shape": with_array("alphas", bytes(4 * 50), shape=[2, 1, 5, 5]),
    "alphas below 0": with_array("alphas", floats("alphas", -0.5)),
    "alphas above 1": with_array("alphas", floats("alphas", 1.5)),
    "norms below 0": with_array("norms", floats("norms", -1)),
    "softcap below 0": with_array("scoring.softcap", floats("scoring.softcap", -1)),
    "scale of another shape": with_array("scoring.scale", bytes(12), shape=[3]),
    **{
        f"{name} of {number}": with_array(name, floats(name, number))
        for name in (*TENSORS, "scoring.scale", "scoring.softcap")
        for number in (np.nan, np.inf, -np.inf, 1e30)
    },
    "bias of nan": with_array("scoring.bias", floats("scoring.bias", np.nan)),
    "sinks of inf": with_array("scoring.sinks", floats("scoring.sinks", np.inf)),
}


def test_the_entry_before_forging_is_sound() -> None:
    found = unpack(sealed(HEADER), REQUEST.key)
    assert found.logit_terms is not None
    assert (found.layers, found.heads, found.layer_names) == (2, 2, ("3", "7"))
    assert (
        unpack(with_array("weights", steps(np.eye(5) * STEPS)), REQUEST.key).weights[0, 0, 4, 4]
        == 1
    )


@pytest.mark.parametrize("what", FORGED)
def test_an_entry_that_pack_would_not_write_is_damaged(what: str) -> None:
    with pytest.raises(DamagedEntryError, match=r"cannot be right|cannot be read") as caught:
        verify(FORGED[what], REQUEST.key)
    assert len(str(caught.value)) < 300
    # The entry is refused everywhere, and counts as missing, as after any other damage.
    with pytest.raises(DamagedEntryError):
        MemoryStore().put_bytes(REQUEST.key, FORGED[what])


def test_a_forged_entry_is_found_before_its_page_is_written(tmp_path: Any) -> None:
    store = FolderStore(tmp_path)
    for what in ("token text of a number", "bias of nan"):
        store.write(REQUEST.key, FORGED[what])
        library = Library(store)
        if not library.missing([REQUEST]):
            # At first only the header is read. Decoding the numbers finds the damage.
            with pytest.raises(Exception, match="cannot be used: its contents cannot be right"):
                library.get(REQUEST)
        (reported,) = library.drain_warnings()
        assert "cannot be right" in reported.message
        assert reported.key == REQUEST.key


# Small entries that unpack to much


def bomb(shape: list[int], tokens: int, request: Request = REQUEST) -> bytes:
    """An entry with that many weights of zero, compressed to a thousandth."""
    raw = zlib.compressobj(9)
    count = 2 * int(np.prod(shape))
    blob = b"".join(
        raw.compress(bytes(min(1 << 20, count - at))) for at in range(0, count, 1 << 20)
    )
    blob += raw.flush()
    mask = zlib.compress(bytes(-(-shape[2] * shape[3] // 8)))
    header = {
        **HEADER,
        "key": request.key,
        "request": json.loads(request.canonical()),
        "query_tokens": [["x", 0, 0, 0]] * tokens,
        "layer_names": None,
        "scoring": None,
        "arrays": [
            {"name": "weights", "encoding": "steps", "shape": shape, "bytes": len(blob)},
            {
                "name": "masked",
                "encoding": "bits",
                "shape": [1, *shape[2:]],
                "bytes": len(mask),
            },
        ],
    }
    return sealed(header, blob + mask)


@pytest.mark.parametrize("source", ["model", "function"])
def test_a_small_entry_that_unpacks_to_much_is_refused_before_unpacking(source: str) -> None:
    request = REQUEST if source == "model" else Request(FunctionSource("f", "m:f"), "a b c")
    data = bomb([1, 1, 6000, 6000], 6000, request)
    assert len(data) < 300_000
    tracemalloc.start()
    with pytest.raises(DamagedEntryError, match=r"tokens for a text of|announce"):
        unpack(data, request.key)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_text_cannot_have_more_tokens_than_bytes() -> None:
    with pytest.raises(DamagedEntryError, match="has 2,000 tokens for a text of 5"):
        unpack(bomb([1, 1, 2000, 2000], 2000), REQUEST.key)


@pytest.mark.slow
def test_very_compressible_entries_are_written_readable() -> None:
    """Sparse rows of a long text compress so well that they would look like an attack."""
    size = int(FREE_NUMBERS**0.5) + 4
    tokens = attention(size=size, layers=1, heads=1).query_tokens
    weights = np.eye(size, dtype=np.float32)[None, None]
    given_ = Attention(tokens, tokens, weights, np.zeros((1, size, size), bool))
    request = Request(FunctionSource("f", "m:f"), "x")
    found = unpack(pack(request, given_), request.key)
    assert np.array_equal(found.weights, weights)


@pytest.mark.parametrize("number", [np.nan, np.inf, -0.5, 2.0])
def test_an_entry_that_could_not_be_read_is_not_written(number: float) -> None:
    weights = attention().weights.copy()
    weights[0, 0, 4, 0] = number
    with pytest.raises(UnfitError):
        pack(REQUEST, replace(attention(), weights=weights))
