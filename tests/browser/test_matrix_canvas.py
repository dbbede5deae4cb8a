"""The view matrix in a browser: the canvas of a large matrix, and the static picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import (
    away,
    height,
    token,
)
from tests.browser.fonts import in_every_font
from tests.browser.matrix_figures import centre, readout, strength
from tests.browser.pages.matrix import FUNCTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def long_weights(count: int) -> np.ndarray:
    names: dict = {}
    exec(FUNCTIONS, names)
    return names["weights"](count, 2)


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


def test_without_scripts_the_picture_is_whole(open_page) -> None:
    page = open_page("matrix-dog", java_script_enabled=False)
    assert page.locator("#mpinned .attention-cells path").count() > 5
    assert not page.locator('#mpinned select[name="scale"]').is_visible()
    assert not page.locator("#mdog .attention-readout").is_visible()
    assert page.locator("#mpinned .attention-readout").is_visible()


FITS = """() => {
  const stage = document.querySelector("#mdog .attention-stage"), picture = stage.firstElementChild;
  stage.scrollLeft = 1000;
  const {width} = picture.getBoundingClientRect();
  return [width / picture.viewBox.baseVal.width, stage.scrollWidth - stage.clientWidth];
}"""
FIRST_NAME = """() => {
  const stage = document.querySelector("#mdog .attention-stage").getBoundingClientRect();
  const word = document.querySelector('#mdog [data-side="query"][data-token="0"] .attention-word');
  return word.getBoundingClientRect().left - stage.left;
}"""


def test_a_picture_is_made_smaller_before_it_scrolls_and_its_row_names_stay(open_page) -> None:
    page = open_page("matrix-dog", "mdog")
    picture = page.locator("#mdog .attention-picture").first
    width = picture.evaluate("e => e.viewBox.baseVal.width")
    at_first = page.evaluate(FIRST_NAME)
    for share, smaller in ((0.9, 0.9), (0.83, 0.83), (0.6, 0.82)):
        page.locator("#mdog").evaluate(
            "(e, width) => { e.style.width = `${width}px` }", share * width
        )
        scale, over = page.evaluate(FITS)
        assert scale == pytest.approx(smaller, abs=0.005)
        assert (over > 1) is (share < 0.82)
    left = page.evaluate("document.querySelector('#mdog .attention-stage').scrollLeft")
    assert left > 10
    page.wait_for_function(
        "() => parseFloat(document.querySelector('#mdog .attention-stage')"
        ".style.getPropertyValue('--attention-gone')) > 10"
    )
    assert page.evaluate(FIRST_NAME) == pytest.approx(min(at_first, 12), abs=12)
