"""The rules that `make lint` checks would find what they are there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.test_package import NEEDED, PACKAGE, ROOT, imports, pyproject

if TYPE_CHECKING:
    from pathlib import Path


def import_rules(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package with the configuration of the tools, to break a rule in."""
    shutil.copytree(PACKAGE, tmp_path / "sphinx_attention")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_imports_keep_the_rules() -> None:
    done = import_rules(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("from sphinx_attention.hosts import sphinx", "sphinx_attention.hosts"),
        ("def late():\n    from ..hosts.cli import _shared", "sphinx_attention.hosts"),
        ("def late():\n    import sphinx_attention", "sphinx_attention.hosts"),
        ("def late():\n    import docutils.nodes", "docutils"),
        ("import click", "click"),
    ],
)
def test_a_host_in_the_core_is_found(copied: Path, line: str, named: str) -> None:
    with (copied / "sphinx_attention" / "core" / "errors.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = import_rules(copied)
    assert done.returncode == 1
    assert f"sphinx_attention.core is not allowed to import {named}" in done.stdout


def test_mypy_sees_the_same_packages_everywhere() -> None:
    """What is not a dependency of the package is untyped for mypy, installed or not."""
    overrides = pyproject()["tool"]["mypy"]["overrides"]
    untyped = {name.removesuffix(".*") for one in overrides for name in one["module"]}
    found = set().union(*(imports(path) for path in PACKAGE.rglob("*.py")))
    found = {{"PIL": "pillow"}.get(name, name) for name in found}
    found -= {"", "sphinx_attention", *sys.stdlib_module_names}
    # The lint environment has MyST, so that the module that depends on it is checked.
    assert found - NEEDED - untyped == {"myst_parser"}
    lint = pyproject()["dependency-groups"]["lint"]
    assert any(one.startswith("myst-parser") for one in lint)
    assert not any("torch" in one or "transformers" in one for one in lint)
