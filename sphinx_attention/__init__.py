"""Live figures of a transformer's attention, in the pages of your notes.

Add ``"sphinx_attention"`` to ``extensions`` in conf.py and write::

    .. attention:: the quick brown fox

Or show a figure from Python::

    sphinx_attention.figure("the quick brown fox")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.errors import AttentionError, Problem
    from sphinx_attention.hosts.python import (
        Answer,
        LiveFigure,
        attention,
        figure,
        set_formats,
    )

__all__ = [
    "Answer",
    "Attention",
    "AttentionError",
    "LiveFigure",
    "Problem",
    "__version__",
    "attention",
    "figure",
    "set_formats",
    "setup",
]

_WHERE = {
    "Answer": "core.sources.answer",
    "Attention": "core.attention",
    "AttentionError": "core.errors",
    "LiveFigure": "hosts.python.live_figure",
    "Problem": "core.errors",
    "attention": "hosts.python",
    "figure": "hosts.python",
    "set_formats": "hosts.python.formats",
}
"""The modules of the public names. Each is imported at its first use, because Sphinx needs none."""


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension with Sphinx."""
    # The core also serves hosts without Sphinx, so only Sphinx itself imports its host.
    from sphinx_attention.hosts.sphinx import setup as setup_host  # noqa: PLC0415

    return setup_host(app)
