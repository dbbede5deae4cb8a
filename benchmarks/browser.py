"""Pages in a real Chromium: the times of painting and of answering, and the numbers of elements."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from scripts.find_chromium import FLAGS

from .plan import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:"
)
IDLE = 15
"""The seconds after its load event after which a page without a picture counts as failed."""

FRAME = 1000 / 60
"""The milliseconds of a frame. A change by an event is painted after at most two frames."""


@dataclass(frozen=True)
class Look:
    """The elements of interest on a page.

    Attributes:
        mark: a selector of drawn elements; a page counts as painted with the first of them.
        root: a selector of the whole figure.
        targets: JavaScript that gives the elements to point at, one for each token.
        cells: a selector of elements with cells to point at.
        ready: a selector of elements that get the attribute ``role`` when the figure answers; empty
            if a figure answers as soon as it is drawn.
        first: JavaScript that gives an element to click before pointing, or null.
        pins: whether a click keeps a token in focus.
    """

    mark: str
    root: str
    targets: str
    cells: str = ".none"
    ready: str = ""
    first: str = "null"
    pins: bool = False


OURS = Look(
    mark=".attention-picture text, .attention-picture path, .attention-picture image",
    root=".attention-figure",
    targets="document.querySelectorAll('.attention-figure [data-token]')",
    cells=".attention-figure .attention-field",
    ready=".attention-figure [data-token], .attention-figure .attention-picture",
    pins=True,
)
_PEER = functools.partial(Look, mark="#vis line", root="[id^=bertviz]")
PEERS = {
    "head": _PEER(targets="document.querySelectorAll('#left > g:not(.attentionBoxes) > g')"),
    "model": _PEER(
        targets="document.querySelector('g.detail').children",
        first="document.querySelector('#attn_background_0_0').parentNode.lastChild",
    ),
    "neuron": _PEER(targets="document.querySelectorAll('#collapsed #leftText > g')"),
}
CONTROL = Look(mark="p", root="body", targets="document.querySelectorAll('p')")
CONTROL_PAGE = (
    "<!doctype html><meta charset=utf-8><title>Floor</title><style>p:hover{color:#900}</style>"
    + "<p>One word.</p>" * 12
)
"""A page that does almost nothing under the pointer: the minimum cost of hovering."""


@dataclass
class Visit:
    """The measurements of one opening of a page, in ms from the start of the navigation.

    Attributes:
        painted: the time when the first part of the picture was painted; None without a picture.
        ready: the time when the figure answered.
        load: the time of the page's load event.
        hovers: for each hover, the time from the pointer's arrival at a token to two frames later.
        elements: the elements of the figure as opened; ``most`` while pointed at or pinned.
        decoded: the payloads that were decoded without scrolling.
        marks: the elements of the picture.
        farthest: the distance in px from the screen to the lowest live figure.
        requests: the addresses that were requested.
        problem: why the visit stopped; empty if it succeeded.
    """

    painted: float | None = None
    ready: float | None = None
    load: float | None = None
    hovers: list[float] = field(default_factory=list)
    elements: int = 0
    most: int = 0
    decoded: int = 0
    marks: int = 0
    farthest: float = 0
    requests: list[str] = field(default_factory=list)
    problem: str = ""


_SCRIPT = (ROOT / "benchmarks" / "watch.js").read_text(encoding="utf-8")


def chromium_path() -> str:
    """A Chromium that starts."""
    named = os.environ.get("ATTENTION_CHROMIUM")
    if named:
        return named
    command = [sys.executable, str(ROOT / "scripts" / "find_chromium.py")]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Chromium:
    """A browser that is started again after a page has crashed it."""

    def __init__(self) -> None:
        self._path = chromium_path()
        self._playwright = sync_playwright().start()
        self._browser: Browser | None = None
        self.version = self._open().version

    def _open(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(executable_path=self._path, args=FLAGS)
        return self._browser

    def close(self) -> None:
        """Close the browser."""
        self._shut()
        self._playwright.stop()

    def _shut(self) -> None:
        if self._browser is not None:
            self._browser.close()
            self._browser = None

    @contextmanager
    def page(self, url: str) -> Iterator[Page]:
        """A page in a fresh context."""
        context = self._open().new_context(viewport={"width": 1280, "height": 900})
        try:
            page = context.new_page()
            page.goto(url, wait_until="load")
            yield page
        finally:
            context.close()

    def visit(
        self,
        url: str,
        look: Look,
        limit: float,
        hovers: int = 0,
        *,
        scripts: bool = True,
        network: bool = True,
    ) -> Visit:
        """Open a page in a fresh context, wait until it answers, and point at tokens.

        Args:
            url: the address of the page.
            look: the elements of interest.
            limit: the seconds after which a page counts as failed.
            hovers: the number of tokens to point at.
            scripts: whether the page may run JavaScript; without scripts, only its marks are
            counted.
            network: whether the page may request files of other servers.
        """
        visit = Visit()
        context = self._open().new_context(
            viewport={"width": 1280, "height": 900}, java_script_enabled=scripts
        )
        own = url.split("/", 3)[2] if url.startswith("http") else ""
        if not network:
            context.route(
                lambda address: address.startswith("http") and f"//{own}/" not in address,
                lambda route: route.abort(),
            )
        page = context.new_page()
        page.set_default_timeout(limit * 1000)
        page.on("request", lambda request: visit.requests.append(request.url))
        try:
            if scripts:
                chosen = {"mark": look.mark, "root": look.root, "ready": look.ready}
                page.add_init_script(_SCRIPT.replace("LOOK", json.dumps(chosen), 1))
                _watch(page, url, look, limit, visit)
                if hovers and not visit.problem:
                    _point(page, look, hovers, visit)
            else:
                page.goto(url, wait_until="load")
                visit.marks = page.locator(look.mark).count()
        except PlaywrightError as error:
            visit.problem = str(error).splitlines()[0]
            # A page that hangs or has crashed must not slow down the next page.
            self._shut()
        else:
            context.close()
        return visit


def _watch(page: Page, url: str, look: Look, limit: float, visit: Visit) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error).splitlines()[0]))
    page.on("crash", lambda _: errors.append("the page crashed"))
    page.goto(url, wait_until="commit")
    try:
        # A page that draws has begun to draw by its load event.
        page.wait_for_function(
            "() => (bench.painted && bench.answers() !== null) || bench.gaveUp()"
            f" || (bench.load && performance.now() - bench.load > {IDLE * 1000})",
            polling=40,
        )
    except PlaywrightError:
        why = errors[0] if errors else "timeout"
        raise PlaywrightError(why if why != "timeout" else f"not within {limit:.0f} s") from None
    visit.load, visit.painted, visit.ready = page.evaluate(
        "() => [bench.load, bench.painted, bench.answers()]"
    )
    if not visit.painted or visit.ready is None:
        message = f": {errors[0]}" if errors else ""
        still = page.evaluate("() => bench.gaveUp()")
        visit.problem = (
            "stays a picture" if still else f"nothing {IDLE} s after its load event"
        ) + message
        return
    page.wait_for_function("() => bench.load !== null", polling=30)
    # Payloads that are decoded without a request have begun by then.
    page.wait_for_timeout(150)
    visit.load, visit.decoded, visit.elements, visit.marks, visit.farthest = page.evaluate(
        f"() => [bench.load, bench.decoded, bench.elements(), "
        f"document.querySelectorAll({json.dumps(look.mark)}).length, bench.farthest()]"
    )
    visit.most = visit.elements


def _point(page: Page, look: Look, hovers: int, visit: Visit) -> None:
    click = "new MouseEvent('click', {bubbles: true})"
    page.evaluate(f"() => ({look.first})?.dispatchEvent({click})")
    page.evaluate(f"() => [...({look.targets})][0]?.scrollIntoView({{block: 'center'}})")
    page.wait_for_timeout(100)
    # There is one more point, because the first hover only warms up.
    cells = f"document.querySelectorAll({json.dumps(look.cells)})"
    points = page.evaluate(f"() => bench.points([...({look.targets})], [...{cells}], {hovers + 1})")
    if not points:
        visit.problem = "nothing to point at"
        return
    for i, (x, y) in enumerate(points):
        page.evaluate("() => { bench.armed = true; }")
        page.mouse.move(x, y)
        page.wait_for_function(f"() => bench.hovers.length > {i}", polling=20)
        if i + 1 < len(points):
            page.wait_for_timeout(60)
    visit.hovers = page.evaluate("() => bench.hovers")[1:]
    visit.most = max(visit.most, page.evaluate("() => bench.elements()"))
    if look.pins:
        page.mouse.click(x, y)
        page.wait_for_timeout(100)
        visit.most = max(visit.most, page.evaluate("() => bench.elements()"))


class _Handler(http.server.SimpleHTTPRequestHandler):
    policy = ""

    def end_headers(self) -> None:
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
            return
        super().do_GET()


class _Strict(_Handler):
    policy = POLICY


@contextmanager
def served(folder: Path, *, strict: bool) -> Iterator[str]:
    """Serve a folder on loopback. With `strict`, a policy forbids inline scripts and styles."""
    handler = functools.partial(_Strict if strict else _Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
