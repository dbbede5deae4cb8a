"""Small attentions for the tests of derivations."""

from __future__ import annotations

from typing import Any

import numpy as np

from sphinx_attention.core.attention import Attention, Token

# [CLS] un ##be quick [SEP]: two words, the first of two pieces.
PIECES = (
    Token("[CLS]", special=True),
    Token("un", word=0),
    Token("##be", word=0),
    Token("quick", word=1),
    Token("[SEP]", special=True),
)
ROWS = [
    [0.5, 0.1, 0.1, 0.1, 0.2],
    [0.1, 0.2, 0.3, 0.3, 0.1],
    [0.3, 0.2, 0.0, 0.1, 0.4],
    [0.0, 0.25, 0.25, 0.5, 0.0],
    [0.2, 0.2, 0.2, 0.2, 0.2],
]


def attention(
    rows: Any = ROWS,
    tokens: tuple[Token, ...] = PIECES,
    keys: tuple[Token, ...] | None = None,
    masked: Any = None,
    **fields: Any,
) -> Attention:
    weights = np.asarray(rows, dtype=np.float32)
    weights = weights.reshape((1,) * (4 - weights.ndim) + weights.shape)
    if masked is None:
        masked = np.zeros((1, *weights.shape[2:]), bool)
    return Attention(tokens, keys or tokens, weights, np.asarray(masked, bool), label="m", **fields)


def plain(count: int) -> tuple[Token, ...]:
    return tuple(Token(f"t{n}", word=n) for n in range(count))


def causal(count: int) -> Any:
    return np.triu(np.ones((1, count, count), bool), 1)


# Aggregates of heads or layers

TWO = np.array(
    [
        [[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.1, 0.9]]],
        [[[1.0, 0.0], [0.25, 0.75]], [[1.0, 0.0], [0.75, 0.25]]],
    ]
)
"""Two layers, two heads and two tokens. No token sees a later one."""
