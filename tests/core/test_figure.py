"""The first selection of a figure."""

from __future__ import annotations

import numpy as np
import pytest

from sphinx_attention.core.analysis import interest
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure import FigureSpec, find_token, settle
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


def test_interest_by_hand() -> None:
    score = interest(stack(sink(), previous(), spread(), np.eye(N)))
    # Of five ordinary tokens the first has only [CLS] before it.
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
    assert settle(FigureSpec(request), attention).layer == 1
    figure = settle(FigureSpec(request, layer=0), attention)
    assert (figure.layer, figure.head, figure.chosen) == (0, 0, True)
    figure = settle(FigureSpec(request, layer=2, head=0), attention)
    assert (figure.layer, figure.head, figure.chosen) == (2, 0, False)


def test_all_of_a_written_matrix_is_drawn_and_most_of_a_model() -> None:
    attention = stack(spread())
    written = Request(source=MatrixSource(text="1"), text="x")
    model = Request(source=ModelSource(name="m", id="m"), text="x")
    assert settle(FigureSpec(written), attention).cutoff == 1
    assert settle(FigureSpec(model), attention).cutoff == 0.95
    assert settle(FigureSpec(model, cutoff=0.5), attention).cutoff == 0.5


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
        ("7", 5),  # text before index
        ("[SEP]", 6),
    ],
)
def test_focus(focus: str, index: int) -> None:
    assert find_token(stack(spread()), focus) == index


@pytest.mark.parametrize("focus", ["dog", "the#3", "9", "the#0", "#"])
def test_focus_on_nothing(focus: str) -> None:
    with pytest.raises(AttentionError, match=r"the tokens are .* the cat saw the 7"):
        find_token(stack(spread()), focus)


@pytest.mark.parametrize(
    ("spec", "says"), [({"layer": 3}, "there is no layer 3, 0 to 2"), ({"head": 1}, "only 0")]
)
def test_ranges(spec: dict[str, int], says: str) -> None:
    request = Request(source=ModelSource(name="m", id="m"), text="x")
    with pytest.raises(AttentionError, match=says):
        settle(FigureSpec(request, **spec), stack(sink(), previous(), spread()))  # type: ignore[arg-type]
