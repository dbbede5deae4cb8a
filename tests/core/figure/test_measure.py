"""Figures in the measures weight and written: options, variants, and the words for readers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.authoring.numbers import print_number
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.reference import parse_reference
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.capture.compute import compute
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.axes import selectors
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.phrases import phrases, sections
from sphinx_attention.core.render.comparison import panes_of
from sphinx_attention.core.render.description import about, credit, describe
from sphinx_attention.core.render.html import figure_attributes, render_html
from sphinx_attention.core.sources import open_source

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.core.request import Request

MODELS = {"small": {"function": "m:small"}, "large": {"function": "m:large"}}
TEXT = "the quick fox"
WEIGHTS = np.array([[0.5, 0.3, 0.2], [0.8, 0.1, 0.1], [0.6, 0.2, 0.2]], np.float32)
NORMS = np.array([0.1, 1.0, 2.0], np.float32)


BLANKS = dict.fromkeys(
    ("tokens", "others", "query", "key", "weight", "token", "count", "model", "between"), "…"
)


def spec_of(text: str = TEXT, model: str = "small", **options: str) -> FigureSpec:
    settings = Settings(model=model, models=MODELS)
    return parse(text, options, None, HostContext(settings, Path(), Path))


def answer(request: Request) -> Attention:
    tokens = tuple(Token(word, word=n) for n, word in enumerate(request.text.split()))
    norms = NORMS[None, None] if "norms" in request.keep else None
    masked = np.zeros((1, 3, 3), np.bool_)
    one = Attention(tokens, tokens, WEIGHTS[None, None], masked, label="small", norms=norms)
    return derive(one, request)


def figure(**options: str) -> Figure:
    spec = spec_of(**options)
    return resolve_all(spec, [answer(request) for request in spec.requests])


def test_two_measures_are_an_axis() -> None:
    spec = spec_of(measure="weight, written")
    assert [one.at for one in spec.variants] == [
        (("measure", "weight"),),
        (("measure", "written"),),
    ]
    assert spec.request == spec_of().request, "the key of a figure of weights is the usual one"
    other = spec.variants[1].request
    assert (other.measure, other.keep) == ("written", ("norms",))


def test_one_measure_is_no_axis() -> None:
    spec = spec_of(measure="written")
    assert spec.at == ()
    assert spec.request.measure == "written"
    assert spec_of(measure="weight").request == spec_of().request


def test_a_figure_opens_on_a_measure() -> None:
    spec = spec_of(measure="weight, written", selection="measure=written")
    assert spec.request.measure == "written"


def test_measures_times_models() -> None:
    spec = spec_of(model="small", measure="written, weight", also="a b c")
    assert [dict(one.at) for one in spec.variants] == [
        {"sentence": "0", "measure": "written"},
        {"sentence": "0", "measure": "weight"},
        {"sentence": "1", "measure": "written"},
        {"sentence": "1", "measure": "weight"},
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "norm"}, "expected weight or written (did you mean written?)"),
        ({"measure": "weight, weight"}, "expected each value once; weight stands there"),
        ({"measure": "written", "aggregate": "rollout"}, "multiplies weights from layer to layer"),
        ({"measure": "written", "aggregate": "flow"}, "remove the option measure, or the option"),
        ({"compare": "measure"}, "write weight, written in the option measure"),
        ({"compare": "measure", "measure": "written"}, "this one has 1"),
        ({"measure": "weight, written", "generate": "2"}, "does not go with the option generate"),
        ({"norm": "written"}, "did you mean measure?"),
    ],
)
def test_mistakes(options: dict[str, str], message: str) -> None:
    with pytest.raises(AttentionError, match=re.escape(message)):
        spec_of(**options)


def test_a_matrix_has_no_values() -> None:
    context = HostContext(Settings(), Path(), Path)
    with pytest.raises(AttentionError, match="the option measure needs a model"):
        parse("a b", {"measure": "written"}, "1 0\n0 1", context)


def test_readers_see_that_the_numbers_are_shares() -> None:
    shown = figure(measure="written")
    # .05 .3 .4 / .75 and so on.
    np.testing.assert_allclose(shown.attention.weights[0, 0, 0], [1 / 15, 0.4, 8 / 15], rtol=1e-5)
    assert figure_attributes(shown)["data-measure"] == "written"
    assert "shares of what the head writes" in about(shown)
    assert "shares of what the head writes" in credit(shown)
    markup = render_html(shown, "f")
    assert "numbers are shares of what the head writes, ‖α·f(x)‖" in markup
    assert '<th scope="col">written share</th>' in markup
    weights = figure(measure="weight")
    assert "data-measure" not in figure_attributes(weights)
    assert "head writes" not in about(weights) + credit(weights) + render_html(weights, "f")


@pytest.mark.parametrize(
    ("language", "turn", "pair"),
    [
        ("en", "writes from", "written at the from fox (0.533)"),
        ("de", "schreibt aus", "geschrieben bei the aus fox (0.533)"),
        ("ko", "기록 출처", "fox에서 the에 기록 (0.533)"),
        ("ar", "يكتب من", "المكتوب عند the من fox (0.533)"),
    ],
)
def test_words_say_that_a_head_writes(language: str, turn: str, pair: str) -> None:
    shown = figure(measure="written")
    shown = replace(shown, spec=replace(shown.spec, language=language))
    weights = figure(measure="weight")
    weights = replace(weights, spec=replace(weights.spec, language=language))
    markup = render_html(shown, "f")
    assert f">{turn}</button>" in markup
    assert pair in describe(shown).translate({0x2068: None, 0x2069: None})
    own = json.loads(figure_attributes(shown)["data-phrases"])
    assert own["turn_from"] == turn
    assert own.keys() >= {"looks", "looks_most", "is_seen", "scores_to", "pair", "rest_best"}
    assert "data-phrases" not in figure_attributes(weights)


@pytest.mark.parametrize("language", ["en", "de", "ko", "ar"])
def test_every_phrase_that_says_look_has_one_that_says_write(language: str) -> None:
    english = {name: text for texts in sections().values() for name, text in texts.items()}
    looking = {name for name, text in english.items() if re.search(r"\blook(s|ed)?\b", text)}
    # The view steps refuses the written share.
    looking -= {"cell"}
    assert len(looking) > 15
    found = phrases(language)
    for name in looking:
        assert found.of_written(name, **BLANKS) == found(f"{name}_written", **BLANKS)
        assert found.of_written(name, **BLANKS) != found(name, **BLANKS)


def test_the_selector_names_both() -> None:
    (selector,) = selectors(figure(measure="weight, written"))
    assert selector.name == "measure"
    assert [one.label for one in selector.choices] == ["weight", "written share"]


def test_prose_prints_either() -> None:
    shown = figure(measure="weight, written")
    for reference, number in (
        ("f the -> fox", "0.200"),
        ("f measure=written the -> fox", "0.533"),
        ("f measure=weight the -> fox", "0.200"),
    ):
        assert print_number("weight", parse_reference(reference), shown, None) == number


def test_a_comparison_of_both_measures() -> None:
    shown = figure(measure="weight, written", compare="measure")
    first, second = panes_of(shown, "f")
    assert (first.name, second.name) == ("weight", "written share")
    assert shown.difference is not None
    assert shown.difference.figure is not None
    difference = shown.difference.figure.attention
    np.testing.assert_allclose(
        difference.weights[0, 0, 0], np.array([1 / 15, 0.4, 8 / 15]) - WEIGHTS[0], atol=1e-6
    )


def test_the_mean_over_sentences_is_the_mean_of_shares() -> None:
    shown = figure(measure="written", also="one big dog", aggregate="mean sentences")
    np.testing.assert_allclose(shown.attention.weights[0, 0, 0], [1 / 15, 0.4, 8 / 15], rtol=1e-5)
    assert shown.attention.written


def test_a_source_that_cannot_tell_leaves_the_weights() -> None:
    spec = spec_of(measure="weight, written")
    failed = AttentionError(Problem.MODEL, "no values")
    shown = resolve_all(spec, [answer(spec.request), failed])
    (other,) = shown.alternatives
    assert (other.figure, other.reason) == (None, "no values")
    assert shown.spec.request.measure == "weight"


def test_the_built_in_model_answers_both() -> None:
    spec = spec_of("the sun and the moon", model="builtin", measure="weight, written")
    answers: dict[str, Any] = {
        request.key: found for request, found in compute(spec.requests, open_source)
    }
    weights, shares = (answers[request.key] for request in spec.requests)
    assert not weights.written
    assert shares.written
    lengths = weights.weights * shares.norms[:, :, None]
    expected = lengths / lengths.sum(-1, keepdims=True)
    np.testing.assert_allclose(shares.weights, expected, atol=1e-6)
