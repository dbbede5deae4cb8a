from __future__ import annotations

import numpy as np
import pytest

from sphinx_attention.core.attention import Token
from sphinx_attention.core.codes import Codes
from sphinx_attention.core.render.arcs import draw as arcs
from sphinx_attention.core.render.common import edges
from sphinx_attention.core.render.common.word_row import lay_out_row
from sphinx_attention.core.render.svg import render_svg
from tests.core.render.figures import figure, random_rows
from tests.core.render.pictures import FOX, ROWS, classed, parse


def test_the_row_of_the_token_in_focus_is_drawn_and_numbered():
    root = parse(render_svg(figure(FOX, ROWS, focus="fox", cutoff=0.95), "f"))
    drawn = {e.get("data-key"): e.get("stroke-width") for e in classed(root, "attention-edge")}
    assert drawn == {"2": "9", "3": "0.5"}  # 0.90 + 0.05 reach the cut-off of 0.95
    assert {e.get("data-query") for e in classed(root, "attention-edge")} == {"3"}
    numbers = [e.text for e in classed(root, "attention-weight")]
    assert numbers == ["0.010", "0.040", "0.900", "0.050", "0.000"]
    assert [e.text for e in classed(root, "attention-weight--strong")] == ["0.900"]
    assert [e.get("data-token") for e in classed(root, "attention-token--focus")] == ["3"]
    assert classed(root, "attention-overview--away")


def test_edges_to_special_tokens_are_marked():
    root = parse(render_svg(figure(FOX, ROWS, focus="the", cutoff=1.0), "f"))
    special = {e.get("data-key") for e in classed(root, "attention-edge--special")}
    assert special == {"0", "4"}
    assert len(classed(root, "attention-token--special")) == 2


def test_dimmed_special_tokens_are_paler_without_a_style_sheet_too():
    def strengths(special):
        shown = figure(FOX, ROWS, focus="the", cutoff=1.0, special=special)
        root = parse(render_svg(shown, "f", standalone=True))
        edges = {
            e.get("data-key"): e.get("stroke-opacity") for e in classed(root, "attention-edge")
        }
        words = [e.get("fill-opacity") for e in classed(root, "attention-token")]
        return edges, words

    edges, words = strengths("dim")
    assert edges == {"0": "0.3", "1": None, "2": None, "3": None, "4": "0.3"}
    assert words == ["0.3", None, None, None, "0.3"]
    edges, words = strengths("show")
    assert set(edges.values()) == {None}
    assert words == ["0.6", None, None, None, "0.6"]


def test_several_tokens_in_focus_have_edges_each():
    root = parse(render_svg(figure(FOX, ROWS, focus="quick | fox", cutoff=0.95), "f"))
    drawn = [
        (e.get("data-query"), e.get("data-key"), e.get("stroke-width"))
        for e in classed(root, "attention-edge")
    ]
    # 0.60 + 0.30 + 0.05 and 0.90 + 0.05.
    assert drawn == [
        ("2", "1", "6"),
        ("2", "2", "3"),
        ("2", "3", "0.5"),
        ("3", "2", "9"),
        ("3", "3", "0.5"),
    ]
    assert [e.text for e in classed(root, "attention-weight")] == [
        "0.030",
        "0.640",
        "1.200",
        "0.100",
        "0.030",
    ]
    assert not classed(root, "attention-rest")


def test_edges_stand_around_the_centres_of_their_tokens():
    root = parse(render_svg(figure(FOX, ROWS, focus="quick", cutoff=1.0), "f"))
    centre = [float(e.get("x")) for e in classed(root, "attention-word")]
    found = 0
    for edge in classed(root, "attention-edge"):
        numbers = [float(n) for n in edge.get("d").replace("M", "").replace("C", " ").split()]
        query, key = int(edge.get("data-query")), int(edge.get("data-key"))
        assert numbers[1] == numbers[-1]
        if query == key:
            assert (numbers[0] + numbers[-2]) / 2 == pytest.approx(centre[query], abs=0.011)
            assert numbers[-2] - numbers[0] == pytest.approx(4 + 1.25 * 3, abs=0.011)
        else:
            # All of them stand within the word, and each ends in the middle of the other word.
            assert abs(numbers[0] - centre[query]) < 16
            assert numbers[-2] == centre[key]
        found += 1
    assert found == 5


def test_at_rest_there_are_no_edges_of_a_focus_and_no_numbers():
    root = parse(render_svg(figure(FOX, ROWS), "f"))
    assert not classed(root, "attention-edge")
    assert not classed(root, "attention-weight")
    assert classed(root, "attention-overview")
    assert not classed(root, "attention-overview--away")
    assert classed(root, "attention-rest")


def test_the_picture_at_rest_holds_the_edges_of_all_ordinary_tokens():
    shown = figure(FOX, ROWS, cutoff=0.95)
    codes = Codes.of_head(shown.attention, 0, 0)
    assert arcs.at_rest(shown, codes) == [
        *((1, 0), (1, 1), (1, 2), (1, 3)),  # 0.96
        *((2, 1), (2, 2), (2, 3)),  # 0.95
        *((3, 2), (3, 3)),  # 0.95
    ]
    layers = arcs.draw(shown).content.rest
    assert [(layer.special, [w for w, _ in layer.lines]) for layer in layers] == [
        (True, ["5"]),
        (False, ["0.5", "0.6"]),
        (False, ["1"]),
        (False, ["3"]),
        (False, ["6", "9"]),
    ]
    opacities = [layer.opacity for layer in layers[1:]]
    assert opacities == sorted(opacities)
    assert layers[1].lines[0][1].count("M") == 2  # both edges of weight 0.05


def test_the_picture_at_rest_keeps_the_heaviest_where_there_are_too_many():
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(60, 3.0), size=60)
    shown = figure(" ".join(f"w{i}" for i in range(60)), weights, cutoff=1.0)
    head = Codes.of_head(shown.attention, 0, 0)
    kept, codes = arcs.at_rest(shown, head), head.values
    assert len(kept) == 240
    least = min(codes[pair] for pair in kept)
    assert (codes > least).sum() <= 240 <= (codes >= least).sum()


def test_only_special_tokens_are_still_drawn():
    shown = figure("[CLS] [SEP]", [[0.5, 0.5], [0.2, 0.8]])
    assert len(arcs.at_rest(shown, Codes.of_head(shown.attention, 0, 0))) == 4


def test_masked_keys_are_masked_and_not_zero():
    masked = np.triu(np.ones((3, 3), bool), 1)
    shown = figure("a b c", [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.8, 0]], masked=masked, focus="b")
    root = parse(render_svg(shown, "f"))
    assert [e.text for e in classed(root, "attention-weight")] == ["0.500", "0.500", "–"]
    assert [e.get("data-token") for e in classed(root, "attention-token--masked")] == ["2"]


def cross(**spec):
    weights = [[0.7, 0.2, 0.1], [0.0, 0.4, 0.6]]
    return figure(("das", "Haus"), weights, keys=("the", "old", "house"), label="toy", **spec)


def test_two_rows():
    root = parse(render_svg(cross(focus="Haus"), "f"))
    sides = [(e.get("data-side"), e.get("data-token")) for e in classed(root, "attention-token")]
    assert sides == [("key", "0"), ("key", "1"), ("key", "2"), ("query", "0"), ("query", "1")]
    assert [e.text for e in classed(root, "attention-weight")] == ["0.000", "0.400", "0.600"]
    words = classed(root, "attention-word")
    centres = [float(e.get("x")) for e in words]
    # The shorter row is centred over the longer row.
    assert sum(centres[:3:2]) / 2 == pytest.approx(sum(centres[3:]) / 2, abs=8)
    assert float(words[0].get("y")) < float(words[3].get("y"))
    for edge in classed(root, "attention-edge"):
        numbers = edge.get("d").replace("M", "").replace("C", " ").split()
        assert float(numbers[0]) == pytest.approx(centres[3 + int(edge.get("data-query"))], abs=5)
        assert float(numbers[-2]) == centres[int(edge.get("data-key"))]
        assert float(numbers[1]) - float(numbers[-1]) == 110
    assert {e.get("data-key") for e in classed(root, "attention-edge")} == {"1", "2"}


def test_rows_of_right_to_left_scripts_run_from_right_to_left():
    root = parse(render_svg(figure("שלום עולם ok", np.eye(3)), "f"))
    assert root.get("direction") == "rtl"
    words = classed(root, "attention-word")
    centres = [float(e.get("x")) for e in words]
    assert centres == sorted(centres, reverse=True)
    assert [e.get("direction") for e in words] == ["rtl", "rtl", None]
    assert parse(render_svg(figure("the שלום end", np.eye(3)), "f")).get("direction") == "ltr"


def test_one_token_alone():
    root = parse(render_svg(figure("alone", [[1.0]], focus="0"), "f"))
    (edge,) = classed(root, "attention-edge")
    assert edge.get("stroke-width") == "10"
    assert edge.get("d").count("C") == 1


def test_the_picture_is_as_wide_as_its_content():
    shown = figure(FOX, ROWS)
    drawing = arcs.draw(shown)
    root = parse(render_svg(shown, "f"))
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert float(root.get("width")) == drawing.width
    slots, _ = lay_out_row((Token("a"), Token("b")))
    assert edges.headroom(slots[1].x - slots[0].x) == 50


def test_a_long_row_stays_small_enough_for_the_page():
    rng = np.random.default_rng(1)
    names = tuple(f"word{i}" for i in range(128))
    shown = figure(names, random_rows(rng, 128), focus="64", cutoff=1.0)
    root = parse(render_svg(shown, "f"))
    assert sum(1 for _ in root.iter()) < 128 * 5 + 240 + 40


@pytest.mark.parametrize("backwards", [False, True])
def test_rows_that_scroll_begin_at_the_same_side(backwards: bool):
    """If the shorter row were centred, a reader would have to scroll to see it."""
    words = ("שלום", "עולם") if backwards else ("das", "Haus")
    many = tuple(f"{words[0]}{i}" for i in range(40))
    root = parse(
        render_svg(figure(words, random_rows(np.random.default_rng(3), 2, 40), keys=many), "f")
    )
    width = float(root.get("width"))
    places = [
        float(classed(token, "attention-word")[0].get("x"))
        for token in classed(root, "attention-token")
        if token.get("data-token") == "0"
    ]
    assert len(places) == 2
    assert all((width - x if backwards else x) < 60 for x in places)


def test_rows_that_fit_are_centred():
    root = parse(render_svg(figure("das", [[0.5, 0.3, 0.2]], keys=("the", "old", "house")), "f"))
    word = classed(root, "attention-word")[-1]
    assert float(word.get("x")) == pytest.approx(float(root.get("width")) / 2, abs=1)
