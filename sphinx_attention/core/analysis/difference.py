"""The difference of two attentions over the words that both have."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import MEASURE, REST, Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named

from .words import Words, merge_words, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.request import Request

LEAST_SHARE = 0.2
"""The share of the words of both texts that must have a partner."""

_LEAST_REST = 5e-7
"""The smallest remainder that gets a key of its own. Smaller ones are rounding errors."""

_WORD = re.compile(r"\w")
_ENDS = re.compile(r"^\W+|\W+$")

Pair = tuple[int | None, int | None]
"""A token of the first attention and its partner in the second; None where there is no partner."""


@dataclass(frozen=True, eq=False)
class Difference:
    """The second attention minus the first one.

    Attributes:
        attention: over the words of both in order. Each weight is that of the second minus that of
            the first. It is masked where a word has no partner, or where one of the two may not see
            the key. A key `REST` has the differences of the weights on such keys, if there are any,
            so that each row sums to 0.
        only_first: words of the first text that have no partner.
        only_second: words of the second text that have no partner.
        merged: whether pieces were put together as words.
    """

    attention: Attention
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    merged: bool


def difference(
    first: Attention, second: Attention, requests: tuple[Request, Request]
) -> Difference:
    """Subtract one attention from another, word by word, layer by layer and head by head.

    Words are partners if both texts have them in the same order, with the same capitals. Pieces of
    a word are merged first (`merge_words`), so that two tokenizers can be compared. Punctuation
    beside a word that is a token of its own stays alone.

    Args:
        first: the attention that is subtracted.
        second: the attention from which it is subtracted.
        requests: the request that each of them answers.

    Raises:
        AttentionError: too few words have a partner, or there is no layer or head in both.
    """
    known = requests[0].source != requests[1].source
    (one, cut_one), (other, cut_other) = (
        _as_words(attention, request, known=known)
        for attention, request in zip((first, second), requests, strict=True)
    )
    if one.same_tokens != other.same_tokens:
        raise NoDifferenceError("one has one row of tokens, and the other has queries beside keys")
    queries = align(one.query_tokens, other.query_tokens)
    keys = queries if one.same_tokens else align(one.key_tokens, other.key_tokens)
    for pairs, sides in (
        (queries, (one.query_tokens, other.query_tokens)),
        (keys, (one.key_tokens, other.key_tokens)),
    ):
        _check_share(pairs, *sides)
    layers = _common(one.layer_names, other.layer_names, "layer")
    heads = _common(one.head_names, other.head_names, "head")
    weights, masked, rest = _subtract(
        _Spread.of(one, layers, heads, [a for a, _ in queries], [a for a, _ in keys]),
        _Spread.of(other, layers, heads, [b for _, b in queries], [b for _, b in keys]),
    )
    made = Attention(
        query_tokens=_union(queries, one.query_tokens, other.query_tokens),
        key_tokens=_union(keys, one.key_tokens, other.key_tokens),
        weights=weights.astype(np.float32),
        masked=masked,
        part=one.part,
        label=one.label if one.label == other.label else f"{other.label} − {one.label}",
        layer_names=tuple(layers),
        head_names=tuple(heads),
        signed=True,
        provenance={MEASURE: "written"} if one.written and other.written else {},
    )
    if np.abs(rest).max(initial=0) > _LEAST_REST:
        made = _with_rest(made, rest)
    return Difference(
        attention=made,
        only_first=_unpaired(queries, keys, one, 0),
        only_second=_unpaired(queries, keys, other, 1),
        merged=cut_one or cut_other,
    )


def align(first: Sequence[Token], second: Sequence[Token]) -> list[Pair]:
    """The tokens of both in order, each with its partner; bins come first."""
    one, other = (
        [(token.special, token.segment, token.text) for token in row] for row in (first, second)
    )
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    pairs: list[Pair] = []
    for kind, start, end, beside, beside_end in matcher.get_opcodes():
        if kind == "equal":
            pairs += zip(range(start, end), range(beside, beside_end), strict=True)
        else:
            pairs += [(at, None) for at in range(start, end)]
            pairs += [(None, at) for at in range(beside, beside_end)]
    return sorted(pairs, key=lambda pair: not _token(pair, first, second).is_bin)


class NoDifferenceError(AttentionError):
    """Two attentions that cannot be subtracted.

    Attributes:
        why: the reason alone, for readers who have asked for the difference.
    """

    def __init__(self, why: str) -> None:
        message = (
            f"{named('compare')}: there is no difference to show: {why}; compare two attentions "
            "that share most of their words, a layer and a head, or remove the option"
        )
        super().__init__(Problem.OPTION, message)
        self.why = why

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.why,), {"words": self.words})


def _check_share(pairs: Sequence[Pair], first: Sequence[Token], second: Sequence[Token]) -> None:
    ordinary = sum(not token.special for token in (*first, *second))
    paired = sum(a is not None and b is not None and not first[a].special for a, b in pairs)
    if not paired:
        raise NoDifferenceError("no word of the one stands in the other")
    if 2 * paired < LEAST_SHARE * ordinary:
        raise NoDifferenceError(
            f"of {ordinary} words in both, only {2 * paired} stand in the other in the same order"
        )


def _common(first: Sequence[str], second: Sequence[str], kind: str) -> list[str]:
    names = [name for name in first if name in second]
    if not names:
        raise NoDifferenceError(f"they have no {kind} of the same name")
    return names


def _as_words(attention: Attention, request: Request, *, known: bool) -> tuple[Attention, bool]:
    """An attention over words, and whether pieces were merged.

    Args:
        attention: over tokens.
        request: for the text.
        known: whether words are named as the author wrote them, because two models may read them
            in different capitals; otherwise they are named as the model reads them.
    """
    words = words_of(request, attention) if known else Words()
    sides = [
        _named(attention.query_tokens, words.queries),
        _named(attention.key_tokens, words.keys),
    ]
    if attention.same_tokens:
        sides[1] = sides[0]
    (queries, query_names), (keys, key_names) = sides
    numbered = replace(attention, query_tokens=queries, key_tokens=keys)
    merged = any(
        len({token.word for token in row if token.word is not None})
        < sum(token.word is not None for token in row)
        for row in (queries, keys)
    )
    if merged:
        return merge_words(numbered, Words(query_names, key_names)), True

    def renamed(row: Sequence[Token], names: Sequence[str]) -> tuple[Token, ...]:
        return tuple(
            token if token.word is None else replace(token, text=names[token.word]) for token in row
        )

    return (
        replace(
            numbered,
            query_tokens=renamed(queries, query_names),
            key_tokens=renamed(keys, key_names),
        ),
        False,
    )


def _named(
    tokens: Sequence[Token], words: Sequence[str]
) -> tuple[tuple[Token, ...], tuple[str, ...]]:
    """Tokens with the numbers of their words, punctuation at the ends left out, and the words."""
    groups: dict[int, list[int]] = {}
    for at, token in enumerate(tokens):
        if not token.special:
            groups.setdefault(-1 - at if token.word is None else token.word, []).append(at)
    numbers: dict[int, int] = {}
    names: list[str] = []
    for word, pieces in groups.items():
        letters = [at for at in pieces if _WORD.search(tokens[at].text)]
        core = pieces[pieces.index(letters[0]) : pieces.index(letters[-1]) + 1] if letters else []
        for at in pieces:
            if at in core and at != core[0]:
                numbers[at] = numbers[core[0]]
                continue
            numbers[at] = len(names)
            joined = tokens[at].text.strip()
            if at in core:
                joined += "".join(tokens[one].text.removeprefix("##") for one in core[1:])
                if 0 <= word < len(words):
                    joined = _ENDS.sub("", words[word]) if core != pieces else words[word]
            names.append(joined.strip())
    return (
        tuple(replace(token, word=numbers.get(at)) for at, token in enumerate(tokens)),
        tuple(names),
    )


@dataclass(frozen=True)
class _Spread:
    """An attention over the words of both: the weights, 0 for missing words, and the seen keys."""

    weights: NDArray[np.float64]
    seen: NDArray[np.bool_]
    whole: NDArray[np.float64]
    """The sum of each row, shape (layers, heads, queries)."""

    @classmethod
    def of(
        cls,
        attention: Attention,
        layers: Sequence[str],
        heads: Sequence[str],
        queries: Sequence[int | None],
        keys: Sequence[int | None],
    ) -> _Spread:
        rows = [attention.layer_names.index(name) for name in layers]
        columns = [attention.head_names.index(name) for name in heads]
        visible = np.stack([~attention.mask_of(layer) for layer in rows])
        weights = attention.weights[rows][:, columns].astype(np.float64) * visible[:, np.newaxis]
        down = [(at, one) for at, one in enumerate(queries) if one is not None]
        across = [(at, one) for at, one in enumerate(keys) if one is not None]
        to = np.ix_([at for at, _ in down], [at for at, _ in across])
        own = np.ix_([one for _, one in down], [one for _, one in across])
        spread = np.zeros((*weights.shape[:2], len(queries), len(keys)))
        seen = np.zeros((len(rows), len(queries), len(keys)), np.bool_)
        whole = np.zeros((*weights.shape[:2], len(queries)))
        spread[:, :, to[0], to[1]] = weights[:, :, own[0], own[1]]
        seen[:, to[0], to[1]] = visible[:, own[0], own[1]]
        whole[:, :, to[0][:, 0]] = weights.sum(axis=-1)[:, :, own[0][:, 0]]
        return cls(spread, seen, whole)


def _subtract(
    first: _Spread, second: _Spread
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """The difference, its mask, and the sum of each common row over the masked keys."""
    both = first.seen & second.seen
    weights = (second.weights - first.weights) * both[:, np.newaxis]
    rest = second.whole - first.whole - weights.sum(axis=-1)
    paired: NDArray[np.bool_] = np.logical_or.reduce(both, axis=-1)
    rest *= paired[:, np.newaxis]
    masked = ~both
    return weights, masked[:1] if (masked == masked[:1]).all() else masked, rest


def _with_rest(attention: Attention, rest: NDArray[np.float64]) -> Attention:
    """Add the key that stands for the masked keys."""
    bin_ = Token(REST, special=True)
    row = 1 if attention.same_tokens else 0
    blind = attention.masked.all(axis=-1)
    weights = np.pad(attention.weights, ((0, 0), (0, 0), (row, 0), (1, 0)))
    weights[:, :, row:, 0] = rest
    masked = np.pad(attention.masked, ((0, 0), (row, 0), (1, 0)), constant_values=True)
    masked[:, row:, 0] = blind
    return replace(
        attention,
        query_tokens=(bin_,) * row + attention.query_tokens,
        key_tokens=(bin_, *attention.key_tokens),
        weights=weights,
        masked=masked,
    )


def _token(pair: Pair, first: Sequence[Token], second: Sequence[Token]) -> Token:
    a, b = pair
    if a is not None:
        return first[a]
    assert b is not None
    return second[b]


def _union(
    pairs: Sequence[Pair], first: Sequence[Token], second: Sequence[Token]
) -> tuple[Token, ...]:
    # Every word is one token now.
    return tuple(replace(_token(pair, first, second), word=None) for pair in pairs)


def _unpaired(
    queries: Sequence[Pair], keys: Sequence[Pair], attention: Attention, which: int
) -> tuple[str, ...]:
    sides = [(queries, attention.query_tokens)]
    if not attention.same_tokens:
        sides.append((keys, attention.key_tokens))
    return tuple(
        tokens[own].text
        for pairs, tokens in sides
        for pair in pairs
        if (own := pair[which]) is not None and pair[1 - which] is None
    )
