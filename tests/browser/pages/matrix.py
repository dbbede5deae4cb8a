"""Pages of the view matrix."""

from __future__ import annotations

from tests.conftest import FOX_ROWS, indent

from . import CAUSAL_ROWS, DOG, TRANSLATE, heading

HEBREW = "שלום עולם השועל קופץ"

FUNCTIONS = (
    '''
import numpy as np

def weights(n, heads):
    """Two layers of some heads over as many words, drawn at random; no word sees those after it."""
    logits = np.random.default_rng(n).normal(0, 2, (2, heads, n, n))
    found = np.exp(logits) * np.tril(np.ones((n, n)))
    return found / found.sum(-1, keepdims=True)


def long(text, pair=None):
    """As many words as the text says."""
    n = int(text.split()[0])
    masked = np.triu(np.ones((n, n), dtype=bool), 1)
    return {"tokens": [f"w{i}" for i in range(n)], "weights": weights(n, 2), "masked": masked}


def local(text, pair=None):
    """Two layers, the second of which is masked; a long word."""
    n = int(text.split()[0])
    masked = np.zeros((2, n, n), bool)
    masked[1] = np.triu(np.ones((n, n), bool), 1)
    found = np.where(masked[:, None], 0.0, 1.0) + np.zeros((2, 1, n, n))
    found /= np.maximum(found.sum(-1, keepdims=True), 1)
    tokens = [f"w{i}" for i in range(n)]
    tokens[1] = "Donaudampfschifffahrtsgesellschaftskapitän"
    return {"tokens": tokens, "weights": found, "masked": masked}
'''
    + TRANSLATE
)
MODELS = {
    "matrix-translate": {"function": "pages_matrix:translate"},
    "matrix-long": {"function": "pages_matrix:long"},
    "matrix-local": {"function": "pages_matrix:local"},
}


def _figure(text: str, name: str, **options: object) -> str:
    lines = "".join(f"   :{key}: {value}\n" for key, value in options.items())
    return f".. attention-figure:: {text}\n   :name: {name}\n   :view: matrix\n{lines}"


PAGES = {
    "matrix-dog.rst": heading("Dog")
    + _figure(DOG, "mdog", layer=5, head=11, caption="A caption.")
    + "\n"
    + _figure(DOG, "mpinned", layer=5, head=11, focus="fox")
    + "\n"
    + _figure(DOG, "mdim", layer=5, head=8, special="dim"),
    "matrix-small.rst": heading("Small")
    + f".. attention-figure:: one two three four\n   :name: mcausal\n   :view: matrix\n   :causal:\n\n{indent(CAUSAL_ROWS)}\n"
    + f"{_figure(HEBREW, 'mhebrew')}\n{indent(FOX_ROWS)}\n"
    + _figure("the fox jumps", "mcross", model="matrix-translate")
    + f"\n{_figure('alone', 'malone')}\n   1\n",
    "matrix-bin.rst": heading("Bin")
    + _figure(DOG, "mbin", layer=5, head=11, special="hide")
    + f"\n{_figure('(special) two', 'mword')}   :causal:\n\n   1 0\n   0.5 0.5\n",
    "matrix-long.rst": heading("Long")
    + _figure("128 words", "mlong", model="matrix-long", layer=0, head=1, focus="w7"),
    "matrix-layers.rst": heading("Layers")
    + _figure("4 words", "mlocal", model="matrix-local", layer=0)
    + "\n"
    + _figure(DOG, "mnothing", layer=5, head=11, special="hide", focus="(special)")
    + "\n"
    + _figure("90 words", "mcut", model="matrix-local", layer=0),
    "matrix-grid.rst": heading("Grid")
    + f".. attention-figure:: {DOG}\n   :name: mgrid\n   :view: grid\n   :layer: 5\n   :head: 11\n",
    "matrix-longest.rst": heading("Longest")
    + _figure("512 words", "mlongest", model="matrix-long", layers=0, heads=0),
}
