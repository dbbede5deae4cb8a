"""The numbers that pictures are drawn by, which the browser part has too.

They are in files ``constants.json``: one for what views share, in this folder, and one in the
folder of each view that has any. Python reads them, and the scripts are built with them. A comment
on each number is where Python gives it a name. Lengths are in px.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def constants(folder: str = "common") -> dict[str, Any]:
    """The constants of a view, or those that views share, by topic.

    Args:
        folder: the name of the view's folder.
    """
    file = resources.files("sphinx_attention.core.render") / folder / "constants.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
