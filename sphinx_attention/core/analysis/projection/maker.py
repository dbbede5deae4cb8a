"""The summary ``map``: places of the queries and keys of all sentences, for each head.

Arrays of each head, where N is the number of all tokens:

- of each projection, its name (2·N, 2): the places of the queries and then of the keys, uint16, on
  a square of 65,536 steps;
- ``fidelity-<projection>`` (3,): see `fidelity.Fidelity`;
- ``weights`` (W,): the weights of each sentence, row by row, in thousandths, `MASKED` where a query
  does not see a key, or likewise the shares of what the head writes; of sentences with more than
  `LONGEST` tokens there are none;
- ``norms`` (2·N,): the lengths of the queries and then of the keys, uint16;
- ``values`` (N,): likewise of the values, where the source gives them and there are weights;
- ``tops`` (3,): the length for which 65,535 stands in queries, keys and values;
- ``c-<projection>`` (1,): the factor of queries and keys (see `scaling`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis import logits
from sphinx_attention.core.analysis.parts import position, select
from sphinx_attention.core.attention import Summary
from sphinx_attention.core.codes import head_codes
from sphinx_attention.core.constants import SHARED
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.progress import announce

from .fidelity import fidelity
from .methods import check_installed, place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, LogitTerms
    from sphinx_attention.core.request import Request

    from .methods import Placed

    Floats = NDArray[np.float64]

LONGEST = 64
"""The most tokens of a sentence whose weights a map keeps."""

MOST_OF_PICTURES = 600_000
"""The most weights of a head that a map keeps of pictures with more tokens than `LONGEST`."""

MOST_TOKENS = 60_000
"""The most tokens of all sentences."""

TOP: int = SHARED["top"]
"""The largest number of an array of the type uint16."""


class MapMaker:
    """Makes the summary (see `summaries.Maker`)."""

    def __init__(self, request: Request) -> None:
        assert request.summary is not None
        parameters = dict(request.summary.parameters)
        self._methods: tuple[str, ...] = tuple(dict.fromkeys(parameters["projection"].split(",")))
        self._heads: tuple[int, ...] | None = parameters.get("heads")
        check_installed(self._methods)
        self._found: dict[int, Attention] = {}

    def add(self, number: int, attention: Attention) -> None:
        """Take the attention over a sentence."""
        if not attention.same_tokens:
            raise AttentionError(
                Problem.OPTION,
                "cross-attention has queries of one text and keys of another, and a map shows "
                f"those of one text: name encoder or decoder in {named('part')}",
            )
        if attention.queries is None or attention.keys is None:
            why = ENGLISH.remark(logits.missing(attention))
            raise AttentionError(Problem.MODEL, f"a map shows queries and keys, and {why}")
        if self._heads is not None:
            names = attention.head_names
            kept = [position("head", head, names, "heads") for head in self._heads]
            attention = select(attention, None, kept)
        self._found[number] = attention

    def finish(self) -> Attention:
        """Project every head."""
        bases = [self._found[number] for number in sorted(self._found)]
        sizes = [len(base.query_tokens) for base in bases]
        if sum(sizes) > MOST_TOKENS:
            raise AttentionError(
                Problem.TEXT,
                f"the sentences have {sum(sizes):,} tokens: expected at most {MOST_TOKENS:,}",
            )
        first = bases[0]
        sentences = np.repeat(np.arange(len(bases)), sizes)
        seen = np.repeat([base.causal for base in bases], sizes)
        arrays: dict[str, list[Any]] = {}
        facts: dict[str, Any] = {"perplexity": {}, "instead": []}
        heads = first.layers * first.heads
        if heads * sum(sizes) > _SLOW:
            announce(f"the map places {2 * sum(sizes):,} points for each of {heads} heads")
        for layer in range(first.layers):
            scale = _scale(first, layer)
            for head in range(first.heads):
                found = _head(bases, layer, head)
                for name, array in found.arrays.items():
                    arrays.setdefault(name, []).append(array)
                for method in self._methods:
                    placed = place(method, found.queries, found.keys, scale)
                    _note(facts, method, placed)
                    steps = steps_of(placed.places)
                    measured = fidelity(
                        found.queries * scale, found.keys, steps.astype(np.float64), sentences, seen
                    )
                    numbers = [measured.near, measured.own, measured.order]
                    arrays.setdefault(method, []).append(steps)
                    arrays.setdefault(f"fidelity-{method}", []).append(
                        np.array(numbers, np.float32)
                    )
                    arrays.setdefault(f"c-{method}", []).append(np.array([placed.c], np.float32))
        facts["apart"] = _apart(first.logit_terms)
        facts["long"] = sorted(_long(bases))
        facts["projections"] = list(self._methods)
        shape = (first.layers, first.heads)
        summary = Summary(
            "map",
            tuple(base.query_tokens for base in bases),
            {name: np.stack(a).reshape(*shape, *a[0].shape) for name, a in arrays.items()},
            {},
            facts,
        )
        return replace(
            first,
            queries=None,
            keys=None,
            values=None,
            alphas=None,
            logit_terms=None,
            summary=summary,
        )

    def differs(self, stored: Summary) -> str:
        """How the fidelity of a stored map differs from what its own places give.

        The fidelity is measured on the stored places and on the logits of the sentences that were
        added. Empty if there is no difference.
        """
        bases = [self._found[number] for number in sorted(self._found)]
        sizes = [len(base.query_tokens) for base in bases]
        sentences = np.repeat(np.arange(len(bases)), sizes)
        seen = np.repeat([base.causal for base in bases], sizes)
        first = bases[0]
        for layer, head in np.ndindex(first.layers, first.heads):
            found, scale = _head(bases, layer, head), _scale(first, layer)
            for method in self._methods:
                places = stored.arrays[method][layer, head].astype(np.float64)
                now = fidelity(found.queries * scale, found.keys, places, sentences, seen)
                was = stored.arrays[f"fidelity-{method}"][layer, head]
                gap = np.abs(was - np.array([now.near, now.own, now.order]))
                if not (gap <= FIDELITY).all():
                    name = f"{first.layer_names[layer]}.{first.head_names[head]}"
                    return (
                        f"the fidelity of its projection {method} does not fit its places: "
                        f"{_three(was)} is stored, and they have "
                        f"{_three((now.near, now.own, now.order))} (head {name})"
                    )
        return ""


FIDELITY = 0.01
"""How far a stored fidelity may be from that of the stored places: some near neighbours change
with the rounding of logits."""


def _three(numbers: Iterable[float]) -> str:
    return ", ".join(f"{number:.3f}" for number in numbers)


_SLOW = 50_000
"""From this number of points of all heads on, a message announces the projection."""


class _Head:
    """The vectors of one head over all sentences, and the arrays that do not depend on a method."""

    def __init__(self, queries: Floats, keys: Floats, arrays: dict[str, NDArray[Any]]) -> None:
        self.queries, self.keys, self.arrays = queries, keys, arrays


def _head(bases: list[Attention], layer: int, head: int) -> _Head:
    def concatenated(name: str) -> Floats:
        parts = []
        for base in bases:
            vectors = getattr(base, name)
            shared = head * vectors.shape[1] // base.heads
            parts.append(vectors[layer, shared].astype(np.float64))
        return np.concatenate(parts)

    queries, keys = concatenated("queries"), concatenated("keys")
    lengths = [np.linalg.norm(queries, axis=1), np.linalg.norm(keys, axis=1)]
    arrays: dict[str, NDArray[Any]] = {}
    # Shares of what a head writes contain the lengths of values already.
    if all(base.values is not None and not base.written for base in bases):
        lengths.append(np.linalg.norm(concatenated("values"), axis=1))
    tops = [float(one.max()) or 1.0 for one in lengths]
    steps = [
        np.rint(one / top * TOP).astype(np.uint16) for one, top in zip(lengths, tops, strict=True)
    ]
    arrays["norms"] = np.concatenate(steps[:2])
    if len(steps) > 2:
        arrays["values"] = steps[2]
    arrays["tops"] = np.array([*tops, 0.0][:3], np.float32)
    long = _long(bases)
    kept = [head_codes(base, layer, head).ravel() for n, base in enumerate(bases) if n not in long]
    arrays["weights"] = np.concatenate(kept or [np.zeros(1, np.int16)]).astype(np.uint16)
    return _Head(queries, keys, arrays)


def _long(bases: list[Attention]) -> set[int]:
    """The numbers of the sentences and pictures whose weights are too many to keep."""
    sizes = [len(base.query_tokens) for base in bases]
    found = {number for number, size in enumerate(sizes) if size > LONGEST}
    if not any(token.patch is not None for base in bases for token in base.query_tokens):
        return found
    # A picture has many more tokens than a sentence. A few pictures are kept whole.
    room = MOST_OF_PICTURES
    for number in sorted(found):
        if sizes[number] ** 2 <= room:
            room -= sizes[number] ** 2
            found.discard(number)
    return found


def _scale(attention: Attention, layer: int) -> float:
    """The factor from a dot product to its logit: the usual one where the source names none."""
    assert attention.queries is not None
    if attention.logit_terms is None:
        return float(attention.queries.shape[-1] ** -0.5)
    return float(attention.logit_terms.scale[layer])


def steps_of(places: Floats) -> NDArray[np.uint16]:
    """Places on the square of a map. Both axes have the same scale."""
    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max()) or 1.0
    # The shorter axis is centred.
    found = (places - (low + high) / 2) / span * TOP + TOP / 2
    steps: NDArray[np.uint16] = np.rint(found).clip(0, TOP).astype(np.uint16)
    return steps


def _note(facts: dict[str, Any], method: str, placed: Placed) -> None:
    """Note the perplexity of a method, and whether the points were too few for it."""
    if placed.perplexity:
        facts["perplexity"][method] = round(placed.perplexity, 2)
    if placed.instead and method not in facts["instead"]:
        facts["instead"].append(method)


def _apart(terms: LogitTerms | None) -> list[str]:
    """The terms that a model adds to the dot product. No distance can represent such a logit."""
    if terms is None:
        return []
    found = []
    if terms.bias is not None and bool(np.any(terms.bias)):
        found.append("bias")
    if bool(np.any(terms.softcap)):
        found.append("cap")
    if terms.sinks is not None:
        found.append("sink")
    return found
