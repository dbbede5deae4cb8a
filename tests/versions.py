"""What older versions of Sphinx and MyST, which are supported too, do in another way."""

from __future__ import annotations

import importlib.metadata

import pytest
import sphinx

OLD_SPHINX = sphinx.version_info < (8, 2)
"""Its admonitions know no ``collapsible``, and every build writes the root document again."""

OLD_MYST = tuple(map(int, importlib.metadata.version("myst-parser").split(".")[:2])) < (5, 2)
"""It does not tell a directive what stands on its own line."""

needs_own_line = pytest.mark.skipif(
    OLD_MYST, reason="MyST before 5.2 does not tell what stands on a directive's own line"
)
needs_collapsible = pytest.mark.skipif(
    OLD_SPHINX, reason="Sphinx before 8.2 knows no admonition that folds"
)
