"""Links of Quarto to figures of another document, by pandoc with the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Watched, pressed
from tests.hosts.test_quarto import pandoc

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

FIGURES = """\
```{.attention #fig-fox layer="0" head="2"}
the quick brown fox

A numbered figure.
```

```{.attention #plain layer="0" head="2"}
a lazy dog
```
"""
PROSE = """\
`numbered <fox 1.3 fox -> the>`{.attn-focus} and {attn:focus}`plain <plain 2.1 dog -> a>`.
"""


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document with figures, and one that refers to them, as pages."""
    folder = tmp_path_factory.mktemp("notes")
    (folder / "attention.toml").write_text("", encoding="utf-8")
    (folder / "other").mkdir()
    for place, source in ((folder / "other", FIGURES), (folder, PROSE)):
        (place / "notes.qmd").write_text(source, encoding="utf-8")
        code, html, message = pandoc(place, "-s", "-t", "html", "-M", "title=T")
        assert code == 0, message
        # Quarto makes addresses of pages from addresses of documents.
        page = html.replace(".qmd#", ".html#")
        (place / "notes.html").write_text(page, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "figure", "layer", "pin"),
    [("numbered", "#fig-fox .attention-figure", "1", 4), ("plain", "#plain", "2", 3)],
)
def test_a_link_selects_on_the_other_page(
    notes: Path, browser: Browser, *, text: str, figure: str, layer: str, pin: int
) -> None:
    page = browser.new_context().new_page()
    watched = Watched(page)
    page.goto((notes / "notes.html").as_uri())
    page.get_by_text(text, exact=True).click()
    page.wait_for_url("**/other/notes.html#*")
    page.wait_for_selector(f"{figure}[data-layer='{layer}'] [aria-pressed='true']")
    assert pressed(page, page.locator(figure).get_attribute("id")) == [pin]
    page.context.close()
    assert not watched.errors
