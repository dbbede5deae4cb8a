"""The process that keeps models loaded, for the command: started, watched, started again."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sphinx_attention.core.capture import lifeline
from sphinx_attention.core.capture.keeper import AGAIN
from sphinx_attention.core.capture.wire import ADDRESS, KEY

from ._shared import say

if TYPE_CHECKING:
    import subprocess

_LONGEST_ADDRESS = 100
"""The most bytes of the path of a socket's address, on every system."""

_TRIES = 3
"""How often in a row the process may end soon after its start."""

_SOON_SECONDS = 20.0
"""A process that ends within this time after its start has failed."""

_START_SECONDS = 20.0
_STEP_SECONDS = 0.02


class WarmProcess:
    """A process that keeps models loaded.

    Attributes:
        environment: the variables with which a build finds the process.
    """

    def __init__(self) -> None:
        self._folder = _private_folder()
        address = str(self._folder / "socket")
        if sys.platform == "win32":
            address = rf"\\.\pipe\sphinx-attention-{secrets.token_hex(16)}"
        self.environment = {**os.environ, ADDRESS: address, KEY: secrets.token_hex(32)}
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = 0.0
        self._deaths = 0

    def __enter__(self) -> Self:
        self._start()
        # A build that comes too early would wait a moment and try again.
        until = time.monotonic() + _START_SECONDS
        while self._process is not None and not (self._folder / "socket").exists():
            if sys.platform == "win32" or time.monotonic() > until:
                break
            self.watch()
            time.sleep(_STEP_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            lifeline.stop(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def watch(self) -> None:
        """Start another process if the last one has ended."""
        if self._process is None or (code := self._process.poll()) is None:
            return
        soon = time.monotonic() - self._begun < _SOON_SECONDS
        self._deaths = self._deaths + 1 if soon else 1
        if code == AGAIN and self._deaths < _TRIES:
            self._start()
            return
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        if self._deaths < _TRIES:
            say(f"the process that keeps the model died {how}; another takes its place")
            self._start()
            return
        say(f"the process that keeps the model died {how} again: builds load the model themselves")
        self._process = None
        # Builds take this for a process that is gone for good, and do not wait.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        self._begun = time.monotonic()
        command = [sys.executable, "-m", "sphinx_attention.core.capture.keeper"]
        self._process = lifeline.start(command, self.environment)


def _private_folder() -> Path:
    """A new folder that no other user can enter, with a path short enough for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="sphinx-attention-"))
    if sys.platform == "win32" or len(os.fsencode(folder / "socket")) <= _LONGEST_ADDRESS:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="sphinx-attention-", dir="/tmp"))
