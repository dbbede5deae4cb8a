"""The constants of the data that Python and the browser part share.

Python reads them from ``constants.json``, and they are built into the scripts. Each has a comment
where Python gives it a name. The numbers for drawing are in files of the same name beside the
views.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

SHARED: dict[str, Any] = json.loads(
    resources.files("sphinx_attention.core").joinpath("constants.json").read_text(encoding="utf-8")
)
"""The constants by name."""
