"""The texts of a picture: the form of a token, its width and its position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict

from sphinx_attention.core.text import right_to_left, row_right_to_left, visible

from .text_metrics import fitted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.attention import Token


_KEPT = 4096
"""The number of tokens whose forms are remembered, because pages repeat the same words."""


@dataclass(frozen=True)
class Fonts:
    """The sizes in px of the texts of ordinary and of special tokens."""

    ordinary: int
    special: int

    def of(self, token: Token) -> int:
        """The size of one token's text."""
        return self.special if token.special else self.ordinary


class TokenText(TypedDict):
    """The form of a token: the fields of a `PlacedToken` that do not depend on its position."""

    text: str
    text_width: float
    font: int
    special: bool
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class PlacedToken:
    """A token's text in a picture.

    Attributes:
        text: the text as it is shown; it ends with an ellipsis if it is cut.
        text_width: the width in px that ``textLength`` gives the text.
        font: size of the text in px.
        special: whether the token is special.
        right_to_left: whether the text runs from right to left.
        x: middle of the text in px.
    """

    text: str
    text_width: float
    font: int
    special: bool
    right_to_left: bool
    x: float


@dataclass(frozen=True)
class PlacedText:
    """A small text of a picture: its content, its anchor and its baseline in px."""

    text: str
    x: float
    y: float


@lru_cache(_KEPT)
def token_text(token: Token, fonts: Fonts, most: float = math.inf) -> TokenText:
    """The form of a token in at most ``most`` px, with a width of whole px."""
    font = fonts.of(token)
    text, width = fitted(visible(token.text), font, most)
    return TokenText(
        text=text,
        text_width=width,
        font=font,
        special=token.special,
        right_to_left=right_to_left(text),
    )


def measures(tokens: Iterable[Token], fonts: Fonts, most: float) -> list[Any]:
    """The forms of tokens for the browser part, which cannot measure text as Python does.

    Returns:
        The width of each text; if a text is cut, the cut text and its width.
    """
    found: list[Any] = []
    for token in tokens:
        written = token_text(token, fonts, most)
        text, width = written["text"], int(written["text_width"])
        found.append(width if text == visible(token.text) else [text, width])
    return found


def tokens_right_to_left(tokens: Iterable[Token]) -> bool:
    """Whether most tokens that an author wrote run from right to left."""
    return row_right_to_left(token.text for token in tokens if not token.special)
