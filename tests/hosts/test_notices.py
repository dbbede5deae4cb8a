"""Facts that are not mistakes reach authors in every host, with their place, and fail nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from markdown import Markdown

import sphinx_attention
from sphinx_attention.hosts.cli import main
from tests.hosts import test_mystmd as mystmd
from tests.hosts import test_quarto as quarto
from tests.hosts.markdown.sites import PROGRAMS, build, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NOTICE = "cutoff: the view matrix draws no edges, so that this option changes nothing"
SENTENCES = "the quick\n\nthe fox\n"
PASSED_OVER = "file: line 2 of 'sentences.txt' is empty and passed over"


def fence(start: str = "", end: str = "") -> str:
    return (
        f'# P\n\n```{start}attention view="matrix" cutoff="0.5"{end}\nthe quick\n```\n\n'
        f'```{start}attention file="sentences.txt"{end}\n```\n'
    )


@pytest.mark.parametrize("name", ["mkdocs", "material", "properdocs", "zensical"])
def test_sites_of_markdown(tmp_path: Path, name: str) -> None:
    write(tmp_path, PROGRAMS[name], {"index.md": "---\ntitle: A\n---\n" + fence()})
    (tmp_path / "docs" / "sentences.txt").write_text(SENTENCES, encoding="utf-8")
    made = build(tmp_path, PROGRAMS[name])
    assert made.code == 0, made.message
    assert made.message.count(f"docs/index.md:6: {NOTICE}") == 1, made.message
    assert f"docs/index.md:10: {PASSED_OVER}" in made.message
    assert "arning: docs" not in made.message


def test_python_markdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sentences.txt").write_text(SENTENCES, encoding="utf-8")
    with caplog.at_level(logging.INFO, "sphinx_attention"):
        Markdown(extensions=["sphinx_attention.hosts.markdown"]).convert(fence())
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("INFO", f"Markdown:3: {NOTICE}"),
        ("INFO", f"Markdown:7: {PASSED_OVER}"),
    ]


def test_mystmd(tmp_path: Path) -> None:
    page = (
        "# P\n\n```{attention-figure} the quick\n:view: matrix\n:cutoff: 0.5\n```\n\n"
        "```{attention-figure}\n:file: sentences.txt\n```\n"
    )
    mystmd.make(tmp_path, {"index.md": page, "sentences.txt": SENTENCES})
    code, message = mystmd.build(tmp_path, "--site", "--strict")
    assert code == 0, message
    assert f"index.md:3 {NOTICE}" in message
    assert f"index.md:8 {PASSED_OVER}" in message
    # The rules of a project can silence a message.
    config = mystmd.MYST.replace("  plugins:", "  error_rules:\n    - {}\n  plugins:")
    rule = "rule: attention-notice\n      severity: ignore"
    (tmp_path / "myst.yml").write_text(config.format(rule), encoding="utf-8")
    code, message = mystmd.build(tmp_path, "--site", "--strict")
    assert code == 0, message
    assert NOTICE not in message


def test_quarto(tmp_path: Path) -> None:
    (tmp_path / "sentences.txt").write_text(SENTENCES, encoding="utf-8")
    (tmp_path / "notes.qmd").write_text(fence("{.", "}"), encoding="utf-8")
    code, _, message = quarto.pandoc(
        tmp_path, "-t", "html", "--fail-if-warnings", ATTENTION_STRICT="1"
    )
    assert code == 0, message
    assert f"[INFO] notes.qmd:3: {NOTICE}\n" in message
    assert f"[INFO] notes.qmd:7: {PASSED_OVER}\n" in message


def test_command_line(tmp_path: Path) -> None:
    target = str(tmp_path / "a.svg")
    ran = CliRunner().invoke(
        main, ["render", "the quick", "-o", target, "-O", "view=matrix", "-O", "cutoff=0.5"]
    )
    assert ran.exit_code == 0, ran.output
    assert f"note: {NOTICE}\n" in ran.stderr


def test_notebooks_and_programs() -> None:
    with pytest.warns(UserWarning, match=NOTICE):
        sphinx_attention.figure("the quick", view="matrix", cutoff=0.5)
