"""A process that ends with the one that started it, however that one ends.

The parent holds the writing end of a pipe, which is the child's standard input. The system closes
it when the parent is gone, even where the parent was killed and could do nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ENDING_SECONDS = 5.0
"""The seconds in which a process has to end by itself."""


def start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process that calls `end_with_parent`.

    It leads a group of its own: Ctrl-C in the terminal reaches the parent alone, which ends all.
    """
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(command, stdin=subprocess.PIPE, env=dict(environment), **apart)  # noqa: S603 - our own modules


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process of `start` and all that it started, and wait for it."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        _kill_all(process.pid)
        process.wait()


def end_with_parent(before: Callable[[], None] = lambda: None) -> None:
    """From now on, end this process and all that it started once the parent has ended.

    Args:
        before: a function that is called before the process ends.
    """
    # Processes that this process starts inherit an empty standard input in place of the pipe.
    held = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(held, 1):
                pass
        try:
            before()
        finally:
            _kill_all(os.getpid())
            os._exit(1)

    threading.Thread(target=wait, name="end with the parent", daemon=True).start()


def _kill_all(leader: int) -> None:
    """End a process that leads a group, and the group."""
    if sys.platform == "win32":
        command = ["taskkill", "/T", "/F", "/PID", str(leader)]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - a number
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # One that leads no group was started by hand, and shares that of a terminal.
        if os.getpgid(leader) == leader:
            os.killpg(leader, signal.SIGKILL)
