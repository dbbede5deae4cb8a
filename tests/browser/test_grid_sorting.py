"""The view grid in a browser: the order of heads, and the least score."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.browser.conftest import (
    away,
    edges,
    ready,
    token,
)
from tests.browser.grid_figures import SIZE, chosen, fifths, headline, labels, painted, thumb
from tests.browser.pages import DOG
from tests.browser.saved import SVG, pixels, rendered, save

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


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


def test_pointing_at_a_thumbnail_previews_it(open_page, measured) -> None:
    page = open_page("grid-dog", "gdog")
    token(page, "gdog", 4).click()
    before = edges(page, "gdog")
    thumb(page, "gdog", 0, 2).hover()
    message = headline(page, "gdog")
    names = {"previous": "previous token", "first": "first token", "self": "self"}
    for key, name in {**names, "entropy": "entropy", "induction": "induction"}.items():
        number = re.search(rf"{name} (\d\.\d\d)", message)
        assert number, message
        assert float(number[1]) == pytest.approx(measured[key][0, 2], abs=0.0056)
    away(page)
    assert chosen(page, "gdog") == ("5", "11")
    assert edges(page, "gdog") == before
    assert headline(page, "gdog").startswith("5.11 ")


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
