"""Figures of several attentions: the first picture, the choices, and variants that are left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.requests import MOST_VARIANTS
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.axes import names, selectors
from sphinx_attention.core.figure.payload import decode, decode_text
from sphinx_attention.core.figure.spec import FigureSpec, Variant
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.description import about
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.request import FunctionSource, Request

MODELS = {"small": {"function": "m:small"}, "large": {"function": "m:large"}}


def spec_of(text: str, **options: str) -> FigureSpec:
    settings = Settings(model="small", models=MODELS)
    context = HostContext(settings, Path(), Path)
    return parse(text, {name.strip("_"): value for name, value in options.items()}, None, context)


def attention(text: str, layers: int = 2, heads: int = 2, label: str = "small") -> Attention:
    tokens = tuple(Token(word, word=n) for n, word in enumerate(text.split()))
    count = len(tokens)
    seed = np.random.default_rng(len(text) * layers)
    weights = seed.dirichlet(np.ones(count), (layers, heads, count)).astype(np.float32)
    return Attention(tokens, tokens, weights, np.zeros((1, count, count), bool), label=label)


class TestOptions:
    def test_a_figure_of_one_attention_has_no_axis(self) -> None:
        spec = spec_of("the quick fox")
        assert spec.at == ()
        assert spec.variants == (Variant(spec.request),)

    def test_sentences(self) -> None:
        spec = spec_of("the quick fox", also="a slow dog | it sleeps")
        assert [one.request.text for one in spec.variants] == [
            "the quick fox",
            "a slow dog",
            "it sleeps",
        ]
        assert [one.at for one in spec.variants] == [(("sentence", str(n)),) for n in range(3)]
        assert spec.request == spec_of("the quick fox").request

    def test_a_bar_within_a_word_separates_nothing(self) -> None:
        spec = spec_of("the quick fox", also="p(a|b) = 1 | b")
        assert [one.request.text for one in spec.variants][1:] == ["p(a|b) = 1", "b"]

    def test_models_times_sentences_times_parts(self) -> None:
        spec = spec_of("a b", model="small, large", also="c d", part="encoder, cross")
        assert len(spec.variants) == 8
        assert dict(spec.variants[-1].at) == {"model": "large", "sentence": "1", "part": "cross"}
        last = spec.variants[-1].request
        assert (last.source.label, last.text, last.part) == ("large", "c d", "cross")

    def test_each_variant_is_the_request_of_a_figure_of_its_own(self) -> None:
        """A store then serves both figures, whichever was captured first."""
        spec = spec_of("a b", model="small, large", merge="words")
        assert (
            spec.variants[1].request.key == spec_of("a b", model="large", merge="words").request.key
        )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"also": "a b |"}, "invalid value 'a b |' for also: expected sentences"),
            ({"also": "a b | a b"}, "expected each sentence once; 'a b' stands there twice"),
            ({"also": "x y"}, "expected other sentences than 'x y', the first"),
            ({"also": " "}, "for also"),
            ({"model": "small,"}, "invalid value 'small,' for model: expected names with commas"),
            ({"model": "small, small"}, "expected each model once; small stands there twice"),
            ({"model": "small | other"}, "has no |; for several models, write commas between"),
            ({"part": "encoder, encoder"}, "expected each value once; encoder stands there"),
            ({"part": "encoder, middle"}, "invalid value 'encoder, middle' for part"),
            ({"also": "a b", "pair": "c"}, "remove the option pair, or the option also"),
            ({"also": "a b", "target": "c"}, "remove the option target, or the option also"),
            (
                {"also": " | ".join(f"sentence {n}" for n in range(MOST_VARIANTS))},
                f"{MOST_VARIANTS + 1} attentions in one figure ({MOST_VARIANTS + 1} sentences): ",
            ),
        ],
    )
    def test_mistakes(self, options: dict[str, str], message: str) -> None:
        with pytest.raises(AttentionError, match=re.escape(message)) as caught:
            spec_of("x y", **options)
        assert caught.value.problem in {Problem.OPTION, Problem.MODEL}


def resolved(spec: FigureSpec, *answers: Any, budget: int | None = None) -> Any:
    return resolve_all(spec, answers, budget)


class TestResolving:
    def test_the_first_working_variant_is_shown_first(self) -> None:
        spec = spec_of("a b c", also="d e f")
        failed = AttentionError(Problem.MODEL, "the text is odd")
        figure = resolved(spec, failed, attention("d e f"))
        assert figure.spec.at == (("sentence", "1"),)
        (other,) = figure.alternatives
        assert (other.figure, other.reason, other.error) == (None, "the text is odd", failed)
        (selector,) = selectors(figure)
        assert [choice.reason for choice in selector.choices] == ["the text is odd", ""]
        assert (selector.value, selector.label) == ("1", "d e f")

    def test_an_error_about_one_of_several_texts_names_the_text(self) -> None:
        spec = spec_of("a b c", also=f"d e f | {'g ' * 50}")
        failed = AttentionError(Problem.TEXT, "the text has 9 tokens, small takes 8")
        named = AttentionError(Problem.TEXT, "it is odd", subject="d e f")
        figure = resolved(spec, attention("a b c"), named, failed)
        odd, long = figure.alternatives
        assert odd.error is named
        assert long.reason == "the text has 9 tokens, small takes 8"
        short = f"{'g ' * 30}…"
        assert str(long.error) == f"sentence 3, “{short}”: the text has 9 tokens, small takes 8"
        assert long.error.problem is Problem.TEXT

    @pytest.mark.parametrize("words", ["the text has 9 tokens", "“the text” is an odd text"])
    def test_a_text_within_the_words_of_an_error_is_named_as_well(self, words: str) -> None:
        spec = spec_of("a b c", also="the text")
        failed = AttentionError(Problem.TEXT, words)
        (other,) = resolved(spec, attention("a b c"), failed).alternatives
        assert str(other.error) == f"sentence 2, “the text”: {failed}"

    def test_when_all_variants_fail_the_first_reason_is_raised(self) -> None:
        errors = [AttentionError(Problem.MODEL, text) for text in ("one", "two")]
        with pytest.raises(AttentionError, match="one"):
            resolved(spec_of("a b", also="c d"), *errors)

    def test_the_selection_applies_to_variants_that_have_it(self) -> None:
        spec = spec_of("the fox runs", also="a fox | no dog", layer="3", head="1", focus="fox")
        answers = attention("the fox runs", 4), attention("a fox", 4), attention("no dog", 2)
        figure = resolved(spec, *answers)
        same, smaller = (one.figure for one in figure.alternatives)
        assert (same.layer_name, same.head_name, same.pinned) == ("3", "1", (1,))
        assert (smaller.head_name, smaller.pinned, smaller.chosen) == ("1", (), True)

    def test_a_mistake_in_the_selection_is_raised_for_the_first(self) -> None:
        spec = spec_of("the fox", also="a dog", layer="7")
        with pytest.raises(AttentionError, match="there is no layer 7"):
            resolved(spec, attention("the fox"), attention("a dog", 8))

    def test_variants_beyond_the_budget_are_left_out_with_a_note(self) -> None:
        text = " ".join(f"w{n}" for n in range(20))
        spec = spec_of("a b", also=f"{text} | c d")
        figure = resolved(
            spec, attention("a b"), attention(text, 6, 6), attention("c d"), budget=300
        )
        reasons = [one.reason for one in figure.alternatives]
        assert reasons == ["left out: the page’s budget is used up", ""]
        assert figure.alternatives[0].error is None
        assert names(figure) == ("c d",)

    def test_the_description_names_the_others(self) -> None:
        figure = resolved(spec_of("a b", model="small, large"), attention("a b"), attention("a b"))
        assert "It can also show: \u2068large\u2069." in about(figure) or "large" in about(figure)


def variants_in(html: str) -> list[dict[str, Any]]:
    (found,) = re.findall(r'x-attention-variants"[^>]*>(.*?)</script>', html)
    return json.loads(found)


class TestMarkup:
    def figure(self) -> Any:
        spec = spec_of("the fox </script> runs", also="a <b> dog", model="small")
        return resolved(spec, attention("the fox </script> runs"), attention("a <b> dog"))

    def test_a_figure_of_one_attention_says_nothing_of_variants(self) -> None:
        html = render_html(resolved(spec_of("a b"), attention("a b")), "u")
        assert "variants" not in html
        assert 'name="sentence"' not in html

    def test_without_side_files_the_others_stand_in_the_page(self) -> None:
        html = render_html(self.figure(), "u")
        (one,) = variants_in(html)
        assert one["at"] == {"sentence": "1"}
        assert one["content"]["attributes"]["data-view"] == "arcs"
        markup = one["content"]["markup"]
        assert "a &lt;b&gt; dog" in markup
        assert '<option value="1" selected>' in markup
        # No text of an author or a tokenizer ends the script element.
        assert "</script> runs" not in html

    def test_side_files_hold_the_others_numbers(self) -> None:
        files: dict[str, str] = {}

        def write(name: str, script: str) -> str:
            files[name] = script
            return f"files/{name}"

        html = render_html(self.figure(), "u", write)
        (one,) = variants_in(html)
        (name,) = files
        assert one["src"] == f"files/{name}"
        assert "content" not in one
        assert files[name].startswith(f'(globalThis.attentionVariants??={{}})["{one["key"]}"]=')
        content = json.loads(files[name].split("=", 2)[2].rstrip(";\n"))
        (text,) = re.findall(r'x-attention"[^>]*>"([^"]*)"', content["markup"])
        payload = decode(decode_text(text))
        expected = np.floor(attention("a <b> dog").weights * 1000 + 0.5)
        np.testing.assert_allclose(payload.codes, expected, atol=1)

    def test_a_failed_variant_is_disabled_with_its_reason(self) -> None:
        spec = spec_of("a b", also="c d")
        html = render_html(
            resolved(spec, attention("a b"), AttentionError(Problem.MODEL, 'it is "odd" <here>')),
            "u",
        )
        assert variants_in(html) == [{"at": {"sentence": "1"}, "reason": 'it is "odd" <here>'}]
        assert re.search(r'<option value="1" disabled title="it is [^"]*odd', html)


def test_specs_of_several_attentions_can_be_kept_in_doctrees() -> None:
    import pickle

    spec = spec_of("a b", model="small, large", also="c d")
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert replace(spec, alt="x").variants == spec.variants
    assert isinstance(spec.request, Request)
    assert isinstance(spec.request.source, FunctionSource)
