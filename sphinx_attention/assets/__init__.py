"""The files that browsers load, and the only module that knows their names.

``attention.js`` is the core: it holds what all views share. Each view is a script of its own, which
adds itself to the core whichever of the two runs first. ``static/build.mjs`` makes all of them.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
STYLE = "attention.css"
CORE = "attention.js"
PICTURES = "attention-pictures.js"
"""Saves pictures. The core loads it when a reader opens the menu."""
GENERATE = "attention-generate.js"
"""Only for pages with a figure that steps through the tokens that a model writes."""
LINK = "attention-link.js"
"""Shares the selection of figures that have the same link name. The core loads it for these."""
VARIANTS = "attention-variants.js"
"""Shows other attentions of a figure. The core loads it where a figure has several."""
PROSE = "attention-prose.js"
"""Only for pages whose prose selects something in a figure."""
SEARCH = "attention-search.js"
"""Only for Sphinx's search page."""


def script_of(name: str) -> str:
    """The name of the script of a view, or of a part that a view needs."""
    return f"attention-{name}.js"


BEFORE_PAINT = frozenset({script_of("rail")})
"""Scripts that run before the page is painted, to tell the style sheet that scripts are coming.

All other scripts are loaded asynchronously.
"""


def files() -> list[Path]:
    """All files that a page may load."""
    return sorted(file for file in FOLDER.iterdir() if file.is_file() and file.suffix != ".py")


def is_ours(url: str) -> bool:
    """Whether an address in the head of a page is that of a file of ours."""
    name = url.partition("?")[0].rpartition("/")[2]
    return any(name == file.name for file in files())


def text(name: str) -> str:
    """The content of a script or of the style sheet."""
    return (FOLDER / name).read_text(encoding="utf-8")
