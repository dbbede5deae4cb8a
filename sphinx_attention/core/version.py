"""The version of this package, for the core and for every host."""

from __future__ import annotations

__version__ = "0.1.0"
