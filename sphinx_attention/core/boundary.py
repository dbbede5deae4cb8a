"""The boundary between foreign input and this package: every failure becomes an `AttentionError`.

A document, a file, a model folder or a function may break the code that reads it in unexpected
ways. `guarded` stands once at each place where such input is read. It turns every unexpected
exception into an error that names the figure. A build then ends with a warning, and not with a
traceback.
"""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import AttentionError, Problem
from .text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_REASON = 200
"""The most characters of an exception's own words in a message."""


@contextmanager
def guarded(
    problem: Problem, what: str, *, subject: str = "", exits: bool = False, private: bool = False
) -> Iterator[None]:
    """Turn every exception of a block into an `AttentionError`.

    An `AttentionError` passes unchanged. So do exceptions that end a program: `KeyboardInterrupt`,
    `GeneratorExit` and, unless ``exits`` is set, `SystemExit`. The function also works as a
    decorator. A generator has to be guarded inside, where its body runs.

    Args:
        problem: the kind of the problem. A lack of memory is always `Problem.MEMORY`.
        what: the thing that failed, as the subject of a sentence: ``the file weights.npy``.
        subject: the sentence or picture that ``what`` names; empty if it names none.
        exits: whether `SystemExit` is an error, too, as in an author's function.
        private: whether the exception's own words are left out, because they may quote a file.

    Raises:
        AttentionError: with the exception as its cause and the traceback as ``trace``.
    """
    try:
        yield
    except AttentionError:
        raise
    except Exception as error:
        raise as_attention_error(error, problem, what, subject=subject, private=private) from error
    except BaseException as error:
        if not (is_panic(error) or (exits and isinstance(error, SystemExit))):
            raise
        raise as_attention_error(error, problem, what, subject=subject, private=private) from error


def as_attention_error(
    error: BaseException,
    problem: Problem,
    what: str,
    *,
    subject: str = "",
    private: bool = False,
) -> AttentionError:
    """The error that `guarded` raises instead of another exception."""
    if isinstance(error, MemoryError):
        problem = Problem.MEMORY
    message = f"{what} failed: {reason(error, private=private)}"
    trace = "".join(traceback.format_exception(error))
    return AttentionError(problem, message, trace, subject=subject)


def reason(error: BaseException, *, private: bool = False) -> str:
    """The reason of a failure on one line: the exception's type, and its own words.

    Args:
        error: the exception.
        private: whether its words are left out.
    """
    kind = type(error).__name__
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, SystemExit):
        return f"it ended the program (SystemExit: {error.code})"
    try:
        words = "" if private else clean_line(str(error))
    except Exception:  # noqa: BLE001 - an exception of a stranger's may not even have words
        words = ""
    if len(words) > _LONGEST_REASON:
        words = f"{words[:_LONGEST_REASON]}…"
    return f"{kind}: {words}" if words else kind


def is_panic(error: BaseException) -> bool:
    """Whether Rust code panicked. Its exception is no `Exception`, so ordinary handlers miss it."""
    return any(kind.__name__ == "PanicException" for kind in type(error).__mro__)
