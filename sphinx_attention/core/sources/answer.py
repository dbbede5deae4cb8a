"""The answer of an author's function, as a class that type checkers know."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, eq=False)
class Answer:
    """Attention over one text, as the function of an author returns it.

    Every array may be a NumPy array, a tensor, nested lists, or a sequence with one of these for
    each layer, such as ``outputs.attentions``. Leading axes may be missing, and a batch of one text
    counts as that text. The values are checked when the answer is used.

    Attributes:
        tokens: the texts of the query tokens. If ``key_tokens`` is None, they are also the key
            tokens.
        weights: shape (layers, heads, queries, keys). Each row sums to 1, within 0.01, over the
            keys that are not masked.
        key_tokens: the texts of the key tokens of a cross-attention. None means that they are the
            query tokens.
        masked: shape (queries, keys) or (layers, queries, keys); true where a query may not see a
            key. None masks nothing.
        special: which of ``tokens`` the function itself added: one truth value for each token, or
            the texts of these tokens. With None, tokens in the usual forms, such as ``[CLS]``, are
            special.
        queries: shape (layers, heads, queries, dimensions), as they enter the dot product. The view
            ``steps`` shows them, with ``keys``.
        keys: shape (layers, key-value heads, keys, dimensions). The number of key-value heads
            divides the number of heads.
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
