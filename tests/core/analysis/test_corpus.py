"""What heads do over many sentences: scores by hand, examples in order, and their weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.analysis import corpus as module
from sphinx_attention.core.analysis.corpus import (
    PERCENTS,
    Corpus,
    CorpusMaker,
    examples,
    means,
)
from sphinx_attention.core.analysis.head_scores import distance, induction, previous_token
from sphinx_attention.core.analysis.parts import select
from sphinx_attention.core.attention import BIN, Attention, Token
from sphinx_attention.core.codes import MASKED, NO_SCORE
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import FunctionSource, Request, SummarySpec
from sphinx_attention.core.store.entry import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = FunctionSource("toy", "toy:attend")


def attention(text: str, seed: int = 0, *, causal: bool = False) -> Attention:
    tokens = tuple(Token(word, word=n) for n, word in enumerate(text.split()))
    count = len(tokens)
    weights = np.random.default_rng(seed).dirichlet(np.ones(count), (2, 3, count))
    masked = (
        np.triu(np.ones((1, count, count), np.bool_), 1)
        if causal
        else np.zeros((1, count, count), np.bool_)
    )
    weights = np.where(masked, 0, weights)
    weights /= weights.sum(-1, keepdims=True)
    return Attention(tokens, tokens, weights.astype(np.float32), masked)


def request_for(texts: Sequence[str]) -> Request:
    return Request(SOURCE, texts[0], summary=SummarySpec("corpus", tuple(texts)))


def made(answers: Sequence[Attention], order: Sequence[int] | None = None) -> Attention:
    texts = [" ".join(token.text for token in one.query_tokens) for one in answers]
    maker = CorpusMaker(request_for(texts))
    for number in order or range(len(answers)):
        maker.add(number, answers[number])
    return maker.finish()


TEXTS = [f"a b{n} c d a e{' f' * (n % 3)}" for n in range(9)]
ANSWERS = [attention(text, n) for n, text in enumerate(TEXTS)]


def test_the_distance_is_the_weighted_mean_of_steps() -> None:
    tokens = tuple(Token(word) for word in "abc")
    weights = np.array([[1, 0, 0], [0.5, 0.25, 0.25], [0.2, 0.3, 0.5]], np.float32)[None, None]
    one = Attention(tokens, tokens, weights, np.zeros((1, 3, 3), np.bool_))
    # 0; 0.5 + 0.25; 0.4 + 0.3.
    assert distance(one)[0, 0] == pytest.approx((0 + 0.75 + 0.7) / 3)


def test_a_bin_stands_nowhere() -> None:
    tokens = (Token(BIN, special=True), Token("a"), Token("b"))
    weights = np.array([[0, 0, 0], [0.8, 0, 0.2], [0.8, 0.1, 0.1]], np.float32)[None, None]
    masked = np.zeros((1, 3, 3), np.bool_)
    masked[:, 0] = True
    assert distance(Attention(tokens, tokens, weights, masked))[0, 0] == pytest.approx(
        (1 + 0.5) / 2
    )


def test_the_scores_are_those_of_each_sentence() -> None:
    summary = made(ANSWERS, [3, 1, 0, 2, 8, 7, 6, 5, 4]).summary
    assert summary is not None
    for name, score in (
        ("previous", previous_token),
        ("induction", induction),
        ("distance", distance),
    ):
        for number, one in enumerate(ANSWERS):
            np.testing.assert_allclose(
                summary.arrays[name][:, :, number] / 1000, score(one), atol=5.01e-4
            )


def test_the_examples_stand_at_tenths() -> None:
    scores = np.arange(101, dtype=np.uint16)[::-1].copy()
    # The score of sentence n is 100 − n, so that the strongest comes first.
    assert examples(scores) == [(percent, 100 - percent) for percent in PERCENTS]
    scores[50] = NO_SCORE
    assert [number for _, number in examples(scores)][:1] == [0]
    assert 50 not in [number for _, number in examples(scores)]


def test_of_few_sentences_all_are_examples() -> None:
    assert examples(np.array([5, 9, 7], np.uint16)) == [(100, 1), (50, 2), (0, 0)]
    assert examples(np.array([5], np.uint16)) == [(100, 0)]
    assert examples(np.array([NO_SCORE], np.uint16)) == []
    assert examples(np.array([5, 5], np.uint16)) == [(100, 0), (0, 1)]


def test_the_weights_of_the_examples_are_those_of_the_sentence() -> None:
    answers = [attention(text, n, causal=True) for n, text in enumerate(TEXTS)]
    whole = made(answers)
    request = request_for(TEXTS)
    stored = unpack(pack(request, whole), request.key)
    for one in (whole, stored, select(stored, [1], [2])):
        assert one.summary is not None
        corpus = Corpus(one.summary)
        for layer, layer_name in enumerate(one.layer_names):
            for head, head_name in enumerate(one.head_names):
                weights = corpus.weights(layer_name, head_name)
                for name in corpus.scores:
                    for _, number in corpus.examples(name, layer, head):
                        codes = weights[number]
                        own = answers[number].weights[int(layer_name), int(head_name)]
                        seen = codes != MASKED
                        np.testing.assert_array_equal(seen, ~answers[number].masked[0])
                        np.testing.assert_allclose(codes[seen] / 1000, own[seen], atol=5.01e-4)


def test_means_leave_out_sentences_without_a_score() -> None:
    scores = np.array([[[100, NO_SCORE, 300], [NO_SCORE] * 3]], np.uint16)
    found = means(scores)
    assert found[0, 0] == pytest.approx(0.2)
    assert np.isnan(found[0, 1])


def test_a_head_without_any_score_still_has_a_sentence() -> None:
    one = made([attention("word")])
    assert one.summary is not None
    weights = Corpus(one.summary).weights("0", "0")
    assert list(weights) == [0]


def test_very_many_heads_keep_three_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_NUMBERS", 10)
    one = made(ANSWERS)
    assert one.summary is not None
    corpus = Corpus(one.summary)
    assert [percent for percent, _ in corpus.examples("self", 0, 0)] == [100, 50, 0]
    assert set(corpus.weights("1", "1")) >= {n for _, n in corpus.examples("self", 1, 1)}


def test_cross_attention_is_refused() -> None:
    one = replace(ANSWERS[0], key_tokens=tuple(Token(f"k{n}") for n in range(6)), part="cross")
    with pytest.raises(AttentionError, match="name another part in"):
        made([one])


def test_a_long_distance_fits() -> None:
    text = " ".join(f"w{n}" for n in range(200))
    one = attention(text)
    far = np.zeros_like(one.weights)
    far[..., 0] = 1
    summary = made([replace(one, weights=far)]).summary
    assert summary is not None
    assert summary.arrays["distance"][0, 0, 0] == NO_SCORE - 1
