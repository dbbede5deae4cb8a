"""The actions of every reader in Firefox and WebKit: load, hover, pin, keys, numbers, files."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.browser.conftest import PIXELS
from tests.browser.pages import DOG
from tests.conftest import FOX, FOX_ROWS

WEIGHTS = np.array([[float(number) for number in row.split()] for row in FOX_ROWS.splitlines()])


def expected(query: int) -> dict[tuple[int, int], float]:
    return {(query, key): WEIGHTS[query, key] * PIXELS for key in range(4)}


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("fox", "fox"),
        ("heads-dog", "hone"),
        ("matrix-dog", "mdog"),
        ("sentences", "grid-sentences"),
        ("sentences", "steps-sentences"),
        ("prose", "animals"),
    ],
)
def test_a_figure_of_every_view_is_live(open_page, name: str, figure: str) -> None:
    page = open_page(name, figure)
    assert page.count(f"#{figure} [data-token][role=button]") > 3
    width = page.run("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0


def test_hovering_shows_the_edges_and_leaving_removes_them(open_page) -> None:
    page = open_page("fox", "fox")
    page.hover("#fox [data-token='2']")
    page.wait("document.querySelector('#fox .attention-edge')")
    assert page.edges("fox") == pytest.approx(expected(2), abs=1e-6)
    page.away()
    page.wait("!document.querySelector('#fox .attention-token--focus')")
    assert page.edges("fox") == {}


def test_a_click_pins_and_shows_the_numbers(open_page) -> None:
    page = open_page("fox", "fox")
    page.click("#fox [data-token='2']")
    page.wait("document.querySelector('#fox .attention-scores')")
    page.away()
    assert page.edges("fox") == pytest.approx(expected(2), abs=1e-6)
    assert page.count("#fox [data-token='2'][aria-pressed=true]") == 1
    shown = page.texts("#fox .attention-scores td.attention-number")
    assert [float(text) for text in shown] == pytest.approx(WEIGHTS[2])
    assert page.texts("#fox .attention-weight") == [f"{weight:.3f}" for weight in WEIGHTS[2]]
    page.click("#fox [data-token='2']")
    page.wait("!document.querySelector('#fox .attention-scores')")


def test_the_keyboard(open_page) -> None:
    page = open_page("fox", "fox")
    page.run("document.querySelector('#fox [data-token][tabindex=\"0\"]').focus()")
    page.press("ArrowRight", "ArrowRight")
    assert page.run("document.activeElement.dataset.token") == "2"
    assert page.run("document.activeElement.matches(':focus-visible')")
    page.press("Enter")
    page.wait("document.querySelector('#fox .attention-scores')")
    assert page.edges("fox") == pytest.approx(expected(2), abs=1e-6)
    page.press("Escape")
    page.wait("!document.querySelector('#fox .attention-scores')")
    # Tab leaves the row of words, which is one tab stop.
    page.press("Tab")
    assert page.run("document.activeElement.dataset.token ?? null") is None


def test_the_number_of_a_cell(open_page) -> None:
    page = open_page("matrix-dog", "mdog")
    page.hover("#mdog .attention-field")
    page.wait("document.querySelector('#mdog .attention-readout b')")
    (text,) = page.texts("#mdog .attention-readout b")
    assert 0 <= float(text) <= 1


def test_large_maps_are_painted(open_page) -> None:
    page = open_page("matrix-long", "mlong")
    page.wait("document.querySelector('#mlong canvas')")
    colours = page.run(
        """(() => {
          const canvas = document.querySelector("#mlong canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        })()"""
    )
    assert colours > 10


def test_saved_pictures(open_page) -> None:
    page = open_page("fox", "fox")
    page.click("#fox .attention-save summary")
    page.wait("document.querySelectorAll('#fox .attention-save button').length > 3")
    names = page.texts("#fox .attention-save button")
    for number, name in enumerate(names, 1):
        if name.startswith("save as"):
            page.click(f"#fox .attention-save button:nth-of-type({number})")
    page.wait("seen.saved.some((one) => one.type === 'image/png')")
    page.wait("seen.saved.some((one) => one.type.startsWith('image/svg') && one.text)")
    saved = page.run("seen.saved")
    svg = next(one["text"] for one in saved if one["type"].startswith("image/svg"))
    words = [element.text for element in ET.fromstring(svg).iter() if element.text in FOX.split()]
    assert words == FOX.split()
    assert next(one["size"] for one in saved if one["type"] == "image/png") > 1000


def test_prose_drives_a_figure(open_page) -> None:
    page = open_page("prose", "animals")
    page.hover("a.attention-focus")
    page.wait("document.querySelector('#animals .attention-token--focus')")
    assert page.run("document.querySelector('#animals select[name=head]').value") == "11"
    page.click("a.attention-focus")
    page.wait("document.querySelector('#animals [data-token][aria-pressed=true]')")
    (number,) = page.texts("#animals [data-token='9'] .attention-weight")
    assert number == page.texts("p .attention-number")[0]
    assert len(DOG.split()) + 2 == page.count("#animals [data-token]")
