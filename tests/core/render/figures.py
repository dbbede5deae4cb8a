"""Figures for tests, from numbers written out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.request import MatrixSource, ModelSource, Request

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure


def tokens(*texts: str) -> tuple[Token, ...]:
    return tuple(Token(text, special=text.startswith("[")) for text in texts)


def figure(
    texts: tuple[str, ...] | str,
    weights,
    *,
    keys: tuple[str, ...] | None = None,
    masked=None,
    label: str = "",
    text: str = "",
    **spec,
) -> Figure:
    texts = tuple(texts.split()) if isinstance(texts, str) else texts
    array = np.asarray(weights, dtype=np.float32)
    array = array.reshape((1,) * (4 - array.ndim) + array.shape)
    if masked is None:
        masked = np.zeros((1, *array.shape[2:]), dtype=np.bool_)
    attention = Attention(
        query_tokens=tokens(*texts),
        key_tokens=tokens(*(keys or texts)),
        weights=array,
        masked=np.asarray(masked, dtype=np.bool_).reshape(-1, *array.shape[2:]),
        part="cross" if keys else "encoder",
        label=label,
    )
    source = ModelSource(label) if label else MatrixSource(text="")
    return resolve(FigureSpec(Request(source, text or " ".join(texts)), **spec), attention)


def random_rows(rng: np.random.Generator, queries: int, keys: int | None = None):
    return rng.dirichlet(np.full(keys or queries, 0.3), size=queries)
