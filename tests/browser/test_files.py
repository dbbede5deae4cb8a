"""The page that `sphinx-attention render` writes, opened without any network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.render.files import write_file
from tests.core.render.figures import figure

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
WEIGHTS = [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.0, 0.1, 0.3, 0.6]]


def test_every_view_that_a_reader_can_choose_is_in_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    rows = np.array(WEIGHTS)[None, None].repeat(2, 1)
    write_file(figure("the quick brown fox", rows, view="grid"), tmp_path / "x.html")
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content((tmp_path / "x.html").read_text())
    page.wait_for_selector("[data-token][role=button]", state="attached")
    for view in ("heads", "matrix", "arcs"):
        page.locator('select[name="large"]').select_option(view)
        page.wait_for_selector(f'.attention-large[data-view="{view}"]')
        page.locator('.attention-large [data-token="1"]').first.hover()
        page.wait_for_selector(".attention-large .attention-token--focus", state="attached")
    page.close()


def test_the_page_is_live_without_any_request(browser: Browser, tmp_path: Path) -> None:
    write_file(figure("the quick brown fox", WEIGHTS), tmp_path / "x.html")
    page = browser.new_page(accept_downloads=True)
    requested: list[str] = []
    errors: list[str] = []
    page.route("**/*", lambda route: (requested.append(route.request.url), route.abort()))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.set_content((tmp_path / "x.html").read_text())
    page.wait_for_selector("[data-token][role=button]", state="attached")
    assert page.locator(".attention-edge:visible").count() == 0
    page.locator('[data-token="1"]').first.hover()
    page.wait_for_selector(".attention-edge[data-query='1']", state="attached")
    page.locator('[data-token="1"]').first.click()
    assert page.locator(".attention-scores .attention-number").first.inner_text() == "0.200"
    page.evaluate("document.fonts.load('16px \"Attention Math\"')")
    assert page.evaluate("document.fonts.check('16px \"Attention Math\"')")
    # The page holds the script that saves pictures, too.
    page.locator(".attention-save summary").click()
    with page.expect_download() as saved:
        page.get_by_text("save as SVG").click()
    assert "<svg" in saved.value.path().read_text()
    page.close()
    assert [url for url in requested if not url.startswith(("data:", "blob:"))] == []
    assert errors == []
