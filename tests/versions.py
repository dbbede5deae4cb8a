"""Differences of older versions of Sphinx and MyST that the package supports."""

from __future__ import annotations

import importlib.metadata

import pytest
import sphinx

OLD_SPHINX = sphinx.version_info < (8, 2)
"""Admonitions have no ``collapsible`` there, and every build writes the root document again."""

OLD_MYST = tuple(map(int, importlib.metadata.version("myst-parser").split(".")[:2])) < (5, 2)
"""These versions do not pass the text on the first line of a directive to the directive."""

needs_own_line = pytest.mark.skipif(
    OLD_MYST, reason="MyST before 5.2 does not pass the first line of a directive to the directive"
)
needs_collapsible = pytest.mark.skipif(
    OLD_SPHINX, reason="Sphinx before 8.2 has no collapsible admonitions"
)
