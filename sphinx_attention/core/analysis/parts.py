"""Parts of an attention: layers and heads by position, and an attention with other weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.errors import InvalidValueError
from sphinx_attention.core.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, LogitTerms, Summary, Token


def position(kind: str, number: int, names: Sequence[str], option: str | None = None) -> int:
    """The position of a layer or head among the existing ones.

    Args:
        kind: ``layer`` or ``head``.
        number: its number.
        names: the existing ones.
        option: the option that named it, if that is not the kind itself.

    Raises:
        InvalidValueError: it does not exist; the message names the range.
    """
    if str(number) in names:
        return list(names).index(str(number))
    hint = ""
    if number == len(names):
        hint = f"; {kind}s count from 0, so that the last of {number} is {names[-1]}"
    raise InvalidValueError(
        option or kind, number, f"there is no {kind} {number}, expected {_range_of(names)}{hint}"
    )


def _range_of(names: Sequence[str]) -> str:
    """The existing layers or heads, as a message names them."""
    if len(names) > 1 and list(names) == [str(n) for n in range(len(names))]:
        return f"0 to {len(names) - 1}"
    return listed(names)


def select(
    attention: Attention, layers: Sequence[int] | None = None, heads: Sequence[int] | None = None
) -> Attention:
    """A part of an attention.

    Args:
        attention: the whole attention.
        layers: positions of the layers that stay, in order; None keeps all.
        heads: positions of the heads that stay, in order; None keeps all.

    Returns:
        Views of the same numbers where possible. Heads that share keys still do so if the remaining
        heads share them evenly; otherwise they get copies of their own.
    """
    rows = list(range(attention.layers) if layers is None else layers)
    columns = list(range(attention.heads) if heads is None else heads)
    if len(rows) == attention.layers and len(columns) == attention.heads:
        return attention

    def cut(array: NDArray[np.float32] | None, kept: list[int]) -> NDArray[np.float32] | None:
        return None if array is None else array[rows][:, kept]

    shared = columns
    vectors = attention.keys if attention.keys is not None else attention.values
    if vectors is not None and vectors.shape[1] < attention.heads:
        shared = _shared(columns, attention.heads // vectors.shape[1])
    return replace(
        attention,
        weights=attention.weights[rows][:, columns],
        masked=attention.masked if attention.masked.shape[0] == 1 else attention.masked[rows],
        queries=cut(attention.queries, columns),
        keys=cut(attention.keys, shared),
        values=cut(attention.values, shared),
        norms=cut(attention.norms, columns),
        alphas=cut(attention.alphas, columns),
        logit_terms=_select_terms(attention.logit_terms, rows, columns),
        layer_names=tuple(attention.layer_names[n] for n in rows),
        head_names=tuple(attention.head_names[n] for n in columns),
        summary=_select_summary(attention.summary, rows, columns),
    )


def of_layers(attention: Attention, numbers: Sequence[int] | None) -> Attention:
    """The requested layers of an answer whose source returned others as well.

    Args:
        attention: the answer.
        numbers: of the layers, as readers know them; None for all.

    Raises:
        AttentionError: a requested layer does not exist.
    """
    if numbers is None:
        return attention
    return select(
        attention, [position("layer", n, attention.layer_names, "layers") for n in numbers]
    )


def _shared(heads: Sequence[int], group: int) -> list[int]:
    """The key-value heads that some query heads need, so that they share them evenly."""
    needed = [head // group for head in heads]
    distinct = sorted(set(needed))
    times, rest = divmod(len(needed), len(distinct))
    even = [head for head in distinct for _ in range(times)]
    return distinct if not rest and even == needed else needed


def _select_summary(summary: Summary | None, layers: list[int], heads: list[int]) -> Summary | None:
    if summary is None:
        return None
    cut = {name: array[layers][:, heads] for name, array in summary.arrays.items()}
    return replace(summary, arrays=cut)


def _select_terms(
    logit_terms: LogitTerms | None, layers: list[int], heads: list[int]
) -> LogitTerms | None:
    if logit_terms is None:
        return None
    bias, sinks = logit_terms.bias, logit_terms.sinks
    if bias is not None:
        bias = bias[layers] if bias.shape[1] == 1 else bias[layers][:, heads]
    return replace(
        logit_terms,
        scale=logit_terms.scale[layers],
        softcap=logit_terms.softcap[layers],
        bias=bias,
        sinks=None if sinks is None else sinks[layers][:, heads],
    )


def prefix(attention: Attention, count: int) -> Attention:
    """The first tokens of a causal attention. The model computes the same numbers for them alone.

    Args:
        attention: whose queries and keys are the same tokens, none of which sees a later one.
        count: how many tokens stay.
    """

    def cut(array: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        return None if array is None else array[:, :, :count]

    logit_terms = attention.logit_terms
    if logit_terms is not None and logit_terms.bias is not None:
        logit_terms = replace(logit_terms, bias=logit_terms.bias[:, :, :count, :count])
    tokens = attention.query_tokens[:count]
    return replace(
        attention,
        query_tokens=tokens,
        key_tokens=tokens,
        weights=attention.weights[:, :, :count, :count],
        masked=attention.masked[:, :count, :count],
        queries=cut(attention.queries),
        keys=cut(attention.keys),
        values=cut(attention.values),
        norms=cut(attention.norms),
        alphas=None if attention.alphas is None else attention.alphas[:, :, :count, :count],
        logit_terms=logit_terms,
    )


def sides(attention: Attention) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """The query tokens, and the key tokens."""
    return attention.query_tokens, attention.key_tokens


def with_weights(
    attention: Attention,
    weights: NDArray[np.float64],
    masked: NDArray[np.bool_],
    queries: tuple[Token, ...],
    keys: tuple[Token, ...],
) -> Attention:
    """The attention with other weights, without the tensors that explain the old ones."""
    same = weights.shape[:2] == attention.weights.shape[:2]
    return replace(
        attention,
        query_tokens=queries,
        key_tokens=keys,
        weights=weights.astype(np.float32),
        masked=masked,
        queries=None,
        keys=None,
        values=None,
        norms=None,
        alphas=None,
        logit_terms=None,
        layer_names=attention.layer_names if same else (),
        head_names=attention.head_names if same else (),
    )
