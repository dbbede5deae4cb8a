"""Write which characters are letters, numbers or spaces for the built-in model's tokenizer.

This script needs the ``tokenizers`` package, whose regular expressions decide.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

FILE = Path(__file__).parents[1] / "sphinx_attention/core/sources/builtin/characters.json"
KINDS = {"letters": r"\p{L}", "numbers": r"\p{N}", "spaces": r"\s"}
LAST = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


def ranges(pattern: str) -> list[tuple[int, int]]:
    """The first and the last character of each range that a pattern matches."""
    points = [point for point in range(LAST + 1) if point not in SURROGATES]
    # A run of matches is one piece, and all other characters are removed.
    split = Split(Regex(pattern), "removed", invert=True)
    pieces = split.pre_tokenize_str("".join(map(chr, points)))
    found = [points[n] for _, (start, end) in pieces for n in range(start, end)]
    ends = [(a, b) for a, b in pairwise([-2, *found, LAST + 2]) if b != a + 1]
    return [(start, end) for (_, start), (end, _) in pairwise(ends)]


if __name__ == "__main__":
    known = {name: ranges(pattern) for name, pattern in KINDS.items()}
    FILE.write_text(json.dumps(known, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{FILE.name}: " + ", ".join(f"{len(found)} {name}" for name, found in known.items()))
