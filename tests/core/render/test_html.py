from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.figure.payload import decode, decode_text, encode
from sphinx_attention.core.render.html import figure_attributes, render_html
from tests.core.render.figures import figure, random_rows
from tests.core.render.test_svg import HOSTILE, SHOWN, hostile

ROWS = [[0.25, 0.75, 0.0], [0.02, 0.08, 0.9], [0.045, 0.005, 0.95]]


def soup(shown, **options) -> BeautifulSoup:
    return BeautifulSoup(render_html(shown, "f", **options), "html.parser")


def test_the_parts_stand_in_order():
    page = soup(figure("[CLS] b c", ROWS, focus="b"))
    top = [node for node in page.children if node.name]
    assert [node.name for node in top] == ["div", "div", "div", "details", "script"]
    assert [node.get("class") for node in top[:4]] == [
        ["attention-stage"],
        ["attention-footer"],
        ["attention-scores"],
        ["attention-table"],
    ]


def test_attributes_of_the_figure():
    stack = np.zeros((6, 12, 2, 2))
    stack[5, 11] = [[0.3, 0.7], [0.7, 0.3]]
    assert figure_attributes(figure("a b", stack, label="toy")) == {
        "data-view": "arcs",
        "data-layer": "5",
        "data-head": "11",
        "data-cutoff": "0.95",
        "data-rest": "ghost",
    }
    assert figure_attributes(figure("a b", np.eye(2), rest="overview")) == {
        "data-view": "arcs",
        "data-layer": "0",
        "data-head": "0",
        "data-cutoff": "1",
        "data-rest": "overview",
    }


def test_attributes_of_options_that_an_author_wrote():
    attributes = figure_attributes(
        figure("a b", np.full((1, 4, 2, 2), 0.5), label="toy", special="dim", link="pair", head=2)
    )
    assert attributes["data-special"] == "dim"
    assert attributes["data-link"] == "pair"
    assert "data-heads" not in attributes
    several = figure("a b", np.full((1, 4, 2, 2), 0.5), label="toy", head=3, shown_heads=(3, 0))
    assert figure_attributes(several)["data-heads"] == "3,0"


def test_layers_and_heads_go_by_their_names():
    weights = np.full((6, 4, 2, 2), 0.5)
    shown = figure("a b", weights, label="toy", layers=(3, 5), heads=(1,), layer=5, head=1)
    attributes = figure_attributes(shown)
    assert (attributes["data-layer"], attributes["data-head"]) == ("5", "1")
    page = soup(shown)
    (layer,) = page.select("select")
    assert [o.text for o in layer.select("option")] == ["3", "5"]
    assert [c.text.split()[-1] for c in page.select(".attention-value")] == ["5", "1"]


def test_the_vector_of_the_token_in_focus():
    masked = np.zeros((3, 3), bool)
    masked[1, 1] = True
    page = soup(figure("[CLS] b c", ROWS, masked=masked, focus="b"))
    rows = page.select(".attention-scores tr")
    assert [row.select_one(".attention-number").text for row in rows] == ["0.020", "–", "0.900"]
    assert [row.select_one('th[scope="row"]').text for row in rows] == ["[CLS]", "b", "c"]
    assert [row.get("class") for row in rows] == [
        ["attention-special"],
        ["attention-masked"],
        ["attention-strong"],
    ]
    name = page.select_one(".attention-name")
    assert name.text == "αb ="
    assert name["rowspan"] == "3"
    assert not soup(figure("a b c", ROWS)).select(".attention-scores")


def test_the_vector_of_several_tokens_is_their_sum():
    masked = np.zeros((3, 3), bool)
    masked[1, 1] = masked[2, 1] = masked[2, 0] = True
    page = soup(figure("[CLS] b c", ROWS, masked=masked, focus="b | c"))
    assert page.select_one(".attention-name").text == "αb + αc ="
    assert page.select_one(".attention-vector")["aria-label"] == "Attention of b + c"
    numbers = [td.text for td in page.select(".attention-scores .attention-number")]
    assert numbers == ["0.020", "–", "1.850"]
    words = page.select(".attention-token--focus .attention-word")
    assert [word.text for word in words] == ["b", "c"]
    weights = [w.text for w in page.select(".attention-weight")]
    assert weights == numbers
    edges = [(e["data-query"], e["data-key"]) for e in page.select(".attention-edge")]
    assert edges == [("1", "0"), ("1", "2"), ("2", "2")]
    many = soup(figure("a b c d", np.eye(4), focus="a | b | c | d"))
    assert many.select_one(".attention-name").text == "αa + αb + ⋯ + αd ="


def test_a_sum_that_looks_like_the_mask_is_a_number():
    page = soup(figure("a b", [[0.501, 0.499], [0.5, 0.5]], focus="a | b"))
    assert [td.text for td in page.select(".attention-scores td")] == ["1.001", "0.999"]
    assert not page.select(".attention-masked, .attention-token--masked")


def test_the_cutoff_of_several_rows():
    weights = np.full((3, 3), 1 / 3)
    weights[1:] = ROWS[1:]
    page = soup(figure("a b c", weights, label="toy", focus="b | c"))
    # 0.08 + 0.9 of one row, and 0.95 of the other.
    notes = [n.text for n in page.select(".attention-note--cutoff")]
    assert notes == ["edges show 96\u00a0% of these rows"]


def test_long_vectors_are_marked():
    for count, long in ((24, False), (25, True)):
        shown = figure(" ".join(f"w{i}" for i in range(count)), np.eye(count), focus="0")
        assert bool(soup(shown).select(".attention-scores--long")) is long


def test_controls_only_where_there_is_a_choice():
    several = soup(figure("a b", np.full((2, 3, 2, 2), 0.5), label="toy", layer=1))
    layer, head = several.select("select")
    assert layer["name"] == "layer"
    assert [o.text for o in layer.select("option")] == ["0", "1"]
    assert layer.select_one("option[selected]").text == "1"
    assert [o.text for o in head.select("option")] == ["0", "1", "2"]
    one = soup(figure("a b", np.full((1, 1, 2, 2), 0.5), label="toy"))
    assert not one.select("select")
    assert [c.text for c in one.select(".attention-choice")] == ["layer 0", "head 0"]
    given = soup(figure("a b", np.full((2, 2), 0.5)))
    assert not given.select(".attention-choice")
    assert [c.text for c in given.select(".attention-model")] == ["given weights"]


def test_the_footer_says_what_is_hidden_and_chosen():
    weights = np.full((2, 1, 3, 3), 1 / 3)
    weights[1, 0] = ROWS
    notes = soup(figure("a b c", weights, label="toy", focus="b")).select(".attention-note")
    assert [n.text for n in notes] == ["edges show 98\u00a0% of this row", "head chosen for you"]
    notes = soup(figure("a b c", ROWS, label="toy")).select(".attention-note")
    assert [n.text for n in notes] == ["Point at a word. Tap a word."]
    notes = soup(figure("a b c", ROWS, focus="b")).select(".attention-note")
    assert notes == []  # a matrix is drawn whole, so there is no note


def test_two_rows_have_no_direction_to_turn():
    assert soup(figure("a b", np.eye(2))).select("button.attention-direction")
    cross = figure(("x",), [[0.4, 0.6]], keys=("a", "b"), focus="x")
    page = soup(cross)
    assert not page.select("button")
    assert [th.text for th in page.select('.attention-scores th[scope="row"]')] == ["a", "b"]


def test_the_table_of_the_strongest():
    cells = [
        [td.text for td in tr.select("td")]
        for tr in soup(figure("a b c", ROWS)).select(".attention-table tbody tr")
    ]
    assert cells == [
        ["c", "c", "0.950"],
        ["b", "c", "0.900"],
        ["a", "b", "0.750"],
        ["a", "a", "0.250"],
        ["b", "b", "0.080"],
        ["c", "a", "0.045"],
        ["b", "a", "0.020"],
        ["c", "b", "0.005"],
    ]


def test_without_scripts_nothing_can_be_pressed_or_focused():
    html = render_html(figure("a b c", ROWS, focus="b"), "f")
    for word in ("aria-pressed", "tabindex", 'role="button"', " style=", " on"):
        assert word not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_hostile_tokens_are_data():
    html = render_html(hostile(focus="0"), "f")
    page = BeautifulSoup(html, "html.parser")
    assert len(page.select("script")) == 1
    assert not page.select("img")
    assert [th.text for th in page.select('.attention-scores th[scope="row"]')] == SHOWN
    assert page.select_one(".attention-model").text == HOSTILE[0]
    html.encode("utf-8")


def test_right_to_left_cells_have_the_attribute_dir():
    page = soup(figure("שלום ok", np.eye(2), focus="0"))
    assert [th.get("dir") for th in page.select('.attention-scores th[scope="row"]')] == [
        "rtl",
        None,
    ]


def test_small_payloads_lie_in_the_page():
    shown = figure("a b c", ROWS)
    page = soup(shown, side_file=lambda *_: pytest.fail("not needed"))
    script = page.select_one('script[type="application/x-attention"]')
    assert decode_text(script.text.strip('"')) == encode(shown)
    assert not script.get("data-src")


def test_large_payloads_go_into_a_side_file():
    rng = np.random.default_rng(2)
    names = tuple(f"w{i}" for i in range(64))
    shown = figure(names, np.stack([random_rows(rng, 64) for _ in range(24)])[None], label="toy")
    files = {}

    def side_file(name: str, javascript: str) -> str:
        files[name] = javascript
        return f"_static/a&b/{name}"

    page = soup(shown, side_file=side_file)
    payload = encode(shown)
    key = hashlib.sha256(payload).hexdigest()[:16]
    script = page.select_one('script[type="application/x-attention"]')
    assert script["data-key"] == key
    assert script["data-src"] == f"_static/a&b/attention-{key}.js"
    assert script.text == ""
    (javascript,) = files.values()
    match = re.fullmatch(
        r'\(globalThis\.attentionPayloads\?\?=\{\}\)\["(\w{16})"\]=("[^"\\<&]+");\n', javascript
    )
    assert match
    assert match[1] == key
    assert (decode(decode_text(json.loads(match[2]))).codes == decode(payload).codes).all()
    assert len(soup(shown).select_one("script").text) > 48 * 1024


def test_a_pinned_figure_of_128_tokens_keeps_its_elements_few():
    rng = np.random.default_rng(4)
    names = tuple(f"word{i}" for i in range(128))
    weights = rng.dirichlet(np.full(128, 1.0), size=(6, 12, 128))
    shown = figure(names, weights, label="toy", focus="64", cutoff=1.0)
    page = soup(shown, side_file=lambda name, _: name)
    # the elements of the caption and the figure come on top
    assert len(page.find_all(True)) <= 1450


def test_the_same_figure_is_the_same_page():
    def page() -> str:
        return render_html(figure("a b c", ROWS, focus="b", label="toy"), "f")

    assert page() == page()


def test_a_figure_of_whole_words_says_that_pieces_were_put_together() -> None:
    plain = figure("the fox", [[0.5, 0.5], [0.5, 0.5]])
    request = replace(plain.spec.request, merge="words")
    merged = replace(plain, spec=replace(plain.spec, request=request))
    assert "pieces put together as words" in render_html(merged, "a")
    assert "pieces put together" not in render_html(plain, "a")
