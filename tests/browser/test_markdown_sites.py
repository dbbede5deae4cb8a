"""Pages of MkDocs, Material and Zensical in a browser, with instant navigation and tabs."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

import sphinx_attention
from tests.browser.conftest import Watched, ready, scores
from tests.hosts.markdown.sites import MATERIAL, MKDOCS, URL, ZENSICAL, Program, build, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

FOX = sphinx_attention.attention("the quick brown fox").weights

INDEX = """\
# Start

No figure is here. [Foxes](foxes.md)
"""

FOXES = """\
# Foxes

[Dogs](more/dogs.md)

{attn:focus}`fox looks at the <fox 1.3 fox -> the>`

```attention name="fox" layer="1" head="3" also="a lazy dog"
the quick brown fox
```

```attention name="twin" layer="1" head="3"
the quick brown fox
```

=== "One"

    Text.

=== "Two"

    ```attention name="inside" view="matrix" layer="1" head="3"
    the quick brown fox
    ```
"""

DOGS = """\
# Dogs

```attention name="dog" view="heads"
a lazy dog
```
"""

PAGES = {"index.md": INDEX, "foxes.md": FOXES, "more/dogs.md": DOGS}
TABS = "[project.markdown_extensions.pymdownx.tabbed]\nalternate_style = true\n"
INSTANT = '[project.theme]\nfeatures = ["navigation.instant"]\nfont = false\n'


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Served:
    """A built site on a server, and its files."""

    url: str
    folder: Path


def serve(folder: Path, program: Program) -> Iterator[Served]:
    (folder / "site").mkdir(parents=True)
    handler = functools.partial(_Handler, directory=str(folder / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        text = program.text.replace(URL, url).replace('"Notes"\n', f'"Notes"\nsite_url = "{url}"\n')
        write(folder, Program(program.name, program.config, text), PAGES)
        made = build(folder, program, strict=False)
        assert made.code == 0, made.message
        yield Served(url, folder / "site")
        server.shutdown()


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from serve(tmp_path_factory.mktemp("sites") / "material", MATERIAL)


@pytest.fixture(scope="module")
def zensical(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    text = ZENSICAL.text.replace("[project.markdown", f"{INSTANT}{TABS}[project.markdown", 1)
    program = Program(ZENSICAL.name, ZENSICAL.config, text, ZENSICAL.build)
    yield from serve(tmp_path_factory.mktemp("sites") / "zensical", program)


@pytest.fixture(scope="module")
def mkdocs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from serve(tmp_path_factory.mktemp("sites") / "mkdocs", MKDOCS)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    made = context.new_page()
    watched = Watched(made)
    yield made
    context.close()
    # Themes load code from elsewhere, and workers that a browser refuses from a disk.
    assert not [error for error in watched.errors if "attention" in error.casefold()]


def pinned(page: Page, figure: str) -> None:
    """Check a figure of the fox: a click on a word shows the model's numbers."""
    ready(page, figure)
    page.locator(f'#{figure} [data-token="4"]').first.click()
    shown = dict(scores(page, figure))
    assert float(shown["the"]) == pytest.approx(FOX[1, 3, 4, 1], abs=0.0011)
    assert float(shown["quick"]) == pytest.approx(FOX[1, 3, 4, 2], abs=0.0011)


@pytest.mark.parametrize("name", ["material", "zensical"])
def test_instant_navigation(name: str, page: Page, request: pytest.FixtureRequest) -> None:
    site: Served = request.getfixturevalue(name)
    page.goto(site.url)
    page.evaluate("() => { window.same = true }")
    page.locator("article a[href*='foxes']").click()
    page.wait_for_url("**/foxes/")
    pinned(page, "fox")
    # The page carries the payload of both figures once.
    pinned(page, "twin")
    # Another sentence of the figure comes from a file, or from the page.
    page.locator("#fox select[name=sentence]").select_option("1")
    page.wait_for_selector("#fox .attention-word:text-is('lazy')")
    # A link of the prose leads back.
    page.locator("a.attention-focus").hover()
    page.wait_for_selector("#fox .attention-word:text-is('quick')")
    page.locator("article a[href*='dogs']").click()
    page.wait_for_url("**/dogs/")
    ready(page, "dog")
    page.go_back()
    page.wait_for_url("**/foxes/")
    pinned(page, "twin")
    # All that was one page.
    assert page.evaluate("() => window.same")


@pytest.mark.parametrize("name", ["material", "zensical"])
def test_tabs_that_start_hidden(name: str, page: Page, request: pytest.FixtureRequest) -> None:
    site: Served = request.getfixturevalue(name)
    page.goto(f"{site.url}foxes/")
    ready(page, "fox")
    assert not page.locator("#inside").is_visible()
    page.get_by_text("Two", exact=True).click()
    ready(page, "inside")
    box = page.locator("#inside svg.attention-picture").bounding_box()
    assert box is not None
    assert box["width"] > 150


def test_the_palette_of_material(material: Served, page: Page) -> None:
    page.goto(f"{material.url}foxes/")
    ready(page, "fox")
    colour = "() => getComputedStyle(document.querySelector('#fox .attention-word')).fill"
    text = "() => getComputedStyle(document.querySelector('article h1')).color"
    light = page.evaluate(colour)
    page.locator("label[for^=__palette]:visible").first.click()
    page.wait_for_function("() => document.body.dataset.mdColorScheme === 'slate'")
    dark = page.evaluate(colour)
    assert light != dark
    red, green, blue = (int(part) for part in page.evaluate(text)[4:].strip("()a").split(",")[:3])
    assert red + green + blue > 380


@pytest.mark.parametrize("name", ["material", "zensical", "mkdocs"])
def test_from_a_disk(name: str, page: Page, request: pytest.FixtureRequest) -> None:
    site: Served = request.getfixturevalue(name)
    page.route("http*://**", lambda route: route.abort())
    page.goto((site.folder / "foxes" / "index.html").as_uri())
    pinned(page, "fox")
    page.locator("#fox select[name=sentence]").select_option("1")
    page.wait_for_selector("#fox .attention-word:text-is('lazy')")
