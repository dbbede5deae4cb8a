"""Live figures of a transformer's attention, in the pages of your notes.

Add ``"sphinx_attention"`` to ``extensions`` in conf.py and write::

    .. attention:: the quick brown fox
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

__all__ = ["__version__", "setup"]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension with Sphinx."""
    # The core serves hosts that have no Sphinx: only Sphinx itself gets to import its host.
    from sphinx_attention.hosts.sphinx import setup as setup_host  # noqa: PLC0415

    return setup_host(app)
