"""Saved drawings and pictures, and copied directives."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from bs4 import BeautifulSoup

from tests.browser.conftest import CLIPBOARD, copy, edges, numbers, pin, still
from tests.browser.fonts import in_every_font
from tests.browser.pages import DOG
from tests.browser.pages.shared import FUNCTIONS, REPEATED
from tests.browser.saved import SVG, pixels, rendered, save
from tests.course import BESIDE

pytestmark = pytest.mark.browser

NAMES = ["[CLS]", *DOG.split(), "[SEP]"]


@pytest.mark.parametrize("by", ["http", "file"])
def test_the_saved_drawing_has_the_same_edges(open_page, by: str) -> None:
    page = open_page("sums", "sums", by)
    pin(page, "sums", 4, 9)
    shown = edges(page, "sums")
    name, content = save(page, "sums", "SVG")
    assert name == "sums-5.11.svg"
    root = ET.fromstring(content)
    assert root.tag == f"{SVG}svg"
    drawn = {
        (int(e.get("data-query")), int(e.get("data-key"))): float(
            e.get("stroke-width").removesuffix("px")
        )
        for e in root.iter(f"{SVG}path")
        if e.get("data-query")
    }
    assert drawn == pytest.approx(shown)
    words = [e.text for e in root.iter(f"{SVG}text")]
    assert words[::2] == NAMES
    assert root.find(f"{SVG}title").text == "Attention of all-MiniLM-L6-v2"
    assert not list(root.iter(f"{SVG}script"))
    # The drawing refers to nothing in the page, and its colours are plain hexadecimal numbers.
    for e in root.iter():
        for attribute, value in e.attrib.items():
            assert attribute not in {"class", "style", "role", "tabindex"}
            assert not re.search(r"var\(|color\(|oklch|currentColor|url\(h", value)
            if attribute in {"fill", "stroke"}:
                assert re.fullmatch("none|#[0-9a-f]{6}", value)


def ink(image: np.ndarray, ground: tuple[int, int, int]) -> np.ndarray:
    """A mask of the pixels that differ from the ground."""
    return np.abs(image - np.array(ground)).sum(axis=2) > 60


def assert_alike(one: np.ndarray, other: np.ndarray, ground: tuple[int, int, int]) -> None:
    """Check that two images are alike, except for letters a fraction of a pixel apart.

    A screenshot begins at a whole pixel of the page, which is two pixels of the device. The picture
    may begin up to two pixels of the device later.
    """
    rows, columns = (min(a, b) - 2 for a, b in zip(one.shape[:2], other.shape[:2], strict=True))
    places = [np.s_[y : y + rows, x : x + columns] for x in (0, 1, 2) for y in (0, 1, 2)]
    pairs = [(one[places[0]], other[place]) for place in places]
    pairs += [(one[place], other[places[0]]) for place in places[1:]]
    one, other = min(pairs, key=lambda pair: np.abs(pair[0] - pair[1]).sum())
    inked = ink(one, ground)
    assert inked.mean() > 0.02  # The image is not blank.
    difference = np.abs(one - other).sum(axis=2)
    assert (difference > 90).mean() < 0.015
    assert difference[inked].mean() < 60
    assert ink(other, ground).mean() == pytest.approx(inked.mean(), rel=0.1)


WHITE, NIGHT = (255, 255, 255), (16, 32, 48)
SHEET = """text => {
  // A sheet of one's own, as the policy demands it.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets.push(sheet);
}"""


@in_every_font
@pytest.mark.parametrize("ground", [WHITE, NIGHT])
def test_the_saved_drawing_and_picture_look_like_the_page(open_page, ground) -> None:
    page = open_page("sums", "sums", device_scale_factor=2, reduced_motion="reduce")
    if ground == NIGHT:
        page.evaluate(SHEET, f"div.body, body {{ background: rgb{ground}; color: #eee }}")
    pin(page, "sums", 4, 9)
    still(page, "sums")
    seen = pixels(page.locator("#sums .attention-picture").screenshot())
    _, drawing = save(page, "sums", "SVG")
    name, picture = save(page, "sums", "PNG")
    assert name == "sums-5.11.png"
    assert_alike(seen, rendered(page, drawing), ground)
    assert_alike(seen, pixels(picture), ground)


def test_a_picture_that_was_made_smaller_is_saved_as_it_is_seen(open_page) -> None:
    page = open_page("sums", "sums", device_scale_factor=2, reduced_motion="reduce")
    page.locator("#sums").evaluate(
        """figure => {
          const {width} = figure.querySelector("svg").viewBox.baseVal;
          figure.style.width = `${0.9 * width}px`;
        }"""
    )
    pin(page, "sums", 4, 9)
    picture = page.locator("#sums .attention-picture")
    assert picture.evaluate("e => e.getBoundingClientRect().width / e.viewBox.baseVal.width") < 0.95
    seen = pixels(picture.screenshot())
    _, drawing = save(page, "sums", "SVG")
    assert_alike(seen, rendered(page, drawing), WHITE)


@in_every_font
@pytest.mark.parametrize("view", ["heads", "grid", "matrix", "steps"])
def test_every_view_is_saved(open_page, view: str) -> None:
    page = open_page("views", f"every-{view}", device_scale_factor=2)
    _, drawing = save(page, f"every-{view}", "SVG")
    _, picture = save(page, f"every-{view}", "PNG")
    painted = pixels(picture)
    assert_alike(painted, rendered(page, drawing), WHITE)
    if view in {"heads", "matrix"}:  # The other views have more in their box, or are cut by it.
        seen = pixels(page.locator(f"#every-{view} .attention-picture").screenshot())
        assert_alike(seen, painted, WHITE)


def test_letters_of_the_page_change_no_token(open_page) -> None:
    page = open_page("sums", "sums", device_scale_factor=2)
    page.evaluate(
        SHEET,
        "body { letter-spacing: 2px; word-spacing: 5px; text-transform: uppercase;"
        " font-variant: small-caps; text-shadow: 2px 2px red }",
    )
    pin(page, "sums", 4)
    assert page.locator("#sums .attention-scores th[scope=row]").all_inner_texts() == NAMES
    still(page, "sums")
    seen = pixels(page.locator("#sums .attention-picture").screenshot())
    _, drawing = save(page, "sums", "SVG")
    assert_alike(seen, rendered(page, drawing), WHITE)


@in_every_font
def test_a_canvas_is_saved_with_the_picture(open_page) -> None:
    page = open_page("sums", "sums")
    page.evaluate(
        SHEET, "#sums canvas { position: absolute; margin: 7px 0 0 11px; left: 50%; top: 0 }"
    )
    page.evaluate(
        """() => {
          const stage = document.querySelector("#sums .attention-stage");
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [30, 20];
          const ink = canvas.getContext("2d");
          ink.fillStyle = "#00aa00";
          ink.fillRect(0, 0, 30, 20);
          stage.style.position = "relative";
          stage.append(canvas);
        }"""
    )
    left = page.evaluate(
        """() => document.querySelector("#sums canvas").getBoundingClientRect().x
              - document.querySelector("#sums .attention-picture").getBoundingClientRect().x"""
    )
    _, drawing = save(page, "sums", "SVG")
    (image,) = ET.fromstring(drawing).iter(f"{SVG}image")
    assert float(image.get("x")) == pytest.approx(left)
    assert (float(image.get("y")), float(image.get("width"))) == (7, 30)
    assert image.get("{http://www.w3.org/1999/xlink}href").startswith("data:image/png;base64,")
    _, picture = save(page, "sums", "PNG")
    painted = pixels(picture)
    x = round(2 * left)
    inside = painted[14:54, x : x + 60]
    assert (inside[1:-1, 1:-1] == [0, 170, 0]).all()


# Copied directives


def rebuilt(project, directive: str, suffix: str, functions: str = "") -> BeautifulSoup:
    """The figure that Sphinx builds from a copied directive."""
    files = {f"index{suffix}": "# T\n\n" if suffix == ".md" else "T\n=\n\n"}
    files[f"index{suffix}"] += directive
    conf = 'import sys\nsys.path.insert(0, ".")\n'
    if functions:
        files["pages_shared.py"] = functions
        conf = f'{BESIDE}attention_models = {{"words": {{"function": "pages_shared:words"}}}}\n'
    made = project(files, conf)
    made.build(strict=True).cleanup()
    made.apps.clear()
    return BeautifulSoup(made.html(), "html.parser").select_one("figure.attention-figure")


def selection(figure: BeautifulSoup) -> tuple[str, str, list[str], list[str]]:
    """The selection that a built page shows first."""
    focus = [e["data-token"] for e in figure.select(".attention-token--focus")]
    vector = [e.text for e in figure.select(".attention-scores td")]
    return figure["data-layer"], figure["data-head"], focus, vector


def test_the_directive_gives_the_same_selection(open_page, project) -> None:
    page = open_page("copied", "repeated", **CLIPBOARD)
    figure = page.locator("#repeated")
    figure.locator('select[name="layer"]').select_option("1")
    figure.locator('select[name="head"]').select_option("0")
    # The words are difficult to quote: a third "the", a number, a hash, a bar and a zero.
    indices = [7, 8, 6, 9, 10, 1]
    words = REPEATED.split()
    assert [words[i] for i in indices] == ["the", "3", "#", "|", "0", "cat"]
    pin(page, "repeated", *indices)
    shown = numbers(page, "repeated")
    text = copy(page, "repeated", "as directive")
    assert text.startswith(f".. attention-figure:: {REPEATED}\n")
    assert ":cutoff: 0.8\n" in text
    assert ":name:" not in text
    assert "Not copied" not in text
    made = rebuilt(project, text, ".rst", FUNCTIONS)
    assert selection(made) == ("1", "0", [str(i) for i in sorted(indices)], shown)
    assert made["data-cutoff"] == "0.8"


def test_the_directive_keeps_its_rows(open_page, project) -> None:
    page = open_page("copied", "rows", **CLIPBOARD)
    pin(page, "rows", 2, 3)
    text = copy(page, "rows", "as directive")
    made = rebuilt(project, text, ".rst")
    assert selection(made) == ("0", "0", ["2", "3"], ["0.300", "0.500", "0.800", "0.400"])
    page.keyboard.press("Escape")
    page.locator("#rows [data-token]").first.focus()
    page.keyboard.press("Escape")
    made = rebuilt(project, copy(page, "rows", "as directive"), ".rst")
    assert selection(made) == ("0", "0", [], [])


def test_the_directive_in_markdown(open_page, project) -> None:
    page = open_page("markdown", "marked", **CLIPBOARD)
    pin(page, "marked", 3)
    text = copy(page, "marked", "as directive")
    assert text.startswith("```{attention-figure} the quick brown fox\n:focus: fox\n")
    made = rebuilt(project, text, ".md")
    assert selection(made) == ("0", "0", ["3"], ["0.020", "0.080", "0.300", "0.600"])
