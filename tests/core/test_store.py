"""The store: whole or not at all, right to the shown digit, small."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.store import DamagedEntryError, Store, pack, unpack

REQUEST = Request(source=ModelSource(name="m", id="org/model"), text="a b c")


def attention(seed: int = 0, size: int = 5, layers: int = 2, heads: int = 3) -> Attention:
    rng = np.random.default_rng(seed)
    masked = np.triu(np.ones((1, size, size), dtype=bool), 1)
    logits = np.where(masked, -np.inf, rng.normal(0, 3, (layers, heads, size, size)))
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    tokens = tuple(
        Token(t, special=i == 0, word=None if i == 0 else i, segment=i // 3)
        for i, t in enumerate(["[CLS]", "</script>", "é", "🦊", "שלום"] + ["x"] * (size - 5))
    )
    return Attention(
        tokens,
        tokens,
        weights.astype(np.float32),
        masked,
        "decoder",
        "org/model",
        provenance={"commit": "abc"},
    )


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    store, given = Store(tmp_path / "store"), attention()
    assert store.get(REQUEST.key) is None
    store.put(REQUEST, given)
    found = Store(tmp_path / "store").get(REQUEST.key)
    assert found is not None
    assert found.query_tokens == given.query_tokens
    assert found.one_row
    assert_array_equal(found.masked, given.masked)
    assert_allclose(found.weights, given.weights, atol=1 / 8000)
    assert (found.part, found.label, dict(found.provenance)) == (
        "decoder",
        "org/model",
        {"commit": "abc"},
    )
    assert list(store.keys()) == [REQUEST.key]
    assert store.has(REQUEST.key)
    assert not store.has("0" * 64)


def test_every_number_that_a_page_shows_is_exact(tmp_path: Path) -> None:
    """Rounded to thousandths, before and after, for weights in every place of a step."""
    weights = np.linspace(0, 1, 250_000, dtype=np.float32).reshape(1, 1, 500, 500)
    tokens = tuple(Token("x") for _ in range(500))
    given = Attention(tokens, tokens, weights, np.zeros((1, 500, 500), dtype=bool))
    store = Store(tmp_path)
    store.put(REQUEST, given)
    found = store.get(REQUEST.key)
    assert found is not None
    thousandths = np.floor(weights.astype(np.float64) * 1000 + 0.5 + 1e-6)
    assert_array_equal(np.floor(found.weights.astype(np.float64) * 1000 + 0.5 + 1e-6), thousandths)


def test_queries_keys_values_and_two_rows_of_tokens(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    tensors = {n: rng.normal(size=(1, 1, 2, 4)).astype(np.float32) for n in ("keys", "values")}
    given = Attention(
        (Token("q"),),
        (Token("k"), Token("l")),
        np.array([[[[0.25, 0.75]]]], dtype=np.float32),
        np.zeros((1, 1, 2), dtype=bool),
        "cross",
        queries=rng.normal(size=(1, 2, 1, 4)).astype(np.float32),
        **tensors,
    )
    store = Store(tmp_path)
    store.put(REQUEST, given)
    found = store.get(REQUEST.key)
    assert found is not None
    assert found.key_tokens == given.key_tokens
    assert found.queries is not None
    assert given.queries is not None
    assert_array_equal(found.queries, given.queries)
    assert found.keys is not None
    assert_array_equal(found.keys, tensors["keys"])
    assert found.values is not None


def test_the_same_bytes_every_time() -> None:
    assert pack(REQUEST, attention()) == pack(REQUEST, attention())


def test_an_entry_cut_short_anywhere_or_altered_anywhere_is_damaged() -> None:
    data = pack(REQUEST, attention(layers=1, heads=1))
    unpack(data, REQUEST.key)
    for end in range(len(data)):
        with pytest.raises(DamagedEntryError):
            unpack(data[:end], REQUEST.key)
    for place in range(len(data)):
        altered = bytearray(data)
        altered[place] ^= 0x40
        with pytest.raises(DamagedEntryError):
            unpack(bytes(altered), REQUEST.key)


def test_an_entry_under_another_key_is_damaged(tmp_path: Path) -> None:
    store, other = Store(tmp_path), replace(REQUEST, text="other")
    store.put(REQUEST, attention())
    store.path(other.key).parent.mkdir(parents=True, exist_ok=True)
    store.path(REQUEST.key).rename(store.path(other.key))
    with pytest.raises(DamagedEntryError, match="another request"):
        store.get(other.key)


def test_an_entry_of_a_newer_format_says_so() -> None:
    data = bytearray(pack(REQUEST, attention()))
    data[7] = 9
    with pytest.raises(DamagedEntryError, match="format 9, this version reads format 1"):
        unpack(bytes(data), REQUEST.key)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AttentionError, match="No space left") as caught:
        Store(tmp_path).put(REQUEST, attention())
    assert caught.value.problem is Problem.STORE
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_killed_while_writing_leaves_whole_entries_only(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from test_store import REQUEST, attention\n"
        "from sphinx_attention.core.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "given = attention(size=40)\n"
        "for n in range(10**6):\n"
        "    store.put(replace(REQUEST, text=str(n)), given)\n"
        "    print(n, flush=True)\n"
    )
    for run in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"0\n"
        time.sleep(0.02 * run)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        store = Store(tmp_path)
        keys = list(store.keys())
        assert keys
        assert all(store.get(key) is not None for key in keys)


def test_entries_can_be_read_by_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(REQUEST, attention())
    umask = os.umask(0)
    os.umask(umask)
    assert store.path(REQUEST.key).stat().st_mode & 0o777 == 0o666 & ~umask
