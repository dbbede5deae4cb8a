"""The core script and the scripts of views, in any order and with scripts missing."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ready
from tests.browser.pages.scripts import VIEWS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser

CORE = re.compile(r"/_static/attention\.js")
VIEW = re.compile(r"/_static/attention-[a-z]+\.js")


def view_scripts(page: Page) -> list[str]:
    """The view scripts that the browser has loaded for a page."""
    urls = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    found = [re.search(r"/_static/attention-([a-z]+)\.js", url) for url in urls]
    return [one[1] for one in found if one and one[1] in VIEWS]


def late(route: Route) -> None:
    time.sleep(0.3)
    route.continue_()


@pytest.mark.parametrize("script", [CORE, VIEW])
def test_the_scripts_may_arrive_in_any_order(
    browser: Browser, site, script: re.Pattern[str]
) -> None:
    page = browser.new_page()
    page.route(script, late)
    page.goto(site.url("all"))
    for view in VIEWS:
        ready(page, f"all-{view}")
    assert sorted(view_scripts(page)) == sorted(VIEWS)
    page.close()


def test_the_other_views_work_without_the_script_of_one_view(browser: Browser, site) -> None:
    page = browser.new_page()
    page.route("**/attention-heads.js*", lambda route: route.fulfill(status=404))
    page.goto(site.url("all"))
    for view in VIEWS:
        if view != "heads":
            ready(page, f"all-{view}")
    page.locator("#all-heads").scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    assert not page.locator("#all-heads select").first.is_visible()
    assert page.locator("#all-heads [data-token][role=button]").count() == 0
    assert page.locator("#all-arcs select").first.is_visible()
    page.close()


@pytest.mark.parametrize("by", ["http", "file"])
def test_another_large_view_is_loaded_when_it_is_chosen(open_page, by: str) -> None:
    page = open_page("grid-dog", "gdog", by)
    listed = by == "http"  # Chromium lists no files among the resources of a page.
    assert not listed or set(view_scripts(page)) == {"arcs", "grid"}
    page.locator('#gdog select[name="large"]').select_option("heads")
    page.wait_for_selector('#gdog .attention-large[data-view="heads"] .attention-columns')
    assert not listed or "heads" in view_scripts(page)
    # The new view shows what was selected while its script was loading.
    page.locator('#gdog select[name="large"]').select_option("matrix")
    page.locator("#gdog .attention-thumb").nth(3).click()
    page.wait_for_selector('#gdog .attention-large[data-view="matrix"] .attention-cells path')
    assert page.locator("#gdog").get_attribute("data-head") == "3"
    assert page.locator("#gdog .attention-large svg").count() == 1


def test_a_large_view_that_cannot_be_loaded_is_not_chosen(browser: Browser, site) -> None:
    page = browser.new_page()
    page.route("**/attention-matrix.js*", lambda route: route.abort())
    page.goto(site.url("grid-dog"))
    ready(page, "gdog")
    select = page.locator('#gdog select[name="large"]')
    select.select_option("matrix")
    expect(select).to_have_value("arcs")
    assert page.locator("#gdog .attention-large").get_attribute("data-view") == "arcs"
    select.select_option("heads")
    page.wait_for_selector('#gdog .attention-large[data-view="heads"]')
    page.close()


def test_an_address_may_name_a_large_view(browser: Browser, site) -> None:
    page = browser.new_page()
    page.goto(site.url("grid-dog") + "#gdog&layer=0&head=2&pin=4&large=heads")
    page.wait_for_selector('#gdog .attention-large[data-view="heads"]')
    pinned = page.locator("#gdog [data-token='4'][data-side=query]")
    assert pinned.get_attribute("aria-pressed") == "true"
    page.close()


def test_a_page_may_load_the_scripts_twice(open_page) -> None:
    page = open_page("all", "all-arcs")
    for name in ("attention.js", "attention-arcs.js"):
        src = page.locator(f"script[src*='/{name}']").get_attribute("src")
        page.add_script_tag(url=src)
    page.locator("#all-arcs").evaluate("one => one.replaceWith(one.cloneNode(true))")
    page.wait_for_timeout(300)
    ready(page, "all-arcs")
    assert page.locator("#all-arcs .attention-save").count() == 1


def test_a_figure_that_is_inserted_later_loads_its_view(open_page, site) -> None:
    """Some themes replace the content of a page and keep its head."""
    page = open_page("fox", "fox")
    assert view_scripts(page) == ["arcs"]
    page.evaluate(
        """text => {
          const html = new DOMParser().parseFromString(text, "text/html");
          const figure = html.querySelector("#all-matrix");
          // The first figure of that page carries the numbers of all.
          const payload = figure.querySelector("script[data-key]");
          const holder = `script[data-key="${payload.dataset.key}"]:not(:empty)`;
          payload.textContent ||= html.querySelector(holder).textContent;
          document.querySelector("figure").replaceWith(figure);
        }""",
        page.context.request.get(site.url("all")).text(),
    )
    ready(page, "all-matrix")
    assert view_scripts(page) == ["arcs", "matrix"]


def test_a_figure_that_is_inserted_later_loads_what_its_view_needs(open_page, site) -> None:
    page = open_page("steps-dog", "sdog")
    shared = "script[src*='/attention-edges.js']"
    assert page.locator(shared).count() == 0
    page.evaluate(
        """text => {
          const html = new DOMParser().parseFromString(text, "text/html");
          document.querySelector("figure").replaceWith(html.querySelector("#fox"));
        }""",
        page.context.request.get(site.url("fox")).text(),
    )
    ready(page, "fox")
    page.locator("#fox [data-token='2']").hover()
    assert page.locator("#fox .attention-edge").count() > 0
