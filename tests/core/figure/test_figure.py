"""The first selection of a figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sphinx_attention.core.analysis.head_scores import interest
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.focus import find
from sphinx_attention.core.figure.payload import estimate
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.request import MatrixSource, ModelSource, Request

WORDS = ["[CLS]", "the", "cat", "saw", "the", "7", "[SEP]"]
TOKENS = tuple(Token(text, special=text.startswith("[")) for text in WORDS)
N = len(TOKENS)


def stack(*heads: np.ndarray, masked: np.ndarray | None = None, label: str = "m") -> Attention:
    weights = np.stack(heads)[:, None].astype(np.float32)
    mask = np.zeros((1, N, N), dtype=bool) if masked is None else masked[None]
    return Attention(TOKENS, TOKENS, weights, mask, label=label)


def sink() -> np.ndarray:
    """Every token looks at [CLS]."""
    rows = np.zeros((N, N))
    rows[:, 0] = 1
    return rows


def previous() -> np.ndarray:
    """Every token looks at the one before it."""
    rows = np.eye(N, k=-1)
    rows[0, 0] = 1
    return rows


def spread() -> np.ndarray:
    return np.full((N, N), 1 / N)


def test_the_interest_score_by_hand() -> None:
    score = interest(stack(sink(), previous(), spread(), np.eye(N)))
    # The first of the five ordinary tokens has only [CLS] before it.
    assert score[:, 0] == pytest.approx([0.0, 4 / 5, 1 / 7, 0.0])


def test_in_a_causal_model_the_first_token_is_a_sink() -> None:
    tokens = tuple(Token(t) for t in "abcd")
    causal = np.triu(np.ones((4, 4), dtype=bool), 1)
    first = np.zeros((4, 4), dtype=np.float32)
    first[:, 0] = 1
    back = np.eye(4, k=-1, dtype=np.float32)
    back[0, 0] = 1
    both = Attention(tokens, tokens, np.stack([first, back])[:, None], causal[None], label="gpt")
    assert interest(both)[:, 0] == pytest.approx([0, 2 / 4])


def test_the_head_is_chosen_among_those_left_open() -> None:
    attention = stack(sink(), previous(), spread())
    request = Request(source=ModelSource(name="m", id="m"), text="x")
    assert resolve(FigureSpec(request), attention).layer == 1
    assert resolve(FigureSpec(request), attention).chosen
    # There is one head per layer, so a named layer leaves no choice.
    figure = resolve(FigureSpec(request, layer=0), attention)
    assert (figure.layer, figure.head, figure.chosen) == (0, 0, False)
    figure = resolve(FigureSpec(request, layer=2, head=0), attention)
    assert (figure.layer, figure.head, figure.chosen) == (2, 0, False)


def test_the_default_cutoff_draws_a_matrix_whole_and_most_of_a_model() -> None:
    attention = stack(spread())
    written = Request(source=MatrixSource(text="1"), text="x")
    model = Request(source=ModelSource(name="m", id="m"), text="x")
    assert resolve(FigureSpec(written), attention).cutoff == 1
    assert resolve(FigureSpec(model), attention).cutoff == 0.95
    assert resolve(FigureSpec(model, cutoff=0.5), attention).cutoff == 0.5


@pytest.mark.parametrize(
    ("focus", "index"),
    [
        ("cat", 2),
        ("Cat", 2),
        ("the", 1),
        ("the#1", 1),
        ("the#2", 4),
        ("0", 0),
        ("3", 3),
        ("7", 5),  # the text is matched before the index
        ("[SEP]", 6),
    ],
)
def test_focus(focus: str, index: int) -> None:
    assert find(stack(spread()), focus)[0] == index


PIECES = [
    Token("<s>", special=True),
    Token(" The", word=0),
    Token("\u0120cat", word=1),
    Token("▁sleep", word=2),
    Token("##ing", word=2),
    Token("the", word=3),
    Token("cat", word=4),
    Token("CAT", word=5),
]


@pytest.mark.parametrize(
    ("focus", "index", "other_capitals"),
    [
        ("cat", 6, False),  # an exact match comes before all others
        ("cat#2", 6, False),  # the second of the two tokens that differ only in marks
        ("The", 1, False),
        ("sleep", 3, False),
        ("ing", 4, False),
        ("##ing", 4, False),
        ("Sleep", 3, True),
        ("cat#3", 7, True),
        ("s", None, False),
    ],
)
def test_marks_of_pieces_and_capitals_may_differ(
    focus: str, index: int | None, other_capitals: bool
) -> None:
    n = len(PIECES)
    weights = np.full((1, 1, n, n), 1 / n, dtype=np.float32)
    attention = Attention(tuple(PIECES), tuple(PIECES), weights, np.zeros((1, n, n), bool))
    if index is None:
        with pytest.raises(AttentionError, match="there is no such token"):
            find(attention, focus)
        return
    assert find(attention, focus) == (index, other_capitals)
    request = Request(source=ModelSource(name="m", id="m"), text="x")
    notices = resolve(FigureSpec(request, focus=focus), attention).notices
    assert bool(notices) is other_capitals
    if other_capitals:
        assert repr(PIECES[index].text) in notices[0]


def test_a_word_in_pieces_is_named_with_its_pieces() -> None:
    n = len(PIECES)
    weights = np.full((1, 1, n, n), 1 / n, dtype=np.float32)
    attention = Attention(tuple(PIECES), tuple(PIECES), weights, np.zeros((1, n, n), bool))
    with pytest.raises(AttentionError, match="sleeping is in pieces, ▁sleep ##ing: name one of"):
        find(attention, "sleeping")


@pytest.mark.parametrize("focus", ["²", "cat#²", "9" * 5000, "cat#" + "9" * 5000, "\ud800", "٣٣٣"])
def test_texts_that_look_like_numbers(focus: str) -> None:
    with pytest.raises(AttentionError, match="there is no such token") as caught:
        find(stack(spread()), focus)
    assert len(caught.value.message) < 500


def test_heads_count_from_0() -> None:
    request = Request(source=ModelSource(name="m", id="m"), text="x")
    with pytest.raises(AttentionError, match="layers count from 0, so that the last of 3 is 2"):
        resolve(FigureSpec(request, layer=3), stack(sink(), previous(), spread()))


def test_a_wrong_layer_of_the_project_names_the_setting() -> None:
    request = Request(source=ModelSource(name="m", id="m"), text="x")
    spec = FigureSpec(request, layer=99, of_project=("layer",))
    with pytest.raises(AttentionError) as caught:
        resolve(spec, stack(sink(), previous(), spread()))
    assert caught.value.problem is Problem.CONFIG
    assert caught.value.setting == "layer"
    assert caught.value.message.startswith("invalid value 99 for the setting layer: there")
    assert "expected 0 to 2" in caught.value.message


@pytest.mark.parametrize("focus", ["dog", "the#3", "9", "the#0", "#"])
def test_focus_on_nothing(focus: str) -> None:
    with pytest.raises(AttentionError, match=r"the tokens are .* the cat saw the 7"):
        find(stack(spread()), focus)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"layer": 3}, "there is no layer 3, expected 0 to 2"),
        ({"head": 1}, "there is no head 1, expected 0"),
        ({"shown_heads": (0, 1), "head": 0}, "there is no head 1, expected 0"),
        ({"layers": (0, 4)}, "there is no layer 4, expected 0 to 2"),
        ({"heads": (2,)}, "there is no head 2, expected 0"),
        ({"layers": (0, 2), "layer": 1}, "there is no layer 1, expected 0 or 2"),
    ],
)
def test_ranges(spec: dict[str, Any], says: str) -> None:
    request = Request(source=ModelSource(name="m", id="m"), text="x")
    with pytest.raises(AttentionError, match=says):
        resolve(FigureSpec(request, **spec), stack(sink(), previous(), spread()))


MODEL = Request(source=ModelSource(name="m", id="m"), text="x")
TELLING = 3  # The layer of `several` whose head 2 has a pattern.


def several(layers: int = 5, heads: int = 4, label: str = "m") -> Attention:
    """Heads that spread evenly, except one that looks back. Layers differ by a hundredth."""
    weights = np.full((layers, heads, N, N), 1 / N, dtype=np.float32)
    weights[TELLING, 2] = previous()
    for n in range(layers):
        weights[n, :, 0, 0] = n / 100
    return Attention(TOKENS, TOKENS, weights, np.zeros((1, N, N), bool), label=label)


def carried(**spec: Any) -> Any:
    budget = spec.pop("budget", None)
    return resolve(FigureSpec(MODEL, **spec), several(), budget)


def test_all_heads_are_carried_within_the_budget() -> None:
    whole = estimate(several())
    assert carried(budget=whole).attention.weights.shape == (5, 4, N, N)
    one_layer = carried(budget=whole - 1)
    assert one_layer.attention.layer_names == ("3",)
    assert one_layer.attention.head_names == ("0", "1", "2", "3")
    assert (one_layer.layer, one_layer.head, one_layer.layer_name, one_layer.head_name) == (
        0,
        2,
        "3",
        "2",
    )
    one_head = carried(budget=1)
    assert one_head.attention.head_names == ("2",)
    assert (one_head.layer, one_head.head) == (0, 0)
    assert_array_equal(one_head.attention.weights[0, 0], several().weights[TELLING, 2])


def test_layers_that_the_author_names_are_always_carried() -> None:
    figure = carried(layers=(1, 3), heads=(0, 2), budget=1)
    assert figure.attention.layer_names == ("1", "3")
    assert figure.attention.head_names == ("0", "2")
    assert (figure.layer_name, figure.head_name) == ("3", "2")
    assert_allclose(figure.attention.weights[0, 0, 0, 0], 0.01)
    figure = carried(layers=(1, 3), budget=1)
    assert figure.attention.weights.shape[:2] == (2, 1)
    figure = carried(heads=(0, 2), budget=1)
    assert figure.attention.weights.shape[:2] == (1, 2)


def test_the_first_head_is_chosen_among_those_carried() -> None:
    figure = carried(layers=(0, 1, 2), heads=(1,))
    assert figure.layer_name in {"0", "1", "2"}
    assert figure.head_name == "1"


def test_numbers_are_names_where_the_source_gave_some_layers_only() -> None:
    some = several(layers=4)
    named = Attention(
        TOKENS, TOKENS, some.weights[[1, 3]], some.masked, label="m", layer_names=("1", "3")
    )
    figure = resolve(FigureSpec(MODEL, layer=3), named)
    assert (figure.layer, figure.layer_name) == (1, "3")
    with pytest.raises(AttentionError, match="there is no layer 0, expected 1 or 3"):
        resolve(FigureSpec(MODEL, layer=0), named)


def test_steps_carries_the_shown_head_and_pins_a_query() -> None:
    figure = carried(view="steps")
    assert figure.attention.weights.shape[:2] == (1, 1)
    assert (figure.layer_name, figure.head_name) == ("3", "2")
    # `cat` is the first of the tokens that give all their weight to an ordinary earlier token.
    assert figure.pinned == (2,)
    assert carried(view="steps", heads=(0, 1, 2)).attention.head_names == ("0", "1", "2")
    assert carried(view="steps", focus="saw").pinned == (3,)
    with pytest.raises(AttentionError, match="steps follows one token"):
        carried(view="steps", focus="saw | cat")


def test_several_tokens_are_pinned() -> None:
    figure = carried(focus="the#2 | cat | the#2")
    assert (figure.pinned, figure.focus) == ((4, 2), 4)
    assert carried().pinned == ()
    assert carried().focus is None
    bar = tuple(Token(t) for t in ("a", "|", "a | b"))
    odd = Attention(bar, bar, np.eye(3, dtype=np.float32)[None, None], np.zeros((1, 3, 3), bool))
    assert resolve(FigureSpec(MODEL, focus="a | b"), odd).pinned == (2,)
    assert resolve(FigureSpec(MODEL, focus="|"), odd).pinned == (1,)
    with pytest.raises(AttentionError, match="invalid value 'dog' for focus"):
        carried(focus="cat | dog")


def test_several_heads_are_drawn_together() -> None:
    figure = carried(view="heads", layer=3, head=2, shown_heads=(2, 0))
    assert (figure.head, figure.shown_heads) == (2, (2, 0))
    figure = carried(view="heads", layer=3, head=2, shown_heads=(2, 0), budget=1)
    assert figure.attention.head_names == ("0", "2")
    assert (figure.head, figure.shown_heads) == (1, (1, 0))
    assert carried(head=1).shown_heads == (1,)


def test_the_grid_has_scores_of_what_it_carries() -> None:
    assert carried().head_scores is None
    scores = carried(view="grid", layers=(0, 3)).head_scores
    assert list(scores) == ["previous", "first", "self", "entropy", "induction"]
    # In `previous`, every token but the first gives all its weight to the token before.
    assert_allclose(scores["previous"][1], [1 / N, 1 / N, 1, 1 / N], rtol=1e-6)


def test_rollout_opens_on_the_last_layer() -> None:
    request = replace(MODEL, aggregate="rollout")
    rolled = Attention(
        TOKENS,
        TOKENS,
        several().weights[:, :1],
        np.zeros((1, N, N), bool),
        label="m",
        head_names=("rollout",),
    )
    figure = resolve(FigureSpec(request), rolled)
    assert (figure.layer, figure.head_name, figure.chosen) == (4, "rollout", False)
    assert resolve(FigureSpec(request, layer=1), rolled).layer == 1
