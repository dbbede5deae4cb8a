"""Finding what a reference names in the numbers of its figure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sphinx_attention.core.codes import FULL, MASKED_TEXT, Codes, format_thousandths
from sphinx_attention.core.errors import AttentionError, InvalidValueError, Problem
from sphinx_attention.core.figure.focus import find
from sphinx_attention.core.figure.selection import (
    SelectionContext,
    check_tokens,
    check_view,
    written,
)
from sphinx_attention.core.text import clean_line, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from sphinx_attention.core.attention import Attention, Token
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.selection import Selection
    from sphinx_attention.core.figure.spec import Axis

    from .reference import Reference

_GROUPS = {"(words)": False, "(special)": True}
"""The names that stand for many tokens, and whether these are special tokens."""

SLACK = 1e-6
"""A weight is a float32: 0.6 is stored as 0.60000002, and is no more than 0.6."""

# The option focus has a bar between the tokens that it adds up.
_PLUS = re.compile(r"\s+[+|]\s+")


@dataclass(frozen=True)
class Located:
    """The layer, the head and the tokens of a reference, as positions in the numbers of the figure.

    Attributes:
        attention: the numbers.
        at: the values of the attention on the axes of the figure.
        layer: position of the layer in ``attention``.
        head: position of the head.
        queries: positions of the query tokens; empty for none.
        keys: likewise the key tokens.
        options: the values of options of the figure's view.
    """

    attention: Attention
    at: tuple[tuple[Axis, str], ...]
    layer: int
    head: int
    queries: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    options: Selection = ()

    @property
    def head_name(self) -> str:
        """Layer and head, as readers know them."""
        return f"{self.attention.layer_names[self.layer]}.{self.attention.head_names[self.head]}"

    @property
    def weight(self) -> float:
        """The weight, or the sum of the weights, of all queries on all keys."""
        rows = self.attention.weights[self.layer, self.head][self.queries, :][:, self.keys]
        return float(rows.sum(dtype=np.float64))

    @property
    def text(self) -> str:
        """The weight as the figure prints it."""
        attention = self.attention
        written = Codes.of_head(attention, self.layer, self.head)[self.queries, :][:, self.keys]
        if written.masked.all():
            return MASKED_TEXT
        total = int(written.values[0, 0])
        if written.values.size > 1:
            size = int(np.floor(abs(self.weight) * FULL + 0.5 + SLACK))
            total = -size if self.weight < 0 else size
        return format_thousandths(total, signed=attention.signed)

    @property
    def pair(self) -> str:
        """The tokens, as messages name them."""
        return f"{self._named('query', self.queries)} -> {self._named('key', self.keys)}"

    def _named(self, side: Literal["query", "key"], positions: tuple[int, ...]) -> str:
        tokens = self.attention.query_tokens if side == "query" else self.attention.key_tokens
        return " + ".join(clean_line(tokens[position].text) for position in positions)

    @property
    def selection(self) -> str:
        """The selection as addresses write it: ``layer=1&head=3&pin=4.3``. Of one pair at most."""
        values: dict[str, str] = {
            **{str(axis): value for axis, value in self.at},
            "layer": self.attention.layer_names[self.layer],
            "head": self.attention.head_names[self.head],
        }
        for query in self.queries:
            values["pin"] = f"{query}.{self.keys[0]}" if self.keys else str(query)
        values |= dict(self.options)
        return written(tuple(values.items()))


def locate(reference: Reference, figure: Figure) -> Located:
    """Find what a reference names in the numbers of a figure.

    Args:
        reference: the reference.
        figure: the figure with its numbers.

    Raises:
        AttentionError: the figure has no such attention, layer, head or token; the message names
            the nearest, or all that there are.
    """
    shown = shown_figure(reference, figure)
    attention = shown.attention
    layer, head = shown.layer, shown.head
    if reference.head is not None:
        layer_name, head_name = reference.head
        layer = _position("layer", layer_name, attention.layer_names, reference)
        head = _position("head", head_name, attention.head_names, reference)
    _check_one_sentence(reference, shown)
    queries = _tokens(reference.query, attention, "query", reference)
    keys = _tokens(reference.key, attention, "key", reference)
    context = SelectionContext(
        f"a reference to the figure {reference.figure}", Problem.REFERENCE, {}
    )
    check_view(reference.options, shown.spec.view, context)
    check_tokens(reference.options, attention, shown.spec.view, context)
    return Located(attention, shown.spec.at, layer, head, queries, keys, reference.options)


def _check_one_sentence(reference: Reference, figure: Figure) -> None:
    """Refuse tokens in a figure that puts many sentences in order.

    Raises:
        AttentionError: the reference names a token.
    """
    if reference.query and "focus" in figure.spec.kind.never:
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(reference.query)} names no token of the figure {reference.figure}, which "
            f"{figure.spec.kind.never['focus']}: name a layer and a head, or a score",
        )


def _tokens(
    name: str, attention: Attention, side: Literal["query", "key"], reference: Reference
) -> tuple[int, ...]:
    """The positions of the tokens that a part of a reference names."""
    parts = _PLUS.split(name) if name else []
    named_in = f"a token of the figure {reference.figure}"
    tokens = attention.query_tokens if side == "query" else attention.key_tokens
    if any(token.text == name for token in tokens):
        parts = [name]
    found: list[int] = []
    try:
        for part in parts:
            if part in _GROUPS and all(token.text != part for token in tokens):
                found += _group(part, tokens, reference)
            else:
                found.append(find(attention, part, side=side, named_in=named_in)[0])
    except AttentionError as error:
        hint = _hint(name, {token.text for token in tokens})
        raise AttentionError(Problem.REFERENCE, f"{error.message}{hint}") from None
    positions = tuple(found)
    repeated = next((one for n, one in enumerate(positions) if one in positions[:n]), None)
    if repeated is not None:
        twice = clean_line(tokens[repeated].text)
        raise AttentionError(
            Problem.REFERENCE,
            f"{quoted(name)} names the token {quoted(twice)} twice: write {twice}#2 for the second "
            "of that text, or remove one",
        )
    return positions


def _group(name: str, tokens: Sequence[Token], reference: Reference) -> list[int]:
    """The positions of all ordinary tokens, or of all special ones."""
    found = [n for n, token in enumerate(tokens) if token.special is _GROUPS[name]]
    if not found:
        kind = "special" if _GROUPS[name] else "ordinary"
        raise AttentionError(
            Problem.REFERENCE,
            f"{name} names no token: the figure {reference.figure} has no {kind} tokens",
        )
    return found


def _hint(name: str, known: AbstractSet[str]) -> str:
    """A hint for a text that should name a token and contains more than a token; empty for none."""
    if re.search("->|→", name):
        return "; an arrow has blanks round it: brown -> quick"
    *before, last = name.split()
    if before and last in known:
        return "; a layer and a head are written with a dot between: 1.3"
    return ""


def shown_figure(reference: Reference, figure: Figure) -> Figure:
    """The attention of a figure that a reference means.

    Raises:
        AttentionError: the figure has no such attention.
    """
    if not reference.at:
        return figure
    known: dict[str, list[str]] = {}
    every: list[tuple[tuple[tuple[Axis, str], ...], Figure | None, str]] = [
        (figure.spec.at, figure, ""),
        *((one.variant.at, one.figure, one.reason) for one in figure.beside),
    ]
    for at, _, _ in every:
        for axis, value in at:
            known.setdefault(axis, []).append(value)
    for axis, value in reference.at:
        if axis not in known:
            has = f"only {listed(known)}" if known else "one attention"
            raise AttentionError(
                Problem.REFERENCE,
                f"invalid name {axis} in a reference: the figure {reference.figure} has {has}",
            )
        if value not in known[axis]:
            raise AttentionError(
                Problem.REFERENCE,
                f"invalid value {quoted(value)} for {axis}: the figure {reference.figure} has "
                f"{listed(dict.fromkeys(known[axis]))}",
            )
    wanted = {**dict(figure.spec.at), **dict(reference.at)}
    for at, found, reason in every:
        if dict(at) == {name: value for name, value in wanted.items() if name in dict(at)}:
            if found is None:
                raise AttentionError(Problem.REFERENCE, reason)
            return found
    raise AssertionError(wanted)


def _position(kind: str, name: str, names: Sequence[str], reference: Reference) -> int:
    if name in names:
        return list(names).index(name)
    if name.isdecimal() and list(names) == [str(n) for n in range(len(names))] and len(names) > 1:
        expected = f"0 to {len(names) - 1}"
    else:
        expected = listed(names)
    error = InvalidValueError(
        kind,
        name,
        f"the figure {reference.figure} has no {kind} {name}, expected {expected}",
        Problem.REFERENCE,
    )
    raise error
