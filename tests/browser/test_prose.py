"""Links in the prose that drive figures: pointer, focus, click, other pages, and no scripts."""

from __future__ import annotations

import pytest

from tests.browser.conftest import (
    accessible,
    edges,
    expected,
    model_attentions,
    numbers,
    pressed,
    ready,
)
from tests.browser.pages.prose import ROBBED

pytestmark = pytest.mark.browser

FOX = 4
"""The index of the token *fox* in the sentence, after [CLS]."""


def link(page, text: str):
    return page.get_by_role("link", name=text, exact=True)


def head(page, figure: str = "animals") -> tuple[str, str]:
    return tuple(
        page.locator(f"#{figure} select[name={name}]").input_value() for name in ("layer", "head")
    )


def test_pointing_at_a_link_shows_its_words_and_leaving_brings_the_figure_back(
    open_page, reference
) -> None:
    page = open_page("prose", "animals")
    assert head(page) == ("5", "10")
    link(page, "fox looks at dog").hover()
    page.wait_for_selector("#animals .attention-token--focus")
    assert head(page) == ("5", "11")
    assert edges(page, "animals") == pytest.approx(expected(reference[5, 11], FOX, 0.95), abs=0.011)
    assert pressed(page, "animals") == []
    page.mouse.move(2, 2)
    page.wait_for_function("() => !document.querySelector('#animals .attention-token--focus')")
    assert head(page) == ("5", "10")


def test_a_click_pins_and_stays(open_page, reference) -> None:
    page = open_page("prose", "animals")
    link(page, "brown").click()
    page.wait_for_selector("#animals [aria-pressed=true]")
    page.mouse.move(2, 2)
    page.wait_for_timeout(100)
    assert pressed(page, "animals") == [3]
    assert head(page) == ("0", "2")
    assert edges(page, "animals") == pytest.approx(expected(reference[0, 2], 3, 0.95), abs=0.011)
    assert page.evaluate("location.hash") == ""


def test_the_keyboard_does_the_same(open_page) -> None:
    page = open_page("prose", "animals")
    link(page, "fox looks at dog").focus()
    page.wait_for_selector("#animals .attention-token--focus")
    assert head(page) == ("5", "11")
    page.keyboard.press("Enter")
    page.wait_for_selector("#animals [aria-pressed=true]")
    # Screen readers hear the other end of the edge, with the number of the prose.
    message = page.locator("#animals .attention-live").text_content()
    printed = page.locator("p .attention-number").first.text_content()
    assert "dog" in message
    assert printed in message
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('#animals [aria-pressed=true]')")


def test_the_number_in_the_prose_is_that_of_the_figure(open_page, reference) -> None:
    page = open_page("prose", "animals")
    printed = page.locator("p .attention-number").first.text_content()
    assert float(printed) == pytest.approx(float(reference[5, 11, FOX, 9]), abs=0.00051)
    link(page, "fox looks at dog").click()
    page.wait_for_selector("#animals [aria-pressed=true]")
    assert numbers(page, "animals")[9] == printed


def test_a_pair_is_lit_among_all_that_its_word_looks_at(open_page) -> None:
    page = open_page("prose", "animals")
    bright = """() => [...document.querySelectorAll('#animals .attention-edge')]
        .filter((edge) => getComputedStyle(edge).opacity === '1')
        .map(({ dataset }) => `${dataset.query} ${dataset.key}`)"""
    link(page, "fox looks at dog").hover()
    page.wait_for_selector("#animals .attention-token--focus")
    assert page.evaluate(bright) == ["4 9"]
    assert page.locator("#animals .attention-edge").count() > 1
    page.mouse.move(2, 2)
    page.wait_for_function("() => !document.querySelector('#animals .attention-token--focus')")
    # A word alone lights all that it looks at, and so does a click.
    link(page, "brown").hover()
    page.wait_for_selector("#animals .attention-token--focus")
    assert len(page.evaluate(bright)) == page.locator("#animals .attention-edge").count()
    link(page, "fox looks at dog").click()
    page.wait_for_selector("#animals [aria-pressed=true]")
    assert len(page.evaluate(bright)) == page.locator("#animals .attention-edge").count()


def test_a_link_with_a_broken_percent_sign_does_nothing(open_page) -> None:
    page = open_page("prose", "animals")
    page.evaluate(
        """() => document.querySelector('a.attention-focus').setAttribute('href', '#50%-of-it')"""
    )
    wrong = []
    page.on("pageerror", lambda error: wrong.append(error))  # noqa: PLW0108 - Playwright marks it
    first = page.locator("a.attention-focus").first
    first.hover()
    first.click()
    page.wait_for_timeout(100)
    assert wrong == []
    assert pressed(page, "animals") == []


def test_a_link_to_a_head(open_page) -> None:
    page = open_page("prose", "animals")
    link(page, "the head before it").hover()
    page.wait_for_function(
        "() => document.querySelector('#animals select[name=head]').value === '2'", timeout=3000
    )
    page.mouse.move(2, 2)
    page.wait_for_function(
        "() => document.querySelector('#animals select[name=head]').value === '10'", timeout=3000
    )


def test_a_link_shows_a_step_and_leaving_brings_the_first_back(open_page) -> None:
    page = open_page("steps-in-prose", "chain")
    step = """() => document.querySelector('#chain [aria-current=step]').value"""
    assert page.evaluate(step) == "multiply"
    link(page, "the softmax").hover()
    page.wait_for_function(f"() => ({step})() === 'softmax'")
    page.mouse.move(2, 2)
    page.wait_for_function(f"() => ({step})() === 'multiply'")
    link(page, "the softmax").click()
    page.wait_for_selector("#chain [aria-pressed=true]")
    page.mouse.move(2, 2)
    page.wait_for_timeout(100)
    assert page.evaluate(step) == "softmax"
    # In this view, the row of the word and the number of its partner are pinned.
    assert pressed(page, "chain") == [FOX, 9]


def test_a_link_sets_an_option_of_its_view(open_page) -> None:
    page = open_page("steps-in-prose", "cells")
    scale = page.locator("#cells [name=scale]")
    assert scale.input_value() == "linear"
    link(page, "logarithms").click()
    page.wait_for_function("() => document.querySelector('#cells [name=scale]').value === 'log'")
    assert head(page, "cells") == ("0", "2")


def test_a_link_shows_another_sentence_and_the_first_again(open_page, minilm) -> None:
    page = open_page("prose", "banks")
    link(page, "robbed").hover()
    page.wait_for_function("() => document.querySelector('#banks .attention-token--focus')")
    assert page.locator("#banks select[name=sentence]").input_value() == "1"
    own = model_attentions(minilm, ROBBED)[5, 11]
    assert edges(page, "banks") == pytest.approx(expected(own, 4, 0.95), abs=0.011)
    page.mouse.move(2, 2)
    page.wait_for_function(
        "() => document.querySelector('#banks select[name=sentence]').value === '0'"
    )
    page.wait_for_timeout(200)
    assert head(page, "banks") == ("5", "10")
    link(page, "robbed").click()
    page.wait_for_selector("#banks [aria-pressed=true]")
    page.mouse.move(2, 2)
    page.wait_for_timeout(200)
    assert pressed(page, "banks") == [4]


def test_a_link_stays_under_the_pointer_and_brings_back_what_was_pinned(open_page) -> None:
    """*River* has no partner in the other sentence, whose figure is lower without its numbers."""
    page = open_page("pinned", "pinned")
    she = link(page, "she")
    she.scroll_into_view_if_needed()
    page.evaluate("scrollBy({top: 300, behavior: 'instant'})")
    top = she.bounding_box()["y"]
    figure = "document.querySelector('#pinned').getBoundingClientRect().height"
    height = page.evaluate(figure)
    she.hover()
    page.wait_for_function(
        "() => document.querySelector('#pinned select[name=sentence]').value === '1'"
    )
    page.wait_for_timeout(300)
    assert page.evaluate(figure) < height - 50
    assert page.locator("#pinned .attention-token--focus").text_content().startswith("she")
    assert she.bounding_box()["y"] == pytest.approx(top, abs=1)
    page.mouse.move(2, 2)
    page.wait_for_function(
        "() => document.querySelector('#pinned select[name=sentence]').value === '0'"
    )
    page.wait_for_timeout(300)
    assert page.evaluate(figure) == pytest.approx(height, abs=1)
    assert she.bounding_box()["y"] == pytest.approx(top, abs=1)
    (pin,) = pressed(page, "pinned")
    assert page.locator("#pinned [aria-pressed=true]").text_content().startswith("river")
    assert pin > 0


def test_a_link_scrolls_to_a_figure_out_of_sight(open_page) -> None:
    page = open_page("prose", "animals")
    far = link(page, "From far below")
    far.scroll_into_view_if_needed()
    far.click()
    page.wait_for_selector("#animals [aria-pressed=true]")
    box = page.locator("#animals .attention-picture").bounding_box()
    assert box["y"] > -1
    assert box["y"] + box["height"] < 901


def test_a_link_to_another_page_opens_its_selection(open_page) -> None:
    page = open_page("elsewhere")
    link(page, "fox looks at dog").click()
    ready(page, "animals")
    page.wait_for_selector("#animals [aria-pressed=true]")
    assert head(page) == ("5", "11")
    assert pressed(page, "animals") == [FOX]


def test_without_scripts_a_link_leads_to_the_figure(open_page) -> None:
    page = open_page("elsewhere", java_script_enabled=False)
    link(page, "fox looks at dog").click()
    page.wait_for_url("**/prose.html#animals")


def test_the_browser_handles_a_click_with_a_modifier(open_page) -> None:
    page = open_page("prose", "animals")
    with page.context.expect_page() as opened:
        link(page, "fox looks at dog").click(modifiers=["ControlOrMeta"])
    opened.value.close()
    assert pressed(page, "animals") == []


def test_a_page_whose_prose_points_is_accessible(open_page) -> None:
    page = open_page("prose", "animals")
    link(page, "fox looks at dog").focus()
    page.wait_for_selector("#animals .attention-token--focus")
    accessible(page, "animals", "pointed at by the prose")
