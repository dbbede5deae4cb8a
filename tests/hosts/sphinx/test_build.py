"""From source text to pages, in every builder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from docutils import nodes

from tests.conftest import FOX, FOX_ROWS, indent
from tests.course import CONF, FUNCTION
from tests.hosts.sphinx.projects import FIGURE, PAGE, figure_tags
from tests.versions import OLD_MYST, needs_own_line

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("builder", ["html", "dirhtml", "singlehtml"])
def test_html_builders_carry_the_whole_figure(project, builder: str) -> None:
    made = project({"index.rst": PAGE}, "numfig = True\n")
    made.build(builder, strict=True)
    (figure,) = figure_tags(made.html(builder=builder))
    assert figure["id"] == "fox"
    assert (figure["data-view"], figure["data-layer"], figure["data-head"]) == ("arcs", "0", "0")
    assert [
        t.find(class_="attention-word").text for t in figure.select("[data-token]")
    ] == FOX.split()
    drawn = {
        (e["data-query"], e["data-key"]): float(e["stroke-width"])
        for e in figure.select(".attention-edges .attention-edge")
    }
    # Ten pixels for a weight of one. The edges are those of the row of `brown`.
    expected = {("2", "0"): 0.5, ("2", "1"): 1.5, ("2", "2"): 6.0, ("2", "3"): 2.0}
    assert drawn == pytest.approx(expected)
    assert figure.find("script")["type"] == "application/x-attention"
    assert "Fig. 1" in figure.find("figcaption").text
    assert figure.find("figcaption").find("em").text == "caption"
    soup = BeautifulSoup(made.html(builder=builder), "html.parser")
    assert soup.find("a", href=re.compile("#fox$")).text.startswith("Fig. 1")


@pytest.mark.parametrize("name", ["attention", "attention-figure"])
@pytest.mark.parametrize("source", ["rst", "md-backticks", "md-colons"])
def test_rst_and_both_myst_fences_give_the_same_page(project, source: str, name: str) -> None:
    if source == "rst":
        files = {
            "index.rst": f"P\n=\n\n.. {name}:: {FOX}\n   :focus: fox\n   :caption: Read *this*.\n\n{indent(FOX_ROWS)}"
        }
    else:
        fence = "```" if source == "md-backticks" else ":::"
        files = {
            "index.md": f"# P\n\n{fence}{{{name}}} {FOX}\n:focus: fox\n:caption: Read *this*.\n\n{FOX_ROWS}{fence}\n"
        }
    if source != "rst" and name == "attention" and OLD_MYST:
        pytest.skip("MyST before 5.2 does not tell what stands on a directive's own line")
    made = project(files)
    made.build(strict=True)
    (figure,) = figure_tags(made.html())
    edges = figure.select(".attention-edges .attention-edge")
    assert sorted(float(e["stroke-width"]) for e in edges) == pytest.approx([0.2, 0.8, 3.0, 6.0])
    assert figure.find("figcaption").find("em").text == "this"


@needs_own_line
def test_myst_warns_of_split_admonitions_and_not_of_figures(project) -> None:
    split = "```{attention} some words\n:class: x\n\nAnd more.\n```\n"
    figure = f"```{{attention}} {FOX}\n:focus: fox\n\n{FOX_ROWS}\nA caption.\n```\n"
    made = project({"index.md": f"# P\n\n{figure}\n{split}\n{figure}"})
    made.build()
    (warning,) = made.warnings.splitlines()
    assert re.search(r"index\.md:14: WARNING: 'attention': Splitting content", warning)
    assert len(figure_tags(made.html())) == 2


@pytest.mark.parametrize(
    ("builder", "file"),
    [("text", "index.txt"), ("man", "p.1"), ("texinfo", "p.texi"), ("latex", "p.tex")],
)
def test_other_builders_print_the_strongest_pairs(project, builder: str, file: str) -> None:
    conf = 'numfig = True\nman_pages = [("index", "p", "P", "A", "1")]\ncopyright = "A"\n'
    conf += 'latex_documents = [("index", "p.tex", "P", "A", "manual")]\n'
    conf += 'texinfo_documents = [("index", "p", "P", "A", "P", "D", "M")]\n'
    made = project({"index.rst": PAGE}, conf)
    made.build(builder, strict=True)
    text = (made.folder / "_build" / builder / file).read_text(encoding="utf-8")
    for number in ("0.600", "0.200", "0.150", "0.050"):
        assert number in text.replace("\\&", "").replace("\\.", ".")
    assert "caption" in text
    assert "given weights" in text


def test_epub_prints_the_strongest_pairs(project) -> None:
    conf = 'copyright = "A"\nversion = "1"\nepub_show_urls = "no"\n'
    made = project({"index.rst": PAGE}, conf + "numfig = True\n")
    made.build("epub", strict=True)
    text = (made.folder / "_build" / "epub" / "index.xhtml").read_text(encoding="utf-8")
    assert "0.600" in text
    assert "attention.js" not in text
    assert "application/x-attention" not in text


def test_gettext_gets_caption_and_description(project) -> None:
    page = PAGE.replace("   :focus: brown\n", "   :focus: brown\n   :alt: Four words\n")
    made = project({"index.rst": page}, "numfig = True\n")
    made.build("gettext", strict=True)
    messages = (made.folder / "_build" / "gettext" / "index.pot").read_text(encoding="utf-8")
    assert 'msgid "A *caption*."' in messages
    assert 'msgid "Four words"' in messages


def test_files_only_on_pages_with_a_figure(project) -> None:
    files = {
        "index.rst": "I\n=\n\n.. toctree::\n\n   page\n   plain\n",
        "page.rst": PAGE,
        "plain.rst": "Plain\n=====\n",
    }
    made = project(files, "numfig = True\n")
    made.build(strict=True)
    assert "attention.js" in made.html("page")
    assert "attention.css" in made.html("page")
    for page in ("index", "plain", "genindex", "search"):
        assert "attention." not in made.html(page)
    static = made.folder / "_build" / "html" / "_static"
    assert (static / "attention.js").is_file()
    assert (static / "attention.css").is_file()


def scripts_of(html: str) -> list[str]:
    """The names of our scripts in the head of a page."""
    tags = BeautifulSoup(html, "html.parser").find_all("script", src=True)
    names = [tag["src"].partition("?")[0].rpartition("/")[2] for tag in tags]
    return [name for name in names if name.startswith("attention")]


def test_a_page_names_the_scripts_of_its_own_views(project) -> None:
    figures = {
        view: FIGURE.replace("   :name: fox\n", f"   :view: {view}\n") for view in ("heads", "grid")
    }
    files = {
        "index.rst": "I\n=\n\n.. toctree::\n\n   heads\n   grid\n   both\n   failed\n   steps\n",
        **{f"{view}.rst": f"{view}\n=====\n\n{figure}" for view, figure in figures.items()},
        "both.rst": "Both\n====\n\n{heads}\n{grid}\n{heads}".format(**figures),
        "steps.rst": "Steps\n=====\n\n.. attention-figure:: a b\n   :model: builtin\n   :view: steps\n",
        "failed.rst": "Failed\n======\n\n.. attention-figure:: a b\n   :focus: c\n\n   1 0\n   0 1\n",
    }
    made = project(files)
    made.build()
    core, edges, arcs, heads, grid = (
        "attention.js",
        "attention-edges.js",
        "attention-arcs.js",
        "attention-heads.js",
        "attention-grid.js",
    )
    assert scripts_of(made.html("heads")) == [core, edges, heads]
    # The grid shows arcs beside its thumbnails. The page loads other views when a reader chooses
    # them.
    assert scripts_of(made.html("grid")) == [core, arcs, edges, grid]
    assert scripts_of(made.html("both")) == [core, arcs, edges, grid, heads]
    assert scripts_of(made.html("failed")) == [core]
    steps = ["attention-rail.js", "attention-steps.js"]
    assert scripts_of(made.html("steps")) == [core, *steps]
    made.build("singlehtml")
    assert scripts_of(made.html(builder="singlehtml")) == [core, arcs, edges, grid, heads, *steps]
    for name in ("attention-matrix.js", "attention-steps.js"):
        assert (made.folder / "_build" / "html" / "_static" / name).is_file()


def test_no_numbers_in_the_search_index(project) -> None:
    made = project({"index.rst": PAGE})
    made.build()
    text = (made.folder / "_build" / "html" / "searchindex.js").read_text()
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    # The index has stems of words, with the pages that contain them.
    words = set(index["terms"])
    assert {"caption", "quick", "brown", "fox"} <= words
    assert not [word for word in words if any(digit.isdecimal() for digit in word)]


def test_the_doctree_holds_no_numbers(project) -> None:
    made = project(
        {"index.rst": f"P\n=\n\n.. attention:: {FOX}\n", "course_model.py": FUNCTION}, CONF
    )
    made.build(strict=True)
    pickled = (made.folder / "_build" / "doctrees" / "index.doctree").read_bytes()
    assert b"numpy" not in pickled


def test_hostile_text_is_shown_as_text(project) -> None:
    words = [
        "</script><img",
        "onerror=alert(1)>",
        "&amp;",
        "שלום",
        "🦊",
        '"',
        "{{7*7}}",
        "</figure>",
    ]
    n = len(words)
    rows = "".join(f"   {' '.join('1' if i == j else '0' for j in range(n))}\n" for i in range(n))
    tokens = json.dumps(words, ensure_ascii=False)
    page = f"P\n=\n\n.. attention-figure:: x\n   :tokens: {tokens}\n   :alt: </title><img src=x>\n\n{rows}\n   C.\n"
    made = project({"index.rst": page})
    made.build(strict=True)
    soup = BeautifulSoup(made.html(), "html.parser")
    (figure,) = figure_tags(made.html())
    assert [t.text for t in figure.select(".attention-word")] == words
    assert not figure.find_all("img")
    assert not any(
        tag.has_attr("onerror") or tag.has_attr("style") for tag in figure.find_all(True)
    )
    assert "</title><img src=x>" in figure.find("title").text
    assert soup.find("figcaption")


def test_a_figure_in_lists_tables_and_admonitions(project) -> None:
    body = "\n".join(f"   {line}" for line in FIGURE.replace(":name: fox\n   ", "").splitlines())
    page = f"P\n=\n\n- item\n\n{body}\n\n.. note::\n\n{body}\n\n.. list-table::\n\n   * - cell\n\n       .. attention-figure:: a b\n\n          1 0\n          0 1\n"
    made = project({"index.rst": page})
    made.build(strict=True)
    assert len(figure_tags(made.html())) == 3
    ids = re.findall(r'\bid="([^"]+)"', made.html())
    assert len(ids) == len(set(ids))
    made.build("latex")


def test_ids_differ_on_a_page_of_all_documents(project) -> None:
    files = {
        "index.rst": "I\n=\n\n.. toctree::\n\n   a\n   b\n\n.. attention-figure:: a b\n\n   1 0\n   0 1\n"
    }
    for name in "ab":
        files[f"{name}.rst"] = (
            f"{name}\n=\n\n.. attention-figure:: a b\n   :focus: b\n\n   1 0\n   0 1\n"
        )
    made = project(files)
    made.build("singlehtml", strict=True)
    ids = re.findall(r'\bid="(attention-[^"]+)"', made.html(builder="singlehtml"))
    assert len(ids) == len(set(ids))
    assert len(figure_tags(made.html(builder="singlehtml"))) == 3


def test_large_figures_go_into_a_side_file(project) -> None:
    import numpy as np

    n = 480
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.full(n, 0.5), size=n)
    made = project(
        {
            "index.rst": "I\n=\n\n.. toctree::\n\n   deep/page\n",
            "deep/page.rst": "P\n=\n\n.. attention-figure::\n   :matrix: /w.npz\n",
        }
    )
    np.savez(made.folder / "w.npz", weights=weights, tokens=np.array([f"t{i}" for i in range(n)]))
    for builder in ("html", "dirhtml"):
        made.build(builder, strict=True)
        page = (
            made.folder
            / "_build"
            / builder
            / ("deep/page.html" if builder == "html" else "deep/page/index.html")
        )
        script = BeautifulSoup(page.read_text(), "html.parser").find(
            "script", type="application/x-attention"
        )
        side = (page.parent / script["data-src"]).resolve()
        assert side.is_file()
        assert script["data-key"] in side.read_text()
        assert "</" not in side.read_text()


@pytest.mark.slow
def test_the_extension_is_clean_under_strict_warnings(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["sphinx_attention"]\n')
    (tmp_path / "index.rst").write_text(PAGE.replace(":numref:`fox` and", ""))
    subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "sphinx",
            "-q",
            "-W",
            "-n",
            str(tmp_path),
            str(tmp_path / "out"),
        ],
        check=True,
    )


def test_a_caption_may_hold_references_in_every_builder(project) -> None:
    page = "P\n=\n\n.. _there:\n\nThere\n-----\n\n.. attention-figure:: a b\n\n   1 0\n   0 1\n\n   See :ref:`there`.\n\n   And a legend.\n"
    made = project({"index.rst": page})
    for builder in ("html", "text", "latex"):
        made.build(builder, strict=True)
    soup = BeautifulSoup(made.html(), "html.parser")
    assert soup.find("figcaption").find("a", href="#there")
    assert "And a legend." in soup.find("figcaption").text


def test_admonitions_on_the_page_stay_admonitions(project) -> None:
    made = project({"index.rst": f"{PAGE}\n.. attention:: Mind the *gap*.\n"}, "numfig = True\n")
    tree = made.build(strict=True).env.get_doctree("index")
    assert len(list(tree.findall(nodes.attention))) == 1
