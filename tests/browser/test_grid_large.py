"""The view grid in a browser: the large picture of the chosen head."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser.conftest import (
    away,
    edges,
    expected,
    height,
    ready,
    scores,
    token,
)
from tests.browser.fonts import in_every_font
from tests.browser.grid_figures import SIZE, chosen, headline, thumb

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_choosing_opens_the_head_large(open_page, reference, by: str) -> None:
    page = open_page("grid-dog", "gdog")
    assert chosen(page, "gdog") == ("5", "11")
    if by == "pointer":
        thumb(page, "gdog", 1, 8).click()
    else:
        thumb(page, "gdog", 5, 11).focus()
        for key in [*["ArrowUp"] * 4, *["ArrowLeft"] * 3]:
            page.keyboard.press(key)
        assert chosen(page, "gdog") == ("5", "11")  # Moving the focus does not choose a head.
        assert headline(page, "gdog").startswith("1.8 ")
        page.keyboard.press("Enter")
    assert chosen(page, "gdog") == ("1", "8")
    assert thumb(page, "gdog", 1, 8).get_attribute("aria-current") == "true"
    assert page.locator("#gdog [aria-current]").count() == 1
    assert page.locator('#gdog select[name="layer"]').input_value() == "1"
    assert page.locator('#gdog select[name="head"]').input_value() == "8"
    for query in range(SIZE):
        token(page, "gdog", query).hover()
        assert edges(page, "gdog") == pytest.approx(
            expected(reference[1, 8], query, 0.95), abs=0.011
        )
    token(page, "gdog", 4).click()
    column = [float(number) for _, number in scores(page, "gdog")]
    assert column == pytest.approx(reference[1, 8, 4], abs=5.1e-4)


def test_the_selectors_choose_too(open_page, reference) -> None:
    page = open_page("grid-dog", "gdog")
    page.locator('#gdog select[name="layer"]').select_option("0")
    page.locator('#gdog select[name="head"]').select_option("2")
    assert thumb(page, "gdog", 0, 2).get_attribute("aria-current") == "true"
    assert headline(page, "gdog").startswith("0.2 ")
    token(page, "gdog", 4).hover()
    assert edges(page, "gdog") == pytest.approx(expected(reference[0, 2], 4, 0.95), abs=0.011)
    mark = page.locator("#gdog .attention-mark").bounding_box()
    box = page.locator("#gdog .attention-thumbs canvas").bounding_box()
    assert mark["x"] == pytest.approx(box["x"] + 2 * 48 - 2, abs=1)
    assert mark["y"] == pytest.approx(box["y"] - 2, abs=1)


def test_the_large_picture_takes_other_views(open_page, reference) -> None:
    page = open_page("grid-dog", "gdog")
    large = page.locator("#gdog .attention-large")
    select = page.locator('#gdog select[name="large"]')
    select.select_option("heads")
    page.wait_for_selector('#gdog .attention-large[data-view="heads"]')
    token(page, "gdog", 4, "query").hover()
    drawn = {(q, k) for q, k in edges(page, "gdog")}
    assert drawn == set(expected(reference[5, 11], 4, 0.95))
    thumb(page, "gdog", 0, 2).click()
    token(page, "gdog", 4, "query").hover()
    assert set(edges(page, "gdog")) == set(expected(reference[0, 2], 4, 0.95))
    select.select_option("matrix")
    page.wait_for_selector('#gdog .attention-large[data-view="matrix"]')
    assert large.locator(".attention-cells path").first.is_visible()
    token(page, "gdog", 4, "query").click()
    column = [float(number) for _, number in scores(page, "gdog")]
    assert column == pytest.approx(reference[0, 2, 4], abs=5.1e-4)
    select.select_option("arcs")
    token(page, "gdog", 5).hover()
    assert edges(page, "gdog") == pytest.approx(expected(reference[0, 2], 5, 0.95), abs=0.011)
    assert large.locator("svg.attention-picture").count() == 1


PARTS = """picture => {
  const all = (of, names) => [...picture.querySelectorAll(of)].map(one => names.map(name => {
    const value = name === "text" ? one.textContent : one.getAttribute(name);
    return isNaN(value) || !value ? value : Math.round(100 * value) / 100;
  }));
  return {
    size: ["width", "height", "direction"].map(name => picture.getAttribute(name)),
    words: all(".attention-word", ["text", "x", "y", "textLength"]),
    keys: all("[data-side=key]", ["transform"]),
    small: all(".attention-small", ["text", "x", "y"]),
    cells: all(".attention-cells > path", ["fill-opacity", "d"]),
    hatch: all(".attention-hatch", ["d"]),
    bar: all(".attention-ramp", ["x", "y", "width", "height"]),
    ticks: all(".attention-ticks > text", ["text", "x", "y"]),
    legend: all(".attention-hatched > *", ["text", "x", "y"]),
  };
}"""


@pytest.mark.parametrize("name", ["causal", "hebrew"])
def test_a_large_picture_is_that_of_a_figure_of_its_own(open_page, name: str) -> None:
    page = open_page("grid-same", f"g{name}")
    for view in ("matrix", "heads"):
        page.locator(f'#g{name} select[name="large"]').select_option(view)
        page.wait_for_selector(f'#g{name} .attention-large[data-view="{view}"]')
        built = page.locator(f"#g{name} .attention-large .attention-picture").evaluate(PARTS)
        own = page.locator(f"#{view[0]}{name} .attention-picture").evaluate(PARTS)
        assert built == own, view
        assert built["words"]
        if view == "matrix":
            assert built["legend"] == ([] if name == "hebrew" else own["legend"])
            assert bool(own["legend"]) == (name == "causal")
        assert built["size"][2] == ("rtl" if name == "hebrew" else "ltr")


def test_arcs_keep_changes_made_while_another_view_was_large(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    rest = page.locator("#gdog .attention-large .attention-overview path")
    paths = "all => all.map(path => path.getAttribute('d')).join()"
    thumb(page, "gdog", 0, 2).click()
    straight = rest.evaluate_all(paths)
    page.reload()
    ready(page, "gdog")
    page.locator('#gdog select[name="large"]').select_option("matrix")
    thumb(page, "gdog", 0, 2).click()
    page.locator('#gdog select[name="large"]').select_option("arcs")
    assert rest.evaluate_all(paths) == straight
    page.locator('#gdog select[name="large"]').select_option("heads")
    token(page, "gdog", 4, "query").click()
    page.locator('#gdog select[name="large"]').select_option("arcs")
    away(page)
    assert token(page, "gdog", 4).get_attribute("aria-pressed") == "true"
    assert set(edges(page, "gdog")) == {(4, 3)}


def test_the_strongest_pairs_are_of_the_chosen_head(open_page, reference) -> None:
    page = open_page("grid-dog", "gdog")
    table = page.locator("#gdog .attention-table")
    numbers = table.locator("td:last-child")
    thumb(page, "gdog", 1, 8).click()
    assert numbers.count() == 0  # The table is closed, so it has no rows yet.
    table.locator("summary").click()
    page.wait_for_selector("#gdog .attention-pairs td")
    largest = np.sort(reference[1, 8], axis=None)[::-1][:12]
    assert [float(text) for text in numbers.all_text_contents()] == pytest.approx(
        largest, abs=5.1e-4
    )
    thumb(page, "gdog", 0, 2).click()
    largest = np.sort(reference[0, 2], axis=None)[::-1][:12]
    assert [float(text) for text in numbers.all_text_contents()] == pytest.approx(
        largest, abs=5.1e-4
    )


def test_the_large_picture_shows_the_chosen_head_at_rest(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    rest = page.locator("#gdog .attention-large .attention-overview path")
    assert rest.first.is_visible()
    first = rest.evaluate_all("all => all.map(path => path.getAttribute('d')).join()")
    thumb(page, "gdog", 0, 2).click()
    away(page)
    assert rest.first.is_visible()
    assert rest.evaluate_all("all => all.map(path => path.getAttribute('d')).join()") != first
    token(page, "gdog", 4).hover()
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector(
            "#gdog .attention-large .attention-overview")).visibility === "hidden" """
    )


@in_every_font
def test_in_a_wide_page_the_large_picture_stands_beside(open_page) -> None:
    page = open_page("grid-cross", "gcross")
    small, large = (
        page.locator(f"#gcross > .attention-{name}").bounding_box() for name in ("stage", "large")
    )
    assert large["x"] >= small["x"] + small["width"]
    page.set_viewport_size({"width": 360, "height": 800})
    small, large = (
        page.locator(f"#gcross > .attention-{name}").bounding_box() for name in ("stage", "large")
    )
    assert large["y"] >= small["y"] + small["height"]


def test_the_headline_says_which_head_is_large(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    note = page.locator("#gdog .attention-shown")
    tall = height(page, "gdog")

    def large() -> str:
        return page.locator("#gdog .attention-large").get_attribute("aria-label")

    assert not note.is_visible()
    assert "large" not in headline(page, "gdog")
    thumb(page, "gdog", 0, 2).hover()
    assert headline(page, "gdog").startswith("0.2 ")
    assert note.inner_text() == "the large picture shows 5.11"
    assert note.is_visible()
    assert large() == "layer 5, head 11"
    assert height(page, "gdog") == tall
    thumb(page, "gdog", 0, 2).click()
    assert not note.is_visible()
    assert headline(page, "gdog").startswith("0.2 ")
    assert large() == "layer 0, head 2"
    page.keyboard.press("ArrowRight")
    assert headline(page, "gdog").startswith("0.3 ")
    assert note.is_visible()
    assert note.inner_text() == "the large picture shows 0.2"
    thumb(page, "gdog", 1, 8).hover()
    assert headline(page, "gdog").startswith("1.8 ")
    thumb(page, "gdog", 0, 2).hover()
    # The thumbnail under the pointer is the large one, so the note is hidden.
    assert not note.is_visible()
    away(page)
    assert note.is_visible()  # The keyboard is still at 0.3, so the note is visible.
    assert height(page, "gdog") == tall


def test_the_head_under_the_pointer_opens_in_its_place(open_page, reference) -> None:
    page = open_page("grid-dog", "gdog")
    thumb = page.get_by_role("button", name=re.compile("^layer 2, head 5,"))
    thumb.hover()
    lens = page.locator("#gdog .attention-lens")
    lens.wait_for(state="visible")
    assert lens.inner_text().strip() == "2.5"
    drawn = lens.locator("canvas").evaluate(
        "one => [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]"
    )
    alpha = np.array(drawn).reshape(SIZE, SIZE, 4)[:, :, 3]
    # The opacity of a weight, by the ramp of HeadVis.
    codes = np.floor(reference[2, 5] * 1000 + 0.5) / 1000
    opacity = np.where(codes > 0, 0.05 + 0.95 * np.log10(1 + 9 * codes), 0)
    assert alpha == pytest.approx(opacity * 255, abs=5)
    around, box = (page.locator("#gdog .attention-thumbs").bounding_box(), lens.bounding_box())
    assert box["x"] >= around["x"] - 1
    assert box["x"] + box["width"] <= around["x"] + around["width"] + 1
    # The lens takes no click: the thumbnail below it does.
    middle = thumb.bounding_box()
    page.mouse.click(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)
    assert page.locator("#gdog select[name=head]").input_value() == "5"
    away(page)
    lens.wait_for(state="detached")


def test_another_large_view_keeps_the_shadows_and_the_first_one_fits_again(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    large = page.locator("#gdog .attention-large .attention-stage")
    children = "e => [...e.children].map(one => one.classList[0])"
    first = large.evaluate(children)
    assert first == ["attention-picture", "attention-fit", "attention-shade", "attention-shade"]
    choice = page.locator('#gdog select[name="large"]')
    choice.select_option("heads")
    page.wait_for_function(
        "() => document.querySelector('#gdog .attention-large').dataset.view === 'heads'"
    )
    assert large.evaluate(children) == ["attention-picture", "attention-shade", "attention-shade"]
    choice.select_option("arcs")
    page.wait_for_function(
        "() => document.querySelector('#gdog .attention-large').dataset.view === 'arcs'"
    )
    assert large.evaluate(children) == first
