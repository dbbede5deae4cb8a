"""Numbers that are no attention weights, and the messages that recognise them."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.numbers.given import Given
from sphinx_attention.core.sources.numbers.weights import (
    WeightsError,
    as_layers_and_heads,
    check_weights,
    mask_of,
    softmax,
)

RNG = np.random.default_rng(0)
GOOD = RNG.dirichlet(np.ones(6), size=(2, 3, 6))
"""Two layers of three heads over six tokens."""
NONE = np.zeros((1, 6, 6), dtype=np.bool_)


def dropped(share: float) -> Any:
    """Weights as `torch.nn.functional.dropout` leaves them in training."""
    return np.where(RNG.random(GOOD.shape) < share, 0, GOOD) / (1 - share)


def padded(count: int, *, columns: bool) -> Any:
    weights = np.zeros((2, 3, 6, 6))
    kept = 6 - count
    weights[..., :kept, : kept if columns else 6] = RNG.dirichlet(
        np.ones(kept if columns else 6), size=(2, 3, kept)
    )
    return weights


LOOKS: dict[str, tuple[Any, str]] = {
    "dropout of 0.1": (dropped(0.1), "weights after dropout"),
    "dropout of 0.1, a row whole": (
        np.concatenate([dropped(0.1)[..., :5, :], GOOD[..., 5:, :] / 0.9], axis=-2),
        "1 / (1 - 0.1) is 1.111: these look like weights after dropout of 0.1, from a model in training mode; call",
    ),
    "scaled by dropout alone": (GOOD / 0.8, "1 / (1 - 0.2) is 1.250"),
    "dropout of 0.5": (dropped(0.5), "call `model.eval()` first"),
    "padding": (
        padded(2, columns=True),
        "the last 2 rows and columns are all 0, which looks like padding: cut it off, `weights[..., :4, :4]`",
    ),
    "one padded row": (padded(1, columns=False), "the last row is all 0, which looks like padding"),
    "percent": (GOOD * 100, "these look like percent: divide them by 100"),
    "whole percent": (np.round(GOOD * 100), "these look like percent"),
    "transposed": (GOOD.swapaxes(-1, -2), "the columns sum to 1, so that the matrix looks transposed"),
    "joint": (GOOD / 6, "the whole matrix sums to 1, and each row has to"),
    "counts": (RNG.integers(0, 9, GOOD.shape) + 2.0, "whole numbers look like counts"),
    "heads added": (GOOD.sum(axis=1, keepdims=True) * 1.0, "as if 3 heads were added up"),
    "special tokens left out": (
        GOOD[..., 1:-1, 1:-1],
        "so that a part of each row is missing: a learnt sink, special tokens or weak weights",
    ),
    "columns averaged": (GOOD.reshape(2, 3, 6, 3, 2).mean(axis=-1), "columns that were averaged"),
    "the strongest three": (np.where(np.median(GOOD) > GOOD, 0, GOOD), "weak weights"),
    "positive numbers": (np.exp(RNG.normal(size=GOOD.shape)) * 3 + 2, "if these are logits"),
    "logits": (RNG.normal(size=GOOD.shape), "is negative; if these are logits, set the option"),
    "logarithms": (np.log(GOOD), "these look like logarithms of weights: take exp of them, or set"),
    "a rounding error": (
        np.where(GOOD.min() == GOOD, -1e-9, GOOD) , "(-1.0e-09); such a small number is a rounding"),
    "padded softmax": (
        np.where(np.arange(6)[:, None] > 4, np.nan, GOOD),
        "nor is the rest of its row: a softmax over keys that are all masked",
    ),
    "one nan": (np.where(GOOD.max() == GOOD, np.nan, GOOD), "is not a finite number (nan)"),
    "infinity": (np.where(GOOD.max() == GOOD, np.inf, GOOD), "is not a finite number (infinity)"),
    "minus infinity": (
        np.where(np.triu(np.ones((6, 6)), 1) > 0, -np.inf, GOOD),
        "minus infinity masks a key among logits",
    ),
    "huge": (np.full(GOOD.shape, 1e308), "sums to inf, not to 1; if these are logits"),
}  # fmt: skip


@pytest.mark.parametrize(("weights", "says"), LOOKS.values(), ids=LOOKS)
def test_messages_name_what_numbers_look_like(weights: Any, says: str) -> None:
    masked = np.zeros((1, *weights.shape[2:]), dtype=np.bool_)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WeightsError) as caught:
            check_weights(weights, masked)
    assert says in caught.value.message
    if "logits" not in says:
        assert "if these are logits, set" not in caught.value.message or "counts" in says
    assert pickle.loads(pickle.dumps(caught.value)).row == caught.value.row


def test_rounded_numbers() -> None:
    weights = np.full((1, 1, 7, 7), 0.14)
    with pytest.raises(WeightsError, match=r"look rounded to 2 digits.*: write one more digit"):
        check_weights(weights, np.zeros((1, 7, 7), dtype=np.bool_))


def test_a_slip_in_one_row_gets_no_advice() -> None:
    weights = GOOD.copy()
    weights[1, 2, 3, 0] += 0.25
    with pytest.raises(WeightsError) as caught:
        check_weights(weights, NONE)
    assert caught.value.message == "layer 1, head 2, row 3 sums to 1.250, not to 1 (+0.250)"
    assert caught.value.row == (1, 2, 3)


@pytest.mark.parametrize("weights", [-GOOD, GOOD * 7.3, np.log(GOOD)])
def test_errors_of_a_function_name_no_option(weights: Any) -> None:
    with pytest.raises(WeightsError) as caught:
        check_weights(weights, NONE, Problem.FUNCTION)
    assert "option" not in caught.value.message
    assert caught.value.problem is Problem.FUNCTION
    assert "apply softmax in the function" in caught.value.message


def test_a_mask_of_visible_keys_is_recognised() -> None:
    causal = np.tril(np.ones((6, 6))) / np.arange(1, 7)[:, None]
    visible = np.tril(np.ones((1, 6, 6), dtype=np.bool_))
    with pytest.raises(WeightsError, match="looks like its opposite"):
        check_weights(causal[None, None], visible)
    check_weights(causal[None, None], ~visible)


@pytest.mark.parametrize("large", [1e300, 1e308, np.finfo(np.float64).max])
def test_logits_of_any_size(large: float) -> None:
    """The softmax of finite logits is finite, without a warning."""
    logits = np.array([[[[large, -large, large], [0, -large, 0], [-large, -large, -large]]]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights, masked = softmax(logits, np.zeros((1, 3, 3), dtype=np.bool_))
    assert_allclose(weights[0, 0], [[0.5, 0, 0.5], [0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    assert not masked.any()


@pytest.mark.parametrize(
    ("value", "says"),
    [(np.nan, "row 0, column 1 is nan"), (np.inf, "row 0, column 1 is infinite")],
)
def test_logits_that_are_no_numbers(value: float, says: str) -> None:
    logits = np.array([[[[0, value], [0, 0]]]])
    with pytest.raises(AttentionError, match=says):
        softmax(logits, np.zeros((1, 2, 2), dtype=np.bool_))


def test_masked_logits_may_be_nan() -> None:
    logits = np.array([[[[0, np.nan], [0, 0]]]])
    weights, _ = softmax(logits, np.array([[[False, True], [False, False]]]))
    assert_allclose(weights[0, 0], [[1, 0], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((6, 6), (1, 6, 6)),
        ((1, 1, 6, 6), (1, 6, 6)),
        ((2, 6, 6), (2, 6, 6)),
        ((2, 1, 6, 6), (2, 6, 6)),
        ((2, 3, 6, 6), (1, 6, 6)),
    ],
)
def test_shapes_of_a_mask(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    later = np.broadcast_to(np.triu(np.ones((6, 6), dtype=np.bool_), 1), shape)
    masked = mask_of(Given(GOOD, masked=later), GOOD)
    assert masked.shape == expected
    assert (masked == np.triu(np.ones((6, 6)), 1)).all()


def test_a_mask_of_one_head_alone_is_refused() -> None:
    masked = np.zeros(GOOD.shape, dtype=np.bool_)
    masked[1, 2, 4, 5] = True
    with pytest.raises(AttentionError, match="head 2, row 4 masks other keys than head 0"):
        mask_of(Given(GOOD, masked=masked), GOOD)


def test_axes_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        large = np.array([[np.longdouble("1e400"), 0], [0, 1]])
        assert as_layers_and_heads(large).shape == (1, 1, 2, 2)
