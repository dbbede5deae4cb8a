"""Possible problems: the subtypes of warnings, and the exceptions that carry them."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .host_words import in_words, named, using

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .host_words import HostWords


class Problem(StrEnum):
    """The subtype of a warning; ``suppress_warnings`` takes ``attention.<value>``."""

    OPTION = "option"
    """An option, or the value of one, that is not known."""
    MATRIX = "matrix"
    """Given weights that are not numbers, not a matrix, or do not fit their tokens."""
    PICTURE = "picture"
    """A picture that cannot be read, is too large, or has no description."""
    TEXT = "text"
    """A text that is missing, empty, or longer than the model takes."""
    MODEL = "model"
    """A model that is not declared, not found, or has no attention to show."""
    NETWORK = "network"
    """A model that has to be downloaded and cannot be downloaded."""
    INSTALL = "install"
    """A package that has to be installed first."""
    FUNCTION = "function"
    """A Python function that cannot be imported, or returns something else than attention."""
    MEMORY = "memory"
    """A model or text that does not fit in the memory."""
    FROZEN = "frozen"
    """An attention that is not in the store, in a build that may not compute it."""
    STORE = "store"
    """A store, or an entry of it, that cannot be read or written."""
    REFERENCE = "reference"
    """A figure, a head or a token to which the prose refers and which does not exist."""
    CHECK = "check"
    """A claim about a figure's numbers that is false, or that cannot be checked."""
    TRANSLATION = "translation"
    """A phrase in a project's message catalogue that cannot be used."""
    BUDGET = "budget"
    """A page whose figures are larger than the project allows."""
    LATEX = "latex"
    """A character or a picture that the program behind a PDF cannot set."""
    CONFIG = "config"
    """A wrong value in the project's configuration."""


class AttentionError(Exception):
    """A problem that the author of a page can solve.

    The message says what is wrong and what to do; the host adds the file and the line.

    Attributes:
        problem: the kind of the problem.
        neutral: one sentence without a full stop, with marks in the place of names of options and
            settings (see `host_words`). This sentence is stored, and other messages contain it.
        trace: the traceback of an unexpected exception, for ``-v``; empty otherwise.
        line: the wrong line of a given body, counted from 1; None for other errors.
        setting: the name of the wrong setting of the project, if no page is the cause; empty
            otherwise. The host reports such an error once.
        subject: the sentence or picture that the message names as the one that failed; empty if the
            message names none.
        words: the words of the host in which the error was raised (see `speaking`); None for the
            current host.
    """

    def __init__(
        self,
        problem: Problem,
        message: str,
        trace: str = "",
        *,
        line: int | None = None,
        setting: str = "",
        subject: str = "",
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.neutral = message
        self.trace = trace
        self.line = line
        self.setting = setting
        self.subject = subject
        self.words: HostWords | None = None

    @property
    def message(self) -> str:
        """The sentence in the words of the host."""
        return in_words(self.neutral, self.words)

    def about(self, subject: str, called: str) -> AttentionError:
        """This error with the sentence or picture that failed at the beginning of its message.

        An error whose message names the subject already stays as it is.

        Args:
            subject: the sentence or the name of the picture.
            called: the words for it, such as ``sentence 2, “a fox”``.
        """
        if self.subject == subject:
            return self
        named = AttentionError(
            self.problem,
            f"{called}: {self.neutral}",
            self.trace,
            setting=self.setting,
            subject=subject,
        )
        named.words = self.words
        return named

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception pickles only `args`, and builds pass errors between processes.
        names = ("line", "setting", "subject", "words")
        kept = {name: getattr(self, name) for name in names}
        return (type(self), (self.problem, self.neutral, self.trace), kept)


ErrorFields = tuple[str, str, str, str, str]
"""Problem, neutral message, traceback, setting and subject of an error, as JSON holds them."""


def fields_of(error: AttentionError) -> ErrorFields:
    """The fields of an error for another process, or for a file."""
    return str(error.problem), error.neutral, error.trace, error.setting, error.subject


def error_of(fields: Iterable[str]) -> AttentionError:
    """The error from its fields.

    Raises:
        ValueError: the fields are those of no error.
    """
    problem, message, trace, setting, subject = map(str, fields)
    return AttentionError(Problem(problem), message, trace, setting=setting, subject=subject)


@contextmanager
def in_words_of(words: HostWords) -> Iterator[None]:
    """Use the words of a host during a block, and permanently in the error that ends the block.

    This is for a host that is called within another, as Python's functions are in a build of
    Sphinx.
    """
    with using(words):
        try:
            yield
        except AttentionError as error:
            error.words = error.words or words
            raise


class InvalidValueError(AttentionError):
    """A value that an option or a setting does not accept.

    Attributes:
        name: the name of the option or the setting.
        value: the value as it was written.
        why: what is wrong with the value, and the expected values.
    """

    def __init__(
        self, name: str, value: object, why: str, problem: Problem = Problem.OPTION
    ) -> None:
        super().__init__(problem, f"invalid value {value} for {named(name)}: {why}")
        self.name = name
        self.value = value
        self.why = why

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.name, self.value, self.why, self.problem))
