"""The slider through the tokens that a model writes: numbers, keys, addresses, links and copies."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from sphinx_attention.core.request import Request
from sphinx_attention.core.sources.builtin import builtin
from sphinx_attention.core.sources.builtin.runner import read
from tests.browser.conftest import CLIPBOARD, away, copy, edges, expected, pin, pressed, ready
from tests.browser.pages.variants import COUNTED

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention

pytestmark = pytest.mark.browser

VIEWS = ("arcs", "heads", "matrix", "grid", "steps")
STEPS = 6
READ = len(COUNTED.split()) + 1
"""The number of tokens of the text, with the token that begins it."""


@cache
def answer() -> Attention:
    return read(Request(builtin(), COUNTED, generate=STEPS))


def words_at(step: int) -> list[str]:
    return [token.text for token in answer().query_tokens[: READ + step - 1]]


def shown(page, figure: str) -> list[str]:
    picture = page.locator(f"#{figure} .attention-picture").last
    return picture.locator("[data-token]:not([data-side=key]) .attention-word").all_text_contents()


def wait_for(page, figure: str, step: int) -> None:
    page.wait_for_function(
        "([id, step]) => { const f = document.getElementById(id);"
        " return f.classList.contains('attention-figure--live') && f.querySelector('.attention-live')"
        " && f.querySelector('input[name=step]').value === step"
        # The value is in the markup as well: the slider moves before its figure has changed.
        " && f.querySelector('input[name=step]').getAttribute('value') === step"
        " && f.querySelector('select[name=step]').value === step"
        " && f.querySelector('.attention-value').textContent.startsWith(step) }",
        arg=[figure, str(step)],
    )
    page.wait_for_timeout(200)


def slide(page, figure: str, key: str, step: int) -> None:
    page.locator(f"#{figure} input[name=step]").focus()
    page.keyboard.press(key)
    wait_for(page, figure, step)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_steps_by_keyboard(open_page, view: str) -> None:
    name = f"{view}-written"
    page = open_page("written", name)
    wait_for(page, name, STEPS)
    assert shown(page, name)[-1] == words_at(STEPS)[-1]
    for key, step in (("ArrowLeft", 5), ("Home", 1), ("ArrowRight", 2), ("End", STEPS)):
        slide(page, name, key, step)
        assert page.evaluate("document.activeElement.name + document.activeElement.type") == (
            "steprange"
        )
        if view in {"arcs", "matrix", "heads"}:
            assert shown(page, name) == words_at(step)
        assert pressed(page, name)[0] == READ + step - 2
        rows = page.locator(f"#{name} .attention-next tr").all_inner_texts()
        reported = answer().candidates[step - 1]
        assert [row.split()[:2] for row in rows] == [
            [one.text, f"{one.probability:.3f}"] for one in reported
        ]
    assert page.locator(f"#{name} figcaption").count() == 1


def test_the_row_of_each_step_is_the_models_own(open_page) -> None:
    page = open_page("written", "arcs-written")
    weights = answer().weights[1, 2]
    for key, step in (("Home", 1), ("ArrowRight", 2), ("ArrowRight", 3)):
        slide(page, "arcs-written", key, step)
        count = READ + step - 1
        own = weights[:count, :count]
        away(page)
        assert edges(page, "arcs-written") == pytest.approx(
            expected(own, count - 1, 0.95), abs=0.011
        )
        marked = page.locator("#arcs-written .attention-token--written").count()
        assert marked == step - 1


def test_the_next_step_replaces_the_readers_pin(open_page) -> None:
    page = open_page("written", "arcs-written")
    pin(page, "arcs-written", 2)
    slide(page, "arcs-written", "ArrowLeft", STEPS - 1)
    assert pressed(page, "arcs-written") == [READ + STEPS - 3]


def test_the_head_is_carried_over(open_page) -> None:
    page = open_page("written", "arcs-written")
    page.select_option("#arcs-written select[name=head]", "0")
    slide(page, "arcs-written", "Home", 1)
    assert page.locator("#arcs-written").get_attribute("data-head") == "0"
    assert "new token 1 of 6: " in page.locator("#arcs-written [role=status]").text_content()


def drag_to(page, box, step: int) -> None:
    """Move the mouse to where a slider's thumb stands at a step."""
    across = 6.5 + (step - 1) / (STEPS - 1) * (box["width"] - 13)
    page.mouse.move(box["x"] + across, box["y"] + box["height"] / 2, steps=4)


def test_the_figure_follows_the_mouse(open_page) -> None:
    page = open_page("written", "arcs-written")
    slider = page.locator("#arcs-written input[name=step]")
    box = slider.bounding_box()
    before = page.evaluate("[location.href, history.length]")
    drag_to(page, box, STEPS)
    page.mouse.down()
    for step in (1, 4, 2):
        drag_to(page, box, step)
        reported = f"{step} of {STEPS}: {answer().candidates[step - 1][0].text}"
        value = page.locator("#arcs-written .attention-range ~ .attention-value")
        assert value.inner_text() == reported
        assert slider.get_attribute("aria-valuetext") == reported
        wait_for(page, "arcs-written", step)
        assert shown(page, "arcs-written") == words_at(step)
        assert pressed(page, "arcs-written") == [READ + step - 2]
    page.mouse.up()
    # The mouse is free again: moving it moves no slider, and keys do.
    drag_to(page, box, STEPS)
    page.wait_for_timeout(200)
    wait_for(page, "arcs-written", 2)
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("ArrowRight")
    wait_for(page, "arcs-written", 3)
    assert shown(page, "arcs-written") == words_at(3)
    assert page.evaluate("[location.href, history.length]") == before


def test_a_quick_drag_shows_where_it_ends_and_skips_steps_on_the_way(open_page) -> None:
    page = open_page("written", "arcs-written")
    page.evaluate(
        "window.seen = [];"
        "window.replaced = 0;"
        "const value = () => document.querySelector('#arcs-written .attention-range').value;"
        "document.addEventListener('pointermove', () => { window.seen.push(value()) });"
        "document.addEventListener('attention-replaced', (event) => {"
        "  window.replaced += event.target.id === 'arcs-written' })"
    )
    box = page.locator("#arcs-written input[name=step]").bounding_box()
    drag_to(page, box, STEPS)
    page.mouse.down()
    for _ in range(3):
        for step in (1, STEPS, 3):
            drag_to(page, box, step)
    page.mouse.up()
    wait_for(page, "arcs-written", 3)
    assert shown(page, "arcs-written") == words_at(3)
    seen = page.evaluate("window.seen")
    passed = sum(one != other for one, other in pairwise(seen))
    assert 2 <= page.evaluate("window.replaced") <= passed + 1


def test_a_press_on_the_slider_moves_it_there(open_page) -> None:
    page = open_page("written", "arcs-written")
    box = page.locator("#arcs-written input[name=step]").bounding_box()
    drag_to(page, box, 2)
    page.mouse.down()
    page.mouse.up()
    wait_for(page, "arcs-written", 2)
    assert shown(page, "arcs-written") == words_at(2)


def test_linked_figures_step_together(open_page) -> None:
    page = open_page("written", "arcs-written")
    ready(page, "matrix-written")
    slide(page, "arcs-written", "Home", 1)
    wait_for(page, "matrix-written", 1)
    assert shown(page, "matrix-written") == words_at(1)


def test_addresses_name_the_step(open_page, site) -> None:
    page = open_page("written", "arcs-written", **CLIPBOARD)
    slide(page, "arcs-written", "Home", 1)
    link = unquote(copy(page, "arcs-written", "link"))
    assert "step=1" in link
    page.goto("about:blank")
    page.goto(link)
    ready(page, "arcs-written")
    wait_for(page, "arcs-written", 1)
    assert pressed(page, "arcs-written") == [READ - 1]
    page.goto("about:blank")
    page.goto(site.url("written") + "#arcs-written&step=99&layer=1&head=2")
    ready(page, "arcs-written")
    wait_for(page, "arcs-written", STEPS)


def test_copies_name_the_step(open_page) -> None:
    page = open_page("written", "arcs-written", **CLIPBOARD)
    slide(page, "arcs-written", "Home", 1)
    written = copy(page, "arcs-written", "as directive")
    assert ":generate: 6" in written
    assert ":selection: step=1" in written
    assert ":focus: two#2" in written


def test_a_directive_opens_at_the_step_that_it_names(open_page) -> None:
    page = open_page("written", "opens-at-three", **CLIPBOARD)
    wait_for(page, "opens-at-three", 3)
    assert shown(page, "opens-at-three") == words_at(3)
    assert ":selection: step=3" in copy(page, "opens-at-three", "as directive")
    slide(page, "opens-at-three", "End", STEPS)
    assert f":selection: step={STEPS}" in copy(page, "opens-at-three", "as directive")


def test_the_slider_returns_when_a_step_cannot_be_loaded(open_page) -> None:
    page = open_page("written", "arcs-written")
    page.route(
        "**/_static/attention/*.js",
        lambda route: route.fulfill(body="", content_type="text/javascript"),
    )
    page.locator("#arcs-written input[name=step]").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(500)
    wait_for(page, "arcs-written", STEPS)
    assert shown(page, "arcs-written") == words_at(STEPS)


def test_arrow_keys_do_not_turn_the_page(open_page) -> None:
    page = open_page("written", "arcs-written")
    page.evaluate("document.addEventListener('keydown', (event) => { window.heard = event.key })")
    slide(page, "arcs-written", "ArrowLeft", STEPS - 1)
    assert page.evaluate("window.heard") is None
    page.keyboard.press("x")
    assert page.evaluate("window.heard") == "x"


def test_without_the_sliders_script_there_is_a_list(open_page, site) -> None:
    page = open_page("written", "arcs-written")
    page.route(
        "**/attention-generate.js*",
        lambda route: route.fulfill(body="", content_type="text/javascript"),
    )
    page.reload()
    ready(page, "arcs-written")
    assert not page.locator("#arcs-written input[name=step]").is_visible()
    page.select_option("#arcs-written select[name=step]", "1")
    wait_for(page, "arcs-written", 1)
    assert shown(page, "arcs-written") == words_at(1)


def test_without_scripts_the_last_step_is_shown_with_its_candidates(open_page) -> None:
    page = open_page("written", java_script_enabled=False)
    assert shown(page, "arcs-written") == words_at(STEPS)
    assert not page.locator("#arcs-written input[name=step]").is_visible()
    figure = page.locator("#arcs-written")
    last = answer().candidates[-1][0]
    assert f"{STEPS} of {STEPS}: {last.text}" in figure.inner_text()
    assert f"{last.probability:.3f}" in figure.locator(".attention-next").inner_text()
    assert "the model wrote the text itself" in figure.inner_text()


def test_the_script_is_only_on_pages_that_need_it(site) -> None:
    for page, there in (("written", True), ("opened", False)):
        file = Path(unquote(site.url(page, by="file").removeprefix("file://")))
        assert ("attention-generate.js" in file.read_text(encoding="utf-8")) is there


def test_the_pinned_word_is_not_in_the_faded_edge_of_the_picture(open_page) -> None:
    page = open_page("written", "arcs-written", viewport={"width": 360, "height": 800})
    slide(page, "arcs-written", "ArrowLeft", STEPS - 1)
    left, right, start, end, after = page.evaluate(
        """() => {
          const figure = document.getElementById("arcs-written");
          const stage = figure.querySelector(".attention-stage");
          const box = stage.getBoundingClientRect();
          const words = [...figure.querySelectorAll(".attention-word")];
          const word = words[words.length - 1].getBoundingClientRect();
          const after = stage.scrollWidth - stage.clientWidth - stage.scrollLeft;
          return [box.left, box.right, word.left, word.right, after];
        }"""
    )
    assert left + 27 <= start
    assert after < 2 or end <= right - 27
