"""Requests as a model reads them: split into tokens, with the wanted part and layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from sphinx_attention.core.attention import Candidate, Part
    from sphinx_attention.core.request import Request

    from .inputs import Encoded


@dataclass(frozen=True, slots=True)
class Item:
    """One request, split into tokens.

    Attributes:
        request: the request.
        part: the wanted part, resolved.
        source: the model's text.
        target: the decoder's text, of encoder-decoder models.
        generated: the decoder's text if the model generated it.
        layers: the numbers of the wanted layers, resolved, in order.
        note: remarks for readers about the layers.
        continued: the text of the tokens with which the model continued its text.
        candidates: the likeliest tokens at each of these.
    """

    request: Request
    part: Part
    source: Encoded
    target: Encoded | None = None
    generated: str | None = None
    layers: tuple[int, ...] = ()
    note: str = ""
    continued: str = ""
    candidates: tuple[tuple[Candidate, ...], ...] = ()

    @property
    def sides(self) -> tuple[Encoded, Encoded]:
        """The queries, and the keys."""
        target = self.target or self.source
        own: dict[Part, tuple[Encoded, Encoded]] = {
            "encoder": (self.source, self.source),
            "decoder": (target, target),
            "cross": (target, self.source),
        }
        return own[self.part]

    @property
    def lengths(self) -> tuple[int, int]:
        """The numbers of tokens of the text and of the decoder's text."""
        return len(self.source), len(self.target or ())

    @property
    def reading(self) -> Hashable:
        """All inputs of the model. Items with equal inputs need only one pass."""
        sides = (self.source, self.target)
        return tuple(
            tuple((name, tuple(row)) for name, row in sorted(side.inputs.items()))
            for side in sides
            if side is not None
        )


def lengths_of(source: int, target: int) -> dict[Part, tuple[int, int]]:
    """How many tokens attend and are attended to in each part, with padding.

    Args:
        source: the number of tokens of the text.
        target: the number of tokens of the decoder's text; 0 if there is none.
    """
    own = target or source
    return {"encoder": (source, source), "decoder": (own, own), "cross": (own, source)}
