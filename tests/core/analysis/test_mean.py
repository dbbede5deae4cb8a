"""The mean over sentences, compared with means computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sphinx_attention.core.analysis.mean import AVERAGED, count_words, mean_of_sentences, template
from sphinx_attention.core.attention import BIN, Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, ModelSource, Request

SOURCE = FunctionSource("f", "m:f")


def request(text: str) -> Request:
    return Request(SOURCE, text)


def attention(
    tokens: str, rows: object, masked: object = None, words: list[int | None] | None = None
) -> Attention:
    """Tokens in brackets are special. A number after a slash is the index of the token's word."""
    made = []
    for n, text in enumerate(tokens.split()):
        special = text.startswith("[") or text == BIN
        word = None if special else words[n] if words else n
        made.append(Token(text, special=special, word=word))
    weights = np.array(rows, np.float32)
    weights = weights.reshape((1,) * (4 - weights.ndim) + weights.shape)
    mask = np.zeros((1, len(made), len(made)), bool) if masked is None else np.array(masked, bool)
    mask = mask.reshape((1,) * (3 - mask.ndim) + mask.shape)
    return Attention(tuple(made), tuple(made), weights, mask)


def texts(made: Attention) -> list[str]:
    return [token.text for token in made.query_tokens]


def test_sentences_of_as_many_words_are_averaged_word_by_word() -> None:
    one = attention("the dog sleeps", [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.2, 0.6]])
    two = attention("the cat sleeps", [[0, 1, 0], [0.1, 0.9, 0], [0.4, 0.0, 0.6]])
    three = attention("the cow sleeps", [[0.5, 0, 0.5], [0, 1, 0], [0, 1, 0]])
    made = mean_of_sentences([one, two, three], [request(t) for t in ("a", "b", "c")])
    assert np.allclose(
        made.weights[0, 0],
        [[0.5, 1 / 3, 1 / 6], [0.2, 0.8, 0], [0.2, 0.4, 0.4]],
    )
    assert texts(made) == ["the", "dog|cat|cow", "sleeps"]
    assert made.same_tokens
    assert made.provenance[AVERAGED] == "words"
    assert np.allclose(made.weights.sum(-1), 1)


def test_pieces_are_merged_where_words_have_different_numbers_of_pieces() -> None:
    one = attention("[S] dogs run", [[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5]], words=[0, 0, 1])
    two = attention(
        "[S] hip ##pos run",
        [[1, 0, 0, 0], [0.4, 0.6, 0, 0], [0.2, 0.2, 0.6, 0], [0, 0.1, 0.3, 0.6]],
        words=[0, 0, 0, 1],
    )
    made = mean_of_sentences([one, two], [request("dogs run"), request("hippos run")])
    # The rows of "hippos" are averaged and its columns summed: 0.3, 0.7, 0 and 0, 0.4, 0.6.
    assert np.allclose(made.weights[0, 0], [[1, 0, 0], [0.15, 0.85, 0], [0.1, 0.35, 0.55]])
    assert texts(made) == ["[S]", "dogs|hippos", "run"]
    assert made.query_tokens[0].special
    assert made.provenance[AVERAGED] == "merged"


def test_pieces_stay_where_all_sentences_have_the_same() -> None:
    rows = [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]
    one = attention("jump ##ing dogs", rows, words=[0, 0, 1])
    two = attention("walk ##ing cats", np.eye(3), words=[0, 0, 1])
    made = mean_of_sentences([one, two], [request("a"), request("b")])
    assert texts(made) == ["jump|walk", "##ing", "dogs|cats"]
    assert np.allclose(made.weights[0, 0, 0], [0.75, 0.25, 0])


def test_sentences_of_as_many_tokens_are_averaged_by_position() -> None:
    one = attention("a b c", np.eye(3), words=[0, 1, 2])
    two = attention("d e ##e", [[0, 1, 0], [0, 1, 0], [0, 0.5, 0.5]], words=[0, 1, 1])
    made = mean_of_sentences([one, two], [request("a b c"), request("d ee")])
    assert np.allclose(made.weights[0, 0], [[0.5, 0.5, 0], [0, 1, 0], [0, 0.25, 0.75]])
    assert texts(made) == ["a|d", "b|e", "c|##e"]
    assert made.provenance[AVERAGED] == "positions"


def test_a_key_is_masked_where_all_sentences_mask_it() -> None:
    mask = [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    other = [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    one = attention("a b c", [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]], mask)
    two = attention("a d c", [[0.5, 0.5, 0], [0, 1, 0], [1, 0, 0]], other)
    made = mean_of_sentences([one, two], [request("a b c"), request("a d c")])
    assert made.masked[0].tolist() == [[False, False, True], [False, False, True], [False] * 3]
    assert np.allclose(made.weights[0, 0, 0], [0.75, 0.25, 0])
    assert np.allclose(made.weights.sum(-1), 1)


def test_empty_rows_do_not_count_in_the_mean() -> None:
    """The row of the bin for special tokens is such a row.

    All sentences have it, or none has it.
    """
    blind = [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    one = attention(f"{BIN} a b", [[0, 0, 0], [0.2, 0.8, 0], [0, 0, 1]], blind)
    two = attention(f"{BIN} c d", [[0, 0, 0], [0.4, 0.6, 0], [0, 0, 1]], blind)
    made = mean_of_sentences([one, two], [request("a b"), request("c d")])
    assert np.allclose(made.weights[0, 0].sum(-1), [0, 1, 1])
    assert made.masked[0, 0].all()
    assert texts(made) == [BIN, "a|c", "b|d"]
    only = attention("[S] c d", [[0, 0, 0], [0.4, 0.6, 0], [0, 0, 1]], blind)
    seen = attention("[S] c d", np.eye(3))
    made = mean_of_sentences([only, seen], [request("c d"), request("c d")])
    assert np.allclose(made.weights.sum(-1), 1)


def test_layers_have_masks_of_their_own() -> None:
    rows = np.array([np.eye(2), [[0.5, 0.5], [0.5, 0.5]]])[:, None]
    masks = [[[0, 1], [1, 0]], [[0, 0], [0, 0]]]
    one, two = attention("a b", rows, masks), attention("c b", rows, masks)
    made = mean_of_sentences([one, two], [request("a b"), request("c b")])
    assert made.masked.tolist() == np.array(masks, bool).tolist()
    assert np.allclose(made.weights, rows)


def test_queries_and_keys_are_aligned_each_by_themselves() -> None:
    keys = (Token("x", word=0), Token("y", word=1))
    one = Attention((Token("a", word=0),), keys, np.array([[[[0.5, 0.5]]]], np.float32), np.zeros((1, 1, 2), bool), part="cross")  # fmt: skip
    two = Attention((Token("b", word=0),), keys, np.array([[[[1, 0]]]], np.float32), np.zeros((1, 1, 2), bool), part="cross")  # fmt: skip
    made = mean_of_sentences([one, two], [request("x y"), request("x y")])
    assert [token.text for token in made.query_tokens] == ["a|b"]
    assert [token.text for token in made.key_tokens] == ["x", "y"]
    assert np.allclose(made.weights, [[[[0.75, 0.25]]]])


def test_vectors_of_one_sentence_are_dropped() -> None:
    made = mean_of_sentences([attention("a", [[1]]), attention("b", [[1]])], [request("a")] * 2)
    assert made.queries is None
    assert made.logit_terms is None


def test_the_name_of_a_slot_has_few_words() -> None:
    many = [attention(f"w{n}", [[1]]) for n in range(6)]
    made = mean_of_sentences(many, [request("w")] * 6)
    assert texts(made) == ["w0|w1|w2|w3|…"]


def test_unlike_sentences_are_reported_with_their_lengths() -> None:
    long = attention("the big dog", np.eye(3))
    short = attention("a dog", np.eye(2))
    with pytest.raises(AttentionError) as caught:
        mean_of_sentences([long, short], [request("the big dog"), request("a dog")])
    assert caught.value.problem is Problem.OPTION
    assert "“the big dog” has 3 words (3 tokens), “a dog” has 2 words (2 tokens)" in str(
        caught.value
    )
    with pytest.raises(AttentionError, match="same layers and heads"):
        mean_of_sentences(
            [short, attention("a cat", np.eye(2)[None].repeat(2, 0))], [request("a dog")] * 2
        )


def test_texts_of_merged_words_are_the_authors() -> None:
    source = ModelSource("m", id="m")
    one = attention("cats run", np.eye(2), words=[0, 1])
    two = attention("hip ##pos run", np.eye(3), words=[0, 0, 1])
    requests = [Request(source, text) for text in ("Cats run", "Hippos run")]
    assert texts(mean_of_sentences([one, two], requests)) == ["Cats|Hippos", "run"]


def test_the_template_of_sentences_is_their_words() -> None:
    start = Token("[CLS]", special=True)
    one = (start, Token("the", word=0), Token("cat", word=1))
    other = (start, Token("a", word=0), Token("ze", word=1), Token("##bra", word=1))
    found = template([one, other], [["the", "cat"], ["a", "zebra"]])
    assert found is not None
    assert found.slots == ((0, 1, 2), (0, 1, 2, 2))
    assert found.labels == ("[CLS]", "the|a", "cat|zebra")
    assert template([one, other[:2]], [[], []]) is None
    assert [count_words(tokens) for tokens in (one, other[:2])] == [2, 1]
