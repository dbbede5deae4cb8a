"""Pages of grids."""

from __future__ import annotations

from tests.browser.pages.heads import PAIR

from . import DOG, heading

LONG = (
    "the committee that reviewed the proposal decided that the new library should be built near the "
    "old river bridge because most of the students already live there today and walk"
)
"""Thirty words, each one token, and two special tokens."""

FUNCTIONS = '''
import numpy as np


def tall(text, pair=None):
    """So many layers and heads of peaked rows over so many words; the first head's are flat."""
    layers, heads, n = (int(number) for number in text.split())
    draw = np.random.default_rng(n)
    logits = draw.normal(0, 6, (layers, heads, n, n))
    logits[0, 0] = draw.normal(0, 2, (n, n))
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return {"tokens": [f"w{i}" for i in range(n)], "weights": weights}


def translate(text, pair=None):
    """Queries that are other tokens than the keys."""
    draw = np.random.default_rng(3)
    return {
        "tokens": ["le", "renard", "saute"],
        "key_tokens": ["the", "fox", "jumps", "</s>"],
        "special": ["</s>"],
        "weights": draw.dirichlet(np.full(4, 0.5), (2, 3, 3)),
    }


def pieces(text, pair=None):
    """Rows of two layers, one of which is masked, over these tokens."""
    tokens = text.split()
    n = len(tokens)
    weights = np.random.default_rng(5).dirichlet(np.full(n, 0.5), (2, 2, n))
    if "!" not in tokens:
        weights = np.tril(weights)
        weights /= weights.sum(-1, keepdims=True)
        return {"tokens": tokens, "weights": weights, "masked": np.triu(np.ones((n, n), bool), 1)}
    return {"tokens": tokens, "weights": weights}
'''
MODELS = {
    "tall": {"function": "pages_grid:tall"},
    "translate": {"function": "pages_grid:translate"},
    "pieces": {"function": "pages_grid:pieces"},
}

CAUSAL = "the Donaudampfschifffahrtsgesellschaftskapitän iiiiiiiiiiiiiiiiiiiiiiiiii sails"
"""Words that are cut. Most characters of the second word are narrow."""

HEBREW = "- ! חתול , . שלום ? …"
"""More punctuation than words."""

PAGES = {
    "grid-same.rst": heading("Same")
    + "".join(
        f".. attention-figure:: {text}\n   :name: {view[0]}{name}\n   :view: {view}\n"
        "   :model: pieces\n   :layer: 0\n   :head: 0\n\n"
        for name, text in (("causal", CAUSAL), ("hebrew", HEBREW))
        for view in ("grid", "matrix", "heads")
    ),
    "grid-dog.rst": heading("Grid")
    + f".. attention:: {DOG}\n   :name: gdog\n   :view: grid\n   :layer: 5\n   :head: 11\n"
    "   :caption: Every head.\n",
    "grid-pinned.rst": heading("Pinned")
    + f".. attention:: {DOG}\n   :name: gpinned\n   :view: grid\n   :layer: 5\n   :head: 11\n"
    "   :focus: fox\n",
    "grid-pair.rst": heading("Pair")
    + f".. attention:: {PAIR[0]}\n   :pair: {PAIR[1]}\n   :name: gpair\n   :view: grid\n",
    "grid-once.rst": heading("Once")
    + ".. attention:: a quick brown fox\n   :name: gonce\n   :view: grid\n",
    "grid-long.rst": heading("Long") + f".. attention:: {LONG}\n   :name: glong\n   :view: grid\n",
    "grid-page.rst": heading("Page")
    + f".. attention:: {' '.join((LONG.split() * 5)[:126])}\n   :name: gpage\n   :view: grid\n",
    "grid-tall.rst": heading("Tall")
    + ".. attention-figure:: 24 16 128\n   :name: gtall\n   :view: grid\n   :model: tall\n"
    "   :layer: 0\n   :head: 0\n",
    "grid-cross.rst": heading("Cross")
    + ".. attention-figure:: x\n   :name: gcross\n   :view: grid\n   :model: translate\n",
}
