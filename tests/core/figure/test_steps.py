"""Figures of a text that a model continues: one attention, and a prefix of it for each step."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.codes import MASKED
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.axes import names, selectors
from sphinx_attention.core.figure.payload import decode, decode_text
from sphinx_attention.core.figure.spec import FigureSpec, Variant
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.description import about, credit, next_lines, whole_texts
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources.builtin.runner import read
from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention

TEXT = "one two three one two"
MODELS = {"words": {"function": "m:words"}}


def spec_of(text: str = TEXT, settings: Settings | None = None, **options: str) -> FigureSpec:
    settings = settings or Settings(model="builtin", models=MODELS)
    context = HostContext(settings, Path(), Path)
    return parse(text, options, None, context)


@cache
def answer(request: Request) -> Attention:
    return read(request)


def figure(budget: int | None = None, **options: str) -> Any:
    spec = spec_of(**{"generate": "4", **options})
    return resolve_all(spec, [answer(spec.request)], budget)


def all_steps(one: Any) -> dict[str, Any]:
    """The figure of each step, by the number of the step."""
    found = {dict(one.spec.at)["step"]: one}
    found |= {dict(other.variant.at)["step"]: other.figure for other in one.alternatives}
    return dict(sorted(found.items()))


class TestOption:
    def test_the_request_has_a_key_of_its_own(self) -> None:
        spec = spec_of(generate="4")
        assert spec.variants == (Variant(spec.request),)
        assert spec.request.generate == 4
        assert spec.request.key != spec_of().request.key

    def test_the_keys_of_other_figures_are_unchanged(self) -> None:
        assert spec_of().request.key == Request(spec_of().request.source, TEXT).key
        assert "generate" not in json.loads(spec_of().request.canonical())

    @pytest.mark.parametrize("value", ["0", "-1", "65", "2.5", "", "many", "1,2", "²", "1e1"])
    def test_values(self, value: str) -> None:
        with pytest.raises(AttentionError) as caught:
            spec_of(generate=value)
        expected = f"invalid value {value!r} for generate: expected a whole number from 1 to 64"
        assert expected in caught.value.message
        assert caught.value.problem is Problem.OPTION

    @pytest.mark.parametrize(
        ("options", "output"),
        [
            ({"pair": "a b"}, "remove the option pair, or the option generate"),
            ({"target": "a b"}, "remove the option target, or the option generate"),
            ({"also": "a b"}, "remove the option also, or the option generate"),
            ({"compare": "model"}, "remove the option compare, or the option generate"),
            ({"merge": "words"}, "remove the option merge, or the option generate"),
            ({"special": "hide"}, "remove the option special, or the option generate"),
            ({"part": "encoder"}, "remove the option part, or the option generate"),
            ({"part": "decoder, cross"}, "remove the option part, or the option generate"),
            ({"model": "builtin, words"}, "needs one model, and this figure has 2, builtin, words"),
            (
                {"view": "map"},
                "a step has a part of one: remove the option generate, or take another",
            ),
            (
                {"view": "corpus"},
                "steps belong to one: remove the option generate, or take another",
            ),
            ({"model": "words"}, "words is a function"),
            ({"selection": "step=5"}, "invalid value '5' for step in selection: expected a whole"),
            ({"selection": "step=0"}, "invalid value '0' for step in selection: expected a whole"),
            ({"selection": "step=last"}, "expected a whole number from 1 to 4"),
        ],
    )
    def test_options_that_exclude_generate(self, options: dict[str, str], output: str) -> None:
        with pytest.raises(AttentionError) as caught:
            spec_of(generate="4", **options)
        assert output in caught.value.message
        assert caught.value.problem is Problem.OPTION

    def test_generate_needs_a_model(self) -> None:
        context = HostContext(Settings(model="builtin"), Path(), Path)
        with pytest.raises(AttentionError, match="the option generate needs a model"):
            parse("a b", {"generate": "2"}, "1 0\n0 1", context)

    def test_steps_need_the_option_generate(self) -> None:
        with pytest.raises(AttentionError, match="only a figure with the option generate has"):
            spec_of(selection="step=2")

    @pytest.mark.parametrize("options", [{"merge": "none"}, {"part": "decoder"}, {"layer": "1"}])
    def test_options_that_go_with_generate(self, options: dict[str, str]) -> None:
        assert spec_of(generate="4", **options).request.generate == 4

    def test_a_projects_hidden_tokens_are_paler(self) -> None:
        spec = spec_of(settings=Settings(model="builtin", special="hide"), generate="4")
        assert (spec.special, spec.request.special) == ("dim", "show")


class TestSteps:
    def test_each_step_reads_one_token_more_and_pins_it(self) -> None:
        steps = all_steps(figure())
        assert list(steps) == ["1", "2", "3", "4"]
        texts = [[token.text for token in one.attention.query_tokens] for one in steps.values()]
        assert texts[0] == ["<start>", *TEXT.split()]
        assert texts[3] == [*texts[0], "three", "one", "two"]
        for one, words in zip(steps.values(), texts, strict=True):
            assert one.pinned == (len(words) - 1,)
            assert one.attention.key_tokens == one.attention.query_tokens
        chosen = [one.next_tokens[0].text for one in steps.values()]
        assert chosen == ["three", "one", "two", "three"]

    @pytest.mark.parametrize(
        "view",
        [name for name, one in VIEWS.items() if not one.needs_picture and one.summary is None],
    )
    def test_each_step_shows_what_the_model_computes_for_its_tokens(self, view: str) -> None:
        words = [*TEXT.split(), "three", "one", "two"]
        for count, one in enumerate(all_steps(figure(view=view)).values(), len(TEXT.split())):
            alone = answer(Request(one.spec.request.source, " ".join(words[:count])))
            layers = [int(name) for name in one.attention.layer_names]
            heads = [int(name) for name in one.attention.head_names]
            own = alone.weights[layers][:, heads]
            np.testing.assert_allclose(one.attention.weights, own, rtol=0, atol=2e-5)
        assert render_html(figure(view=view), "u")

    def test_the_last_step_is_shown_first(self) -> None:
        assert figure().step == 4
        assert len(figure().attention.query_tokens) == 9
        opened = figure(selection="step=2", focus="two")
        assert opened.step == 2
        assert opened.pinned == (2,)
        others = [one.figure.pinned for one in opened.alternatives]
        assert others == [(5,), (7,), (8,)]

    def test_all_steps_show_one_head(self) -> None:
        steps = all_steps(figure())
        assert len({(one.layer_name, one.head_name) for one in steps.values()}) == 1
        assert all(one.chosen for one in steps.values())

    def test_a_budget_is_for_all_steps_together(self) -> None:
        small = figure(budget=1200)
        steps = all_steps(small)
        assert all(one is not None for one in steps.values())
        assert len({one.attention.layer_names for one in steps.values()}) == 1
        assert len({one.attention.head_names for one in steps.values()}) == 1
        assert small.left_out
        none = figure(budget=1)
        assert [one.reason for one in none.alternatives] == [
            "left out: the page’s budget is used up"
        ] * 3

    def test_fewer_steps_than_were_asked_for(self) -> None:
        spec = spec_of(generate="9", selection="step=5")
        ended = answer(spec_of(generate="4").request)
        with pytest.raises(AttentionError, match=r"after 4 of 9 tokens; expected 1 to 4"):
            resolve_all(spec, [ended])
        shown = resolve_all(spec_of(generate="9"), [ended])
        assert "the model ended its text after 4 of 9 tokens" in credit(shown)
        assert "the model ended its text after 4 of 9 tokens" in render_html(shown, "u")

    def test_errors_of_the_source_are_raised(self) -> None:
        error = AttentionError(Problem.MODEL, "it is odd")
        with pytest.raises(AttentionError, match="it is odd"):
            resolve_all(spec_of(generate="2"), [error])

    def test_selectors_name_the_tokens(self) -> None:
        (selector,) = selectors(figure())
        assert (selector.name, selector.value, selector.label) == ("step", "4", "4 of 4: three")
        assert [one.label for one in selector.choices] == [
            "1 of 4: three",
            "2 of 4: one",
            "3 of 4: two",
            "4 of 4: three",
        ]
        assert names(figure()) == ()


class TestWords:
    def test_what_the_model_wrote_is_reported(self) -> None:
        reported = about(figure())
        assert "over: one two three one two, and what the model wrote after it" in reported
        assert reported.endswith("three one two three.")
        assert "from “three” on, the model wrote the text itself" in credit(figure())
        assert whole_texts(figure())[:2] == [("", TEXT), ("continuation", "three one two three")]

    def test_the_likeliest_next_tokens(self) -> None:
        steps = answer(spec_of(generate="4").request).candidates
        (line,) = next_lines(figure(selection="step=1"))
        shares = [f"{one.text} {one.probability:.3f}" for one in steps[0]]
        assert line == f"Likeliest after “two”: {', '.join(shares)}."
        assert next_lines(resolve_all(spec_of(), [answer(spec_of().request)])) == []


class TestMarkup:
    def test_markup_has_a_slider_a_list_and_the_next_tokens(self) -> None:
        html = render_html(figure(), "u")
        (slider,) = re.findall(r"<input[^>]*>", html)
        assert 'type="range" name="step" min="1" max="4" value="4"' in slider
        assert 'aria-valuetext="4 of 4: three"' in slider
        (table,) = re.findall(r'<div class="attention-next">.*?</div>', html, re.DOTALL)
        rows = re.findall(r"<tr.*?</tr>", table)
        candidates = answer(spec_of(generate="4").request).candidates[3]
        assert len(rows) == 5
        for row, one in zip(rows, candidates, strict=True):
            assert f">{one.text}</th>" in row
            assert f">{one.probability:.3f}</td>" in row
        assert ["chosen" in row for row in rows] == [True, False, False, False, False]

    def test_the_steps_in_files_have_prefixes_of_the_numbers(self) -> None:
        files: dict[str, str] = {}

        def write(name: str, script: str) -> str:
            files[name] = script
            return name

        html = render_html(figure(), "u", write)
        assert len(files) == 3
        whole = payload_in(html)
        for script in files.values():
            content = json.loads(script.split("=", 2)[2].rstrip(";\n"))
            codes = payload_in(content["markup"])
            count = codes.shape[-1]
            assert np.array_equal(codes, whole[:, :, :count, :count])
            assert (codes[..., np.triu(np.ones((count, count), bool), 1)] == MASKED).all()

    def test_other_figures_do_not_mention_generated_text(self) -> None:
        html = render_html(resolve_all(spec_of(), [answer(spec_of().request)]), "u")
        for word in ("range", "attention-next", "wrote"):
            assert word not in html

    def test_texts_of_tokens_are_no_markup(self) -> None:
        text = "<b> & </script> <b> & </script> <b>"
        spec = spec_of(text, generate="3")
        html = render_html(resolve_all(spec, [answer(spec.request)]), "u")
        assert "<b>" not in html


def payload_in(html: str) -> np.ndarray:
    (text,) = re.findall(r'x-attention"[^>]*>"([^"]*)"', html)
    return decode(decode_text(text)).codes
