"""The behaviour that all views share, by numbers: several pins, links, addresses, controls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from tests.browser.conftest import (
    CLIPBOARD,
    PIXELS,
    away,
    copy,
    edges,
    expected,
    numbers,
    pin,
    pressed,
    ready,
    rounded,
    scores,
    token,
)
from tests.browser.pages import DOG

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NAMES = ["[CLS]", *DOG.split(), "[SEP]"]


def vector_name(page: Page, figure: str) -> str:
    return page.locator(f"#{figure} .attention-name").inner_text().strip()


# Several pins


def test_several_pins_are_summed(open_page, reference) -> None:
    page = open_page("sums", "sums")
    pin(page, "sums", 3, 4, 9)
    assert pressed(page, "sums") == [3, 4, 9]
    total = rounded(reference[5, 11])[[3, 4, 9]].sum(axis=0)
    wanted = [f"{n / 1000:.3f}" for n in total]
    assert scores(page, "sums") == list(zip(NAMES, wanted, strict=True))
    assert page.locator("#sums .attention-weight").all_text_contents() == wanted
    assert vector_name(page, "sums") == "αbrown + αfox + αdog ="
    rows = {}
    for query in (3, 4, 9):
        rows |= expected(reference[5, 11], query, 0.95)
    assert edges(page, "sums") == pytest.approx(rows, abs=0.011)
    mass = sum(rows.values()) / PIXELS / rounded(reference[5, 11])[[3, 4, 9]].sum() * 1000
    note = page.locator("#sums .attention-note--cutoff").inner_text()
    assert note == f"edges show {int(100 * mass)}\u00a0% of these rows"
    token(page, "sums", 4).click(modifiers=["Shift"])
    assert pressed(page, "sums") == [3, 9]
    token(page, "sums", 9).click()
    assert pressed(page, "sums") == [9]
    assert vector_name(page, "sums") == "αdog ="


def test_several_pins_from_the_start_are_the_same(open_page) -> None:
    page = open_page("sums", "summed")
    raw = page.context.request.get(page.url).text()
    static = BeautifulSoup(raw, "html.parser").find(id="summed")
    texts = lambda css: [e.get_text().strip() for e in static.select(css)]  # noqa: E731
    assert pressed(page, "summed") == [3, 4]
    live = lambda css: [  # noqa: E731
        t.strip() for t in page.locator(f"#summed {css}").all_text_contents()
    ]
    for part in (".attention-weight", ".attention-scores td", ".attention-note--cutoff"):
        assert texts(part)
        assert live(part) == texts(part)
    assert vector_name(page, "summed") == "αbrown + αfox ="
    assert vector_name(page, "summed") in texts(".attention-name")
    pin(page, "sums", 3, 4)
    assert numbers(page, "sums") == texts(".attention-scores td")
    assert edges(page, "sums") == edges(page, "summed")


def test_keys_add_and_remove_pins(open_page, reference) -> None:
    page = open_page("sums", "sums")
    token(page, "sums", 3).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Enter")
    assert pressed(page, "sums") == [3, 4]
    total = rounded(reference[5, 11])[[3, 4]].sum(axis=0)
    assert numbers(page, "sums") == [f"{n / 1000:.3f}" for n in total]
    page.keyboard.press("Escape")
    assert pressed(page, "sums") == []
    assert scores(page, "sums") == []


def test_a_long_touch_adds_a_pin(open_page) -> None:
    page = open_page("sums", "sums", has_touch=True, viewport={"width": 800, "height": 700})
    token(page, "sums", 3).tap()
    box = token(page, "sums", 4).bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    client = page.context.new_cdp_session(page)
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    page.wait_for_timeout(700)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert pressed(page, "sums") == [3, 4]
    token(page, "sums", 4).tap()
    assert pressed(page, "sums") == [4]


def test_columns_are_summed_in_the_other_direction(open_page, reference) -> None:
    page = open_page("sums", "sums")
    pin(page, "sums", 4, 9)
    page.locator("#sums .attention-direction").click()
    total = rounded(reference[5, 11])[:, [4, 9]].sum(axis=1)
    assert numbers(page, "sums") == [f"{n / 1000:.3f}" for n in total]
    assert vector_name(page, "sums") == "α·,fox + α·,dog ="


# Links


def test_linked_figures_share_what_changes(open_page, reference) -> None:
    page = open_page("linked", "one", viewport={"width": 1280, "height": 2000})
    for name in ("two", "few", "apart"):
        ready(page, name)
    # Each figure opens as its author said.
    first = [(f, page.locator(f"#{f}").get_attribute("data-layer")) for f in ("one", "two", "few")]
    assert first == [("one", "5"), ("two", "0"), ("few", "1")]
    token(page, "one", 4).hover()
    assert edges(page, "two") == pytest.approx(expected(reference[0, 2], 4, 0.95), abs=0.011)
    assert edges(page, "few") == {}  # The figure "few" has no such word.
    assert edges(page, "apart") == {}
    token(page, "two", 1).click()
    away(page)
    # "the" is token 1 of the sentence, and token 2 of "a b the": words are matched by their text.
    assert (pressed(page, "one"), pressed(page, "few")) == ([1], [2])
    assert [n for _, n in scores(page, "one")] == [
        f"{n / 1000:.3f}" for n in rounded(reference[5, 11, 1])
    ]
    token(page, "two", 9).click(modifiers=["Shift"])
    assert pressed(page, "one") == [1, 9]
    assert pressed(page, "few") == [2]
    page.locator('#two select[name="layer"]').select_option("1")
    layers = [page.locator(f"#{f}").get_attribute("data-layer") for f in ("one", "two", "few")]
    heads = [page.locator(f"#{f}").get_attribute("data-head") for f in ("one", "two", "few")]
    assert (layers, heads) == (["1", "1", "1"], ["11", "2", "1"])
    page.locator('#one select[name="head"]').select_option("7")
    assert page.locator("#few").get_attribute("data-head") == "1"  # The figure "few" has no head 7.
    assert page.locator("#two").get_attribute("data-head") == "7"
    page.locator("#few .attention-direction").click()
    assert page.locator("#one .attention-direction").inner_text() == "looked at by"
    assert pressed(page, "apart") == []
    assert page.locator("#apart").get_attribute("data-layer") == "5"


def test_a_figure_that_becomes_live_later_follows_earlier_changes(open_page, reference) -> None:
    page = open_page("late", "early")
    assert page.locator("#late [data-token][role=button]").count() == 0
    pin(page, "early", 4)
    ready(page, "late")
    assert pressed(page, "late") == [4]
    # The layer was not changed in the other figure.
    assert page.locator("#late").get_attribute("data-layer") == "0"
    assert edges(page, "late") == pytest.approx(expected(reference[0, 2], 4, 0.95), abs=0.011)


# Addresses


@pytest.mark.parametrize("by", ["http", "file"])
def test_an_address_opens_the_figure_as_it_was_left(open_page, by: str) -> None:
    page = open_page("addressed", "far-away", by, **CLIPBOARD)
    page.locator('#far-away select[name="layer"]').select_option("3")
    page.locator('#far-away select[name="head"]').select_option("7")
    pin(page, "far-away", 4, 9)
    page.locator("#far-away .attention-direction").click()
    shown, vector = edges(page, "far-away"), scores(page, "far-away")
    before = page.evaluate("history.length")
    address = copy(page, "far-away", "link")
    assert page.evaluate("history.length") == before
    assert page.url == address
    fragment = "#far-away&layer=3&head=7&direction=to&pin=4,9"
    assert unquote(address).endswith(fragment)
    again = open_page("addressed", by=by)
    again.goto(address)
    again.wait_for_selector("#far-away .attention-scores")
    assert edges(again, "far-away") == shown
    assert scores(again, "far-away") == vector
    assert again.locator("#far-away").get_attribute("data-layer") == "3"
    top = "document.getElementById('far-away').getBoundingClientRect().top"
    again.wait_for_function(f"Math.abs({top}) < 5")
    # Another selection in the same page.
    again.evaluate("location.hash = '#far-away&layer=5&head=11&pin=q1'")
    again.wait_for_selector('#far-away[data-layer="5"]')
    assert pressed(again, "far-away") == [1]
    # The figure's first selection fills in what an address leaves out.
    assert again.locator("#far-away .attention-direction").inner_text() == "looks at"
    again.go_back()
    again.wait_for_selector('#far-away[data-layer="3"]')
    assert pressed(again, "far-away") == [4, 9]
    assert edges(again, "far-away") == shown


def test_a_figure_without_an_id_has_an_address_too(open_page) -> None:
    page = open_page("addressed", "far-away", **CLIPBOARD)
    figure = page.locator(".attention-figure:not(#far-away)")
    figure.scroll_into_view_if_needed()
    figure.locator(".attention-save summary").wait_for()
    page.evaluate(
        "document.querySelector('.attention-figure:not(#far-away)').removeAttribute('id')"
    )
    figure.locator('[data-token="2"]').click()
    figure.locator(".attention-save summary").click()
    figure.get_by_text("copy link").click()
    figure.locator(".attention-save").get_by_text("copied").wait_for()
    fragment = page.evaluate("location.hash")
    assert fragment == "#attention-addressed-1&layer=0&head=0&pin=2"
    again = open_page("addressed")
    again.goto(again.url + fragment)
    pinned = again.locator('.attention-figure:not(#far-away) [aria-pressed="true"]')
    pinned.wait_for()
    assert pinned.get_attribute("data-token") == "2"


@pytest.mark.parametrize(
    "fragment",
    [
        "nothing&layer=3",
        "far-away&layer=99&head=-1&pin=400,x,&scale=log",
        "far-away&",
        "%E0%A4%A&layer=3",
        "far-away&layer=%E0%A4%A",
        "far-away",
        "&&&",
        "__proto__&constructor=x",
        "far-away&__proto__=1&pin=1.99",
        "far-away&heads=99&pin=k99",
    ],
)
def test_a_broken_fragment_does_nothing(open_page, site, fragment: str) -> None:
    page = open_page("addressed")
    page.goto(f"{site.url('addressed')}#{fragment}")
    page.reload()
    ready(page, "far-away")
    assert page.locator("#far-away").get_attribute("data-layer") == "5"
    assert page.locator("#far-away").get_attribute("data-head") == "11"
    assert pressed(page, "far-away") == []


# Controls


CONTROLS = """() => document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive") return;
  const footer = document.querySelector("#sums .attention-footer");
  const make = (name, attributes, text = "") => {
    const node = Object.assign(document.createElement(name), attributes);
    node.append(text);
    return node;
  };
  const label = make("label", {className: "attention-choice"}, "scale ");
  const select = make("select", {name: "scale"});
  select.append(make("option", {value: "linear"}, "linear"), make("option", {value: "log"}, "logarithmic"));
  label.append(select, make("span", {className: "attention-value"}, "linear"));
  const buttons = ["all", "ab", "ba"].map(value => make("button", {name: "filter", value}, value));
  buttons[0].setAttribute("aria-pressed", "true");
  footer.append(label, ...buttons, make("button", {name: "grid", value: "on"}, "grid"));
})"""


def test_an_address_cannot_select_what_the_figure_lacks(open_page, site) -> None:
    page = open_page("views")
    address = site.url("views")
    for fragment, heads, pins in (
        ("pin=1&heads=0,0,0,1", ["0", "1"], [1]),
        (f"heads={','.join(['0', '1'] * 3_000)}&pin={','.join(['3'] * 1_000)}", ["0", "1"], [3]),
        (f"heads={'0,' * 40_000}1", None, None),  # No author writes this many heads.
        ("heads=0,99,nan,__proto__&pin=4,99,NaN,-1,k3,4.2.1&filter=%E0%A4%A", ["0"], [4]),
        ("__proto__=1&constructor=2&head=NaN&layer=99&order=toString&pin=2", None, [2]),
    ):
        page.goto("about:blank")
        page.goto(f"{address}#every-heads&{fragment}")
        ready(page, "every-heads")
        page.wait_for_timeout(100)
        shown = page.locator("#every-heads .attention-swatch[aria-pressed=true]")
        assert shown.all_inner_texts() == (heads or ["0", "3", "11"])
        assert pressed(page, "every-heads") == (pins or [4])
        note = page.locator("#every-heads .attention-note--numbers").inner_text()
        assert (f"mean of {len(heads or '012')} heads" in note) == (heads != ["0"])


def test_going_back_opens_the_figure_as_it_opened(open_page, site) -> None:
    page = open_page("sums", "summed")
    opened = pressed(page, "summed")
    assert opened == [3, 4]
    for leave in ("location.hash = ''", "history.back()"):
        page.evaluate("location.hash = '#summed&layer=0&head=2&pin=1'")
        page.wait_for_timeout(200)
        assert pressed(page, "summed") == [1]
        token(page, "summed", 7).click()
        page.evaluate(leave)
        page.wait_for_timeout(200)
        assert pressed(page, "summed") == opened
        assert page.locator("#summed").get_attribute("data-layer") == "5"
    # An address elsewhere on the page resets a figure that an address opened. A selection that a
    # reader made stays.
    for touched in (False, True):
        page.evaluate("location.hash = '#summed&pin=1'")
        page.wait_for_timeout(200)
        if touched:
            token(page, "summed", 7).click()
        page.evaluate("location.hash = '#elsewhere'")
        page.wait_for_timeout(200)
        assert pressed(page, "summed") == ([7] if touched else opened)


def test_controls_of_any_name_are_options(open_page, browser, site) -> None:
    context = browser.new_context(permissions=CLIPBOARD["permissions"])
    context.add_init_script(f"({CONTROLS})()")
    page = context.new_page()
    page.goto(site.url("sums"))
    ready(page, "sums")
    state = lambda: page.evaluate(  # noqa: E731
        """() => [...document.querySelectorAll('#sums button[name]')].map(
            b => `${b.value} ${b.getAttribute("aria-pressed")}`)"""
    )
    page.locator("#sums select[name=scale]").select_option("log")
    assert (
        page.locator("#sums select[name=scale] + .attention-value").text_content() == "logarithmic"
    )
    page.locator("#sums button[value=ba]").click()
    page.locator("#sums button[name=grid]").click()
    assert state() == ["all false", "ab false", "ba true", "on true"]
    # One button of a group of several stays pressed.
    page.locator("#sums button[value=ba]").click()
    page.locator("#sums button[name=grid]").click()  # A button that is alone can be released.
    assert state() == ["all false", "ab false", "ba true", "on false"]
    page.locator("#sums button[name=grid]").click()
    address = copy(page, "sums", "link")
    assert address.endswith("#sums&layer=5&head=11&pin=&scale=log&filter=ba&grid=on")
    page.goto("about:blank")
    page.goto(address.replace("filter=ba", "filter=neither"))
    page.wait_for_function("document.querySelector('#sums select[name=scale]')?.value === 'log'")
    assert state() == ["all true", "ab false", "ba false", "on true"]
    context.close()


def test_a_payload_of_any_length_is_decoded(open_page, tmp_path: Path) -> None:
    """Python decodes the payload in the page and compares it with the browser's numbers."""
    from sphinx_attention.core.figure.payload import decode, decode_text

    page = open_page("sums", "sums")
    text = page.locator("#sums script").text_content()
    payload = decode(decode_text(text.strip().strip('"')))
    assert json.loads(json.dumps(payload.header["queries"])) == NAMES
    pin(page, "sums", 4)
    assert numbers(page, "sums") == [f"{n / 1000:.3f}" for n in payload.codes[5, 11, 4]]
