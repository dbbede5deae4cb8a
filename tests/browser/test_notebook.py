"""Figures from Python in pages: outputs of a notebook, live and converted to HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import sphinx_attention

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

FOX = "the quick brown fox"
WEIGHTS = np.array(
    [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.0, 0.1, 0.3, 0.6]]
)
OUTPUT = """
html => {
  const output = document.createElement("div");
  output.innerHTML = html;
  document.body.append(output);
  // Scripts that innerHTML inserts do not run, so JupyterLab makes them anew.
  for (const old of output.querySelectorAll("script")) {
    const script = document.createElement("script");
    for (const { name, value } of old.attributes) script.setAttribute(name, value);
    script.textContent = old.textContent;
    old.replaceWith(script);
  }
}
"""


def outputs() -> list[str]:
    heads = np.stack([WEIGHTS, WEIGHTS[::-1, ::-1]])
    arcs = sphinx_attention.figure(FOX, weights=WEIGHTS)
    matrix = sphinx_attention.figure(FOX, weights=heads, view="matrix")
    return [one._repr_html_() for one in (arcs, matrix, arcs)]


def opened(browser: Browser) -> tuple[Page, list[str]]:
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.route("**/*", lambda route: (wrong.append(route.request.url), route.abort()))
    return page, wrong


@pytest.mark.parametrize("way", ["live", "converted"])
def test_several_outputs_are_live(browser: Browser, way: str) -> None:
    page, wrong = opened(browser)
    if way == "converted":
        page.set_content(f"<!DOCTYPE html><body>{'<hr>'.join(outputs())}</body>")
    else:
        page.set_content("<!DOCTYPE html><body></body>")
        for html in outputs():
            page.evaluate(OUTPUT, html)
    figures = page.locator(".attention-figure")
    assert figures.count() == 3
    for number in range(3):
        one = figures.nth(number)
        one.scroll_into_view_if_needed()
        one.locator("[data-token][role=button]").first.wait_for(state="attached")
        one.locator('[data-token="1"]').first.click()
        # A script that ran twice would pin the token and unpin it again.
        assert one.locator(".attention-scores .attention-number").first.inner_text() == "0.200"
    assert page.evaluate("document.querySelectorAll('[id]').length") == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size"
    )
    assert [one for one in wrong if not one.startswith("data:")] == []
    page.close()


def test_everything_that_readers_can_choose_is_in_the_output(browser: Browser) -> None:
    page, wrong = opened(browser)
    page.set_content("<!DOCTYPE html><body></body>")
    several = sphinx_attention.figure("the dog sleeps", also=["a cat eats now"], layer=1, head=2)
    steps = sphinx_attention.figure("the dog sleeps", generate=2)
    sides = sphinx_attention.figure("the dog sleeps", also=["the cat eats"], compare="sentence")
    for one in (several, steps, sides, several):
        page.evaluate(OUTPUT, one._repr_html_())
    for output in (0, 3):
        figure = page.locator(".attention-output").nth(output).locator(".attention-figure")
        figure.scroll_into_view_if_needed()
        figure.locator("[data-token][role=button]").first.wait_for(state="attached")
        figure.locator('select[name="sentence"]').select_option("1")
        figure.get_by_text("cat", exact=True).first.wait_for(state="attached")
    assert page.locator(".attention-output").nth(2).locator(".attention-pane").count() == 2
    assert [one for one in wrong if not one.startswith("data:")] == []
    page.close()
