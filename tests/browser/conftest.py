"""Built projects, a server with a strict policy, and a real Chromium."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from scripts import find_chromium
from tests.browser.fonts import ALL, font_environment
from tests.browser.pages import DOG, by_page, pages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FINDER = Path(find_chromium.__file__)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:"
)
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
PIXELS = 10.0
"""Width of an edge whose weight is one."""


class PageHandler(http.server.SimpleHTTPRequestHandler):
    policy = POLICY

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Site:
    """The built pages, from a disk and from a server.

    The first use of a page builds its project.
    """

    folder: Path
    server: str
    minilm: Path

    def url(self, page: str, by: str = "http") -> str:
        name = by_page()[page]
        self._build(name)
        if by == "file":
            return (self.folder / name / f"{page}.html").as_uri()
        return f"{self.server}/{name}/{page}.html"

    def source(self, page: str) -> Path:
        """The folder of the sources of the project that holds a page."""
        return self.folder / "sources" / by_page()[page]

    def _build(self, name: str) -> None:
        out = self.folder / name
        if out.exists():
            return
        source = self.folder / "sources" / name
        source.mkdir(parents=True, exist_ok=True)
        for file, text in pages_of(name).files(self.minilm, self.folder / "cache").items():
            (source / file).write_text(text, encoding="utf-8")
        # The build goes to another folder and is moved when it is complete. A failed build leaves
        # no pages.
        made = self.folder / "made" / name
        doctrees = str(self.folder / "doctrees" / name)
        subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-W", "-d", doctrees, str(source), str(made)],
            check=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        made.rename(out)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("browser")
    handler = functools.partial(PageHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, f"http://127.0.0.1:{server.server_address[1]}", minilm)
        server.shutdown()


def model_attentions(minilm: Path, text: str, pair: str | None = None) -> np.ndarray:
    """The model's own attentions (layers, heads, queries, keys), by `output_attentions=True`."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(minilm, attn_implementation="eager").eval()
    tokens = AutoTokenizer.from_pretrained(minilm)(text, pair, return_tensors="pt")
    with torch.no_grad():
        return torch.cat(model(**tokens, output_attentions=True).attentions).numpy()


@pytest.fixture(scope="session")
def reference(minilm: Path) -> np.ndarray:
    """The attentions that MiniLM returns for the sentence `DOG`."""
    return model_attentions(minilm, DOG)


@pytest.fixture(scope="session")
def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A Chromium in known fonts. `in_every_font` gives it each family alone."""
    fonts = font_environment(getattr(request, "param", ALL), tmp_path_factory.mktemp("fonts"))
    path = os.environ.get("ATTENTION_CHROMIUM")
    if not path:
        found = subprocess.run(
            [sys.executable, str(FINDER)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        path = found.stdout.strip()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=find_chromium.FLAGS, env=fonts
        )
        yield chromium
        chromium.close()


class Watched:
    """A page, with its errors and its requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("request", lambda r: self.requests.append(r.url))


def ready(page: Page, figure: str) -> None:
    """Wait until a figure is live."""
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{figure} [data-token][role=button]", state="attached")


def token(page: Page, figure: str, index: int, side: str | None = None) -> Locator:
    where = f'[data-side="{side}"]' if side else ""
    return page.locator(f'#{figure} [data-token="{index}"]{where}')


def edges(page: Page, figure: str) -> dict[tuple[int, int], float]:
    """The width of every edge that is drawn, by query and key; after a change, its final width."""
    found = page.eval_on_selector_all(
        f"#{figure} .attention-edge",
        """all => all.filter(e => e.checkVisibility()).map(e => [
            +e.dataset.query, +e.dataset.key, parseFloat(e.getAttribute("stroke-width"))])""",
    )
    return {(query, key): width for query, key, width in found}


def scores(page: Page, figure: str) -> list[tuple[str, str]]:
    """The rows of the score vector: token and number."""
    rows = page.locator(f"#{figure} .attention-scores table tr")
    found = []
    for row in rows.all():
        number = row.locator(".attention-number").inner_text().strip()
        name = row.locator('th[scope="row"]').inner_text().strip()
        found.append((name, number))
    return found


def rounded(weights: np.ndarray) -> np.ndarray:
    """Weights as they are printed, in thousandths."""
    return np.floor(weights.astype(np.float64) * 1000 + 0.5).astype(int)


STILL = "(id) => !document.querySelector(`#${id} svg`).getAnimations({subtree: true}).length"
"""Whether nothing moves in the picture of a figure."""


def still(page: Page, figure: str) -> None:
    """Wait for the next frame, and until nothing moves in the picture of a figure."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
    page.wait_for_function(STILL, arg=figure)


def pin(page: Page, figure: str, *indices: int) -> None:
    """Pin tokens. All but the first are clicked with Shift."""
    for n, index in enumerate(indices):
        token(page, figure, index).click(modifiers=["Shift"] if n else [])
    away(page)


def numbers(page: Page, figure: str) -> list[str]:
    return [number for _, number in scores(page, figure)]


def pressed(page: Page, figure: str) -> list[int]:
    found = page.locator(f'#{figure} [aria-pressed="true"][data-token]')
    return [int(one.get_attribute("data-token")) for one in found.all()]


def copy(page: Page, figure: str, what: str) -> str:
    """The text that a button of the menu puts on the clipboard."""
    menu = page.locator(f"#{figure} .attention-save")
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    # Each button says for a moment that it has copied, and two of them may say so at once.
    page.evaluate("navigator.clipboard.writeText('')")
    menu.get_by_text(f"copy {what}").click()
    menu.get_by_text("copied").first.wait_for()
    for _ in range(50):
        if text := page.evaluate("navigator.clipboard.readText()"):
            return str(text)
        page.wait_for_timeout(20)
    raise AssertionError(f"copy {what} has put nothing on the clipboard")


def copied(page: Page, at: int, what: str) -> str:
    """What the button "copy …" of the figure at this place in the page copies."""
    figure = page.locator("figure.attention-figure").nth(at)
    figure.scroll_into_view_if_needed()
    menu = figure.locator(".attention-save")
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    page.evaluate("window.copied = null")
    menu.get_by_text(f"copy {what}").click()
    page.wait_for_function("() => window.copied !== null")
    return str(page.evaluate("window.copied"))


def away(page: Page) -> None:
    page.mouse.move(2, 2)


def height(page: Page, figure: str) -> float:
    return page.locator(f"#{figure}").evaluate("e => e.getBoundingClientRect().height")


def overflow(page: Page) -> float:
    """The number of pixels by which a page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def smallest(page: Page, targets: str) -> float:
    """The shorter side of the smallest of some targets for a finger."""
    sides = page.eval_on_selector_all(
        targets,
        "all => all.map(e => e.getBoundingClientRect()).map(b => Math.min(b.width, b.height))",
    )
    return min(sides)


def accessible(page: Page, figure: str, state: str) -> None:
    """Check that axe finds no violation in a figure."""
    found = Axe().run(page, context=f"#{figure}")
    assert not found.response["violations"], (state, found.generate_report())


def static_copy(page: Page, figure: str) -> str:
    """Put the figure as it was built below the page, beside the live figure. The copy's id."""
    raw = page.context.request.get(page.url).text()
    page.evaluate(
        """([html, id]) => {
          const parsed = new DOMParser().parseFromString(html, "text/html").getElementById(id);
          parsed.id = "static-copy";
          parsed.removeAttribute("data-view");
          document.querySelector("body").append(document.importNode(parsed, true));
        }""",
        [raw, figure],
    )
    return "static-copy"


def expected(weights: np.ndarray, query: int, cutoff: float) -> dict[tuple[int, int], float]:
    """The edges of a row: the fewest heaviest keys that reach the share.

    A tie with the last is drawn.
    """
    codes = np.floor(weights[query].astype(np.float64) * 1000 + 0.5)
    order = np.argsort(-codes, kind="stable")
    total, mass, last = codes.sum(), 0.0, 0.0
    for key in order:
        if mass >= cutoff * total - 1e-9:
            break
        mass, last = mass + codes[key], codes[key]
    return {
        (query, int(key)): codes[key] / 1000 * PIXELS for key in order if codes[key] >= max(last, 1)
    }


@pytest.fixture
def come_to_life(
    browser: Browser, site: Site
) -> Iterator[Callable[[str, str], tuple[Page, float]]]:
    """Open a page without its script, then with it.

    The page, and the height of the figure before.
    """
    contexts = []

    def come(name: str, figure: str, width: int = 1000) -> tuple[Page, float]:
        context = browser.new_context(viewport={"width": width, "height": 800})
        contexts.append(context)
        context.route("**/attention.js*", lambda route: route.abort())
        page = context.new_page()
        page.goto(site.url(name))
        before = height(page, figure)
        context.unroute_all()
        page.reload()
        ready(page, figure)
        return page, before

    yield come
    for context in contexts:
        context.close()


def watched_page(browser: Browser, width: int, **options: object) -> Watched:
    """A new page in a context of its own, which the caller closes."""
    options.setdefault("viewport", {"width": width, "height": 900})
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    # Chromium asks for the icon by itself. The icon is no part of the page.
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    return Watched(context.new_page())


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[object]:
    watched: list[Watched] = []

    def open_(name: str, figure: str | None = None, by: str = "http", **options: object) -> Page:
        watched.append(watched_page(browser, 1280, **options))
        page = watched[-1].page
        page.goto(site.url(name, by))
        if figure:
            ready(page, figure)
        return page

    yield open_
    problems = [error for one in watched for error in one.errors]
    elsewhere = [
        url
        for one in watched
        for url in one.requests
        if not url.startswith((site.server, site.folder.as_uri(), "data:"))
    ]
    for one in watched:
        one.page.context.close()
    assert not problems
    assert not elsewhere
