"""The generated sentences: the data of training, and the pairs that are held out of training."""

from __future__ import annotations

import numpy as np
import pytest

from training import lexicon
from training.corpus import Corpus, repeats, successor_map
from training.sentences import Writer, held_out
from training.tokenizer import build, numbers


def nouns(words: list[str]) -> list[str]:
    return [word for word in words if word in lexicon.lemmas()]


def test_no_training_sentence_holds_a_pair_that_is_held_out() -> None:
    writer = Writer(np.random.default_rng(1))
    for _ in range(500):
        found = nouns([token.strip() for token in writer.sentence().tokens])
        pairs = [(a, b) for n, a in enumerate(found) for b in found[n + 1 :]]
        assert not any(held_out(*pair) for pair in pairs)


def test_every_evaluation_sentence_holds_a_held_out_pair() -> None:
    writer = Writer(np.random.default_rng(1), evaluation=True)
    for _ in range(200):
        for text in (writer.pronoun_sentence(), writer.agreement_sentence()):
            found = nouns([token.strip() for token in text.tokens])
            pairs = [(a, b) for n, a in enumerate(found) for b in found[n + 1 :]]
            assert any(held_out(*pair) for pair in pairs), str(text)


def test_links_go_from_pronouns_to_nouns_and_from_verbs_to_subjects() -> None:
    writer = Writer(np.random.default_rng(2))
    pronouns = {p for forms in lexicon.PRONOUNS.values() for p in forms}
    known = {*lexicon.lemmas()}
    for _ in range(300):
        text = writer.sentence()
        words = [token.strip() for token in text.tokens]
        for query, key in text.pronouns:
            assert words[query].lower() in pronouns
            assert words[key] in known
            assert key < query
        for query, key in text.verbs:
            assert words[key] in known or words[key].lower() in pronouns
            assert key < query


@pytest.mark.models
def test_the_same_seed_makes_the_same_batches() -> None:
    tokenizer = build()
    size = tokenizer.get_vocab_size()
    one, two, other = (Corpus(numbers(tokenizer), size, seed) for seed in (3, 3, 4))
    first, same, different = one.batch(8, 48), two.batch(8, 48), other.batch(8, 48)
    np.testing.assert_array_equal(first.ids, same.ids)
    np.testing.assert_array_equal(first.predicted, same.predicted)
    assert (first.pronouns, first.verbs) == (same.pronouns, same.verbs)
    assert (first.ids != different.ids).any()


def test_known_next_tokens_stand_earlier_in_the_text() -> None:
    random = np.random.default_rng(4)
    for make in (successor_map, repeats):
        for _ in range(20):
            tokens, known = make(random, 5000, 64)
            seen: set[tuple[int, int]] = set()
            for n in range(63):
                pair = (int(tokens[n]), int(tokens[n + 1]))
                if known[n]:
                    assert pair in seen
                seen.add(pair)
