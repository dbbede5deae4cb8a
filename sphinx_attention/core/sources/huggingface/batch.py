"""The layers of one pass over several texts, cut to what each request asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis.bins import LEAST_SHARE, account
from sphinx_attention.core.attention import NOTE, REST, WARNING, Attention, Part, Picture
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named
from sphinx_attention.core.remarks import join_remarks
from sphinx_attention.core.sources.generation import does_not_generate
from sphinx_attention.core.sources.logit_terms import with_logit_terms

from .items import Item, lengths_of
from .kept import Kept, block_token, one_if_equal
from .layer_call import Call, terms_of
from .logit_terms import HostTerms, host
from .projection import norms_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray


_ROW_SUM_TOLERANCE = {"float32": 2 * LEAST_SHARE, "float64": 2 * LEAST_SHARE}
_HALF_ROW_SUM_TOLERANCE = 0.02


class Batch:
    """Collects the layers of a pass and cuts them to the length of each item.

    Args:
        items: the items that run together.

    Attributes:
        rows: an item for each row of the pass; items with the same inputs share a row.
        wanted: the numbers of the layers that any item needs, by part.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._kept = [Kept() for _ in items]
        rows: dict[Hashable, int] = {}
        self._row = [rows.setdefault(item.reading, len(rows)) for item in items]
        first = {row: n for n, row in reversed(list(enumerate(self._row)))}
        self.rows = [items[first[row]] for row in range(len(rows))]
        self.wanted: dict[Part, frozenset[int]] = {}
        for item in items:
            self.wanted[item.part] = self.wanted.get(item.part, frozenset()).union(item.layers)
        source, target = (max(lengths) for lengths in zip(*(i.lengths for i in items), strict=True))
        self._lengths = lengths_of(source, target)

    def receive(self, part: Part, number: int, call: Call) -> None:
        """Keep what items of this part need from a layer, as numpy arrays on the host.

        Raises:
            AttentionError: there is not one weight for each pair of tokens.
        """
        wanted = [
            n for n, item in enumerate(self._items) if item.part == part and number in item.layers
        ]
        if not wanted:
            return
        if unfit := misfit(call, self._lengths[part]):
            label = self._items[wanted[0]].request.source.label
            raise AttentionError(
                Problem.MODEL, f"layer {number} of {label} cannot be shown: {unfit}"
            )
        weights = host(call.weights)
        masked = None if call.masked is None else call.masked.cpu().numpy()
        names = {name for n in wanted for name in self._items[n].request.keep}
        vectors = {
            name: host(tensor)
            for name in sorted(names - {"norms"})
            if (tensor := getattr(call, name)) is not None
        }
        norms = norms_of(call) if "norms" in names else None
        if norms is not None and not isinstance(norms, str):
            vectors["norms"] = host(norms)
        scores = vectors.keys() >= {"queries", "keys"}
        terms = HostTerms(terms_of(call)) if scores else None
        for n in wanted:
            item, kept, row = self._items[n], self._kept[n], self._row[n]
            queries, keys = (len(side) for side in item.sides)
            columns = call.columns(keys)
            kept.add(weights[row][:, :queries, columns], len(item.layers))
            kept.blocks.append(call.blocks_of(keys))
            kept.sinks.append(call.sinks is not None)
            if masked is not None:
                kept.add_mask(masked[row][:queries, columns])
            for name in set(item.request.keep) & vectors.keys():
                own = slice(queries) if name == "queries" else columns
                kept.add_vector(name, vectors[name][row][:, own])
            if "norms" in item.request.keep and isinstance(norms, str):
                kept.no_norms = kept.no_norms or f"in layer {number}, {norms}"
            if terms is not None and _asks_for_sums(item):
                kept.terms.append(terms.cut(row, queries, columns))

    def finish(
        self, n: int, provenance: dict[str, str], picture: Picture | None = None
    ) -> Attention:
        """The attention of one item, whose collected layers are dropped.

        Args:
            n: the number of the item.
            provenance: how the numbers were made.
            picture: the picture that the model saw; None for a text.

        Raises:
            AttentionError: the layers differ in their heads, or the numbers are not weights.
        """
        item, kept = self._items[n], self._kept[n]
        self._kept[n] = Kept()
        queries, keys = item.sides
        blocks = kept.unite(len(keys))
        weights = kept.stacked()
        if weights is None or kept.layers != len(item.layers):
            raise AttentionError(
                Problem.MODEL,
                f"the layers of {item.request.source.label} have different numbers of heads, "
                "which a figure cannot show",
            )
        sums: NDArray[np.float64] = weights.sum(axis=-1, dtype=np.float64)
        _check(weights, sums, provenance["dtype"], item)
        own = dict(provenance)
        if item.generated is not None:
            own["generated"] = item.generated
        if item.candidates:
            own["continued"] = item.continued
        if warning := next((side.warning for side in item.sides if side.warning), ""):
            own[WARNING] = warning
        if item.note:
            own[NOTE] = join_remarks((own.get(NOTE, ""), item.note))
        attention = Attention(
            query_tokens=queries.tokens,
            key_tokens=(*keys.tokens, *(block_token(keys.tokens, block) for block in blocks)),
            weights=weights,
            masked=one_if_equal(kept.masked, weights),
            part=item.part,
            label=item.request.source.label,
            queries=kept.stacked_vectors("queries"),
            keys=kept.stacked_vectors("keys"),
            values=kept.stacked_vectors("values"),
            norms=kept.stacked_vectors("norms"),
            provenance=own,
            layer_names=tuple(str(number) for number in item.layers),
            candidates=item.candidates,
            picture=picture,
        )
        _check_growth(attention)
        if _asks_for_sums(item):
            attention = with_logit_terms(attention, kept.terms)
        attention = _accounted(attention, sums, kept.sinks, _tolerance(provenance["dtype"]))
        _check_norms(attention, item, kept.no_norms)
        return attention


def misfit(call: Call, lengths: tuple[int, int]) -> str:
    """Why there is not one weight for each pair of tokens; empty if there is.

    Args:
        call: what a layer computed.
        lengths: how many tokens attend and are attended to, with padding.
    """
    shape = tuple(call.weights.shape)
    queries, keys = lengths
    if len(shape) == 4 and shape[2:] == (queries, keys + len(call.blocks)):
        return ""
    found = " × ".join(map(str, shape[2:] if len(shape) == 4 else shape[1:]))
    return f"it has {found} weights a head, and there are {queries} × {keys} pairs of tokens"


def _accounted(
    attention: Attention, sums: NDArray[np.float64], sinks: Sequence[bool], tolerance: float
) -> Attention:
    """The attention with a bin for the weight that its rows give to no token, if there is any."""
    missing = 1 - sums
    blind = np.logical_and.reduce(attention.masked, axis=-1)
    missing[np.broadcast_to(blind[:, None], missing.shape)] = 0
    lacking = missing.max(axis=(1, 2), initial=0) >= tolerance
    known = np.array(sinks, dtype=np.bool_)
    if (lacking & known).any():
        # The share of a sink may be small in some layers; it still belongs to the sink.
        attention = account(attention, (known & (missing.max(axis=(1, 2)) > 0)).tolist())
    if (lacking & ~known).any():
        attention = account(attention, (lacking & ~known).tolist(), name=REST)
    return attention


def _check_growth(attention: Attention) -> None:
    """Check that the rows of a continued text equal those of the growing text.

    Raises:
        AttentionError: a row depends on later tokens.
    """
    if not attention.candidates:
        return
    label = attention.label
    if not attention.same_tokens:
        raise does_not_generate(label, "attends to blocks of tokens, which change as a text grows")
    if not attention.causal:
        raise does_not_generate(label, "lets tokens see later ones, so that rows change")


def _check_norms(attention: Attention, item: Item, why: str) -> None:
    """Check that what each key adds is known, if it was requested.

    Args:
        attention: the answer.
        item: what was requested.
        why: the reason why it is not known; empty if it is.

    Raises:
        AttentionError: it is not known.
    """
    if "norms" not in item.request.keep:
        return
    if not why and any(token.text == REST for token in attention.key_tokens[: attention.bins]):
        why = "some of its weight falls on no token, and it is not known what that adds"
    if why:
        raise AttentionError(
            Problem.MODEL,
            f"{named('measure')}: what a head of {attention.label} writes is not to be had: {why}",
        )


def _asks_for_sums(item: Item) -> bool:
    return {"queries", "keys"} <= set(item.request.keep)


def _tolerance(dtype: str) -> float:
    return _ROW_SUM_TOLERANCE.get(dtype, _HALF_ROW_SUM_TOLERANCE)


def _check(weights: NDArray[np.float32], sums: NDArray[np.float64], dtype: str, item: Item) -> None:
    """Check that weights are at least 0 and that rows sum to at most 1.

    Raises:
        AttentionError: they do not.
    """
    label = item.request.source.label
    if not np.isfinite(sums).all():
        hint = "" if dtype == "float32" else '; declare the model with "dtype": "float32"'
        raise AttentionError(Problem.MODEL, f"{label} computes NaN in {dtype}{hint}")
    if float(weights.min()) < 0 or float(sums.max()) > 1 + _tolerance(dtype):
        raise AttentionError(
            Problem.MODEL,
            f"the attention of {label} is not a softmax: weights from {weights.min():.3f}, rows "
            f"that sum to up to {sums.max():.3f}",
        )
