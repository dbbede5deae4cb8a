"""`sphinx-attention serve`: a real sphinx-autobuild, and a model that is loaded once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from click.testing import CliRunner

from sphinx_attention.core.capture.wire import ADDRESS, KEY
from sphinx_attention.hosts.cli import main
from sphinx_attention.hosts.cli.serve import _ignored
from tests.core.tiny_models import save
from tests.ports import free_port, listens, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.posix]

ROOT = Path(__file__).parents[3]
FIGURE = re.compile(r"<figure\b[^>]*\battention-figure\b.*?</figure>", re.DOTALL)
CONF = """\
extensions = ["sphinx_attention"]
exclude_patterns = ["_build"]
attention_model = "tiny"
attention_models = {{"tiny": {{"path": {path!r}}}}}
"""
SLOW = "import time\ntime.sleep(60)\n"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def command(process: psutil.Process) -> list[str]:
    """The command line of a process, or an empty text if the process has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@dataclass
class Served:
    """The running command, and the notes."""

    docs: Path
    message: Path
    port: int = field(default_factory=free_port)

    def start(self, *more: str) -> None:
        with self.message.open("w") as file:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "sphinx_attention", "serve", str(self.docs)),
                    *("--port", str(self.port), *more),
                ],
                env=environment(),
                stdout=file,
                stderr=subprocess.STDOUT,
                # The process has its own session, as in a terminal. A background job of a shell
                # would ignore Ctrl-C.
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
            )

    def write(self, text: str, prose: str = "Prose.") -> None:
        page = f"Notes\n=====\n\n{prose}\n\n.. attention-figure:: {text}\n"
        (self.docs / "index.rst").write_text(page)

    @property
    def output(self) -> str:
        return self.message.read_text(errors="replace")

    @property
    def built(self) -> int:
        return self.output.count("Serving on http")

    def change(self, text: str, prose: str = "Prose.") -> str:
        """Change the page, and return the output until the page is built again."""
        before, start = self.built, len(self.output)
        self.write(text, prose)
        self.wait(before + 1)
        return self.output[start:]

    def wait(self, builds: int) -> None:
        until(lambda: self.built >= builds, why=lambda: self.output)

    def begin(self, *more: str) -> None:
        """Start the command, and wait until it notices changes."""
        self.start(*more)
        self.wait(1)
        until(lambda: listens(self.port))
        time.sleep(0.3)

    def figure(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/") as page:
            return FIGURE.search(page.read().decode())[0]

    def family(self) -> list[psutil.Process]:
        mine = psutil.Process(self.process.pid)
        return [mine, *mine.children(recursive=True)]

    def keeper(self) -> psutil.Process:
        return next(one for one in self.family() if "capture.keeper" in " ".join(command(one)))

    def server(self) -> psutil.Process:
        return next(one for one in self.family() if "cli._autobuild" in " ".join(command(one)))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("bert", tmp_path_factory.mktemp("model"))


def served_in(folder: Path, model: Path) -> Served:
    (folder / "docs").mkdir()
    (folder / "docs" / "conf.py").write_text(CONF.format(path=str(model)))
    return Served(folder / "docs", folder / "said.txt")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Served]:
    made = served_in(tmp_path_factory.mktemp("served"), model)
    made.write("the quick brown fox")
    made.begin()
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture
def alone(tmp_path: Path, model: Path) -> Iterator[Served]:
    """A command for one test, with a figure of a matrix: no model loads."""
    made = served_in(tmp_path, model)
    made.write("a b\n\n   0.5 0.5\n   0.2 0.8")
    yield made
    if hasattr(made, "process"):
        made.process.kill()
        made.process.wait()


@pytest.mark.models
def test_the_model_is_loaded_once_for_changed_sentences(served: Served, tmp_path: Path) -> None:
    keeper = served.keeper()
    first = served.figure()
    message = served.change("the lazy dog jumps")
    assert "capturing attention" in message
    second = served.figure()
    assert "lazy" in second
    assert "lazy" not in first
    message = served.change("the lazy dog jumps over the fox")
    assert "loading tiny" not in message
    assert served.output.count("loading tiny") == 1
    assert len(re.findall(r"^tiny is loaded \(\d+ MB\)", served.output, re.MULTILINE)) == 1
    assert served.keeper().pid == keeper.pid
    # The page and the entries equal those of a build that loads the model by itself.
    copy = tmp_path / "copy"
    shutil.copytree(served.docs, copy, ignore=shutil.ignore_patterns("_build", "_attention"))
    command = [sys.executable, "-m", "sphinx", "-q", str(copy), str(tmp_path / "html")]
    subprocess.run(command, env=environment(), check=True)
    assert FIGURE.search((tmp_path / "html" / "index.html").read_text())[0] == served.figure()
    for entry in copy.glob("_attention/??/*.attn"):
        same = served.docs / entry.relative_to(copy)
        assert same.read_bytes() == entry.read_bytes()
    # A change of prose does not use the model.
    message = served.change("the lazy dog jumps over the fox", "Other prose.")
    assert "capturing" not in message
    # Files that the builds write start no further builds.
    time.sleep(2)
    assert served.built == 4


@pytest.mark.models
def test_the_only_open_port_is_that_of_the_pages_on_this_machine(served: Served) -> None:
    open_ = [
        connection.laddr
        for one in served.family()
        for connection in one.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or not connection.raddr
    ]
    assert {(at.ip, at.port) for at in open_} == {("127.0.0.1", served.port)}
    reported = served.server().environ()
    folder = Path(reported[ADDRESS]).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    # A client without the secret gets no answer, and does not block other clients.
    with pytest.raises(AuthenticationError):
        Client(reported[ADDRESS], authkey=b"x")
    with Client(reported[ADDRESS], authkey=bytes.fromhex(reported[KEY])) as way:
        way.send_bytes(b"\x80\x04N.")
        assert b"failed" in way.recv_bytes()
    # The process does not pass the secret to child processes.
    assert "lazy dog jumps" in served.change("the lazy dog jumps again")


@pytest.mark.models
def test_a_dead_process_is_replaced(served: Served) -> None:
    keeper = served.keeper()
    before, start = served.built, len(served.output)
    keeper.suspend()
    try:
        # A build waits, and the next process answers the build.
        served.write("the quick dog")
        until(lambda: "reading sources" in served.output[start:], why=lambda: served.output)
        time.sleep(1)
    finally:
        keeper.kill()
    served.wait(before + 1)
    assert "quick" in served.figure()
    message = served.output[start:]
    assert "the process that keeps the model died by signal 9; another takes its place" in message
    assert message.count("loading tiny") == message.count("tiny is loaded") == 1
    assert served.keeper().pid != keeper.pid
    assert "loading tiny" not in served.change("the brown fox and the dog")


@pytest.mark.parametrize(
    ("how", "when"),
    [
        (signal.SIGKILL, "idle"),
        (signal.SIGKILL, "building"),
        (signal.SIGTERM, "building"),
        (signal.SIGINT, "building"),
    ],
)
def test_no_process_is_left_when_the_command_ends(
    alone: Served, how: signal.Signals, when: str
) -> None:
    alone.begin()
    if when == "building":
        conf = alone.docs / "conf.py"
        conf.write_text(conf.read_text() + SLOW)
        until(lambda: "Rebuilding" in alone.output)
        until(lambda: any(command(one)[1:3] == ["-m", "sphinx"] for one in alone.family()[3:]))
    family = alone.family()
    folder = Path(alone.server().environ()[ADDRESS])
    assert len(family) >= (3 if when == "idle" else 4)
    alone.process.send_signal(how)
    code = alone.process.wait(60)
    assert code == (0 if how == signal.SIGINT else -how)
    _, living = psutil.wait_procs(family[1:], timeout=30)
    assert not living
    until(lambda: not folder.parent.exists(), 30)
    assert "Traceback" not in alone.output
    assert "\x1b" not in alone.output
    assert not listens(alone.port)


def test_a_frozen_project_says_why_a_sentence_is_not_computed(alone: Served) -> None:
    alone.write("the quick brown fox")
    alone.begin("-D", "attention_mode=frozen")
    assert "serve" in alone.output
    assert "-D attention_mode=auto` computes them" in alone.output
    assert "loading" not in re.sub("loading (translations|pickled)", "", alone.output)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["serve", *arguments], catch_exceptions=False)
    return result.exit_code, result.stderr


def test_a_port_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text("")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, message = run(str(tmp_path), "--port", port)
    assert code == 1
    assert f"port {port} of this machine is taken by another program" in message
    assert "--port 0" in message
    assert len(message.splitlines()) == 1
    assert not (tmp_path / "_build").exists()


def test_missing_requirements_of_serve_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, message = run(str(tmp_path))
    assert code == 1
    assert f"{tmp_path} has no conf.py" in message
    (tmp_path / "conf.py").write_text("")
    assert run(str(tmp_path), "-D", "nonsense")[0] == 2
    assert run(str(tmp_path), "--port", "70000")[0] == 2
    assert run(str(tmp_path / "gone"))[0] == 2
    monkeypatch.setitem(sys.modules, "sphinx_autobuild", None)
    code, message = run(str(tmp_path))
    assert code == 1
    assert 'pip install "sphinx-attention[serve]"' in message
    assert len(message.splitlines()) == 1


IGNORED = [
    "_attention/ab/cdef.attn",
    "numbers/ab/cdef.attn",
    "numbers/ab",
    "numbers/ab/.cdef.12.aa.tmp",
    "_attention",
    "_attention/.failures/failures.json",
    "numbers/.failures",
    "_build/html/index.html",
    "__pycache__/conf.cpython-311.pyc",
    ".index.rst.swp",
    "index.rst~",
    ".#index.rst",
    "sub/4913",
]
SEEN = ["index.rst", "conf.py", "a_build/x.md", "build/x.rst", "weights.csv", "c++/x.md", "tmp/a"]


def test_which_changes_count(tmp_path: Path) -> None:
    # The path of the folder itself does not count.
    docs = tmp_path / "_build" / "a+b (1)" / "docs"
    docs.mkdir(parents=True)
    pattern = re.compile(_ignored(docs, ()))
    for name in IGNORED:
        assert pattern.search(f"{docs}/{name}"), name
    for name in SEEN:
        assert not pattern.search(f"{docs}/{name}"), name
