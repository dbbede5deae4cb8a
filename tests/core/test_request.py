"""The key: decided by what decides the numbers, and by nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource, Request

MODEL = ModelSource(name="m", id="org/model")
BASE = Request(source=MODEL, text="the quick brown fox")


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, text="the quick brown fix"),
        replace(BASE, pair="jumps"),
        replace(BASE, target="jumps"),
        replace(BASE, part="decoder"),
        replace(BASE, keep=("queries",)),
        replace(BASE, source=replace(MODEL, id="org/other")),
        replace(BASE, source=replace(MODEL, revision="abc")),
        replace(BASE, source=replace(MODEL, dtype="bfloat16")),
        replace(BASE, source=FunctionSource(name="m", function="a:b")),
        replace(BASE, source=MatrixSource(text="1")),
    ],
)
def test_another_number_another_key(other: Request) -> None:
    assert other.key != BASE.key


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, source=replace(MODEL, name="called otherwise")),
        replace(BASE, source=replace(MODEL, device="cuda")),
        replace(BASE, source=replace(MODEL, device_map="auto")),
        replace(BASE, source=replace(MODEL, path="x", folder="/elsewhere/x")),
    ],
)
def test_where_it_runs_or_lies_is_not_in_the_key(other: Request) -> None:
    assert other.key == BASE.key


def test_function_versions_differ() -> None:
    source = FunctionSource(name="f", function="course.models:attention")
    assert (
        replace(BASE, source=source).key != replace(BASE, source=replace(source, version="2")).key
    )


def test_the_key_does_not_move() -> None:
    """A committed store would be worth nothing if it did: sha256 of the JSON, written out."""
    import hashlib

    text = (
        '{"keep":[],"pair":null,"part":null,"schema":1,"source":{"dtype":"float32","id":"org/model",'
        '"kind":"model","path":null,"revision":null},"target":null,"text":"the quick brown fox",'
        '"tokens":null}'
    )
    assert BASE.key == hashlib.sha256(text.encode()).hexdigest()


def test_the_key_needs_no_model_package() -> None:
    code = (
        "import sys\n"
        "from sphinx_attention.core.request import ModelSource, Request\n"
        "print(Request(source=ModelSource(name='m', id='org/model'), "
        "text='the quick brown fox').key)\n"
        "assert not {'torch', 'transformers', 'sphinx', 'docutils'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == BASE.key
