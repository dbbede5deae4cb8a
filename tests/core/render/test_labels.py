"""Labels that an author sets in a figure: where they stand, and what is said where they cannot."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_attention.core.authoring import converters
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure.labels import Label, LabelSpec
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.render.arcs.labels import LINE, place
from sphinx_attention.core.render.description import about, label_lines
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.svg import render_svg
from tests.core.render.figures import figure

SVG = "{http://www.w3.org/2000/svg}"
WORDS = "the quick brown fox jumps over the lazy dog"
ROWS = np.eye(9)[[3, 0, 1, 2, 3, 4, 5, 6, 3]]


def labelled(*labels: LabelSpec, **options):
    plain = figure(WORDS, ROWS, **options)
    return resolve(replace(plain.spec, labels=labels), plain.attention)


class TestOption:
    def test_labels_of_words_and_edges(self) -> None:
        assert converters.labels("fox -> dog | animals; fox |  an\n animal;") == (
            LabelSpec("fox", "dog", "animals"),
            LabelSpec("fox", "", "an animal"),
        )
        assert converters.labels("x → y | a -> b") == (LabelSpec("x", "y", "a -> b"),)

    @pytest.mark.parametrize(
        ("value", "says"),
        [
            ("fox", "such as fox -> dog | animals; 'fox' is not one"),
            ("fox -> | x", "is not one"),
            ("fox -> dog -> cat | x", "is not one"),
            ("fox | ", "is not one"),
            (f"fox | {'x' * 61}", "at most 60 characters"),
            ("; ".join("fox | x" for _ in range(13)), "at most 12 labels; there are 13"),
        ],
    )
    def test_what_is_no_label(self, value: str, says: str) -> None:
        with pytest.raises(ValueError, match=re.escape(says)):
            converters.labels(value)

    def test_a_token_that_is_not_there(self) -> None:
        with pytest.raises(AttentionError, match=r"did you mean dog\?"):
            labelled(LabelSpec("fox", "dgo", "x"))


class TestNotices:
    def test_an_edge_that_is_not_drawn_is_told(self) -> None:
        shown = labelled(LabelSpec("fox", "dog", "animals"), LabelSpec("fox", "brown", "back"))
        (notice,) = shown.notices
        assert "the label 'animals' stands at an edge that is not drawn" in notice
        assert "the weight of fox -> dog is 0.000" in notice

    def test_an_edge_below_the_cutoff_is_told(self) -> None:
        rows = [[0.6, 0.3, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        shown = figure("the fox ran", rows, cutoff=0.8, labels=(LabelSpec("the", "ran", "little"),))
        (notice,) = shown.notices
        assert (
            "the weight of the -> ran is 0.100, and larger ones reach the cutoff of 0.8" in notice
        )
        # A matrix has a cell for every weight.
        labels = (LabelSpec("the", "ran", "little"),)
        assert figure("the fox ran", rows, cutoff=0.8, labels=labels, view="matrix").notices == ()

    def test_edges_that_are_drawn_need_no_word(self) -> None:
        assert labelled(LabelSpec("fox", "brown", "back"), LabelSpec("dog", "", "x")).notices == ()


class TestPicture:
    def test_the_labels_lead_to_their_words_and_edges(self) -> None:
        shown = labelled(LabelSpec("fox", "brown", "back"), LabelSpec("dog", "", "a word"))
        picture = ET.fromstring(render_svg(shown, "f", standalone=True))
        words = {
            word.get("data-token"): float(word.find(f"{SVG}text").get("x"))
            for word in picture.iter(f"{SVG}g")
            if word.get("data-token")
        }
        found = {
            group.find(f"{SVG}text").text: group
            for group in picture.iter(f"{SVG}g")
            if group.get("class") == "attention-label"
        }
        back, word = found["back"], found["a word"]
        assert (back.get("data-query"), back.get("data-key")) == ("3", "2")
        ends = {
            text: [float(n) for n in re.findall(r"[\d.]+", group.find(f"{SVG}path").get("d"))]
            for text, group in found.items()
        }
        assert ends["back"][2] == pytest.approx((words["3"] + words["2"]) / 2)
        assert ends["a word"][2] == pytest.approx(words["8"])
        baseline = float(next(picture.iter(f"{SVG}text")).get("y", "0"))
        assert float(back.find(f"{SVG}text").get("y")) < ends["back"][3]
        assert float(word.find(f"{SVG}text").get("y")) > ends["a word"][3]
        assert baseline >= 0

    def test_a_figure_without_labels_is_as_it_was(self) -> None:
        plain = figure(WORDS, ROWS)
        assert "attention-label" not in render_svg(plain, "f")

    @pytest.mark.parametrize("view", ["heads", "matrix"])
    def test_other_views_tell_them_below(self, view: str) -> None:
        shown = labelled(LabelSpec("fox", "dog", "animals"), view=view)
        assert "fox → dog: animals" in render_html(shown, "f")

    def test_a_label_without_room_is_told_below(self) -> None:
        texts = [LabelSpec("fox", "dog", f"a label as long as {n:>40}") for n in range(6)]
        shown = labelled(*texts)
        html = render_html(shown, "f")
        below = html.count("attention-note--label")
        inside = html.count('class="attention-label"')
        assert below > 0
        assert below + inside == len(texts)

    def test_words_and_description(self) -> None:
        shown = labelled(LabelSpec("the#2", "", "<b>"))
        assert label_lines(shown) == ["the#2: <b>"]
        assert "the#2: <b>." in about(shown)
        assert "<b>" not in render_svg(shown, "f")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 600), st.text("abcdefgh ", min_size=1, max_size=30)), max_size=12
    )
)
def test_nothing_collides(drawn: list[tuple[float, str]]) -> None:
    labels = [Label(n, None, text) for n, (_, text) in enumerate(drawn)]
    placed = place(labels, lambda label: drawn[label.query][0], 620)
    found = [one.label.query for one in placed]
    assert len(set(found)) == len(found) <= len(labels)
    # The first label from the left always has a place, if it fits into the picture.
    assert bool(placed) == bool(labels)
    boxes = [
        (one.left, one.right, one.row * LINE, one.row * LINE + LINE, one.foot, one.anchor)
        for one in placed
    ]
    for n, (left_n, right_n, low, high, _, _) in enumerate(boxes):
        assert left_n >= 0
        assert right_n <= 620
        for m, (left_m, right_m, low_m, high_m, foot, anchor) in enumerate(boxes):
            if n == m:
                continue
            beside = right_n <= left_m or right_m <= left_n
            assert beside or high <= low_m or high_m <= low
            if low_m > low:
                # The line from the farther label passes the nearer one.
                assert max(foot, anchor) <= left_n or right_n <= min(foot, anchor)
