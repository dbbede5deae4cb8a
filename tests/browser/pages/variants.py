"""Pages of figures with several models, sentences and parts."""

from __future__ import annotations

from . import heading, words_at_random

BANK = "the bank of the river was steep"
ROBBED = "she robbed the bank"
SLOW = "a slow dog sleeps"
COUNTED = "one two three four one two"

FUNCTIONS = (
    words_at_random(layers=2, heads=2)
    + """
def broken(text, pair=None):
    raise ValueError("no weights for this text")

def many(text, pair=None):
    words = ["un", "##believ", "##able", *text.split()]
    n = len(words)
    weights = np.random.default_rng(n).dirichlet(np.full(n, 0.5), size=(6, 12, n))
    return {"tokens": words, "weights": weights}
"""
)
MODELS = {
    "words": {"function": "pages_variants:words"},
    "many": {"function": "pages_variants:many"},
}

PAGES = {
    "sentences.rst": heading("Sentences")
    + "".join(
        f".. attention:: {BANK}\n   :also: {ROBBED} | {SLOW}\n   :name: {view}-sentences\n"
        f"   :view: {view}\n   :layer: 5\n   :head: 11\n   :focus: bank\n\n   A caption.\n\n"
        for view in ("arcs", "heads", "matrix", "grid", "steps")
    ),
    "models.rst": heading("Models")
    + ".. attention-figure:: a quick fox\n   :name: both-models\n   :model: minilm, words\n"
    "   :layer: 5\n   :head: 11\n   :focus: fox\n\n"
    ".. attention-figure:: a quick fox\n   :name: same-heads\n   :model: minilm, many\n"
    "   :layer: 5\n   :head: 11\n   :focus: fox\n\n"
    ".. attention-figure:: a quick fox\n   :name: linked-model\n   :model: minilm, words\n"
    "   :link: m\n\n"
    ".. attention-figure:: a quick fox\n   :name: linked-too\n   :model: minilm, words\n"
    "   :link: m\n",
    "written.rst": heading("Written")
    + "".join(
        f".. attention:: {COUNTED}\n   :model: builtin\n   :generate: 6\n   :name: {view}-written\n"
        f"   :view: {view}\n   :layer: 1\n   :head: 2\n   :link: written\n\n   A caption.\n\n"
        for view in ("arcs", "heads", "matrix", "grid", "steps")
    )
    + f".. attention:: {COUNTED}\n   :model: builtin\n   :generate: 6\n   :name: opens-at-three\n"
    "   :layer: 1\n   :head: 2\n   :selection: step=3\n",
    "measures.rst": heading("Measures")
    + "".join(
        f".. attention:: the quick brown fox jumps over the lazy dog\n   :measure: weight, written\n"
        f"   :name: {view}-measures\n   :view: {view}\n   :layer: 2\n   :head: 7\n   :focus: fox\n\n"
        for view in ("arcs", "heads", "matrix", "grid", "steps")
    ),
    "opened.rst": heading("Opened")
    + f".. attention:: {BANK}\n   :also: {ROBBED} | {SLOW}\n   :name: opens-on\n"
    "   :selection: sentence=2&pin=3\n",
}
