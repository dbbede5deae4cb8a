"""Capture by the process that keeps models open, if there is one (see `keeper`).

A build finds the process by two environment variables. If it has ended, the build computes
everything itself.
"""

from __future__ import annotations

import os
import time
from multiprocessing import AuthenticationError
from typing import TYPE_CHECKING

from sphinx_attention.core.host_words import in_settings, in_words
from sphinx_attention.core.progress import announce
from sphinx_attention.core.request import ModelSource
from sphinx_attention.core.sources.builtin import is_builtin

from .chunks import take_in
from .wire import ADDRESS, KEY, environment, receive, receive_outcome, send, write_requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from sphinx_attention.core.request import Request

    from .chunks import Outcome
    from .library import Library

_CONNECT_SECONDS = 15.0
"""How many seconds a process may take to start that replaces another one."""

_STEP_SECONDS = 0.05
"""The seconds between two attempts to connect."""

_TRIES = 2


class _GoneError(Exception):
    """The process does not answer; the message says why."""


class _AgainError(Exception):
    """The process ends, because a model of this build needs another environment."""


def is_warm() -> bool:
    """Whether the environment names a process that keeps models open."""
    return ADDRESS in os.environ


def capture(
    library: Library, requests: Iterable[Request], *, configured: bool = False
) -> Iterator[tuple[Request, str]]:
    """Do the same as `Library.capture`, with the models that another process keeps open.

    Args:
        library: its store gets the entries.
        requests: the requests to compute.
        configured: whether the project's configuration has imported transformers. It may have
            registered a class or set a precision, which the other process does not have; models
            then run in this process.

    Yields:
        Each request when it is done, and what it was made with.
    """
    left = {request.key: request for request in requests}
    sent = [request for request in left.values() if _is_sent(request)] if is_warm() else []
    if sent and configured:
        announce(
            f"transformers is imported{in_words(in_settings())}: this build loads the model by "
            "itself"
        )
        sent = []
    if sent:
        try:
            for request in take_in(library, sent, _ask(sent)):
                del left[request.key]
                yield request, request.source.label
        except _GoneError as gone:
            announce(f"the process that keeps the model {gone}: this build loads it by itself")
    yield from library.capture(left.values())


def _is_sent(request: Request) -> bool:
    """Whether a request is slow to answer for a process that has just started.

    A function may have been edited since the last build, and has to be imported anew.
    """
    return isinstance(request.source, ModelSource) and not is_builtin(request.source)


def _ask(requests: Sequence[Request]) -> Iterator[Outcome]:
    """The answer of the process.

    Raises:
        _GoneError: the process does not answer, or not completely.
    """
    for _ in range(_TRIES):
        try:
            yield from _requested(requests)
        except _AgainError:
            announce("packages or settings of the model have changed: it is loaded anew")
            continue
        except (EOFError, ConnectionError):
            raise _GoneError("has died") from None
        except (OSError, AuthenticationError) as error:
            raise _GoneError(f"does not answer ({error})") from None
        except (ValueError, LookupError, TypeError) as error:
            raise _GoneError(f"answers something that cannot be read ({error})") from None
        return
    raise _GoneError("does not start anew")


def _requested(requests: Sequence[Request]) -> Iterator[Outcome]:
    with _connected() as connection:
        send(connection, {"environment": environment(), "requests": write_requests(requests)})
        while True:
            message = receive(connection)
            if "say" in message:
                announce(str(message["say"]))
            elif "again" in message:
                raise _AgainError
            elif "failed" in message:
                raise _GoneError(f"failed ({message['failed']})")
            elif "done" in message:
                return
            else:
                yield receive_outcome(connection, message)


def _connected() -> Connection:
    from multiprocessing.connection import Client  # noqa: PLC0415 - slow to import, for those who have the process

    key = bytes.fromhex(os.environ.get(KEY, ""))
    until = time.monotonic() + _CONNECT_SECONDS
    while True:
        try:
            return Client(os.environ[ADDRESS], authkey=key)
        except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, EOFError):
            folder = os.path.dirname(os.environ[ADDRESS])  # noqa: PTH120 - it may be a pipe of Windows
            # Without its folder, the process has ended and no other will start.
            if time.monotonic() > until or not os.path.isdir(folder):  # noqa: PTH112 - likewise
                raise
            time.sleep(_STEP_SECONDS)
