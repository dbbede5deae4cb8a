"""Sources, which answer requests with attentions."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import FunctionSource, ModelSource, Request, Source
from sphinx_attention.core.sources.builtin import is_builtin, is_vision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Answer = Attention | AttentionError


class Runner(Protocol):
    """Answers the requests of one source."""

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Answer each request once, in any order, as soon as its answer is known.

        Args:
            requests: requests for the runner's own source.

        Yields:
            A request and its attention, or the error instead of an attention.
        """
        ...


class _EachRunner:
    """A runner that answers each request by itself."""

    def __init__(self, read: Callable[[Request], Attention]) -> None:
        self._read = read

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        for request in requests:
            try:
                answer: Answer = self._read(request)
            except AttentionError as error:
                answer = error
            yield request, answer


def open_source(source: Source) -> AbstractContextManager[Runner]:
    """The runner of a source, to be used in a ``with``.

    Nothing is loaded before the first request. The first request for a model imports torch and
    transformers, and the first request for a function imports the author's module. The built-in
    models run in NumPy, even if torch is installed.
    """
    if is_vision(source):
        from .builtin import vision  # noqa: PLC0415 - only some notes use this model

        return nullcontext(_EachRunner(vision.read))
    if is_builtin(source):
        from .builtin import runner  # noqa: PLC0415 - only some notes use this model

        return nullcontext(_EachRunner(runner.read))
    if isinstance(source, ModelSource):
        from sphinx_attention.core.sources.huggingface.runner import ModelRunner  # noqa: PLC0415 - only notes with a model

        return ModelRunner(source)
    if isinstance(source, FunctionSource):
        from . import function  # noqa: PLC0415

        return nullcontext(_EachRunner(function.reader()))
    from . import matrix  # noqa: PLC0415

    return nullcontext(_EachRunner(matrix.read))
