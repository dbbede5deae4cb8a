"""The training data: sequences that reward looking back, and generated English.

Every batch mixes four kinds:

- **maps**: a few random tokens, each with one random successor, which follows most of the time.
  Only the tokens that followed an earlier copy of *this* token tell the next one. A model finds
  them by looking at tokens whose predecessor is this token, so heads for the previous token help.
- **repeats**: random tokens, repeated after random gaps, in pieces of random length.
- **texts**: generated English in which names, phrases and whole sentences come again.
- **sentences**: one sentence a row, as in a figure.

Random tokens are drawn from the whole vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .sentences import Text, Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

START = 0
"""The number of the token that begins a text."""

Links = list[tuple[int, int, int]]
"""The row, the query position and the key position."""


@dataclass
class Batch:
    """Rows of one length.

    Attributes:
        ids: shape (rows, length).
        predicted: shape (rows, length), bool: whether the next token counts in the loss.
        pronouns: the positions of pronouns and of their nouns.
        verbs: the positions of verbs and of their subjects.
        random: shape (rows,), bool: whether a row holds random tokens.
    """

    ids: NDArray[np.int64]
    predicted: NDArray[np.bool_]
    pronouns: Links
    verbs: Links
    random: NDArray[np.bool_]


def successor_map(
    random: np.random.Generator, vocabulary: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Random tokens, each with a random successor that follows three times out of four.

    Returns:
        The tokens, and for each whether the next token can be known: the next token follows the
        map, and the pair occurred earlier.
    """
    size = int(random.integers(6, max(8, length // 5)))
    symbols = random.choice(np.arange(1, vocabulary), size, replace=False)
    successor = random.permutation(size)
    steps = random.integers(size, size=length)
    follows = random.random(length) < 0.75
    state, seen = int(random.integers(size)), set()
    tokens, known = np.zeros(length, np.int64), np.zeros(length, np.bool_)
    for n in range(length):
        tokens[n] = symbols[state]
        after = int(successor[state]) if follows[n] else int(steps[n])
        known[n] = (state, after) in seen and after == successor[state]
        seen.add((state, after))
        state = after
    return tokens, known


def repeats(
    random: np.random.Generator, vocabulary: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Random tokens with repeated pieces, and for each whether the next token can be known."""
    tokens: list[int] = []
    known: list[bool] = []
    longest = int(random.integers(2, max(3, length // 2)))
    pieces: list[list[int]] = []
    while len(tokens) < length:
        again = bool(pieces) and random.random() < 0.6
        if again:
            piece = pieces[int(random.integers(len(pieces)))]
        else:
            size = int(random.integers(max(2, longest // 2), longest + 1))
            piece = [int(t) for t in random.integers(1, vocabulary, size)]
            pieces.append(piece)
        tokens += piece
        known += [again] * (len(piece) - 1) + [False]
    return np.array(tokens[:length]), np.array(known[:length])


class Corpus:
    """Endless batches, equal for equal seeds.

    Args:
        vocabulary: the number of each token, by the token's text with the space before it.
        size: the number of tokens in the vocabulary.
        seed: the seed of everything.
    """

    def __init__(self, vocabulary: Mapping[str, int], size: int, seed: int) -> None:
        self.vocabulary = vocabulary
        self.size = size
        self.random = np.random.default_rng(seed)
        self.writer = Writer(self.random)

    def batch(self, rows: int, length: int) -> Batch:
        """One batch: a quarter maps, a quarter repeats, the rest English."""
        batch = Batch(
            np.zeros((rows, length), np.int64),
            np.zeros((rows, length), np.bool_),
            [],
            [],
            np.arange(rows) % 8 < 4,
        )
        for row in range(rows):
            kind = row % 8
            start = 1 if self.random.random() < 0.85 else 0
            if kind < 4:
                make = successor_map if kind < 2 else repeats
                tokens, known = make(self.random, self.size, length - start)
                # An unknown next token teaches the model only uncertainty, so a few such tokens are
                # enough.
                known |= self.random.random(length - start) < 0.1
            else:
                tokens, known = self._text(batch, row, start, length - start)
            batch.ids[row, start:] = tokens
            batch.predicted[row, start:] = known
        batch.predicted[:, -1] = False
        return batch

    def _text(
        self, batch: Batch, row: int, start: int, length: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        text = self.writer.document(length)
        tokens = np.array(self.numbers(text)[:length])
        for links, found in ((text.pronouns, batch.pronouns), (text.verbs, batch.verbs)):
            found += [(row, q + start, k + start) for q, k in links if q < length]
        return tokens, np.ones(length, np.bool_)

    def numbers(self, text: Text) -> list[int]:
        """The numbers of a text's tokens."""
        return [self.vocabulary[token] for token in text.tokens]
