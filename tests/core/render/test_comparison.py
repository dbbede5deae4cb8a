"""Two attentions side by side: their requirements, their first selection and their markup."""

from __future__ import annotations

import re
from typing import Any
from xml.dom import minidom

import numpy as np
import pytest

from sphinx_attention.core.codes import MASKED
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.payload import decode, decode_text, estimate
from sphinx_attention.core.render.common.score_vector import score_vector
from sphinx_attention.core.render.comparison import panes_of
from sphinx_attention.core.render.description import detail
from sphinx_attention.core.render.files import standalone_svg
from sphinx_attention.core.render.html import figure_attributes, figure_class, render_html
from sphinx_attention.core.render.svg import render_svg
from tests.core.figure.test_variants import attention, resolved, spec_of, variants_in


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
            (
                {"compare": "sentence", "also": "c | d"},
                "two sentences, and this one has 3: give exactly one further sentence",
            ),
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
    found = re.search(r'x-attention"[^>]*>\\?"([^"\\]*)\\?"', pane)
    assert found is not None
    return decode(decode_text(found[1])).codes


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

    def test_the_outer_figure_is_not_bound_as_a_single_figure(self) -> None:
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

    def test_a_failed_pane_leaves_a_figure_of_the_other(self) -> None:
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
        # The files are those of the two panes and of the difference, which is fetched when it is
        # chosen.
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


class TestDifference:
    texts = ("the fox runs", "no fox runs fast")

    def figure(self, **options: str) -> Any:
        spec = spec_of(self.texts[0], also=self.texts[1], compare="sentence", **options)
        return resolved(spec, *(attention(text, 3, 4) for text in self.texts))

    def between(self, **options: str) -> Any:
        found = panes_of(self.figure(**options), "u")[0].figure.alternatives
        return found[0].figure

    def test_its_numbers_in_the_page_are_those_of_the_two(self) -> None:
        one, other = (attention(text, 3, 4).weights.astype(np.float64) for text in self.texts)
        html = render_html(self.figure(), "u")
        (variant,) = variants_in(html)
        assert variant["at"] == {"compare": "difference"}
        codes = codes_in(variant["content"]["markup"])
        # The keys are (rest), the, no, fox, runs, fast. "fox runs" has the indices 1 and 2 in both
        # sentences.
        expected = np.round(1000 * (other[:, :, 1:3, 1:3] - one[:, :, 1:3, 1:3]))
        np.testing.assert_allclose(codes[:, :, 3:5, 3:5], expected, atol=1)
        assert (codes[:, :, 3:5, [1, 2, 5]] == MASKED).all()
        np.testing.assert_allclose(codes[:, :, 3:5][..., [0, 3, 4]].sum(axis=-1), 0, atol=2)
        assert (codes < 0).any()

    def test_numbers_have_their_sign(self) -> None:
        one, other = (attention(text, 3, 4).weights for text in self.texts)
        figure = self.between(layer="1", head="2", focus="fox")
        vector = score_vector(figure)
        assert vector is not None
        value = float(other[1, 2, 1, 1] - one[1, 2, 1, 1])
        expected = f"{abs(value):.3f}"
        found = {score.token: score.number for score in vector.scores}
        assert found["fox"] == ("+" if value > 0 else "−") + expected
        assert (found["the"], found["no"]) == ("–", "–")
        more = "more" if value > 0 else "less"
        assert f"fox looks {expected} {more} at itself" in detail(figure)

    @pytest.mark.parametrize("view", ["arcs", "heads", "matrix"])
    def test_both_signs_have_a_hue(self, view: str) -> None:
        figure = self.between(view=view, layer="1", head="2", focus="fox")
        drawn = render_svg(figure, "u", standalone=True)
        assert "#b4581a" in drawn
        assert "#2f6ac4" in drawn
        if view == "matrix":
            ends = re.findall(r">([−+]0\.\d{3}|0)</text>", drawn.partition("ticks")[2])
            assert [end[0] for end in ends] == ["−", "0", "+"]
            assert ends[0][1:] == ends[2][1:]

    @pytest.mark.parametrize(
        ("view", "why"),
        [
            ("grid", "the view grid sorts heads by scores, which differences do not have"),
            ("steps", "the view steps goes from queries and keys to weights"),
        ],
    )
    def test_views_without_a_difference_say_why(self, view: str, why: str) -> None:
        figure = self.figure(view=view)
        assert figure.difference.reason.startswith(why)
        assert figure.difference.error is None
        with pytest.raises(AttentionError, match=re.escape(f"expected sides, because {why}")):
            self.figure(view=view, selection="compare=difference")

    def test_words_that_cannot_be_aligned_are_a_warning(self) -> None:
        spec = spec_of("a b", also="c d", compare="sentence")
        figure = resolved(spec, attention("a b"), attention("c d"))
        assert figure.difference.figure is None
        assert figure.difference.reason == "no word of the one stands in the other"
        html = render_html(figure, "u")
        assert len(panes_in(html)) == 2
        assert re.search(r'<option value="difference" disabled title="no word of the one', html)

    def test_a_figure_can_open_on_the_difference(self) -> None:
        html = render_html(self.figure(selection="compare=difference"), "u")
        first, second = panes_in(html)
        assert 'data-compare="difference"' in first
        (variant,) = variants_in(html)
        assert variant["at"] == {"compare": "sides"}
        assert "no fox runs fast − the fox runs" in first
        assert "data-compare" not in second

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"selection": "compare=difference"}, "the figure compares nothing: add the option"),
            (
                {"selection": "compare=both", "also": "c d", "compare": "sentence"},
                "invalid value 'both' for compare in selection: expected sides or difference",
            ),
        ],
    )
    def test_mistakes(self, options: dict[str, str], message: str) -> None:
        with pytest.raises(AttentionError, match=re.escape(message)):
            spec_of("a b", **options)

    def test_a_difference_beyond_the_budget_is_left_out_with_a_note(self) -> None:
        text = " ".join(f"w{n}" for n in range(20))
        spec = spec_of(text, also=f"{text} x", compare="sentence")
        answers = attention(text, 6, 6), attention(f"{text} x", 6, 6)
        whole = resolved(spec, *answers)
        room = sum(estimate(one.attention) for one in (whole, whole.alternatives[0].figure))
        figure = resolved(spec, *answers, budget=room + 400)
        if figure.difference is not None and figure.difference.figure is not None:
            assert estimate(figure.difference.figure.attention) <= 400
        else:
            assert figure.difference.reason == "left out: the page’s budget is used up"
