"""From requests to attentions: what the store has is read, what it lacks is computed, once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from .errors import AttentionError, Problem
from .request import FunctionSource, MatrixSource, ModelSource, Request
from .sources import Runner, open_source
from .sources.matrix import read as read_matrix
from .store import DamagedEntryError, Store

if TYPE_CHECKING:
    from .attention import Attention

Mode = Literal["auto", "frozen", "refresh"]

_KEPT_READY = 8
"""How many attentions stay decoded: enough for a page, and flat in the number of figures."""

Opener = Callable[[ModelSource | FunctionSource], AbstractContextManager[Runner]]


class Library:
    """Where hosts get attentions from.

    Args:
        store: where computed attentions are kept.
        mode: ``auto`` computes what the store lacks, ``frozen`` nothing, ``refresh`` everything.
        opener: opens a source; loads nothing before the first request is run.
    """

    def __init__(self, store: Store, mode: Mode = "auto", opener: Opener = open_source) -> None:
        self.store = store
        self.mode = mode
        self.failures: dict[str, AttentionError] = {}
        self.damaged: dict[str, str] = {}
        self._opener = opener
        self.unstored: dict[str, Attention] = {}
        self._ready: OrderedDict[str, Attention] = OrderedDict()

    def missing(self, requests: Iterable[Request]) -> list[Request]:
        """Those requests that have to be computed, each key once, in order.

        Every entry that is there is read and verified: an entry that turns out damaged only when
        a page is written would come too late. What is found damaged is noted in ``damaged``.
        """
        wanted: dict[str, Request] = {}
        for request in requests:
            if isinstance(request.source, MatrixSource) or request.key in wanted:
                continue
            if self.mode == "refresh" or not self._sound(request.key):
                wanted[request.key] = request
        return list(wanted.values())

    def _sound(self, key: str) -> bool:
        if key in self.unstored:
            return True
        try:
            return self.store.has(key)
        except (DamagedEntryError, OSError) as error:
            self.damaged[key] = str(error)
            return False

    def capture(self, requests: Iterable[Request]) -> Iterator[tuple[Request, str]]:
        """Compute requests, grouped by source, and store each as soon as it is ready.

        A generator, so that hosts can show progress. What fails is noted in ``failures`` and not
        stored.

        Yields:
            Each request when it is done, and what it was made with, for progress displays.
        """
        pending = [r for r in requests if not isinstance(r.source, MatrixSource)]
        pending.sort(key=lambda request: repr(request.source))
        for source, group in groupby(pending, key=lambda request: request.source):
            assert not isinstance(source, MatrixSource)
            for request, answer in self._run(source, list(group)):
                self._take(request, answer)
                yield request, source.label

    def _run(
        self, source: ModelSource | FunctionSource, requests: list[Request]
    ) -> Iterator[tuple[Request, Attention | AttentionError]]:
        left = {request.key: request for request in requests}
        try:
            with self._opener(source) as runner:
                for request, answer in runner.run(requests):
                    left.pop(request.key, None)
                    yield request, answer
        except AttentionError as error:
            for request in left.values():
                yield request, error

    def _take(self, request: Request, answer: Attention | AttentionError) -> None:
        key = request.key
        self.failures.pop(key, None)
        if isinstance(answer, AttentionError):
            self.failures[key] = answer
            return
        try:
            self.store.put(request, answer)
        except AttentionError as error:
            # A full disk or a read-only store must not cost the reader the picture.
            self.unstored[key] = answer
            self.damaged[key] = error.message

    def get(self, request: Request) -> Attention:
        """The attention of a request. Computes nothing but a matrix's softmax.

        Raises:
            AttentionError: why it cannot be had.
        """
        if request.key in self._ready:
            self._ready.move_to_end(request.key)
            return self._ready[request.key]
        attention = self._find(request)
        self._ready[request.key] = attention
        while len(self._ready) > _KEPT_READY:
            self._ready.popitem(last=False)
        return attention

    def _find(self, request: Request) -> Attention:
        if isinstance(request.source, MatrixSource):
            return read_matrix(request)
        key = request.key
        if key in self.unstored:
            return self.unstored[key]
        if key in self.failures:
            raise self.failures[key]
        try:
            attention = self.store.get(key)
        except (DamagedEntryError, OSError) as error:
            raise AttentionError(
                Problem.STORE, f"the entry {self.store.path(key)} cannot be used: {error}"
            ) from error
        if attention is None:
            raise AttentionError(Problem.FROZEN, self._how_to_fill(request))
        return attention

    def _how_to_fill(self, request: Request) -> str:
        assert not isinstance(request.source, MatrixSource)
        return (
            f"the attention of {request.source.label} over “{request.text}” is not in the store "
            f"{self.store.root}, and attention_mode is {self.mode!r}, so that no model runs. Build "
            "once where the model can run (`pip install 'sphinx-attention[models]'`, then "
            "`sphinx-build -D attention_mode=auto …`) and commit the folder"
        )
