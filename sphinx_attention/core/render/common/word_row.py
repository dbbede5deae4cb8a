"""Where the words of a sentence stand in a row. The browser part computes the same."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .constants import constants
from .placed_text import Fonts, PlacedToken, token_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.attention import Token

_ROW = constants()["word_row"]

FONTS = Fonts(ordinary=_ROW["font"], special=_ROW["special_font"])
"""Sizes in px of ordinary and of special tokens."""

TOP: float = _ROW["top"]
"""The room in px above the highest edge for half its stroke."""

WORD: float = _ROW["word"]
"""The px from the line where edges meet the row down to the baseline of the words."""

BOTTOM: float = _ROW["bottom"]
"""The px from that line down to the bottom of the picture, without labels."""

LEAST_ROOM: float = _ROW["least"]
"""The least width in px of a word's room, which is the width of the number under the word."""

SMALLEST: float = _ROW["smallest"]
"""The smallest size of a picture with a row of words, as a share of its own size."""

# Px between two words.
_GAP: float = _ROW["gap"]
# Px between the middles of two words at least, so that the numbers under short words do not touch.
_APART: float = _ROW["apart"]
# Px beside a row.
_MARGIN: float = _ROW["margin"]


def middles(widths: Sequence[float]) -> tuple[list[float], float]:
    """Place words of these widths in a row.

    Returns:
        The middle of each word, and the width of the row with its margins, in px.
    """
    x = _MARGIN + max(widths[0], LEAST_ROOM) / 2
    found = [x]
    for before, width in pairwise(widths):
        x += max((before + width) / 2 + _GAP, _APART)
        found.append(x)
    return found, x + max(widths[-1], LEAST_ROOM) / 2 + _MARGIN


def lay_out_row(
    tokens: Sequence[Token], *, backwards: bool = False
) -> tuple[tuple[PlacedToken, ...], float]:
    """Lay out tokens in a row.

    Args:
        tokens: in reading order.
        backwards: whether the first stands rightmost.

    Returns:
        The tokens in their order, and the width of the row with its margins, in px.
    """
    # Texts are whole pixels wide: middles are then short to write and exact in every language.
    texts = [token_text(token, FONTS) for token in tokens]
    direction = -1 if backwards else 1
    xs, width = middles([text["text_width"] for text in texts[::direction]])
    return tuple(
        PlacedToken(**text, x=x) for text, x in zip(texts, xs[::direction], strict=True)
    ), width
