"""Maps: one of a real model over some sentences, and one of many random points."""

from __future__ import annotations

from . import heading

SENTENCES = [
    "the cat sleeps on the mat",
    "a dog barks at the moon",
    "the river runs to the sea",
    "she reads a long letter",
    "we eat bread and cheese",
    "the train is late again",
    "he paints the old door green",
    "birds sing before the sun rises",
    "the children play in the garden",
    "it rains on the roof",
]
MANY = 250
TEMPLATE = ["the cat sleeps here", "a zebrafish swims away", "the dog barks loudly"]
"""Sentences of four words, of which one has several pieces."""

FUNCTIONS = '''
import numpy as np
from sphinx_attention import Answer

def crowd(text):
    """Twenty tokens a sentence, with random vectors."""
    made = np.random.default_rng(int(text.split()[0][1:]))
    queries, keys = made.normal(0, 1, (2, 2, 2, 20, 8)).astype(np.float32)
    logits = queries @ keys.swapaxes(-1, -2) * 0.5
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return Answer(tokens=[f"w{n}" for n in range(20)], weights=weights, queries=queries, keys=keys, values=keys)
'''
MODELS = {"crowd": {"function": "pages_maps:crowd"}}

PAGES = {
    "maps.rst": heading("Maps")
    + f".. attention-figure:: {SENTENCES[0]}\n"
    + f"   :also: {' | '.join(SENTENCES[1:])}\n"
    + "   :view: map\n   :layers: 0,5\n   :heads: 2,10\n   :layer: 0\n   :head: 2\n"
    + "   :projection: pca, bipartite\n   :name: cats\n\n   Ten sentences.\n",
    "template.rst": heading("Template")
    + f".. attention-figure:: {TEMPLATE[0]}\n"
    + f"   :also: {' | '.join(TEMPLATE[1:])}\n"
    + "   :view: map\n   :layers: 0,5\n   :heads: 2,10\n   :layer: 0\n   :head: 2\n"
    + "   :projection: pca\n   :name: template\n\n   Three sentences of four words.\n",
    "crowd.rst": heading("Crowd")
    + ".. attention-figure:: s0 and more\n   :model: crowd\n"
    + f"   :also: {' | '.join(f's{n} and more' for n in range(1, MANY))}\n"
    + "   :view: map\n   :projection: pca\n   :name: crowd-map\n",
}
