"""Figures in builders that write no HTML, at every place where a figure may stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from sphinx_attention.hosts.sphinx import picture_files
from tests.conftest import FOX, indent
from tests.course import BESIDE, CONF, FUNCTION

if TYPE_CHECKING:
    from pathlib import Path

META = """
copyright = "A"
version = "1"
man_pages = [("index", "p", "P", "A", "1")]
latex_documents = [("index", "p.tex", "P", "A", "manual")]
texinfo_documents = [("index", "p", "P", "A", "P", "D", "M")]
"""
FILES = {
    "text": "index.txt",
    "man": "p.1",
    "texinfo": "p.texi",
    "latex": "p.tex",
    "epub": "index.xhtml",
    "xml": "index.xml",
    "pseudoxml": "index.pseudoxml",
}
# A builder of another package. Like rst2pdf's builder, it names no format, and its writer knows
# none of our nodes.
OUTLINE = """
from sphinx.builders.text import TextBuilder


class Outline(TextBuilder):
    name = "outline"
    format = ""


class Other(TextBuilder):
    name = "other"
    format = "confluence"


def setup(app):
    app.add_builder(Outline)
    app.add_builder(Other)
"""


def output(made, builder: str, file: str = "") -> str:
    """A file that a builder wrote, on one line and without escapes."""
    folder: Path = made.folder / "_build" / builder
    text = (folder / (file or FILES.get(builder, "index.txt"))).read_text(encoding="utf-8")
    text = re.sub(r"\\sphinxstyle\w+\{([^{}]*)\}|@\w+\{([^{}]*)\}", r"\1\2", text)
    text = text.replace(r"\(\rightarrow\)", "→")
    text = re.sub(r"<[^<>]+>" if builder in {"epub", "xml"} else r"\\[&f][BIP]?", "", text)
    return " ".join(text.split())


def figure(text: str, rows: str, below: str = "", options: str = "") -> str:
    return f".. attention-figure:: {text}\n{indent(options)}\n{indent(rows)}\n{indent(below)}"


TWO = "0.7 0.3\n0.2 0.8\n"
CAPTIONED = figure("The quick", TWO, "A caption.\n\nA legend.\n")
BARE = figure("The quick", TWO)


def cell(text: str) -> str:
    """A grid table whose only cell holds the given text."""
    lines = text.splitlines()
    width = max(map(len, lines)) + 2
    rule = f"+{'-' * width}+"
    return "\n".join([rule, *(f"| {line:<{width - 1}}|" for line in lines), rule, ""])


PLACES = {
    "list-table": f".. list-table::\n\n   * - x\n\n{indent(CAPTIONED, 7)}",
    "list-table, bare": f".. list-table::\n\n   * - x\n\n{indent(BARE, 7)}",
    "long list-table": ".. list-table::\n   :class: longtable\n\n   * - x\n\n"
    + indent(CAPTIONED, 7),
    "grid table": cell(CAPTIONED),
    "grid table, bare": cell(BARE),
    "table in a list": f"- x\n\n{indent(cell(CAPTIONED), 2)}",
    "list in a table": cell(f"- x\n\n{indent(CAPTIONED, 2)}"),
    "note in a table": cell(f".. note::\n\n{indent(CAPTIONED)}"),
    "list": f"1. x\n\n{indent(CAPTIONED)}",
    "note": f".. note::\n\n{indent(CAPTIONED)}",
    "footnote": f"Text [#]_.\n\n.. [#] x\n\n{indent(CAPTIONED)}",
    "glossary": f".. glossary::\n\n   word\n      x\n\n{indent(CAPTIONED, 6)}",
    "definition": f"word\n   x\n\n{indent(CAPTIONED)}",
    "field": f":word:\n   x\n\n{indent(CAPTIONED)}",
    "quotation": f"x\n\n{indent(CAPTIONED)}",
    "topic": f".. topic:: T\n\n{indent(CAPTIONED)}",
    "sidebar": f".. sidebar:: T\n\n{indent(CAPTIONED)}",
    "container": f".. container::\n\n{indent(CAPTIONED)}",
    "only": f".. only:: not nothing\n\n{indent(CAPTIONED)}",
    "todo": f".. todo::\n\n{indent(CAPTIONED)}\n.. todolist::\n",
    "version": f".. versionadded:: 1.0\n   x\n\n{indent(CAPTIONED)}",
    "function": f".. py:function:: f()\n\n   x\n\n{indent(CAPTIONED)}",
}


@pytest.mark.parametrize("builder", ["text", "man", "latex", "texinfo", "epub"])
def test_a_figure_builds_wherever_a_figure_may_stand(project, builder: str) -> None:
    names = {place: re.sub(r"\W+", "-", place) for place in PLACES}
    conf = f"""
extensions += ["sphinx.ext.todo"]
todo_include_todos = True
copyright = "A"
version = "1"
names = {list(names.values())}
man_pages = [(name, name, "P", "A", "1") for name in names]
latex_documents = [(name, name + ".tex", "P", "A", "manual") for name in names]
texinfo_documents = [(name, name, "P", "A", "P", "D", "M") for name in names]
"""
    pages = {
        f"{names[place]}.rst": f"{place}\n{'=' * len(place)}\n\n{text}\nThe end.\n"
        for place, text in PLACES.items()
    }
    made = project({"index.rst": "P\n=\n\n.. toctree::\n   :glob:\n\n   *\n", **pages}, conf)
    made.build(builder, strict=True)
    ending = FILES[builder].rpartition(".")[2]
    for place, name in names.items():
        text = output(made, builder, f"{name}.{ending}")
        # The text builder wraps the text of a cell.
        text = " ".join(text.replace("|", " ").split())
        # The picture in LaTeX has the words one by one. The others write lines of text.
        lines = ("The quick", "0.800", "0.700", "0.300", "0.200")
        pictures = {"latex": (r"\begin{AttentionPicture}", "The", "quick"), "epub": ()}
        for part in (*pictures.get(builder, lines), "given weights", "The end."):
            assert part in text, (place, part)


@pytest.mark.parametrize("builder", ["outline", "other"])
def test_an_unknown_builder_gets_standard_nodes(project, builder: str) -> None:
    conf = f'{BESIDE}extensions += ["outline"]\n{META}'
    made = project({"index.rst": f"P\n=\n\n{CAPTIONED}\n{BARE}", "outline.py": OUTLINE}, conf)
    made.build(builder, strict=True)
    assert output(made, builder).count("0.800 quick → quick") == 2


@pytest.mark.parametrize(
    "builder",
    ["changes", "coverage", "doctest", "dummy", "gettext", "linkcheck"],
)
def test_builders_that_write_no_pages_compute_nothing(project, builder: str) -> None:
    conf = f'extensions += ["sphinx.ext.doctest", "sphinx.ext.coverage"]\nversion = "1"\n{CONF}'
    made = project(
        {"index.rst": f"P\n=\n\n.. attention:: {FOX}\n", "course_model.py": FUNCTION}, conf
    )
    made.build(builder)
    assert "attention" not in made.warnings
    assert not (made.folder / "_attention").exists()


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
@pytest.mark.parametrize(
    "builder", ["json", "pickle", "htmlhelp", "qthelp", "devhelp", "xml", "pseudoxml"]
)
def test_the_other_builders_of_sphinx_build(project, builder: str) -> None:
    conf = META
    made = project({"index.rst": f"P\n=\n\n{CAPTIONED}\n{BARE}"}, conf)
    made.build(builder, strict=True)


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
def test_rst2pdf_embeds_the_picture(project) -> None:
    conf = 'extensions += ["rst2pdf.pdfbuilder"]\npdf_compressed = False\n'
    conf += 'pdf_documents = [("index", "p", "P", "A")]\n'
    made = project({"index.rst": f"P\n=\n\n{BARE}\n{CAPTIONED}"}, conf)
    made.build("pdf")
    written = (made.folder / "_build" / "pdf" / "p.pdf").read_bytes()
    # The second of equal pictures is the same object.
    assert written.count(b"/Subtype /Image") >= 1
    assert written.count(b"given weights") == 2
    assert written.count(b"A caption.") == 1


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
def test_rst2pdf_writes_the_sentence_and_its_pairs_without_typst(project, monkeypatch) -> None:
    monkeypatch.setattr(picture_files, "find_spec", lambda _name: None)
    conf = 'extensions += ["rst2pdf.pdfbuilder"]\npdf_compressed = False\n'
    conf += 'pdf_documents = [("index", "p", "P", "A")]\n'
    made = project({"index.rst": f"P\n=\n\n{BARE}\n{CAPTIONED}"}, conf)
    made.build("pdf")
    written = (made.folder / "_build" / "pdf" / "p.pdf").read_bytes()
    assert written.count(b"0.800 quick") == 2
    assert written.count(b"The quick") >= 2
    assert b"/Subtype /Image" not in written


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
def test_slides_get_the_style_sheet_too(project) -> None:
    conf = 'extensions = ["sphinx_attention", "sphinx_revealjs"]\nexclude_patterns = ["_build"]\n'
    index = f"P\n=\n\nA\n-\n\nB\n^\n\n{BARE}\n.. toctree::\n\n   plain\n"
    made = project({"index.rst": index, "plain.rst": "Plain\n=====\n"}, conf)
    for builder in ("revealjs", "html"):
        made.build(builder, strict=True)
        links = BeautifulSoup(made.html(builder=builder), "html.parser").find_all("link")
        ours = [one for one in links if "attention.css" in one["href"]]
        assert [one["rel"] for one in ours] == [["stylesheet"]]
        for name in ("attention.js", "attention-arcs.js"):
            assert made.html(builder=builder).count(name) == 1
        assert "/attention" not in made.html("plain", builder)


# The words of a figure


@pytest.mark.parametrize("captioned", [True, False])
@pytest.mark.parametrize("builder", ["text", "man", "texinfo"])
def test_the_sentence_is_printed_in_full(project, builder: str, captioned: bool) -> None:
    words = "The queen thanked the boy because he was kind and then she went home again"
    page = f".. attention:: {words}\n   :focus: he\n   :alt: Somebody is kind.\n"
    if captioned:
        page += "   :caption: A pronoun and its noun.\n"
    made = project({"index.rst": f"P\n=\n\n{page}", "course_model.py": FUNCTION}, CONF + META)
    made.build(builder, strict=True)
    text = output(made, builder)
    assert words in text
    assert "1.000 he → because" in text
    assert "Somebody is kind." in text
    assert "course" in text
    assert ("A pronoun and its noun." in text) is captioned


def test_repeated_words_are_numbered(project) -> None:
    page = figure("he saw he", "0 1 0\n0 0 1\n1 0 0\n")
    made = project({"index.rst": f"P\n=\n\n{page}"})
    made.build("text", strict=True)
    assert "1.000 he#1 → saw 1.000 saw → he#2 1.000 he#2 → he#1" in output(made, "text")


def test_man_pages_keep_a_caption_on_its_own_line(project) -> None:
    made = project({"index.rst": f"P\n=\n\n{figure('The quick', TWO, 'A caption.')}"}, META)
    made.build("man", strict=True)
    text = (made.folder / "_build" / "man" / "p.1").read_text()
    assert "\nA caption.\n" in text
    assert not re.search(r"[^\n]\.UNINDENT", text)


# Numbers of figures

NUMBERED = f"""
P
=

{BARE}
{figure("a b", TWO, "First.", ":name: first")}
.. attention-figure:: a b
   :focus: gone
   :name: broken

{indent(TWO)}
   Second, and broken.

{figure("a b", TWO, "", ":name: none")}
.. figure:: x.png

   Third.

{figure("a b", TWO, "Fourth.", ":name: fourth")}
See :numref:`first`, :numref:`broken` and :numref:`fourth`.
"""


def test_a_figure_has_the_same_number_in_html_and_in_latex(project) -> None:
    made = project({"index.rst": NUMBERED}, f"numfig = True\n{META}")
    Image.new("L", (1, 1)).save(made.folder / "x.png")
    made.build("html")
    assert made.warnings.count("WARNING") == 1
    soup = BeautifulSoup(made.html(), "html.parser")
    numbers = [one.text.split("¶")[0] for one in soup.select("figcaption > p:first-child")]
    expected = ["First.", "Second, and broken.", "Third.", "Fourth."]
    assert numbers == [f"Fig. {n} {text}" for n, text in enumerate(expected, 1)]
    assert [one.text for one in soup.select("a > .std-numref")] == ["Fig. 1", "Fig. 2", "Fig. 4"]
    broken = soup.find(id="broken")
    assert broken.name == "figure"
    assert "no such token" in broken.find(class_="attention-placeholder").text
    made.build("latex")
    latex = (made.folder / "_build" / "latex" / "p.tex").read_text()
    # LaTeX numbers the captions in their order.
    assert re.findall(r"\\caption\{([^}]*)\}", latex) == expected
    made.build("epub")
    numbers = re.findall(
        r'caption-number">Fig\. (\d)', (made.folder / "_build" / "epub" / "index.xhtml").read_text()
    )
    assert numbers == ["1", "2", "3", "4"]


# sphinx-proof's domain copies the enumerable nodes that others registered, and numbers all of them.
COPYING = """
from sphinx.domains import Domain


class Copying(Domain):
    name = "aaa"
    label = "Copying"

    def get_enumerable_node_type(self, node):
        registry = getattr(self.env, "_registry", None) or self.env.app.registry
        return registry.enumerable_nodes.get(node.__class__, (None, None))[0]


def setup(app):
    app.add_domain(Copying)
"""


def test_a_domain_that_copies_enumerable_nodes_changes_no_number(project) -> None:
    page = f"P\n=\n\n{BARE}\n{figure('a b', TWO, 'First.')}"
    conf = f'numfig = True\n{BESIDE}extensions += ["copying"]\n'
    made = project({"index.rst": page, "copying.py": COPYING}, conf)
    made.build(strict=True)
    assert re.findall(r"Fig\. \d", made.html()) == ["Fig. 1"]


@pytest.mark.parametrize("opens", ["", "   :selection: compare=difference\n"])
def test_a_comparison_gives_both_sentences(project, opens: str) -> None:
    page = (
        "Two\n===\n\n.. attention:: the fox runs\n   :also: the dog sleeps\n   :compare: sentence\n"
        "   :model: builtin\n   :layer: 0\n   :head: 0\n   :focus: 1\n"
        f"{opens}"
    )
    made = project({"index.rst": page})
    made.build("text", strict=True)
    text = output(made, "text")
    assert "the fox runs" in text
    assert "the dog sleeps" in text
    assert text.count("builtin, layer 0, head 0") == 2
    assert text.count("Strongest pairs") == 2
    assert "can also show" not in text
