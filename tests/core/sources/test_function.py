"""Functions of authors: the protocol, and every way to miss it."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, MatrixSource, Request
from sphinx_attention.core.sources import open_source

SOURCE = FunctionSource("mine", "authors_own:attend")
EVEN = np.full((2, 2), 0.5)


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes the author's function answer with something, or do something."""
    module = ModuleType("authors_own")
    monkeypatch.setitem(sys.modules, "authors_own", module)

    def make(answer: Any) -> None:
        module.attend = answer if callable(answer) else lambda _text, **_: answer

    return make


def run(request: Request | None = None) -> Attention | AttentionError:
    request = request or Request(SOURCE, "the fox")
    with open_source(request.source) as runner:
        ((same, answer),) = runner.run([request])
    assert same is request
    return answer


def test_a_tuple_of_tokens_and_weights(define: Callable[..., None]) -> None:
    define((["the", "fox"], EVEN))
    one = run()
    assert isinstance(one, Attention)
    assert one.weights.shape == (1, 1, 2, 2)
    assert one.weights.dtype == np.float32
    assert [(t.text, t.word) for t in one.query_tokens] == [("the", 0), ("fox", 1)]
    assert one.label == "mine"
    assert not one.masked.any()
    assert one.masked.shape == (1, 2, 2)


@pytest.mark.parametrize("shape", [(2, 2), (3, 2, 2), (4, 3, 2, 2)])
def test_missing_dimensions_are_added(define: Callable[..., None], shape: tuple[int, ...]) -> None:
    define({"tokens": ("the", "fox"), "weights": np.full(shape, 0.5).tolist()})
    one = run()
    assert isinstance(one, Attention)
    assert one.weights.shape == (1,) * (4 - len(shape)) + shape


def test_everything_the_protocol_knows(define: Callable[..., None]) -> None:
    define(
        {
            "tokens": ["<s>", "fox"],
            "key_tokens": ["der", "Fuchs", "lief"],
            "weights": [[1, 0, 0], [0.5, 0.5, 0]],
            "masked": [[False, True, True], [False, False, True]],
            "special": [True, False],
        }
    )
    one = run()
    assert isinstance(one, Attention)
    assert [(t.text, t.special, t.word) for t in one.query_tokens] == [
        ("<s>", True, None),
        ("fox", False, 0),
    ]
    assert [t.text for t in one.key_tokens] == ["der", "Fuchs", "lief"]
    assert one.masked.tolist() == [[[False, True, True], [False, False, True]]]
    assert one.part == "cross"


def test_special_tokens_by_their_texts(define: Callable[..., None]) -> None:
    define({"tokens": ["<s>", "fox"], "weights": EVEN, "special": ["<s>"]})
    one = run()
    assert isinstance(one, Attention)
    assert [t.special for t in one.query_tokens] == [True, False]


def test_it_is_called_with_what_was_asked(define: Callable[..., None]) -> None:
    calls = []

    def attend(*args: Any, **options: Any) -> Any:
        calls.append((args, options))
        return ["a", "b"], EVEN

    define(attend)
    run()
    run(Request(SOURCE, "a", pair="b", target="c", part="decoder"))
    assert calls == [
        (("the fox",), {}),
        (("a",), {"pair": "b", "target": "c", "part": "decoder"}),
    ]


def test_tensors_are_taken_without_their_library(define: Callable[..., None]) -> None:
    class Tensor:
        dtype = "torch.bfloat16"

        def __init__(self, log: list[str]) -> None:
            self.log = log

        def __getattr__(self, name: str) -> Any:
            if name not in {"detach", "cpu", "float"}:
                raise AttributeError(name)
            self.log.append(name)
            return lambda: self

        def numpy(self) -> Any:
            return EVEN

    log: list[str] = []
    define((["the", "fox"], Tensor(log)))
    assert isinstance(run(), Attention)
    assert [name for name in log if name != "detach"] == ["cpu", "float"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "NoneType"),
        ("text", "str"),
        ({"tokens": ["a", "b"]}, "no weights"),
        ({"tokens": ["a", "b"], "weights": EVEN, "masks": 1}, "'masks' is not known"),
        (("a b", EVEN), "tokens is a str"),
        ((["a", 1], EVEN), "holds 1"),
        ((["a"], EVEN), "1 query tokens"),
        ((["a", "b"], [0.5, 0.5]), "(2,)"),
        ((["a", "b"], [[1], [0.5, 0.5]]), "no array"),
        ((["a", "b"], [["x", "y"], ["z", "x"]]), "not real numbers"),
        ((["a", "b"], [[0.5, 0.5], [float("nan"), 1]]), "row 1, column 0 is not a finite"),
        ((["a", "b"], [[1.5, -0.5], [0, 1]]), "negative"),
        ((["a", "b"], [[1, 0], [0.5, 0.25]]), "row 1 sums to 0.750"),
        ({"tokens": ["a", "b"], "weights": EVEN, "special": [True]}, "special has 1"),
        ({"tokens": ["a", "b"], "weights": EVEN, "special": 3}, "special is a int"),
        ({"tokens": ["a", "b"], "weights": EVEN, "masked": [True]}, "masked has the shape (1,)"),
        (
            {"tokens": ["a", "b"], "weights": EVEN, "masked": [[False, True], [False, False]]},
            "masked and yet not zero",
        ),
    ],
)
def test_wrong_answers(define: Callable[..., None], answer: Any, says: str) -> None:
    define(answer)
    error = run()
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.FUNCTION
    assert says in error.message
    assert error.message.startswith("authors_own:attend")


def test_a_function_that_raises(define: Callable[..., None]) -> None:
    def attend(_: str) -> None:
        raise KeyError("first\nsecond")

    define(attend)
    error = run()
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.FUNCTION
    assert "raised KeyError" in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no_such_module_at_all:f", "cannot be imported"),
        ("authors_own:missing", "no function 'missing'"),
        ("authors_own", "package.module:function"),
        (":f", "package.module:function"),
    ],
)
def test_a_function_that_is_not_there(define: Callable[..., None], name: str, says: str) -> None:
    define(None)
    error = run(Request(FunctionSource("mine", name), "the fox"))
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.FUNCTION
    assert says in error.message


def test_a_matrix_is_opened_the_same_way() -> None:
    assert isinstance(run(Request(MatrixSource(text="1 0\n0.5 0.5"), "the fox")), Attention)
    error = run(Request(MatrixSource(text="1 0\n0.5 0.6"), "the fox"))
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.MATRIX
