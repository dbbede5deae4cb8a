"""Pages of the view heads."""

from __future__ import annotations

from tests.conftest import FOX_ROWS, indent

from . import DOG, TRANSLATE, heading

PAIR = ("The cat chased the mouse", "The mouse ran from the cat")
ARABIC = ("القط", "الأسود", "يجلس", "هنا")
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitän"
CAUSAL_ROWS = """\
1 0 0
0.25 0.75 0
0.2 0.3 0.5
"""

FUNCTIONS = (
    '''
import numpy as np

def weights(n, heads):
    """Two layers of some heads over as many words, drawn at random."""
    logits = np.random.default_rng(n).normal(0, 2, (2, heads, n, n))
    found = np.exp(logits)
    return found / found.sum(-1, keepdims=True)


def long(text, pair=None):
    """As many words and heads as the text says."""
    n, heads = (int(number) for number in text.split())
    return {"tokens": [f"w{i}" for i in range(n)], "weights": weights(n, heads)}
'''
    + TRANSLATE
)
MODELS = {
    "heads-long": {"function": "pages_heads:long"},
    "heads-translate": {"function": "pages_heads:translate"},
}


def _figure(text: str, name: str, body: str = "", **options: object) -> str:
    lines = "".join(f"   :{key}: {value}\n" for key, value in options.items())
    return f".. attention-figure:: {text}\n   :name: {name}\n   :view: heads\n{lines}\n{body}\n"


def _tokens(*texts: str) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


PAGES = {
    "heads-dog.rst": heading("Heads")
    + _figure(DOG, "hone", layer=5, head=11)
    + _figure(DOG, "hthree", layer=5, head="11,0,3", focus="fox | dog", caption="C.")
    + _figure(DOG, "hchosen"),
    "heads-pair.rst": heading("Pair")
    + _figure(PAIR[0], "hpair", layer=5, head="11,3", pair=PAIR[1]),
    "heads-causal.rst": heading("Causal")
    + _figure("one two three", "hcausal", indent(CAUSAL_ROWS), causal="", focus="two"),
    "heads-cross.rst": heading("Cross")
    + _figure("the fox jumps", "hcross", model="heads-translate"),
    "heads-arabic.rst": heading("Arabic")
    + _figure("x", "harabic", indent(FOX_ROWS), tokens=_tokens(*ARABIC), focus=0),
    "heads-words.rst": heading("Words")
    + _figure(
        "x", "hwords", indent("0.5 0.5\n0.1 0.9\n"), tokens=_tokens(LONG_WORD, "</text><b>x</b>")
    ),
    "heads-grid.rst": heading("Grid")
    + f".. attention-figure:: {DOG}\n   :name: hgrid\n   :view: grid\n   :layer: 5\n   :head: 11\n\n"
    + _figure(DOG, "hgrid-heads", layer=5, head=11),
    "heads-long.rst": heading("Long") + _figure("128 12", "hlong", model="heads-long", head="0,1"),
    "heads-many.rst": heading("Many") + _figure("6 32", "hmany", model="heads-long", head="0,31"),
}
