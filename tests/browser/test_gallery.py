"""The gallery of all views in a browser: every view opens in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts import gallery
from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


pytestmark = pytest.mark.browser


def test_every_view_opens(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "gallery.html"
    file.write_text(gallery.page(), encoding="utf-8")
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(file.as_uri())
    for view in VIEWS:
        # Figures open when they come into sight.
        for figure in opened.locator(f"[data-view={view}]").all()[:2]:
            figure.scroll_into_view_if_needed()
            figure.locator("[role=button], [tabindex='0']").first.wait_for(state="attached")
    assert opened.evaluate("() => document.documentElement.scrollWidth") == 1280
    opened.close()
    assert errors == []
