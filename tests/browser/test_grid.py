"""The grid in a real browser: thumbnails, order and choice, checked by the model's own numbers."""

from __future__ import annotations

import io
import itertools
import re
from base64 import b64decode
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import (
    accessible,
    away,
    edges,
    expected,
    height,
    model_attentions,
    overflow,
    ready,
    scores,
    smallest,
    token,
)
from tests.browser.fonts import in_every_font
from tests.browser.pages import DOG
from tests.browser.pages.grid import LONG
from tests.browser.pages.heads import PAIR
from tests.browser.saved import SVG, pixels, rendered, save

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SIZE = 11  # The tokens of DOG, and the cells of a thumbnail.


@pytest.fixture(scope="module")
def measured(reference) -> dict[str, np.ndarray]:
    """The scores of every head by their definitions, written out as loops: (layers, heads)."""
    words = ["[CLS]", *DOG.split(), "[SEP]"]
    n = len(words)
    found = {
        name: np.zeros(reference.shape[:2]) for name in ("previous", "first", "self", "entropy")
    }
    found["induction"] = np.zeros(reference.shape[:2])
    for at in np.ndindex(reference.shape[:2]):
        w = reference[at].astype(np.float64)
        found["previous"][at] = sum(w[i, i - 1] for i in range(1, n)) / (n - 1)
        found["first"][at] = sum(w[i, 0] for i in range(1, n)) / (n - 1)
        found["self"][at] = sum(w[i, i] for i in range(n)) / n
        found["entropy"][at] = -sum(p * np.log2(p) for p in w.ravel() if p > 0) / n
        # The second "the" is the only token that occurs earlier. The word "quick" followed there.
        found["induction"][at] = w[words.index("lazy") - 1, words.index("quick")]
    return found


def fifths(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opacities by the ramp of the docs, in fifths; and where rounding cannot change the fifth."""
    thousandths = np.floor(weights.astype(np.float64) * 1000 + 0.5) / 1000
    ramp = np.where(thousandths > 0, 0.05 + 0.95 * np.log10(1 + 9 * thousandths), 0) * 5
    step = np.floor(ramp + 0.5).astype(int)
    return np.array([0, 0.12, 0.32, 0.56, 0.78, 1])[step], np.abs(ramp % 1 - 0.5) > 0.06


def pooled(weights: np.ndarray, side: int) -> np.ndarray:
    """The largest weight of each square, square by square."""
    count = -(-len(weights) // side)
    found = np.zeros((count, count))
    for i, j in np.ndindex(count, count):
        found[i, j] = weights[i * side : (i + 1) * side, j * side : (j + 1) * side].max()
    return found


def painted(page: Page, figure: str) -> np.ndarray:
    """The opacity of every pixel of the canvas, after it is painted."""
    page.wait_for_selector(f"#{figure} .attention-thumbs--painted", state="attached")
    rows = page.eval_on_selector(
        f"#{figure} .attention-thumbs canvas",
        """canvas => {
          const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return Array.from({length: height}, (_, y) =>
            Array.from({length: width}, (_, x) => data[4 * (y * width + x) + 3]));
        }""",
    )
    return np.array(rows) / 255


def thumb(page: Page, figure: str, layer: int | str, head: int | str):
    return page.locator(f'#{figure} .attention-thumb[aria-label^="layer {layer}, head {head},"]')


def labels(page: Page, figure: str) -> list[tuple[int, int, float]]:
    """Layer, head and score under every thumbnail, in order."""
    texts = page.locator(f"#{figure} .attention-thumb").all_text_contents()
    found = [re.fullmatch(r"(\d+)\.(\d+) (\d+\.\d\d)", text) for text in texts]
    assert all(found), texts
    return [(int(m[1]), int(m[2]), float(m[3])) for m in found if m]


def chosen(page: Page, figure: str) -> tuple[str, str]:
    data = page.locator(f"#{figure}")
    return data.get_attribute("data-layer"), data.get_attribute("data-head")


def headline(page: Page, figure: str) -> str:
    return page.locator(f"#{figure} .attention-headline").inner_text().replace("\n", " ")


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


@pytest.mark.parametrize("order", ["previous", "first", "self", "entropy", "induction"])
def test_heads_are_sorted_by_each_score(open_page, measured, reference, order: str) -> None:
    page = open_page("grid-dog", "gdog")
    page.locator('#gdog select[name="order"]').select_option(order)
    shown = labels(page, "gdog")
    assert len({(layer, head) for layer, head, _ in shown}) == 72
    for layer, head, score in shown:
        assert score == pytest.approx(measured[order][layer, head], abs=0.0056)
    exact = [measured[order][layer, head] for layer, head, _ in shown]
    # The page has three decimals, so heads that differ by less are equal.
    assert all(a > b - 0.001 for a, b in itertools.pairwise(exact))
    # The thumbnail of the best head is the first that is painted.
    seen = painted(page, "gdog")
    opacity, sure = fifths(reference[shown[0][:2]])
    inset = int(np.flatnonzero(seen[:SIZE, : SIZE + 8].any(axis=0))[0])
    offset = int(np.flatnonzero(opacity.any(axis=0))[0])
    cells = seen[:SIZE, inset - offset : inset - offset + SIZE]
    np.testing.assert_allclose(cells[sure], opacity[sure], atol=0.005)
    # The order by layer and head comes back.
    page.locator('#gdog select[name="order"]').select_option("layer")
    assert set(page.locator("#gdog .attention-thumb").all_text_contents()) == {""}
    assert (
        thumb(page, "gdog", 0, 0).bounding_box()["y"]
        < thumb(page, "gdog", 1, 0).bounding_box()["y"]
    )


def test_heads_below_a_score_are_left_out(open_page, measured) -> None:
    page = open_page("grid-dog", "gdog")
    least = page.locator('#gdog select[name="least"]')
    assert not least.is_visible()
    page.locator('#gdog select[name="order"]').select_option("previous")
    assert least.is_visible()
    least.select_option("0.3")
    shown = {(layer, head) for layer, head, _ in labels(page, "gdog")}
    assert shown == {tuple(at) for at in np.argwhere(measured["previous"] >= 0.3).tolist()}
    assert 0 < len(shown) < 72
    # Another score has other bounds, so the bound of the first score does not hold for it.
    page.locator('#gdog select[name="order"]').select_option("entropy")
    assert least.input_value() == "0"
    assert len(labels(page, "gdog")) == 72
    offered = least.locator("option").evaluate_all(
        "all => all.filter(o => !o.hidden).map(o => o.value)"
    )
    assert offered == ["0", *(str(n) for n in range(1, 9) if (measured["entropy"] >= n).any())]


def test_no_bound_is_carried_from_one_score_to_another(open_page, measured) -> None:
    assert measured["previous"].max() < 3 <= measured["entropy"].max()
    page = open_page("grid-dog", "gdog")
    page.locator('#gdog select[name="order"]').select_option("entropy")
    page.locator('#gdog select[name="least"]').select_option("3")
    page.locator('#gdog select[name="order"]').select_option("previous")
    assert page.locator('#gdog select[name="least"]').input_value() == "0"
    assert len(labels(page, "gdog")) == 72


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


def test_undefined_scores_are_named(open_page) -> None:
    page = open_page("grid-once", "gonce")
    assert "induction: no token is repeated" in headline(page, "gonce")
    option = page.locator('#gonce select[name="order"] option', has_text="induction")
    assert option.text_content() == "induction: no token is repeated"
    assert option.is_disabled()
    page = open_page("grid-cross", "gcross")
    assert "previous token, self, induction: queries and keys are different tokens" in headline(
        page, "gcross"
    )
    page.locator('#gcross select[name="order"]').select_option("first")
    assert len(labels(page, "gcross")) == 6


@pytest.mark.parametrize("width", [1280, 360])
def test_the_chosen_head_stays_in_sight_when_heads_are_sorted(open_page, width: int) -> None:
    page = open_page("grid-dog", "gdog", viewport={"width": width, "height": 900})
    scrolled = []
    for order in ("previous", "first", "self", "entropy", "induction"):
        page.locator('#gdog select[name="order"]').select_option(order)
        box = page.locator("#gdog .attention-thumbs").bounding_box()
        head = page.locator("#gdog .attention-thumb[aria-current]").bounding_box()
        assert box["y"] <= head["y"]
        assert head["y"] + head["height"] <= box["y"] + box["height"] + 1
        scrolled.append(page.locator("#gdog .attention-thumbs").evaluate("e => e.scrollTop"))
    assert max(scrolled) > 0


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


def test_pointing_at_a_thumbnail_previews_it(open_page, measured) -> None:
    page = open_page("grid-dog", "gdog")
    token(page, "gdog", 4).click()
    before = edges(page, "gdog")
    thumb(page, "gdog", 0, 2).hover()
    said = headline(page, "gdog")
    names = {"previous": "previous token", "first": "first token", "self": "self"}
    for key, name in {**names, "entropy": "entropy", "induction": "induction"}.items():
        number = re.search(rf"{name} (\d\.\d\d)", said)
        assert number, said
        assert float(number[1]) == pytest.approx(measured[key][0, 2], abs=0.0056)
    away(page)
    assert chosen(page, "gdog") == ("5", "11")
    assert edges(page, "gdog") == before
    assert headline(page, "gdog").startswith("5.11 ")


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
    assert large.locator("svg").count() == 1


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


def test_a_token_that_the_author_pinned(open_page, reference) -> None:
    page = open_page("grid-pinned", "gpinned")
    assert edges(page, "gpinned") == pytest.approx(expected(reference[5, 11], 4, 0.95), abs=0.011)
    assert token(page, "gpinned", 4).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert edges(page, "gpinned") == {}
    assert page.locator("#gpinned .attention-overview path").first.is_visible()


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


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("least", ["0", "0.1"])
def test_a_sorted_grid_is_saved_as_it_stands(open_page, least: str, width: int) -> None:
    page = open_page(
        "grid-dog", "gdog", device_scale_factor=2, viewport={"width": width, "height": 900}
    )
    page.locator('#gdog select[name="order"]').select_option("previous")
    page.locator('#gdog select[name="least"]').select_option(least)
    shown = labels(page, "gdog")
    assert (len(shown) == 72) == (least == "0")
    thumb(page, "gdog", *shown[1][:2]).click()
    token(page, "gdog", 4).click()
    box = page.locator("#gdog .attention-thumbs")
    scrolled = box.evaluate("e => (e.scrollTop = 30, e.scrollTop)")
    alphas = painted(page, "gdog")
    places = page.locator("#gdog .attention-thumb").evaluate_all(
        """all => all.map(thumb => {
          const canvas = thumb.parentElement.querySelector("canvas").getBoundingClientRect();
          const {x, y, width} = thumb.getBoundingClientRect();
          return [x - canvas.x, y - canvas.y, width];
        })"""
    )
    inset = box.evaluate("e => parseFloat(e.style.getPropertyValue('--inset'))")
    _, drawing = save(page, "gdog", "SVG")
    _, picture = save(page, "gdog", "PNG")
    assert box.evaluate("e => e.scrollTop") == scrolled
    assert box.evaluate("e => e.style.maxHeight") == ""

    root = ET.fromstring(drawing)
    grid, large = root.findall(f"{SVG}g")
    assert next(word.text for word in large.iter(f"{SVG}text")) == "[CLS]"
    texts = grid.findall(f"{SVG}text")
    assert [text.text for text in texts] == [f"{a}.{b} {c:.2f}" for a, b, c in shown]
    image = grid.find(f"{SVG}image")
    left, top = float(image.get("x")), float(image.get("y"))
    for text, (x, y, wide) in zip(texts, places, strict=True):
        assert float(text.get("x")) == pytest.approx(left + x + wide / 2, abs=0.1)
        # The mark lies below its thumbnail of 44 px, within the picture.
        assert 44 + 6 < float(text.get("y")) - top - y < 44 + 16
        assert float(text.get("y")) < float(root.get("height"))
    assert [text.get("font-weight") for text in texts].count("600") == 1
    (mark,) = grid.findall(f"{SVG}rect")
    assert texts[1].get("fill") == mark.get("stroke") != texts[0].get("fill")
    # The stroke is 1.5, or less where the screen has no half pixels.
    stroke = float(mark.get("stroke-width"))
    assert 1 <= stroke <= 1.5
    outer = [float(mark.get(name)) - stroke / 2 for name in ("x", "y")]
    assert outer == pytest.approx(
        [left + places[1][0] + inset - 2, top + places[1][1] - 2], abs=0.1
    )
    assert float(mark.get("width")) == float(mark.get("height")) == pytest.approx(48 - stroke)
    # The pinned token is marked in every thumbnail.
    (lines,) = grid.findall(f"{SVG}g/{SVG}path")
    assert lines.get("d").count("M") == len(shown)

    # Each cell of each thumbnail is as dark as on the page. The hairlines cover the fifth row.
    start = [float(n) for n in re.findall(r"[-.\d]+", grid.get("transform"))]
    for pixels_of in (pixels(picture), rendered(page, drawing)):
        dark = 255 - pixels_of[..., 0]
        found, wanted = [], []
        for x, y, _ in places:
            for row, column in np.ndindex(SIZE, SIZE):
                if row == 4:
                    continue
                px = start[0] + left + x + inset + 4 * column + 2
                py = start[1] + top + y + 4 * row + 2
                found.append(dark[int(2 * py), int(2 * px)])
                wanted.append(alphas[round(y / 4) + row, round((x + inset) / 4) + column])
        full = np.median(np.array(found)[np.array(wanted) == 1])
        assert full > 60
        np.testing.assert_allclose(found, np.array(wanted) * full, atol=4)


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


def opened_at(open_page, site, selection: str) -> Page:
    page = open_page("grid-dog", "gdog")
    page.goto(f"{site.url('grid-dog')}#gdog&{selection}")
    page.reload()
    ready(page, "gdog")
    assert chosen(page, "gdog") == ("0", "2")
    return page


def test_a_bound_above_all_scores_hides_every_head(open_page, site) -> None:
    page = opened_at(open_page, site, "layer=0&head=2&order=previous&least=3&large=matrix")
    assert page.locator('#gdog select[name="order"]').input_value() == "previous"
    assert labels(page, "gdog") == []
    page.locator('#gdog select[name="order"]').select_option("entropy")
    assert len(labels(page, "gdog")) == 72


def test_an_address_opens_the_grid_as_it_was_left(open_page, site) -> None:
    page = opened_at(open_page, site, "layer=0&head=2&order=previous&least=0.3&large=matrix")
    assert page.locator("#gdog .attention-large").get_attribute("data-view") == "matrix"
    assert page.locator('#gdog select[name="least"]').input_value() == "0.3"
    assert {score >= 0.3 for *_, score in labels(page, "gdog")} == {True}


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
