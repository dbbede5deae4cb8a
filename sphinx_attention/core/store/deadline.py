"""A time limit for work that may hang."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


def within(seconds: float, what: Callable[[], Answer]) -> Answer:
    """Do something that may hang, in a thread that is left behind if it does.

    Args:
        seconds: how long to wait.
        what: the work.

    Raises:
        TimeoutError: the work took longer.
    """
    done: list[Answer] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(what())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:g} second{'s' if seconds != 1 else ''}")
    if failed:
        raise failed[0]
    return done[0]
