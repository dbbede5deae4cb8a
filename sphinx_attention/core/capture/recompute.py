"""Compares the entries of a store with what the model computes now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis.summaries import KINDS, Checker
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.core.store.entry import DamagedEntryError, unpack
from sphinx_attention.core.store.entry_arrays import STEPS

from .compute import compute
from .gathering import Gathering
from .library import Library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx_attention.core.attention import Attention, Summary
    from sphinx_attention.core.request import Request
    from sphinx_attention.core.store.base import Store

    from .compute import Answer, Opener

WEIGHT = 1 / STEPS + 1e-4
"""How far a stored weight may be from the new one: one quantization step and rounding."""

_RELATIVE = 1e-3
"""How far a number of these tensors may be off, relative to the largest of its kind."""

_TENSORS = ("queries", "keys", "values", "norms", "alphas")


class _Comparing(MemoryStore):
    """A store that compares answers with those of another store, and keeps only differences."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.stored = store
        self.found: dict[str, str] = {}

    def write(self, key: str, data: bytes) -> None:
        """Compare an answer with the entry of its request."""
        try:
            stored = self.stored.get(key)
        except (DamagedEntryError, OSError) as error:
            self.found[key] = str(error)
            return
        self.found[key] = compare(stored, unpack(data, key)) if stored else "it is gone"


class _CheckingLibrary(Library):
    """A library that remembers the makers of summaries, which check what a store holds of them."""

    def __init__(self, store: Store, opener: Opener) -> None:
        super().__init__(store, "refresh", opener)
        self.checkers: dict[str, Checker] = {}

    def compute(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Answer]]:
        """Compute requests (see `Library.compute`)."""
        return compute(requests, self._opener, self._gather)

    def _gather(self, request: Request) -> Gathering:
        gathering = Gathering(request)
        if isinstance(gathering.maker, Checker):
            self.checkers[request.key] = gathering.maker
        return gathering


def recompute(
    store: Store, requests: Iterable[Request], opener: Opener = open_source
) -> Iterator[tuple[Request, str]]:
    """Compute requests again, and compare.

    The places of other projections than PCA are not compared with new ones, because a library
    finds them by many small steps. Therefore the fidelity of a map is measured again, on the stored
    places and on the new answers.

    Args:
        store: the store with their entries; nothing is written to it.
        requests: the requests, with each key once.
        opener: opens a source.

    Yields:
        A request, and how its entry differs from the new answer; empty if it does not.
    """
    comparing = _Comparing(store)
    library = _CheckingLibrary(comparing, opener)
    for request, _ in library.capture(library.missing(requests)):
        # The answers to the sentences are not needed after the check.
        checker = library.checkers.pop(request.key, None)
        if error := library.failures.get(request.key):
            yield request, f"it cannot be computed: {error.message}"
            continue
        difference = comparing.found.pop(request.key)
        if not difference and checker is not None:
            stored = store.get(request.key)
            if stored is not None and stored.summary is not None:
                difference = checker.differs(stored.summary)
        yield request, difference


def compare(stored: Attention, computed: Attention) -> str:
    """How an entry differs from the new answer; empty if rounding explains the difference."""
    for name in ("query_tokens", "key_tokens"):
        was, now = ([t.text for t in getattr(a, name)] for a in (stored, computed))
        if was != now:
            return f"its tokens are {_listed(was)}, now {_listed(now)}"
    if stored.weights.shape != computed.weights.shape:
        return f"its weights have the shape {stored.weights.shape}, now {computed.weights.shape}"
    if not np.array_equal(stored.masked, computed.masked):
        return "other keys are masked now"
    gap = np.abs(stored.weights.astype(np.float64) - computed.weights)
    # NaN never matches.
    apart = ~(gap <= WEIGHT)
    if apart.any():
        worst = np.where(apart, gap, 0.0).argmax()
        layer, head, query, key = (int(n) for n in np.unravel_index(worst, gap.shape))
        head_name = f"{stored.layer_names[layer]}.{stored.head_names[head]}"
        return (
            f"{np.count_nonzero(apart)} weights differ, by {gap.max():.4f} at most ({head_name}, "
            f"{stored.query_tokens[query].text!r} to {stored.key_tokens[key].text!r}: "
            f"{stored.weights[layer, head, query, key]:.4f}, "
            f"now {computed.weights[layer, head, query, key]:.4f})"
        )
    return (
        _candidates(stored, computed)
        or _tensors(stored, computed)
        or _summaries(stored.summary, computed.summary)
    )


def _candidates(stored: Attention, computed: Attention) -> str:
    """How the probabilities of next tokens differ, compared by the texts of the tokens."""
    counts = len(stored.candidates), len(computed.candidates)
    if counts[0] != counts[1]:
        return f"it holds {counts[0]} steps, now {counts[1]}"
    for n, (was, now) in enumerate(zip(stored.candidates, computed.candidates, strict=True), 1):
        # The order of unlikely tokens may differ.
        known = {one.text: one.probability for one in now}
        for one in was:
            apart = abs(known.get(one.text, now[-1].probability) - one.probability)
            if apart > WEIGHT:
                return (
                    f"at its step {n}, the probability of {one.text!r} is {one.probability:.4f}, "
                    f"now {known.get(one.text, 0.0):.4f}"
                )
    return ""


def _tensors(stored: Attention, computed: Attention) -> str:
    for name in _TENSORS:
        was, now = getattr(stored, name), getattr(computed, name)
        if (was is None) != (now is None) or (was is not None and was.shape != now.shape):
            return f"its {name} have another shape now"
        if was is not None:
            gap = float(np.abs(was - now).max(initial=0))
            if gap > _RELATIVE * max(1.0, float(np.abs(now).max(initial=0))):
                return f"its {name} differ, by {gap:.4f} at most"
    return ""


def _summaries(stored: Summary | None, computed: Summary | None) -> str:
    if stored is None or computed is None:
        return "" if stored is computed else "only one of the two is a summary"
    if stored.sentences != computed.sentences:
        return "the tokens of its sentences have changed"
    unstable = KINDS[stored.kind].unstable if stored.kind in KINDS else frozenset()
    was, now = ({**one.arrays, **one.common} for one in (stored, computed))
    if was.keys() != now.keys():
        return f"it holds {', '.join(sorted(was))}, now {', '.join(sorted(now))}"
    for name, array in was.items():
        if array.shape != now[name].shape:
            return f"its {name} have the shape {array.shape}, now {now[name].shape}"
        gap = float(np.abs(array.astype(np.float64) - now[name]).max(initial=0))
        # Rounding moves a whole number by one at most.
        least = 1.0 if array.dtype.kind in "iu" else _RELATIVE
        largest = float(np.abs(now[name].astype(np.float64)).max(initial=0))
        if name not in unstable and gap > max(least, _RELATIVE * largest):
            return f"its {name} differ, by {gap:.4f} at most"
    return ""


def _listed(texts: list[str]) -> str:
    return " ".join(repr(text)[1:-1] for text in texts)
