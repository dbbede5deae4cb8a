"""Options: what each takes, and what is said when it is given something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.options import OPTIONS, Surroundings, parse
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource
from sphinx_attention.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def around(tmp_path: Path, **settings: object) -> Surroundings:
    return Surroundings(Settings(**settings), tmp_path, lambda name: tmp_path / name)  # type: ignore[arg-type]


def test_a_model_by_name_by_id_and_by_path(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    place = around(
        tmp_path,
        model="mini",
        models={
            "mini": {"id": "org/mini", "revision": "abc", "dtype": "bfloat16"},
            "local": {"id": "org/mini", "path": "here"},
            "own": {"function": "a.b:c", "version": 3},
        },
    )

    def source(**options: str) -> object:
        return parse("a b", options, None, place).request.source

    assert source() == ModelSource("mini", id="org/mini", revision="abc", dtype="bfloat16")
    local = source(model="local")
    assert isinstance(local, ModelSource)
    assert (local.id, local.folder) == ("org/mini", str(tmp_path / "here"))
    assert source(model="own") == FunctionSource("own", "a.b:c", "3")
    assert source(model="other/one") == ModelSource("other/one", id="other/one")
    here = source(model="here")
    assert isinstance(here, ModelSource)
    assert here.path == "here"


def test_a_model_that_is_nearly_declared(tmp_path: Path) -> None:
    place = around(tmp_path, models={"minilm": {"id": "org/mini"}})
    with pytest.raises(AttentionError, match="did you mean 'minilm'"):
        parse("a", {"model": "minilmm"}, None, place)


def test_every_option_reaches_its_place(tmp_path: Path) -> None:
    options = {
        "pair": "c  d",
        "target": "e",
        "part": "cross",
        "view": "arcs",
        "layer": "1",
        "head": "auto",
        "focus": "b",
        "cutoff": "0.5",
        "rest": "overview",
        "alt": "what it shows",
    }
    spec = parse(" a   b ", options, None, around(tmp_path, model="org/m", head=4))
    request = spec.request
    assert (request.text, request.pair, request.target, request.part) == (
        "a b",
        "c d",
        "e",
        "cross",
    )
    assert (spec.layer, spec.head, spec.focus, spec.cutoff) == (1, None, "b", 0.5)
    assert (spec.rest, spec.alt) == ("overview", "what it shows")
    spec = parse("a b", {}, None, around(tmp_path, model="org/m", head=4, layer="auto"))
    assert (spec.layer, spec.head) == (None, 4)


def test_a_matrix_with_its_tokens(tmp_path: Path) -> None:
    options = {"tokens": '["New York", "sleeps"]', "scores": "logits", "causal": ""}
    spec = parse("", options, "1 0\n0 1", around(tmp_path))
    assert spec.request.tokens == ("New York", "sleeps")
    assert spec.request.source == MatrixSource(text="1 0\n0 1", scores="logits", causal=True)
    spec = parse("", {"tokens": "a b"}, "1 0\n0 1", around(tmp_path))
    assert spec.request.tokens == ("a", "b")


@pytest.mark.parametrize(
    ("options", "matrix", "says"),
    [
        ({"layr": "1"}, None, "did you mean layer?"),
        ({"layer": "-1"}, None, "a whole number from 0, or auto"),
        ({"cutoff": "0"}, None, "above 0 and up to 1"),
        ({"cutoff": "all"}, None, "above 0 and up to 1"),
        ({"view": "arc"}, None, "did you mean arcs?"),
        ({"part": "middle"}, None, "one of encoder, decoder, cross"),
        ({"rest": "some"}, None, "one of none, overview"),
        ({"pair": " "}, None, "it is empty"),
        ({"causal": "yes"}, "1", "it takes no value"),
        ({"tokens": "[1]"}, "1", "a list of strings"),
        ({"tokens": "[a"}, "1", "looks like JSON and is not"),
        ({"causal": ""}, None, "needs a matrix"),
        ({"pair": "x"}, "1", "needs a model"),
        ({"matrix": "w.npy"}, "1", "give one of them"),
        ({"matrix": "w.npy"}, None, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, options: dict[str, str], matrix: str | None, says: str
) -> None:
    with pytest.raises(AttentionError) as caught:
        parse("a", options, matrix, around(tmp_path, model="org/m"))
    assert says in caught.value.message


def test_nothing_to_run_and_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(AttentionError) as caught:
        parse("a b", {}, None, around(tmp_path))
    assert caught.value.problem is Problem.MODEL
    with pytest.raises(AttentionError) as caught:
        parse("", {}, None, around(tmp_path, model="org/m"))
    assert caught.value.problem is Problem.TEXT


def test_every_option_is_explained() -> None:
    assert all(option.help for option in OPTIONS.values())
