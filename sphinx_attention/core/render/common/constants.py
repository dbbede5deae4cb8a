"""The numbers for drawing that Python and the browser part share.

The files are called ``constants.json``. One in this folder is for all views, and a view may have
one in its own folder. Python reads them, and they are built into the scripts. Each number has a
comment where Python gives it a name. Lengths are in px.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def constants(folder: str = "common") -> dict[str, Any]:
    """The constants of a view, or the shared constants, by topic.

    Args:
        folder: the name of the view's folder.
    """
    file = resources.files("sphinx_attention.core.render") / folder / "constants.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
