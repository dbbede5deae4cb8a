"""Other scripts of a page and the figures do not break each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import away, pressed, ready
from tests.browser.pages.scripts import VIEWS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WORDS = ["entropy", "looks", "attention"]

LISTEN = """() => {
  window.heard = [];
  for (const on of [document, window]) on.addEventListener("keydown", event => heard.push(event.key));
}"""


def received(page: Page, key: str) -> bool:
    """Press a key. Return whether scripts of the page receive the event."""
    page.evaluate("heard.length = 0")
    page.keyboard.press(key)
    return page.evaluate("heard.length") > 0


ARROWS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
TOKEN = (*ARROWS, "Home", "End", "Enter", " ")


@pytest.mark.parametrize(
    ("where", "used", "unused"),
    [
        ("#all-arcs [data-token='1']", ("ArrowLeft", "ArrowRight", "Home", "End", "Enter"), "sx/?"),
        ("#all-cross [data-token='1'][data-side='key']", TOKEN, "sx/?"),
        ("#all-heads [data-token='1'][data-side='query']", TOKEN, "sx/?"),
        ("#all-matrix [data-token='1'][data-side='query']", TOKEN, "sx/?"),
        ("#all-steps [data-token='1'][data-side='query']", TOKEN, "sx/?"),
        (
            "#all-grid .attention-large [data-token='1']",
            ("ArrowLeft", "ArrowRight", "Enter"),
            "sx/?",
        ),
        ("#all-grid .attention-thumb >> nth=1", TOKEN, "sx/?"),
        (
            "#all-heads .attention-swatch >> nth=1",
            ("ArrowLeft", "ArrowRight", "Home", "End", "Enter", " ", "s", "S"),
            "x/?",
        ),
        ("#all-arcs select[name=layer]", (*ARROWS, "Home", "End"), ()),
        ("#all-arcs .attention-save summary", ("Enter", " "), "sx/?"),
        ("#all-arcs .attention-direction", ("Enter", " "), "sx/?"),
    ],
)
def test_keys_that_a_figure_uses_are_no_shortcuts_of_the_page(
    open_page, where: str, used: tuple[str, ...], unused: str
) -> None:
    page = open_page("all", where.partition(" ")[0].removeprefix("#"))
    page.evaluate(LISTEN)
    for key in used:
        page.locator(where).first.focus()
        assert not received(page, key), key
    for key in unused:
        page.locator(where).first.focus()
        assert received(page, key), key
        assert received(page, f"Control+{key}"), key


@pytest.mark.parametrize("view", [*VIEWS, "cross"])
def test_escape_is_the_figures_while_something_is_pinned(open_page, view: str) -> None:
    page = open_page("all", f"all-{view}")
    page.evaluate(LISTEN)
    page.locator(f"#all-{view} [data-token='2'][role=button]").first.click()
    assert pressed(page, f"all-{view}")
    assert not received(page, "Escape")
    assert not pressed(page, f"all-{view}")
    assert received(page, "Escape")
    # Escape unpins without the keyboard focus, too, if the figure is in sight.
    page.locator(f"#all-{view} [data-token='2'][role=button]").first.click()
    page.evaluate("document.activeElement.blur()")
    assert not received(page, "Escape")
    assert not pressed(page, f"all-{view}")
    if view == "arcs":
        # A figure out of sight unpins and passes the key to the page. The figure of steps has a
        # pinned word and is in sight then, so the test unpins that word first.
        ready(page, "all-steps")
        page.keyboard.press("Escape")
        page.locator(f"#all-{view} [data-token='2'][role=button]").first.click()
        page.evaluate("document.activeElement.blur(); scrollTo(0, 1e6)")
        assert received(page, "Escape")
        assert not pressed(page, f"all-{view}")


def test_arrow_keys_turn_no_page(open_page) -> None:
    page = open_page("all", "all-heads")
    # This is the option navigation_with_keys of themes that are based on Sphinx's basic theme.
    page.evaluate("DOCUMENTATION_OPTIONS.NAVIGATION_WITH_KEYS = true")
    page.locator("#all-heads [data-token='1'][data-side='query']").click()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.url.endswith("/all.html")
    page.evaluate("document.activeElement.blur()")
    with page.expect_navigation():
        page.keyboard.press("ArrowRight")


def test_a_box_that_scrolls_keeps_the_keys_that_scroll_it(open_page) -> None:
    page = open_page("scroll", "far")
    page.evaluate(LISTEN)
    page.locator("#far .attention-stage").focus()
    left = page.locator("#far .attention-stage").evaluate("e => e.scrollLeft")
    assert not received(page, "ArrowLeft")
    page.wait_for_timeout(300)
    assert page.locator("#far .attention-stage").evaluate("e => e.scrollLeft") < left
    assert received(page, "ArrowDown")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_words_of_a_search_are_marked_on_the_whole_page(open_page, when: str) -> None:
    """Sphinx's script marks the words, before and after the figures are live."""
    page = open_page("all")
    if when == "after":
        for view in VIEWS:
            ready(page, f"all-{view}")
            page.locator(f"#all-{view} [data-token='1'][role=button]").first.click()
    page.evaluate("localStorage.setItem('sphinx_highlight_terms', 'attention looks entropy 0')")
    page.evaluate("SphinxHighlight.highlightSearchWords()")
    page.wait_for_timeout(100)
    marked = page.locator("section > p .highlighted").all_inner_texts()
    assert [word.lower() for word in marked] == [
        *("attention", "looks"),
        *("attention", "looks", "entropy"),
    ]
    # The search marks words in the text below the picture.
    assert page.locator("figure .highlighted").count() > 0
    assert page.locator("figure :is(svg, script) .highlighted, rect.highlighted").count() == 0
    for view in VIEWS:
        figure = f"all-{view}"
        ready(page, figure)
        words = page.locator(f"#{figure} .attention-word").all_text_contents()
        assert set(words) == set(WORDS)
        page.locator(f"#{figure} [data-token='0'][role=button]").first.click()
        assert 0 in pressed(page, figure)
    # The figure replaces text that a script has wrapped.
    thumb = page.locator("#all-grid .attention-thumb").nth(4)
    thumb.click()
    headline = page.locator("#all-grid .attention-headline")
    assert headline.locator("b").first.inner_text() == "1.1"
    entropy = headline.locator("[data-score=entropy]")
    page.locator("#all-grid select[name=order]").select_option("entropy")
    away(page)
    spoken = page.locator("#all-grid .attention-thumb[aria-current]").get_attribute("aria-label")
    assert spoken == f"layer 1, head 1, {entropy.inner_text()}"


def test_navigation_without_page_loads_works_beside_figures(open_page) -> None:
    """sphinx-immaterial makes the addresses of such a page absolute."""
    page = open_page("images", "image-steps")
    for figure in ("image-grid", "image-matrix", "image-steps"):
        page.locator(f"#{figure}").scroll_into_view_if_needed()
        ready(page, figure)
    assert page.locator("svg image").count() >= 2
    reported = page.evaluate(
        """text => {
          "use strict";
          const fetched = new DOMParser().parseFromString(text, "text/html");
          const all = [document, fetched].flatMap(one => [...one.querySelectorAll("[href], [src]")]);
          for (const one of all) {
            for (const name of ["href", "src"]) if (one.hasAttribute(name)) one[name] = one[name];
          }
          return all.length;
        }""",
        page.context.request.get(page.url).text(),
    )
    assert reported > 10


HEIGHTS = """() => [...document.querySelectorAll("figure.attention-figure")].map(
  figure => figure.getBoundingClientRect().height)"""
CONTROLS = (
    "select, .attention-control, .attention-direction, .attention-save, .attention-note--hint,"
    " .attention-readout--hint, .attention-swatch[aria-pressed=false]"
)


CORE = "**/attention.js*"
VIEW = re.compile(r"/_static/attention-[a-z]+\.js")


@pytest.mark.parametrize(
    ("script", "fault", "width"),
    [
        (CORE, "blocked", 1000),
        (CORE, "blocked", 360),
        (CORE, "missing", 360),
        (CORE, "broken", 360),
        (CORE, "payload", 360),
        (VIEW, "blocked", 1000),
        (VIEW, "missing", 360),
        (VIEW, "broken", 360),
    ],
)
def test_without_a_script_a_page_looks_as_without_javascript(
    browser, site, script: str | re.Pattern[str], fault: str, width: int
) -> None:
    """Without a working script, the page also keeps its layout when the script arrives late."""
    answers = {
        "blocked": lambda route: route.abort(),
        "missing": lambda route: route.fulfill(status=404),
        "broken": lambda route: route.fulfill(body="throw new Error('early');"),
        "payload": lambda route: route.continue_(),
    }
    shots = []
    for enabled in (False, True):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=enabled
        )
        context.route(script, answers[fault])
        page = context.new_page()
        if enabled and fault == "payload":
            context.route("**/quiet.html", _without_payloads)
        page.goto(site.url("quiet"))
        if enabled:
            page.wait_for_timeout(200)
            figures = page.locator("figure.attention-figure")
            if fault == "payload" or script == VIEW:
                for figure in figures.all():
                    figure.scroll_into_view_if_needed()
                    page.wait_for_timeout(50)
                page.evaluate("scrollTo(0, 0)")
            heights = page.evaluate(HEIGHTS)
        assert not [one for one in page.locator(CONTROLS).all() if one.is_visible()]
        assert page.locator("#quiet-none .attention-overview path").first.is_visible()
        assert page.locator("#quiet-heads .attention-choice .attention-value").first.is_visible()
        shots.append(page.screenshot(full_page=True))
        context.close()
    assert shots[0] == shots[1]
    if fault != "blocked":
        return
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(site.url("quiet"))
    for figure in page.locator("figure.attention-figure").all():
        ready(page, figure.get_attribute("id"))
    assert page.evaluate(HEIGHTS) == pytest.approx(heights, abs=0.5)
    assert page.locator("#quiet-heads select").first.is_visible()
    assert not page.locator("#quiet-none .attention-overview path").first.is_visible()
    page.context.close()


def _without_payloads(route) -> None:
    """The page, with payloads that are cut."""
    html = route.fetch().text()
    cut, count = re.subn(r'(type="application/x-attention"[^>]*>")', r"\1!", html)
    assert count
    route.fulfill(body=cut, content_type="text/html")


@pytest.mark.parametrize("view", [*VIEWS, "cross"])
def test_a_copy_of_a_live_figure_is_bound_once(open_page, view: str) -> None:
    """Turbo puts back such a copy of a page."""
    page = open_page("all", f"all-{view}")
    page.locator(f"#all-{view} [data-token='2'][role=button]").first.click()
    for _ in range(2):
        page.locator(f"#all-{view}").evaluate("one => one.replaceWith(one.cloneNode(true))")
        page.wait_for_timeout(300)
        ready(page, f"all-{view}")
        page.wait_for_timeout(100)
        figure = page.locator(f"#all-{view}")
        counts = ".attention-save", ".attention-live", ".attention-thumbs", ".attention-cross"
        assert [figure.locator(name).count() for name in counts] in (
            [1, 1, n, m] for n in (0, 1) for m in (0, 1)
        )
        assert pressed(page, f"all-{view}") == [2]
        chosen = figure.locator("[data-token='2'][role=button]").first
        chosen.click()
        assert pressed(page, f"all-{view}") == []
        if view not in {"steps", "cross"}:
            figure.locator('select[name="layer"]').select_option("1")
            assert figure.get_attribute("data-layer") == "1"
        figure.locator("[data-token='2'][role=button]").first.click()
        assert pressed(page, f"all-{view}") == [2]


def test_translators_and_formulas_of_the_page_leave_tokens_alone(open_page) -> None:
    page = open_page("all", "all-arcs")
    page.locator("#all-arcs [data-token='2']").click()
    for name in ("word", "number", "scores th", "edge"):
        found = page.locator(f"#all-arcs .attention-{name}").first
        assert found.evaluate("e => !!e.closest('[translate=no]')"), name
        assert found.evaluate("e => !!e.closest('.mathjax_ignore.tex2jax_ignore')"), name
    # A translator that changes the text of options does not break the selection.
    page.evaluate(
        "document.querySelector('#all-arcs select[name=layer]').options[1].textContent = 'eins'"
    )
    page.locator('#all-arcs select[name="layer"]').select_option("eins")
    page.locator('#all-arcs select[name="head"]').select_option("1")
    assert page.locator("#all-arcs").get_attribute("data-head") == "1"


def test_screen_readers_are_reported_of_changes_while_nothing_is_pinned(open_page) -> None:
    page = open_page("all", "all-heads")
    message = page.locator("#all-heads .attention-live")
    assert message.get_attribute("role") == "status"
    other = {"0": "1", "1": "0"}[page.locator("#all-heads").get_attribute("data-layer")]
    page.locator('#all-heads select[name="layer"]').select_option(other)
    assert message.text_content().startswith(f"Layer {other}, head ")
    before = message.text_content()
    page.locator("#all-heads .attention-swatch[aria-pressed=false]").first.click()
    assert message.text_content() != before
    ready(page, "all-grid")
    page.locator('#all-grid select[name="order"]').select_option("entropy")
    assert page.locator("#all-grid .attention-live").text_content() == "sorted by entropy"


def test_elements_with_the_keyboard_have_names(open_page) -> None:
    page = open_page("all", "all-heads")
    names = [
        page.locator(f"#all-heads [data-token='0'][data-side='{side}']").get_attribute("aria-label")
        for side in ("query", "key")
    ]
    assert names == ["entropy", "entropy, key"]
    far = open_page("scroll", "far")
    assert far.locator("#far .attention-stage").get_attribute("aria-label")
    assert far.locator("#far .attention-stage").get_attribute("role") == "region"
