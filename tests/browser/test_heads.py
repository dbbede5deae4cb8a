"""The view heads in a browser: lines, heads, pins, keyboard and touch."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import (
    away,
    height,
    model_attentions,
    scores,
    token,
)
from tests.browser.heads_figures import (
    at_rest,
    lines,
    numbers,
    pressed,
    strength,
    swatch,
    wanted,
    wanted_at_rest,
)
from tests.browser.pages.heads import PAIR

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.browser


@pytest.mark.parametrize("by", ["http", "file"])
def test_a_query_shows_where_it_looks(open_page, by: str, reference) -> None:
    page = open_page("heads-dog", "hone", by)
    for query in range(11):
        token(page, "hone", query, "query").hover()
        assert lines(page, "hone") == pytest.approx(wanted(reference[5], [query], [11]), abs=0.006)
        assert numbers(page, "hone", "key") == [f"{w:.3f}" for w in reference[5, 11, query]]
        assert not any(numbers(page, "hone", "query"))
    assert (4, 9, 11) in wanted(reference[5], [4], [11])  # fox looks at dog
    away(page)
    assert lines(page, "hone") == {}
    assert not any(numbers(page, "hone", "key"))


def test_a_key_shows_who_looks_at_it(open_page, reference) -> None:
    page = open_page("heads-dog", "hone")
    for key in (0, 4, 9):
        token(page, "hone", key, "key").hover()
        turned = wanted(reference[5].transpose(0, 2, 1), [key], [11])
        column = {(query, key, head): o for (_, query, head), o in turned.items()}
        assert lines(page, "hone") == pytest.approx(column, abs=0.006)
        assert numbers(page, "hone", "query") == [f"{w:.3f}" for w in reference[5, 11, :, key]]
        assert not any(numbers(page, "hone", "key"))


def test_at_rest_the_lines_of_all_words_are_drawn(open_page, reference) -> None:
    page = open_page("heads-dog", "hone")
    words = list(range(1, 10))
    assert at_rest(page, "hone") == pytest.approx(
        wanted_at_rest(reference[5], [11], words), abs=0.07
    )
    page.locator('#hone select[name="layer"]').select_option("2")
    swatch(page, "hone", 3).click()
    assert at_rest(page, "hone") == pytest.approx(
        wanted_at_rest(reference[2], [3, 11], words), abs=0.07
    )
    token(page, "hone", 4, "query").hover()
    assert at_rest(page, "hone") == {}
    away(page)
    assert len(at_rest(page, "hone")) > 20


def test_several_heads_at_once(open_page, reference) -> None:
    page = open_page("heads-dog", "hone")
    assert pressed(page, "hone") == [11]
    swatch(page, "hone", 0).click()
    swatch(page, "hone", 3).click()
    assert pressed(page, "hone") == [0, 3, 11]
    token(page, "hone", 4, "query").hover()
    assert lines(page, "hone") == pytest.approx(wanted(reference[5], [4], [0, 3, 11]), abs=0.006)
    mean = reference[5, [0, 3, 11], 4].mean(axis=0)
    shown = [float(number) for number in numbers(page, "hone", "key")]
    assert shown == pytest.approx(mean, abs=0.00101)
    assert "mean of 3 heads" in page.locator("#hone .attention-footer").inner_text()
    colours = page.eval_on_selector_all(
        "#hone .attention-edge", "all => all.map(e => [e.dataset.head, getComputedStyle(e).stroke])"
    )
    assert len({tuple(pair) for pair in colours}) == len({colour for _, colour in colours}) == 3
    # The starts of the three lines lie beside one another.
    starts = page.eval_on_selector_all(
        "#hone .attention-edge", "all => all.map(e => e.getAttribute('d').split('c')[0])"
    )
    assert len(set(starts)) == 3
    swatch(page, "hone", 3).click()
    assert pressed(page, "hone") == [0, 11]
    token(page, "hone", 4, "query").hover()
    assert {head for _, _, head in lines(page, "hone")} == {0, 11}


SQUARES = """id => {
  const figure = document.getElementById(id);
  const tops = [...figure.querySelectorAll('[data-side="key"] .attention-hit')].map(e => +e.getAttribute("y"));
  return [...figure.querySelectorAll(".attention-square")].flatMap(path =>
    [...path.getAttribute("d").matchAll(/M(\\S+) (\\S+?)h/g)].map(([, x, y]) =>
      [+path.dataset.head, tops.findIndex(top => top < +y && +y < top + 24), +getComputedStyle(path).fillOpacity, +x]));
}"""


def test_squares_show_the_weight_of_each_head(open_page, reference) -> None:
    page = open_page("heads-dog", "hone")
    assert page.locator("#hone .attention-bar").count() == 0
    token(page, "hone", 4, "query").hover()
    assert page.locator("#hone .attention-bar").count() == 1
    assert page.evaluate(SQUARES, "hone") == []
    away(page)
    before = height(page, "hone")
    for head in (0, 3):
        swatch(page, "hone", head).click()
    token(page, "hone", 4, "query").hover()
    assert page.locator("#hone .attention-bar").count() == 0
    found = page.evaluate(SQUARES, "hone")
    opacity = {(head, key): value for head, key, value, _ in found}
    for head, key in itertools.product((0, 3, 11), range(11)):
        weight = reference[5, head, 4, key]
        if abs(weight - 0.0095) < 0.0001:  # it may be rounded either way
            continue
        assert ((head, key) in opacity) == (weight >= 0.0095)
        if weight >= 0.0095:
            assert opacity[head, key] == pytest.approx(strength(weight), abs=0.0665)
    # Every head has a slot of its own, in the order of the heads.
    slots = {head: {x for of, _, _, x in found if of == head} for head in (0, 3, 11)}
    assert [len(xs) for xs in slots.values()] == [1, 1, 1]
    assert sorted(slots, key=lambda head: min(slots[head])) == [0, 3, 11]
    label = page.locator("#hone .attention-squares").get_attribute("aria-label")
    at_fox = [head for head in (0, 3, 11) if reference[5, head, 4, 4] >= 0.0995]
    assert f"heads at fox: {', '.join(map(str, at_fox))}" in label.split("; ")
    assert height(page, "hone") == before
    away(page)
    assert page.evaluate(SQUARES, "hone") == []


def test_lines_go_over_to_other_heads_and_layers(open_page) -> None:
    page = open_page("heads-dog", "hone")
    change = """([name, value]) => {
      const moving = () => document.getAnimations().filter(one =>
        one.effect.target.matches('#hone .attention-heads path')).length;
      const select = document.querySelector(`#hone select[name=${name}]`);
      if (select) {
        select.value = value;
        select.dispatchEvent(new Event('change', {bubbles: true}));
      }
      return [moving(), document.querySelectorAll('#hone .attention-gone').length];
    }"""
    token(page, "hone", 4, "query").hover()
    # A reader who points at a word sees its lines at once.
    assert page.evaluate(change, ["none", ""]) == [0, 0]
    moving, _ = page.evaluate(change, ["layer", "3"])
    assert moving > 0
    # Head 5.11 draws three lines from this word, and 3.11 draws ten.
    moving, gone = page.evaluate(change, ["layer", "5"])
    assert moving > gone == 7
    page.wait_for_function("() => !document.querySelector('#hone .attention-gone')")
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(change, ["layer", "2"]) == [0, 0]


def test_a_row_of_the_vector_lights_the_lines_of_all_heads(open_page) -> None:
    page = open_page("heads-dog", "hone")
    swatch(page, "hone", 0).click()
    token(page, "hone", 4, "query").click()
    away(page)
    page.locator("#hone .attention-vector tr").nth(4).hover()
    lit = page.evaluate(
        """() => [...document.querySelectorAll('#hone .attention-lit')].map(one => one.matches('tr')
          ? 'row' : one.dataset.head ? `${one.dataset.head} ${one.dataset.key}` : `word ${one.dataset.token}`)"""
    )
    assert sorted(lit) == ["0 4", "11 4", "row", "word 4"]
    dimmed = page.locator('#hone .attention-edge[data-key="9"]').first
    page.wait_for_function(
        "one => getComputedStyle(one).opacity === '0.25'", arg=dimmed.element_handle()
    )
    away(page)
    assert page.locator("#hone .attention-lit").count() == 0


def test_double_click_chooses_one_head_or_all(open_page) -> None:
    page = open_page("heads-dog", "hone")
    everyone = list(range(12))
    swatch(page, "hone", 3).dblclick()
    assert pressed(page, "hone") == [3]
    assert page.locator("#hone").get_attribute("data-head") == "3"
    swatch(page, "hone", 3).dblclick()
    assert pressed(page, "hone") == everyone
    swatch(page, "hone", 7).dblclick()
    assert pressed(page, "hone") == [7]
    swatch(page, "hone", 7).click()
    assert pressed(page, "hone") == [7]  # The last head cannot be switched off.
    button = page.locator("#hone .attention-all")
    assert button.inner_text() == "all"
    button.click()
    assert pressed(page, "hone") == everyone
    assert button.inner_text() == "one"
    button.click()
    assert pressed(page, "hone") == [7]
    swatch(page, "hone", 2).click(modifiers=["Control"])
    assert pressed(page, "hone") == [2]
    swatch(page, "hone", 2).click(modifiers=["Alt"])
    assert pressed(page, "hone") == everyone
    # The selector chooses one of the drawn heads, or draws one head alone.
    swatch(page, "hone", 5).dblclick()
    page.locator('#hone select[name="head"]').select_option("9")
    assert pressed(page, "hone") == [9]


def test_several_pinned_tokens_are_summed(open_page, reference) -> None:
    page = open_page("heads-dog", "hone")
    token(page, "hone", 4, "query").click()
    token(page, "hone", 9, "query").click(modifiers=["Shift"])
    away(page)
    total = np.round(reference[5, 11, [4, 9]], 3).sum(axis=0)
    assert numbers(page, "hone", "key") == [f"{n:.3f}" for n in total]
    assert [number for _, number in scores(page, "hone")] == [f"{n:.3f}" for n in total]
    assert {query for query, _, _ in lines(page, "hone")} == {4, 9}
    assert "summed over 2 rows" in page.locator("#hone .attention-footer").inner_text()
    assert page.locator('#hone [data-token][aria-pressed="true"]').count() == 2
    # A token of the other side replaces the pins.
    token(page, "hone", 1, "key").click(modifiers=["Shift"])
    token(page, "hone", 3, "key").click(modifiers=["Shift"])
    away(page)
    total = np.round(reference[5, 11][:, [1, 3]], 3).sum(axis=1)
    assert numbers(page, "hone", "query") == [f"{n:.3f}" for n in total]
    page.keyboard.press("Escape")
    assert lines(page, "hone") == {}


def test_the_authors_choice_is_shown_first(open_page, reference) -> None:
    page = open_page("heads-dog", "hthree")
    assert pressed(page, "hthree") == [0, 3, 11]
    rows = reference[5, [0, 3, 11]][:, [4, 9]]
    assert lines(page, "hthree") == pytest.approx(
        wanted(reference[5], [4, 9], [0, 3, 11]), abs=0.006
    )
    total = rows.mean(axis=0).sum(axis=0)
    shown = [float(number) for number in numbers(page, "hthree", "key")]
    assert shown == pytest.approx(total, abs=0.0021)
    assert [float(number) for _, number in scores(page, "hthree")] == shown
    legend = page.locator("#hthree .attention-legend").text_content()
    assert re.findall(r"\d+", legend) == ["0", "3", "11"]
    swatch(page, "hthree", 3).click()
    legend = page.locator("#hthree .attention-legend").text_content()
    assert re.findall(r"\d+", legend) == ["0", "11"]
    shown = [float(number) for _, number in scores(page, "hthree")]
    assert shown == pytest.approx(
        reference[5, [0, 11]][:, [4, 9]].mean(axis=0).sum(axis=0), abs=0.0021
    )


@pytest.fixture(scope="session")
def paired(minilm: Path) -> np.ndarray:
    return model_attentions(minilm, *PAIR)


def test_the_lines_of_a_pair_can_be_filtered(open_page, paired) -> None:
    page = open_page("heads-pair", "hpair")
    # [CLS] five words [SEP] | six words [SEP]
    first, second = set(range(7)), set(range(7, 14))
    ordinary = [*range(1, 6), *range(7, 13)]
    everything = wanted_at_rest(paired[5], [3, 11], ordinary)
    parts = {"all": (first | second,) * 2, "aa": (first, first), "ab": (first, second)}
    parts |= {"ba": (second, first), "bb": (second, second)}
    select = page.locator('#hpair select[name="filter"]')
    counts = []
    for name, (queries, keys) in parts.items():
        select.select_option(name)
        left = {e: o for e, o in everything.items() if e[0] in queries and e[1] in keys}
        assert at_rest(page, "hpair") == pytest.approx(left, abs=0.07)
        counts.append(len(left))
        for query in (2, 8):
            token(page, "hpair", query, "query").hover()
            row = wanted(paired[5], [query], [3, 11])
            seen = {e: o for e, o in row.items() if query in queries and e[1] in keys}
            assert lines(page, "hpair") == pytest.approx(seen, abs=0.006)
            texts = numbers(page, "hpair", "key")
            assert {i for i, text in enumerate(texts) if text} == (
                keys if query in queries else set()
            )
        away(page)
    assert counts[0] == sum(counts[1:])
    assert min(counts) > 5


def test_keyboard_alone(open_page, reference) -> None:
    page = open_page("heads-dog", "hone")
    page.locator('#hone select[name="layer"]').focus()
    page.keyboard.press("Shift+Tab")
    where = "[document.activeElement.dataset.side, document.activeElement.dataset.token].join()"
    assert page.evaluate(where) == "query,0"
    for key, place in (
        *(("ArrowDown", "query,1"), ("ArrowDown", "query,2"), ("ArrowUp", "query,1")),
        *(("ArrowRight", "key,1"), ("ArrowDown", "key,2"), ("ArrowLeft", "query,2")),
        *(("End", "query,10"), ("Home", "query,0")),
    ):
        page.keyboard.press(key)
        assert page.evaluate(where) == place
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    assert lines(page, "hone") == pytest.approx(wanted(reference[5], [4], [11]), abs=0.006)
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Enter")
    assert page.locator('#hone [data-token][aria-pressed="true"]').count() == 2
    page.keyboard.press("Escape")
    assert page.locator('#hone [data-token][aria-pressed="true"]').count() == 0
    # All buttons of the heads are one stop.
    page.locator('#hone select[name="head"]').focus()
    head = "document.activeElement.dataset.head"
    page.keyboard.press("Tab")
    assert page.evaluate(head) == "11"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert pressed(page, "hone") == [1, 11]
    page.keyboard.press("s")
    assert pressed(page, "hone") == [1]
    page.keyboard.press("s")
    assert pressed(page, "hone") == list(range(12))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert pressed(page, "hone") == [0, 1, *range(3, 12)]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("attention-all")


def test_touch(open_page, reference) -> None:
    page = open_page(
        "heads-dog", "hone", has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700}
    )
    token(page, "hone", 4, "query").tap()
    assert lines(page, "hone") == pytest.approx(wanted(reference[5], [4], [11]), abs=0.006)
    swatch(page, "hone", 11).tap()
    swatch(page, "hone", 2).tap()
    assert pressed(page, "hone") == [2, 11]


def test_a_grid_opens_a_head_as_lines(open_page, reference) -> None:
    """The browser lays out a new picture as the build lays out the static picture."""
    page = open_page("heads-grid", "hgrid")
    choice = page.locator('#hgrid select[name="large"], #hgrid button[name="large"][value="heads"]')
    if choice.first.evaluate("e => e.localName") == "select":
        choice.first.select_option("heads")
    else:
        choice.first.click()
    rows = "([id, root]) => [...document.querySelectorAll(`#${id} ${root} .attention-hit`)].map(e => +e.getAttribute('y'))"
    built = page.evaluate(rows, ["hgrid", ".attention-large"])
    assert built == page.evaluate(rows, ["hgrid-heads", ".attention-stage"])
    assert len(built) == 22
    assert at_rest(page, "hgrid") == pytest.approx(
        wanted_at_rest(reference[5], [11], list(range(1, 10))), abs=0.07
    )
    page.locator('#hgrid .attention-large [data-side="query"][data-token="4"]').hover()
    assert lines(page, "hgrid") == pytest.approx(wanted(reference[5], [4], [11]), abs=0.006)
