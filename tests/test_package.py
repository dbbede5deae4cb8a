"""The shipped files: a wheel that works without Node, and a core that knows no host."""

from __future__ import annotations

import ast
import gzip
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sphinx_attention"


def imports(path: Path) -> set[str]:
    """The top-level names of the packages that a module imports, at its top or in functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def test_the_core_knows_no_host() -> None:
    for path in (PACKAGE / "core").rglob("*.py"):
        assert not imports(path) & {"sphinx", "docutils", "markdown", "click", "myst_parser"}, path


def test_only_hugging_face_sources_know_torch() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "huggingface":
            assert not imports(path) & {"torch", "transformers"}, path


def test_importing_the_extension_imports_no_model_package() -> None:
    code = (
        "import sys, sphinx_attention.hosts.sphinx\n"
        "assert not {'torch', 'transformers', 'tokenizers', 'safetensors'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


MOST = {
    "attention.js": 15_000,
    "attention-pictures.js": 6_100,
    "attention-search.js": 500,
    "attention-generate.js": 1_200,
    "attention.css": 4_000 + 5 * 2_000,
}
"""The most bytes of a file, gzipped. The limit of any other script is 5,000."""


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (PACKAGE / "assets").glob("attention*.*s"))
)
def test_what_a_reader_downloads_is_small(name: str) -> None:
    size = len(gzip.compress((PACKAGE / "assets" / name).read_bytes(), 9))
    assert size <= MOST.get(name, 5_000)


def test_every_view_has_a_script() -> None:
    from sphinx_attention import assets
    from sphinx_attention.core.views import VIEWS

    # A folder without an index holds what several views have in common.
    views = (ROOT / "static" / "src" / "views").glob("*/index.ts")
    assert {path.parent.name for path in views} == set(VIEWS)
    shipped = {path.name for path in assets.files() if path.suffix == ".js"}
    others = {assets.CORE, assets.PICTURES, assets.GENERATE, assets.VARIANTS, assets.PROSE}
    others |= {assets.SEARCH, assets.LINK}
    parts = {part for kind in VIEWS.values() for part in kind.scripts}
    assert shipped == others | {assets.script_of(name) for name in parts | set(VIEWS)}


def test_the_font_is_small_and_licensed() -> None:
    (font,) = (PACKAGE / "assets").glob("*.woff2")
    assert font.stat().st_size <= 15_000
    assert font.with_suffix(".LICENSE.txt").is_file()


def test_the_wheel_holds_all_that_runs_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(n for n in names if n.endswith("METADATA"))).decode()
    tracked = {p.relative_to(ROOT).as_posix() for p in PACKAGE.rglob("*") if p.is_file()}
    tracked = {name for name in tracked if "__pycache__" not in name}
    assert {name for name in names if name.startswith("sphinx_attention/")} == tracked
    assert "sphinx_attention/py.typed" in names
    assert "sphinx_attention/assets/attention.js" in names
    assert not [name for name in names if name.endswith(".ts") or "node_modules" in name]
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    core = {
        line.split()[1].split(">")[0].split("<")[0] for line in needed if "extra ==" not in line
    }
    assert core == NEEDED


NEEDED = {
    "sphinx",
    "babel",
    "docutils",
    "jinja2",
    "markupsafe",
    "numpy",
    "packaging",
    "pillow",
    "click",
}


OF_HOSTS = {"markdown"}
"""Packages that import a host of ours. The host's modules import them at their top, and no other."""


def test_the_packages_of_hosts_are_imported_by_those_hosts_alone() -> None:
    for name in OF_HOSTS:
        users = [
            path.relative_to(PACKAGE).as_posix()
            for path in PACKAGE.rglob("*.py")
            if re.search(
                rf"^(?:from|import) {name}\b", path.read_text(encoding="utf-8"), re.MULTILINE
            )
        ]
        assert users == [f"hosts/{name}/extension.py"]
        assert name in str(pyproject()["project"]["optional-dependencies"][name])


def test_every_imported_package_is_declared() -> None:
    """Imports at the top of modules are dependencies. Imports in functions belong to extras."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").split(".")[0])
    found -= {*sys.stdlib_module_names, "sphinx_attention", *OF_HOSTS}
    assert {{"PIL": "pillow"}.get(name, name) for name in found} <= NEEDED


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_licence_of_what_is_shipped_is_named(tmp_path: Path) -> None:
    project = pyproject()["project"]
    assert project["license"] == "MIT AND OFL-1.1 AND Apache-2.0"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        licences = {
            Path(name).name: archive.read(name).decode()
            for name in archive.namelist()
            if "/licenses/" in name
        }
    assert "MIT License" in licences["LICENSE"]
    assert "SIL OPEN FONT LICENSE" in licences["attention-math.LICENSE.txt"].upper()
    assert "bert-base-uncased" in licences["words.LICENSE.txt"]
    assert "Apache License" in licences["words.LICENSE.txt"]


def test_the_readme_can_be_read_on_pypi() -> None:
    """Relative links are broken on PyPI. Each link into this project names a file that exists."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", readme)
    found = [one or other for one, other in links]
    assert len(found) > 6
    assert [one for one in found if not one.startswith("https://")] == []
    source = pyproject()["project"]["urls"]["Source"]
    assert source == "https://github.com/sphinx-attention/sphinx-attention"
    raw = source.replace("github.com", "raw.githubusercontent.com")
    for one in found:
        if one.startswith((source + "/", raw)):
            inside = re.sub(
                r"^(?:(?:blob|tree)/)?main/", "", one.split(source.split("m/")[1] + "/")[1]
            )
            assert (ROOT / inside).exists(), one


@pytest.mark.slow
def test_the_sdist_holds_what_builds_and_tests_need(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        # Python has the argument `filter` from 3.11.4 on. Debian 12 has an older Python.
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **safe)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    for name in (
        ".github/workflows/tests.yml",
        ".readthedocs.yaml",
        "LICENSE",
        "Makefile",
        "docs/images/figure-light.png",
        "example_docs/conf.py",
        "scripts/fetch_model.py",
        "static/src/page/index.ts",
        "sphinx_attention/builtin/words.LICENSE.txt",
    ):
        assert (folder / name).is_file(), name
    assert any((folder / "example_docs" / "_attention").rglob("*.attn"))
    # The tests of the sdist run without git, and a wheel can be built from it.
    tests = ["tests/test_package.py", "tests/workflows", "tests/core/render/test_description.py"]
    chosen = "wheel or importing or declared or pypi or known or offers or pinned or text"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", chosen],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
