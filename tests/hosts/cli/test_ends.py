"""How commands end: exit code 0, 1 or 2, one line of error, no colours in a pipe, early checks."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import FOX

if TYPE_CHECKING:
    from tests.hosts.cli.notes import Notes

pytestmark = pytest.mark.slow

RENDER = importlib.import_module("sphinx_attention.hosts.cli.render")


def call(*arguments: str | bytes, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    env = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    return subprocess.run(
        [sys.executable, "-m", "sphinx_attention", *arguments],
        cwd=cwd,
        env={**env, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        check=False,
        text=True,
        errors="surrogateescape",
    )


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RENDER, "_figure", lambda *_: pytest.fail("the model was run"))


# Checks before the model is loaded


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_a_missing_typst_is_reported_before_the_model_runs(
    notes: Notes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    answer = notes.run("render", FOX, "-o", str(tmp_path / f"x.{kind}"), code=1)
    assert 'pip install "sphinx-attention[render]"' in answer.err


@pytest.mark.usefixtures("no_model")
def test_a_file_that_cannot_be_written_is_reported_before_the_model_runs(
    notes: Notes, tmp_path: Path
) -> None:
    answer = notes.run("render", FOX, "-o", str(tmp_path / "no" / "x.svg"), code=2)
    assert f"there is no folder '{tmp_path / 'no'}'" in answer.err
    (tmp_path / "file").write_text("")
    answer = notes.run("render", FOX, "-o", str(tmp_path / "file" / "x.svg"), code=2)
    assert "there is no folder" in answer.err
    answer = notes.run("render", FOX, "-o", "/proc/x.svg", code=1)
    assert "cannot write /proc/x.svg" in answer.err
    (tmp_path / "d.svg").mkdir()
    assert "is a directory" in notes.run("render", FOX, "-o", str(tmp_path / "d.svg"), code=2).err


def test_the_check_for_a_writable_file_leaves_no_file(notes: Notes, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("1,0\n0,1\n")
    given = ["--matrix", str(tmp_path / "m.csv"), "-O", "focus=cat"]
    answer = notes.run("render", "a b", "-o", str(tmp_path / "x.svg"), *given, code=2)
    assert "invalid value 'cat' for -O focus" in answer.err
    assert not list(tmp_path.glob("*.svg"))


# Wrong usage

WRONG = [
    (["render", FOX, "-o", "x.svg", "-O", "view=matrx"], "did you mean matrix?"),
    (["render", FOX, "-o", "x.svg", "-O", "viw=matrix"], "did you mean view?"),
    (["render", "a b", "-o", "x.svg", "--matrix", "m.csv", "-O", "layer=99"], "no layer 99"),
    (["render", " ", "-o", "x.svg"], "TEXT: it is empty"),
    (["render", FOX, "-o", "x.gif"], "has to end in"),
    (["render", FOX, "-o", "x.svg", "--matrix", "gone.csv"], "does not exist"),
    (["render", FOX], "--output"),
    (["captur"], "did you mean capture?"),
    (["cache", "lst"], "did you mean list?"),
    (["capture", "gone"], "does not exist"),
    (["capture", "x.txt"], "is a file"),
    (["capture", ".", "--jobs", "0"], "--jobs"),
    (["capture", ".", "-D", "nonsense"], "NAME=VALUE"),
    (["doctor", "x.txt"], "is a file"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_a_wrong_command_ends_with_2(
    notes: Notes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("")
    (tmp_path / "m.csv").write_text("1,0\n0,1\n")
    answer = notes.run(*arguments, code=2)
    assert says in answer.err
    assert answer.out == ""


def test_arguments_that_are_no_unicode(tmp_path: Path) -> None:
    made = call("render", b"the \xff fox", "-o", "x.svg", cwd=tmp_path)
    assert (made.returncode, made.stdout) == (2, "")
    assert "is not valid UTF-8" in made.stderr
    made = call("capture", b"\xff", cwd=tmp_path)
    assert made.returncode == 2
    assert "Traceback" not in made.stderr
    (tmp_path / "m.csv").write_text("1,0\n0,1\n")
    name = b"\xff.svg"
    made = call("render", "a b", "--matrix", "m.csv", "-o", name, "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert name in {os.fsencode(path.name) for path in tmp_path.iterdir()}


# Mistakes in the notes

BROKEN = {
    "syntax": ("extensions = [\n", "conf"),
    "name": ("extensions = ['sphinx_attention']\nx = y\n", "NameError: name 'y' is not defined"),
    "exit": ("import sys\nsys.exit(3)\n", "sys.exit"),
    "memory": ("raise MemoryError\n", "MemoryError"),
    "nulls": ("x = '\0'\n", "null"),
    "not UTF-8": (b"x = '\xff'\n", "conf"),
    "extension": ("extensions = ['gone_gone']\n", "Could not import extension gone_gone"),
    "others": ("extensions = []\n", 'does not have "sphinx_attention" in extensions'),
    "type": ("extensions = 5\n", "int"),
    "setup": ("extensions = ['sphinx_attention']\ndef setup(app): 1 / 0\n", "division by zero"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_conf_is_reported_in_one_line(notes: Notes, kind: str) -> None:
    conf, says = BROKEN[kind]
    notes.folder.mkdir()
    (notes.folder / "index.rst").write_text("I\n=\n")
    (notes.folder / "conf.py").write_bytes(conf if isinstance(conf, bytes) else conf.encode())
    answer = notes.run("capture", str(notes.folder), code=1)
    assert says in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert "Traceback" not in answer.err
    if "--verbose" in answer.err:
        assert "Traceback" in notes.run("capture", "-v", str(notes.folder), code=1).err
    found = notes.run("doctor", str(notes.folder), "--json", code=1).json
    assert any(one["about"] == "notes" and one["ok"] is False for one in found)


def test_no_colours_in_a_pipe_or_under_no_color(notes: Notes) -> None:
    notes.write({"index": ["a b|layr: 1", "c d"]})
    for environment in ({}, {"NO_COLOR": "1"}):
        made = call("capture", "--dry-run", str(notes.folder), cwd=notes.folder, **environment)
        assert "unknown option 'layr'" in made.stderr
        assert "\x1b" not in made.stdout + made.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--version"], ["render", "--help"]])
def test_a_full_disk_is_reported_in_one_line(
    tmp_path: Path, arguments: list[str], unbuffered: str
) -> None:
    with Path("/dev/full").open("w") as full:
        made = subprocess.run(
            [sys.executable, "-m", "sphinx_attention", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONUNBUFFERED": unbuffered,
            },
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert made.returncode == 1
    assert "No space left on device" in made.stderr
    assert "Traceback" not in made.stderr


def test_a_closed_pipe_is_no_error(notes: Notes) -> None:
    notes.write({"index": [f"a b c {n}" for n in range(40)]})
    notes.run("capture", str(notes.folder))
    command = [sys.executable, "-m", "sphinx_attention", "cache", "list", str(notes.folder)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=notes.counting.environment(),
    ) as child:
        child.stdout.close()
        message = child.stderr.read()
    assert child.returncode in {0, 1}
    assert "Traceback" not in message
    assert "BrokenPipe" not in message


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_a_command_without_a_traceback(notes: Notes, jobs: str) -> None:
    notes.write({"index": [f"a b c {n}" for n in range(200)]})
    child = notes.start("capture", str(notes.folder), "--jobs", jobs, slow=0.1)
    deadline = time.monotonic() + 60
    while not list(notes.store.glob("??/*.attn")) and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, message = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "Aborted!" in message
    assert not re.search("Traceback|Error", message)
