"""Pages of the view steps."""

from __future__ import annotations

from . import DOG, heading

WORDS = "the quick brown fox jumps over a lazy dog and sleeps by the old river bank in warm sun"


def text(tokens: int) -> str:
    """A text of that many tokens in MiniLM, with the two special tokens that the model adds."""
    words = WORDS.split()
    return " ".join(words[(n * 7) % len(words)] for n in range(tokens - 2))


FUNCTIONS = '''
def bare(text, pair=None):
    """Weights alone."""
    return {"tokens": text.split(), "weights": [[0.75, 0.125, 0.125], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]]}
'''
MODELS = {"bare": {"function": "pages_steps:bare"}}

_FOX = f".. attention:: {DOG}\n   :name: %s\n   :view: steps\n   :layer: 5\n   :head: 11\n   :focus: fox\n"
PAGES = {
    "steps-dog.rst": heading("Steps") + _FOX % "sdog" + "   :caption: A caption.\n",
    "steps-heads.rst": heading("Heads")
    + f".. attention:: {DOG}\n   :name: sheads\n   :view: steps\n   :layers: 0,5\n   :heads: 2,3,11\n"
    "   :layer: 5\n   :head: 11\n   :focus: fox\n",
    "steps-causal.rst": heading("Causal")
    + f".. attention:: {DOG}\n   :name: scausal\n   :model: builtin\n   :view: steps\n"
    "   :layer: 0\n   :head: 1\n   :focus: 3\n",
    "steps-bare.rst": heading("Bare")
    + ".. attention:: one two three\n   :name: sbare\n   :model: bare\n   :view: steps\n",
    "steps-rtl.rst": heading("Right to left")
    + ".. attention:: שלום עולם\n   :name: srtl\n   :view: steps\n   :layer: 5\n   :head: 11\n"
    "   :focus: 1\n",
    "steps-long.rst": heading("Long")
    + f".. attention:: {text(128)}\n   :name: slong\n   :view: steps\n   :layer: 5\n   :head: 11\n",
    "steps-longest.rst": heading("Longest")
    + f".. attention:: {text(512)}\n   :name: slongest\n   :view: steps\n   :layer: 5\n   :head: 11\n",
    "steps-mask.rst": heading("Mask")
    + f".. attention:: {text(128)}\n   :name: smask\n   :model: builtin\n   :view: steps\n"
    "   :layer: 0\n   :head: 1\n",
}
