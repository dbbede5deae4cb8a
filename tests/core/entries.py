"""Requests and attentions for tests of stores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.request import ModelSource, Request

REQUEST = Request(source=ModelSource(name="m", id="org/model"), text="a b c")


def request(text: str) -> Request:
    return replace(REQUEST, text=text)


def attention(seed: int = 0, size: int = 5, layers: int = 2, heads: int = 3) -> Attention:
    rng = np.random.default_rng(seed)
    masked = np.triu(np.ones((1, size, size), dtype=bool), 1)
    logits = np.where(masked, -np.inf, rng.normal(0, 3, (layers, heads, size, size)))
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    tokens = tuple(
        Token(t, special=i == 0, word=None if i == 0 else i, segment=min(i // 3, 1))
        for i, t in enumerate(["[CLS]", "</script>", "é", "🦊", "שלום"] + ["x"] * (size - 5))
    )
    return Attention(
        tokens,
        tokens,
        weights.astype(np.float32),
        masked,
        "decoder",
        "org/model",
        provenance={"commit": "abc"},
    )
