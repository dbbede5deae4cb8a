"""One warning of MyST is held back until it is known whether it applies.

MyST warns of a directive without arguments that has text on its own line, then options, then a
body. The warning is right for the admonition `attention`, and wrong for a figure, which is written
in this form. MyST warns before the directive runs, so the warning is held until then.
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
    """Begin to hold the warning back. Further calls change nothing."""
    _LOGGER.addFilter(_HELD)


def release(*, figure: bool) -> None:
    """Release the warning: log it, or drop it if the directive is a figure."""
    if _HELD.record is not None and not figure:
        _LOGGER.handle(_HELD.record)
    _HELD.record = None
