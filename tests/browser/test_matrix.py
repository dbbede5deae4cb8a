"""The view matrix in a browser: cells, rows, keyboard and touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.render.common.text_metrics import fitted
from tests.browser.conftest import (
    accessible,
    away,
    rounded,
    scores,
    static_copy,
    token,
)
from tests.browser.matrix_figures import centre, readout, strength
from tests.browser.pages import CAUSAL_ROWS, DOG
from tests.conftest import FOX_ROWS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


NAMES = ["[CLS]", *DOG.split(), "[SEP]"]


def rows(text: str) -> np.ndarray:
    return np.array([[float(n) for n in row.split()] for row in text.splitlines()])


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

    def message(row: int, column: int) -> str:
        return f"{NAMES[row]} looks at {NAMES[column]} {reference[5, 11, row, column]:.3f}"

    page.locator("#mdog .attention-footer :is(select, button)").first.focus()
    page.keyboard.press("Shift+Tab")
    assert focused(page, "mdog") == {("query", 0)}
    page.keyboard.press("ArrowRight")
    assert readout(page, "mdog") == message(0, 0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert readout(page, "mdog") == message(1, 1)
    assert page.evaluate("document.activeElement.dataset.token") == "1"
    live = page.locator("#mdog .attention-live").inner_text()
    assert f"the {reference[5, 11, 1, 1]:.3f}" in live
    page.keyboard.press("End")
    assert readout(page, "mdog") == message(1, 10)
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
