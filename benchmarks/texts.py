"""Random texts of exactly so many tokens, the same in every run."""

from __future__ import annotations

import random

SPECIAL = 2
"""``[CLS]`` and ``[SEP]``, which the model's tokenizer adds."""

# Each is one token of all-MiniLM-L6-v2.
_WORDS = """
the old farmer watches a quick brown fox jump over his lazy dog while rain falls on green hills and
small birds sing in tall trees near cold river water under grey morning light she reads her letter
again before they walk home along an empty road past some open fields where many horses stand
"""


def text_of(tokens: int, seed: int = 0) -> str:
    """A text that the model splits into exactly so many tokens, its special ones counted."""
    draw = random.Random(f"{tokens}/{seed}")  # noqa: S311 - a benchmark
    return " ".join(draw.choices(_WORDS.split(), k=tokens - SPECIAL))


def texts_of(count: int, tokens: int) -> list[str]:
    """So many texts of so many tokens, all different."""
    found: dict[str, None] = {}
    seed = 0
    while len(found) < count:
        found[text_of(tokens, seed)] = None
        seed += 1
    return list(found)
