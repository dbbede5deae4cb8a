"""A GPT of two layers and two heads in NumPy, as a source of figures."""

import numpy as np

LAYERS, HEADS, WIDTH = 2, 2, 16

# Random weights. Your own model loads its checkpoint here.
rng = np.random.default_rng(1)
QUERY, KEY, VALUE, OUT = rng.normal(0, 0.5, (4, LAYERS, WIDTH, WIDTH))
PLACES = rng.normal(0, 0.5, (64, WIDTH))


def embed(word):
    """A vector that depends only on the word."""
    return np.random.default_rng(list(word.encode())).normal(0, 1, WIDTH)


def softmax(scores):
    """Turn scores into weights, row by row."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def split(vectors):
    """Turn (words, width) into (heads, words, width of a head)."""
    return vectors.reshape(len(vectors), HEADS, -1).swapaxes(0, 1)


def attention(text):
    """The function that the figure calls: it takes the sentence and returns tokens and weights."""
    tokens = text.split()
    x = np.stack([embed(token) for token in tokens]) + PLACES[: len(tokens)]
    later = np.triu(np.ones((len(tokens), len(tokens)), dtype=bool), 1)
    layers = []
    for n in range(LAYERS):
        queries, keys, values = (split(x @ part[n]) for part in (QUERY, KEY, VALUE))
        scores = queries @ keys.swapaxes(1, 2) / np.sqrt(WIDTH // HEADS)
        scores[:, later] = -np.inf
        weights = softmax(scores)
        layers.append(weights)
        x = x + (weights @ values).swapaxes(0, 1).reshape(len(tokens), WIDTH) @ OUT[n]
    return {"tokens": tokens, "weights": np.stack(layers), "masked": later}
