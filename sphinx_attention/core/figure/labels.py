"""Labels that an author sets in a figure: ``fox -> dog | animals``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.codes import MASKED, Codes, format_code, head_codes
from sphinx_attention.core.host_words import named
from sphinx_attention.core.text import clean, clean_line, quoted

from .cutoff import drawn_weights
from .focus import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def undrawn(
    labels: Iterable[Label],
    attention: Attention,
    layer: int,
    heads: Sequence[int],
    cutoff: float | None,
) -> list[str]:
    """A sentence for each label of an edge that no head which is shown first draws.

    Args:
        labels: the labels of a figure.
        attention: what the page carries.
        layer: position of the layer shown first.
        heads: positions of the heads shown first.
        cutoff: the share of each row that is drawn; None for a view without edges.
    """
    found = []
    for label in labels:
        if label.key is None:
            continue
        codes = [int(head_codes(attention, layer, h)[label.query, label.key]) for h in heads]
        if all(code in {0, MASKED} for code in codes):
            why = f"is {format_code(codes[0])}"
        elif cutoff is None or any(
            drawn_weights(Codes.of_head(attention, layer, head)[label.query], cutoff)[label.key]
            for head in heads
        ):
            continue
        else:
            why = (
                f"is {format_code(max(codes, key=abs), signed=attention.signed)}, and larger ones "
                f"reach the cutoff of {cutoff:g}"
            )
        pair = attention.query_tokens[label.query], attention.key_tokens[label.key]
        words = " -> ".join(clean_line(token.text) for token in pair)
        found.append(
            f"note: the label {quoted(label.text)} stands at an edge that is not drawn, "
            f"because the weight of {words} {why}"
        )
    return found


def _found(label: LabelSpec, attention: Attention) -> Label:
    query, _ = find(attention, label.query, named_in=named("note"))
    key = None
    if label.key:
        key, _ = find(attention, label.key, side="key", named_in=named("note"))
    return Label(query, key, clean(label.text))
