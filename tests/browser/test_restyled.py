"""Pointing at a token computes the style of few elements: rules that depend on `:has()` can cost all.

A browser that changes an element under an ancestor with a rule such as `.a:has(.b) > *` computes the
style of everything in the ancestor again. In a figure of long texts that takes several frames.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import token

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def _restyled(browser: Browser, page: Page, x: float, y: float) -> int:
    """How many elements get a new style when the pointer goes to a point."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.mouse.move(x, y)
    page.wait_for_timeout(400)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    styles = [event for event in events if event["name"] == "UpdateLayoutTree"]
    assert styles
    return sum(event["args"].get("elementCount", 0) for event in styles)


@pytest.mark.parametrize(
    ("name", "figure", "side"),
    [("dog", "dog", None), ("steps-dog", "sdog", None), ("heads-dog", "hone", "query")],
)
def test_pointing_at_a_token_computes_few_styles(open_page, browser, name, figure, side) -> None:
    page = open_page(name, figure, reduced_motion="reduce")
    elements = page.locator(f"#{figure} *").count()
    points = []
    for index in (3, 6):
        box = token(page, figure, index, side).first.bounding_box()
        points.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    page.mouse.move(*points[0])
    page.wait_for_timeout(400)
    restyled = _restyled(browser, page, *points[1])
    assert restyled < elements
