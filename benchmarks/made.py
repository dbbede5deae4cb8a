"""Generated attention of a large model: reproducible, and as peaked as real heads."""

from __future__ import annotations

from typing import Any

import numpy as np


def peaked(text: str, pair: str | None = None) -> dict[str, Any]:  # noqa: ARG001
    """An attention of the given numbers of layers, heads and words, such as ``24 16 128``.

    Each head looks at one distance, at the first word, or nowhere in particular, and is more or
    less sure of it. The rounded weights have about the entropy of MiniLM's own: 0.44 bytes each.
    """
    layers, heads, tokens = (int(number) for number in text.split())
    draw = np.random.default_rng(0)
    places = np.arange(tokens)
    apart = places[None, :] - places[:, None]
    weights = np.empty((layers, heads, tokens, tokens), np.float32)
    for layer in range(layers):
        for head in range(heads):
            sure = draw.uniform(0.2, 3)
            logits = draw.normal(0, draw.uniform(0.5, 2), (tokens, tokens))
            kind = draw.integers(3)
            if kind == 0:
                logits -= sure * np.abs(apart - draw.integers(-3, 4))
            elif kind == 1:
                logits[:, 0] += 2 * sure
            else:
                logits *= sure
            exponentials = np.exp(logits - logits.max(-1, keepdims=True))
            weights[layer, head] = exponentials / exponentials.sum(-1, keepdims=True)
    return {"tokens": [f"word{n}" for n in range(tokens)], "weights": weights}
