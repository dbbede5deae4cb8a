"""Differences on Windows, as far as another system can test them. See also the job ``windows``."""

from __future__ import annotations

import ast
import errno
import ntpath
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sphinx_attention
from sphinx_attention.core.authoring.declarations import declare, find_source
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.sources import author_files
from sphinx_attention.core.store import FolderStore, atomic
from sphinx_attention.hosts import paths
from sphinx_attention.hosts.cli import _group

if TYPE_CHECKING:
    from collections.abc import Callable

ROOTS = [r"C:\notes\docs", "D:/numbers"]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[Path]]:
    """Imitate a process that has a file open: Windows refuses some tries to replace the file."""
    monkeypatch.setattr(atomic, "_WINDOWS", True)
    monkeypatch.setattr(atomic.time, "sleep", lambda _: None)
    tried: list[Path] = []
    whole = Path.replace

    def start(refusals: int) -> list[Path]:
        def replace(self: Path, target: Path) -> Path:
            tried.append(target)
            if len(tried) <= refusals:
                raise PermissionError(errno.EACCES, "Access is denied", str(target))
            return whole(self, target)

        monkeypatch.setattr(Path, "replace", replace)
        return tried

    return start


def test_a_file_that_is_open_elsewhere_is_replaced_later(tmp_path: Path, reader) -> None:
    (tmp_path / "x").write_bytes(b"old")
    tried = reader(3)
    atomic.write_atomically(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert len(tried) == 4
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_a_file_that_stays_open_is_an_error_and_leaves_no_temporary_file(
    tmp_path: Path, reader
) -> None:
    reader(1000)
    store = FolderStore(tmp_path)
    with pytest.raises(AttentionError, match="Access is denied"):
        store.write("ab" * 32, b"new")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_other_systems_report_a_refusal_at_once(
    tmp_path: Path, reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = reader(1000)
    monkeypatch.setattr(atomic, "_WINDOWS", False)
    with pytest.raises(PermissionError):
        atomic.write_atomically(tmp_path / "x", b"new")
    assert len(tried) == 1


@pytest.mark.parametrize(
    "path",
    [
        r"\\server\share\secret.csv",
        "//server/share/secret.csv",
        r"\\.\pipe\waits",
        r"\\?\UNC\server\share\x",
        r"E:\secret.csv",
        "e:secret.csv",
    ],
)
def test_paths_on_a_share_or_another_drive_are_refused(path: str) -> None:
    """Opening a file of a share logs in at a machine of a stranger."""
    assert author_files.on_other_drive(path, ROOTS, ntpath.splitdrive)


@pytest.mark.parametrize("path", [r"c:\notes\docs\w.csv", r"d:\numbers\w.csv", r"C:\other\w.csv"])
def test_paths_on_the_drives_of_the_folders_are_allowed(path: str) -> None:
    assert not author_files.on_other_drive(path, ROOTS, ntpath.splitdrive)
    assert not author_files.on_other_drive("/any/path", ["/notes"])


def test_a_path_is_refused_before_the_file_system_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(author_files, "on_other_drive", lambda *_: True)

    def looked(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr(os.path, "realpath", looked)
    with pytest.raises(AttentionError, match="lies outside the folder of the sources"):
        author_files.locate(r"\\server\share\w.csv", tmp_path / "w.csv", [tmp_path])


def test_doctrees_on_another_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    """No relative path leads from one drive to another. Windows raises a ValueError."""

    def relpath(*_: object) -> str:
        raise ValueError("path is on mount 'C:', start on mount 'D:'")

    monkeypatch.setattr(os.path, "relpath", relpath)
    whole = str(Path("/notes/_build").absolute())
    assert paths.relative_path("/notes/_build", "/elsewhere") == whole


def test_doctrees_on_another_drive_build(project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project({"index.rst": "P\n=\n\n.. attention:: a b\n\n   0.5 0.5\n   0.1 0.9\n"})
    whole = os.path.relpath

    def relpath(path: str, start: str = os.curdir) -> str:
        if Path(start).name == "doctrees":
            raise ValueError("path is on mount 'C:', start on mount 'D:'")
        return whole(path, start)

    monkeypatch.setattr(os.path, "relpath", relpath)
    made.build(strict=True)
    assert "attention-figure" in made.html()


@pytest.mark.parametrize(("windows", "shown"), [(True, '"C:/my notes"'), (False, "'C:/my notes'")])
def test_a_command_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch, windows: bool, shown: str
) -> None:
    monkeypatch.setattr(paths, "_WINDOWS", windows)
    assert paths.shell_word("C:/my notes") == shown
    assert paths.shell_word("docs") == "docs"


def test_a_closed_pipe_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = OSError(errno.EINVAL, "Invalid argument")
    assert not _group._reader_went(gone)
    monkeypatch.setattr(_group, "_WINDOWS", True)
    assert _group._reader_went(gone)
    assert not _group._reader_went(OSError(errno.EINVAL, "Invalid argument", "a:b"))
    assert not _group._reader_went(OSError(errno.ENOSPC, "No space left on device"))


@pytest.mark.parametrize("name", ["C:/models/bert", r"C:\models\bert", r"models\bert"])
def test_paths_of_windows_are_no_ids_of_the_hub(tmp_path: Path, name: str) -> None:
    assert find_source(name, {}, tmp_path).folder is not None
    with pytest.raises(AttentionError, match='is a path; write "path" instead of "id"'):
        declare("m", {"id": name}, tmp_path)
    with pytest.raises(AttentionError) as error:
        declare("m", name, tmp_path)
    assert f'{{"path": {name!r}}}' in str(error.value)


def test_output_in_a_code_page_of_windows() -> None:
    """A console of Windows may lack arrows and Greek letters.

    They are escaped, and nothing fails.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx_attention",
            "render",
            "a b",
            "-o",
            "x.svg",
            "-O",
            "view=αβγ",
        ],
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"\\u03b1\\u03b2\\u03b3" in done.stderr


PACKAGE = Path(sphinx_attention.__file__).parent


@pytest.mark.parametrize("call", ["write_text", "read_text", "open"])
def test_every_text_file_has_its_encoding_and_its_line_ends(call: str) -> None:
    """Windows would use the code page of the machine, and would write other line ends."""
    wrong = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not _is_named(node.func, call):
                continue
            named = {word.arg for word in node.keywords}
            mode = next((a.value for a in node.args if isinstance(a, ast.Constant)), "")
            as_text = call != "open" or (isinstance(mode, str) and mode in {"r", "w", "a", "x"})
            needed = {"encoding", "newline"} if call == "write_text" else {"encoding"}
            if as_text and not needed <= named and not _is_metadata(node):
                wrong.append(f"{file.relative_to(PACKAGE)}:{node.lineno}")
    assert wrong == []


def _is_named(function: ast.expr, name: str) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == name
    return isinstance(function, ast.Name) and function.id == name


def _is_metadata(node: ast.Call) -> bool:
    """Whether a file of an installed package's metadata is read, which takes no encoding."""
    return any(isinstance(a, ast.Constant) and a.value == "top_level.txt" for a in node.args)
