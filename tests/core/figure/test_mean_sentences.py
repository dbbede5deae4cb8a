"""Figures of the mean over sentences: their requests, their pictures and their messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.axes import selectors
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.description import credit, describe, whole_texts
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import FOLDER, builtin
from sphinx_attention.core.store.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from tests.conftest import Project

FIRST, SECOND, THIRD = "the dog sleeps", "the cat eats", "a cow walks"
MEAN = {"also": f"{SECOND} | {THIRD}", "aggregate": "mean sentences"}


def spec_of(text: str = FIRST, language: str = "en", **options: str) -> FigureSpec:
    settings = Settings(model="builtin")
    context = HostContext(settings, Path(), Path, language=language)
    return parse(text, {**MEAN, **options}, None, context)


def figure(folder: Path, spec: FigureSpec) -> Figure:
    library = Library(FolderStore(folder))
    list(library.capture(library.missing(spec.requests)))
    return resolve_all(spec, library.answers(spec.requests))


def test_the_request_of_each_sentence_is_that_of_a_single_figure() -> None:
    plain = parse(FIRST, {}, None, HostContext(Settings(model="builtin"), Path(), Path))
    spec = spec_of()
    assert [request.text for request in spec.requests] == [FIRST, SECOND, THIRD]
    assert spec.requests[0].key == plain.request.key
    assert {request.aggregate for request in spec.requests} == {None}
    assert len(spec.variants) == 1
    assert spec.at == ()


def test_the_mean_is_that_of_the_figures(tmp_path: Path) -> None:
    whole = figure(tmp_path, spec_of(layer="1", head="2"))
    library = Library(FolderStore(tmp_path), "frozen")
    each = [library.get(request).weights for request in spec_of().requests]
    assert np.allclose(whole.attention.weights, np.mean(each, axis=0), atol=1e-6)
    # The model's own rows sum to 1, and the store keeps weights in steps of 1/8000.
    assert np.abs(whole.attention.weights.sum(-1) - 1).max() < 2e-3
    assert whole.attention.causal
    assert (whole.layer_name, whole.head_name) == ("1", "2")
    texts = [token.text for token in whole.attention.query_tokens]
    assert texts == ["<start>", "the|a", "dog|cat|cow", "sleeps|eats|walks"]
    assert len(list(tmp_path.rglob("*.attn"))) == 3


def test_readers_are_reported(tmp_path: Path) -> None:
    made = figure(tmp_path, spec_of(layer="1", head="2"))
    assert credit(made) == "builtin, layer 1, head 2; mean of 3 sentences, word by word"
    assert describe(made).startswith(
        "Attention of builtin, mean of 3 sentences, word by word, over: the dog sleeps / the cat "
        "eats / a cow walks. Layer 1, head 2."
    )
    texts = [text for _, text in whole_texts(made)]
    assert texts[:3] == [FIRST, SECOND, THIRD]
    assert "dog|cat|cow" in texts[3]
    html = render_html(made, "f")
    assert "mean of 3 sentences, word by word</span>" in html
    assert selectors(made) == ()
    german = replace(made, spec=replace(made.spec, language="de"))
    assert "Mittel über 3 Sätze, Wort für Wort" in render_html(german, "f")


def test_a_word_is_pinned_by_any_of_its_slot(tmp_path: Path) -> None:
    for focus in ("cow", "Dog", "dog|cat|cow"):
        assert figure(tmp_path, spec_of(focus=focus)).pinned == (2,)
    with pytest.raises(AttentionError, match="no such token"):
        figure(tmp_path, spec_of(focus="horse"))


def test_readers_can_still_choose_the_model() -> None:
    models = {"small": {"function": "m:small"}, "large": {"function": "m:large"}}
    settings = Settings(model="small", models=models)
    spec = parse(
        FIRST, {**MEAN, "model": "small, large"}, None, HostContext(settings, Path(), Path)
    )
    assert [one.at for one in spec.variants] == [(("model", "small"),), (("model", "large"),)]
    assert len(spec.requests) == 6


def test_a_sentence_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    spec = spec_of(also="word " * 2000)
    with pytest.raises(AttentionError, match=r"the sentence “word word.*…”: .*tokens") as caught:
        figure(tmp_path, spec)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"also": ""}, "also"),
        ({"view": "steps"}, "sentences taken together have none"),
        ({"compare": "sentence"}, "makes one attention of all sentences"),
        ({"selection": "sentence=1"}, "the figure has one sentence"),
        ({"aggregate": "mean sentence"}, r"did you mean mean sentences\?"),
        ({"pair": "a b c"}, "pair"),
    ],
)
def test_options_that_exclude_each_other_are_reported(
    options: dict[str, str], message: str
) -> None:
    with pytest.raises(AttentionError, match=message) as caught:
        spec_of(**options)
    assert caught.value.problem is Problem.OPTION


def test_one_sentence_has_no_mean() -> None:
    context = HostContext(Settings(model="builtin"), Path(), Path)
    for body, match in (
        (None, "give further sentences in the option also"),
        ("1", "has 1: remove"),
    ):
        with pytest.raises(AttentionError, match=match):
            parse("dog", {"aggregate": "mean sentences"}, body, context)


def test_a_page_shows_the_mean_and_locates_what_is_wrong(project: Callable[..., Any]) -> None:
    text = (
        f".. attention:: {FIRST}\n   :also: {SECOND}\n   :aggregate: mean sentences\n\n"
        "A paragraph.\n\n"
        f".. attention:: {FIRST}\n   :also: many more words than that\n"
        "   :aggregate: mean sentences\n"
    )
    made: Project = project({"index.rst": text}, 'attention_model = "builtin"\n')
    made.build()
    assert made.html().count("mean of 2 sentences, word by word") >= 1
    assert "index.rst:7: WARNING: aggregate: mean sentences needs" in made.warnings
    assert "“the dog sleeps” has 3 words" in made.warnings
    assert "“many more words than that” has 5 words" in made.warnings
    assert made.warnings.count("WARNING") == 1


def test_means_of_two_models_stand_side_by_side(tmp_path: Path) -> None:
    models = {"other": {"id": "sphinx-attention/builtin", "path": str(FOLDER)}}
    settings = Settings(model="builtin", models=models)
    context = HostContext(settings, tmp_path, Path)
    options = {**MEAN, "model": "builtin, other", "compare": "model", "layer": "1"}
    spec = parse(FIRST, options, None, context)
    with open_source(builtin()) as runner:
        answers = {request.text: answer for request, answer in runner.run(spec.requests[:3])}
    made = resolve_all(spec, [answers[request.text] for request in spec.requests])
    html = render_html(made, "f")
    assert html.count("mean of 3 sentences, word by word</span>") == 2
