"""The key depends on everything that changes the numbers, and on nothing else."""

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
        replace(BASE, layers=(0, 3)),
        replace(BASE, layers=()),
        replace(BASE, merge="words"),
        replace(BASE, special="hide"),
        replace(BASE, aggregate="mean"),
        replace(BASE, aggregate="mean layers"),
        replace(BASE, source=replace(MODEL, id="org/other")),
        replace(BASE, source=replace(MODEL, revision="abc")),
        replace(BASE, source=replace(MODEL, dtype="bfloat16")),
        replace(BASE, source=FunctionSource(name="m", function="a:b")),
        replace(BASE, source=MatrixSource(text="1")),
    ],
)
def test_everything_that_changes_the_numbers_changes_the_key(other: Request) -> None:
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
def test_device_and_folder_are_not_in_the_key(other: Request) -> None:
    assert other.key == BASE.key


def test_function_versions_differ() -> None:
    source = FunctionSource(name="f", function="course.models:attention")
    assert (
        replace(BASE, source=source).key != replace(BASE, source=replace(source, version="2")).key
    )


def test_the_key_is_stable() -> None:
    """Committed stores need stable keys.

    The expected key is the sha256 of the JSON written out here.
    """
    import hashlib

    text = (
        '{"keep":[],"pair":null,"part":null,"schema":1,"source":{"dtype":"float32","id":"org/model",'
        '"kind":"model","path":null,"revision":null},"target":null,"text":"the quick brown fox",'
        '"tokens":null}'
    )
    assert BASE.key == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (BASE, "95c4c57498e2c7e81dd65e1f87bd47bb57496ffdcfab2be2d31fe0baed0e0a6f"),
        (
            Request(
                source=replace(MODEL, revision="abc", dtype="bfloat16"),
                text="a b",
                pair="c",
                target="d",
                part="cross",
                keep=("values", "queries"),
            ),
            "be8d2c1082e6196a70b1125c28286aa76fcb945ea7673c8d0d0a2fc292ce3fe5",
        ),
        (
            Request(
                source=MatrixSource(text="1 0\n0 1", scores="logits", causal=True),
                text="",
                tokens=("New York", "sleeps"),
            ),
            "d0004a35864b8e0b5814e5a33a64976f7c47f75bb17164c306ddd04e923c56ec",
        ),
        (
            Request(source=FunctionSource("own", "a.b:c", "3"), text="é"),
            "1e227b52a4c255df01e3cbc7a2546f73449f3c032f66f9a2ab73dec49dd68173",
        ),
    ],
)
def test_stores_that_were_committed_before_stay_valid(request_: Request, key: str) -> None:
    """These are keys of the version before the options layers, merge, special and aggregate."""
    assert request_.key == key


def test_a_measure_changes_the_key() -> None:
    """`written` is written into the key; `weight`, the default, leaves older keys as they are."""
    assert replace(BASE, measure="weight").key == BASE.key
    other = replace(BASE, measure="written", keep=("norms",))
    assert other.canonical() == BASE.canonical().replace(
        '"keep":[]', '"keep":["norms"],"measure":"written"'
    )


def test_derived_requests_ask_the_source_for_the_underlying_attention() -> None:
    derived = replace(BASE, merge="words", special="hide", aggregate="max", layers=(1,))
    assert derived.base == replace(BASE, layers=(1,))
    assert (derived.derived, derived.base.derived, BASE.derived) == (True, False, False)
    assert BASE.base.key == BASE.key


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
