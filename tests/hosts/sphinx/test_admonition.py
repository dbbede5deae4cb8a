"""`attention` without our options is the admonition it was, to the last node."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docutils import nodes
from sphinx.testing.util import SphinxTestApp

from tests.course import BESIDE

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


# Sphinx's own napoleon uses what Sphinx's own autodoc deprecates.
@pytest.mark.filterwarnings("ignore:The mapping interface for autodoc:")
@pytest.mark.parametrize("conf", [{}, MODEL], ids=["unset", "model, bare admonition"])
def test_same_doctrees_with_and_without_the_extension(
    tmp_path: Path, conf: dict[str, object]
) -> None:
    stock, stock_warnings = doctrees(tmp_path / "a" / "docs", [], {})
    ours, our_warnings = doctrees(tmp_path / "b" / "docs", ["sphinx_attention"], conf)
    assert stock["index"].count("<attention") >= 20
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
        ("plain words\n   :collapsible:", False),
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
        ("a b c\n\n   0.5 0.5\n   0.1 0.9", False),
        ("a b\n\n   0.5 0.5\n   and 0.9", False),
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
        (" plain words\n", True),
        (" plain words\n:name: fox\n", True),
        (" plain words\n:collapsible:\n", False),
        ("\nplain words on the next line\n", False),
        (" plain words\n\nand a body\n", False),
        (" words with *markup*\n", False),
        (" words with $maths$\n", False),
        (" a [link](https://example.org)\n", False),
        (" plain words\n:layer: 0\n", True),
        (" plain words\n---\nlayer: 0\n---\n", True),
        (" a b\n0.5 0.5\n0.1 0.9\n", True),
        (" a b c\n0.5 0.5\n0.1 0.9\n", False),
    ],
)
def test_the_three_rules_in_myst(project, fence: str, source: str, figure: bool) -> None:
    conf = 'attention_model = "m"\nattention_models = {"m": {"id": "no/where"}}\n'
    page = f"# P\n\n{fence}{{attention}}{source}{fence}\n"
    tree = project({"index.md": page}, conf).build("dummy").env.get_doctree("index")
    assert ("attention_figure" in tree.pformat()) is figure
    assert bool(list(tree.findall(nodes.attention))) is not figure


def test_an_unknown_option_of_the_admonition_is_still_its_own_error(project) -> None:
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
