"""The process that keeps models open between builds: ``python -m`` with this module's name.

It listens at a socket of a private folder, or at a named pipe on Windows, and never at a port. It
answers one build at a time. A model is loaded when a build first asks for it, and stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import reason
from sphinx_attention.core.progress import announce, listening
from sphinx_attention.core.sources import Runner, open_source

from .chunks import Destination, chunks, outcomes
from .failures import fingerprint
from .lifeline import end_with_parent
from .wire import ADDRESS, KEY, environment, read_requests, receive, send, send_outcome

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from sphinx_attention.core.request import FunctionSource, ModelSource

AGAIN = 75
"""The exit code of a process that has to be started again, with another environment."""

ROOM = 1 << 30
"""The most bytes of all models together, without the last one."""

_BROKEN_SECONDS = 0.2
"""The pause after a connection that failed."""


@dataclass
class _Kept:
    """A model that is open.

    Attributes:
        fingerprint: the fingerprint of its files when it was opened.
        manager: the context manager that closes it.
        runner: the runner.
        announced: whether a message said that it is loaded.
    """

    fingerprint: str
    manager: AbstractContextManager[Runner]
    runner: Runner
    announced: bool = False

    @property
    def bytes(self) -> int:
        return int(getattr(self.runner, "bytes", 0))


class Models:
    """The models that are open, the last one used last.

    Args:
        room: the most bytes of all models together, without the last one.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[ModelSource | FunctionSource, _Kept] = OrderedDict()

    def open(self, source: ModelSource | FunctionSource) -> AbstractContextManager[Runner]:
        """The runner of a source, which stays open; one whose files have changed is opened anew."""
        now = fingerprint(source)
        kept = self._kept.get(source)
        if kept is not None and kept.fingerprint != now:
            self._close(source)
            kept = None
        if kept is None:
            # The size of the new model is known once it is loaded. The others make room before.
            self._shrink(self._room)
            manager = open_source(source)
            kept = self._kept[source] = _Kept(now, manager, manager.__enter__())
        self._kept.move_to_end(source)
        return nullcontext(kept.runner)

    def after_build(self) -> None:
        """Report which models were loaded, and close those that failed or take too much memory."""
        for source, kept in list(self._kept.items()):
            if not kept.bytes:
                # A runner remembers its failure, which may be mended before the next build.
                self._close(source)
            elif not kept.announced:
                kept.announced = True
                announce(f"{source.name} is loaded ({_size(kept.bytes)}) and stays in memory")
        if self._kept:
            *_, last = self._kept.values()
            self._shrink(self._room + last.bytes)

    def _shrink(self, most: int) -> None:
        """Close the models that were used longest ago, until the others take no more bytes."""
        while self._kept and sum(kept.bytes for kept in self._kept.values()) > most:
            self._close(next(iter(self._kept)))

    def _close(self, source: ModelSource | FunctionSource) -> None:
        self._kept.pop(source).manager.__exit__(None, None, None)


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


class Keeper:
    """Answers builds.

    Args:
        models: the models that are open.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._environment: dict[str, Any] | None = None

    def answer(self, connection: Connection) -> bool:
        """Answer the question of a build.

        Returns:
            Whether this process may go on; otherwise a new process has to replace it.

        Raises:
            OSError, EOFError: the build is gone.
        """
        requested = receive(connection)
        wanted: dict[str, Any] = requested["environment"]
        if self._environment is None:
            # This is done before PyTorch is imported, which reads the variables once.
            for name in environment()["variables"].keys() - wanted["variables"].keys():
                del os.environ[name]
            os.environ.update(wanted["variables"])
            sys.path[:] = wanted["path"]
            self._environment = wanted
        if self._environment != wanted:
            send(connection, {"again": True})
            return False
        requests = read_requests(requested["requests"])
        with listening(lambda text: send(connection, {"say": text})):
            # The outcomes of a chunk are held until all of them are sent.
            for chunk in chunks(requests):
                for outcome in outcomes(Destination(None), chunk, self._models.open):
                    send_outcome(connection, outcome)
            self._models.after_build()
        send(connection, {"done": True})
        return True


def serve(address: str, key: bytes) -> int:
    """Answer builds, one after the other.

    Returns:
        An exit code: `AGAIN` if a new process has to replace this one.
    """
    keeper = Keeper(Models())
    with Listener(address, authkey=key) as listener:
        while True:
            try:
                connection = listener.accept()
            except (AuthenticationError, EOFError, OSError):
                # Another program connected, or the build has ended.
                time.sleep(_BROKEN_SECONDS)
                continue
            # A build that ends closes its connection.
            with connection, contextlib.suppress(EOFError, OSError):
                try:
                    if not keeper.answer(connection):
                        return AGAIN
                except (EOFError, OSError):
                    raise
                except Exception as error:  # noqa: BLE001 - the build does it by itself, and says why
                    send(connection, {"failed": reason(error)})


def main() -> int:
    """Listen at the address that the environment names, as long as the parent lives."""
    address, key = os.environ.pop(ADDRESS), bytes.fromhex(os.environ.pop(KEY))
    is_file = not address.startswith("\\\\")
    folder = Path(address).parent

    def remove() -> None:
        if is_file:
            shutil.rmtree(folder, ignore_errors=True)

    end_with_parent(remove)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if is_file:
        # The socket is left from an earlier process that was killed.
        Path(address).unlink(missing_ok=True)
    return serve(address, key)


if __name__ == "__main__":
    sys.exit(main())
