"""Tasks in processes of their own, so that each measures only its own memory and imports.

``python -m benchmarks.alone TASK ARGUMENTS`` runs one function of `tasks` and prints its answer as
the last line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .plan import ROOT

if TYPE_CHECKING:
    from types import TracebackType

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "NO_COLOR": "1",
    # An installed package is compiled. With this variable, every run would compile the package
    # again.
    "PYTHONDONTWRITEBYTECODE": "",
}

_MOST = "BENCHMARK_MOST_BYTES"
# The first message is Python's, the second is torch's.
_STARVED = re.compile(r"^MemoryError|can't allocate memory", re.MULTILINE)


class AloneError(Exception):
    """A task that failed. The message is the end of its output."""


def run(
    task: str, *, seconds: float | None = None, gigabytes: float | None = None, **arguments: Any
) -> dict[str, Any]:
    """Run a task in a fresh process.

    Args:
        task: the name of a function of `tasks`.
        seconds: the seconds that the task may take; None sets no limit.
        gigabytes: the gigabytes of memory that the task may use; None sets no limit.
        **arguments: the arguments of the function.

    Returns:
        The answer of the function, and ``process_seconds``, the time of the whole process.

    Raises:
        AloneError: the task failed, or went past a limit.
    """
    command = [sys.executable, "-m", "benchmarks.alone", task, json.dumps(arguments)]
    most = {_MOST: str(int(gigabytes * 1e9))} if gigabytes else {}
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT, **most},
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise AloneError(f"not done within {seconds:.0f} s") from None
    took = time.perf_counter() - start
    if done.returncode and gigabytes and _STARVED.search(done.stderr):
        raise AloneError(f"out of memory, with {gigabytes:.0f} GB of it")
    if done.returncode:
        message = (done.stderr or done.stdout).strip().splitlines()
        raise AloneError(f"{task}: exit {done.returncode}: {' / '.join(message[-3:])}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    answer["process_seconds"] = took
    return answer


class Peak:
    """The most memory of this process in a block, over its memory before the block, in bytes."""

    def __enter__(self) -> Self:
        gc.collect()
        _trim()
        self._sampler: _Sampler | None = None
        try:
            _CLEAR.write_text("5")  # On Linux, this resets the high-water mark.
        except OSError:
            self._sampler = _Sampler()
            self._sampler.start()
        self._before = _resident()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        top = peak() if self._sampler is None else self._sampler.stop()
        self.over = max(0, top - self._before)


class _Sampler(threading.Thread):
    """Measures every two milliseconds, on systems that have no mark that can be reset."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._done = threading.Event()
        self._most = 0

    def run(self) -> None:
        while not self._done.wait(0.002):
            self._most = max(self._most, _resident())

    def stop(self) -> int:
        self._done.set()
        self.join()
        return max(self._most, _resident())


def peak() -> int:
    """The most memory that this process ever used, in bytes."""
    if _STATUS.exists():
        # The value of ru_maxrss is wrong here: a child inherits the mark of a large parent process.
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if platform.system() == "Darwin" else usage * 1024


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def _trim() -> None:
    """Give freed memory back to the system, so that it does not hide later growth."""
    import ctypes

    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return


def main() -> None:
    """Run the task that the command line names."""
    from . import tasks

    if most := os.environ.get(_MOST):
        resource.setrlimit(resource.RLIMIT_DATA, (int(most), int(most)))
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    answer = getattr(tasks, name)(**arguments)
    print(flush=True)
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
