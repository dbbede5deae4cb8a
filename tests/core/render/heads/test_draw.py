from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.codes import Codes
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.common import head_colours, two_columns
from sphinx_attention.core.render.common.score_vector import percent_drawn, score_vector
from sphinx_attention.core.render.description import describe, strongest_pairs
from sphinx_attention.core.render.heads import draw as heads
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.svg import render_svg
from sphinx_attention.core.request import ModelSource, Request
from tests.core.render.figures import figure
from tests.core.render.pictures import FOX, ROWS, SVG, classed

OTHER = [
    [0.00, 1.00, 0.00, 0.00, 0.00],
    [0.10, 0.10, 0.10, 0.10, 0.60],
    [0.90, 0.04, 0.03, 0.02, 0.01],
    [0.31, 0.24, 0.20, 0.15, 0.10],
    [0.25, 0.25, 0.25, 0.25, 0.00],
]


def drawn(*args, **spec) -> ET.Element:
    return ET.fromstring(render_svg(figure(*args, view="heads", **spec), "f"))


def two_heads(**spec):
    return figure(FOX, [[ROWS, OTHER]], view="heads", shown_heads=(0, 1), **spec)


def ends(path: str) -> list[tuple[float, float, float, float]]:
    """The ends of the lines of a path: x and y of the start, x and y of the end."""
    found = []
    for piece in path.split("M")[1:]:
        start, _, curve = piece.partition("c")
        x, y = (float(n) for n in start.split())
        numbers = [float(n) for n in curve.split()]
        # Both handles have the height of the ends to which they belong.
        assert numbers[1] == 0
        assert numbers[3] == numbers[5]
        found.append((x, y, x + numbers[4], y + numbers[5]))
    return found


def test_the_lines_of_the_pinned_row_are_drawn_and_numbered():
    root = drawn(FOX, ROWS, focus="fox", cutoff=0.95)
    lines = classed(root, "attention-edge")
    # 0.90 + 0.05 reach 0.95; the ramp 0.05 + 0.95 log10(1 + 9w) by hand: 0.9636…, 0.2033…
    assert {(e.get("data-query"), e.get("data-key")): e.get("stroke-opacity") for e in lines} == {
        ("3", "2"): "0.96",
        ("3", "3"): "0.2",
    }
    assert {e.get("data-head") for e in lines} == {"0"}
    assert not classed(root, "attention-line")
    keys = [e for e in classed(root, "attention-token") if e.get("data-side") == "key"]
    numbers = [classed(e, "attention-weight")[0].text for e in keys]
    assert numbers == ["0.010", "0.040", "0.900", "0.050", "0.000"]
    assert [e.text for e in classed(root, "attention-weight--strong")] == ["0.900"]
    focused = classed(root, "attention-token--focus")
    assert [(e.get("data-token"), e.get("data-side")) for e in focused] == [("3", "query")]


def test_lines_run_between_the_rows_and_end_at_the_columns():
    root = drawn(FOX, ROWS, focus="quick", cutoff=1.0)
    baselines, inner = {}, {}
    for token in classed(root, "attention-token"):
        word = classed(token, "attention-word")[0]
        middle, half = float(word.get("x")), float(word.get("textLength")) / 2
        side = token.get("data-side")
        baselines[side, int(token.get("data-token"))] = float(word.get("y"))
        inner[side] = middle + half + 7 if side == "query" else middle - half - 7
    lines = classed(root, "attention-edge")
    assert len(lines) == 5
    for line in lines:
        ((x0, y0, x1, y1),) = ends(line.get("d"))
        query, key = int(line.get("data-query")), int(line.get("data-key"))
        assert (x0, y0) == (inner["query"] + 2, baselines["query", query] - 3.5)
        assert (x1, y1) == (inner["key"] - 2, baselines["key", key] - 3.5)


def test_words_end_at_the_left_column_and_begin_at_the_right_one():
    root = drawn("a extraordinary [SEP]", np.eye(3))
    sides: dict[str, list[tuple[float, float]]] = {"query": [], "key": []}
    for token in classed(root, "attention-token"):
        word = classed(token, "attention-word")[0]
        middle, wide = float(word.get("x")), float(word.get("textLength"))
        sides[token.get("data-side")].append((middle - wide / 2, middle + wide / 2))
    assert len({end for _, end in sides["query"]}) == 1
    assert len({start for start, _ in sides["key"]}) == 1
    assert sides["query"][0][1] < sides["key"][0][0]


def test_rows_are_high_enough_for_a_finger():
    root = drawn(FOX, ROWS)
    for side in ("query", "key"):
        tokens = [e for e in classed(root, "attention-token") if e.get("data-side") == side]
        lines = [float(classed(e, "attention-word")[0].get("y")) for e in tokens]
        assert np.diff(lines).tolist() == [24.0] * 4


def test_at_rest_all_lines_of_ordinary_queries_lie_in_few_paths():
    shown = figure(FOX, ROWS, view="heads", cutoff=0.95)
    codes = {0: Codes.unpacked(np.round(np.array(ROWS) * 1000).astype(np.int16))}
    edges, capped = heads.at_rest(shown, codes)
    assert not capped
    assert sorted(edges) == [
        *((0, 1, 0), (0, 1, 1), (0, 1, 2), (0, 1, 3)),  # 0.96
        *((0, 2, 1), (0, 2, 2), (0, 2, 3)),  # 0.95
        *((0, 3, 2), (0, 3, 3)),  # 0.95
    ]
    root = ET.fromstring(render_svg(shown, "f"))
    assert not classed(root, "attention-edge")
    assert not classed(root, "attention-weight")
    paths = classed(root, "attention-line")
    assert sum(len(ends(path.get("d"))) for path in paths) == 9
    # First 0.5 to a special token, below the others. Then 0.05, 0.05 and 0.06; 0.1, 0.3 and 0.3;
    # 0.6, 0.9.
    assert [len(ends(path.get("d"))) for path in paths] == [1, 3, 1, 2, 1, 1]
    assert "attention-line--special" in paths[0].get("class")
    strengths = [float(path.get("stroke-opacity", 1)) for path in paths[1:]]
    assert strengths == sorted(strengths)


def test_of_too_many_lines_the_heaviest_are_kept_with_a_note():
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(60, 3.0), size=60)
    shown = figure(" ".join(f"w{i}" for i in range(60)), weights, view="heads", cutoff=1.0)
    values = np.floor(shown.attention.weights[0, 0] * 1000 + 0.5).astype(np.int16)
    codes = {0: Codes.unpacked(values)}
    edges, capped = heads.at_rest(shown, codes)
    assert capped
    assert len(edges) == 600
    least = min(values[edge[1:]] for edge in edges)
    assert (values > least).sum() <= 600 <= (values >= least).sum()
    assert "600 strongest" in render_html(shown, "f")


def test_several_heads_lie_beside_one_another_in_their_colours():
    root = ET.fromstring(render_svg(two_heads(focus="fox", cutoff=1.0), "f"))
    lines = {(e.get("data-head"), e.get("data-key")): e for e in classed(root, "attention-edge")}
    assert len(lines) == 9  # one weight of the first head is 0
    hue = {
        head: {e.get("class").split()[1] for (of, _), e in lines.items() if of == head}
        for head in "01"
    }
    assert hue == {"0": {"attention-hue-0"}, "1": {"attention-hue-1"}}
    ((_, y0, _, _),) = ends(lines["0", "2"].get("d"))
    ((_, y1, _, _),) = ends(lines["1", "2"].get("d"))
    assert y1 - y0 == pytest.approx(2.5)


@pytest.mark.parametrize("count", [1, 2, 12, 32])
def test_lanes_stay_within_their_row(count):
    lanes = heads.lanes(count)
    assert len(set(lanes)) == count
    assert sum(lanes) == pytest.approx(0)
    assert max(lanes) - min(lanes) <= 14.0001


def test_numbers_of_several_heads_are_their_mean_and_each_head_has_a_square():
    shown = two_heads(focus="fox", cutoff=1.0)
    root = ET.fromstring(render_svg(shown, "f"))
    numbers = [e.text for e in classed(root, "attention-weight")]
    # (0.01 + 0.31) / 2 and so on
    assert numbers == ["0.160", "0.140", "0.550", "0.100", "0.050"]
    assert [s.number for s in score_vector(shown).scores] == numbers
    assert classed(root, "attention-bar") == []
    drawn = {}
    for path in classed(root, "attention-square"):
        for x, y in re.findall(r"M([\d.]+) ([\d.]+)h5v5h-5z", path.get("d")):
            level = 8 * float(path.get("fill-opacity", "1"))
            drawn[path.get("data-head"), float(y)] = float(x), round(level)
    keys = [float(e.get("y")) for e in classed(root, "attention-weight")]
    # The ramp of lines, in eighths. A weight of 0 has no square.
    weights = {"0": shown.attention.weights[0, 0, 3], "1": shown.attention.weights[0, 1, 3]}
    for head, row in weights.items():
        for y, weight in zip(keys, row, strict=True):
            found = drawn.get((head, y + 3.5))
            ramp = 0.05 + 0.95 * np.log10(1 + 9 * weight)
            assert (found and found[1]) == (max(1, round(8 * ramp)) if weight else None)
    # Each head has the same slot at every key.
    first, second = ({x for (of, _), (x, _) in drawn.items() if of == head} for head in "01")
    assert len(first) == len(second) == 1
    assert second.pop() - first.pop() == 6


def test_a_single_head_has_bars_as_long_as_its_weights():
    shown = replace(two_heads(focus="fox", cutoff=1.0), shown_heads=(1,), head=1)
    root = ET.fromstring(render_svg(shown, "f"))
    assert classed(root, "attention-squares") == []
    (bar,) = classed(root, "attention-bar")
    words = classed(root, "attention-word")
    # The column has room for a number and a gap, then for the longest word.
    room = 36 + 6 + max(float(word.get("textLength")) for word in words)
    lengths = [float(wide) / room for wide in re.findall(r"h([\d.]+)v", bar.get("d"))]
    row = [weight for weight in shown.attention.weights[0, 1, 3] if weight >= 0.005]
    assert lengths == pytest.approx(row, abs=0.0003)


@pytest.mark.parametrize(("count", "width"), [(1, "1.75"), (9, "1.75"), (10, "1"), (12, "1")])
def test_lines_of_many_heads_are_hairlines(count, width):
    shown = figure("a b", np.full((1, count, 2, 2), 0.5), view="heads", shown_heads=range(count))
    drawn = classed(ET.fromstring(render_svg(shown, "f")), "attention-heads")
    assert [e.get("stroke-width") for e in drawn] == [width]


def test_pinned_rows_are_summed():
    shown = two_heads(focus="quick | fox", cutoff=1.0)
    root = ET.fromstring(render_svg(shown, "f"))
    first = [0.03, 0.64, 1.20, 0.10, 0.03]
    second = [1.21, 0.28, 0.23, 0.17, 0.11]
    wanted = [f"{(a + b) / 2 + 1e-9:.3f}" for a, b in zip(first, second, strict=True)]
    assert [e.text for e in classed(root, "attention-weight")] == wanted
    assert {e.get("data-query") for e in classed(root, "attention-edge")} == {"2", "3"}
    html = render_html(shown, "f")
    assert "numbers are the mean of 2 heads, summed over 2 rows" in html
    one = figure(FOX, ROWS, view="heads", focus="fox")
    assert "numbers are" not in render_html(one, "f")


def test_the_text_names_the_mean_of_several_heads():
    described = describe(two_heads())
    assert "mean of heads 0 + 1" in described
    means = (np.array(ROWS) + np.array(OTHER)) / 2
    pairs = strongest_pairs(two_heads(), 3)
    assert [float(pair.weight) for pair in pairs] == pytest.approx(
        sorted(means.ravel())[::-1][:3], abs=0.0006
    )
    assert "head 0" in describe(figure(FOX, [[ROWS, OTHER]], view="heads", head=0))


def test_the_drawn_share_is_that_of_all_heads():
    shown = two_heads(focus="fox", cutoff=0.6)
    # 0.90 of the one; 0.31 + 0.24 + 0.20 of the other: 1.65 of 2
    assert percent_drawn(shown) == 82


def test_masked_keys_are_masked_and_not_zero():
    masked = np.triu(np.ones((3, 3), bool), 1)
    root = drawn("a b c", [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.8, 0]], masked=masked, focus="b")
    assert [e.text for e in classed(root, "attention-weight")] == ["0.500", "0.500", "–"]
    faded = classed(root, "attention-token--masked")
    assert [(e.get("data-token"), e.get("data-side")) for e in faded] == [("2", "key")]


def test_right_to_left_text_is_mirrored():
    root = drawn("שלום עולם ok", np.eye(3), focus="0")
    assert root.get("direction") == "rtl"
    middle = {}
    for token in classed(root, "attention-token"):
        word = classed(token, "attention-word")[0]
        middle[token.get("data-side"), int(token.get("data-token"))] = float(word.get("x"))
    assert min(middle["query", i] for i in range(3)) > max(middle["key", i] for i in range(3))
    ((x0, _, x1, _),) = ends(classed(root, "attention-edge")[0].get("d"))
    assert x0 > x1
    assert drawn("ok fine שלום", np.eye(3)).get("direction") == "ltr"


def test_different_tokens():
    weights = [[0.7, 0.2, 0.1], [0.0, 0.4, 0.6]]
    root = drawn(("das", "Haus"), weights, keys=("the", "old", "house"), label="toy", focus="Haus")
    numbers = [e.text for e in classed(root, "attention-weight")]
    assert numbers == ["0.000", "0.400", "0.600"]
    assert {e.get("data-key") for e in classed(root, "attention-edge")} == {"1", "2"}


def test_long_tokens_are_cut_and_named_in_full():
    long = "Donaudampfschifffahrtsgesellschaft"
    shown = figure((long, "a"), np.eye(2), view="heads", focus="0")
    root = ET.fromstring(render_svg(shown, "f"))
    word = classed(root, "attention-word")[0]
    assert word.text.endswith("…")
    assert long.startswith(word.text[:-1])
    assert len(word.text) > 10
    assert float(word.get("textLength")) <= two_columns.LONGEST
    assert f'attention-note--whole">{long}<' in render_html(shown, "f")
    short = figure("a b", np.eye(2), view="heads")
    assert "attention-note--whole" not in render_html(short, "f")


def pair_figure(**spec):
    tokens = (
        *(Token(text, special=text.startswith("[")) for text in ("[CLS]", "a", "[SEP]")),
        *(Token(text, special=text.startswith("["), segment=1) for text in ("b", "[SEP]")),
    )
    attention = Attention(
        tokens, tokens, np.full((1, 2, 5, 5), 0.2, np.float32), np.zeros((1, 5, 5), np.bool_)
    )
    request = Request(ModelSource("m"), "a", pair="b")
    return resolve(FigureSpec(request, view="heads", **spec), attention)


def test_a_pair_is_told_apart_and_can_be_filtered():
    shown = pair_figure()
    root = ET.fromstring(render_svg(shown, "f"))
    small = [e.text for e in classed(root, "attention-small")]
    assert small == ["queries", "A", "B", "keys", "A", "B"]
    lines = [
        float(classed(e, "attention-word")[0].get("y")) for e in classed(root, "attention-token")
    ]
    assert np.diff(lines[:5]).tolist() == [24.0, 24.0, 44.0, 24.0]
    html = render_html(shown, "f")
    assert re.findall(r'<option value="(\w+)">', html[html.index('name="filter"') :])[:5] == [
        *("all", "aa", "ab", "ba", "bb")
    ]
    assert 'name="filter"' not in render_html(figure(FOX, ROWS, view="heads"), "f")


def test_every_head_has_a_button_with_its_name():
    weights = np.full((1, 3, 2, 2), 0.5)
    html = render_html(figure("a b", weights, view="heads", shown_heads=(2,), heads=(0, 2)), "f")
    buttons = re.findall(
        r'data-head="(\w+)" aria-pressed="(\w+)" aria-label="head (\w+)">(\w+)<', html
    )
    assert buttons == [("0", "false", "0", "0"), ("2", "true", "2", "2")]
    assert "attention-swatch" not in render_html(figure(FOX, ROWS, view="heads"), "f")


def test_token_texts_are_data():
    hostile = "</text><script>alert(1)</script>"
    shown = figure((hostile, "b"), np.eye(2), view="heads", focus="0")
    root = ET.fromstring(render_svg(shown, "f"))
    assert not list(root.iter(f"{SVG}script"))
    assert "<script>alert" not in render_html(shown, "f")


def test_a_picture_of_its_own_brings_its_colours():
    svg = render_svg(two_heads(focus="fox"), "f", standalone=True)
    root = ET.fromstring(svg)
    strokes = {e.get("data-head"): e.get("stroke") for e in classed(root, "attention-edge")}
    assert strokes == {"0": head_colours.drawn_hue(0), "1": head_colours.drawn_hue(1)}
    legend = classed(root, "attention-legend")[0]
    assert "".join(legend.itertext()).split() == ["■0", "■1"]


def test_a_large_figure_stays_small():
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.full(128, 0.5), size=(1, 12, 128))
    texts = tuple(f"w{i}" for i in range(128))
    for spec in ({}, {"focus": "w7", "shown_heads": tuple(range(12))}):
        root = drawn(texts, weights, label="toy", **spec)
        assert len(list(root.iter())) < 1100
    # All lines are still drawn: the heaviest have a path each, and the others share paths.
    codes = np.floor(weights[0, :, 7].astype(np.float32) * 1000 + 0.5)
    alone = classed(root, "attention-edge")
    least = min(codes[int(e.get("data-head")), int(e.get("data-key"))] for e in alone)
    assert (codes > least).sum() <= len(alone) <= (codes >= least).sum()


def test_a_head_has_the_same_colour_in_every_figure():
    weights = np.full((1, 12, 2, 2), 0.5)
    content = heads.draw(
        figure("a b", weights, view="heads", heads=(3, 11), shown_heads=(11,))
    ).content
    assert [(s.name, s.hue) for s in content.swatches] == [("3", 3), ("11", 11)]
    assert head_colours.hue_of("35", 1) == 3
    assert head_colours.hue_of("mean", 1) == 1


@pytest.mark.parametrize("count", range(2, 13))
def test_the_legend_does_not_reach_the_headings_in_a_wide_font(count: int):
    """Widths of DejaVu Sans at 11 px, in thousandths of an em: ■ 945, digits 636, a space 318."""
    names = [str(head) for head in range(count)]
    wide = 0.011 * sum(945 + 636 * len(name) + 318 for name in names)
    assert heads.legend_width(names) >= wide + 2 * 8


def test_two_columns_of_a_pair_fit_into_a_phone():
    def columns(longest: str):
        words = ("[CLS]", "the", "cat", longest, "the", "mouse", "[SEP]")
        tokens = tuple(
            Token(word, segment=part, special=word.startswith("["))
            for part in (0, 1)
            for word in (words if part == 0 else words[1:])
        )
        count = len(tokens)
        weights = np.full((1, 1, count, count), 1 / count, np.float32)
        masked = np.zeros((1, count, count), bool)
        return two_columns.lay_out(Attention(tokens, tokens, weights, masked))

    # The lines have less room, so that the picture is not wider than the text on a phone.
    assert columns("chased").width == 328
    assert columns("chased").apart[1] >= 100
    # A picture that would not fit anyway keeps the room.
    assert columns("extraordinarily").apart[1] == columns("unbelievable").apart[1] > 140
