"""A page that is still loading: complete figures are live, incomplete figures wait."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import edges, token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Site

ANSWERS = '#{} [data-token="2"][role="button"]'


class _Slow(http.server.SimpleHTTPRequestHandler):
    """Sends one page up to the middle of its second figure, and the rest after `go_on` is set."""

    page = ""
    go_on = threading.Event()

    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        if name != self.page:
            super().do_GET()
            return
        html = Path(self.translate_path(self.path)).read_text(encoding="utf-8")
        middle = html.index("attention-footer", html.index('id="many1"'))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(html[:middle].encode())
        self.wfile.flush()
        self.go_on.wait(20)
        self.wfile.write(html[middle:].encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slow(site: Site) -> Iterator[tuple[str, threading.Event]]:
    folder = site.folder / site.url("many").split("/")[-2]
    kind = type("Slow", (_Slow,), {"page": "many.html", "go_on": threading.Event()})
    handler = functools.partial(kind, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/many.html", kind.go_on
        kind.go_on.set()
        server.shutdown()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    yield context.new_page()
    context.close()


def test_a_figure_is_live_before_the_rest_of_its_page_has_arrived(
    page: Page, slow: tuple[str, threading.Event]
) -> None:
    url, go_on = slow
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url, wait_until="commit")
    page.wait_for_selector(ANSWERS.format("many0"), state="attached")
    token(page, "many0", 2).hover()
    assert edges(page, "many0")[2, 2] == pytest.approx(6)
    assert page.evaluate("document.readyState") == "loading"
    # Half of the second figure has arrived, without its payload.
    assert page.locator("#many1 [data-token]").count()
    page.wait_for_timeout(200)
    assert not page.locator(ANSWERS.format("many1")).count()
    go_on.set()
    page.wait_for_selector(ANSWERS.format("many1"), state="attached")
    assert page.locator(".attention-figure--static").count() == 0
    assert not errors
