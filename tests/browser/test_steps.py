"""The view steps in a real browser: every number is compared with NumPy."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from tests.browser.conftest import away, token
from tests.browser.fonts import in_every_font
from tests.browser.pages import DOG
from tests.browser.steps_figures import model_vectors, number, rows

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NAMES = ["steps-dog", "steps-heads", "steps-causal", "steps-bare"]
FOX = 4
KEYS = 11


def figure_of(name: str) -> str:
    return "s" + name.removeprefix("steps-")


@pytest.fixture(scope="session")
def vectors(minilm: Path) -> dict[str, np.ndarray]:
    return model_vectors(minilm, DOG)


def parts(page: Page, figure: str) -> dict[str, str]:
    """The numbers in the panels, by name."""
    found = page.eval_on_selector_all(
        f"#{figure} :is(.attention-panels, .attention-cell) [data-part]",
        "all => all.map(e => [e.dataset.part, e.textContent])",
    )
    named = dict(found)
    assert all(named[name] == text for name, text in found)
    return named


def step(page: Page, figure: str, name: str) -> None:
    """Choose a step by its button, and let the ink dry."""
    page.locator(f"#{figure} .attention-rail [value={name}]").click()
    away(page)
    page.wait_for_timeout(250)


def key_row(page: Page, figure: str, index: int):
    return token(page, figure, index, "key")


def check(page: Page, figure: str, vectors: Any, reference: Any, place: tuple[int, ...]) -> None:
    """Compare every number of one cell with NumPy's sums and the model's own weights."""
    layer, head, query, key = place
    q, k, v = (vectors[name][layer, head] for name in ("query", "key", "value"))
    row = reference[layer, head, query].astype(np.float64)
    seen = parts(page, figure)
    dot = k[key] @ q[query]
    scores = k @ q[query] / math.sqrt(32)
    assert number(seen["dot"]) == pytest.approx(dot, abs=6e-4)
    assert number(seen["scaled"]) == pytest.approx(scores[key], abs=1e-4)
    for name, expected in (("top", math.exp(scores[key])), ("sum", np.exp(scores).sum())):
        ten = seen[f"{name}Ten"]
        shown = number(seen[name]) * (10 ** number(ten) if ten else 1)
        assert shown == pytest.approx(expected, rel=1.2e-4)
    assert seen["share"] == f"{np.floor(row[key] * 1000 + 0.5) / 1000:.3f}"
    terms = re.findall(r"\(?(−?[\d.]+)\)?\u00a0⋅\u00a0\(?(−?[\d.]+)\)?", seen["products"])
    for n, (one, other) in zip((0, 1, -1), terms, strict=True):
        assert (number(one), number(other)) == pytest.approx((q[query, n], k[key, n]), abs=6e-3)
    for name in ("multiplied", "addends"):
        products = [number(text) for text in re.findall(r"−?[\d.]+", seen[name])]
        assert products == pytest.approx((q[query] * k[key])[[0, 1, -1]], abs=6e-3)
    for name, vector in (("value", v[key]), ("output", row @ v)):
        first = [number(text) for text in seen[name].strip("()").split(", ")[:3]]
        assert first == pytest.approx(vector[:3], abs=6e-3)
    for at, (dot_text, scaled_text, weight) in enumerate(rows(page, figure)):
        assert number(dot_text) == pytest.approx(k[at] @ q[query], abs=6e-4)
        assert number(scaled_text) == pytest.approx(scores[at], abs=6e-4)
        assert number(weight) == pytest.approx(row[at], abs=5.1e-4)


@pytest.mark.parametrize("by", ["http", "file"])
def test_pointing_at_a_row_follows_that_key(open_page, by: str, vectors, reference) -> None:
    page = open_page("steps-dog", "sdog", by)
    check(page, "sdog", vectors, reference, (5, 11, FOX, 9))
    for key in (0, 4, 6, 10):
        key_row(page, "sdog", key).hover()
        check(page, "sdog", vectors, reference, (5, 11, FOX, key))
        marked = page.locator("#sdog .attention-token--cell")
        assert marked.get_attribute("data-token") == str(key)
    away(page)
    check(page, "sdog", vectors, reference, (5, 11, FOX, 9))


def test_pointing_at_a_word_makes_it_the_query(open_page, vectors, reference) -> None:
    page = open_page("steps-dog", "sdog")
    for query in (1, 9, 0):
        token(page, "sdog", query, "query").hover()
        row = reference[5, 11, query].copy()
        row[[0, 10, query]] = 0
        check(page, "sdog", vectors, reference, (5, 11, query, int(row.argmax())))
    away(page)
    assert parts(page, "sdog")["query"] == "fox"
    token(page, "sdog", 9, "query").click()
    away(page)
    key_row(page, "sdog", 3).hover()
    check(page, "sdog", vectors, reference, (5, 11, 9, 3))
    assert token(page, "sdog", 9, "query").get_attribute("aria-pressed") == "true"


def test_a_click_pins_a_cell_and_escape_unpins_it(open_page, vectors, reference) -> None:
    page = open_page("steps-dog", "sdog")
    key_row(page, "sdog", 3).click()
    away(page)
    check(page, "sdog", vectors, reference, (5, 11, FOX, 3))
    assert key_row(page, "sdog", 3).get_attribute("aria-pressed") == "true"
    assert key_row(page, "sdog", 2).get_attribute("aria-pressed") == "false"
    page.keyboard.press("Escape")
    check(page, "sdog", vectors, reference, (5, 11, FOX, 9))
    assert page.locator("#sdog [aria-pressed=true]").count() == 0


def test_the_keyboard_goes_through_words_and_rows(open_page, vectors, reference) -> None:
    page = open_page("steps-dog", "sdog")
    token(page, "sdog", FOX, "query").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    where = "document.activeElement.dataset.side + document.activeElement.dataset.token"
    assert page.evaluate(where) == "key0"
    check(page, "sdog", vectors, reference, (5, 11, 5, 0))
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    check(page, "sdog", vectors, reference, (5, 11, 5, 3))
    page.keyboard.press("Enter")
    assert page.evaluate(where) == "key3"
    page.evaluate("document.activeElement.blur()")
    check(page, "sdog", vectors, reference, (5, 11, 5, 3))
    message = page.locator("#sdog .attention-live").inner_text()
    assert message == f"jumps looks at brown {reference[5, 11, 5, 3]:.3f}"


def test_arrows_follow_a_text_from_the_right(open_page) -> None:
    page = open_page("steps-rtl", "srtl")
    token(page, "srtl", 1, "query").focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.token") == "2"
    left = "document.activeElement.getBoundingClientRect().left"
    assert page.evaluate(left) < token(page, "srtl", 1, "query").bounding_box()["x"]


def test_another_head_and_layer(open_page, vectors, reference) -> None:
    page = open_page("steps-heads", "sheads")
    figure = page.locator("#sheads")
    for layer, head in ((0, 2), (5, 3), (0, 11)):
        figure.locator("select[name=layer]").select_option(str(layer))
        figure.locator("select[name=head]").select_option(str(head))
        key_row(page, "sheads", 5).hover()
        check(page, "sheads", vectors, reference, (layer, head, FOX, 5))
    formulas = page.locator("#sheads .attention-formula")
    shown = parts(page, "sheads")
    scale = f"{shown['dot']} over the root of 32 is {shown['scaled']}"
    assert formulas.nth(2).get_attribute("aria-label") == scale


def test_masked_keys(open_page) -> None:
    page = open_page("steps-causal", "scausal")
    weights = [row[-1] for row in rows(page, "scausal")]
    assert [text == "–" for text in weights] == [key > 3 for key in range(len(weights))]
    key_row(page, "scausal", 5).hover()
    shown = parts(page, "scausal")
    assert (shown["verdict"], shown["score"], shown["share"]) == ("masked", "−∞", "0")
    assert number(shown["scaled"]) == pytest.approx(number(shown["dot"]) / 8, abs=2e-4)
    token(page, "scausal", 5, "query").click()
    mask = page.locator("#scausal .attention-mask")
    assert mask.text_content() == "−∞" * (len(weights) - 6)
    boxes = mask.evaluate("e => [e.getBBox().y, e.getBBox().height]")
    tops = page.eval_on_selector_all(
        "#scausal .attention-rows rect", "all => all.map(e => e.getBBox().y)"
    )
    assert tops[6] <= boxes[0] + 2
    assert boxes[0] + boxes[1] <= tops[-1] + 26


def test_an_attention_of_weights_alone(open_page) -> None:
    page = open_page("steps-bare", "sbare")
    assert "cannot be shown" in page.locator("#sbare .attention-missing").inner_text()
    assert page.locator("#sbare .attention-panels").count() == 0
    assert page.locator("#sbare canvas").count() == 0
    token(page, "sbare", 1, "query").hover()
    assert rows(page, "sbare") == [["0.200"], ["0.500"], ["0.300"]]
    widths = page.locator("#sbare .attention-bar").first.evaluate("e => e.getBBox().width")
    assert widths == pytest.approx(150)


SHOWN = """id => {
  const figure = document.getElementById(id);
  const all = (selector, what) => [...figure.querySelectorAll(selector)].map(what);
  return {
    numbers: all(".attention-steps text", e => e.textContent),
    classes: all(".attention-steps g.attention-token", e => e.getAttribute("class")),
    bars: all(".attention-bar", e => e.getAttribute("d")),
    mask: all(".attention-mask", e => [e.getAttribute("x"), e.getAttribute("y")]),
    // Room that is reserved for longer numbers is no part of what is shown.
    below: all(".attention-cell, .attention-panels", e => e.outerHTML.replace(/ style="min-height: [^"]*"/g, "")),
  };
}"""


@in_every_font
@pytest.mark.parametrize("name", NAMES)
def test_the_first_picture_of_the_script_equals_the_static_page(open_page, name: str) -> None:
    figure = figure_of(name)
    live = open_page(name, figure)
    raw = live.context.request.get(live.url).text()
    live.evaluate(
        """([html, id]) => {
          const parsed = new DOMParser().parseFromString(html, "text/html").getElementById(id);
          parsed.id = "static-copy";
          document.body.append(document.importNode(parsed, true));
        }""",
        [raw, figure],
    )
    assert live.evaluate(SHOWN, figure) == live.evaluate(SHOWN, "static-copy")


def test_painted_strips_equal_the_drawn_ones(open_page) -> None:
    pages = open_page("steps-dog", "sdog"), open_page("steps-dog", java_script_enabled=False)
    step(pages[0], "sdog", "all")
    seen = []
    for page in pages:
        box = page.locator("#sdog .attention-picture").bounding_box()
        clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
        image = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
        seen.append(np.asarray(image).astype(int))
    live, static = seen
    assert live.shape == static.shape
    coloured = np.ptp(static, axis=2) > 40
    assert coloured.mean() > 0.01
    assert np.abs(live - static).max() <= 3
    token(pages[0], "sdog", 9, "query").hover()
    assert np.abs(shot(pages[0], clip) - static).max() > 40


def shot(page: Page, clip: Any) -> np.ndarray:
    image = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    return np.asarray(image).astype(int)


def test_the_figure_is_complete_without_scripts(open_page) -> None:
    page = open_page("steps-dog", java_script_enabled=False)
    assert page.locator("#sdog [data-column=keys] path").first.is_visible()
    assert page.locator("#sdog .attention-panels > li").count() == 5
    assert parts(page, "sdog")["verdict"] == "0.447"
    assert not page.locator("#sdog .attention-readout--hint").is_visible()


BOXES = """([id, selector]) => [...document.querySelectorAll(`#${id} ${selector}`)]
  .filter(e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.textContent.trim())
  .map(e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"""


def overlapping(boxes: list[list[float]], slack: float = 1.0) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, a in enumerate(boxes)
        for j, b in enumerate(boxes[:i])
        if min(a[2], b[2]) - max(a[0], b[0]) > slack and min(a[3], b[3]) - max(a[1], b[1]) > slack
    ]


@in_every_font
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps_or_overflows(open_page, name: str, width: int) -> None:
    figure = figure_of(name)
    page = open_page(name, figure, viewport={"width": width, "height": 800})
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    for selector in (
        ".attention-panels > li",
        ".attention-heads text",
        ".attention-formula > span",
    ):
        boxes = page.evaluate(BOXES, [figure, selector])
        assert boxes or name == "steps-bare"
        assert not overlapping(boxes, slack=4 if "formula" in selector else 1), selector
    boxes = page.evaluate(BOXES, [figure, ".attention-steps text:not(.attention-mask)"])
    assert not overlapping(boxes, slack=4)
    targets = page.eval_on_selector_all(
        f"#{figure} .attention-hit, #{figure} select, #{figure} button",
        "all => all.map(e => e.getBoundingClientRect()).map(b => Math.min(b.width, b.height))",
    )
    assert min(targets) >= 23.5
    inside = page.evaluate(
        """id => [...document.querySelectorAll(`#${id} .attention-formula`)]
             .map(e => e.scrollWidth - e.clientWidth)""",
        figure,
    )
    assert max(inside, default=0) <= 1


def test_a_long_text_stays_small_and_scrolls_in_its_box(open_page) -> None:
    page = open_page("steps-long", "slong")
    assert len(rows(page, "slong")) == 128
    token(page, "slong", 60, "query").click()
    key_row(page, "slong", 5).hover()
    count = page.evaluate("document.querySelectorAll('#slong, #slong *').length")
    assert count <= 1500
    height = page.locator("#slong .attention-stage").bounding_box()["height"]
    assert height < 800
    page.wait_for_function("document.querySelectorAll('#slong canvas').length === 4")
    assert page.locator("#slong .attention-strips").first.is_hidden()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*NAMES, "steps-long"])
def test_axe_finds_nothing(open_page, name: str, scheme: str) -> None:
    figure = figure_of(name)
    page = open_page(name, figure, color_scheme=scheme, bypass_csp=True)
    for state in ("at first", "a row pinned"):
        if state != "at first":
            key_row(page, figure, 1).click()
        found = Axe().run(page, context=f"#{figure}")
        assert not found.response["violations"], (state, found.generate_report())


def test_paper_shows_everything(open_page) -> None:
    page = open_page("steps-long", "slong")
    page.emulate_media(media="print")
    stage = page.locator("#slong .attention-stage").bounding_box()
    picture = page.locator("#slong .attention-picture").bounding_box()
    assert stage["height"] >= picture["height"] - 1
    assert not page.locator("#slong .attention-readout--hint").is_visible()
