"""The starters of each host are built as their workflows build them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import sphinx_attention
from scripts import find_mystmd
from sphinx_attention.hosts.cli.plugin import FILES
from tests.hosts.pandoc import pandoc_path

pytestmark = pytest.mark.slow

STARTERS = Path(__file__).parents[2] / "example_docs" / "starters"
NAMES = sorted(folder.name for folder in STARTERS.iterdir() if folder.is_dir())
NOTEBOOKS = Path(__file__).parents[2] / ".venv-notebooks"
"""The environment that has the hosts of notebooks."""
NO_MODELS = "raise ImportError('a frozen build imports no model')\n"


def job(name: str) -> dict:
    text = (STARTERS / name / ".github" / "workflows" / "notes.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["jobs"]["build"]


def _without_theme(folder: Path) -> None:
    """Replace the theme, which mystmd downloads, by an empty one."""
    config = folder / "myst.yml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("book-theme", "./theme"), encoding="utf-8"
    )
    (folder / "theme").mkdir()
    (folder / "theme" / "template.yml").write_text(
        "jtex: v1\ntitle: T\nkind: site\n", encoding="utf-8"
    )


def _programs(name: str) -> Path:
    """The folder of the programs that build a starter."""
    if name != "notebook":
        return Path(sys.executable).parent
    assert (NOTEBOOKS / ".stamp").is_file(), "run `make notebook-tools` first (make test does)"
    return NOTEBOOKS / "bin"


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_builds_without_a_model(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(
        STARTERS / name, folder, ignore=shutil.ignore_patterns("site", "_build", ".cache")
    )
    hidden = tmp_path / "hidden"
    for package in ("torch", "transformers"):
        (hidden / package).mkdir(parents=True)
        (hidden / package / "__init__.py").write_text(NO_MODELS, encoding="utf-8")
    steps = job(name)["steps"]
    if name == "mystmd":
        _without_theme(folder)
    build = next(step["run"] for step in steps if step.get("name", "").startswith("Build"))
    output = folder / steps[-1]["with"]["path"]
    if name == "mystmd":
        build = build.replace("myst build --html", f'node "{find_mystmd.find()}" build --site')
        output = folder / "_build" / "site"
    if name == "quarto":
        # Quarto cannot be installed from PyPI alone. It calls pandoc with the same filter.
        one = f'"{pandoc_path()}" -f markdown -t html -L attention.lua --fail-if-warnings'
        build = f"mkdir _site; for page in *.qmd; do {one} $page -o _site/$page.html; done"
    done = subprocess.run(
        ["bash", "-ec", build],
        cwd=folder,
        env={
            **os.environ,
            **job(name)["env"],
            "PATH": f"{_programs(name)}{os.pathsep}{os.environ['PATH']}",
            # The package is on this path if it is not installed.
            "PYTHONPATH": os.pathsep.join([str(hidden), str(STARTERS.parents[1])]),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pages = "".join(
        page.read_text(encoding="utf-8")
        for page in output.rglob("*")
        if page.suffix in {".html", ".json"}
    )
    # The prose prints the weight of the model.
    weights = sphinx_attention.attention(
        "candle seven river yellow candle seven river yellow"
    ).weights
    assert f"{weights[0, 0, 2, 1]:.3f}" in pages


@pytest.mark.parametrize("name", [name for name in NAMES if name != "notebook"])
def test_the_store_of_a_starter_is_complete(tmp_path: Path, name: str) -> None:
    from click.testing import CliRunner

    from sphinx_attention.hosts.cli import main

    ran = CliRunner().invoke(main, ["capture", str(STARTERS / name), "--dry-run"])
    assert "0 to compute, 1 in the store already" in ran.output


def test_the_notebook_finds_its_numbers_in_the_store(tmp_path: Path) -> None:
    """The cells run with the built-in model broken, so that only the store has their numbers."""
    shutil.copytree(STARTERS / "notebook", tmp_path / "notebook")
    cells = json.loads((tmp_path / "notebook" / "index.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    broken = "from sphinx_attention.core.sources.builtin import runner\nrunner.read = None"
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join([broken, *code])],
        cwd=tmp_path / "notebook",
        env={**os.environ, "PYTHONPATH": str(STARTERS.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("program", sorted(FILES))
def test_the_file_of_a_starter_is_the_one_that_the_command_writes(program: str) -> None:
    package = Path(sphinx_attention.__file__).parent / "hosts" / program / FILES[program]
    assert (STARTERS / program / FILES[program]).read_bytes() == package.read_bytes()
