"""The figures of `tests.hosts.test_one_picture` live in the pages of hosts without Sphinx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markdown import Markdown

from tests.browser.conftest import Watched
from tests.hosts.markdown.sites import PROGRAMS, build, write
from tests.hosts.test_one_picture import FIGURES, fences, put_picture
from tests.hosts.test_quarto import pandoc

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


def site(name: str, folder: Path) -> Path:
    write(folder, PROGRAMS[name], {"index.md": fences("attention")})
    put_picture(folder / "docs")
    made = build(folder, PROGRAMS[name])
    assert made.code == 0, made.message
    return folder / "site" / "index.html"


def quarto(folder: Path) -> Path:
    (folder / "notes.qmd").write_text(fences("{.attention", "}"), encoding="utf-8")
    put_picture(folder)
    code, html, message = pandoc(folder, "-s", "-t", "html", "-M", "title=T")
    assert code == 0, message
    (folder / "notes.html").write_text(html, encoding="utf-8")
    return folder / "notes.html"


def plain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    put_picture(folder)
    html = Markdown(extensions=["sphinx_attention.hosts.markdown"]).convert(fences("attention"))
    (folder / "page.html").write_text(f"<meta charset='utf-8'><title>P</title>{html}", "utf-8")
    return folder / "page.html"


@pytest.mark.parametrize("host", ["material", "zensical", "quarto", "python-markdown"])
def test_every_view_is_live(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    if host == "quarto":
        address = quarto(tmp_path)
    elif host == "python-markdown":
        address = plain(tmp_path, monkeypatch)
    else:
        address = site(host, tmp_path)
    page = browser.new_context().new_page()
    watched = Watched(page)
    page.route("http*://**", lambda route: route.abort())
    page.goto(address.as_uri())
    figures = page.locator(".attention-figure[data-view]")
    assert figures.count() >= len(FIGURES)
    # A difference is shown in the place of both sides, of which one is hidden.
    for one in page.locator(".attention-figure[data-view]:visible").all():
        one.scroll_into_view_if_needed()
        # The script takes a figure over when it marks its tokens, points or maps for keys.
        one.locator("[tabindex]").first.wait_for(state="attached")
    still = page.locator(".attention-figure[data-view]:not(.attention-figure--live):visible")
    assert still.count() == 0
    page.context.close()
    own = [error for error in watched.errors if "attention" in str(error).lower()]
    assert not own
