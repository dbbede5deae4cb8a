"""One built project, a server with a strict policy, and a real Chromium."""

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

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import FOX, FOX_ROWS, indent

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = Path(__file__).parents[2] / "scripts"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DOG = "the quick brown fox jumps over the lazy dog"
CAUSAL_ROWS = """\
1 0 0 0
0.25 0.75 0 0
0.2 0.3 0.5 0
0.125 0.125 0.25 0.5
"""
HOSTILE = ["</script><img", "src=x", "onerror=document.title='owned'>", "&amp;", "שלום", "🦊"]

MODEL = '''
import numpy as np

def translate(text, pair=None):
    """Two rows of tokens: three queries over four keys."""
    return {
        "tokens": ["le", "renard", "saute"],
        "key_tokens": ["the", "fox", "jumps", "</s>"],
        "special": ["</s>"],
        "weights": [[0.7, 0.2, 0.05, 0.05], [0.1, 0.8, 0.06, 0.04], [0.05, 0.15, 0.7, 0.1]],
    }


def long(text, pair=None):
    """As many words as the text says, four layers of eight heads, drawn at random."""
    n = int(text.split()[0])
    logits = np.random.default_rng(n).normal(0, 2, (4, 8, n, n))
    weights = np.exp(logits)
    weights /= weights.sum(-1, keepdims=True)
    return {"tokens": [f"w{i}" for i in range(n)], "weights": weights}
'''


def heading(name: str) -> str:
    """A title whose id is not the figure's."""
    return f"Page {name}\n{'=' * 30}\n\n"


def pages(minilm: Path) -> dict[str, str]:
    """The sources of the project that the tests look at."""
    hostile_rows = "".join(
        f"   {' '.join('0.5' if j in (i, (i + 1) % 6) else '0' for j in range(6))}\n"
        for i in range(6)
    )
    tokens = "[" + ", ".join(f'"{t}"' for t in HOSTILE) + "]"
    fox = indent(FOX_ROWS)
    return {
        "conf.py": (
            "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
            'extensions = ["sphinx_attention"]\nhtml_theme = "alabaster"\nhtml_sidebars = {"**": []}\nnumfig = True\n'
            'attention_model = "minilm"\nattention_models = {\n'
            f'    "minilm": {{"path": {str(minilm)!r}}},\n'
            '    "translate": {"function": "browser_model:translate"},\n'
            '    "long": {"function": "browser_model:long"},\n}\n'
        ),
        "browser_model.py": MODEL,
        "index.rst": (
            "Browser\n=======\n\n.. toctree::\n\n   fox\n   dog\n   causal\n   cross\n   hostile\n   long\n   scroll\n   many\n"
        ),
        "fox.rst": (
            heading("Fox")
            + f"Before.\n\n.. attention:: {FOX}\n   :name: fox\n   :caption: A caption.\n\n{fox}\n"
            "After.\n"
        ),
        "dog.rst": (
            heading("Dog")
            + f".. attention:: {DOG}\n   :name: dog\n   :layer: 5\n   :head: 11\n   :caption: C.\n\n"
            f".. attention:: {DOG}\n   :name: pinned\n   :layer: 5\n   :head: 11\n   :focus: fox\n\n"
            f".. attention:: {DOG}\n   :name: chosen\n"
        ),
        "causal.rst": (
            heading("Causal")
            + f".. attention-figure:: one two three four\n   :name: causal\n   :causal:\n"
            f"   :focus: two\n\n{indent(CAUSAL_ROWS)}"
        ),
        "cross.rst": (
            heading("Cross")
            + ".. attention-figure:: the fox jumps\n   :name: cross\n   :model: translate\n"
        ),
        "hostile.rst": (
            heading("Hostile") + f".. attention-figure:: x\n   :name: hostile\n"
            f"   :tokens: {tokens}\n   :focus: 0\n\n{hostile_rows}"
        ),
        "long.rst": (
            heading("Long") + ".. attention-figure:: 128 words\n   :name: long\n   :model: long\n"
        ),
        "scroll.rst": heading("Scroll")
        + "".join(
            f".. attention-figure:: {' '.join(text)}\n   :name: {name}\n   :focus: {focus}\n\n"
            + "".join(
                f"   {' '.join('1' if i == j else '0' for j in range(len(text)))}\n"
                for i in range(len(text))
            )
            + "\n"
            for name, text, focus in (
                ("far", [f"word{n}" for n in range(40)], 38),
                ("rtl", ["שלום"] * 40, 0),
            )
        ),
        "many.rst": heading("Many")
        + "".join(f".. attention-figure:: {FOX}\n   :name: many{n}\n\n{fox}\n" for n in range(12)),
    }


class _Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Site:
    """The built pages, from a disk and from a server."""

    folder: Path
    server: str

    def url(self, page: str, by: str = "http") -> str:
        if by == "file":
            return (self.folder / f"{page}.html").as_uri()
        return f"{self.server}/{page}.html"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Iterator[Site]:
    source = tmp_path_factory.mktemp("browser")
    for name, text in pages(minilm).items():
        (source / name).write_text(text, encoding="utf-8")
    out = source / "_build"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", str(source), str(out)],
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    handler = functools.partial(_Handler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(out, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("ATTENTION_CHROMIUM")
    if not path:
        found = subprocess.run(
            [sys.executable, str(SCRIPTS / "find_chromium.py")],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        path = found.stdout.strip()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


class Watched:
    """A page whose errors and requests are kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("request", lambda r: self.requests.append(r.url))


def ready(page: Page, figure: str) -> None:
    """Wait until a figure takes part."""
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{figure} [data-token][role=button]", state="attached")


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[object]:
    contexts = []
    watched = []

    def open_(name: str, figure: str | None = None, by: str = "http", **options: object) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        contexts.append(context)
        # Chromium asks for it by itself; it is no part of the page.
        context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        page = context.new_page()
        watched.append(Watched(page))
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
    for context in contexts:
        context.close()
    assert not problems
    assert not elsewhere
