"""The view arcs in a browser: the first picture, edges at rest, motion, and squares."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser.arcs_figures import CENTRES, SHOWN
from tests.browser.conftest import (
    STILL,
    away,
    edges,
    expected,
    height,
    pressed,
    static_copy,
    token,
)
from tests.browser.fonts import in_every_font

pytestmark = pytest.mark.browser


@in_every_font
@pytest.mark.parametrize(
    ("page_name", "figure"), [("dog", "pinned"), ("causal", "causal"), ("fox", "fox")]
)
def test_the_first_picture_of_the_script_equals_the_static_picture(
    open_page, page_name, figure
) -> None:
    static = open_page(page_name, java_script_enabled=False).locator(f"#{figure}")
    static.scroll_into_view_if_needed()
    live = open_page(page_name, figure)
    copied = static_copy(live, figure)
    after, before = live.evaluate(SHOWN, figure), live.evaluate(SHOWN, copied)
    if after["words"] != before["words"]:
        # The page's own font has other widths than the table, and the words have been moved.
        assert max(after["stretched"]) == 0
        for shown in (after, before):
            shown["edges"] = [[*edge[:2], *edge[3:]] for edge in shown["edges"]]
    for part in ("edges", "weights", "scores"):
        assert after[part] == before[part]


@in_every_font
@pytest.mark.parametrize(
    ("page_name", "figure", "width"),
    [("dog", "pinned", 360), ("dog", "chosen", 640), ("dog", "pinned", 1000), ("fox", "fox", 1000)],
)
def test_the_script_moves_nothing_when_it_starts(
    come_to_life, page_name: str, figure: str, width: int
) -> None:
    """The figure has the same height before and after the script runs."""
    page, before = come_to_life(page_name, figure, width)
    assert height(page, figure) == pytest.approx(before, abs=0.5)


def test_the_figure_is_complete_without_scripts(open_page) -> None:
    page = open_page("dog", java_script_enabled=False)
    rest = page.locator("#chosen .attention-overview path").first
    assert rest.is_visible()
    assert not page.locator("#chosen select").first.is_visible()
    assert not page.locator("#chosen .attention-direction").is_visible()
    assert "layer" in page.locator("#chosen .attention-footer").inner_text()
    assert page.locator("#pinned .attention-scores").is_visible()
    assert opacity(page, "chosen") == 1


def opacity(page, figure: str) -> float:
    """The opacity of the edges at rest, after all transitions."""
    rest = page.locator(f"#{figure} > .attention-stage .attention-overview")
    return rest.evaluate(
        """async e => {
          await Promise.all(e.getAnimations().map(a => a.finished));
          const {opacity, visibility, display} = getComputedStyle(e);
          return visibility === "hidden" || display === "none" ? 0 : +opacity;
        }"""
    )


def test_the_edges_at_rest_are_a_ghost_until_a_word_is_pointed_at(open_page) -> None:
    page = open_page("dog", "chosen")
    assert page.locator("#chosen .attention-overview path").first.is_visible()
    assert opacity(page, "chosen") == pytest.approx(0.38)
    token(page, "chosen", 4).hover()
    assert opacity(page, "chosen") == 0
    assert edges(page, "chosen")
    away(page)
    assert opacity(page, "chosen") == pytest.approx(0.38)
    token(page, "chosen", 4).click()
    away(page)
    assert opacity(page, "chosen") == 0
    page.keyboard.press("Escape")
    assert opacity(page, "chosen") == pytest.approx(0.38)
    page.emulate_media(media="print")
    assert opacity(page, "chosen") == 1


@pytest.mark.parametrize("name", ["fox", "dog", "causal", "cross", "hostile", "long"])
def test_no_figure_is_blank_at_rest(open_page, name: str) -> None:
    page = open_page(name, name)
    for index in pressed(page, name):
        token(page, name, index).click()
    away(page)
    assert page.locator(f"#{name} .attention-overview path").count()
    assert opacity(page, name) == pytest.approx(0.38)


MOVING = """(id) => [...document.querySelectorAll(`#${id} .attention-stage [d]`)]
  .flatMap((path) => path.getAnimations())
  .flatMap((one) => one.transitionProperty ?? Object.keys(one.effect.getKeyframes()[0]))"""


def test_an_edge_goes_over_to_its_weight_in_another_head(open_page, reference) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 4).click()
    away(page)
    page.evaluate(
        "() => { window.kept = document.querySelector('#dog .attention-edge[data-key=\"9\"]') }"
    )
    was = page.evaluate("parseFloat(getComputedStyle(kept).strokeWidth)")
    # All animations are paused at their first frame.
    page.evaluate(
        """() => {
          const head = document.querySelector('#dog select[name="head"]');
          head.value = "0";
          head.dispatchEvent(new Event("change", {bubbles: true}));
          const picture = document.querySelector("#dog svg");
          for (const one of picture.getAnimations({subtree: true})) one.pause();
        }"""
    )
    now = expected(reference[5, 0], 4, 0.95)
    assert edges(page, "dog") == pytest.approx(now, abs=0.011)
    moving = page.evaluate(MOVING, "dog")
    assert page.evaluate("kept.isConnected")
    if (4, 9) in now:
        assert "stroke-width" in moving
        assert page.evaluate("parseFloat(getComputedStyle(kept).strokeWidth)") == pytest.approx(was)
    page.evaluate(
        """() => {
          const picture = document.querySelector("#dog svg");
          for (const one of picture.getAnimations({subtree: true})) one.finish();
        }"""
    )
    page.wait_for_function(STILL, arg="dog")
    assert page.locator("#dog .attention-gone").count() == 0
    drawn = page.eval_on_selector_all(
        "#dog .attention-edge",
        "all => all.map(e => [+e.dataset.key, parseFloat(getComputedStyle(e).strokeWidth)])",
    )
    assert dict(drawn) == pytest.approx({key: width for (_, key), width in now.items()}, abs=0.011)


def test_edges_grow_out_of_the_word_that_is_pointed_at(open_page) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 4).hover()
    grown = page.evaluate(
        """() => [...document.querySelectorAll("#dog .attention-edge")].map((path) => {
          const [one] = path.getAnimations();
          return one?.effect.getKeyframes().map((frame) => frame.strokeDasharray) ?? [];
        })"""
    )
    assert grown
    # Those that are still growing start as a point.
    assert all(not frames or re.match("0(px)?,? 2", frames[0]) for frames in grown)
    page.wait_for_function(STILL, arg="dog")
    seen = page.evaluate(CENTRES, "dog")
    assert all(path["query"] == 4 for path in seen["paths"])


def test_the_edges_at_rest_go_over_to_another_head(open_page) -> None:
    page = open_page("dog", "chosen")
    before = page.locator("#chosen .attention-overview path").count()
    figure = page.locator("#chosen")
    figure.locator('select[name="layer"]').select_option("3")
    away(page)
    named = "all => all.map((path) => `${path.dataset.query} ${path.dataset.key}`)"
    page.wait_for_function(STILL, arg="chosen")
    third = page.eval_on_selector_all("#chosen .attention-overview path", named)
    assert before
    assert len(set(third)) == len(third)
    page.evaluate(
        """() => {
          window.paths = new Set(document.querySelectorAll("#chosen .attention-overview path"));
          const head = document.querySelector('#chosen select[name="head"]');
          head.value = "5";
          head.dispatchEvent(new Event("change", {bubbles: true}));
        }"""
    )
    assert "stroke-width" in page.evaluate(MOVING, "chosen")
    fifth = page.eval_on_selector_all("#chosen .attention-overview path", named)
    kept = page.eval_on_selector_all(
        "#chosen .attention-overview path",
        f"all => ({named})(all.filter((path) => paths.has(path)))",
    )
    assert set(kept) == set(third) & set(fifth)


def test_the_ghost_goes_at_once_where_motion_is_reduced(open_page) -> None:
    page = open_page("dog", "chosen", reduced_motion="reduce")
    token(page, "chosen", 4).hover()
    rest = page.locator("#chosen .attention-overview")
    assert rest.evaluate("e => e.getAnimations({subtree: true}).length") == 0
    assert rest.evaluate("e => getComputedStyle(e).visibility") == "hidden"
    token(page, "chosen", 4).click()
    page.locator('#chosen select[name="head"]').select_option("5")
    assert page.evaluate(STILL, "chosen")
    assert page.locator("#chosen .attention-gone").count() == 0


SQUARES = """id => [...document.querySelectorAll(`#${id} .attention-square`)].flatMap(path =>
  [...path.getAttribute("d").matchAll(/M([^ ]+) ([^h]+)h/g)].map(([, x]) =>
    [+path.dataset.head, +x + 2.5, path.matches(".attention-square--shown")]))"""


@pytest.mark.parametrize("width", [1000, 360])
def test_squares_show_which_heads_look_at_a_word(open_page, reference, width: int) -> None:
    page = open_page("dog", "dog", viewport={"width": width, "height": 800})
    boxes = (
        "() => [...document.querySelectorAll('#dog .attention-word')].map(e => e.getAttribute('x'))"
    )
    before, high = page.evaluate(boxes), height(page, "dog")
    assert page.locator("#dog .attention-square").count() == 0
    token(page, "dog", 4).hover()
    layer, head = (
        int(page.locator(f"#dog select[name={name}]").input_value()) for name in ("layer", "head")
    )
    middles = [float(x) for x in before]
    found: dict[int, list[int]] = {}
    for of, x, shown in page.evaluate(SQUARES, "dog"):
        key = min(range(len(middles)), key=lambda at: abs(middles[at] - x))
        found.setdefault(key, []).append(of)
        assert shown == (of == head)
    for key in range(11):
        weights = reference[layer, :, 4, key]
        # As many as fit into the word, and at least six.
        reported = {int(of) for of in np.flatnonzero(weights >= 0.0995)}
        own = set(found.get(key, []))
        assert own <= reported
        assert len(own) == len(reported) or len(own) >= 6
        left_out = [weights[of] for of in reported - own]
        assert not left_out or max(left_out) <= min(weights[of] for of in own - {head}) + 0.0005
        # They are in the order of the heads, from left to right.
    assert page.evaluate(boxes) == before
    assert height(page, "dog") == high
    # The names of the heads, with their colours, come with a pin, so that nothing moves on hover.
    names = page.locator("#dog .attention-note--squares")
    drawn = sorted({of for heads in found.values() for of in heads})
    assert not names.is_visible()
    assert names.locator("i").all_text_contents() == [str(of) for of in drawn]
    colours = names.locator("i").evaluate_all(
        "all => all.map(e => getComputedStyle(e, '::before').backgroundColor)"
    )
    fills = page.evaluate(
        "heads => heads.map(head => getComputedStyle(document.querySelector("
        "`#dog .attention-square[data-head='${head}']`)).fill)",
        drawn,
    )
    assert colours == fills
    away(page)
    assert page.locator("#dog .attention-square").count() == 0
    assert names.text_content() == ""
    token(page, "dog", 4).click()
    away(page)
    assert names.is_visible()
    assert names.text_content() == f"heads {' '.join(str(of) for of in drawn)}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_squares_of_a_pinned_word_are_in_the_page_itself(open_page) -> None:
    page = open_page("dog", "dog")
    token(page, "dog", 4).click()
    away(page)
    live = page.locator("#dog .attention-squares").evaluate("one => one.outerHTML")
    assert 'role="img"' in live
    assert "heads at fox: " in live
