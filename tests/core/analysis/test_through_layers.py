"""Rollout and flow, compared with sums by hand, plain loops and another library's maximum flow."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.analysis import head_scores, through_layers
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem

HAND = np.array([[[[1.0, 0.0], [0.5, 0.5]]], [[[0.5, 0.5], [0.0, 1.0]]]])
"""Two layers of one head. With the identity added, and halved: (1 0, ¼ ¾) and (¾ ¼, 0 1)."""


def random_weights(layers: int, heads: int, tokens: int, *, causal: bool = False) -> Any:
    rng = np.random.default_rng(layers * 100 + tokens)
    weights = rng.dirichlet(np.full(tokens, 0.4), size=(layers, heads, tokens))
    if causal:
        weights = np.tril(weights) + 1e-9 * np.eye(tokens)
        weights /= weights.sum(axis=-1, keepdims=True)
    return weights


def test_rollout_by_hand() -> None:
    # ¾ · (1 0) + ¼ · (¼ ¾) = (13/16 3/16)
    assert_allclose(
        through_layers.rollout(HAND), [[[1, 0], [0.25, 0.75]], [[0.8125, 0.1875], [0.25, 0.75]]]
    )


def test_rollout_in_a_plain_loop() -> None:
    weights = random_weights(5, 3, 6)
    held = np.eye(6)
    for layer in weights:
        mean = sum(layer) / len(layer)
        fresh = np.zeros((6, 6))
        for i in range(6):
            for j in range(6):
                for k in range(6):
                    fresh[i, j] += (0.5 * mean[i, k] + 0.5 * (i == k)) * held[k, j]
        held = fresh
    rolled = through_layers.rollout(weights)
    assert_allclose(rolled[-1], held)
    assert_allclose(rolled.sum(axis=-1), 1)


def test_a_row_with_a_sink_still_passes_on_its_whole_weight() -> None:
    # The row gives 0.2 to the other token and 0.3 to a sink that is no key: (0.5 + 1, 0.2) / 1.7.
    weights = np.array([[[[0.5, 0.2], [0.0, 1.0]]]])
    assert_allclose(through_layers.mixing(weights)[0, 0], [1.5 / 1.7, 0.2 / 1.7])


def test_flow_by_hand() -> None:
    # To token 0: min(¾, 1) by token 0, and min(¼, ¼) by token 1. To token 1: min(¼, ¾). 1 and ¼
    # make 1¼.
    assert_allclose(through_layers.flow(HAND), [[[1, 0], [0.25, 0.75]], [[0.8, 0.2], [0.25, 0.75]]])


@pytest.mark.parametrize(("layers", "tokens"), [(2, 5), (3, 4), (4, 5)])
@pytest.mark.parametrize("causal", [False, True])
def test_flow_equals_the_maximum_flow_of_networkx(layers: int, tokens: int, causal: bool) -> None:
    import networkx as nx

    weights = random_weights(layers, 2, tokens, causal=causal)
    network = nx.DiGraph()
    for layer in range(layers):
        mean = weights[layer].mean(axis=0)
        for i in range(tokens):
            for j in range(tokens):
                capacity = 0.5 * mean[i, j] + 0.5 * (i == j)
                network.add_edge((layer + 1, i), (layer, j), capacity=capacity)
    expected = np.zeros((layers, tokens, tokens))
    for layer in range(layers):
        for i in range(tokens):
            for j in range(tokens):
                value = nx.maximum_flow_value(network, (layer + 1, i), (0, j))
                expected[layer, i, j] = value
    expected /= expected.sum(axis=-1, keepdims=True)
    assert_allclose(through_layers.flow(weights), expected, atol=1e-8)


def test_flow_through_one_layer_is_that_layer() -> None:
    weights = random_weights(1, 2, 4)
    assert_allclose(through_layers.flow(weights), through_layers.mixing(weights))


@pytest.mark.parametrize("layers", [3, 6, 12, 24, 48])
def test_flow_past_its_limit_says_so(layers: int) -> None:
    limit = through_layers.flow_limit(layers)
    weights = np.broadcast_to(1 / (limit + 1), (layers, 1, limit + 1, limit + 1))
    with pytest.raises(AttentionError) as caught:
        through_layers.flow(weights)
    assert caught.value.problem is Problem.OPTION
    assert (
        f"on {limit + 1} tokens; through {layers} layers it does up to {limit}"
        in caught.value.message
    )


def test_the_limits_that_the_docs_name() -> None:
    assert [through_layers.flow_limit(layers) for layers in (6, 12, 24)] == [82, 49, 29]


def test_two_layers_have_no_limit() -> None:
    tokens = through_layers.flow_limit(2) + 10
    flows = through_layers.flow(random_weights(2, 1, tokens))
    assert_allclose(flows.sum(axis=-1), 1)


def test_without_scipy_the_line_that_installs_it_is_named() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy as np\n"
        "from sphinx_attention.core.analysis import through_layers\n"
        "from sphinx_attention.core.errors import AttentionError\n"
        "weights = np.full((3, 1, 2, 2), 0.5)\n"
        "through_layers.rollout(weights)\n"
        "try:\n    through_layers.flow(weights)\n"
        "except AttentionError as error:\n    print(error.problem, error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("install ")
    assert "`pip install 'sphinx-attention[flow]'`" in done.stdout


def test_reach_grows_from_layer_to_layer_under_a_window() -> None:
    # A token sees itself and the token before. Two layers up, it sees one token further back.
    window = ~(np.eye(4, dtype=bool) | np.eye(4, k=-1, dtype=bool))
    hidden = through_layers.reach(window[None], 3)
    seen = [np.tril(np.triu(np.ones((4, 4), bool), -n)) for n in (1, 2, 3)]
    assert_array_equal(~hidden, seen)


def test_reach_of_a_causal_model_is_the_same_in_every_layer() -> None:
    causal = np.triu(np.ones((1, 5, 5), bool), 1)
    assert_array_equal(through_layers.reach(causal, 4), causal)
    assert not through_layers.reach(np.zeros((1, 3, 3), bool), 4).any()


def test_a_token_that_sees_nothing_stays_itself() -> None:
    blind = np.ones((1, 2, 2), bool)
    assert_array_equal(through_layers.reach(blind, 2), ~np.eye(2, dtype=bool)[None])
    assert_allclose(through_layers.rollout(np.zeros((2, 1, 2, 2))), np.tile(np.eye(2), (2, 1, 1)))


def tokens(*texts: str) -> tuple[Token, ...]:
    return tuple(Token(text, special=text.startswith("[")) for text in texts)


def test_the_query_that_steps_pin() -> None:
    row = tokens("[CLS]", "a", "b", "c")
    weights = np.array(
        [
            [0.0, 1.0, 0.0, 0.0],  # a special query
            [0.9, 0.1, 0.0, 0.0],  # all of the weight on a special key
            [0.1, 0.0, 0.9, 0.0],  # all of the weight on itself
            [0.2, 0.1, 0.6, 0.1],
        ],
        np.float32,
    )
    one = Attention(row, row, weights[None, None], np.zeros((1, 4, 4), bool))
    assert head_scores.telling_query(one, 0, 0) == 3
    same = Attention(row, row, np.eye(4, dtype=np.float32)[None, None], np.zeros((1, 4, 4), bool))
    assert head_scores.telling_query(same, 0, 0) == 3
    keys = tokens("x", "y")
    cross = Attention(
        tokens("p", "q"),
        keys,
        np.array([[[[0.5, 0.5], [0.9, 0.1]]]], np.float32),
        np.zeros((1, 2, 2), bool),
    )
    assert head_scores.telling_query(cross, 0, 0) == 1
