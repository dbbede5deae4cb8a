"""The matrix in a real browser, checked by numbers."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.render.common.text_metrics import fitted
from tests.browser.conftest import (
    accessible,
    away,
    height,
    rounded,
    scores,
    static_copy,
    token,
)
from tests.browser.fonts import in_every_font
from tests.browser.pages import CAUSAL_ROWS, DOG
from tests.browser.pages.matrix import FUNCTIONS
from tests.conftest import FOX_ROWS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NAMES = ["[CLS]", *DOG.split(), "[SEP]"]


def rows(text: str) -> np.ndarray:
    return np.array([[float(n) for n in row.split()] for row in text.splitlines()])


def long_weights(count: int) -> np.ndarray:
    names: dict = {}
    exec(FUNCTIONS, names)
    return names["weights"](count, 2)


def strength(weights: np.ndarray, scale: str = "linear") -> np.ndarray:
    """The opacity that each weight must have by the definition of the ramps."""
    share = rounded(weights) / rounded(weights).max()
    if scale == "log":
        share = np.where(share > 0, 0.05 + 0.95 * np.log10(1 + 9 * share), 0)
    return share


def drawn(page: Page, figure: str, count: int, columns: int | None = None) -> np.ndarray:
    """The opacity of every cell, from the paths at the cell's centre."""
    return np.array(
        page.evaluate(
            """([id, rows, columns]) => {
              const field = document.querySelector(`#${id} .attention-field`), figure = field.closest("svg");
              const size = +field.getAttribute("width") / columns;
              const paths = [...figure.querySelectorAll(".attention-cells path")];
              return Array.from({length: rows}, (_, r) => Array.from({length: columns}, (_, c) => {
                const at = new DOMPoint((c + 0.5) * size, (r + 0.5) * size);
                const hit = paths.filter(path => path.isPointInFill(at));
                if (hit.length > 1) throw new Error("two levels in one cell");
                return hit.length ? +getComputedStyle(hit[0]).fillOpacity : 0;
              }));
            }""",
            [figure, count, columns or count],
        )
    )


def centre(page: Page, figure: str, row: int, column: int, shape: tuple[int, int]) -> tuple:
    """The middle of a cell in the window. Rows and columns are counted as they are seen."""
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    box = page.locator(f"#{figure} .attention-field").bounding_box()
    x = box["x"] + (column + 0.5) * box["width"] / shape[1]
    return x, box["y"] + (row + 0.5) * box["height"] / shape[0]


def readout(page: Page, figure: str) -> str:
    text = page.locator(f"#{figure} .attention-readout").inner_text()
    return re.sub(r"\s+", " ", text).strip()


def focused(page: Page, figure: str) -> set[tuple[str, int]]:
    """The tokens whose labels are emphasised."""
    return {
        (side, int(index))
        for side, index in page.eval_on_selector_all(
            f"#{figure} .attention-token--focus",
            "all => all.map(e => [e.dataset.side, e.dataset.token])",
        )
    }


@pytest.mark.parametrize("by", ["http", "file"])
def test_the_number_under_the_pointer_is_the_models(open_page, by: str, reference) -> None:
    page = open_page("matrix-dog", "mdog", by)
    assert "Point at a cell" in readout(page, "mdog")
    for row, column in ((0, 0), (4, 9), (4, 4), (8, 0), (10, 10)):
        page.mouse.move(*centre(page, "mdog", row, column, (11, 11)))
        number = f"{reference[5, 11, row, column]:.3f}"
        assert readout(page, "mdog") == f"{NAMES[row]} looks at {NAMES[column]} {number}"
        assert focused(page, "mdog") == {("query", row), ("key", column)}
        frame = page.locator("#mdog .attention-cross rect").nth(2).bounding_box()
        x, y = centre(page, "mdog", row, column, (11, 11))
        assert frame["x"] + frame["width"] / 2 == pytest.approx(x, abs=1)
        assert frame["y"] + frame["height"] / 2 == pytest.approx(y, abs=1)
    away(page)
    assert "Point at a cell" in readout(page, "mdog")
    assert page.locator("#mdog .attention-cross rect").count() == 0
    assert focused(page, "mdog") == set()


def test_every_cell_is_as_opaque_as_the_models_weight(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdog")
    figure = page.locator("#mdog")
    for layer, head in ((5, 11), (0, 2), (3, 7)):
        figure.locator('select[name="layer"]').select_option(str(layer))
        figure.locator('select[name="head"]').select_option(str(head))
        weights = reference[layer, head]
        assert np.abs(drawn(page, "mdog", 11) - strength(weights)).max() <= 0.0101
        top = page.locator("#mdog .attention-ticks text").last.text_content()
        assert float(top) == pytest.approx(weights.max(), abs=5.1e-4)


def test_the_logarithmic_ramp_shows_small_weights(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdog")
    weights = reference[5, 11]
    page.locator('#mdog select[name="scale"]').select_option("log")
    logarithmic = drawn(page, "mdog", 11)
    assert np.abs(logarithmic - strength(weights, "log")).max() <= 0.0101
    assert (logarithmic[rounded(weights) > 0] >= 0.05).all()
    assert (logarithmic[rounded(weights) == 0] == 0).all()
    ticks = page.locator("#mdog .attention-ticks text").all_text_contents()
    assert float(ticks[-1]) == pytest.approx(weights.max(), abs=5.1e-4)
    page.locator('#mdog select[name="scale"]').select_option("linear")
    assert np.abs(drawn(page, "mdog", 11) - strength(weights)).max() <= 0.0101


def test_labels_focus_rows_and_columns(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdog")
    token(page, "mdog", 8, "query").hover()
    best = int(reference[5, 11, 8].argmax())
    number = f"{reference[5, 11, 8, best]:.3f}"
    assert readout(page, "mdog") == f"the looks most at {NAMES[best]} {number}".replace(
        "the", NAMES[8], 1
    )
    assert focused(page, "mdog") == {("query", 8)}
    token(page, "mdog", 9, "key").hover()
    best = int(reference[5, 11, :, 9].argmax())
    number = f"{reference[5, 11, best, 9]:.3f}"
    assert readout(page, "mdog") == f"dog is looked at most by {NAMES[best]} {number}"
    assert focused(page, "mdog") == {("key", 9)}


def test_clicking_a_cell_pins_its_row(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdog")
    x, y = centre(page, "mdog", 4, 9, (11, 11))
    page.mouse.click(x, y)
    away(page)
    wanted = [f"{w:.3f}" for w in reference[5, 11, 4]]
    assert scores(page, "mdog") == list(zip(NAMES, wanted, strict=True))
    assert token(page, "mdog", 4, "query").get_attribute("aria-pressed") == "true"
    assert page.locator('#mdog [aria-pressed="true"]').count() == 1
    # One mark is for the row, one for the cell.
    assert page.locator("#mdog .attention-marks rect").count() == 2
    assert readout(page, "mdog") == f"fox looks at dog {wanted[9]}"
    # A click on another cell of the row moves the mark. A second click on that cell unpins the row.
    page.mouse.click(*centre(page, "mdog", 4, 4, (11, 11)))
    away(page)
    assert readout(page, "mdog") == f"fox looks at fox {wanted[4]}"
    page.mouse.click(*centre(page, "mdog", 4, 4, (11, 11)))
    assert scores(page, "mdog") == []
    assert page.locator("#mdog .attention-marks rect").count() == 0


def test_several_rows_are_summed(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdog")
    token(page, "mdog", 4, "query").click()
    page.keyboard.down("Shift")
    page.mouse.click(*centre(page, "mdog", 9, 2, (11, 11)))
    page.keyboard.up("Shift")
    away(page)
    codes = rounded(reference[5, 11, [4, 9]]).sum(axis=0)
    assert [float(n) * 1000 for _, n in scores(page, "mdog")] == pytest.approx(codes)
    best = int(codes.argmax())
    assert readout(page, "mdog") == f"fox, dog look most at {NAMES[best]} {codes[best] / 1000:.3f}"
    assert focused(page, "mdog") == {("query", 4), ("query", 9), ("key", 2)}


def test_pointing_elsewhere_keeps_the_pinned_row_marked(open_page, reference) -> None:
    page = open_page("matrix-dog", "mpinned")
    page.mouse.move(*centre(page, "mpinned", 2, 3, (11, 11)))
    assert readout(page, "mpinned") == f"quick looks at brown {reference[5, 11, 2, 3]:.3f}"
    assert page.locator("#mpinned .attention-marks rect").count() == 1
    assert focused(page, "mpinned") == {("query", 4), ("query", 2), ("key", 3)}
    assert [n for _, n in scores(page, "mpinned")] == [f"{w:.3f}" for w in reference[5, 11, 4]]


def test_dimmed_special_tokens_are_grey(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdim")
    weights = reference[5, 8]
    ordinary = rounded(weights)[1:-1, 1:-1]
    seen = drawn(page, "mdim", 11)
    assert np.abs(seen[1:-1, 1:-1] - ordinary / ordinary.max()).max() <= 0.0101
    # The ramp ends at the strongest weight between ordinary tokens. Other weights may be larger.
    end = page.locator("#mdim .attention-ticks text").last.text_content()
    assert end == f"≥\u2009{ordinary.max() / 1000:g}"
    colours = page.eval_on_selector_all(
        "#mdim .attention-cells path",
        "all => all.map(e => [e.classList.contains('attention-negative'), getComputedStyle(e).fill])",
    )
    assert (
        len({fill for back, fill in colours if back} & {fill for back, fill in colours if not back})
        == 0
    )


def test_the_keyboard_moves_the_cross_cell_by_cell(open_page, reference) -> None:
    page = open_page("matrix-dog", "mdog")

    def said(row: int, column: int) -> str:
        return f"{NAMES[row]} looks at {NAMES[column]} {reference[5, 11, row, column]:.3f}"

    page.locator("#mdog .attention-footer :is(select, button)").first.focus()
    page.keyboard.press("Shift+Tab")
    assert focused(page, "mdog") == {("query", 0)}
    page.keyboard.press("ArrowRight")
    assert readout(page, "mdog") == said(0, 0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert readout(page, "mdog") == said(1, 1)
    assert page.evaluate("document.activeElement.dataset.token") == "1"
    live = page.locator("#mdog .attention-live").inner_text()
    assert f"the {reference[5, 11, 1, 1]:.3f}" in live
    page.keyboard.press("End")
    assert readout(page, "mdog") == said(1, 10)
    page.keyboard.press("Enter")
    assert [n for _, n in scores(page, "mdog")] == [f"{w:.3f}" for w in reference[5, 11, 1]]
    assert page.locator("#mdog .attention-marks rect").count() == 2
    page.keyboard.press("Enter")
    assert scores(page, "mdog") == []
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.side") == "key"
    assert "is looked at most by" in readout(page, "mdog")
    page.keyboard.press("ArrowRight")
    assert focused(page, "mdog") == {("key", 1)}
    page.keyboard.press("Enter")
    assert [n for _, n in scores(page, "mdog")] == [f"{w:.3f}" for w in reference[5, 11, :, 1]]
    page.keyboard.press("Escape")
    assert scores(page, "mdog") == []
    assert page.locator('#mdog [data-token][tabindex="0"]').count() == 1
    page.keyboard.press("Tab")
    assert "Point at a cell" in readout(page, "mdog")


def test_masked_cells_are_hatched(open_page) -> None:
    page = open_page("matrix-small", "mcausal")
    weights = rows(CAUSAL_ROWS)
    hatched = page.evaluate(
        """() => {
          const figure = document.getElementById("mcausal"), path = figure.querySelector(".attention-hatch");
          return Array.from({length: 4}, (_, r) => Array.from({length: 4}, (_, c) =>
            path.isPointInFill(new DOMPoint((c + 0.5) * 24, (r + 0.5) * 24))));
        }"""
    )
    assert (np.array(hatched) == np.triu(np.ones((4, 4), dtype=bool), 1)).all()
    assert np.abs(drawn(page, "mcausal", 4) - weights).max() <= 0.0101
    page.mouse.move(*centre(page, "mcausal", 1, 2, (4, 4)))
    assert readout(page, "mcausal") == "two looks at three masked"
    page.mouse.move(*centre(page, "mcausal", 1, 1, (4, 4)))
    assert readout(page, "mcausal") == "two looks at two 0.750"
    # A masked cell has hatching; a cell of weight 0 is blank.
    assert "masked" in page.locator("#mcausal .attention-guide").text_content()


def test_the_legend_of_masked_cells_follows_the_layer(open_page) -> None:
    page = open_page("matrix-layers", "mlocal")
    legend = page.locator("#mlocal .attention-hatched")
    assert not legend.is_visible()
    page.locator('#mlocal select[name="layer"]').select_option("1")
    assert legend.text_content() == "masked"
    assert legend.is_visible()
    # The static picture has room for the legend.
    end = legend.evaluate("legend => legend.getBBox().x + legend.getBBox().width")
    assert end <= float(page.locator("#mlocal .attention-picture").get_attribute("width"))
    page.locator('#mlocal select[name="layer"]').select_option("0")
    assert not legend.is_visible()


def test_a_row_without_weights_looks_at_nothing_that_is_shown(open_page) -> None:
    page = open_page("matrix-layers", "mnothing")
    live = readout(page, "mnothing")
    assert live == "(special) looks at nothing that is shown"
    assert readout(page, static_copy(page, "mnothing")) == live


def test_an_omitted_label_appears_cut_like_the_others(open_page) -> None:
    page = open_page("matrix-layers", "mcut")
    label = token(page, "mcut", 1, "query").locator("text")
    assert label.count() == 0
    page.mouse.move(*centre(page, "mcut", 1, 40, (90, 90)))
    text, wide = fitted("Donaudampfschifffahrtsgesellschaftskapitän", 10, 120)
    assert label.text_content() == text
    assert float(label.get_attribute("textLength")) == wide


def test_cells_of_hidden_tokens_are_left_out_and_not_masked(open_page) -> None:
    page = open_page("matrix-bin", "mbin")
    page.mouse.move(*centre(page, "mbin", 0, 2, (10, 10)))
    assert readout(page, "mbin") == "(special) looks at quick left out"
    assert "left out" in page.locator("#mbin .attention-guide").text_content()
    # A word of the author that looks like the special token stays a word.
    page.mouse.move(*centre(page, "mword", 0, 1, (2, 2)))
    assert readout(page, "mword") == "(special) looks at two masked"
    assert "masked" in page.locator("#mword .attention-guide").text_content()


def test_right_to_left_text_is_mirrored(open_page) -> None:
    page = open_page("matrix-small", "mhebrew")
    weights = rows(FOX_ROWS)
    assert np.abs(drawn(page, "mhebrew", 4) - strength(weights)[:, ::-1]).max() <= 0.0101
    page.mouse.move(*centre(page, "mhebrew", 2, 0, (4, 4)))
    assert readout(page, "mhebrew").endswith("0.200")  # The leftmost cell is that of the last key.
    assert focused(page, "mhebrew") == {("query", 2), ("key", 3)}
    field = page.locator("#mhebrew .attention-field").bounding_box()
    label = token(page, "mhebrew", 0, "query").locator("text").bounding_box()
    assert label["x"] > field["x"] + field["width"]


def test_queries_and_keys_of_their_own(open_page) -> None:
    page = open_page("matrix-small", "mcross")
    weights = np.array([[0.7, 0.2, 0.05, 0.05], [0.1, 0.8, 0.06, 0.04], [0.05, 0.15, 0.7, 0.1]])
    assert np.abs(drawn(page, "mcross", 3, 4) - strength(weights)).max() <= 0.0101
    page.mouse.move(*centre(page, "mcross", 2, 1, (3, 4)))
    assert readout(page, "mcross") == "saute looks at fox 0.150"
    token(page, "mcross", 3, "key").click()
    assert scores(page, "mcross") == [("le", "0.050"), ("renard", "0.040"), ("saute", "0.100")]


def test_one_token(open_page) -> None:
    page = open_page("matrix-small", "malone")
    page.mouse.move(*centre(page, "malone", 0, 0, (1, 1)))
    assert readout(page, "malone") == "alone looks at alone 1.000"


def test_touch(open_page, reference) -> None:
    page = open_page(
        "matrix-dog", "mdog", has_touch=True, is_mobile=True, viewport={"width": 360, "height": 800}
    )
    # The last columns are out of sight on a phone.
    page.locator("#mdog .attention-stage").evaluate("e => { e.scrollLeft = e.scrollWidth }")
    page.touchscreen.tap(*centre(page, "mdog", 4, 9, (11, 11)))
    assert readout(page, "mdog") == f"fox looks at dog {reference[5, 11, 4, 9]:.3f}"
    assert scores(page, "mdog")
    page.touchscreen.tap(*centre(page, "mdog", 4, 9, (11, 11)))
    assert scores(page, "mdog") == []
    assert "Point at a cell" in readout(page, "mdog")


PIXELS = """id => {
  const canvas = document.querySelector(`#${id} canvas`);
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const alpha = [], colour = new Set();
  for (let i = 0; i < data.length; i += 4) {
    alpha.push(data[i + 3]);
    if (data[i + 3] === 255) colour.add(data.slice(i, i + 3).join());
  }
  return {size: [canvas.height, canvas.width], alpha, colours: [...colour]};
}"""


def painted(page: Page, figure: str) -> None:
    """Wait until the script has painted over the static image. Both look the same."""
    page.wait_for_selector(f"#{figure} canvas", state="attached")


def alphas(page: Page, figure: str) -> np.ndarray:
    found = page.evaluate(PIXELS, figure)
    return np.array(found["alpha"]).reshape(found["size"])


def test_the_canvas_holds_the_weights(open_page) -> None:
    page = open_page("matrix-long", "mlong")
    painted(page, "mlong")
    weights = long_weights(128)
    for head, scale in ((1, "linear"), (0, "linear"), (0, "log")):
        page.locator('#mlong select[name="head"]').select_option(str(head))
        page.locator('#mlong select[name="scale"]').select_option(scale)
        wanted = np.floor(strength(weights[0, head], scale) * 50 + 0.5) / 50 * 255
        assert np.abs(alphas(page, "mlong") - wanted).max() <= 0.5
    # The canvas lies on the cells of the picture.
    boxes = page.evaluate(
        """() => [".attention-field", "canvas"].map(name => {
          const b = document.querySelector("#mlong " + name).getBoundingClientRect();
          return [b.left, b.top, b.width, b.height];
        })"""
    )
    assert boxes[0] == pytest.approx(boxes[1], abs=0.05)
    x, y = centre(page, "mlong", 100, 3, (128, 128))
    page.mouse.move(x, y)
    assert readout(page, "mlong") == f"w100 looks at w3 {weights[0, 0, 100, 3]:.3f}"
    page.mouse.move(*centre(page, "mlong", 3, 100, (128, 128)))
    assert readout(page, "mlong") == "w3 looks at w100 masked"


def test_the_cell_under_the_pointer_has_its_labels(open_page) -> None:
    page = open_page("matrix-long", "mlong")

    def labels(side: str) -> list[str]:
        return page.eval_on_selector_all(
            f'#mlong [data-side="{side}"] text',
            "all => all.filter(e => e.checkVisibility()).map(e => e.textContent)",
        )

    assert {"w0", "w3", "w7", "w12"} <= set(labels("query"))
    assert not {"w6", "w9", "w10"} & set(labels("query"))
    page.mouse.move(*centre(page, "mlong", 64, 20, (128, 128)))
    assert "w64" in labels("query")
    assert not {"w63", "w66"} & set(labels("query"))
    assert "w20" in labels("key")
    assert not {"w18", "w21"} & set(labels("key"))
    boxes = page.eval_on_selector_all(
        '#mlong [data-side="query"] text',
        """all => all.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect()).map(b => [b.top, b.bottom])
          .sort((a, b) => a[0] - b[0])""",
    )
    assert all(after[0] >= before[1] - 2 for before, after in pairwise(boxes))
    away(page)
    assert {"w63", "w66"} <= set(labels("query"))
    assert "w64" not in labels("query")


def test_few_elements_at_128_tokens(open_page) -> None:
    page = open_page("matrix-long", "mlong")
    count = "document.querySelectorAll('#mlong *').length"
    assert page.locator("#mlong .attention-scores").count() == 1  # One row is pinned.
    assert page.evaluate(count) <= 1500
    page.mouse.move(*centre(page, "mlong", 64, 20, (128, 128)))
    assert page.evaluate(count) <= 1500


@pytest.mark.parametrize(
    ("name", "figure"), [("matrix-longest", "mlongest"), ("matrix-dog", "mdog")]
)
def test_pointing_paints_no_cell_again(open_page, name: str, figure: str) -> None:
    page = open_page(name, figure)
    count = {"mlongest": 512, "mdog": 11}[figure]
    if figure == "mlongest":
        painted(page, figure)
    page.evaluate(
        """id => {
          window.paints = 0;
          const figure = document.getElementById(id), put = CanvasRenderingContext2D.prototype.putImageData;
          CanvasRenderingContext2D.prototype.putImageData = function (...all) { window.paints++; return put.apply(this, all); };
          new MutationObserver(all => { window.paints += all.length; }).observe(
            figure.querySelector(".attention-cells"), {subtree: true, attributes: true, childList: true});
        }""",
        figure,
    )
    for step in range(1, 8):
        page.mouse.move(*centre(page, figure, step, step + 1, (count, count)))
    assert page.evaluate("window.paints") == 0
    assert "looks at" in readout(page, figure)
    page.locator(f'#{figure} select[name="scale"]').select_option("log")
    assert page.evaluate("window.paints") > 0


def test_the_canvas_follows_the_theme(open_page) -> None:
    page = open_page("matrix-long", "mlong")
    painted(page, "mlong")
    assert page.evaluate(PIXELS, "mlong")["colours"] != ["200,30,60"]
    page.evaluate(
        "document.documentElement.style.setProperty('--color-brand-content', 'rgb(200 30 60)')"
    )
    page.wait_for_function(f"({PIXELS})('mlong').colours.join() === '200,30,60'")


@in_every_font
def test_the_canvas_stays_where_the_cells_are(open_page) -> None:
    page = open_page("matrix-long", "mlong", viewport={"width": 360, "height": 800})
    boxes = """() => [".attention-field", "canvas"].map(name => {
      const b = document.querySelector("#mlong " + name).getBoundingClientRect();
      return [b.left, b.top, b.width, b.height];
    })"""
    painted(page, "mlong")
    field, canvas = page.evaluate(boxes)
    assert field == pytest.approx(canvas, abs=0.05)
    page.evaluate("document.querySelector('#mlong .attention-stage').scrollLeft = 200")
    moved, canvas = page.evaluate(boxes)
    assert moved[0] == pytest.approx(field[0] - 200)
    assert moved == pytest.approx(canvas, abs=0.05)
    page.emulate_media(media="print")
    page.evaluate("document.querySelector('#mlong .attention-stage').style.width = '300px'")
    printed, canvas = page.evaluate(boxes)
    assert printed[2] < field[2]
    assert printed == pytest.approx(canvas, abs=0.05)


SHOWN = """figure => ({
  cells: [...figure.querySelectorAll(".attention-cells path")].map(e => [e.getAttribute("fill-opacity"),
    e.getAttribute("class"), e.getAttribute("d")]),
  hatch: figure.querySelector(".attention-hatch").getAttribute("d"),
  marks: [...figure.querySelectorAll(".attention-marks rect")].map(e => ["x", "y", "width", "height"].map(n => e.getAttribute(n))),
  labels: [...figure.querySelectorAll(".attention-word")].filter(e => e.getAttribute("display") !== "none").map(e => e.textContent),
  focus: [...figure.querySelectorAll(".attention-token--focus")].map(e => e.dataset.side + e.dataset.token),
  ticks: [...figure.querySelectorAll(".attention-ticks text")].map(e => [e.getAttribute("x"), e.getAttribute("y"), e.textContent]),
  readout: figure.querySelector(".attention-readout").textContent.trim().replace(/\\s+/g, " "),
})"""


@in_every_font
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        *(("matrix-dog", one) for one in ("mdog", "mpinned", "mdim")),
        *(("matrix-small", one) for one in ("mcausal", "mhebrew", "mcross", "malone")),
        ("matrix-long", "mlong"),
    ],
)
def test_the_picture_of_the_script_equals_the_static_picture(
    open_page, name: str, figure: str
) -> None:
    page = open_page(name, figure)
    raw = page.context.request.get(page.url).text()
    static = page.evaluate(
        f"""([html, id]) => ({SHOWN})(new DOMParser().parseFromString(html, "text/html").getElementById(id))""",
        [raw, figure],
    )
    live = f"id => ({SHOWN})(document.getElementById(id))"
    assert page.evaluate(live, figure) == static
    # A redrawn picture is the same.
    for scale in ("log", "linear"):
        page.locator(f'#{figure} select[name="scale"]').select_option(scale)
    assert page.evaluate(live, figure) == static
    assert static["ticks"]


def test_the_static_image_looks_like_the_canvas(open_page) -> None:
    from io import BytesIO

    from PIL import Image

    shots = []
    for script in (False, True):
        page = open_page("matrix-long", "mlong" if script else None, java_script_enabled=script)
        if script:
            painted(page, "mlong")
        field = page.locator("#mlong .attention-field")
        field.scroll_into_view_if_needed()
        box = field.bounding_box()
        clip = {"x": box["x"] + 2, "y": box["y"] + 100, "width": 400, "height": 300}
        shots.append(
            np.array(Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB"), dtype=int)
        )
    assert shots[0].shape == shots[1].shape
    assert shots[1].std() > 3  # The picture is not blank.
    assert np.abs(shots[0] - shots[1]).max() <= 3


@in_every_font
@pytest.mark.parametrize(
    ("name", "figure", "shape"),
    [("matrix-dog", "mdog", (11, 11)), ("matrix-small", "mcross", (3, 4))],
)
def test_pointing_changes_no_height(open_page, name: str, figure: str, shape) -> None:
    page = open_page(name, figure)
    at_rest = height(page, figure)
    page.mouse.move(*centre(page, figure, 1, 1, shape))
    assert "looks at" in readout(page, figure)
    assert height(page, figure) == at_rest
    token(page, figure, 0, "key").hover()
    assert height(page, figure) == at_rest


def test_a_head_of_the_grid_opens_as_a_matrix(open_page, reference) -> None:
    page = open_page("matrix-grid", "mgrid")
    page.locator('#mgrid select[name="large"]').select_option("matrix")
    large = "mgrid .attention-large"
    assert page.locator(f"#{large} .attention-hatch").get_attribute("d") == ""
    seen = drawn(page, "mgrid", 11)
    assert np.abs(seen - strength(reference[5, 11])).max() <= 0.0101
    page.mouse.move(*centre(page, large, 4, 9, (11, 11)))
    assert readout(page, "mgrid") == f"fox looks at dog {reference[5, 11, 4, 9]:.3f}"
    # The picture is laid out as the static picture is, except for differences between fonts.
    static = open_page("matrix-dog", "mdog")
    boxes = [
        one.locator(".attention-field").bounding_box()
        for one in (page.locator(f"#{large}"), static.locator("#mdog"))
    ]
    assert boxes[0]["width"] == boxes[1]["width"]
    for index in range(11):
        label = token(page, large, index, "query").locator("text").bounding_box()
        assert label["x"] + label["width"] == pytest.approx(boxes[0]["x"] - 8, abs=1)
        middle = label["y"] + label["height"] / 2
        assert middle == pytest.approx(boxes[0]["y"] + (index + 0.5) * 24, abs=2)
    page.locator('#mgrid select[name="large"]').select_option("arcs")
    assert page.locator("#mgrid .attention-readout").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("matrix-dog", "mdog"),
        ("matrix-small", "mcausal"),
        ("matrix-small", "mcross"),
        ("matrix-long", "mlong"),
    ],
)
def test_axe_finds_nothing(open_page, name: str, figure: str, scheme: str) -> None:
    page = open_page(name, figure, color_scheme=scheme, bypass_csp=True)
    accessible(page, figure, "at rest")
    token(page, figure, 1, "query").click()
    accessible(page, figure, "pinned")


def test_without_scripts_the_picture_is_whole(open_page) -> None:
    page = open_page("matrix-dog", java_script_enabled=False)
    assert page.locator("#mpinned .attention-cells path").count() > 5
    assert not page.locator('#mpinned select[name="scale"]').is_visible()
    assert not page.locator("#mdog .attention-readout").is_visible()
    assert page.locator("#mpinned .attention-readout").is_visible()


def test_a_row_of_the_vector_shows_its_cell_and_a_cell_its_row(open_page) -> None:
    page = open_page("matrix-dog", "mdog")
    token(page, "mdog", 4, "query").click()
    away(page)
    lit = "() => [...document.querySelectorAll('#mdog tr.attention-lit')].map(row => row.sectionRowIndex)"
    assert page.evaluate(lit) == []
    page.locator("#mdog .attention-vector tr").nth(9).hover()
    assert page.evaluate(lit) == [9]
    assert readout(page, "mdog").startswith("fox looks at dog ")
    away(page)
    assert page.evaluate(lit) == []
    field = page.locator("#mdog .attention-field")
    box = field.bounding_box()
    row = box["y"] + box["height"] * 4.5 / 11
    page.mouse.move(box["x"] + box["width"] * 2.5 / 11, row)
    assert page.evaluate(lit) == [2]
    # The vector is that of another row.
    page.mouse.move(box["x"] + box["width"] * 2.5 / 11, row + box["height"] / 11)
    assert page.evaluate(lit) == []
