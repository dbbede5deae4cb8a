"""The rail of the view steps: one step after the other, on wide pages and on phones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import CLIPBOARD, away, copy, token
from tests.browser.saved import save

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

STEPS = ["multiply", "dot", "scale", "softmax", "value"]
INK = """() => Object.fromEntries([...document.querySelectorAll("#sdog .attention-symbol[data-at]")]
  .map(e => [e.dataset.at, e.dataset.ink]))"""
PHONE = {"width": 360, "height": 780}


def current(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        "#sdog [aria-current=step]", "all => all.map(button => button.value)"
    )


def panels(page: Page) -> list[str]:
    """The steps whose panels can be seen."""
    return page.eval_on_selector_all(
        "#sdog .attention-panels > li",
        """all => all.filter(e => e.checkVisibility({ visibilityProperty: true }))
             .map(e => e.dataset.step)""",
    )


def rail(page: Page, name: str) -> Locator:
    return page.locator(f"#sdog .attention-rail .attention-{name}")


def box(page: Page, selector: str) -> dict[str, float]:
    return page.locator(f"#sdog {selector}").first.bounding_box()  # type: ignore[return-value]


def test_next_and_back_lead_through_the_steps(open_page) -> None:
    page = open_page("steps-dog", "sdog")
    seen = []
    for at in range(len(STEPS)):
        assert current(page) == [STEPS[at]]
        assert panels(page) == [STEPS[at]]
        ink = list(page.evaluate(INK).values())
        # Two columns, keys and products, are the first step.
        assert ink == ["past"] * (at + 1 if at else 0) + ["now"] * (1 if at else 2) + ["later"] * (
            len(STEPS) - 1 - at
        )
        seen.append(page.locator("#sdog").bounding_box())
        message = page.locator("#sdog .attention-live").inner_text()
        assert not at or message.startswith(f"{at + 1} ")
        if at < len(STEPS) - 1:
            rail(page, "next").click()
    # Nothing moves from one step to the next, and the last step is the last.
    assert all(one == seen[0] for one in seen)
    assert current(page) == ["value"]
    assert rail(page, "next").get_attribute("aria-disabled") == "true"
    rail(page, "back").click()
    assert current(page) == ["softmax"]


def test_the_keyboard_leads_through_the_steps(open_page) -> None:
    page = open_page("steps-dog", "sdog")
    page.locator("#sdog [value=multiply]").focus()
    for key, step in (
        ("ArrowRight", "dot"),
        ("ArrowDown", "scale"),
        ("ArrowLeft", "dot"),
        ("End", "value"),
        ("ArrowRight", "value"),
        ("Home", "multiply"),
        ("ArrowLeft", "multiply"),
    ):
        page.keyboard.press(key)
        assert current(page) == [step], key
        assert page.evaluate("document.activeElement.value") == step
    rail(page, "next").press("Enter")
    assert current(page) == ["dot"]


def test_all_steps_at_once(open_page) -> None:
    page = open_page("steps-dog", "sdog")
    page.locator("#sdog [value=all]").click()
    assert panels(page) == STEPS
    assert set(page.evaluate(INK).values()) == {""}
    rail(page, "next").click()
    assert current(page) == ["multiply"]


def test_a_step_that_the_sink_does_not_have_gives_way_to_the_softmax(open_page) -> None:
    page = open_page("steps-dog", "sdog")
    page.locator("#sdog [data-step=multiply]").evaluate("panel => (panel.hidden = true)")
    assert panels(page) == ["softmax"]


def test_the_step_is_part_of_addresses_and_directives(open_page) -> None:
    page = open_page("steps-dog", "sdog")
    page.goto(re.sub(r"#.*", "", page.url) + "#sdog&layer=5&head=11&formula=softmax")
    page.reload()
    page.wait_for_selector("#sdog [value=softmax][aria-current=step]")
    assert panels(page) == ["softmax"]
    page.goto(re.sub(r"#.*", "", page.url) + "#sdog&layer=5&head=11&formula=cap")
    page.reload()
    # The model has no such step.
    page.wait_for_selector("#sdog [value=multiply][aria-current=step]")


@pytest.mark.parametrize(
    ("what", "says"), [("link", "&formula=softmax"), ("as directive", "\n   :formula: softmax\n")]
)
def test_what_is_copied_carries_the_step(open_page, what: str, says: str) -> None:
    page = open_page("steps-dog", "sdog", **CLIPBOARD)
    page.locator("#sdog [value=softmax]").click()
    assert says in copy(page, "sdog", what)


def test_a_reader_who_points_moves_nothing(open_page) -> None:
    page = open_page("steps-dog", "sdog")
    before = page.locator("#sdog").bounding_box()
    for key in (0, 3, 9):
        token(page, "sdog", key, "key").hover()
        for step in ("dot", "softmax"):
            page.locator(f"#sdog [value={step}]").click()
            assert page.locator("#sdog").bounding_box() == before


def test_all_steps_are_on_paper_and_without_scripts(open_page) -> None:
    still = open_page("steps-dog", java_script_enabled=False)
    assert panels(still) == STEPS
    assert not still.locator("#sdog .attention-rail").is_visible()
    page = open_page("steps-dog", "sdog", viewport=PHONE)
    page.emulate_media(media="print")
    assert panels(page) == STEPS
    assert not page.locator("#sdog .attention-rail").is_visible()
    opacities = page.eval_on_selector_all(
        "#sdog [data-at]", "all => all.map(e => [e.checkVisibility(), getComputedStyle(e).opacity])"
    )
    assert all(one == [True, "1"] for one in opacities)
    picture = page.locator("#sdog .attention-picture")
    assert float(picture.get_attribute("width")) > 500


def test_where_scripts_are_blocked_all_steps_are_shown_at_once(browser, site) -> None:
    context = browser.new_context()
    context.route("**/attention*.js*", lambda route: route.abort())
    page = context.new_page()
    page.goto(site.url("steps-dog"), wait_until="commit")
    page.wait_for_selector("#sdog .attention-panels")
    assert panels(page) == STEPS
    # What needs a script takes no space.
    assert box(page, ".attention-rail") is None
    high = page.locator("#sdog").bounding_box()["height"]
    page.wait_for_timeout(300)
    assert page.locator("#sdog").bounding_box()["height"] == high
    context.close()


@pytest.mark.parametrize("missing", ["attention.js", "attention-steps.js"])
def test_if_one_script_does_not_come_all_steps_are_shown_after_a_while(
    browser, site, missing: str
) -> None:
    context = browser.new_context()
    context.route(f"**/{missing}*", lambda route: route.abort())
    page = context.new_page()
    page.goto(site.url("steps-dog"))
    # While the script may still come, the page has the height that it will have with it.
    assert panels(page) == ["multiply"]
    assert not page.locator("#sdog .attention-rail").is_visible()
    page.evaluate(
        "() => document.getAnimations().forEach((one) => one.currentTime < 5000 && one.finish())"
    )
    assert panels(page) == STEPS
    context.close()


def test_on_a_phone_each_step_is_a_card(open_page) -> None:
    page = open_page("steps-dog", "sdog", viewport=PHONE, has_touch=True)
    heights = set()
    for at, step in enumerate(STEPS):
        stage = page.locator("#sdog .attention-stage")
        assert stage.evaluate("e => e.scrollWidth - e.clientWidth") == 0
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(overflow) <= 0
        # The names of the rows and the column of the step are there, one beside the other.
        right = stage.bounding_box()["x"] + stage.bounding_box()["width"]
        names = box(page, ".attention-rows .attention-word")
        shown = page.eval_on_selector_all(
            "#sdog .attention-title[data-ink=now]",
            "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])",
        )
        assert shown
        for left, end in shown:
            assert left > right - 330
            assert end <= right + 1
        strips = page.eval_on_selector_all(
            "#sdog canvas[data-ink=now]",
            "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])",
        )
        assert bool(strips) == (step in {"multiply", "value"})
        for left, end in strips:
            assert left > names["x"] + names["width"]
            assert end <= right
        numbers = [
            box(page, f".attention-rows .attention-number:nth-child({n})") for n in (3, 4, 5)
        ]
        if 0 < at < 4:
            assert names["x"] + names["width"] < numbers[at - 1]["x"]
            assert numbers[at - 1]["x"] + numbers[at - 1]["width"] <= right
        heights.add(page.locator("#sdog").bounding_box()["height"])
        targets = page.eval_on_selector_all(
            "#sdog .attention-rail button",
            "all => all.map(e => e.getBoundingClientRect()).map(b => [b.width, b.height])",
        )
        assert min(width for width, _ in targets) >= 24
        assert min(height for _, height in targets) >= 44
        if at < len(STEPS) - 1:
            rail(page, "next").click()
    assert len(heights) == 1
    words = page.eval_on_selector_all(
        "#sdog .attention-words .attention-word",
        "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])",
    )
    assert max(end for _, end in words) <= 360


def swipe(page: Page, by: int) -> None:
    page.evaluate(
        """by => {
          const stage = document.querySelector("#sdog .attention-stage");
          const send = (type, clientX) => stage.dispatchEvent(new PointerEvent(type,
            { bubbles: true, pointerType: "touch", clientX, clientY: 200 }));
          send("pointerdown", 180);
          send("pointerup", 180 + by);
        }""",
        by,
    )


def test_a_finger_turns_the_cards(open_page) -> None:
    page = open_page("steps-dog", "sdog", viewport=PHONE, has_touch=True)
    for by, step in ((-80, "dot"), (-80, "scale"), (80, "dot"), (20, "dot")):
        swipe(page, by)
        assert current(page) == [step]
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_selector("#sdog .attention-stage:not(.attention-stage--card)")
    swipe(page, -80)
    assert current(page) == ["dot"]


def test_a_card_is_saved_as_the_whole_picture(open_page) -> None:
    page = open_page("steps-dog", "sdog", viewport=PHONE, has_touch=True)
    page.locator("#sdog [value=value]").click()
    name, drawing = save(page, "sdog", "SVG")
    assert name.endswith(".svg")
    root = ET.fromstring(drawing)
    assert float(root.get("width", "0")) > 500
    texts = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"keys", "1 multiply", "2 add up", "3 scale", "4 softmax", "5 weigh"} <= texts
    assert len(list(root.iter("{http://www.w3.org/2000/svg}image"))) == 4
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(text.get("fill-opacity", "1")) >= 0.3, text.text
    # Then the card is there again.
    page.wait_for_selector("#sdog .attention-stage--card")


COLOURS = """() => Object.fromEntries(["q", "k", "v"].map(letter => [letter, [
  ...document.querySelectorAll(`#sdog .attention-${letter}`)].map(e => {
    const style = getComputedStyle(e);
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = e instanceof SVGElement ? style.fill : style.webkitTextFillColor;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).join();
  })]))"""


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(part) / 255 for part in colour.split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", [(255, 255, 255), (19, 20, 22)])
def test_queries_keys_and_values_have_a_hue_each(open_page, ground: tuple[int, ...]) -> None:
    page = open_page("steps-dog", "sdog")
    ink = "#222" if ground[0] > 200 else "#ddd"
    page.evaluate(
        """([ground, ink]) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`body, div.body, div.document { background: ${ground}; color: ${ink} }`);
          document.adoptedStyleSheets.push(sheet);
        }""",
        [f"rgb{ground}", ink],
    )
    page.wait_for_timeout(100)
    found: dict[str, Any] = page.evaluate(COLOURS)
    hues = {letter: set(colours) for letter, colours in found.items()}
    assert all(len(colours) == 1 for colours in hues.values())
    assert len({next(iter(colours)) for colours in hues.values()}) == 3
    behind = luminance(",".join(map(str, ground)))
    for colours in hues.values():
        light, dark = sorted((luminance(next(iter(colours))), behind), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_at_any_step(open_page, scheme: str, width: int) -> None:
    page = open_page(
        "steps-dog",
        "sdog",
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        bypass_csp=True,
    )
    for step in ("scale", "value", "all"):
        page.locator(f"#sdog [value={step}]").click()
        away(page)
        found = Axe().run(page, context="#sdog")
        assert not found.response["violations"], (step, found.generate_report())
