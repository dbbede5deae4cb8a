"""The boundary turns every exception of foreign code into one kind of error."""

from __future__ import annotations

import pickle

import pytest

from sphinx_attention.core.boundary import guarded, is_panic
from sphinx_attention.core.errors import AttentionError, Problem


class PanicException(BaseException):
    """An exception as Rust code raises it through pyo3."""


class Wordless(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "problem", "message"),
    [
        (ValueError("bad\nthing"), Problem.MATRIX, "the file w.npy failed: ValueError: bad thing"),
        (RecursionError(), Problem.MATRIX, "the file w.npy failed: it is nested too deeply"),
        (MemoryError(), Problem.MEMORY, "the file w.npy failed: there is not enough memory"),
        (PanicException("p"), Problem.MATRIX, "the file w.npy failed: PanicException: p"),
        (Wordless(), Problem.MATRIX, "the file w.npy failed: Wordless"),
        (KeyError(), Problem.MATRIX, "the file w.npy failed: KeyError"),
        (OSError("x" * 5000), Problem.MATRIX, f"the file w.npy failed: OSError: {'x' * 200}…"),
    ],
)
def test_every_exception_becomes_an_attention_error(
    error: BaseException, problem: Problem, message: str
) -> None:
    with pytest.raises(AttentionError) as caught, guarded(Problem.MATRIX, "the file w.npy"):
        raise error
    assert (caught.value.problem, caught.value.message) == (problem, message)
    assert caught.value.__cause__ is error
    assert "test_boundary.py" in caught.value.trace
    assert pickle.loads(pickle.dumps(caught.value)).trace == caught.value.trace


def test_an_attention_error_passes_unchanged() -> None:
    ours = AttentionError(Problem.TEXT, "empty")
    with pytest.raises(AttentionError) as caught, guarded(Problem.MATRIX, "the file"):
        raise ours
    assert caught.value is ours
    assert not ours.trace


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_exceptions_that_end_a_program_pass(ending: type[BaseException]) -> None:
    with pytest.raises(ending), guarded(Problem.MATRIX, "the file"):
        raise ending


def test_an_authors_function_may_not_end_the_program() -> None:
    with (
        pytest.raises(AttentionError, match="ended the program"),
        guarded(Problem.FUNCTION, "the function m:f", exits=True),
    ):
        raise SystemExit(2)
    with pytest.raises(KeyboardInterrupt), guarded(Problem.FUNCTION, "f", exits=True):
        raise KeyboardInterrupt


def test_private_attributes_are_not_named() -> None:
    with (
        pytest.raises(AttentionError) as caught,
        guarded(Problem.MATRIX, "the file", private=True),
    ):
        float("password=hunter2")
    assert caught.value.message == "the file failed: ValueError"


def test_it_decorates_functions() -> None:
    @guarded(Problem.MODEL, "the model")
    def run() -> None:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(AttentionError, match="the model failed"):
            run()
    assert is_panic(PanicException())
    assert not is_panic(KeyboardInterrupt())
