"""Pages of arcs."""

from __future__ import annotations

from tests.conftest import FOX, FOX_ROWS, indent

from . import CAUSAL_ROWS, DOG, TRANSLATE, heading

HOSTILE = ["</script><img", "src=x", "onerror=document.title='owned'>", "&amp;", "שלום", "🦊"]

FUNCTIONS = (
    '''
import numpy as np

def long(text, pair=None):
    """As many words as the text says, four layers of eight heads, drawn at random."""
    n = int(text.split()[0])
    logits = np.random.default_rng(n).normal(0, 2, (4, 8, n, n))
    weights = np.exp(logits)
    weights /= weights.sum(-1, keepdims=True)
    return {"tokens": [f"w{i}" for i in range(n)], "weights": weights}
'''
    + TRANSLATE
)
MODELS = {
    "translate": {"function": "pages_arcs:translate"},
    "long": {"function": "pages_arcs:long"},
}

_HOSTILE_ROWS = "".join(
    f"   {' '.join('0.5' if j in (i, (i + 1) % 6) else '0' for j in range(6))}\n" for i in range(6)
)
_HOSTILE_TOKENS = "[" + ", ".join(f'"{t}"' for t in HOSTILE) + "]"
_FOX = indent(FOX_ROWS)

PAGES = {
    "fox.rst": (
        heading("Fox")
        + f"Before.\n\n.. attention:: {FOX}\n   :name: fox\n   :caption: A caption.\n\n{_FOX}\n"
        "After.\n"
    ),
    "dog.rst": (
        heading("Dog")
        + f".. attention:: {DOG}\n   :name: dog\n   :layer: 5\n   :head: 11\n   :caption: C.\n\n"
        f".. attention:: {DOG}\n   :name: pinned\n   :layer: 5\n   :head: 11\n   :focus: fox\n\n"
        f".. attention:: {DOG}\n   :name: chosen\n"
    ),
    "causal.rst": (
        heading("Causal")
        + f".. attention-figure:: one two three four\n   :name: causal\n   :causal:\n"
        f"   :focus: two\n\n{indent(CAUSAL_ROWS)}"
    ),
    "cross.rst": (
        heading("Cross")
        + ".. attention-figure:: the fox jumps\n   :name: cross\n   :model: translate\n"
    ),
    "hostile.rst": (
        heading("Hostile") + f".. attention-figure:: x\n   :name: hostile\n"
        f"   :tokens: {_HOSTILE_TOKENS}\n   :focus: 0\n\n{_HOSTILE_ROWS}"
    ),
    "long.rst": (
        heading("Long") + ".. attention-figure:: 128 words\n   :name: long\n   :model: long\n"
    ),
    "scroll.rst": heading("Scroll")
    + "".join(
        f".. attention-figure:: {' '.join(text)}\n   :name: {name}\n   :focus: {focus}\n\n"
        + "".join(
            f"   {' '.join('1' if i == j else '0' for j in range(len(text)))}\n"
            for i in range(len(text))
        )
        + "\n"
        for name, text, focus in (
            ("far", [f"word{n}" for n in range(40)], 38),
            ("rtl", ["שלום"] * 40, 0),
        )
    ),
    "labelled.rst": heading("Labelled")
    + f".. attention:: {DOG}\n   :name: labelled\n   :layer: 5\n   :head: 11\n"
    "   :note: fox -> dog | animals; brown | a colour; dog | an animal too\n\n   A caption.\n",
    "many.rst": heading("Many")
    + "".join(f".. attention-figure:: {FOX}\n   :name: many{n}\n\n{_FOX}\n" for n in range(12)),
}
