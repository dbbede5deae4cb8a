"""Sphinx's search finds a figure's sentence, and its excerpts hold no numbers of figures."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import FOX, FOX_ROWS, indent

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGE = f"""\
A page
======

Before the figure.

.. attention-figure:: {FOX}
   :focus: fox

{indent(FOX_ROWS)}
   A caption with walruses.

After the figure.
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("theme", ["alabaster", "furo", "sphinx_rtd_theme", "pydata_sphinx_theme"])
def test_excerpts_hold_no_numbers_of_figures(project, browser: Browser, theme: str) -> None:
    made = project({"index.rst": PAGE}, f'html_theme = "{theme}"\n')
    app = made.build()
    handler = functools.partial(_Quiet, directory=str(Path(app.outdir)))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        for word in ("quick", "walruses"):
            page.goto(f"http://127.0.0.1:{server.server_port}/search.html?q={word}")
            page.wait_for_selector("#search-results li a")
            excerpt = page.locator("#search-results li p.context").first
            excerpt.wait_for()
            text = excerpt.inner_text()
            assert "Before the figure" in text
            assert "0.6" not in text, text
            assert "Strongest pairs" not in text
        page.close()
        server.shutdown()


def test_only_the_search_page_of_notes_with_figures_gets_the_script(project) -> None:
    made = project({"index.rst": PAGE})
    made.build()
    assert "attention-search.js" in made.html("search")
    assert "attention-search.js" not in made.html()
    plain = project({"index.rst": "Page\n====\n\nNothing.\n"})
    plain.build()
    assert "attention-search.js" not in plain.html("search")
