"""Requests as a model reads them: split into tokens, and what of the answer is wanted."""

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
        request: what was asked.
        part: the attention that is wanted, resolved.
        source: the model's text.
        target: the decoder's text, of encoder-decoder models.
        generated: the decoder's text where the model made it up.
        layers: the numbers of the layers that are wanted, resolved, in order.
        note: remarks for readers about the layers.
        continued: the text of the tokens with which the model went on from its text.
        candidates: what it chose from at each of them.
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
        """What attends, and what is attended to."""
        target = self.target or self.source
        own: dict[Part, tuple[Encoded, Encoded]] = {
            "encoder": (self.source, self.source),
            "decoder": (target, target),
            "cross": (target, self.source),
        }
        return own[self.part]

    @property
    def lengths(self) -> tuple[int, int]:
        """Tokens of the text and of the decoder's."""
        return len(self.source), len(self.target or ())

    @property
    def reading(self) -> Hashable:
        """All that the model reads. Items that are equal in it need only one pass."""
        sides = (self.source, self.target)
        return tuple(
            tuple((name, tuple(row)) for name, row in sorted(side.inputs.items()))
            for side in sides
            if side is not None
        )


def lengths_of(source: int, target: int) -> dict[Part, tuple[int, int]]:
    """How many tokens attend and are attended to in each part, with padding.

    Args:
        source: tokens of the text.
        target: tokens of the decoder's text; 0 where there is none.
    """
    own = target or source
    return {"encoder": (source, source), "decoder": (own, own), "cross": (own, source)}
