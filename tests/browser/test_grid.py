"""The view grid in a browser: thumbnails, the first picture, and the requirements of every view."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import (
    accessible,
    away,
    edges,
    expected,
    height,
    model_attentions,
    overflow,
    smallest,
    token,
)
from tests.browser.fonts import in_every_font
from tests.browser.grid_figures import SIZE, fifths, headline, labels, painted, thumb
from tests.browser.pages.grid import LONG
from tests.browser.pages.heads import PAIR
from tests.browser.saved import SVG, save

pytestmark = pytest.mark.browser


def pooled(weights: np.ndarray, side: int) -> np.ndarray:
    """The largest weight of each square, square by square."""
    count = -(-len(weights) // side)
    found = np.zeros((count, count))
    for i, j in np.ndindex(count, count):
        found[i, j] = weights[i * side : (i + 1) * side, j * side : (j + 1) * side].max()
    return found


@pytest.mark.parametrize("by", ["http", "file"])
def test_every_thumbnail_is_its_head(open_page, reference, by: str) -> None:
    page = open_page("grid-dog", "gdog", by)
    seen = painted(page, "gdog")
    step = SIZE + 1
    assert seen.shape == (6 * step, 12 * step)
    for layer, head in np.ndindex(6, 12):
        top, left = layer * step, head * step
        opacity, sure = fifths(reference[layer, head])
        cells = seen[top : top + SIZE, left : left + SIZE]
        np.testing.assert_allclose(cells[sure], opacity[sure], atol=0.005)
        assert (np.abs(cells - opacity) < 0.25).all()
        assert seen[top + SIZE, left : left + step].max() == 0
        assert seen[top : top + step, left + SIZE].max() == 0


def test_a_cell_of_many_tokens_shows_the_largest_weight(open_page, minilm) -> None:
    page = open_page("grid-long", "glong")
    attentions = model_attentions(minilm, LONG)
    seen = painted(page, "glong")
    cells = 16  # A thumbnail has 16 cells for 32 tokens: each cell covers two by two.
    step = seen.shape[0] // 6
    for layer, head in np.ndindex(6, 12):
        opacity, sure = fifths(pooled(attentions[layer, head], 2))
        part = seen[layer * step :, head * step :][:cells, :cells]
        np.testing.assert_allclose(part[sure], opacity[sure], atol=0.005)


@pytest.mark.parametrize(("name", "figure"), [("grid-dog", "gdog"), ("grid-long", "glong")])
def test_the_first_paint_is_the_static_picture(open_page, site, name: str, figure: str) -> None:
    page = open_page(name, figure)
    live = painted(page, figure)
    data = page.locator(f"#{figure} mask image").get_attribute("xlink:href")
    static = Image.open(io.BytesIO(b64decode(data.partition(",")[2]))).convert("RGBA")
    alphas = np.asarray(static)[..., 3] / 255
    rows, columns = alphas.shape
    np.testing.assert_allclose(live[:rows, :columns], alphas, atol=0.5 / 255)
    boxes = page.evaluate(
        """id => [".attention-thumbs canvas", ".attention-cells"].map(name => {
          const node = document.querySelector(`#${id} ${name}`);
          node.style.display = "block";
          const {left, top} = node.getBoundingClientRect();
          return [left, top];
        })""",
        figure,
    )
    assert boxes[0] == pytest.approx(boxes[1], abs=0.01)


def test_thumbnails_of_a_pair_can_show_one_sentence_looking_at_the_other(open_page, minilm) -> None:
    weights = model_attentions(minilm, *PAIR)
    n = weights.shape[-1]
    first = len(PAIR[0].split()) + 2
    page = open_page("grid-pair", "gpair")
    page.locator('#gpair select[name="filter"]').select_option("ab")
    page.locator('#gpair select[name="large"]').select_option("heads")
    shown = painted(page, "gpair")
    down, across = shown.shape[0] // 6, shown.shape[1] // 12
    inside = np.zeros((n, n), bool)
    inside[:first, first:] = True
    for layer, head in ((0, 0), (3, 7)):
        own = shown[layer * down :, head * across :][:n, :n]
        opacity, sure = fifths(weights[layer, head])
        assert (own[~inside] == 0).all()
        assert np.abs(own - opacity)[inside & sure].max() < 0.01
    # The large picture hides the lines of the pair, too.
    out = page.locator('#gpair .attention-large .attention-token--out[data-side="query"]')
    assert out.count() == n - first


def test_one_thumbnail_is_the_tab_stop(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    stops = page.locator('#gdog .attention-thumb[tabindex="0"]')
    assert stops.count() == 1
    assert stops.get_attribute("aria-label").startswith("layer 5, head 11,")
    stops.focus()
    page.keyboard.press("Home")
    assert stops.count() == 1
    assert stops.get_attribute("aria-label").startswith("layer 5, head 0,")
    # After sorting, another thumbnail is the tab stop.
    page.locator('#gdog select[name="order"]').select_option("previous")
    page.locator('#gdog select[name="least"]').select_option("0.9")
    assert stops.count() == 1
    assert stops.get_attribute("aria-label") == "layer 0, head 2, previous token 1.00"


def test_a_token_in_focus_is_marked_in_every_thumbnail(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    line = page.locator("#gdog .attention-hairlines path")
    assert not line.get_attribute("d")
    thumb(page, "gdog", 0, 2).focus()
    token(page, "gdog", 4).hover()
    assert headline(page, "gdog").startswith("0.2 ")  # This thumbnail still has the keyboard.
    pieces = re.findall(r"M([\d.]+) ([\d.]+)h44", line.get_attribute("d"))
    assert len(pieces) == 72
    # The point lies in the middle of the fifth row of cells. Cells are 4 px high, and thumbnails
    # stand 48 px apart.
    assert {float(y) % 48 for _, y in pieces} == {4.5 * 4}
    page.locator("#gdog .attention-direction").click()
    token(page, "gdog", 4).hover()
    assert len(re.findall(r"M[\d.]+ [\d.]+v44", line.get_attribute("d"))) == 72
    away(page)
    assert not line.get_attribute("d")


def test_a_token_that_the_author_pinned(open_page, reference) -> None:
    page = open_page("grid-pinned", "gpinned")
    assert edges(page, "gpinned") == pytest.approx(expected(reference[5, 11], 4, 0.95), abs=0.011)
    assert token(page, "gpinned", 4).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert edges(page, "gpinned") == {}
    # The edges at rest fade in.
    expect(page.locator("#gpinned .attention-overview path").first).to_be_visible()


def test_the_figure_is_complete_without_scripts(open_page) -> None:
    page = open_page("grid-dog", java_script_enabled=False)
    assert page.locator("#gdog .attention-cells").is_visible()
    assert page.locator("#gdog .attention-mark").is_visible()
    assert page.locator("#gdog .attention-large .attention-overview path").first.is_visible()
    assert headline(page, "gdog").startswith("5.11 ")
    for select in page.locator("#gdog select").all():
        assert not select.is_visible()
    footer = page.locator("#gdog .attention-footer").inner_text()
    assert "layer 5" in re.sub(r"\s+", " ", footer)
    assert "sorted by" not in footer
    assert "large as" not in footer


@pytest.mark.parametrize("name", ["dog", "pinned", "long"])
def test_the_script_moves_nothing_when_it_starts(come_to_life, name: str) -> None:
    figure = f"g{name}"
    page, before = come_to_life(f"grid-{name}", figure)
    painted(page, figure)
    assert height(page, figure) == pytest.approx(before, abs=0.5)


@in_every_font
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["dog", "long", "cross", "tall"])
def test_no_figure_is_wider_than_the_page(open_page, name: str, width: int) -> None:
    figure = f"g{name}"
    page = open_page(f"grid-{name}", figure, viewport={"width": width, "height": 800})
    assert overflow(page) <= 0
    page.locator(f'#{figure} select[name="order"]').select_option("first")
    assert overflow(page) <= 0
    targets = f"#{figure} .attention-thumb, #{figure} .attention-choice:not([hidden]) select"
    assert smallest(page, targets) >= 23.5


@pytest.mark.parametrize(("name", "heads"), [("page", 72), ("tall", 384)])
def test_elements_stay_few_at_128_tokens(open_page, name: str, heads: int) -> None:
    figure = f"g{name}"
    page = open_page(f"grid-{name}", figure)
    assert page.locator(f"#{figure} .attention-large [data-token]").count() == 128
    assert page.locator(f"#{figure} .attention-thumb").count() == heads
    assert page.locator(f"#{figure} .attention-thumbs canvas").count() == 1
    count = "id => document.querySelectorAll(`#${id}, #${id} *`).length"
    assert page.evaluate(count, figure) <= 1500
    token(page, figure, 60).click()
    assert edges(page, figure)
    assert page.evaluate(count, figure) <= 1500
    page.locator(f'#{figure} select[name="order"]').select_option("self")
    assert len(labels(page, figure)) == heads
    assert page.evaluate(count, figure) <= 1500


def test_the_page_of_a_grid_is_little_larger_than_its_numbers(open_page, site) -> None:
    page = open_page("grid-long", java_script_enabled=False)
    sprite = page.locator("#glong mask image").get_attribute("xlink:href")
    assert len(sprite) <= 6_000
    parts = page.locator("#glong").evaluate(
        """figure => {
          const numbers = figure.querySelector("script");
          const size = node => new TextEncoder().encode(node.outerHTML).length;
          return [size(figure) - size(numbers), size(figure.querySelector(".attention-large"))];
        }"""
    )
    everything, large = parts
    assert everything - large <= 16_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, scheme: str) -> None:
    page = open_page("grid-dog", "gdog", color_scheme=scheme, bypass_csp=True)
    accessible(page, "gdog", "at rest")
    token(page, "gdog", 4).click()
    accessible(page, "gdog", "pinned")
    page.locator('#gdog select[name="order"]').select_option("entropy")
    accessible(page, "gdog", "sorted")
    page.locator('#gdog select[name="large"]').select_option("matrix")
    accessible(page, "gdog", "matrix")


def test_paper_has_the_grid_as_it_was_chosen(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    painted(page, "gdog")
    thumb(page, "gdog", 0, 2).click()
    page.locator('#gdog select[name="order"]').select_option("first")
    assert not page.locator("#gdog .attention-cells").is_visible()
    page.emulate_media(media="print")
    assert page.locator("#gdog .attention-cells").is_visible()
    assert not page.locator("#gdog .attention-thumbs").is_visible()
    here = page.locator("#gdog .attention-here").evaluate_all("all => all.map(n => n.dataset.at)")
    assert here == ["h2", "l0"]


def test_a_saved_grid_has_all_heads_in_their_places(open_page) -> None:
    page = open_page("grid-dog", "gdog")
    painted(page, "gdog")
    root = ET.fromstring(save(page, "gdog", "SVG")[1])
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert words[:20] == [*map(str, range(12)), *map(str, range(6)), "head", "layer"]
