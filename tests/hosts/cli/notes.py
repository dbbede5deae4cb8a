"""A folder of notes whose numbers come from a function that records each call."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from sphinx_attention.hosts.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.counting import Counting

CONF = """
import sys
sys.path.insert(0, {path!r})
extensions = ["sphinx_attention"]
attention_model = "counting"
attention_models = {{"counting": {{"function": "counting_source:attend"}}}}
"""


@dataclass(frozen=True)
class Answer:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Notes:
    """The notes, and the command for them."""

    folder: Path
    counting: Counting

    def write(self, pages: dict[str, list[str]], conf: str = "") -> None:
        """Write pages, each of some figures: a text, and its options after a vertical bar."""
        text = CONF.format(path=str(self.counting.folder)) + conf
        self.folder.mkdir(exist_ok=True)
        (self.folder / "conf.py").write_text(text)
        for old in self.folder.glob("*.rst"):
            old.unlink()
        for name, figures in pages.items():
            written = []
            for figure in figures:
                words, *options = figure.split("|")
                lines = [f".. attention-figure:: {words}", *(f"   :{o}" for o in options)]
                written.append("\n".join(lines))
            body = "\n\n".join([":orphan:", f"{name}\n{'=' * len(name)}", *written])
            (self.folder / f"{name}.rst").write_text(body + "\n")

    def run(self, *arguments: str, code: int | None = 0) -> Answer:
        """Call the command in this process. ``code`` is the expected exit code."""
        kept = sys.path[:]
        result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        sys.path[:] = kept
        answer = Answer(result.exit_code, result.stdout, result.stderr)
        assert code is None or answer.code == code, (answer.code, answer.out, answer.err)
        return answer

    def start(self, *arguments: str, slow: float = 0.0) -> subprocess.Popen[str]:
        """Start the command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "sphinx_attention", *arguments],
            env=self.counting.environment(slow),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell lets its background jobs ignore Ctrl-C, and the jobs pass that setting on. The
            # tests of the command line start no threads, so this hook is safe.
            preexec_fn=functools.partial(  # noqa: PLW1509
                signal.signal, signal.SIGINT, signal.default_int_handler
            ),
        )

    @property
    def store(self) -> Path:
        return self.folder / "_attention"

    def entries(self) -> dict[str, bytes]:
        return {
            path.parent.name + path.stem: path.read_bytes()
            for path in sorted(self.store.glob("??/*.attn"))
        }

    def path(self, key: str) -> Path:
        return self.store / key[:2] / f"{key[2:]}.attn"
