"""What is made of an attention: a part of it, words from pieces, a bin, heads taken together.

Everything here starts from the model's own floats, and works in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from . import analysis, bins
from .attention import BIN, Attention, Scoring, Token
from .converters import listed
from .errors import AttentionError, Problem
from .request import FunctionSource, ModelSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .request import Aggregate, Request

_ROW_SUM_TOLERANCE = 0.02
"""How far a row may be from 1: what half precision and thirds written as 0.33 come to."""


MERGED = "merged"
"""What the provenance says of an author's tokens where some were put together."""


def derive(attention: Attention, request: Request) -> Attention:
    """What a request makes of the answer to its `base`.

    Rollout and flow are taken over the model's own tokens, and their result is merged. The other
    aggregates come last: the largest weight on a word is that of one head, not a sum over several.

    Args:
        attention: the answer to ``request.base``.
        request: whose merge, special and aggregate are followed.

    Returns:
        The attention itself where nothing is asked of it.

    Raises:
        AttentionError: rows that do not sum to 1 under merge; an aggregate that these tokens, or so
            many of them, do not have; no scipy for flow.
    """
    if request.aggregate in {"rollout", "flow"}:
        attention = aggregate(attention, request.aggregate)
    if request.merge == "words":
        if not isinstance(request.source, ModelSource):
            attention = _note_pieces(attention, request)
        attention = merge_words(attention, words_of(request, attention))
    if request.special == "hide":
        attention = hide_special(attention)
    if request.aggregate not in {None, "rollout", "flow"}:
        attention = aggregate(attention, request.aggregate)
    return attention


def position(kind: str, number: int, names: Sequence[str], option: str | None = None) -> int:
    """Where a layer or head stands among those that there are.

    Args:
        kind: ``layer`` or ``head``.
        number: its number.
        names: those that there are.
        option: the option that named it, where that is not the kind itself.

    Raises:
        AttentionError: it is not among them; the message names the range.
    """
    if str(number) in names:
        return list(names).index(str(number))
    hint = ""
    if number == len(names):
        hint = f"; {kind}s count from 0, so that the last of {number} is {names[-1]}"
    raise AttentionError(
        Problem.OPTION,
        f"invalid value {number} for {option or kind}: there is no {kind} {number}, expected "
        f"{_range_of(names)}{hint}",
    )


def _range_of(names: Sequence[str]) -> str:
    """The layers or heads that there are, as a message names them."""
    if len(names) > 1 and list(names) == [str(n) for n in range(len(names))]:
        return f"0 to {len(names) - 1}"
    return listed(names)


def select(
    attention: Attention, layers: Sequence[int] | None = None, heads: Sequence[int] | None = None
) -> Attention:
    """A part of an attention.

    Args:
        attention: the whole.
        layers: positions of the layers that stay, in order; None keeps all.
        heads: likewise the heads.

    Returns:
        Views of the same numbers where possible. Heads that share keys go on sharing them where
        those that are left share them evenly, and get their own copy otherwise.
    """
    rows = list(range(attention.layers) if layers is None else layers)
    columns = list(range(attention.heads) if heads is None else heads)
    if len(rows) == attention.layers and len(columns) == attention.heads:
        return attention

    def cut(array: NDArray[np.float32] | None, kept: list[int]) -> NDArray[np.float32] | None:
        return None if array is None else array[rows][:, kept]

    shared = columns
    if attention.keys is not None and attention.keys.shape[1] < attention.heads:
        shared = _shared(columns, attention.heads // attention.keys.shape[1])
    return replace(
        attention,
        weights=attention.weights[rows][:, columns],
        masked=attention.masked if attention.masked.shape[0] == 1 else attention.masked[rows],
        queries=cut(attention.queries, columns),
        keys=cut(attention.keys, shared),
        values=cut(attention.values, shared),
        scoring=_select_scoring(attention.scoring, rows, columns),
        layer_names=tuple(attention.layer_names[n] for n in rows),
        head_names=tuple(attention.head_names[n] for n in columns),
    )


def of_layers(attention: Attention, numbers: Sequence[int] | None) -> Attention:
    """Those layers of an answer that were asked for, where the source gave others as well.

    Args:
        attention: the answer.
        numbers: of the layers, as readers know them; None for all.

    Raises:
        AttentionError: a layer that is not there.
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


def _select_scoring(scoring: Scoring | None, layers: list[int], heads: list[int]) -> Scoring | None:
    if scoring is None:
        return None
    bias, sinks = scoring.bias, scoring.sinks
    if bias is not None:
        bias = bias[layers] if bias.shape[1] == 1 else bias[layers][:, heads]
    return replace(
        scoring,
        scale=scoring.scale[layers],
        softcap=scoring.softcap[layers],
        bias=bias,
        sinks=None if sinks is None else sinks[layers][:, heads],
    )


@dataclass(frozen=True)
class Words:
    """The words of a text and its pair, as their author separated them by white space.

    Attributes:
        queries: of the tokens that attend; empty where the tokens' own texts do.
        keys: of the tokens that are attended to.
    """

    queries: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def words_of(request: Request, attention: Attention) -> Words:
    """The words that `Token.word` counts. Given matrices and functions have none but their tokens.

    Args:
        request: for the texts.
        attention: for its part, and for the decoder's text where the model made it up.
    """
    if not isinstance(request.source, ModelSource):
        return Words()
    source = tuple(f"{request.text} {request.pair or ''}".split())
    generated = attention.provenance.get("generated")
    written = request.target if request.target is not None else generated
    if written is None or attention.part == "encoder":
        return Words(source, source)
    target = tuple(written.split())
    return Words(target, source if attention.part == "cross" else target)


def _note_pieces(attention: Attention, request: Request) -> Attention:
    """Note in the provenance that tokens of an author's are merged, if they are.

    Raises:
        AttentionError: nothing tells which tokens are pieces of one word.
    """
    for side in _sides(attention):
        words = [token.word for token in side if token.word is not None]
        if len(words) > len(set(words)):
            return replace(attention, provenance={**attention.provenance, MERGED: "words"})
    count = sum(token.word is not None for token in attention.query_tokens)
    if isinstance(request.source, FunctionSource) and count == len(request.text.split()):
        return attention  # In this sentence, each word is one token.
    raise AttentionError(
        Problem.OPTION,
        "merge: no token is known to be a piece of a word; pieces are written ##ing, ▁word, Ġword, "
        "word</w> or with a space before a word: write them so, or remove the option merge",
    )


def merge_words(attention: Attention, words: Words | None = None) -> Attention:
    """Make one token of the pieces of each word.

    The rows of a word's pieces are averaged and their columns summed, so that rows still sum to 1:
    the attention *to* a split word is that to all of its pieces, and the attention *from* it the
    mean of theirs (Clark et al. 2019, arXiv 1906.04341, section 4.1). A key is masked where every
    piece of the query is kept from every piece of it. Special tokens stay alone. Queries, keys and
    values are dropped: a word has none.

    Args:
        attention: rows have to sum to 1.
        words: texts of the merged tokens; None, or words that are missing, join the pieces.

    Returns:
        The same layers and heads over fewer tokens.

    Raises:
        AttentionError: rows that do not sum to 1, and how far off they are.
    """
    _check_rows(attention)
    words = words or Words()
    queries, query_groups = _grouped(attention.query_tokens, words.queries)
    keys, key_groups = _grouped(attention.key_tokens, words.keys)
    if attention.one_row:
        keys = queries
    mean = _membership(query_groups)
    mean /= mean.sum(axis=1, keepdims=True)
    weights = mean @ attention.weights.astype(np.float64) @ _membership(key_groups).T
    seen = _membership(query_groups) @ ~attention.masked @ _membership(key_groups).T
    masked = seen == 0
    return _remade(attention, weights, masked, queries, keys)


def _check_rows(attention: Attention) -> None:
    sums = attention.weights.sum(axis=-1, dtype=np.float64)
    blind = np.logical_and.reduce(attention.masked, axis=2)[:, None]
    off = np.where(blind, 0.0, sums - 1.0)
    worst = np.unravel_index(np.abs(off).argmax(), off.shape)
    if abs(off[worst]) > _ROW_SUM_TOLERANCE:
        layer, head, row = (int(n) for n in worst)
        raise AttentionError(
            Problem.OPTION,
            f"merge: rows have to sum to 1 to be merged, and in layer "
            f"{attention.layer_names[layer]}, head {attention.head_names[head]}, row {row} sums to "
            f"{sums[worst]:.3f} ({off[worst]:+.3f}); remove the option merge",
        )


def _grouped(
    tokens: Sequence[Token], words: Sequence[str]
) -> tuple[tuple[Token, ...], list[list[int]]]:
    """The merged tokens, in the order in which their first pieces stand, and their pieces."""
    groups: dict[tuple[str, int], list[int]] = {}
    for i, token in enumerate(tokens):
        alone = token.special or token.word is None
        name = ("alone", i) if alone else ("word", token.word or 0)
        groups.setdefault(name, []).append(i)
    merged = []
    for (kind, word), pieces in groups.items():
        first = tokens[pieces[0]]
        if kind == "word":
            known = words[word] if word < len(words) else ""
            joined = "".join(tokens[i].text.removeprefix("##") for i in pieces[1:])
            first = replace(first, text=known or first.text + joined)
        merged.append(first)
    return tuple(merged), list(groups.values())


def _membership(groups: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Which token belongs to which group, shape (groups, tokens), 0 or 1."""
    belongs = np.zeros((len(groups), sum(len(group) for group in groups)))
    for n, group in enumerate(groups):
        belongs[n, group] = 1.0
    return belongs


def hide_special(attention: Attention) -> Attention:
    """Take special tokens out, and gather the weight on them in one bin that says so.

    The bin is a token `BIN` before all others. Its column holds, for each query, the whole weight
    on the tokens that it stands for, so that no mass is dropped; its row, where one row of tokens
    serves both sides, is masked: a bin attends to nothing. Other bins, such as a sink's, stay.
    Queries, keys and values are dropped.

    Args:
        attention: with or without special tokens.

    Returns:
        The attention itself where no token is special. Where queries and keys differ, special
        queries leave without a bin.

    Raises:
        AttentionError: all tokens of a side are special, so that nothing would be left.
    """
    specials = [
        np.array([token.special and not token.is_bin for token in side])
        for side in _sides(attention)
    ]
    if not any(special.any() for special in specials):
        return attention
    if any(all(token.special for token in side) for side in _sides(attention)):
        raise AttentionError(
            Problem.OPTION,
            "special: hide would leave no token, for all of them are special; use show or dim",
        )
    rows, columns = (np.flatnonzero(~special) for special in specials)
    weights = attention.weights.astype(np.float64)[:, :, rows]
    masked = attention.masked[:, rows]
    hidden = specials[1]
    queries, keys = (
        tuple(token for token, out in zip(side, special, strict=True) if not out)
        for side, special in zip(_sides(attention), specials, strict=True)
    )
    in_bin = weights[..., hidden].sum(axis=-1)
    unseen = np.logical_and.reduce(masked[..., hidden], axis=-1)
    weights, masked = weights[..., columns], masked[..., columns]
    if hidden.any():
        one_row = attention.one_row
        weights, masked = bins.in_front(weights, masked, in_bin, unseen, one_row=one_row)
        keys = (Token(BIN, special=True), *keys)
        queries = keys if one_row else queries
    return _remade(attention, weights, masked, queries, keys)


def _sides(attention: Attention) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    return attention.query_tokens, attention.key_tokens


def aggregate(attention: Attention, how: Aggregate | None) -> Attention:
    """Take heads, or layers, together.

    - ``mean``, ``max``: of all heads of each layer.
    - ``mean layers``, ``max layers``: of all layers, head by head. Rows of a largest weight do not
      sum to 1.
    - ``rollout``, ``flow``: see `analysis`. Layer n holds what its tokens get from the input
      through all layers up to n; there is one head.

    A key is masked where every head, or layer, that was taken together masks it.

    Raises:
        AttentionError: rollout or flow between different tokens; flow over too many tokens, or
            without scipy.
    """
    weights = attention.weights.astype(np.float64)
    masked = attention.masked
    layers, heads = attention.layer_names, attention.head_names
    if how in {"rollout", "flow"}:
        if attention.weights.shape[2] != attention.weights.shape[3] or not attention.one_row:
            raise AttentionError(
                Problem.OPTION,
                f"aggregate: {how} follows tokens from layer to layer, and here the queries "
                f"({attention.part} attention) are other tokens than the keys; use mean or max",
            )
        # A bin attends to nothing, from the first layer to the last.
        blind = np.logical_and.reduce(masked, axis=(0, 2))
        masked = analysis.reach(masked, attention.layers) | blind[:, None]
        weights = (analysis.rollout if how == "rollout" else analysis.flow)(weights)[:, None]
        weights = np.where(masked[:, None], 0.0, weights)
        heads = (how,)
    elif how in {"mean", "max"}:
        weights = (np.mean if how == "mean" else np.max)(weights, axis=1, keepdims=True)
        heads = (how,)
    elif how is not None:
        weights = (np.mean if how == "mean layers" else np.max)(weights, axis=0, keepdims=True)
        masked = np.logical_and.reduce(masked, axis=0, keepdims=True)
        layers = (how.split()[0],)
    made = _remade(attention, weights, masked, *_sides(attention))
    return replace(made, layer_names=layers, head_names=heads)


def _remade(
    attention: Attention,
    weights: NDArray[np.float64],
    masked: NDArray[np.bool_],
    queries: tuple[Token, ...],
    keys: tuple[Token, ...],
) -> Attention:
    """The attention with other weights; what would explain the old ones is dropped."""
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
        scoring=None,
        layer_names=attention.layer_names if same else (),
        head_names=attention.head_names if same else (),
    )
