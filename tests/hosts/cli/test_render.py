"""`sphinx-attention render`, and the command itself: its help, its version, its completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.dom import minidom

import click
import numpy as np
import pytest
from PIL import Image

import sphinx_attention
from sphinx_attention.hosts.cli import main
from tests.conftest import FOX, FOX_ROWS

if TYPE_CHECKING:
    from tests.hosts.cli.notes import Notes


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    path = tmp_path / "fox.csv"
    rows = [[float(n) for n in line.split()] for line in FOX_ROWS.splitlines()]
    np.savetxt(path, rows, delimiter=",")
    return path


@pytest.mark.parametrize("kind", ["html", "svg", "png", "pdf"])
def test_a_file_of_weights_becomes_a_file(
    notes: Notes, tmp_path: Path, matrix: Path, kind: str
) -> None:
    out = tmp_path / f"fox.{kind}"
    answer = notes.run("render", FOX, "-o", str(out), "--matrix", str(matrix), "-O", "focus=fox")
    assert answer.err == f"{out}: arcs, given weights\n"
    start = {"html": b"<!DOCTYPE html>", "svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF-"}[kind]
    assert out.read_bytes().startswith(start)


@pytest.mark.models
def test_a_model_by_its_folder(notes: Notes, tmp_path: Path, minilm: Path) -> None:
    out = tmp_path / "fox.svg"
    arguments = ["render", FOX, "-o", str(out), "--model", str(minilm), "-O", "layer=5"]
    answer = notes.run(*arguments, "-O", "head=11", "--json", "--cache", str(tmp_path / "store"))
    assert answer.json == {
        "file": str(out),
        "view": "arcs",
        "model": minilm.name,
        "layer": "5",
        "head": "11",
    }
    assert minidom.parse(str(out)).documentElement.tagName == "svg"
    # The second time, the store has the numbers.
    assert (
        f"{minilm.name}: {FOX}" not in notes.run(*arguments, "--cache", str(tmp_path / "store")).err
    )


@pytest.mark.parametrize("view", ["arcs", "heads", "grid", "matrix", "steps"])
@pytest.mark.models
def test_every_view_is_drawn(notes: Notes, tmp_path: Path, view: str) -> None:
    store = ["--cache", str(tmp_path / "store")]
    for kind in ("svg", "png"):
        out = tmp_path / f"x.{kind}"
        notes.run("render", FOX, "-o", str(out), "-O", f"view={view}", *store)
        assert out.stat().st_size > 1000
    drawn = minidom.parse(str(tmp_path / "x.svg"))
    assert not drawn.getElementsByTagName("script")
    pixels = np.asarray(Image.open(tmp_path / "x.png").convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 10


def test_mistakes_are_reported(notes: Notes, tmp_path: Path, matrix: Path) -> None:
    out = str(tmp_path / "x.svg")
    given = ["--matrix", str(matrix)]
    assert "has to end in" in notes.run("render", FOX, "-o", "x.gif", code=2).err
    assert "unknown option" in notes.run("render", FOX, "-o", out, "-O", "x=1", code=2).err
    answer = notes.run("render", FOX, "-o", out, *given, "-O", "view=circle", code=2)
    assert "expected arcs" in answer.err
    answer = notes.run("render", "one two", "-o", out, *given, code=1)
    assert "sphinx-attention: " in answer.err
    assert not (tmp_path / "x.svg").exists()


def test_without_typst_the_message_names_the_command_that_installs_it(
    notes: Notes, tmp_path: Path, matrix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    out = tmp_path / "x.png"
    answer = notes.run("render", FOX, "-o", str(out), "--matrix", str(matrix), code=1)
    assert 'pip install "sphinx-attention[render]"' in answer.err
    assert not out.exists()


def test_every_command_has_help_and_the_program_has_a_version(notes: Notes) -> None:
    assert sphinx_attention.__version__ in notes.run("--version").out
    for command in (
        ["capture"],
        ["cache"],
        *(["cache", one] for one in ("list", "check", "prune", "export", "import")),
        ["render"],
        ["doctor"],
    ):
        assert notes.run(*command, "--help").out.startswith("Usage: ")
    assert notes.run("nonsense", code=2)


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes(shell: str) -> None:
    environment = {**os.environ, "_SPHINX_ATTENTION_COMPLETE": f"{shell}_source"}
    made = subprocess.run(
        [sys.executable, "-m", "sphinx_attention"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"_SPHINX_ATTENTION_COMPLETE={shell}_complete" in made.stdout


@pytest.mark.slow
def test_no_command_loads_what_it_does_not_need() -> None:
    code = (
        "import sys; import sphinx_attention.hosts.cli; "
        "print([m for m in ('torch', 'transformers', 'distributed', 'fsspec', 'typst', 'sphinx.application')"
        " if m in sys.modules])"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_the_docs_name_every_command_and_option() -> None:
    page = (Path(__file__).parents[3] / "example_docs" / "command-line.md").read_text()

    def options(command: click.Command, name: str) -> list[str]:
        if isinstance(command, click.Group):
            return [
                o
                for n, one in command.commands.items()
                for o in options(one, f"{name} {n}".strip())
            ]
        assert f"`{name} " in page, name
        # Options of all commands are described once, at the top.
        return [o for p in command.params for o in p.opts if o.startswith("-")]

    named = options(main, "")
    assert len(named) > 20
    assert [one for one in named if f"`{one}" not in page] == []


def test_a_failed_attention_is_reported_and_the_others_are_drawn(
    notes: Notes, tmp_path: Path
) -> None:
    file = tmp_path / "two.svg"
    models = f"builtin, {tmp_path / 'nowhere'}"
    done = notes.run("render", "the cat sleeps", "-o", str(file), "--option", f"model={models}")
    assert "warning: " in done.err
    assert "nowhere" in done.err
    assert "sleeps" in file.read_text(encoding="utf-8")
