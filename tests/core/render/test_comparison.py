"""Two attentions side by side: what they need, what each opens with, and their markup."""

from __future__ import annotations

import re
from typing import Any
from xml.dom import minidom

import numpy as np
import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.payload import decode, decode_text
from sphinx_attention.core.render.files import standalone_svg
from sphinx_attention.core.render.html import figure_attributes, figure_class, render_html
from tests.core.figure.test_variants import attention, resolved, spec_of


class TestOptions:
    def test_one_further_sentence(self) -> None:
        spec = spec_of("a b", also="c d", compare="sentence")
        assert spec.compare == "sentence"
        assert [one.request.text for one in spec.variants] == ["a b", "c d"]

    def test_two_models(self) -> None:
        spec = spec_of("a b", model="small, large", compare="model")
        assert [one.request.source.label for one in spec.variants] == ["small", "large"]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                {"compare": "sentence"},
                "expected a figure of two sentences, and this one has 1: give",
            ),
            ({"compare": "sentence", "also": "c | d"}, "two sentences, and this one has 3"),
            ({"compare": "model"}, "two models, and this one has 1: name two in the option model"),
            ({"compare": "model", "model": "small"}, "two models, and this one has 1"),
            (
                {"compare": "sentence", "also": "c", "model": "small, large"},
                "two sentences and one model, and this one has 2 models: give one model",
            ),
            (
                {"compare": "model", "also": "c", "model": "small, large"},
                "two models and one sentence, and this one has 2 sentences",
            ),
            (
                {"compare": "sentence", "also": "c", "part": "encoder, cross"},
                "two sentences and one part, and this one has 2 parts",
            ),
            ({"compare": "part"}, "invalid value 'part' for compare: expected"),
            ({"compare": ""}, "invalid value '' for compare: expected"),
            (
                {"compare": "sentence", "also": "c", "selection": "sentence=1"},
                "invalid name 'sentence' in selection: the option compare shows both sentences",
            ),
        ],
    )
    def test_mistakes(self, options: dict[str, str], message: str) -> None:
        with pytest.raises(AttentionError, match=re.escape(message)) as caught:
            spec_of("x y", **options)
        assert caught.value.problem is Problem.OPTION


def panes_in(html: str) -> list[str]:
    return re.split(r'<div class="attention-figure attention-pane"', html)[1:]


def codes_in(pane: str) -> Any:
    (text,) = re.findall(r'x-attention"[^>]*>"([^"]*)"', pane)
    return decode(decode_text(text)).codes


class TestPanes:
    def figure(self, **options: str) -> Any:
        spec = spec_of("the fox runs", also="no fox sleeps", compare="sentence", **options)
        return resolved(spec, attention("the fox runs", 3, 4), attention("no fox sleeps", 3, 4))

    def test_each_has_its_own_numbers(self) -> None:
        html = render_html(self.figure(), "u")
        for pane, text in zip(panes_in(html), ("the fox runs", "no fox sleeps"), strict=True):
            expected = np.floor(attention(text, 3, 4).weights * 1000 + 0.5)
            np.testing.assert_allclose(codes_in(pane), expected, atol=1)
            assert re.search(rf"attention-pane-name[^>]*>{text}</div>", pane)

    def test_the_figure_itself_is_no_figure_of_one_attention(self) -> None:
        figure = self.figure()
        assert figure_class(figure) == "attention-comparison"
        assert figure_attributes(figure) == {"data-compare": "sentence"}

    def test_both_open_on_the_head_that_was_chosen_for_the_first(self) -> None:
        panes = panes_in(render_html(self.figure(), "u"))
        shown = [re.findall(r'data-(?:layer|head)="(\d+)"', pane)[:2] for pane in panes]
        assert shown[0] == shown[1]

    def test_both_pin_the_same_word(self) -> None:
        figure = self.figure(focus="1")
        (other,) = figure.alternatives
        assert other.figure.pinned == (1,)
        spec = spec_of("b a b", also="b c b a", compare="sentence", focus="2 | a")
        figure = resolved(spec, attention("b a b"), attention("b c b a"))
        assert figure.pinned == (2, 1)
        assert figure.alternatives[0].figure.pinned == (2, 3)

    def test_the_panes_share_a_link_that_no_other_figure_can_have(self) -> None:
        links = re.findall(r'data-link="([^"]*)"', render_html(self.figure(), "u"))
        assert links == ["u compared", "u compared"]
        links = re.findall(r'data-link="([^"]*)"', render_html(self.figure(link="x"), "u"))
        assert links == ["x", "x"]

    def test_ids_are_unique(self) -> None:
        ids = re.findall(r' id="([^"]*)"', render_html(self.figure(view="matrix"), "u"))
        assert len(ids) == len(set(ids)) > 4

    def test_one_that_failed_leaves_a_figure_of_the_other(self) -> None:
        spec = spec_of("a b", also="c d", compare="sentence")
        figure = resolved(spec, attention("a b"), AttentionError(Problem.MODEL, "it is odd"))
        assert figure_class(figure) == "attention-figure"
        html = render_html(figure, "u")
        assert "it is odd" in html
        assert not panes_in(html)

    def test_large_numbers_are_in_side_files(self) -> None:
        files: dict[str, str] = {}

        def write(name: str, script: str) -> str:
            files[name] = script
            return name

        text = " ".join(f"w{n}" for n in range(60))
        spec = spec_of(text, also=f"{text} more", compare="sentence")
        figure = resolved(spec, attention(text, 6, 6), attention(f"{text} more", 6, 6))
        html = render_html(figure, "u", write)
        # Each of the two, and their difference, which is fetched when it is chosen.
        assert len(files) == 3
        assert all(name in html for name in files)


def test_a_file_of_its_own_has_both_pictures() -> None:
    spec = spec_of("the fox runs", also="a <b> & dog", compare="sentence", focus="1")
    svg = standalone_svg(resolved(spec, attention("the fox runs"), attention("a <b> & dog")))
    document = minidom.parseString(svg)
    pictures = document.getElementsByTagName("svg")[1:]
    words = [
        [
            text.firstChild.data
            for text in picture.getElementsByTagName("text")
            if "attention-word" in text.getAttribute("class")
        ]
        for picture in pictures
    ]
    assert words == [["the", "fox", "runs"], ["a", "<b>", "&", "dog"]]
    whole = document.documentElement
    wide = [float(one.getAttribute("width")) for one in (whole, *pictures)]
    assert wide[0] == wide[1] + wide[2] + 40


def test_a_model_is_named_over_its_pane() -> None:
    spec = spec_of("a b", model="small, large", compare="model")
    html = render_html(resolved(spec, attention("a b"), attention("a b")), "u")
    names = re.findall(r"attention-pane-name[^>]*>([^<]*)</div>", html)
    assert names == ["small", "large"]
