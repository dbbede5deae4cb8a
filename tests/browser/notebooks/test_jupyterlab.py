"""JupyterLab in a browser: cells that run, a notebook before and after it is trusted, and themes."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.ports import answers, free_port, until

from .conftest import BROWN, FOX, TOOLS, environment, figures, numbers, opened, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 60_000


@pytest.fixture(scope="module")
def lab(executed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab, and its folder."""
    folder = tmp_path_factory.mktemp("lab")
    # A notebook that another person ran is not trusted.
    shutil.copy(executed, folder / "untrusted.ipynb")
    cell = f'import sphinx_attention\nsphinx_attention.figure("{FOX}", layer=1, head=2)'
    written(folder / "new.ipynb", cell)
    port = free_port()
    own = {name: str(folder / "own") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    process = subprocess.Popen(
        [
            *(TOOLS / "bin" / "python", "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *(f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"),
        ],
        cwd=folder,
        env=environment(**own),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    until(lambda: answers(f"{address}/api"), 120)
    yield address
    process.terminate()
    process.wait(20)


def ready(page: Page) -> None:
    """Wait until a notebook is open and its kernel waits for code."""
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=LONG)
    page.locator("#jp-bottom-panel").get_by_text("| Idle").wait_for(timeout=LONG)


def command(page: Page, name: str) -> None:
    """Run a command of JupyterLab by its menu of commands."""
    page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
    page.keyboard.press("Control+Shift+c")
    palette = page.locator("#modal-command-palette input:visible")
    palette.fill(name)
    page.locator(".lm-CommandPalette-item.lm-mod-active:visible").get_by_text(name).wait_for()
    page.keyboard.press("Enter")


def test_a_cell_runs_twice_and_the_theme_changes(
    browser: Browser, lab: str, expected: list[str]
) -> None:
    with opened(browser, f"{lab}/lab/tree/new.ipynb?reset") as one:
        page = one.page
        ready(page)
        shown = figures(page)
        first = "none"
        for _ in range(2):
            page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
            page.keyboard.press("Control+Enter")
            page.locator(f'.attention-figure--live:not([id="{first}"])').wait_for(timeout=LONG)
            assert shown.count() == 1
            shown.locator("[data-token][role=button]").first.wait_for(state="attached")
            shown.locator(f'[data-token="{BROWN}"]').hover()
            weights = shown.locator(".attention-weight").all_text_contents()
            assert [text for text in weights if text[:1].isdigit()] == expected
            assert numbers(shown) == expected
            first = shown.get_attribute("id")
        colour = "one => getComputedStyle(one.querySelector('.attention-word')).fill"
        light = shown.evaluate(colour)
        command(page, "JupyterLab Dark")
        page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached", timeout=LONG)
        dark = shown.evaluate(colour)
        assert (lightness(light) < 0.4, lightness(dark) > 0.6) == (True, True), (light, dark)
        assert [error for error in one.errors if "attention" in error] == []


def lightness(colour: str) -> float:
    """The lightness of an opaque colour, from 0 to 1."""
    numbers = [float(part) for part in re.findall(r"[\d.]+", colour)][:3]
    return sum(numbers) / 3 / (1 if colour.startswith("color") else 255)


def test_an_untrusted_notebook_has_pictures_and_a_trusted_one_is_live(
    browser: Browser, lab: str, expected: list[str]
) -> None:
    with opened(browser, f"{lab}/lab/tree/untrusted.ipynb?reset") as one:
        page = one.page
        ready(page)
        # JupyterLab removes scripts, styles and everything that they need.
        picture = page.locator(".jp-OutputArea-output img.attention-fallback").first
        picture.wait_for(timeout=LONG)
        assert picture.evaluate("one => one.complete && one.naturalWidth > 100")
        assert "builtin" in picture.get_attribute("alt")
        assert page.locator(".attention-output select:visible").count() == 0
        assert page.locator(".attention-figure--live").count() == 0
        command(page, "Trust Notebook")
        page.locator(".jp-Dialog .jp-mod-accept").click()
        page.locator(".attention-figure--live").first.wait_for(timeout=LONG)
        for number in range(2):
            assert numbers(figures(page).nth(number)) == expected
        assert page.locator("img.attention-fallback:visible").count() == 0
