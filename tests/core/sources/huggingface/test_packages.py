"""Problems that make torch and transformers unusable, and the messages about them."""

from __future__ import annotations

import importlib.machinery
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource
from sphinx_attention.core.sources.huggingface import packages
from sphinx_attention.core.sources.huggingface.load_errors import explain_load

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[4]
ASK = """
import sys
{before}
sys.path.insert(0, sys.argv[1])
from sphinx_attention.core.sources.builtin import FOLDER
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
source = ModelSource(name="copy", path="copy", folder=str(FOLDER))
with open_source(source) as runner:
    ((_, answer),) = runner.run([Request(source, "the fox")])
print(getattr(answer, "problem", "drawn"), getattr(answer, "message", ""))
"""


def ask(folder: Path, before: str = "") -> str:
    """The answer of another process that has a folder first on sys.path."""
    command = [sys.executable, "-c", ASK.replace("{before}", before), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_versions_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["optional-dependencies"]["models"]
    found = {}
    for line in declared:
        name, least, end = re.fullmatch(r"(\w+)>=([\d.]+)(?:,<([\d.]+))?", line).groups()  # type: ignore[union-attr]
        parts = [tuple(map(int, one.split("."))) if one else None for one in (least, end)]
        found[name] = tuple(parts)
    assert found == packages.NEEDED


@pytest.mark.parametrize(
    ("name", "version", "says"),
    [
        ("transformers", "4.57.1", "transformers 5 or newer and below 6; transformers 4.57.1 is"),
        ("transformers", "6.0.0", "below 6; transformers 6.0.0 is installed"),
        ("transformers", "6.0.0.dev0", "below 6"),
        ("torch", "2.5.1+cpu", "torch 2.6 or newer; torch 2.5.1+cpu is installed"),
        ("torch", "1.13", "torch 2.6 or newer"),
    ],
)
def test_versions_that_are_not_supported(
    monkeypatch: pytest.MonkeyPatch, name: str, version: str, says: str
) -> None:
    monkeypatch.setattr(packages, "installed_version", lambda _: version)
    monkeypatch.setattr(packages, "_sound", set())
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(AttentionError) as caught:
        packages.require(name)
    assert caught.value.problem is Problem.INSTALL
    assert says in caught.value.message
    assert 'pip install --upgrade "sphinx-attention[models]"' in caught.value.message


@pytest.mark.parametrize("version", ["5.0.0", "5.24.0", "5.1.0rc1"])
def test_versions_that_are(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(packages, "installed_version", lambda _: version)
    monkeypatch.delitem(sys.modules, "transformers", raising=False)
    assert packages.package_problem("transformers") is None


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("transformers.py", "x = 1\n"),
        ("torch.py", "raise SystemExit(1)\n"),
        ("tokenizers/__init__.py", "x = 1\n"),
        ("yaml.py", "raise SystemExit(1)\n"),
    ],
)
def test_a_file_that_hides_a_package(tmp_path: Path, file: str, content: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    output = ask(tmp_path)
    name = file.split("/", maxsplit=1)[0].removesuffix(".py")
    assert output.startswith(f"install {path} is found in the place of the package {name}")


def test_a_file_that_hides_a_module_of_pythons_own(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text("x = 1\n")
    assert f"{tmp_path / 'queue.py'} is found in the place of" in ask(tmp_path)


def test_files_that_hide_nothing(tmp_path: Path) -> None:
    """Notes may lie in a folder of such a name, and files may have names of imported modules."""
    (tmp_path / "transformers").mkdir()
    (tmp_path / "transformers" / "index.rst").touch()
    (tmp_path / "json.py").write_text("x = 1\n")
    (tmp_path / "attention.py").write_text("x = 1\n")
    assert ask(tmp_path, "import json") == "drawn "


def test_a_torch_that_is_broken(tmp_path: Path) -> None:
    before = """
import importlib.abc
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "torch":
            raise OSError("libtorch_cpu.so: cannot open shared object file")
sys.meta_path.insert(0, Finder())
"""
    output = ask(tmp_path, before)
    assert output.startswith("install torch is installed but cannot be imported (OSError: libtorch")
    assert "--force-reinstall" in output


def test_working_packages_have_no_problem() -> None:
    problems: list[Any] = [packages.package_problem(name) for name in packages.NEEDED]
    assert problems == [None, None]
    assert packages.shadow_problem() is None


def test_a_compiled_package_of_another_environment_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tomli in an environment that sees the packages of the system."""
    monkeypatch.syspath_prepend(tmp_path)
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    for name in ("compiled/__init__.py", f"compiled/__init__{suffix}"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    information = tmp_path / "compiled-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: compiled\nVersion: 1.0\n")
    assert packages.find_shadow("compiled") is None
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "compiled.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "other")
    assert packages.find_shadow("compiled") == tmp_path / "other" / "compiled.py"


def test_a_torchvision_of_another_torch() -> None:
    error = ModuleNotFoundError("Could not import module 'ViTModel'.")
    error.__cause__ = RuntimeError("operator torchvision::nms does not exist")
    reported = explain_load(error, ModelSource("vit", path="vit", folder="vit"), "vit")
    assert reported.problem is Problem.INSTALL
    assert "the installed torchvision was built for another PyTorch than" in reported.message


def test_a_module_need_not_be_imported_to_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python has not imported this module of transformers yet."""
    monkeypatch.delitem(sys.modules, "transformers.masking_utils", raising=False)
    assert packages.package_problem("transformers.masking_utils") is None
    missing = packages.package_problem("no_such_package.part")
    assert missing is not None
    assert "no_such_package, which is not installed" in missing.message
