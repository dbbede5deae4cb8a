"""The map in a real browser, checked by numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.render.map.colours import KIND
from tests.browser.conftest import accessible, model_attentions
from tests.browser.map_figures import FIELD, alone, carried, live, option, places, settle, spot, tip
from tests.browser.pages.maps import MANY, SENTENCES, TEMPLATE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def cats(open_page: Any) -> Page:
    return live(open_page("maps"))


def test_points_are_where_they_are_carried(cats: Page) -> None:
    found = places(cats)
    half = len(found) // 2
    for start, colour in ((0, KIND[0]), (half, KIND[1])):
        one = alone(np.roll(found, -start, axis=0), half) + start
        pixel = cats.evaluate(
            """([x, y]) => {
              const canvas = document.querySelector(".attention-map-canvas"), share = (8 + 480 * x) / 496;
              return [...canvas.getContext("2d").getImageData(share * canvas.width, (8 + 480 * y) / 496 * canvas.height, 1, 1).data];
            }""",
            found[one].tolist(),
        )
        wanted = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
        assert pixel[3] > 200
        assert pixel[:3] == pytest.approx(wanted, abs=2)


def test_pointing_names_the_nearest_point(cats: Page) -> None:
    header, _ = carried(cats, "common")
    found = places(cats)
    half = len(found) // 2
    one = alone(found, half)
    cats.mouse.move(*spot(cats, found[one]))
    starts = np.cumsum([0, *header["sizes"]])
    sentence = int(np.searchsorted(starts, one, "right")) - 1
    token, place = header["tokens"][one], one - starts[sentence] + 1
    assert tip(cats) == f"query of “{token}”, {place} of {header['sizes'][sentence]}"
    option(cats, "colour", "position")
    cats.mouse.move(*spot(cats, found[one] + 0.004))
    assert tip(cats).endswith(f"; {place - 1}")
    cats.mouse.move(5, 5)
    settle(cats)
    assert cats.locator(".attention-map-tip *").count() == 0


def test_a_click_draws_lines_to_the_two_strongest_keys(cats: Page, minilm: Path) -> None:
    header, _ = carried(cats, "common")
    found = places(cats)
    one = alone(found, len(found) // 2)
    starts = np.cumsum([0, *header["sizes"]])
    sentence = int(np.searchsorted(starts, one, "right")) - 1
    weights = model_attentions(minilm, SENTENCES[sentence])[0, 2]
    cats.mouse.click(*spot(cats, found[one]))
    # The script of the sentence is loaded by the first click.
    cats.locator(".attention-map-words [role=button]").first.wait_for()
    settle(cats)
    lines = cats.locator(".attention-map-marks path")
    strongest = [sorted(row, reverse=True)[:2] for row in weights]
    drawn = [[weight for weight in row if round(weight, 3) >= 0.05] for row in strongest]
    assert lines.count() == sum(map(len, drawn))
    row = one - starts[sentence]
    share = sum(drawn[row]) / weights[row].sum()
    assert f"they hold {100 * share:.0f}" in (
        cats.locator(".attention-map-lines").text_content() or ""
    )
    # The sentence stands beside the map, with an arc for each weight.
    words = cats.locator(".attention-map-words [role=button]")
    texts = [
        (text or "") for text in words.evaluate_all("all => all.map(e => e.firstChild.textContent)")
    ]
    assert texts == header["tokens"][starts[sentence] : starts[sentence + 1]]
    assert words.nth(row).get_attribute("aria-pressed") == "true"
    arcs = cats.locator(".attention-map-arcs path")
    assert arcs.count() == int((np.round(weights[row], 3) >= 0.005).sum())
    # Hidden tokens keep their mass, and it is said.
    cats.get_by_role("button", name="hide special tokens").click()
    settle(cats)
    mass = weights[row][[0, -1]].sum()
    reported = cats.locator(".attention-map-tools span").text_content() or ""
    message = re.search(r"hold (\d+)\s%", reported)
    assert (int(message[1]) if message else 0) == pytest.approx(100 * mass, abs=1)
    cats.locator(FIELD).press("Escape")
    settle(cats)
    assert lines.count() == 0


def test_search_counts_tokens_in_all_heads(cats: Page) -> None:
    header, _ = carried(cats, "common")
    cats.get_by_role("searchbox").fill("THE")
    settle(cats)
    count = sum("the" in token.lower() for token in header["tokens"])
    assert (
        cats.locator(".attention-map-found").text_content()
        == f"{count} of {len(header['tokens'])} tokens"
    )
    option(cats, "show", "all")
    heads = cats.locator(".attention-map-all button")
    heads.first.wait_for()
    assert heads.count() == 4
    strong = heads.locator("canvas").evaluate_all(
        "all => all.map(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, n) => n % 4 === 3 && v > 200).length)"
    )
    assert all(0 < n <= 4 * 2 * count for n in strong)


def test_all_heads_open_by_click_and_by_key(cats: Page) -> None:
    option(cats, "show", "all")
    heads = cats.locator(".attention-map-all button")
    assert heads.nth(0).get_attribute("aria-current") == "true"
    assert "sample of" in (cats.locator(".attention-map-all p").text_content() or "")
    heads.nth(0).focus()
    for key in ("ArrowRight", "ArrowDown"):
        cats.keyboard.press(key)
    cats.keyboard.press("Enter")
    cats.wait_for_function("() => document.querySelector('#cats').dataset.head === '10'")
    assert cats.locator("#cats").get_attribute("data-layer") == "5"
    cats.locator(FIELD).wait_for()
    header, _ = carried(cats, "head-1-1")
    near = header["fidelity"]["pca"][0]
    cats.wait_for_function(
        f"() => document.querySelector('.attention-map-fidelity').textContent.includes('{100 * near:.0f}')"
    )


def test_zoom_by_buttons_keys_and_wheel_with_a_modifier(cats: Page) -> None:
    field = cats.locator(FIELD)
    box = field.bounding_box()
    assert box
    cats.mouse.move(box["x"] + 100, box["y"] + 100)
    cats.mouse.wheel(0, 60)
    cats.wait_for_timeout(100)
    zoom = "() => new URLSearchParams(location.hash).get('zoom')"
    looked = "() => document.querySelectorAll('.attention-map-labels text').length"
    at_rest = cats.evaluate(looked)
    cats.get_by_role("button", name="zoom in").click()
    assert cats.get_by_role("button", name="show all").is_visible()
    field.focus()
    cats.keyboard.press("+")
    cats.keyboard.press("Shift+ArrowRight")
    cats.keyboard.press("0")
    settle(cats)
    assert cats.evaluate(looked) == at_rest
    assert cats.evaluate(zoom) is None


def test_arrow_keys_go_from_point_to_point(cats: Page) -> None:
    field = cats.locator(FIELD)
    field.focus()
    cats.keyboard.press("Enter")
    first = tip(cats)
    assert field.get_attribute("aria-label") == first
    cats.keyboard.press("ArrowRight")
    cats.keyboard.press("ArrowDown")
    assert tip(cats) != first
    cats.keyboard.press("Enter")
    cats.locator(".attention-map-sentence").wait_for()


def test_arrow_keys_go_to_the_neighbouring_head(cats: Page) -> None:
    assert "neighbouring head" in (cats.locator(".attention-note--hint").first.text_content() or "")
    cats.locator(FIELD).focus()
    head, layer = (
        f"() => document.querySelector('#cats').dataset.{name} === '{value}'"
        for name, value in (("head", 10), ("layer", 5))
    )
    cats.keyboard.press("ArrowRight")
    cats.wait_for_function(head)
    cats.keyboard.press("ArrowDown")
    cats.wait_for_function(layer)
    # There is no head further on.
    cats.keyboard.press("ArrowRight")
    settle(cats)
    near = carried(cats, "head-1-1")[0]["fidelity"]["pca"][0]
    cats.wait_for_function(
        f"() => document.querySelector('.attention-map-fidelity').textContent.includes('{100 * near:.0f}')"
    )
    cats.locator("#cats .attention-save summary").click()
    cats.get_by_text("copy link").click()
    cats.wait_for_function("() => location.hash.includes('layer=')")
    address = cats.evaluate("() => location.hash")
    assert "layer=5" in address
    assert "head=10" in address
    # Among dots, arrow keys stay in the head; Escape leaves them.
    cats.keyboard.press("Escape")
    cats.locator(FIELD).focus()
    cats.keyboard.press("Enter")
    cats.keyboard.press("ArrowLeft")
    assert tip(cats)
    assert cats.locator("#cats").get_attribute("data-head") == "10"
    cats.keyboard.press("Escape")
    cats.keyboard.press("ArrowLeft")
    cats.wait_for_function("() => document.querySelector('#cats').dataset.head === '2'")


def test_an_address_restores_what_is_seen(open_page: Any) -> None:
    page = open_page("maps")
    page.goto(
        page.url
        + "#cats&layer=5&head=10&projection=bipartite&colour=type&point=k3&find=the&zoom=0.4,0.6,2"
    )
    page.reload()
    live(page)
    page.wait_for_function("() => document.querySelector('.attention-map-words')")
    assert page.locator("select[name=projection]").input_value() == "bipartite"
    assert page.locator("select[name=colour]").input_value() == "type"
    assert page.get_by_role("searchbox").input_value() == "the"
    pressed = page.locator(".attention-map-words [aria-pressed=true]")
    assert (
        pressed.evaluate("e => e.firstChild.textContent") == carried(page, "common")[0]["tokens"][3]
    )
    where = places(page, "bipartite", "head-1-1")[len(places(page)) // 2 + 3]
    circle = page.locator(".attention-map-marks circle")
    seen = [float(circle.get_attribute(name) or 0) for name in ("cx", "cy")]
    shown = (where - [0.4, 0.6]) * 2 + 0.5
    top = float(page.locator(FIELD).get_attribute("y") or 0) - 0.5 + 8
    assert seen == pytest.approx([8 + 480 * shown[0], top + 480 * shown[1]], abs=0.1)


@pytest.mark.parametrize("zoom", ["*", "1", "x,y,z", "0,0,0", "0.5,0.5,1e9", "0.5,0.5,2,3"])
def test_an_address_that_names_no_part_shows_the_whole_map(open_page: Any, zoom: str) -> None:
    page = open_page("maps")
    page.goto(f"{page.url}#cats&layer=5&head=10&point=k3&zoom={zoom}")
    page.reload()
    live(page)
    page.wait_for_function("() => document.querySelector('.attention-map-words')")
    assert "NaN" not in page.locator("#cats").inner_html()
    assert page.locator(FIELD).evaluate("e => e.style.touchAction") == ""


def test_the_mean_by_position(cats: Page) -> None:
    header, _ = carried(cats, "common")
    option(cats, "show", "mean")
    sizes = header["sizes"]
    canvas = cats.locator("canvas:not(.attention-map-canvas)").first
    assert canvas.evaluate("c => [c.width, c.height]") == [max(sizes)] * 2
    assert f"over {len(sizes)} sentences" in (
        cats.locator(".attention-map-meaned").text_content() or ""
    )
    # The head looks at the token before: below the diagonal there is most ink.
    ink = np.array(
        canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]")
    ).reshape(*[max(sizes)] * 2, 4)[..., 3]
    assert ink[2:, 1:-1].diagonal().mean() > 3 * ink.mean()


def test_the_mean_by_word_needs_a_template(cats: Page) -> None:
    option(cats, "show", "words")
    reported = cats.locator(".attention-map-meaned").text_content() or ""
    counts = [len(sentence.split()) for sentence in SENTENCES]
    assert f"{min(counts)} to {max(counts)}" in reported
    assert cats.locator("canvas:not(.attention-map-canvas)").count() == 0


def test_the_mean_by_word(open_page: Any, minilm: Path) -> None:
    page = live(open_page("template"))
    option(page, "show", "words")
    assert "over 3 sentences" in (page.locator(".attention-map-meaned").text_content() or "")
    header, _ = carried(page, "common")
    # The words of four words and two special tokens, from the model's own weights.
    expected = np.zeros((6, 6))
    start = 0
    for sentence, size in zip(TEMPLATE, header["sizes"], strict=True):
        weights = model_attentions(minilm, sentence)[0, 2]
        texts = header["tokens"][start : start + size]
        word = np.cumsum([not text.startswith("##") for text in texts]) - 1
        belongs = np.eye(6)[:, word]
        expected += (belongs / belongs.sum(1, keepdims=True)) @ weights @ belongs.T / len(TEMPLATE)
        start += size
    box = page.locator(FIELD).bounding_box()
    canvas = page.locator("canvas:not(.attention-map-canvas)").bounding_box()
    assert box
    assert canvas
    cell = canvas["width"] / 6
    for query, key in ((1, 0), (2, 3), (5, 5)):
        page.mouse.move(canvas["x"] + (key + 0.5) * cell, canvas["y"] + (query + 0.5) * cell)
        settle(page)
        reported = page.locator(".attention-map-readout").text_content() or ""
        assert float(reported.rsplit(" ", 1)[1]) == pytest.approx(expected[query, key], abs=0.002)
    labels = page.locator(".attention-map-axes text").all_text_contents()
    assert labels[2:4] == ["the|a"] * 2
    assert any("zebrafish" in label for label in labels)


def test_on_a_phone_the_canvas_is_as_small_as_the_picture(open_page: Any) -> None:
    page = live(open_page("maps", viewport={"width": 360, "height": 700}))
    field = page.locator(FIELD).bounding_box()
    canvas = page.locator(".attention-map-canvas").bounding_box()
    assert field
    assert canvas
    assert field["width"] < 360
    assert [canvas[a] for a in ("x", "y", "width", "height")] == pytest.approx(
        [field[a] for a in ("x", "y", "width", "height")], abs=1.5
    )
    # Labels are set as large as on a wide page: a line of 11 px, although the picture is smaller.
    settle(page)
    sizes = page.locator(".attention-map-labels").evaluate(
        "e => e.getAttribute('font-size') * e.getScreenCTM().a"
    )
    assert sizes == pytest.approx(11, abs=0.1)


def test_it_works_from_a_disk(open_page: Any) -> None:
    page = live(open_page("crowd", by="file"))
    assert len(carried(page, "common")[0]["sizes"]) == MANY
    ink = page.evaluate(
        "() => { const c = document.querySelector('.attention-map-canvas'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, n) => n % 4 === 3 && v).length; }"
    )
    assert ink > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Any, scheme: str) -> None:
    page = live(open_page("maps", color_scheme=scheme))
    accessible(page, "cats", "at rest")
    found = places(page)
    page.mouse.click(*spot(page, found[alone(found, len(found) // 2)]))
    accessible(page, "cats", "pinned")
    option(page, "show", "all")
    page.wait_for_timeout(200)
    accessible(page, "cats", "all heads")


def test_two_fingers_zoom_the_map_and_not_the_page(open_page: Any) -> None:
    page = live(open_page("maps", has_touch=True, viewport={"width": 400, "height": 700}))
    page.locator(FIELD).first.scroll_into_view_if_needed()
    box = page.locator(FIELD).first.bounding_box()
    middle = (box["x"] + box["width"] / 2, min(box["y"] + box["height"] / 2, 600))
    client = page.context.new_cdp_session(page)

    def touch(kind: str, apart: float | None) -> None:
        points = [] if apart is None else [-apart, apart]
        client.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [
                    {"x": middle[0] + by, "y": middle[1], "id": number}
                    for number, by in enumerate(points)
                ],
            },
        )

    before = page.evaluate("scrollY")
    touch("touchStart", 20)
    for apart in range(22, 62, 2):
        touch("touchMove", float(apart))
    touch("touchEnd", None)
    page.get_by_role("button", name="show all").wait_for()
    settle(page)
    page.wait_for_timeout(1500)
    zoom = page.evaluate(
        "async () => (await attentionOpen(document.querySelector('#cats'))).state.options.zoom"
    )
    assert float(zoom.split(",")[2]) == pytest.approx(3, rel=0.15)
    assert page.evaluate("[scrollY, visualViewport.scale]") == [before, 1]
