"""Pages of figures whose two attentions stand side by side."""

from __future__ import annotations

from . import heading, words_at_random
from .variants import BANK, ROBBED

FUNCTIONS = words_at_random(layers=2, heads=2)
MODELS = {"words": {"function": "pages_comparison:words"}}
VIEWS = ("arcs", "heads", "matrix", "grid", "steps")

PAGES = {
    "compared.rst": heading("Compared")
    + "".join(
        f".. attention:: {BANK}\n   :also: {ROBBED}\n   :compare: sentence\n"
        f"   :name: {view}-compared\n   :view: {view}\n   :layer: 5\n   :head: 11\n"
        "   :focus: bank\n\n   A caption.\n\n"
        for view in VIEWS
    )
    + ".. attention-figure:: a quick fox\n   :name: models-compared\n   :model: minilm, words\n"
    "   :compare: model\n   :layer: 5\n   :head: 11\n",
}
