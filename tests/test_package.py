"""What is shipped: a wheel that works without Node, and a core that knows no host."""

from __future__ import annotations

import ast
import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sphinx_attention"


def imports(path: Path) -> set[str]:
    """The top-level names that a module imports from elsewhere, wherever in it."""
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


def test_only_the_sources_and_the_training_know_torch() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name not in {"sources", "teaching"}:
            assert not imports(path) & {"torch", "transformers"}, path


def test_importing_the_extension_imports_no_model_package() -> None:
    code = (
        "import sys, sphinx_attention.hosts.sphinx\n"
        "assert not {'torch', 'transformers', 'tokenizers', 'safetensors'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "most"),
    [("attention.js", 28_000), ("attention-pictures.js", 5_000), ("attention.css", 7_000)],
)
def test_what_a_reader_downloads_is_small(name: str, most: int) -> None:
    assert len(gzip.compress((PACKAGE / "assets" / name).read_bytes(), 9)) <= most


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
    assert core == {"sphinx", "docutils", "jinja2", "numpy", "pillow", "click"}
