"""The pages of the browser tests, opened in Firefox and in WebKit."""

from __future__ import annotations

import functools
import http.server
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from scripts import find_browsers
from tests.browser.conftest import POLICY, Site
from tests.browsers.drivers import BROWSERS, Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WATCH = """\
window.seen = { errors: [], saved: [] };
for (const name of ["error", "unhandledrejection", "securitypolicyviolation"]) {
  // Firefox fetches the page that follows in the notes, which the policy does not allow.
  const isNext = ({ blockedURI, target }) => /[.]html$/.test(blockedURI ?? "") || target.rel === "next";
  addEventListener(name, (event) => isNext(event) || seen.errors.push(
    [name, event.message ?? event.reason ?? event.violatedDirective ?? event.target.outerHTML,
      event.blockedURI ?? ""].join(" ")), true);
}
const error = console.error;
console.error = (...words) => { seen.errors.push(words.join(" ")); error(...words); };
const make = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  const kept = { type: blob.type, size: blob.size };
  seen.saved.push(kept);
  blob.text().then((text) => { kept.text = text.slice(0, 100000); });
  return make.call(URL, blob);
};
"""
"""Runs before every other script of a page, and records errors and saved files."""

WAIT_SECONDS = 20


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the built pages with a strict policy, and with `WATCH` in front of their scripts."""

    def do_GET(self) -> None:
        if self.path == "/watch.js":
            self._send(WATCH.encode(), "text/javascript")
        elif self.path.split("?")[0].endswith(".html"):
            with open(self.translate_path(self.path), "rb") as file:  # noqa: PTH123
                page = file.read()
            self._send(
                page.replace(b"<head>", b'<head><script src="/watch.js"></script>', 1), "text/html"
            )
        elif self.path == "/favicon.ico":
            self._send(b"", "image/x-icon")
        else:
            super().do_GET()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("browsers")
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, f"http://127.0.0.1:{server.server_address[1]}", minilm)
        server.shutdown()


@pytest.fixture(scope="session", params=sorted(BROWSERS))
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    for wanted in find_browsers.WANTED:
        path = find_browsers.find(wanted)
        assert path, f"{wanted.variable} is not found; run these tests by `make test-browsers`"
        os.environ[wanted.variable] = path
    with BROWSERS[request.param]() as started:
        yield started


class Page:
    """A page in a browser, with what the tests do to it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.run = driver.run

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + WAIT_SECONDS
        while not self.run(f"!!({condition})"):
            assert time.monotonic() < end, f"still not: {condition}"
            time.sleep(0.05)

    def centre(self, selector: str) -> tuple[float, float]:
        """The centre of an element, scrolled into view."""
        found = self.run(
            f"""(() => {{
              const element = document.querySelector({selector!r});
              element.scrollIntoView({{ block: "center", behavior: "instant" }});
              const box = element.getBoundingClientRect();
              return [box.left + box.width / 2, box.top + box.height / 2];
            }})()"""
        )
        return found[0], found[1]

    def hover(self, selector: str) -> None:
        self.driver.move(*self.centre(selector))

    def click(self, selector: str) -> None:
        self.driver.click(*self.centre(selector))

    def away(self) -> None:
        self.driver.move(3, 3)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.driver.press(key)

    def count(self, selector: str) -> int:
        return int(self.run(f"document.querySelectorAll({selector!r}).length"))

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.run(
            f"[...document.querySelectorAll({selector!r})].map((one) => one.textContent)"
        )
        return found

    def edges(self, figure: str) -> dict[tuple[int, int], float]:
        """The widths of the edges that are drawn, by query and key."""
        drawn: list[list[Any]] = self.run(
            f"[...document.querySelectorAll('#{figure} .attention-edge')].map((edge) => "
            "[edge.dataset.query, edge.dataset.key, edge.getAttribute('stroke-width')])"
        )
        return {(int(query), int(key)): float(width) for query, key, width in drawn}


@pytest.fixture
def open_page(driver: Driver, site: Site) -> Iterator[Callable[..., Page]]:
    page = Page(driver)

    def open_(name: str, figure: str) -> Page:
        driver.move(3, 3)
        driver.goto(site.url(name))
        page.run(f"document.getElementById({figure!r}).scrollIntoView()")
        page.wait(f"document.querySelector('#{figure}.attention-figure--live .attention-live')")
        return page

    yield open_
    assert page.run("seen.errors") == []
