"""The option ``file`` on pages: the figure follows the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = 'attention_model = "builtin"\n'
RST = ".. attention-figure::\n   :file: sentences.txt\n"
MYST = "```{attention}\n:file: sentences.txt\n```\n"


@pytest.mark.parametrize(("page", "figure"), [("index.rst", RST), ("index.md", MYST)])
def test_a_page_follows_its_file(project: Callable[..., Any], page: str, figure: str) -> None:
    title = "P\n=\n\n" if page.endswith("rst") else "# P\n\n"
    files = {page: title + figure, "sentences.txt": "the cat sleeps\n\nthe dog barks\n"}
    made = project(files, MODEL)
    made.build(strict=True)
    options = BeautifulSoup(made.html(), "html.parser").select("select[name=sentence] option")
    assert [one.get_text() for one in options] == ["the cat sleeps", "the dog barks"]
    assert "line 2 of 'sentences.txt' is empty and passed over" in made.status
    made.write({"sentences.txt": "the cat sleeps\nthe dog barks\nthe cow eats\n"})
    made.build(strict=True)
    options = BeautifulSoup(made.html(), "html.parser").select("select[name=sentence] option")
    assert len(options) == 3


def test_a_bad_file_is_a_warning_of_the_directive(project: Callable[..., Any]) -> None:
    made = project({"index.rst": "P\n=\n\n" + RST}, MODEL)
    (made.folder / "sentences.txt").write_bytes(b"a caf\xe9\n")
    made.build()
    assert "index.rst:4: WARNING" in made.warnings
    assert "line 1 holds the byte 0xe9" in made.warnings
    assert "[attention.text]" in made.warnings
