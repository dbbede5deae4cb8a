"""Reports of slow steps: models that are loaded, files that are downloaded.

The core only announces. A host registers a listener; without one, nothing is printed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Listener:
    """The receiver of announcements.

    Attributes:
        say: takes one line of text.
        bars: whether bars may be drawn on the standard error, as on a terminal.
    """

    say: Callable[[str], None]
    bars: bool = False


# There is one listener for the process and not for the context, because a download may report from
# a thread of its own.
_listeners: list[Listener] = []


@contextmanager
def listening(say: Callable[[str], None], *, bars: bool = False) -> Iterator[None]:
    """Send announcements to a listener during a block.

    Args:
        say: takes one line of text.
        bars: whether bars may be drawn on the standard error.
    """
    _listeners.append(Listener(say, bars))
    try:
        yield
    finally:
        _listeners.pop()


def listener() -> Listener | None:
    """The present listener."""
    return _listeners[-1] if _listeners else None


def announce(text: str) -> None:
    """Send one line to the listener, if there is one."""
    if _listeners:
        _listeners[-1].say(text)
