"""How the directive treats texts, settings of docutils, and errors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sphinx.util.docutils import patch_docutils

from sphinx_attention.hosts.sphinx import directive
from sphinx_attention.hosts.sphinx.nodes import attention_figure
from tests.conftest import FOX, FOX_ROWS, indent

MODEL = 'attention_model = "m"\nattention_models = {"m": {"path": "nowhere"}}\n'


def specs(app: Any, page: str = "index") -> list[Any]:
    return [node.spec for node in app.env.get_doctree(page).findall(attention_figure)]


def test_white_space_within_a_line_reaches_the_model(project) -> None:
    page = "P\n=\n\n.. attention-figure:: the  quick   fox\n   :pair: and\n     so  on\n"
    made = project({"index.rst": page}, MODEL)
    (spec,) = specs(made.build("dummy", strict=True))
    assert (spec.request.text, spec.request.pair) == ("the  quick   fox", "and so  on")


def test_a_line_break_of_yaml_reaches_the_model(project) -> None:
    page = (
        "# P\n\n```{attention-figure} the fox\n---\npair: |\n  def f():\n      return\n---\n```\n"
    )
    made = project({"index.md": page}, MODEL)
    (spec,) = specs(made.build("dummy", strict=True))
    assert spec.request.pair == "def f():\n    return"


def test_lines_are_joined_and_indented_lines_are_reported(project) -> None:
    page = (
        "P\n=\n\n.. attention-figure:: the quick\n   brown fox\n\n"
        ".. attention-figure:: def f(x):\n      if x:\n          return x\n"
    )
    made = project({"index.rst": page}, MODEL)
    plain, code = specs(made.build("dummy"))
    assert plain.request.text == "the quick brown fox"
    assert code.request.text == "def f(x): if x: return x"
    (warning,) = made.warnings.splitlines()
    assert "index.rst:7: WARNING: the lines of the text are indented differently" in warning
    assert "[attention.text]" in warning


def test_no_file_is_read_when_docutils_may_not_read_files(project) -> None:
    page = f"P\n=\n\n.. attention-figure:: {FOX}\n   :matrix: fox.csv\n"
    made = project({"index.rst": page, "fox.csv": FOX_ROWS.replace(" ", ",")})
    made.build(strict=True)
    conf = "[general]\nfile_insertion_enabled: no\n"
    with patch_docutils(made.folder):
        made.build(freshenv=True, docutils_conf=conf)
    assert re.search(
        r"index\.rst:4: WARNING: the file 'fox\.csv' is not read, because file_insertion_enabled",
        made.warnings,
    )
    assert "attention-placeholder" in made.html()


@pytest.mark.parametrize("error", [ValueError("odd"), RecursionError(), MemoryError()])
def test_an_unexpected_error_is_a_warning_with_its_traceback(
    project, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(directive, "rows_of", broken)
    made = project({"index.rst": f"P\n=\n\n.. attention-figure:: {FOX}\n\n{indent(FOX_ROWS)}\n"})
    made.build(verbosity=1)
    assert f"index.rst:4: WARNING: reading the figure of '{FOX}' failed: " in made.warnings
    assert "sphinx-build -v shows the traceback" in made.warnings
    assert "Traceback" in made.status
    assert "attention-placeholder" in made.html()


def test_a_build_may_be_interrupted(project, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(directive, "rows_of", interrupted)
    made = project({"index.rst": f"P\n=\n\n.. attention-figure:: {FOX}\n"})
    with pytest.raises(KeyboardInterrupt):
        made.build("dummy")


def test_documents_may_name_declared_models_alone(project) -> None:
    page = "P\n=\n\n.. attention-figure:: a b\n   :model: org/other\n"
    made = project({"index.rst": page}, f"{MODEL}attention_models_only = True\n")
    made.build("dummy")
    assert (
        "index.rst:4: WARNING: invalid value 'org/other' for model: expected m, builtin or builtin-vision"
        in made.warnings
    )
    assert "[attention.model]" in made.warnings


@pytest.mark.parametrize(("count", "message"), [(20, True), (4, False)])
def test_the_overview_says_that_it_holds_the_strongest_edges_alone(
    project, count: int, message: bool
) -> None:
    rows = "\n".join(" ".join([f"{1 / count}"] * count) for _ in range(count))
    text = " ".join(f"w{n}" for n in range(count))
    page = f"P\n=\n\n.. attention-figure:: {text}\n   :rest: overview\n\n{indent(rows)}\n"
    made = project({"index.rst": page})
    made.build(strict=True)
    assert ("at rest, at most the 240 strongest edges" in made.html()) is message
