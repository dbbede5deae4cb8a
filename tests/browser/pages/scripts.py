"""Pages that run other scripts too: scripts of themes, of a search, of translators."""

from __future__ import annotations

from tests.conftest import FOX, FOX_ROWS, indent

from . import TRANSLATE, heading, words_at_random

FUNCTIONS = words_at_random(layers=2, heads=3) + TRANSLATE
MODELS = {
    "few": {"function": "pages_scripts:words"},
    "translate": {"function": "pages_scripts:translate"},
}
VIEWS = ("arcs", "heads", "grid", "matrix", "steps")

_LONG = " ".join(f"word{n}" for n in range(70))
_ALL = "".join(
    f".. attention-figure:: entropy looks attention\n   :name: all-{view}\n   :model: few\n"
    f"   :view: {view}\n\n"
    for view in VIEWS
)

PAGES = {
    "all.rst": heading("All")
    + f"Attention looks back.\n\n{_ALL}"
    + ".. attention-figure:: the fox jumps\n   :name: all-cross\n   :model: translate\n\n"
    + "And attention looks on, with entropy.\n",
    "images.rst": heading("Images")
    + ":ref:`genindex`\n\n"
    + "".join(
        f".. attention-figure:: {_LONG}\n   :name: image-{view}\n   :model: few\n"
        f"   :view: {view}\n\n"
        for view in ("grid", "matrix", "steps")
    ),
    "quiet.rst": heading("Quiet")
    + "".join(
        f".. attention-figure:: {FOX}\n   :name: quiet-{rest}\n   :rest: {rest}\n\n"
        f"{indent(FOX_ROWS)}\n"
        for rest in ("overview", "none")
    )
    + _ALL.replace("all-", "quiet-"),
    "moved.rst": heading("Moved") + _ALL.replace("all-", "moved-"),
}
