"""The rules that `make lint` checks find what they should find."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

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
    """A copy of the package and of the tools' configuration, in which a test breaks a rule."""
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
    """Mypy treats a package that is not a dependency as untyped, whether it is installed or not."""
    overrides = pyproject()["tool"]["mypy"]["overrides"]
    untyped = {name.removesuffix(".*") for one in overrides for name in one["module"]}
    found = set().union(*(imports(path) for path in PACKAGE.rglob("*.py")))
    found = {{"PIL": "pillow"}.get(name, name) for name in found}
    found -= {"", "sphinx_attention", *sys.stdlib_module_names}
    # The lint environment has MyST, so mypy checks the module that depends on MyST.
    assert found - NEEDED - untyped == {"myst_parser"}
    lint = pyproject()["dependency-groups"]["lint"]
    assert any(one.startswith("myst-parser") for one in lint)
    assert not any("torch" in one or "transformers" in one for one in lint)


def test_the_hooks_run_what_make_offers() -> None:
    """Each hook calls a target of the Makefile, and the tools come from the registries alone."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
    assert {"ruff", "ruff-format", "mypy", "tsc", "bundle"} <= hooks.keys()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for hook in hooks.values():
        assert hook["entry"].startswith("make --silent "), hook
        assert f"\n{hook['entry'].split()[-1]}: " in makefile, hook


def test_git_keeps_binary_files_and_line_endings() -> None:
    """A binary file or a digest must have the same bytes when git checks it out on Windows."""
    if not (ROOT / ".git").exists():
        return  # An sdist is not a git repository.
    names = git("ls-files").splitlines()
    requested = git("check-attr", "--stdin", "text", "eol", "diff", given="\n".join(names))
    found: dict[str, dict[str, str]] = {}
    for line in requested.splitlines():
        name, attribute, value = line.rsplit(": ", 2)
        found.setdefault(name, {})[attribute] = value
    for name, attributes in found.items():
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" in data:
            assert attributes["text"] == "unset", name
        else:
            assert attributes["eol"] == "lf", name
            assert b"\r\n" not in data, name
    assert found["sphinx_attention/assets/attention.js"]["diff"] == "unset"


def git(*arguments: str, given: str = "") -> str:
    return subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
