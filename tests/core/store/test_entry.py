"""Entries are exact to the digits that figures show, and a damaged entry is never used."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.analysis.written import written
from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.request import FunctionSource, Request
from sphinx_attention.core.store.entry import (
    DamagedEntryError,
    NewerEntryError,
    is_newer,
    open_entry,
    pack,
    unpack,
    verify,
)
from tests.core.entries import REQUEST, attention

if TYPE_CHECKING:
    from collections.abc import Callable

OLD_ENTRY = (
    "6174746e666967013302bdd7bda57ba66d9a5d4ad873c1f28e112cb2af339aa359bb24bf6e77386b09020000"
    "7b22617272617973223a5b7b226279746573223a31362c22656e636f64696e67223a227374657073222c226e"
    "616d65223a2277656967687473222c227368617065223a5b312c312c322c325d7d2c7b226279746573223a39"
    "2c22656e636f64696e67223a2262697473222c226e616d65223a226d61736b6564222c227368617065223a5b"
    "312c322c325d7d5d2c226b6579223a2265343231363461613266653934646663373438343732343135366538"
    "396538626663643161393736663634306335323564626263336431656533623930656561222c226b65795f74"
    "6f6b656e73223a6e756c6c2c226c6162656c223a226d222c2270617274223a226465636f646572222c227072"
    "6f76656e616e6365223a7b22636f6d6d6974223a22616263227d2c2271756572795f746f6b656e73223a5b5b"
    "2261222c302c302c305d2c5b2262222c302c312c305d5d2c2272657175657374223a7b226b656570223a5b5d"
    "2c2270616972223a6e756c6c2c2270617274223a6e756c6c2c22736368656d61223a312c22736f7572636522"
    "3a7b226474797065223a22666c6f61743332222c226964223a226f72672f6d6f64656c222c226b696e64223a"
    "226d6f64656c222c2270617468223a6e756c6c2c227265766973696f6e223a6e756c6c7d2c22746172676574"
    "223a6e756c6c2c2274657874223a226120622063222c22746f6b656e73223a6e756c6c7d7d78da9367601777"
    "60b850000004ad01be78da73000000410041"
)


def back(attention: Attention) -> Attention:
    return unpack(pack(REQUEST, attention), REQUEST.key)


def test_every_number_that_a_page_shows_is_exact() -> None:
    """Thousandths are equal before and after, for weights in every part of a step of the store."""
    weights = np.linspace(0, 1, 100_000, dtype=np.float32).reshape(1, 1, -1, 1)
    queries = tuple(Token("x") for _ in range(weights.size))
    masked = np.zeros((1, weights.size, 1), dtype=bool)
    source = FunctionSource("f", "m:f")
    request = Request(source, "x")
    given_ = Attention(queries, (Token("y"),), weights, masked, "cross")
    found = unpack(pack(request, given_), request.key)
    thousandths = np.floor(weights.astype(np.float64) * 1000 + 0.5 + 1e-6)
    assert_array_equal(np.floor(found.weights.astype(np.float64) * 1000 + 0.5 + 1e-6), thousandths)


def test_queries_keys_values_and_two_rows_of_tokens() -> None:
    rng = np.random.default_rng(1)
    tensors = {n: rng.normal(size=(1, 1, 2, 4)).astype(np.float32) for n in ("keys", "values")}
    given_ = Attention(
        (Token("q"),),
        (Token("k"), Token("l")),
        np.array([[[[0.25, 0.75]]]], dtype=np.float32),
        np.zeros((1, 1, 2), dtype=bool),
        "cross",
        queries=rng.normal(size=(1, 1, 1, 4)).astype(np.float32),
        **tensors,
    )
    found = back(given_)
    assert found.key_tokens == given_.key_tokens
    assert found.queries is not None
    assert given_.queries is not None
    assert_array_equal(found.queries, given_.queries)
    assert found.keys is not None
    assert_array_equal(found.keys, tensors["keys"])
    assert found.values is not None
    assert_array_equal(found.values, tensors["values"])


def test_norms_and_the_measure_come_back() -> None:
    norms = np.random.default_rng(3).uniform(size=(2, 2, 5)).astype(np.float32)
    found = back(written(replace(attention(size=5, layers=2, heads=2), norms=norms)))
    assert found.norms is not None
    assert_array_equal(found.norms, norms)
    assert found.written
    assert found.alphas is None


def test_the_weights_behind_shares_come_back_where_vectors_are_kept() -> None:
    rng = np.random.default_rng(3)
    given_ = replace(
        attention(size=5, layers=2, heads=2),
        norms=rng.uniform(size=(2, 2, 5)).astype(np.float32),
        queries=rng.normal(size=(2, 2, 5, 4)).astype(np.float32),
    )
    found = back(written(given_))
    assert found.alphas is not None
    assert_array_equal(found.alphas, given_.weights)


def test_logit_terms_and_names_come_back() -> None:
    rng = np.random.default_rng(2)
    logit_terms = LogitTerms(
        scale=rng.normal(size=2).astype(np.float32),
        softcap=np.array([0, 50], np.float32),
        bias=rng.normal(size=(2, 1, 5, 5)).astype(np.float32),
        missing="a term of its own",
    )
    found = back(
        replace(
            attention(),
            logit_terms=logit_terms,
            layer_names=("3", "7"),
            head_names=("0", "1", "mean"),
        )
    )
    assert (found.layer_names, found.head_names) == (("3", "7"), ("0", "1", "mean"))
    assert found.logit_terms is not None
    assert_array_equal(found.logit_terms.scale, logit_terms.scale)
    assert_array_equal(found.logit_terms.softcap, logit_terms.softcap)
    assert found.logit_terms.bias is not None
    assert logit_terms.bias is not None
    assert_array_equal(found.logit_terms.bias, logit_terms.bias)
    assert (found.logit_terms.sinks, found.logit_terms.missing) == (None, "a term of its own")


def test_the_header_describes_the_entry() -> None:
    data = pack(REQUEST, replace(attention(), layer_names=("3", "7")))
    info = open_entry(data, REQUEST.key).info()
    assert (info.key, info.label, info.part) == (REQUEST.key, "org/model", "decoder")
    assert info.request["text"] == "a b c"
    assert info.request["source"]["id"] == "org/model"
    assert dict(info.provenance) == {"commit": "abc"}
    assert info.tokens == ("[CLS]", "</script>", "é", "🦊", "שלום")
    assert info.shape == (2, 3, 5, 5)
    assert (info.layer_names, info.head_names) == (("3", "7"), ("0", "1", "2"))
    assert info.bytes == len(data)


def head(data: bytes) -> dict[str, Any]:
    """The header of an entry, without the fields that depend on the version of zlib."""
    body = data[40:]
    header = json.loads(body[4 : 4 + int.from_bytes(body[:4], "little")])
    for array in header["arrays"]:
        del array["bytes"]
    return header


def test_entries_of_the_previous_version_are_read_and_written_unchanged() -> None:
    """These bytes are of the version without names and logit terms.

    Committed stores must not change.
    """
    weights = np.array([[[[1, 0], [0.25, 0.75]]]], dtype=np.float32)
    tokens = (Token("a", word=0), Token("b", word=1))
    mask = np.array([[[False, True], [False, False]]])
    given_ = Attention(tokens, tokens, weights, mask, "decoder", "m", provenance={"commit": "abc"})
    data = bytes.fromhex(OLD_ENTRY)
    assert head(pack(REQUEST, given_)) == head(data)
    found = unpack(data, REQUEST.key)
    assert_allclose(found.weights, weights, atol=1 / 8000)
    assert (found.layer_names, found.head_names, found.logit_terms) == (("0",), ("0",), None)


def test_the_same_bytes_every_time() -> None:
    assert pack(REQUEST, attention()) == pack(REQUEST, attention())


SMALL = pack(REQUEST, attention(layers=1, heads=1))
READERS: list[Callable[[bytes, str], object]] = [unpack, verify, open_entry]


@pytest.mark.parametrize("reader", READERS)
def test_an_entry_cut_short_at_any_byte_is_damaged(reader: Callable[[bytes, str], object]) -> None:
    reader(SMALL, REQUEST.key)
    for end in range(len(SMALL)):
        with pytest.raises(DamagedEntryError):
            reader(SMALL[:end], REQUEST.key)


@pytest.mark.parametrize("reader", READERS)
def test_any_single_bit_that_flips_is_seen(reader: Callable[[bytes, str], object]) -> None:
    for bit in range(8 * len(SMALL)):
        altered = bytearray(SMALL)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedEntryError):
            reader(bytes(altered), REQUEST.key)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_entry_has_right_numbers_or_is_refused(data: Any) -> None:
    """Bits are flipped, and ranges are overwritten, dropped, doubled or swapped."""
    bytes_ = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        here, there = sorted(data.draw(st.tuples(*[st.integers(0, len(bytes_))] * 2)))
        what = data.draw(st.sampled_from(["flip", "zero", "drop", "double", "noise", "join"]))
        if what == "flip" and here < len(bytes_):
            bytes_[here] ^= data.draw(st.integers(1, 255))
        elif what == "zero":
            bytes_[here:there] = bytes(there - here)
        elif what == "drop":
            del bytes_[here:there]
        elif what == "double":
            bytes_[here:here] = bytes_[here:there]
        elif what == "noise":
            bytes_[here:there] = data.draw(st.binary(max_size=40))
        else:
            bytes_ += data.draw(st.binary(max_size=40))
    if bytes(bytes_) == SMALL:
        unpack(SMALL, REQUEST.key)
        return
    with pytest.raises(DamagedEntryError):
        unpack(bytes(bytes_), REQUEST.key)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    for reader in READERS:
        with pytest.raises(DamagedEntryError):
            reader(data, REQUEST.key)


def crafted(**changes: Any) -> bytes:
    """An entry with a right checksum and a changed header, as only an attacker can make."""
    header, rest = head_and_rest(SMALL)
    return sealed(json.dumps({**header, **changes}).encode(), rest)


def sealed(header: bytes, rest: bytes) -> bytes:
    body = len(header).to_bytes(4, "little") + header + rest
    return SMALL[:8] + hashlib.blake2b(body, digest_size=32).digest() + body


def head_and_rest(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[40:44], "little")
    return json.loads(data[44 : 44 + length]), data[44 + length :]


def test_a_wrong_header_is_refused_under_a_right_checksum() -> None:
    unpack(crafted(), REQUEST.key)
    arrays = head_and_rest(SMALL)[0]["arrays"]
    for data in (
        crafted(arrays=[]),
        crafted(arrays=None),
        crafted(query_tokens=[["a", 0]]),
        crafted(arrays=[{**arrays[0], "shape": [1, 1, 5, 6]}, arrays[1]]),
        crafted(arrays=[{**arrays[0], "shape": [-1, -1, 5, 5]}, arrays[1]]),
        crafted(arrays=[{**arrays[0], "shape": [2**40, 2**40, 5, 5]}, arrays[1]]),
        crafted(arrays=[{**arrays[0], "encoding": "pickle"}, arrays[1]]),
        crafted(arrays=[{**arrays[0], "bytes": 3}, arrays[1]]),
        crafted(key=None),
        sealed(b"[]", b""),
        sealed(b"{", b""),
        sealed(b"\xff", b""),
        sealed(b"[" * 100_000, b""),
    ):
        with pytest.raises(DamagedEntryError):
            unpack(data, REQUEST.key)


def test_an_entry_that_inflates_to_too_much_is_refused() -> None:
    header, _ = head_and_rest(SMALL)
    bomb = zlib.compress(bytes(50_000_000), 9)
    mask = zlib.compress(bytes(4))
    header["arrays"][0]["bytes"], header["arrays"][1]["bytes"] = len(bomb), len(mask)
    data = sealed(json.dumps(header).encode(), bomb + mask)
    with pytest.raises(DamagedEntryError, match=r"weights of the shape .* have another size"):
        unpack(data, REQUEST.key)


def test_an_entry_of_another_request_is_damaged() -> None:
    with pytest.raises(DamagedEntryError, match="another request"):
        unpack(SMALL, replace(REQUEST, text="other").key)


def test_an_entry_of_a_newer_format_says_so() -> None:
    newer = SMALL[:7] + b"\x09" + SMALL[8:]
    for data in (newer, newer[:16]):
        with pytest.raises(
            NewerEntryError, match=r"newer sphinx-attention \(format 9, this version"
        ):
            verify(data, REQUEST.key)
        assert is_newer(data)
    assert not is_newer(SMALL)
    with pytest.raises(DamagedEntryError, match="of format 0, this version reads format 1"):
        verify(SMALL[:7] + b"\x00" + SMALL[8:], REQUEST.key)
