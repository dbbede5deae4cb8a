"""Random texts of an exact number of tokens, equal in every run."""

from __future__ import annotations

import random

SPECIAL = 2
"""The model's tokenizer adds ``[CLS]`` and ``[SEP]``."""

# Each word is one token of all-MiniLM-L6-v2.
_WORDS = """
the old farmer watches a quick brown fox jump over his lazy dog while rain falls on green hills and
small birds sing in tall trees near cold river water under grey morning light she reads her letter
again before they walk home along an empty road past some open fields where many horses stand
"""


def text_of(tokens: int, seed: int = 0) -> str:
    """A text that the model splits into exactly this number of tokens, including special tokens."""
    draw = random.Random(f"{tokens}/{seed}")  # noqa: S311 - a benchmark
    return " ".join(draw.choices(_WORDS.split(), k=tokens - SPECIAL))


def texts_of(count: int, tokens: int) -> list[str]:
    """Different texts of that many tokens each."""
    found: dict[str, None] = {}
    seed = 0
    while len(found) < count:
        found[text_of(tokens, seed)] = None
        seed += 1
    return list(found)
