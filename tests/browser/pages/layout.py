"""Every view in the sizes that are hardest for a layout: long words, many tokens, pairs."""

from __future__ import annotations

from tests.conftest import indent

from . import heading

SENTENCE = "the old professor reads the letter that the student wrote to the professor"
"""Thirteen words, about as many as a sentence of notes has."""
LONG = "The Donaudampfschifffahrtsgesellschaftskapitän congratulated the internationalisation"
CAUSAL_ROWS = """\
1 0 0 0
0.25 0.75 0 0
0.2 0.3 0.5 0
0.125 0.125 0.25 0.5
"""

FUNCTIONS = '''
import numpy as np

def weights(shape, seed):
    return np.random.default_rng(seed).dirichlet(np.full(shape[-1], 0.4), size=shape[:-1])

def bert(text, pair=None):
    """Six layers of twelve heads, with special tokens round the words."""
    words = ["[CLS]", *text.split(), "[SEP]"]
    found = weights((6, 12, len(words), len(words)), 1)
    return {"tokens": words, "special": ["[CLS]", "[SEP]"], "weights": found}

def cross(text, pair=None):
    """A few queries over forty keys."""
    queries, keys = text.split(), [f"source{i}" for i in range(40)]
    return {"tokens": queries, "key_tokens": keys, "weights": weights((2, 4, len(queries), 40), 2)}
'''
MODELS = {
    "layout-bert": {"function": "pages_layout:bert"},
    "layout-cross": {"function": "pages_layout:cross"},
}


def _figure(name: str, text: str, body: str = "", **options: object) -> str:
    options = {"layer": 1, "head": 1, **options}
    lines = "".join(f"   :{key}: {value}\n" for key, value in options.items() if value is not None)
    return f".. attention-figure:: {text}\n   :name: {name}\n{lines}\n{body}\n"


PAGES = {
    "layout.rst": heading("Layout")
    + _figure("built-arcs", SENTENCE, model="builtin", focus="letter")
    + _figure("built-steps", SENTENCE, view="steps", model="builtin")
    + _figure("built-steps-long", LONG, view="steps", model="builtin", focus=2)
    + "".join(
        _figure(f"bert-{view}", SENTENCE, view=view, model="layout-bert", head=head, focus=focus)
        for view, head, focus in (
            ("arcs", 1, None),
            ("heads", "1,0,3", "old"),
            ("grid", 11, None),
            ("matrix", 1, "old"),
        )
    )
    + _figure(
        "bert-twelve",
        "one two",
        view="heads",
        model="layout-bert",
        head="0,1,2,3,4,5,6,7,8,9,10,11",
    )
    + "".join(
        _figure(f"cross-{view}", "le chat noir dort", view=view, model="layout-cross")
        for view in ("arcs", "heads", "matrix")
    )
    + "".join(
        _figure(
            f"given-{view}",
            "a cat sleeps here",
            indent(CAUSAL_ROWS),
            view=view,
            causal="",
            focus="sleeps",
            layer=None,
            head=None,
        )
        for view in ("heads", "matrix")
    ),
    "layout-placeholder.rst": heading("Placeholder")
    + ".. attention-figure:: The fox\n   :model: builtin\n   :layer: 99\n",
}
