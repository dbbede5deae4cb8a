"""The view arcs in a browser: pointing, pinning, keyboard and touch."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser.conftest import (
    PIXELS,
    accessible,
    away,
    edges,
    expected,
    ready,
    scores,
    token,
)
from tests.browser.pages import CAUSAL_ROWS, DOG
from tests.browser.pages.arcs import HOSTILE
from tests.conftest import FOX, FOX_ROWS

pytestmark = pytest.mark.browser


FOX_WEIGHTS = np.array([[float(n) for n in row.split()] for row in FOX_ROWS.splitlines()])


@pytest.mark.parametrize("by", ["http", "file"])
def test_hovering_draws_the_row_and_leaving_removes_it(open_page, by: str) -> None:
    page = open_page("fox", "fox", by)
    assert edges(page, "fox") == {}
    for query in range(4):
        token(page, "fox", query).hover()
        row = {(query, key): FOX_WEIGHTS[query, key] * PIXELS for key in range(4)}
        assert edges(page, "fox") == pytest.approx(row, abs=1e-6)
        shown = page.locator("#fox .attention-weight").all_text_contents()
        assert [float(text) for text in shown] == pytest.approx(FOX_WEIGHTS[query], abs=5e-4)
        away(page)
        assert edges(page, "fox") == {}
        assert not [t for t in page.locator("#fox .attention-weight").all_text_contents() if t]


@pytest.mark.parametrize("by", ["http", "file"])
def test_every_edge_is_as_wide_as_the_models_weight(open_page, by: str, reference) -> None:
    page = open_page("dog", "dog", by)
    for query in range(11):
        token(page, "dog", query).hover()
        row = expected(reference[5, 11], query, 0.95)
        assert edges(page, "dog") == pytest.approx(row, abs=0.011)
    assert (4, 9) in expected(reference[5, 11], 4, 0.95)  # fox looks at dog


def test_layer_and_head_are_chosen_below(open_page, reference) -> None:
    page = open_page("dog", "dog")
    figure = page.locator("#dog")
    for layer, head in ((0, 2), (3, 7), (5, 0)):
        figure.locator('select[name="layer"]').select_option(str(layer))
        figure.locator('select[name="head"]').select_option(str(head))
        assert figure.get_attribute("data-layer") == str(layer)
        assert figure.get_attribute("data-head") == str(head)
        for query in (1, 4, 9):
            token(page, "dog", query).hover()
            row = expected(reference[layer, head], query, 0.95)
            assert edges(page, "dog") == pytest.approx(row, abs=0.011)
        away(page)


def test_the_head_that_opens_has_a_pattern(open_page, reference) -> None:
    page = open_page("dog", "chosen")
    figure = page.locator("#chosen")
    layer, head = int(figure.get_attribute("data-layer")), int(figure.get_attribute("data-head"))
    assert (layer, head) in {(0, 2), (5, 11)}
    words = reference[layer, head][1:-1, 1:-1].copy()
    np.fill_diagonal(words, 0)
    assert words.max(axis=1).mean() > 0.3
    assert "chosen" in figure.locator(".attention-footer").inner_text()


@pytest.mark.parametrize("by", ["http", "file"])
def test_clicking_shows_the_vector_and_clicking_again_removes_it(
    open_page, by: str, reference
) -> None:
    page = open_page("dog", "dog", by)
    names = ["[CLS]", *DOG.split(), "[SEP]"]
    for query in (4, 9):
        token(page, "dog", query).click()
        assert token(page, "dog", query).get_attribute("aria-pressed") == "true"
        assert page.locator('#dog [aria-pressed="true"]').count() == 1
        wanted = [f"{w:.3f}" for w in reference[5, 11, query]]
        assert scores(page, "dog") == list(zip(names, wanted, strict=True))
        away(page)
        assert edges(page, "dog")  # The pinned edges stay.
    token(page, "dog", 9).click()
    assert page.locator("#dog .attention-scores").count() == 0
    assert page.locator('#dog [aria-pressed="true"]').count() == 0
    away(page)
    assert edges(page, "dog") == {}


def test_hovering_beside_a_pin_keeps_the_vector(open_page) -> None:
    page = open_page("fox", "fox")
    token(page, "fox", 1).click()
    token(page, "fox", 3).hover()
    assert {query for query, _ in edges(page, "fox")} == {3}
    assert scores(page, "fox")[1] == ("quick", "0.500")
    away(page)
    assert {query for query, _ in edges(page, "fox")} == {1}


def test_keyboard(open_page) -> None:
    page = open_page("fox", "fox")
    page.locator("#fox .attention-footer button, #fox .attention-footer select").first.focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.dataset.token") == "0"
    assert {query for query, _ in edges(page, "fox")} == {0}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.token") == "2"
    assert edges(page, "fox")[2, 2] == pytest.approx(6)
    page.keyboard.press("Enter")
    assert scores(page, "fox")[2] == ("brown", "0.600")
    page.keyboard.press("Enter")
    assert scores(page, "fox") == []
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert scores(page, "fox") == []
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.token") == "3"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.token") == "2"
    assert page.locator('#fox [data-token][tabindex="0"]').count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.token ?? null") is None
    assert edges(page, "fox") == {}


def test_touch(open_page) -> None:
    page = open_page(
        "fox", "fox", has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700}
    )
    token(page, "fox", 2).tap()
    assert edges(page, "fox")[2, 2] == pytest.approx(6)
    assert scores(page, "fox")[2] == ("brown", "0.600")
    token(page, "fox", 2).tap()
    assert scores(page, "fox") == []
    assert edges(page, "fox") == {}


def test_the_other_direction_shows_the_tokens_that_look_here(open_page) -> None:
    page = open_page("fox", "fox")
    page.locator("#fox .attention-direction").click()
    token(page, "fox", 3).hover()
    column = {(query, 3): FOX_WEIGHTS[query, 3] * PIXELS for query in range(4)}
    assert edges(page, "fox") == pytest.approx(column, abs=1e-6)
    token(page, "fox", 3).click()
    assert [float(n) for _, n in scores(page, "fox")] == pytest.approx(FOX_WEIGHTS[:, 3])


def test_masked_is_not_zero(open_page) -> None:
    page = open_page("causal", "causal")
    rows = [[float(n) for n in row.split()] for row in CAUSAL_ROWS.splitlines()]
    for query in range(4):
        token(page, "causal", query).hover()
        shown = page.locator("#causal .attention-weight").all_text_contents()
        for key, text in enumerate(shown):
            if key > query:
                assert not any(character.isdigit() for character in text)
            else:
                assert float(text) == pytest.approx(rows[query][key])
        assert {key for _, key in edges(page, "causal")} == set(range(query + 1))
    numbers = [number for _, number in scores(page, "causal")]
    assert numbers[:2] == ["0.250", "0.750"]
    assert not any(character.isdigit() for text in numbers[2:] for character in text)


def test_hostile_tokens_are_shown_as_text(open_page) -> None:
    page = open_page("hostile", "hostile")
    assert page.title().startswith("Page Hostile")
    assert page.locator("#hostile .attention-word").all_text_contents() == HOSTILE
    for index in range(len(HOSTILE)):
        token(page, "hostile", index).hover()
        token(page, "hostile", index).click()
    assert [name for name, _ in scores(page, "hostile")] == HOSTILE
    assert page.locator("#hostile img").count() == 0
    assert page.title().startswith("Page Hostile")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["fox", "dog", "causal", "cross", "hostile", "long"])
def test_axe_finds_nothing(open_page, name: str, scheme: str) -> None:
    page = open_page(name, name, by="http", color_scheme=scheme, bypass_csp=True)
    side = "query" if name == "cross" else None
    accessible(page, name, "at rest")
    token(page, name, 1, side).click()
    accessible(page, name, "pinned")


def test_only_what_is_in_view_is_decoded(open_page) -> None:
    page = open_page("many", "many0", viewport={"width": 1000, "height": 500})
    assert page.locator("#many11 [data-token][role=button]").count() == 0
    ready(page, "many11")
    token(page, "many11", 2).hover()
    assert edges(page, "many11")[2, 2] == pytest.approx(6)


def test_a_figure_that_is_inserted_later_becomes_live(open_page) -> None:
    page = open_page("fox", "fox")
    page.evaluate(
        """() => {
          const figure = document.getElementById("fox").cloneNode(true);
          figure.id = "late";
          for (const token of figure.querySelectorAll("[data-token]")) {
            for (const name of ["role", "tabindex", "aria-pressed", "aria-label"]) token.removeAttribute(name);
          }
          document.getElementById("fox").before(figure);
        }"""
    )
    ready(page, "late")
    token(page, "late", 2).hover()
    assert edges(page, "late")[2, 2] == pytest.approx(6)


def test_a_large_figure_stays_small_in_the_page(open_page) -> None:
    page = open_page("long", "long")
    token(page, "long", 60).click()
    count = page.evaluate("document.querySelectorAll('#long, #long *').length")
    assert count <= 1500
    assert edges(page, "long")


def test_the_description_names_what_is_shown(open_page) -> None:
    page = open_page("dog", "dog")
    assert re.search("all-MiniLM-L6-v2", page.locator("#dog .attention-footer").inner_text())
    svg = page.locator("#dog svg.attention-picture")
    assert svg.get_attribute("role") == "group"
    assert svg.get_attribute("aria-label")
    assert FOX.split()[0] in page.locator("#attention-dog-0-about").text_content()


def test_labels_belong_to_the_first_head_and_edges_end_at_the_words(open_page, reference) -> None:
    page = open_page("labelled", "labelled")
    labels = page.locator("#labelled .attention-labels")
    assert labels.locator("text").all_text_contents() == ["animals", "a colour", "an animal too"]
    token(page, "labelled", 4).hover()
    assert edges(page, "labelled") == pytest.approx(expected(reference[5, 11], 4, 0.95), abs=0.011)
    # The band of the labels moves the words and the ends of the edges alike.
    path = page.locator("#labelled .attention-edge").last.get_attribute("d")
    word = page.locator('#labelled [data-token="4"] .attention-word').get_attribute("y")
    assert float(re.match(r"M[-.\d]+[ ,]([-.\d]+)", path)[1]) == pytest.approx(float(word) - 22)
    away(page)
    page.select_option("#labelled select[name=head]", "3")
    assert "attention-labels--away" in labels.get_attribute("class")
    page.select_option("#labelled select[name=head]", "11")
    assert "attention-labels--away" not in labels.get_attribute("class")
