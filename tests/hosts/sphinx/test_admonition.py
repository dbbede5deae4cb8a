"""`attention` without this package's options stays docutils' admonition, with the same nodes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docutils import nodes
from sphinx.testing.util import SphinxTestApp

from tests.conftest import indent
from tests.course import BESIDE
from tests.versions import needs_collapsible, needs_own_line

ROOT = Path(__file__).parents[2] / "roots" / "test-admonitions"

MODEL = {
    "attention_model": "nowhere",
    "attention_models": {"nowhere": {"id": "no/where"}},
    "attention_bare": "admonition",
}


def doctrees(
    folder: Path, extensions: list[str], conf: dict[str, object]
) -> tuple[dict[str, str], str]:
    shutil.copytree(ROOT, folder)
    text = (folder / "conf.py").read_text()
    (folder / "conf.py").write_text(f"{text}\nextensions += {extensions!r}\n")
    app = SphinxTestApp("html", srcdir=folder, confoverrides=conf)
    try:
        app.build()
        forms = {
            name: app.env.get_doctree(name).pformat().replace(str(folder), "ROOT")
            for name in sorted(app.env.found_docs)
        }
        return forms, app.warning.getvalue().replace(str(folder), "ROOT")
    finally:
        app.cleanup()


# Sphinx's napoleon uses functions of autodoc that are deprecated.
@pytest.mark.filterwarnings("ignore:The mapping interface for autodoc:")
@pytest.mark.parametrize("conf", [{}, MODEL], ids=["unset", "model, bare admonition"])
def test_same_doctrees_with_and_without_the_extension(
    tmp_path: Path, conf: dict[str, object]
) -> None:
    stock, stock_warnings = doctrees(tmp_path / "a" / "docs", [], {})
    ours, our_warnings = doctrees(tmp_path / "b" / "docs", ["sphinx_attention"], conf)
    assert stock["index"].count("<attention") >= 18
    assert stock["markdown"].count("<attention") >= 10
    assert stock["docstrings"].count("<attention") >= 4
    assert ours == stock
    assert our_warnings == stock_warnings


PLAIN = "P\n=\n\n.. attention:: plain words on one line\n"


@pytest.mark.parametrize(
    ("conf", "figure"),
    [
        ("", False),
        ('attention_model = "m"\nattention_models = {"m": {"id": "no/where"}}\n', True),
        ('attention_model = "m"\nattention_bare = "admonition"\n', False),
    ],
    ids=["no model", "model", "model, bare admonition"],
)
def test_one_plain_line_is_a_figure_only_where_a_model_is_set(project, conf, figure) -> None:
    made = project({"index.rst": PLAIN}, conf + 'attention_mode = "frozen"\n')
    tree = made.build("dummy").env.get_doctree("index")
    assert bool(list(tree.findall(nodes.attention))) is not figure
    assert ("attention_figure" in tree.pformat()) is figure


@pytest.mark.parametrize(
    ("source", "figure"),
    [
        ("plain words", True),
        ("plain words\n   :name: fox", True),
        ("plain words\n   :class: wide", True),
        pytest.param("plain words\n   :collapsible:", False, marks=needs_collapsible),
        ("plain words\n   on two lines", False),
        ("\n   plain words on the next line", False),
        ("\n\n   plain words after a blank line", False),
        ("plain words\n\n   and a body", False),
        ("words with *markup*", False),
        ("words with ``code``", False),
        ("words with a reference_", False),
        ("see https://example.org", False),
        ("snake_case is plain, isn't it?", True),
        ("plain words\n   on two lines\n   :layer: 0", True),
        ("a b\n\n   0.5 0.5\n   0.1 0.9", True),
        ("a b\n   0.5 0.5\n   0.1 0.9", True),
        ("a b\n\n   0.5 0.5\n   and 0.9", False),
        ("2 apples\n\n   1 2 3", False),
        ("\n\n   :model: a field\n   :layers: 12", False),
        ("The settings\n\n   - model: a name\n   - and prose", False),
        ("numbers\n\n   === ===\n   1   2\n   3   4\n   === ===", False),
        # None of these lines is markup in reStructuredText.
        ("The cat [MASK] on the mat", True),
        ("The <mask> sat", True),
        ("$5 | 10%", True),
        ("2 * 3 * 4 = 24", True),
        ("The animal didn't cross the street because it was too tired.", True),
        ("an email to me@example.org", False),
        ("a *half open mark", False),
        ("an escaped \\* mark", False),
        # Blocks are markup, too.
        ("- item", False),
        ("1. item", False),
        ("(a) item", False),
        ("-v  says more", False),
        (".. note:: nested", False),
        ("| a line", False),
        (">>> 1", False),
        ("As follows::", False),
        # Text that speaks to readers is no sentence for a figure.
        ("This call is deprecated.", False),
        ("Why do we only see three members?", False),
        ("This may take around 30sec to run.", False),
        ("Not safe on Windows!", False),
        ("Requires Python 3.8.", False),
    ],
)
def test_the_three_rules_in_rst(project, source: str, figure: bool) -> None:
    conf = 'attention_model = "m"\nattention_models = {"m": {"id": "no/where"}}\n'
    page = f"P\n=\n\n.. attention:: {source}\n\n.. _reference: https://example.org\n"
    tree = project({"index.rst": page}, conf).build("dummy").env.get_doctree("index")
    assert ("attention_figure" in tree.pformat()) is figure
    assert bool(list(tree.findall(nodes.attention))) is not figure


@pytest.mark.parametrize("fence", ["```", ":::"])
@pytest.mark.parametrize(
    ("source", "figure"),
    [
        pytest.param(" plain words\n", True, marks=needs_own_line),
        pytest.param(" plain words\n:name: fox\n", True, marks=needs_own_line),
        (" plain words\n:collapsible:\n", False),
        ("\nplain words on the next line\n", False),
        (" plain words\n\nand a body\n", False),
        (" words with *markup*\n", False),
        (" words with $maths$\n", False),
        (" a [link](https://example.org)\n", False),
        (" plain words\n:layer: 0\n", True),
        (" plain words\n---\nlayer: 0\n---\n", True),
        pytest.param(" a b\n0.5 0.5\n0.1 0.9\n", True, marks=needs_own_line),
        pytest.param(" The cat [MASK] on the mat\n", True, marks=needs_own_line),
        (" The <mask> sat\n", False),
        pytest.param(" $5 | 10%\n", True, marks=needs_own_line),
        pytest.param(" 2 * 3 * 4 = 24\n", True, marks=needs_own_line),
        (" - item\n", False),
        (" > a quotation\n", False),
        (" &amp; so on\n", False),
        (" Do not unplug it.\n", False),
    ],
)
def test_the_three_rules_in_myst(project, fence: str, source: str, figure: bool) -> None:
    conf = 'attention_model = "m"\nattention_models = {"m": {"id": "no/where"}}\n'
    page = f"# P\n\n{fence}{{attention}}{source}{fence}\n"
    tree = project({"index.md": page}, conf).build("dummy").env.get_doctree("index")
    assert ("attention_figure" in tree.pformat()) is figure
    assert bool(list(tree.findall(nodes.attention))) is not figure


@pytest.mark.parametrize("syntax", ["rst", pytest.param("myst", marks=needs_own_line)])
def test_a_matrix_that_does_not_fit_is_refused_and_no_admonition(project, syntax: str) -> None:
    rows = "0.2 0.3 0.5\n0.1 0.9 0\n1 0 0\n"
    if syntax == "rst":
        files = {"index.rst": f"P\n=\n\n.. attention:: a b c d\n\n{indent(rows)}"}
    else:
        files = {"index.md": f"# P\n\n\n```{{attention}} a b c d\n{rows}```\n"}
    made = project(files)
    made.build()
    assert "4 tokens and 3 rows" in made.warnings
    assert ":4: WARNING" in made.warnings
    assert "attention-placeholder" in made.html()


@pytest.mark.parametrize(
    ("option", "ours"),
    [("layr", True), ("focs", True), ("modle", True), ("clas", False), ("nmae", False)],
)
def test_a_misspelt_option_of_a_figure_is_reported(project, option: str, ours: bool) -> None:
    made = project({"index.rst": f"P\n=\n\n.. attention:: words\n   :{option}: 1\n"})
    made.build()
    assert (f"unknown option '{option}' (did you mean" in made.warnings) is ours
    assert (f'unknown option: "{option}"' in made.warnings) is not ours
    assert ("attention-placeholder" in made.html()) is ours


# Sphinx's napoleon uses functions of autodoc that are deprecated.
@pytest.mark.filterwarnings("ignore:The mapping interface for autodoc:")
def test_a_docstrings_line_stays_an_admonition(project) -> None:
    module = (
        'def f():\n    """F.\n\n    Attention:\n        The mask is boolean\n\n'
        '    .. attention:: the quick brown fox\n    """\n'
    )
    conf = f'{BESIDE}extensions += ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]\n'
    page = "P\n=\n\n.. autofunction:: doc_mod_two.f\n\n.. attention:: the quick brown fox\n"
    made = project({"index.rst": page, "doc_mod_two.py": module}, f'{conf}attention_model = "m"\n')
    tree = made.build("dummy").env.get_doctree("index")
    assert len(list(tree.findall(nodes.attention))) == 2
    assert tree.pformat().count("<attention_figure") == 1


def test_a_build_lists_figures_of_single_lines(project) -> None:
    pages = {
        "index.rst": f"P\n=\n\n{''.join(f'.. attention:: sentence number {n}' + chr(10) * 2 for n in range(6))}",
        "other.rst": ":orphan:\n\nP\n=\n\n.. attention:: Do not do this.\n\n.. attention::\n\n   A body.\n",
    }
    conf = 'attention_model = "builtin"\n'
    made = project(pages, conf)
    made.build("dummy", strict=True)
    assert (
        "6 bare attention directives are figures: index.rst:4, index.rst:6, index.rst:8, "
        'index.rst:10, index.rst:12, …; attention_bare = "admonition" keeps' in made.status
    )
    assert "1 bare attention directive stays an admonition: other.rst:6, because" in made.status
    assert "other.rst:8" not in made.status
    # Nothing is read again, so the message does not come again.
    made.build("dummy", strict=True)
    assert "bare attention" not in made.status
    made.build("dummy", strict=True, verbosity=1, freshenv=True)
    assert "other.rst:8: attention is an admonition: no text stands on its own line" in made.status
    assert "index.rst:4: attention is a figure: it is one line of plain text" in made.status


def test_docutils_reports_unknown_options_of_the_admonition(project) -> None:
    source = "P\n=\n\n.. attention::\n   :nonsense: 1\n\n   Text.\n"
    made = project({"index.rst": source})
    made.build("dummy")
    assert 'unknown option: "nonsense"' in made.warnings


def test_a_class_registered_by_another_extension_is_kept(project) -> None:
    other = (
        "from docutils import nodes\n"
        "from docutils.parsers.rst import Directive\n"
        "class Other(Directive):\n"
        "    has_content = True\n"
        "    def run(self):\n"
        "        return [nodes.paragraph('', 'the other one')]\n"
        "def setup(app):\n"
        "    app.connect('config-inited', lambda app, config: "
        "app.add_directive('attention', Other, override=True))\n"
    )
    conf = f"{BESIDE}extensions = ['sphinx_attention', 'other_ext']\n"
    made = project({"index.rst": "P\n=\n\n.. attention:: words\n", "other_ext.py": other}, conf)
    tree = made.build("dummy", strict=True).env.get_doctree("index")
    assert "the other one" in tree.astext()
