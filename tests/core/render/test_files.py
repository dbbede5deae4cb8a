"""A figure as a file of its own: whole, valid, and in need of nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.dom import minidom

import numpy as np
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.render.files import standalone_page, standalone_svg, typeset, write_file

from . import figures

if TYPE_CHECKING:
    from sphinx_attention.core.figure import Figure

HOSTILE = "</script> <b>&amp; ]]> \x00 \u202e ' \" <!-- 🦊 שלום"
WEIGHTS = [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.0, 0.1, 0.3, 0.6]]
VIEWS = ["arcs", "heads", "grid", "matrix"]


def figure(texts: str = "the quick brown fox", **options: Any) -> Figure:
    count = len(texts.split())
    weights = WEIGHTS if count == len(WEIGHTS) else np.full((count, count), 1 / count)
    return figures.figure(texts, weights, **options)


@pytest.mark.parametrize("view", VIEWS)
def test_the_svg_is_valid_whatever_the_tokens_say(view: Any) -> None:
    svg = standalone_svg(figure(HOSTILE, view=view))
    document = minidom.parseString(svg.encode())
    assert document.documentElement.getAttribute("xmlns") == "http://www.w3.org/2000/svg"
    assert not document.getElementsByTagName("script")
    assert "style=" not in svg


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_needs_nothing_and_holds_no_more_than_its_scripts(view: Any) -> None:
    page = standalone_page(figure(HOSTILE, view=view))
    soup = BeautifulSoup(page, "html.parser")
    kinds = [script.get("type") for script in soup("script")]
    assert kinds == ["application/x-attention", None]
    for name in ("src", "href", "data-src"):
        for tag in soup.find_all(attrs={name: True}):
            assert str(tag[name]).startswith(("data:", "#"))
    assert "url(attention" not in page
    assert 'url("attention' not in page
    assert "@import" not in page
    assert soup.figure["data-view"] == view  # type: ignore[index]


def test_the_same_figure_gives_the_same_files(tmp_path: Path) -> None:
    for kind in ("html", "svg", "png", "pdf"):
        contents = []
        for name in ("a", "b"):
            write_file(figure(), tmp_path / f"{name}.{kind}")
            contents.append((tmp_path / f"{name}.{kind}").read_bytes())
        assert contents[0] == contents[1], kind


def test_an_ending_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(AttentionError, match="html, svg, png, pdf"):
        write_file(figure(), tmp_path / "x.jpeg")


def test_what_typst_cannot_read_is_told() -> None:
    with pytest.raises(AttentionError, match="Typst cannot make PNG"):
        typeset("<svg", "png")


@pytest.mark.browser
def test_the_page_lives_without_any_request(tmp_path: Path) -> None:
    write_file(figure(), tmp_path / "x.html")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    find = Path(__file__).parents[3] / "scripts" / "find_chromium.py"
    path = (
        os.environ.get("ATTENTION_CHROMIUM")
        or subprocess.run(
            [sys.executable, str(find)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.set_content((tmp_path / "x.html").read_text())
        page.wait_for_selector("[data-token][role=button]", state="attached")
        assert page.locator(".attention-edge:visible").count() == 0
        page.locator('[data-token="1"]').first.hover()
        page.wait_for_selector(".attention-edge[data-query='1']", state="attached")
        page.locator('[data-token="1"]').first.click()
        assert page.locator(".attention-scores .attention-number").first.inner_text()
        page.evaluate("document.fonts.load('16px \"Attention Math\"')")
        assert page.evaluate("document.fonts.check('16px \"Attention Math\"')")
        browser.close()
    assert [url for url in asked if not url.startswith("data:")] == []
    assert errors == []
