"""Options: the values that each accepts, and the messages for other values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.authoring.options import OPTIONS
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.selection import written
from sphinx_attention.core.figure.spec import DirectiveSource
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource, Request
from sphinx_attention.hosts.notations import MYST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def around(tmp_path: Path, **settings: object) -> HostContext:
    return HostContext(Settings(**settings), tmp_path, lambda name: tmp_path / name)  # type: ignore[arg-type]


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


def test_every_option_sets_its_field(tmp_path: Path) -> None:
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
        "a   b",
        "c  d",
        "e",
        "cross",
    )
    assert (spec.layer, spec.head, spec.focus, spec.cutoff) == (1, None, "b", 0.5)
    assert (spec.rest, spec.alt) == ("overview", "what it shows")
    assert (spec.shown_heads, spec.layers, spec.heads) == ((), None, None)
    assert (spec.special, spec.link, spec.written) == ("show", None, None)
    spec = parse("a b", {}, None, around(tmp_path, model="org/m", head=4, layer="auto"))
    assert (spec.layer, spec.head) == (None, 4)


@pytest.mark.parametrize(
    ("view", "drawn"),
    [("arcs", True), ("heads", True), ("grid", True), ("matrix", False), ("steps", False)],
)
def test_an_option_about_edges_in_a_view_without_edges_is_told(
    tmp_path: Path, view: str, *, drawn: bool
) -> None:
    place = around(tmp_path, model="org/m")
    reported = parse("a b", {"view": view, "cutoff": "0.5", "rest": "none"}, None, place).notices
    expected = [
        f"{name}: the view {view} draws no edges, so that this option changes nothing"
        for name in ("cutoff", "rest")
    ]
    assert list(reported) == ([] if drawn else expected)
    assert parse("a b", {"view": view}, None, place).notices == ()


def test_derivations_are_in_the_request(tmp_path: Path) -> None:
    place = around(tmp_path, model="org/m")

    def request(**options: str) -> Request:
        return parse("a b", options, None, place).request

    made = request(merge="words", special="hide", aggregate="mean layers")
    assert (made.merge, made.special, made.aggregate) == ("words", "hide", "mean layers")
    plain = request(merge="none", special="dim", heads="1", layer="2", view="grid")
    assert plain == request()
    assert (plain.keep, plain.layers) == ((), None)


def test_the_layers_and_heads_that_the_page_carries(tmp_path: Path) -> None:
    place = around(tmp_path, model="org/m")
    spec = parse("a", {"layers": "7, 0-3,2", "heads": "5"}, None, place)
    assert (spec.layers, spec.heads) == ((0, 1, 2, 3, 7), (5,))
    spec = parse("a", {"view": "heads", "head": "5, 0-2,1", "link": "fox"}, None, place)
    assert (spec.head, spec.shown_heads, spec.link) == (5, (5, 0, 1, 2), "fox")
    assert parse("a", {"view": "heads", "head": "5"}, None, place).shown_heads == ()
    assert parse("a", {"view": "heads", "head": "auto"}, None, place).head is None


def test_the_option_selection_is_kept_in_the_form_of_addresses(tmp_path: Path) -> None:
    place = around(tmp_path, model="org/m")
    text = "pin=3.7,k1&scale=log&\n direction=to"
    spec = parse("a b", {"view": "matrix", "selection": text}, None, place)
    assert spec.selection == (("pin", "3.7,k1"), ("scale", "log"), ("direction", "to"))
    assert written(spec.selection) == "pin=3.7,k1&scale=log&direction=to"
    assert spec.request == parse("a b", {}, None, place).request


def test_steps_keep_queries_keys_and_values_of_the_layers_in_question(tmp_path: Path) -> None:
    place = around(tmp_path, model="org/m")

    def layers(**options: str) -> object:
        spec = parse("a b", {"view": "steps", **options}, None, place)
        assert spec.request.keep == ("queries", "keys", "values")
        return spec.request.layers

    assert layers() is None
    assert layers(layer="3") == (3,)
    assert layers(layer="3", layers="2-4") == (2, 3, 4)
    assert layers(layers="2-4", special="dim", merge="none", focus="a") == (2, 3, 4)


def test_a_project_setting_is_ignored_where_it_does_not_fit(tmp_path: Path) -> None:
    place = around(tmp_path, model="org/m", view="steps", layer=4, head=5, special="hide")
    spec = parse("a b", {}, None, place)
    assert (spec.view, spec.special, spec.request.special) == ("steps", "dim", "show")
    assert spec.request.layers == (4,)
    assert parse("a b", {}, "1 0\n0 1", place).view == "arcs"
    spec = parse("a b", {"view": "arcs"}, None, place)
    assert (spec.layer, spec.head, spec.special, spec.request.special) == (4, 5, "hide", "hide")
    spec = parse("a b", {"view": "arcs", "special": "show"}, None, place)
    assert (spec.special, spec.request.special) == ("show", "show")
    for aggregate, first in (
        ("mean", (4, None)),
        ("rollout", (4, None)),
        ("max layers", (None, 5)),
    ):
        spec = parse("a b", {"view": "arcs", "aggregate": aggregate}, None, place)
        assert (spec.layer, spec.head) == first
    spec = parse("a b", {"view": "arcs", "layers": "0-3", "heads": "0-3"}, None, place)
    assert (spec.layer, spec.head) == (None, None)


def test_the_written_options_are_kept_with_their_lines(tmp_path: Path) -> None:
    place = replace(around(tmp_path), notation=MYST)
    options = {"view": "heads", "focus": "a | b", "causal": ""}
    spec = parse("a b", options, "1 0\n0 1", place)
    assert spec.written == DirectiveSource(
        "a b", (("view", "heads"), ("focus", "a | b"), ("causal", "")), "1 0\n0 1", MYST
    )
    assert hash(spec) == hash(parse("a b", options, "1 0\n0 1", place))


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
        ({"steps": "5"}, None, "did you mean the option view with the value steps?"),
        ({"Rollout": ""}, None, "did you mean the option aggregate with the value rollout?"),
        ({"new_tokens": "5"}, None, "did you mean generate?"),
        ({"caption": "x"}, None, "unknown option 'caption'; the options are"),
        ({"align": "left"}, None, "unknown option 'align'; the options are"),
        ({"title": "x"}, None, "unknown option 'title'; the options are"),
        ({"scale": "log"}, None, "did you mean the option selection with scale=…?"),
        ({"none": ""}, None, "unknown option 'none' (did you mean note?); the options are"),
        ({"layer": "-1"}, None, "a whole number from 0, or auto"),
        ({"cutoff": "0"}, None, "above 0 and up to 1"),
        ({"cutoff": "all"}, None, "above 0 and up to 1"),
        ({"view": "arc"}, None, "did you mean arcs?"),
        (
            {"view": "cloud"},
            None,
            "expected arcs, heads, grid, matrix, steps, image, map or corpus",
        ),
        ({"layers": "0-3;7"}, None, "whole numbers from 0 and ranges, such as 0-3,7"),
        ({"layers": "0-"}, None, "whole numbers from 0 and ranges, such as 0-3,7"),
        ({"layers": "-1"}, None, "whole numbers from 0 and ranges, such as 0-3,7"),
        ({"layers": "0,,3"}, None, "whole numbers from 0 and ranges, such as 0-3,7"),
        ({"layers": ""}, None, "whole numbers from 0 and ranges, such as 0-3,7"),
        ({"layers": "all"}, None, "whole numbers from 0 and ranges, such as 0-3,7"),
        ({"heads": "3-0"}, None, "the range 3-0 runs backwards: write 0-3"),
        ({"heads": "0-99999999999"}, None, "whole numbers from 0 to 9999"),
        ({"head": "first"}, None, "such as 0-3,7, or auto"),
        (
            {"head": "0,3"},
            None,
            "the view arcs shows one head; several are drawn together by the view heads",
        ),
        ({"head": "0-1", "view": "steps"}, None, "the view steps shows one head"),
        ({"merge": "word"}, None, "expected none or words (did you mean words?)"),
        ({"special": "hidden"}, None, "expected show, dim or hide (did you mean hide?)"),
        ({"aggregate": "average"}, None, "rollout or flow (did you mean mean?)"),
        ({"link": "two words"}, None, "expected one word, without blanks"),
        (
            {"layer": "4", "layers": "0-3,7"},
            None,
            "invalid value 4 for layer: the page carries only 0, 1, 2, 3, 7",
        ),
        ({"layer": "4", "layers": "0-3,7"}, None, "which the option layers says; add 4 there"),
        (
            {"head": "0,5", "heads": "0", "view": "heads"},
            None,
            "invalid value 5 for head: the page carries only 0",
        ),
        (
            {"aggregate": "mean layers", "layer": "1"},
            None,
            "the option layer does not go with the value 'mean layers' of aggregate",
        ),
        ({"aggregate": "max layers", "layers": "1"}, None, "remove the option layers"),
        ({"aggregate": "rollout", "head": "1"}, None, "which makes one of all heads"),
        ({"aggregate": "mean", "heads": "1"}, None, "remove the option heads"),
        ({"view": "steps", "merge": "words"}, None, "for merge: the view steps goes from a head's"),
        ({"view": "steps", "special": "hide"}, None, "for special: the view steps"),
        ({"view": "steps", "aggregate": "max"}, None, "for aggregate: the view steps"),
        ({"view": "steps"}, "1", "expected arcs, heads, grid or matrix"),
        ({"selection": "to"}, None, "names with values, such as direction=to&pin=k4"),
        ({"selection": ""}, None, "names with values, such as direction=to&pin=k4"),
        (
            {"selection": "direction=up"},
            None,
            "expected from or to for direction, in place of 'up'",
        ),
        ({"selection": "pin=fox"}, None, "4 for a query, k4 for a key, 4.7 for a cell"),
        (
            {"selection": "layer=3"},
            None,
            "layer is not part of a selection: write it as the option layer",
        ),
        ({"selection": "paint=red"}, None, "expected direction, pin"),
        (
            {"selection": "scale=log"},
            None,
            "invalid name 'scale' in selection: expected direction or pin in the view arcs",
        ),
        ({"selection": "order=best", "view": "grid"}, None, "a score: previous, first, self"),
        ({"altogether": "x"}, None, "unknown option 'altogether'"),
        ({"part": "middle"}, None, "expected encoder, decoder or cross; write commas between"),
        ({"part": "encoder cross"}, None, "write commas between several"),
        ({"selection": "pin=1&pin=2"}, None, "expected each name once; pin stands there several"),
        ({"rest": "some"}, None, "expected ghost, none or overview"),
        ({"pair": " "}, None, "expected some text"),
        ({"causal": "yes"}, "1", "expected no value: write the option alone"),
        ({"tokens": "[1]"}, "1", "each token of a list stands in quotation marks"),
        ({"tokens": "[a"}, "1", "this begins like a list, but is not one"),
        ({"causal": ""}, None, "needs a matrix"),
        ({"pair": "x"}, "1", "needs a model"),
        (
            {"matrix": "w.npy"},
            "1",
            "the option matrix names a file of numbers: remove one of the two",
        ),
        ({"matrix": "w.npy"}, None, "cannot be read"),
    ],
)
def test_wrong_values_are_reported(
    tmp_path: Path, options: dict[str, str], matrix: str | None, says: str
) -> None:
    with pytest.raises(AttentionError) as caught:
        parse("a", options, matrix, around(tmp_path, model="org/m"))
    assert says in caught.value.message


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize(
    "value",
    ["\ud800", "²", "9" * 5000, "\x00", "[" * 20_000, "1e999", "-", "~nobody/x", "a" * 9000],
)
def test_no_value_ends_a_build(tmp_path: Path, name: str, value: str) -> None:
    matrix = "1" if name in {"scores", "causal", "tokens"} else None
    message = output(parse, "a", {name: value}, matrix, around(tmp_path, model="org/m"))
    message.encode()
    assert len(message) < 700


def output(function: Callable[..., object], *arguments: object) -> str:
    """The message with which a call fails, or an empty string."""
    try:
        function(*arguments)
    except AttentionError as error:
        return error.message
    return ""


def test_white_space_reaches_a_model_as_it_was_written(tmp_path: Path) -> None:
    place = around(tmp_path, model="org/m")
    code = "def f(x):\n    return  x"
    request = parse(f" {code} \r\n", {"pair": code, "target": code}, None, place).request
    assert (request.text, request.pair, request.target) == (code, code, code)
    # Columns of words may align the words of a matrix.
    assert parse("a   b", {}, "1 0\n0 1", place).request.text == "a b"
    plain = Request(ModelSource("org/m", id="org/m"), "the quick fox")
    assert parse("the quick fox", {}, None, place).request.key == plain.key


def test_documents_may_be_limited_to_declared_models(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    place = around(
        tmp_path, model="org/default", models={"minilm": {"id": "org/mini"}}, models_only=True
    )
    for name in ("minilm", "builtin", "org/default"):
        parse("a", {"model": name}, None, place)
    assert parse("a", {}, None, place).request.source.label == "default"
    for name in ("org/other", "folder", "./folder", "/etc", "gpt2"):
        with pytest.raises(AttentionError, match="the setting models_only is set") as caught:
            parse("a", {"model": name}, None, place)
        assert "expected minilm, builtin, builtin-vision or org/default" in caught.value.message
    with pytest.raises(AttentionError, match="did you mean minilm"):
        parse("a", {"model": "minilmm"}, None, place)


def test_a_figure_needs_a_model_or_a_matrix(tmp_path: Path) -> None:
    with pytest.raises(AttentionError) as caught:
        parse("a b", {}, None, around(tmp_path))
    assert caught.value.problem is Problem.MODEL
    with pytest.raises(AttentionError) as caught:
        parse("", {}, None, around(tmp_path, model="org/m"))
    assert caught.value.problem is Problem.TEXT


def test_every_option_is_explained() -> None:
    assert all(option.help for option in OPTIONS.values())


def test_the_model_is_asked_for_the_named_layers_alone(tmp_path: Path) -> None:
    place = HostContext(Settings(model="m"), tmp_path, lambda name: tmp_path / name)

    def requested(**options: str) -> object:
        return parse("a b", options, None, place).request.layers

    assert requested(layers="1,3") == (1, 3)
    assert requested() is None
    assert requested(layers="1,3", aggregate="mean") == (1, 3)
    # These aggregates need the layers below, whichever layers the page carries.
    assert requested(layers="1,3", aggregate="rollout") is None
