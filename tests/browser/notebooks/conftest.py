"""The hosts of notebooks, which have an environment of their own, and a notebook that really ran."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sphinx_attention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Frame, Locator, Page

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / ".venv-notebooks"
FOX = "the quick brown fox jumps"
CELLS = (
    "import sphinx_attention",
    f'fox = sphinx_attention.figure("{FOX}", layer=1, head=2)\nfox',
    "fox.show()",
    f'sphinx_attention.figure("{FOX}", view="matrix", layer=1, head=2)',
    f'sphinx_attention.figure("{FOX}", view="heads", layer=1, head=2)',
    f'sphinx_attention.figure("{FOX}", view="grid", layer=1, head=2)',
    f'sphinx_attention.figure("{FOX}", view="steps", layer=1, head=2, focus="brown")',
    f'sphinx_attention.figure("{FOX}", also=["a lazy dog"], layer=1, head=2)',
)
FIGURES = len(CELLS) - 1
BROWN = 3
"""The index of the token that is clicked: the first one is added by the model."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a host: its programs come first, with the pandoc of nbconvert."""
    (pandoc,) = TOOLS.glob("lib/python*/site-packages/pypandoc/files")
    path = os.pathsep.join([str(TOOLS / "bin"), str(pandoc), os.environ["PATH"]])
    return {
        **os.environ,
        "PATH": path,
        "NO_MKDOCS_2_WARNING": "1",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def python(*arguments: str | Path, cwd: Path) -> str:
    """Run a module of the hosts' environment, which has to succeed."""
    done = subprocess.run(
        [TOOLS / "bin" / "python", "-m", *arguments],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def written(path: Path, *cells: str) -> Path:
    """A notebook without outputs, after a title."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Attention", "id": "title"}
    found = [{**code, "source": source, "id": f"cell{n}"} for n, source in enumerate(cells)]
    path.write_text(
        json.dumps(
            {
                "cells": [title, *found],
                "metadata": {"kernelspec": kernel},
                "nbformat": 4,
                "nbformat_minor": 5,
            }
        ),
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="session")
def tools() -> Path:
    assert (TOOLS / ".stamp").is_file(), "run `make notebook-tools` first (make test does)"
    return TOOLS


@pytest.fixture(scope="session")
def executed(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook whose cells a real kernel ran."""
    folder = tmp_path_factory.mktemp("notebook")
    written(folder / "written.ipynb", *CELLS)
    python(
        *("nbconvert", "--to", "notebook", "--execute", "--output", "executed.ipynb"),
        *("--log-level", "ERROR", "written.ipynb"),
        cwd=folder,
    )
    return folder / "executed.ipynb"


@pytest.fixture(scope="session")
def expected() -> list[str]:
    """The numbers of the clicked token, by the built-in model."""
    row = sphinx_attention.attention(FOX).weights[1, 2, BROWN]
    return [f"{np.floor(weight * 1000 + 0.5) / 1000:.3f}" for weight in row[: BROWN + 1]]


@dataclass
class Opened:
    """A page, with its errors and the addresses outside of this machine that it asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@contextmanager
def opened(
    browser: Browser, address: str, answers: dict[str, Path] | None = None
) -> Iterator[Opened]:
    """A page without the internet.

    Args:
        browser: the browser.
        address: the page.
        answers: files that answer for addresses outside, by a part of the address.
    """
    page = browser.new_page()
    one = Opened(page)

    def route(found: Any) -> None:
        url = found.request.url
        if re.match(r"(file|data|blob|about):|http://(127\.0\.0\.1|localhost)[:/]", url):
            found.continue_()
            return
        one.outside.append(url)
        for part, file in (answers or {}).items():
            if part in url:
                found.fulfill(body=file.read_text(encoding="utf-8"), content_type="text/javascript")
                return
        found.abort()

    page.on("pageerror", lambda error: one.errors.append(str(error)))
    page.on("console", lambda m: one.errors.append(m.text) if m.type == "error" else None)
    page.route("**/*", route)
    page.goto(address)
    yield one
    page.close()


def figures(place: Page | Frame) -> Locator:
    return place.locator(".attention-figure[data-view]")


def numbers(figure: Locator) -> list[str]:
    """The numbers of the token `BROWN`, which a reader pins."""
    figure.scroll_into_view_if_needed()
    figure.locator("[data-token][role=button]").first.wait_for(state="attached")
    figure.locator(f'[data-token="{BROWN}"]').first.click()
    cells = figure.locator(".attention-scores .attention-number")
    cells.first.wait_for(state="attached")
    return [text for text in cells.all_inner_texts() if text[0].isdigit()]


def check_live(place: Page | Frame, expected: list[str], count: int = FIGURES) -> None:
    """Check that all figures of a page are live, and that each answers once to a click."""
    found = figures(place)
    assert found.count() == count
    for number in range(count):
        one = found.nth(number)
        view = one.get_attribute("data-view")
        if view == "grid":
            one.scroll_into_view_if_needed()
            one.locator("[role=button], [tabindex]").first.wait_for(state="attached")
        elif view == "steps":
            one.scroll_into_view_if_needed()
            one.locator("[data-token][role=button]").first.wait_for(state="attached")
        else:
            # A figure that two scripts took over would pin the token and unpin it again.
            assert numbers(one) == expected, (number, view)
    assert place.evaluate("document.querySelectorAll('.attention-figure--live').length") == count
    repeated = place.evaluate(
        """() => {
          const inside = [...document.querySelectorAll(".attention-output [id]")].map(one => one.id);
          return inside.filter(id => document.querySelectorAll(`[id="${CSS.escape(id)}"]`).length > 1);
        }"""
    )
    assert repeated == []
