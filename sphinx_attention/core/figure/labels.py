"""Labels that an author sets in a figure: ``fox -> dog | animals``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.codes import MASKED, format_code, head_codes
from sphinx_attention.core.host_words import named
from sphinx_attention.core.text import clean, clean_line, quoted

from .focus import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.attention import Attention

    from .spec import FigureSpec


@dataclass(frozen=True)
class LabelSpec:
    """A label as the author wrote it.

    Attributes:
        query: the query token, as the option ``focus`` names tokens.
        key: likewise the key token; empty for a label of one word.
        text: the text of the label.
    """

    query: str
    key: str
    text: str


@dataclass(frozen=True)
class Label:
    """A label whose tokens are found.

    Attributes:
        query: position of the query token.
        key: position of the key token; None for a label of one word.
        text: the text of the label.
    """

    query: int
    key: int | None
    text: str


def find_labels(spec: FigureSpec, attention: Attention) -> tuple[Label, ...]:
    """The labels of a figure, with the positions of their tokens.

    Raises:
        AttentionError: a token is not there; the message names the nearest.
    """
    return tuple(_found(label, attention) for label in spec.labels)


def undrawn(labels: Iterable[Label], attention: Attention, layer: int, head: int) -> list[str]:
    """A sentence for each label of an edge whose weight is 0 or masked in the head shown first."""
    found = []
    for label in labels:
        if label.key is None:
            continue
        code = int(head_codes(attention, layer, head)[label.query, label.key])
        if code in {0, MASKED}:
            pair = attention.query_tokens[label.query], attention.key_tokens[label.key]
            words = " -> ".join(clean_line(token.text) for token in pair)
            found.append(
                f"note: the label {quoted(label.text)} stands at an edge that is not drawn, "
                f"because the weight of {words} is {format_code(code)}"
            )
    return found


def _found(label: LabelSpec, attention: Attention) -> Label:
    query, _ = find(attention, label.query, named_in=named("note"))
    key = None
    if label.key:
        key, _ = find(attention, label.key, side="key", named_in=named("note"))
    return Label(query, key, clean(label.text))
