"""From source text to pages, in every builder, and the messages for mistakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from docutils import nodes

from tests.conftest import FOX, FOX_ROWS, indent
from tests.course import BESIDE, CONF, FUNCTION
from tests.versions import OLD_MYST, needs_own_line

if TYPE_CHECKING:
    from pathlib import Path

FIGURE = f".. attention-figure:: {FOX}\n   :name: fox\n   :focus: brown\n\n{indent(FOX_ROWS)}\n   A *caption*.\n"
PAGE = f"Page\n====\n\nSee :numref:`fox` and :ref:`the fox <fox>`.\n\n{FIGURE}\nAfter it.\n"


def figure_tags(html: str) -> list:
    return BeautifulSoup(html, "html.parser").find_all("figure", class_="attention-figure")


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


# Mistakes: the message, its place, and the placeholder on the page

WRONG = [
    ("   :layr: 1\n\n{rows}", "option", "unknown option 'layr' (did you mean layer?)"),
    ("   :layer: first\n\n{rows}", "option", "invalid value 'first' for layer"),
    ("   :layer: 3\n\n{rows}", "option", "there is no layer 3, expected 0"),
    ("   :head: 1\n\n{rows}", "option", "there is no head 1, expected 0"),
    ("   :focus: cat\n\n{rows}", "option", "invalid value 'cat' for focus: there is no such token"),
    ("   :view: arks\n\n{rows}", "option", "did you mean arcs?"),
    ("   :cutoff: 2\n\n{rows}", "option", "invalid value '2' for cutoff"),
    ("   :align: middle\n\n{rows}", "option", "invalid value 'middle' for align"),
    ("   :scores: logits\n", "option", "the option scores needs a matrix"),
    ("   :model: m\n\n{rows}", "option", "the option model needs a model"),
    ("\n   0.5 0.5\n   0.5 0.5\n", "matrix", "4 tokens and 2 rows"),
    ("\n   1 0 0 0\n   1 0 0\n   1 0 0 0\n   1 0 0 0\n", "matrix", "row 1 has 3 numbers", 3),
    ("\n   1 0 0 x\n   1 0 0 0\n   1 0 0 0\n   1 0 0 0\n", "matrix", "'x' is not a number", 2),
    ("\n   1 0 0 1\n   1 0 0 0\n   1 0 0 0\n   1 0 0 0\n", "matrix", "row 0 sums to 2.000", 2),
    ("\n   2 -1 0 0\n   1 0 0 0\n   1 0 0 0\n   1 0 0 0\n", "matrix", "is negative", 2),
    ("\n   nan 0 0 0\n   1 0 0 0\n   1 0 0 0\n   1 0 0 0\n", "matrix", "not a finite number", 2),
    ("   :matrix: gone.npy\n", "matrix", "gone.npy cannot be read: No such file"),
    ("   :matrix: odd.txt\n", "matrix", "odd.txt: unknown kind of file"),
    ("", "model", "set attention_model in conf.py"),
]


@pytest.mark.parametrize("syntax", ["rst", "myst"])
@pytest.mark.parametrize("wrong", WRONG)
def test_mistakes_are_reported_with_their_place(project, syntax, wrong) -> None:
    """The place is the line of the directive, or the line of the wrong body."""
    body, subtype, says, below = (*wrong, 0)[:4]
    body = body.replace("{rows}", indent(FOX_ROWS))
    if syntax == "rst":
        page = f"P\n=\n\nText.\n\n.. attention-figure:: {FOX}\n{body}\nThe rest.\n"
        name, line = "index.rst", 6
    else:
        flat = "".join(f"{text.strip()}\n" for text in body.splitlines())
        page = f"# P\n\nText.\n\n\n```{{attention-figure}} {FOX}\n{flat}```\n\nThe rest.\n"
        name, line = "index.md", 6
    made = project({name: page, "odd.txt": "1"})
    made.build()
    (warning,) = [w for w in made.warnings.splitlines() if "WARNING" in w or "ERROR" in w]
    place, _, message = re.sub(r"\x1b\[[0-9;]*m", "", warning).partition(": WARNING: ")
    assert place == f"{made.folder / name}:{line + below}"
    assert says in message
    assert message.endswith(f"[attention.{subtype}]")
    soup = BeautifulSoup(made.html(), "html.parser")
    assert says in " ".join(soup.find(class_="attention-placeholder").text.split()).replace(
        "’", "'"
    ).replace("‘", "'")
    assert "The rest." in soup.text
    assert not figure_tags(made.html())


def test_a_warning_can_be_suppressed_by_its_subtype(project) -> None:
    page = f"P\n=\n\n.. attention-figure:: {FOX}\n   :layr: 1\n"
    made = project({"index.rst": page}, 'suppress_warnings = ["attention.option"]\n')
    made.build(strict=True)
    assert "attention-placeholder" in made.html()


@pytest.mark.slow
def test_a_mistake_fails_a_strict_build(tmp_path: Path) -> None:
    conf = 'extensions = ["sphinx_attention"]\nshow_warning_types = True\n'
    (tmp_path / "conf.py").write_text(conf)
    (tmp_path / "index.rst").write_text("P\n=\n\n.. attention-figure:: a\n   :layr: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    # Sphinx before version 8 ends a build at the first warning, with exit code 2.
    assert done.returncode in {1, 2}
    assert "[attention.option]" in done.stderr


def test_a_mistake_in_a_docstring_is_placed_there(project) -> None:
    module = 'def f():\n    """F.\n\n    .. attention-figure:: a b\n       :layr: 1\n    """\n'
    conf = f'{BESIDE}extensions.append("sphinx.ext.autodoc")\n'
    made = project(
        {"index.rst": "P\n=\n\n.. autofunction:: doc_mod_one.f\n", "doc_mod_one.py": module}, conf
    )
    made.build()
    assert re.search(r"doc_mod_one\.py:docstring of doc_mod_one\.f:3: WARNING", made.warnings)


PAGE_OF_GPT2 = f"P\n=\n\n.. attention:: {FOX}\n   :model: gpt2\n"


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        (
            "attention_modle = 'x'\n",
            "unknown setting attention_modle; did you mean attention_mode?",
        ),
        (
            "attention_mode = 'frozn'\n",
            'expected "auto", "frozen" or "refresh" (did you mean frozen?)',
        ),
        (
            "attention_models_only = 'yes'\n",
            "invalid value 'yes' for attention_models_only: expected True or False",
        ),
        (
            "attention_layer = 1.5\n",
            "invalid value 1.5 for attention_layer: expected a whole number or a string",
        ),
        ("attention_layer = 'first'\n", 'a whole number from 0, or "auto"'),
        ("attention_head = -1\n", 'a whole number from 0, or "auto"'),
        ("attention_models = {'m': {'idd': 'x'}}\n", "unknown entry 'idd'; did you mean 'id'?"),
        ("attention_models = {'m': {'device': 'cpu'}}\n", 'needs "id", "path" or "function"'),
        ("attention_models = {'m': 'gpt2'}\n", "has to be a dict"),
    ],
)
def test_mistakes_in_conf(project, conf: str, says: str) -> None:
    made = project({"index.rst": PAGE}, conf + "numfig = True\n")
    made.build()
    assert says in made.warnings
    assert "[attention.config]" in made.warnings
    assert made.warnings.count("WARNING") == 1
    assert figure_tags(made.html())


@pytest.mark.parametrize(
    "models",
    [
        "{'gpt2': {'pth': 'mine'}}",
        "{'gpt2': {'function': len}}",
        "['gpt2']",
        "{'gpt2'}",
    ],
)
def test_a_broken_declaration_is_not_taken_for_an_id_of_the_hub(project, models: str) -> None:
    made = project({"index.rst": PAGE_OF_GPT2}, f"attention_models = {models}\n")
    made.build()
    first, second = (text for text in made.warnings.splitlines() if "WARNING" in text)
    assert "attention_models" in first
    assert "index.rst:4: WARNING" in second
    assert first.split("conf.py: ")[1].split(" [")[0] in second
    assert "[attention.config]" in second
    assert "attention_models" in made.html()


def test_models_given_as_paths(project) -> None:
    conf = (
        "from pathlib import Path\nattention_model = Path('checkpoints/mine')\n"
        "attention_models = {'mine': {'path': Path('checkpoints/mine')}}\n"
    )
    made = project({"index.rst": "P\n=\n\nText.\n"}, conf)
    made.build(strict=True)
    made.build(strict=True)
    assert "0 added, 0 changed" in made.status


# Capture, store, and successive builds


def model_project(project, conf: str = "", **pages: str):
    files = {f"{name}.rst": text for name, text in pages.items()}
    tree = ".. toctree::\n   :glob:\n\n   *\n\n" if pages else ""
    files.setdefault("index.rst", f"I\n=\n\n{tree}.. attention:: {FOX}\n")
    return project({**files, "course_model.py": FUNCTION}, CONF + conf)


def test_a_function_of_the_authors(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    (figure,) = figure_tags(made.html())
    assert figure.find(class_="attention-model").text == "course"
    stored = list((made.folder / "_attention").glob("??/*.attn"))
    assert len(stored) == 1


def test_a_second_build_captures_and_writes_nothing(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    assert "capturing attention" in made.status
    out = made.folder / "_build" / "html"
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.html")}
    made.build(strict=True)
    assert "capturing attention" not in made.status
    changed = {p.name for p in out.rglob("*.html") if before.get(p) != p.stat().st_mtime_ns}
    # Sphinx writes these pages at every build.
    assert changed <= {"search.html", "genindex.html"}


def test_a_lost_store_is_filled_again_and_its_pages_are_written(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    first = made.html()
    for entry in (made.folder / "_attention").glob("??/*.attn"):
        entry.unlink()
    made.build(strict=True)
    assert made.html() == first
    assert list((made.folder / "_attention").glob("??/*.attn"))


def test_a_damaged_entry_is_computed_again_with_a_warning(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    first = made.html()
    (entry,) = (made.folder / "_attention").glob("??/*.attn")
    entry.write_bytes(entry.read_bytes()[:-5])
    made.build()
    assert "its checksum is wrong; computed again" in made.warnings
    assert "[attention.store]" in made.warnings
    assert made.html() == first
    made.build(strict=True)


def test_a_frozen_build_uses_the_store_and_warns_of_what_it_lacks(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    text = (made.folder / "index.rst").read_text()
    (made.folder / "index.rst").write_text(f"{text}\n.. attention:: something new\n")
    (made.folder / "course_model.py").write_text("raise SystemExit('a model was loaded')")
    made.build(confoverrides={"attention_mode": "frozen"})
    assert len(figure_tags(made.html())) == 1
    assert made.warnings.count("WARNING") == 1
    assert re.search(r"index\.rst:6: WARNING: .*something new.*attention_mode", made.warnings)
    assert "[attention.frozen]" in made.warnings


def test_a_failing_text_spares_the_others(project) -> None:
    made = model_project(
        project, other="O\n=\n\n.. attention:: please refuse\n\n.. attention:: a b c\n"
    )
    made.build()
    assert re.search(r"other\.rst:4: WARNING: .*refused.*\[attention\.function\]", made.warnings)
    assert len(figure_tags(made.html("other"))) == 1
    assert len(figure_tags(made.html())) == 1
    # Failures are not stored, so the next build tries again.
    made.build()
    assert "refused" in made.warnings


@pytest.mark.slow
def test_parallel_builds_write_the_same_pages(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    (source / "course_model.py").write_text(FUNCTION)
    (source / "conf.py").write_text(
        f'extensions = ["sphinx_attention"]\n{CONF}numfig = True\nshow_warning_types = True\n'
    )
    names = [f"page{n}" for n in range(12)]
    (source / "index.rst").write_text(
        "I\n=\n\n.. toctree::\n\n" + "".join(f"   {n}\n" for n in names)
    )
    for n, name in enumerate(names):
        (source / f"{name}.rst").write_text(
            f"{name}\n{'=' * len(name)}\n\n.. attention:: {FOX} number {n}\n\n"
            f".. attention:: {FOX}\n   :caption: Again.\n\n.. attention-figure:: {FOX}\n   :layr: 1\n"
        )
    outputs = []
    for jobs in ("1", "2"):
        out = tmp_path / f"out{jobs}"
        store = tmp_path / f"store{jobs}"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "sphinx",
                "-j",
                jobs,
                "-D",
                f"attention_cache={store}",
                str(source),
                str(out),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.count("[attention.option]") == 12
        assert "not safe for parallel" not in done.stderr
        outputs.append(
            {p.name: p.read_bytes() for p in out.glob("*.html")}
            | {p.name: p.read_bytes() for p in store.glob("??/*")}
        )
        assert len(list(store.glob("??/*.attn"))) == 13
    assert outputs[0] == outputs[1]


def test_a_page_past_its_budget_is_reported(project) -> None:
    made = project({"index.rst": PAGE}, "numfig = True\nattention_page_budget = 1000\n")
    made.build()
    assert re.search(r"index\.rst:6: WARNING: the figures up to here weigh", made.warnings)
    assert "[attention.budget]" in made.warnings


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


def test_a_changed_matrix_file_rebuilds_its_page(project) -> None:
    page = "P\n=\n\n.. attention-figure:: a b\n   :matrix: w.csv\n   :focus: a\n"
    made = project({"index.rst": page, "w.csv": "1,0\n0,1\n"})
    made.build(strict=True)
    made.write({"w.csv": "0.25,0.75\n0,1\n"})
    made.build(strict=True)
    assert "0.750" in made.html()


@pytest.mark.slow
def test_nothing_missing_no_torch(tmp_path: Path, minilm: Path) -> None:
    """The first build runs a real model. The second build has neither torch nor transformers."""
    (tmp_path / "conf.py").write_text(
        'extensions = ["sphinx_attention"]\nattention_model = "minilm"\n'
        f'attention_models = {{"minilm": {{"path": {str(minilm)!r}}}}}\n'
    )
    (tmp_path / "index.rst").write_text(f"P\n=\n\n.. attention:: {FOX}\n")
    code = (
        "import sys\nfrom sphinx.cmd.build import build_main\n"
        "code = build_main(['-q', '-W', '-E', '-j', '2', *sys.argv[1:]])\n"
        "print(code, sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))\n"
    )
    said = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), str(tmp_path / "out")],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        said.append(done.stdout.strip().splitlines()[-1])
    assert said[0].startswith("0 [")
    assert "torch" in said[0]
    assert said[1] == "0 []"


@pytest.mark.slow
def test_a_killed_build_leaves_a_store_that_the_next_one_uses(tmp_path: Path) -> None:
    slow = FUNCTION.replace("    words =", "    import time; time.sleep(0.05)\n    words =")
    (tmp_path / "course_model.py").write_text(slow)
    (tmp_path / "conf.py").write_text(f'extensions = ["sphinx_attention"]\n{CONF}')
    (tmp_path / "index.rst").write_text(
        "P\n=\n\n" + "".join(f".. attention:: sentence number {n}\n\n" for n in range(40))
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path), str(tmp_path / "out")]
    child = subprocess.Popen(command)
    store = tmp_path / "_attention"
    while len(list(store.glob("??/*.attn"))) < 3:
        assert child.poll() is None
    child.kill()
    child.wait()
    kept = {p: p.stat().st_mtime_ns for p in store.glob("??/*.attn")}
    assert 3 <= len(kept) < 40
    subprocess.run(command, check=True)
    assert len(list(store.glob("??/*.attn"))) == 40
    assert all(p.stat().st_mtime_ns == when for p, when in kept.items())
    assert len(figure_tags((tmp_path / "out" / "index.html").read_text())) == 40


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


def test_a_wrong_layer_of_conf_py_is_reported_once_with_its_place(project) -> None:
    page = "P\n=\n\n.. attention:: the quick fox\n   :model: builtin\n"
    made = project(
        {"index.rst": page, "other.rst": f":orphan:\n\n{page}"}, "attention_layer = 99\n"
    )
    made.build()
    (warning,) = made.warnings.splitlines()
    assert "index.rst" not in warning
    assert "WARNING: conf.py: invalid value 99 for attention_layer: there is no layer 99" in warning
    assert "[attention.config]" in warning
    assert "attention_layer" in made.html()
    # The pages stay as they are, and the record of pages has the mistake.
    made.build()
    assert made.warnings.splitlines() == [warning]


def test_another_case_in_focus_is_reported(project) -> None:
    page = f"P\n=\n\n.. attention-figure:: {FOX}\n   :focus: Fox\n\n{indent(FOX_ROWS)}"
    made = project({"index.rst": page})
    made.build(strict=True)
    assert re.search(r"index\.rst:4: focus: .*'Fox'.*'fox' is meant", made.status)
