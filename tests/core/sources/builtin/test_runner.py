"""In NumPy, the built-in model gives the tokens, numbers, names and errors that PyTorch gives."""

from __future__ import annotations

import functools
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.capture.recompute import compare, recompute
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import FOLDER, builtin, is_builtin
from sphinx_attention.core.sources.builtin import runner as module
from sphinx_attention.core.sources.huggingface.runner import ModelRunner
from sphinx_attention.core.store.entry import pack, unpack
from sphinx_attention.core.store.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
VECTORS = ("queries", "keys", "values")

REQUESTS: dict[str, dict[str, Any]] = {
    "a sentence": {"text": "the quick brown fox jumps over the lazy dog"},
    "one word": {"text": "bank"},
    "white space around": {"text": "  two  words \n"},
    "bytes of characters": {"text": "東京 jümps 🦊 e\u0301 <start>"},
    "a control character": {"text": "a\x00b\x7f"},
    "one layer": {"text": "The thieves robbed the bank", "layers": (1,)},
    "two layers": {"text": "The thieves robbed the bank", "layers": (2, 0)},
    "its only part": {"text": "a b", "part": "decoder"},
    "vectors": {"text": "the sun and the moon and", "keep": VECTORS},
    "values alone": {"text": "the sun and the moon and", "keep": ("values",)},
    "vectors of a layer": {"text": "the sun and the moon and", "keep": VECTORS, "layers": (1,)},
    "what heads write": {"text": "the sun and the moon and", "keep": ("norms",)},
    "what heads write in a layer": {"text": "a b c", "keep": ("norms",), "layers": (2,)},
    "going on": {"text": "one two three one two", "generate": 6},
    "going on in bytes": {"text": "東京 jümps 🦊 東京 jümps", "generate": 9},
    "going on, vectors": {"text": "a dog. a", "generate": 3, "keep": VECTORS, "layers": (1,)},
    "going on past its length": {"text": "word " * 500, "generate": 20},
    "going on from all": {"text": "word " * 511, "generate": 1},
    "going on, a pair": {"text": "a b", "pair": "c", "generate": 3},
    "going on, a target": {"text": "a b", "target": "c", "generate": 3},
    "a pair": {"text": "a b", "pair": "c"},
    "a target": {"text": "a b", "target": "c"},
    "another part": {"text": "a b", "part": "encoder"},
    "cross attention": {"text": "a b", "part": "cross"},
    "no such layer": {"text": "a b", "layers": (0, 3)},
    "no text": {"text": " \n"},
    "too long": {"text": "word " * 700},
    "too long, and a target": {"text": "word " * 700, "target": "a"},
    "a pair of nothing": {"text": "", "pair": "a"},
}


@pytest.fixture(scope="module")
def torch_runner() -> Iterator[ModelRunner]:
    """A runner of transformers for the same files."""
    with ModelRunner(builtin()) as runner:
        yield runner


def answer(runner: Any, request: Request) -> Attention | AttentionError:
    ((requested, found),) = runner.run([request])
    assert requested == request
    return found


def ours(request: Request) -> Attention | AttentionError:
    with open_source(builtin()) as runner:
        return answer(runner, request)


def same(mine: Attention, theirs: Attention) -> None:
    """Check that everything is equal except for the record of the program, and for rounding."""
    for name in ("query_tokens", "key_tokens", "part", "label", "layer_names", "head_names"):
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.provenance.get("continued") == theirs.provenance.get("continued")
    assert len(mine.candidates) == len(theirs.candidates)
    for one, other in zip(mine.candidates, theirs.candidates, strict=True):
        assert one[0].text == other[0].text
        shares = [[c.probability for c in step] for step in (one, other)]
        np.testing.assert_allclose(*shares, rtol=0, atol=2e-5)
    np.testing.assert_array_equal(mine.masked, theirs.masked)
    np.testing.assert_allclose(mine.weights, theirs.weights, rtol=0, atol=2e-5)
    for name in (*VECTORS, "norms"):
        got, expected = getattr(mine, name), getattr(theirs, name)
        assert (got is None) == (expected is None), name
        if expected is not None:
            atol = 1e-5 * max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(got, expected, rtol=0, atol=atol, err_msg=name)
    assert (mine.logit_terms is None) == (theirs.logit_terms is None)
    if mine.logit_terms is not None and theirs.logit_terms is not None:
        for name in ("scale", "softcap"):
            np.testing.assert_array_equal(
                getattr(mine.logit_terms, name), getattr(theirs.logit_terms, name)
            )
        assert mine.logit_terms.bias is theirs.logit_terms.bias is None
        assert mine.logit_terms.sinks is theirs.logit_terms.sinks is None
        assert mine.logit_terms.missing == theirs.logit_terms.missing == ""


def answers_agree(mine: Attention | AttentionError, theirs: Attention | AttentionError) -> None:
    """Both are the same attention, or the same error."""
    if isinstance(theirs, AttentionError):
        assert isinstance(mine, AttentionError)
        assert (mine.problem, mine.message) == (theirs.problem, theirs.message)
    else:
        assert isinstance(mine, Attention)
        same(mine, theirs)


@pytest.mark.models
@pytest.mark.parametrize("name", REQUESTS)
def test_it_answers_as_pytorch_does(torch_runner: ModelRunner, name: str) -> None:
    request = Request(builtin(), **REQUESTS[name])
    answers_agree(ours(request), answer(torch_runner, request))


@pytest.mark.models
@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_it_answers_any_text_as_pytorch_does(torch_runner: ModelRunner, text: str) -> None:
    request = Request(builtin(), text, keep=VECTORS)
    answers_agree(ours(request), answer(torch_runner, request))


def test_half_a_character_is_refused() -> None:
    found = ours(Request(builtin(), "a \ud800 b"))
    assert isinstance(found, AttentionError)
    assert found.problem is Problem.TEXT
    assert "half of a character" in found.message


@pytest.mark.parametrize(
    ("name", "content", "output"),
    [
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "header promises"),
        ("model.safetensors", struct.pack("<Q", 2) + b"{}", "model.embed_tokens.weight"),
        ("model.safetensors", None, "No such file"),
        ("config.json", b"{}", "for model_type in config.json: expected 'llama'"),
        ("config.json", b"[", "JSONDecodeError"),
        ("tokenizer.json", b'{"model": {}}', "tokenizer.json"),
        ("tokenizer.json", b"", "JSONDecodeError"),
    ],
)
def test_unusable_files_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, output: str
) -> None:
    shutil.copytree(FOLDER, tmp_path / "builtin")
    if content is None:
        (tmp_path / "builtin" / name).unlink()
    else:
        (tmp_path / "builtin" / name).write_bytes(content)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "builtin")
    monkeypatch.setattr(module, "_network", functools.cache(module._network.__wrapped__))
    monkeypatch.setattr(module, "_tokenizer", functools.cache(module._tokenizer.__wrapped__))
    found = ours(Request(builtin(), "a b"))
    assert isinstance(found, AttentionError)
    assert found.problem is Problem.MODEL
    assert output in found.message
    assert found.message.endswith("; install sphinx-attention again")


def test_the_answer_names_the_program() -> None:
    found = ours(Request(builtin(), "a b"))
    assert isinstance(found, Attention)
    assert found.provenance == {"numpy": np.__version__, "dtype": "float32", "capture": "numpy"}


def test_many_requests_have_an_answer_each() -> None:
    requests = [Request(builtin(), text) for text in ("a b", "", "c d", "word " * 600)]
    with open_source(builtin()) as runner:
        found = dict(runner.run(requests))
    assert list(found) == requests
    assert [isinstance(one, Attention) for one in found.values()] == [True, False, True, False]


def test_the_source_does_not_depend_on_the_folder_of_the_package() -> None:
    source = builtin()
    moved = ModelSource(name="builtin", id=source.id, folder="/x", revision=source.revision)
    assert is_builtin(source)
    assert is_builtin(moved)
    with open_source(moved) as runner:
        assert isinstance(answer(runner, Request(moved, "a b")), Attention)
    for other in (
        ModelSource(name="builtin", id="org/builtin"),
        ModelSource(name="builtin", id=source.id, revision="main"),
        ModelSource(name="copy", path="copy", folder=str(FOLDER)),
        MatrixSource(text="1"),
        FunctionSource("builtin", "a:b"),
    ):
        assert not is_builtin(other), other


def stored() -> list[Request]:
    """The requests of the built-in model's entries in the store of the example notes."""
    store = FolderStore(ROOT / "example_docs" / "_attention")
    found = []
    for key in store.keys():  # noqa: SIM118 - a method of the store
        info = store.info(key)
        assert info is not None
        requested = dict(info.request)
        if requested["source"].get("id") != builtin().id:
            continue
        assert requested.pop("schema") == 1
        assert requested.pop("source") == builtin().identity()
        lists = {n: tuple(v) for n, v in requested.items() if isinstance(v, list)}
        request = Request(builtin(), **{**requested, **lists})
        assert request.key == key
        found.append(request)
    return found


def test_the_entries_of_the_notes_can_be_recomputed() -> None:
    """PyTorch computed these entries: plain, merged and aggregated attentions, and vectors."""
    requests = stored()
    assert len(requests) > 5
    store = FolderStore(ROOT / "example_docs" / "_attention")
    assert dict(recompute(store, requests)) == dict.fromkeys(requests, "")


CODE = """
import sys
for name in ("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub"):
    sys.modules[name] = None
from sphinx_attention.core.sources.builtin import builtin
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources import open_source
with open_source(builtin()) as runner:
    ((_, found),) = runner.run([Request(builtin(), "the quick fox", keep=("queries", "keys"))])
print(found.weights.shape, found.logit_terms.scale)
"""


def test_nothing_but_numpy_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "(3, 4, 4, 4) [0.125 0.125 0.125]\n"


def test_the_longest_text_takes_a_fraction_of_a_second() -> None:
    """The run takes a tenth of a second on one core. The limit leaves room for a busy machine."""
    request = Request(builtin(), "word " * 255 + "word", keep=VECTORS)
    ours(request)
    start = time.process_time()
    found = ours(request)
    assert time.process_time() - start < 2
    assert isinstance(found, Attention)
    assert found.weights.shape[2] > 250


def test_another_probability_is_another_entry() -> None:
    request = Request(builtin(), "one two one", generate=2)
    found = ours(request)
    assert isinstance(found, Attention)
    stored = unpack(pack(request, found), request.key)
    assert compare(stored, found) == ""
    (first, *others), second = stored.candidates
    forged = replace(first, probability=first.probability - 0.01)
    changed = replace(stored, candidates=((forged, *others), second))
    assert "at its step 1, the probability of 'two' is" in compare(changed, found)
    assert "it holds 1 steps, now 2" in compare(replace(stored, candidates=(second,)), found)


def test_recomputed_entries_are_equal() -> None:
    """Two runs, packed twice, give the same bytes."""
    request = Request(builtin(), "the quick brown fox", keep=VECTORS)
    first, second = ours(request), ours(request)
    assert isinstance(first, Attention)
    assert isinstance(second, Attention)
    data = pack(request, first)
    assert data == pack(request, second)
    assert compare(unpack(data, request.key), first) == ""
