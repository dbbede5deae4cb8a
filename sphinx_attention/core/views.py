"""The names of the views."""

from __future__ import annotations

from typing import Literal

View = Literal["arcs", "heads", "grid", "matrix", "steps"]
