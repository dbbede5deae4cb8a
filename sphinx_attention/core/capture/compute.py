"""The answers of sources to requests. Each source is opened once for all of its requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.analysis.parts import of_layers
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource
from sphinx_attention.core.sources import Runner

from .gathering import Gathering

if TYPE_CHECKING:
    from sphinx_attention.core.request import Request, Source

Answer = Attention | AttentionError
Opener = Callable[[ModelSource | FunctionSource], AbstractContextManager[Runner]]


def compute(
    requests: Iterable[Request],
    opener: Opener,
    gather: Callable[[Request], Gathering] = Gathering,
) -> Iterator[tuple[Request, Answer]]:
    """Compute requests, grouped by source.

    Requests that differ only in what is derived from an answer share one answer of the source. The
    derived numbers are made from the answer itself, not from the rounded numbers of a store. The
    sentences of a summary are run together with all other requests, and only the summary is
    yielded.

    Args:
        requests: what to compute.
        opener: opens a source.
        gather: begins a summary.

    Yields:
        Each request with its attention or its error, as soon as it is ready.
    """
    pending = sorted(requests, key=lambda request: repr(request.source))
    for source, group in groupby(pending, key=lambda request: request.source):
        wanted: dict[str, list[_Wanted]] = {}
        for request in group:
            if request.summary is None:
                wanted.setdefault(request.base.key, []).append(_Wanted(request))
                continue
            try:
                gathering = gather(request)
            except AttentionError as error:
                yield request, error
                continue
            for number, one in enumerate(request.bases):
                wanted.setdefault(one.base.key, []).append(_Wanted(one, gathering, number))
        requested = [same[0].request.base for same in wanted.values()]
        for base, answer in _run(source, requested, opener) if requested else ():
            for use in wanted[base.key]:
                yield from use.answered(answer)


@dataclass(frozen=True)
class _Wanted:
    """A use of an answer.

    Attributes:
        request: the request with what is derived from the answer.
        gathering: the summary that the answer is for; None for the request itself.
        number: the number of the sentence in the summary.
    """

    request: Request
    gathering: Gathering | None = None
    number: int = 0

    def answered(self, answer: Answer) -> Iterator[tuple[Request, Answer]]:
        """The request with its answer, or the summary once its last sentence is answered."""
        if self.gathering is None:
            yield self.request, _derived(answer, self.request)
        elif not self.gathering.is_done:
            self.gathering.add(self.number, _derived(answer, self.request))
            if self.gathering.is_done:
                yield self.gathering.request, self.gathering.result()


def read_matrix(request: Request) -> Attention:
    """The attention of a matrix that the author wrote, or of a file that the author named.

    Raises:
        AttentionError: the matrix cannot be read.
    """
    # The import is here because most projects have no matrix.
    from sphinx_attention.core.sources.matrix import read  # noqa: PLC0415

    return read(request)


def _run(
    source: Source, requests: list[Request], opener: Opener
) -> Iterator[tuple[Request, Answer]]:
    if isinstance(source, MatrixSource):
        yield from ((request, _read(request)) for request in requests)
        return
    left = {request.key: request for request in requests}
    try:
        with _bounded(source), opener(source) as runner:
            yield from _answers(runner, left)
    except AttentionError as error:
        for request in left.values():
            yield request, error


def _answers(runner: Runner, left: dict[str, Request]) -> Iterator[tuple[Request, Answer]]:
    """The answers of a runner. Each request that is answered is removed from `left`."""
    try:
        with _bounded(next(iter(left.values())).source):
            for request, answer in runner.run(list(left.values())):
                left.pop(request.key, None)
                yield request, answer
    except AttentionError as error:
        if not error.trace or len(left) == 1:
            raise
    # An unexpected error may come from one text only. The others are tried one by one.
    for request in list(left.values()):
        try:
            with _bounded(request.source, request.subject):
                ((_, answer),) = runner.run([request])
        except AttentionError as error:
            answer = error
        del left[request.key]
        yield request, answer


def _bounded(source: Source, text: str | None = None) -> AbstractContextManager[None]:
    """A context in which every exception of a source becomes an `AttentionError`."""
    problem = Problem.FUNCTION if isinstance(source, FunctionSource) else Problem.MODEL
    over = "" if text is None else f" over “{text}”"
    return guarded(problem, f"{source.label}{over}", subject=text or "", exits=True)


def _read(request: Request) -> Answer:
    try:
        what = f"reading the weights over “{request.subject}”"
        with guarded(Problem.MATRIX, what, subject=request.subject):
            return read_matrix(request)
    except AttentionError as error:
        return error


def _derived(answer: Answer, request: Request) -> Answer:
    if isinstance(answer, AttentionError):
        return answer
    try:
        what = f"deriving the attention over “{request.subject}”"
        with guarded(Problem.OPTION, what, subject=request.subject):
            return derive(of_layers(answer, request.layers), request)
    except AttentionError as error:
        return error
