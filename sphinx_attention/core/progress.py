"""What takes long is said: models that are loaded, files that are downloaded.

The core only announces. A host says who listens, and where nobody does, nothing is said.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who waits.

    Attributes:
        say: takes one line of text.
        bars: whether bars may be drawn on the standard error, as on a terminal.
    """

    say: Callable[[str], None]
    bars: bool = False


# One for the process, not for the context: a download may report from a thread of its own.
_listeners: list[Listener] = []


@contextmanager
def listening(say: Callable[[str], None], *, bars: bool = False) -> Iterator[None]:
    """Have announcements said, as long as the block lasts.

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
    """Who listens at present."""
    return _listeners[-1] if _listeners else None


def announce(text: str) -> None:
    """Say one line to whoever listens."""
    if _listeners:
        _listeners[-1].say(text)
