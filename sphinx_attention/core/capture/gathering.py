"""The answers to the sentences of a summary, until all of them are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.summaries import maker as maker_of
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import beginning

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import Request

    Answer = Attention | AttentionError


class Gathering:
    """One summary that is being made.

    Args:
        request: the request for the summary.

    Attributes:
        request: the same.
        maker: makes the summary, and takes the answers.

    Raises:
        AttentionError: a library that the summary needs is missing.
    """

    def __init__(self, request: Request) -> None:
        assert request.summary is not None
        self.request = request
        self._texts = request.summary.texts
        self._left = set(range(len(self._texts)))
        self._error: AttentionError | None = None
        with guarded(Problem.OPTION, self._making):
            self.maker = maker_of(request)

    @property
    def _making(self) -> str:
        assert self.request.summary is not None
        return f"making the {self.request.summary.kind} of {self.request.what}"

    @property
    def is_done(self) -> bool:
        """Whether all sentences are answered, or one of them failed."""
        return not self._left or self._error is not None

    def add(self, number: int, answer: Answer) -> None:
        """Take the answer to a sentence. The first error ends the summary."""
        self._left.discard(number)
        try:
            if isinstance(answer, AttentionError):
                raise answer
            with guarded(Problem.OPTION, self._making):
                self.maker.add(number, answer)
        except AttentionError as error:
            self._error = self._located(error, number)

    def _located(self, error: AttentionError, number: int) -> AttentionError:
        """The error with the sentence that it is about."""
        base = self.request.bases[number]
        what = "sentence" if base.text else "picture"
        return error.about(base.subject, f"{what} {number + 1}, {beginning(base.subject)}")

    def result(self) -> Answer:
        """The summary, or the error that ended it."""
        if self._error is not None:
            return self._error
        try:
            with guarded(Problem.OPTION, self._making):
                return self.maker.finish()
        except AttentionError as error:
            return error
