"""Pages of figures in a theme."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.browser.pages import pages_of
from tests.browser.themes import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Callable[[str], Path]:
    """The folder of the pages of `pages/layout.py` in a theme. The first use builds the pages."""
    folder = tmp_path_factory.mktemp("themes")
    source = folder / "source"
    source.mkdir()
    for file, text in pages_of("layout").files(minilm, folder / "cache").items():
        (source / file).write_text(text, encoding="utf-8")
    with (source / "conf.py").open("a", encoding="utf-8") as conf:
        # This theme downloads its fonts while it builds, unless it is told to use none.
        conf.write('if tags.has("sphinx_immaterial"):\n    html_theme_options = {"font": False}\n')

    def build(theme: str) -> Path:
        out = folder / theme
        if not out.exists():
            # Themes share the doctrees, unless one of them needs an extension. Their sidebars differ.
            settings = [f"-Dhtml_theme={theme}", "-Dsuppress_warnings=attention"]
            doctrees = folder / f"doctrees-{theme}" if theme in EXTENSIONS else folder / "doctrees"
            settings += ["-d", str(doctrees)]
            if theme in EXTENSIONS:
                settings += [f"-Dextensions=sphinx_attention,{EXTENSIONS[theme]}", "-t", theme]
            subprocess.run(
                [sys.executable, "-m", "sphinx", "-q", *settings, source, out],
                check=True,
                env={**os.environ, "HF_HUB_OFFLINE": "1"},
            )
        return out

    return build


@pytest.fixture
def open_in(browser: Browser, built: Callable[[str], Path]) -> Iterator[Callable[..., Page]]:
    """Open a page in a theme, with all its figures live."""
    contexts = []

    def open_(theme: str, name: str = "layout", width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        # Some themes load fonts from other servers.
        context.route("http*://**", lambda route: route.abort())
        page = context.new_page()
        page.goto((built(theme) / f"{name}.html").as_uri())
        live(page)
        return page

    yield open_
    for context in contexts:
        context.close()


def live(page: Page) -> None:
    """Make every figure of a page live."""
    page.evaluate(
        """async () => {
          for (const figure of document.querySelectorAll("figure.attention-figure")) {
            figure.scrollIntoView();
            while (!figure.querySelector(".attention-save")) await new Promise(requestAnimationFrame);
          }
        }"""
    )
