"""The answer of an author's function, as a class that type checkers know."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, eq=False)
class Answer:
    """Attention over one text, as a function of an author's answers with it.

    Every array may be a NumPy array, a tensor, nested lists, or a sequence of one of these a layer,
    such as ``outputs.attentions``. Axes in front may be left out, and a batch of one text is taken
    as that text. Nothing is checked before the answer is used.

    Attributes:
        tokens: the tokens that attend, as texts; of both sides where ``key_tokens`` is None.
        weights: shape (layers, heads, queries, keys). Each row sums to 1, within 0.01, over the
            keys that are not masked.
        key_tokens: the tokens that are attended to, where they are others: a cross-attention.
        masked: shape (queries, keys) or (layers, queries, keys); true where a query may not see a
            key. None masks nothing.
        special: which of ``tokens`` were added by the function itself: one truth value for each, or
            their texts. None tells by the usual forms, such as ``[CLS]``.
        queries: shape (layers, heads, queries, dimensions), as they enter the dot product. The view
            ``steps`` shows them, with ``keys``.
        keys: shape (layers, key-value heads, keys, dimensions). Heads may share keys, evenly.
        values: shape (layers, key-value heads, keys, dimensions of values).
        norms: shape (layers, heads, keys), at least 0: the length of what each key adds to the
            output of a head where its weight is 1. The value ``written`` of the option ``measure``
            needs them.
    """

    tokens: Sequence[str]
    weights: Any
    key_tokens: Sequence[str] | None = None
    masked: Any = None
    special: Any = None
    queries: Any = None
    keys: Any = None
    values: Any = None
    norms: Any = None

    def as_mapping(self) -> Mapping[str, Any]:
        """The entries that are given, by name."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in given if value is not None}
