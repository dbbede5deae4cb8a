"""`sphinx-attention doctor`: what is installed, what is missing, and what to do."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.hosts.cli.notes import Notes

pytestmark = pytest.mark.slow


MODULE = importlib.import_module("sphinx_attention.hosts.cli.doctor")
"""Imported by its full name, because the command has the same name."""


def by_name(findings: list[dict[str, object]]) -> dict[str, dict[str, object]]:
    return {str(one["about"]): one for one in findings}


def test_without_notes_doctor_lists_what_is_installed(notes: Notes) -> None:
    found = by_name(notes.run("doctor", "--json").json)
    assert found["numpy"]["found"] == version("numpy")
    assert found["cluster"]["found"] == f"distributed {version('distributed')}"
    assert found["Hugging Face hub"]["ok"] is None
    assert not any(name.startswith("model ") for name in found)


def test_the_builtin_model_runs_without_pytorch() -> None:
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(('torch', 'transformers', 'tokenizers', 'safetensors'))\n"
        "from sphinx_attention.hosts.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor"], capture_output=True, text=True, check=False
    )
    line = r"ok  built-in model: answers: 3 layers of 4 heads, \d\.\d s with loading, without PyTorch\n"
    assert re.search(line, done.stdout)


def test_the_option_without_models_runs_no_model(notes: Notes) -> None:
    assert "built-in model" not in by_name(notes.run("doctor", "--no-models", "--json").json)


def test_missing_packages_come_with_the_command_that_installs_them(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(name: str) -> str:
        if name in {"torch", "typst"}:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(MODULE, "version", lacking)
    answer = notes.run("doctor")
    assert (
        "--  models: torch not installed; needed to run models other than builtin\n" in answer.out
    )
    assert 'pip install "sphinx-attention[models]"\n' in answer.out
    assert 'pip install "sphinx-attention[render]"\n' in answer.out
    assert "device" not in answer.out


def test_a_missing_package_that_is_needed_is_an_error(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(name: str) -> str:
        if name == "pillow":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(MODULE, "version", lacking)
    assert "!!  pillow: not installed" in notes.run("doctor", code=1).out


def test_with_notes_doctor_runs_their_models_and_checks_their_store(notes: Notes) -> None:
    notes.write({"index": ["a b c", "d e"]})
    found = by_name(notes.run("doctor", str(notes.folder), "--json").json)
    assert found["figures"]["found"] == "2 in 1 document"
    assert found["store"]["found"] == f"0 of 2 attentions are in {notes.store}"
    assert found["store"]["do"] == f"sphinx-attention capture {notes.folder}"
    assert str(found["model counting"]["found"]).startswith("answers: 1 layer of 1 head, ")
    notes.run("capture", str(notes.folder))
    found = by_name(notes.run("doctor", str(notes.folder), "--json").json)
    assert found["store"]["found"] == f"2 of 2 attentions are in {notes.store}"
    assert found["store"]["ok"] is True


def test_a_damaged_entry_is_an_error(notes: Notes) -> None:
    notes.write({"index": ["a b c"]})
    notes.run("capture", str(notes.folder))
    (key,) = notes.entries()
    notes.path(key).write_bytes(b"")
    answer = notes.run("doctor", str(notes.folder), "--no-models", code=1)
    assert "!!  store: " in answer.out


def test_a_failing_model_is_an_error(notes: Notes) -> None:
    notes.write(
        {"index": ["a b c"]}, 'attention_models["gone"] = {"function": "nowhere_at_all:f"}\n'
    )
    answer = notes.run("doctor", str(notes.folder), code=1)
    assert "!!  model gone: " in answer.out
    assert "nowhere_at_all" in answer.out
    assert "ok  model counting: answers" in answer.out
    assert "model counting" not in notes.run("doctor", str(notes.folder), "--no-models").out


def test_a_version_that_is_not_supported_is_an_error(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"transformers": "4.57.1", "sphinx": "7.3.7", "myst-parser": "3.0.1"}
    monkeypatch.setattr(MODULE, "version", lambda name: old.get(name) or version(name))
    found = by_name(notes.run("doctor", "--json", code=1).json)
    assert found["models"]["ok"] is False
    assert "transformers 4.57.1; a version <6,>=5 is needed" in str(found["models"]["found"])
    assert found["models"]["do"] == 'pip install --upgrade "sphinx-attention[models]"'
    assert found["sphinx"]["ok"] is False
    assert "7.3.7; a version" in str(found["sphinx"]["found"])
    assert found["myst-parser"]["ok"] is None
    assert "write {attention-figure}" in str(found["myst-parser"]["found"])


def test_a_package_that_cannot_be_imported_is_an_error(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def broken(name: str) -> object:
        if name == "torch":
            raise OSError("libtorch.so: cannot open shared object file")
        return real(name)

    monkeypatch.setattr(
        "sphinx_attention.core.sources.huggingface.packages.importlib.import_module", broken
    )
    found = by_name(notes.run("doctor", "--json", code=1).json)
    assert found["torch"]["ok"] is False
    assert "libtorch.so" in str(found["torch"]["found"])
    assert "device" not in found


def test_a_file_that_hides_a_package_is_an_error(notes: Notes) -> None:
    notes.write({"index": ["a b c"]}, "sys.path.insert(0, os.path.dirname(__file__))\nimport os\n")
    text = (notes.folder / "conf.py").read_text()
    (notes.folder / "conf.py").write_text(f"import os\n{text}")
    (notes.folder / "tokenizers.py").write_text("raise SystemExit('imported')")
    (notes.folder / "secrets_of_mine.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx_attention", "doctor", str(notes.folder), "--json"],
        env=notes.counting.environment(),
        cwd=notes.folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    found = by_name(json.loads(done.stdout))
    assert found["sys.path"]["ok"] is False
    assert str(notes.folder / "tokenizers.py") in str(found["sys.path"]["found"])


def test_a_pointer_of_git_lfs_in_the_store_is_reported(notes: Notes) -> None:
    notes.write({"index": ["a b c"]})
    notes.run("capture", str(notes.folder))
    (key,) = notes.entries()
    notes.path(key).write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    )
    answer = notes.run("doctor", str(notes.folder), "--no-models", code=1)
    assert "it is a pointer of Git LFS, not the entry: run `git lfs pull`" in answer.out


def test_a_folder_that_is_no_project_is_an_error(notes: Notes) -> None:
    notes.folder.mkdir()
    answer = notes.run("doctor", str(notes.folder), code=1)
    assert f"!!  notes: {notes.folder} has no conf.py" in answer.out


@pytest.mark.models
def test_a_broken_model_is_reported_and_the_others_run(notes: Notes) -> None:
    (notes.counting.folder / "broken").mkdir()
    (notes.counting.folder / "broken" / "config.json").write_text("{}")
    notes.write(
        {"index": ["a b c|model: builtin"]},
        f'attention_models["broken"] = {{"path": {str(notes.counting.folder / "broken")!r}}}\n',
    )
    found = by_name(notes.run("doctor", str(notes.folder), "--json", code=1).json)
    assert found["model broken"]["ok"] is False
    assert str(found["model builtin"]["found"]).startswith("answers: 3 layers of 4 heads")


def test_doctor_lists_figures_and_admonitions(notes: Notes) -> None:
    notes.write({"index": ["a b c"]})
    page = notes.folder / "index.rst"
    lines = ".. attention:: a b c\n\n.. attention:: This call is deprecated.\n"
    page.write_text(f"{page.read_text()}\n{lines}")
    model = "attention_model=counting"
    reported = notes.run("doctor", str(notes.folder), "--no-models", "-D", model).out.splitlines()
    reported = [line for line in reported if "attention: " in line]
    assert any(
        "1 figure, because it is one line of plain text: index.rst:" in line for line in reported
    )
    assert any(
        "1 admonition, because it reads as a warning to readers: " in line for line in reported
    )


def test_a_wrong_declaration_does_not_stop_the_other_models(notes: Notes) -> None:
    notes.write({"index": ["a b c"]})
    conf = notes.folder / "conf.py"
    conf.write_text(conf.read_text() + '\nattention_models["gpt2"] = {"pth": "x"}\n')
    found = by_name(notes.run("doctor", str(notes.folder), "--json", code=1).json)
    assert found["model gpt2"]["ok"] is False
    assert "did you mean 'path'?" in str(found["model gpt2"]["found"])
    assert str(found["model counting"]["found"]).startswith("answers: ")
