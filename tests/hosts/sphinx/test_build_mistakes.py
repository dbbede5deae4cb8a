"""The messages for mistakes in notes and in conf.py."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FOX, FOX_ROWS, indent
from tests.course import BESIDE
from tests.hosts.sphinx.projects import PAGE, figure_tags

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_page_past_its_budget_is_reported(project) -> None:
    made = project({"index.rst": PAGE}, "numfig = True\nattention_page_budget = 1000\n")
    made.build()
    assert re.search(r"index\.rst:6: WARNING: the figures up to here weigh", made.warnings)
    assert "[attention.budget]" in made.warnings


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
