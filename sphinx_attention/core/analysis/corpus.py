"""The heads of a model over many sentences: their scores, and the sentences to look at.

For each head and score, the sentences are put in order from the largest score to the smallest. The
example sentences are the strongest, the weakest, the median and the other tenths. The summary
keeps the scores of all sentences, but the weights of the examples alone, because only these are
drawn.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, Summary
from sphinx_attention.core.codes import NO_SCORE, codes, score_codes
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.views import CORPUS_SCORE_NAMES

from .head_scores import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.request import Request

PERCENTS = tuple(range(100, -1, -10))
"""The places of the examples in the order of a score: the percent of sentences that score less."""

_FEWER = ((100, 90, 70, 50, 30, 10, 0), (100, 50, 0))
"""The places of the examples in models of many heads, and in models of very many heads."""

_MOST_NUMBERS = 1 << 23
"""The most weights of all examples together."""

_LARGEST = (NO_SCORE - 1) / 1000
"""The largest score that a summary can hold. Distances in long texts may be larger."""


class CorpusMaker:
    """Makes the summary of a corpus.

    Args:
        request: the request.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._first: Attention | None = None
        self._names: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        self._scores: dict[int, NDArray[np.uint16]] = {}
        self._weights: dict[int, bytes] = {}
        self._tokens: dict[int, Any] = {}

    def add(self, number: int, attention: Attention) -> None:
        """Take the answer to a sentence.

        Raises:
            AttentionError: queries and keys are different tokens.
        """
        if not attention.same_tokens:
            raise AttentionError(
                Problem.OPTION,
                "the scores of heads are of attention among the tokens of one sentence, and here "
                f"the queries ({attention.part} attention) are other tokens than the keys: name "
                f"another part in {option('part')}",
            )
        names = attention.layer_names, attention.head_names
        if self._names not in {None, names}:
            raise AttentionError(
                Problem.OPTION,
                "scores over all sentences need the same layers and heads for every sentence",
            )
        self._names = names
        self._tokens[number] = attention.query_tokens
        scores = [np.minimum(SCORES[name](attention), _LARGEST) for name in CORPUS_SCORE_NAMES]
        self._scores[number] = score_codes(np.stack(scores))
        # The examples are known only after the last sentence. Compressed, a weight takes a byte.
        self._weights[number] = zlib.compress(codes(attention).astype("<u2").tobytes(), 1)
        if number == 0:
            self._first = attention

    def finish(self) -> Attention:
        """The attention over the first sentence, with the summary."""
        assert self._first is not None
        assert self._names is not None
        count = len(self._scores)
        # Shape (scores, layers, heads, sentences).
        scores = np.stack([self._scores[number] for number in range(count)], axis=-1)
        lengths = [len(self._tokens[number]) for number in range(count)]
        percents: tuple[int, ...] = PERCENTS
        chosen = _chosen(scores, percents)
        for fewer in _FEWER:
            if _numbers(chosen, lengths) <= _MOST_NUMBERS:
                break
            percents = fewer
            chosen = _chosen(scores, percents)
        arrays = dict(zip(CORPUS_SCORE_NAMES, scores, strict=True))
        summary = Summary(
            "corpus",
            tuple(self._tokens[number] for number in range(count)),
            arrays,
            {"weights": self._packed(chosen, lengths), "chosen": np.packbits(chosen, axis=-1)},
            {"layers": list(self._names[0]), "heads": list(self._names[1]), "percents": percents},
        )
        return replace(self._first, summary=summary, queries=None, keys=None, values=None)

    def _packed(self, chosen: NDArray[np.bool_], lengths: list[int]) -> NDArray[np.uint16]:
        """The weights of the examples: head after head, in each the sentences in order."""
        layers, heads, _ = chosen.shape
        pieces: dict[tuple[int, int, int], NDArray[np.uint16]] = {}
        for number, length in enumerate(lengths):
            raw = np.frombuffer(zlib.decompress(self._weights.pop(number)), "<u2")
            whole = raw.reshape(layers, heads, length * length)
            for layer, head in np.argwhere(chosen[:, :, number]).tolist():
                pieces[layer, head, number] = whole[layer, head].astype(np.uint16)
        return np.concatenate([pieces[key] for key in sorted(pieces)])


def _chosen(scores: NDArray[np.uint16], percents: Sequence[int]) -> NDArray[np.bool_]:
    """Which sentences are examples of a head: shape (layers, heads, sentences)."""
    _, layers, heads, count = scores.shape
    chosen = np.zeros((layers, heads, count), np.bool_)
    for layer in range(layers):
        for head in range(heads):
            for one in scores[:, layer, head]:
                chosen[layer, head, [number for _, number in examples(one, percents)]] = True
    # The first sentence is an example, so that a head without any score has one.
    chosen[:, :, 0] |= ~chosen.any(axis=-1)
    return chosen


def _numbers(chosen: NDArray[np.bool_], lengths: list[int]) -> int:
    return int((chosen.sum(axis=(0, 1)) * np.square(lengths)).sum())


def examples(
    scores: NDArray[np.uint16], percents: Sequence[int] = PERCENTS
) -> list[tuple[int, int]]:
    """The examples of a head for one score, from the strongest sentence to the weakest.

    Args:
        scores: of all sentences, in thousandths; `NO_SCORE` where a sentence has none.
        percents: the places of the examples.

    Returns:
        For each example its place, and the number of its sentence. Of equal scores, the earlier
        sentence comes first. If no more sentences have a score than there are places, all of them
        are examples, at the nearest whole tenths.
    """
    order = np.argsort(-np.where(scores == NO_SCORE, -1, scores.astype(np.int64)), kind="stable")
    order = order[: int((scores != NO_SCORE).sum())]
    last = len(order) - 1
    if last < len(percents):
        return [
            (round(10 - 10 * place / max(last, 1)) * 10, int(number))
            for place, number in enumerate(order)
        ]
    return [(percent, int(order[round(last * (100 - percent) / 100)])) for percent in percents]


@dataclass(frozen=True)
class Corpus:
    """A summary as views read it.

    Attributes:
        summary: the summary, perhaps cut to some layers and heads.
    """

    summary: Summary

    @property
    def scores(self) -> Mapping[str, NDArray[np.uint16]]:
        """By name, in thousandths: shape (layers, heads, sentences)."""
        return self.summary.arrays

    @property
    def percents(self) -> tuple[int, ...]:
        """The places of the examples (see `examples`)."""
        return tuple(self.summary.facts["percents"])

    @property
    def every_percent(self) -> list[int]:
        """The places of the examples of all heads and scores, the strongest first."""
        found = {
            percent
            for scores in self.scores.values()
            for one in scores.reshape(-1, scores.shape[-1])
            for percent, _ in examples(one, self.percents)
        }
        return sorted(found, reverse=True)

    def examples(self, score: str, layer: int, head: int) -> list[tuple[int, int]]:
        """The examples of a head, by position of layer and head (see `examples`)."""
        return examples(self.scores[score][layer, head], self.percents)

    def weights(self, layer: str, head: str) -> dict[int, NDArray[np.uint16]]:
        """The codes of a head in its examples, by the number of the sentence.

        Args:
            layer: the name of the layer.
            head: the name of the head.
        """
        facts, common = self.summary.facts, self.summary.common
        row = facts["layers"].index(layer) * len(facts["heads"]) + facts["heads"].index(head)
        count = len(self.summary.sentences)
        chosen = np.unpackbits(common["chosen"], axis=-1, count=count).reshape(-1, count)
        lengths = np.array([len(tokens) for tokens in self.summary.sentences])
        start = int((chosen[:row].astype(np.int64) @ np.square(lengths)).sum())
        found = {}
        for number in np.flatnonzero(chosen[row]).tolist():
            length = int(lengths[number])
            piece = common["weights"][start : start + length * length]
            found[number] = piece.reshape(length, length)
            start += length * length
        return found


def means(scores: NDArray[np.uint16]) -> NDArray[np.float64]:
    """The mean over sentences of each head, NaN for a head without any: shape (layers, heads)."""
    known = scores != NO_SCORE
    total = np.where(known, scores, 0).sum(axis=-1, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = total / known.sum(axis=-1) / 1000
    return found
