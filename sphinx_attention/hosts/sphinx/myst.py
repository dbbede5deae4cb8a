"""One warning of MyST's, held back until it is known whether it is meant.

MyST finds it odd that a directive without arguments has text on its own line, then options, then a
body. For the admonition `attention` it is; for the figure of that name it is how figures are
written. MyST speaks before the directive runs, so its word is kept for that moment.
"""

from __future__ import annotations

import logging


class _Held(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.record: logging.LogRecord | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        meant = str(record.msg).startswith("'attention': Splitting content across first line")
        if not meant or record is self.record:
            return True
        self.record = record
        return False


_LOGGER = logging.getLogger("sphinx.myst_parser.warnings_")
_HELD = _Held()


def hold() -> None:
    """Begin to hold the warning back; once is enough, again does no harm."""
    _LOGGER.addFilter(_HELD)


def release(*, figure: bool) -> None:
    """Let the warning go: to where it was bound, or, when a figure was meant, to nowhere."""
    if _HELD.record is not None and not figure:
        _LOGGER.handle(_HELD.record)
    _HELD.record = None
