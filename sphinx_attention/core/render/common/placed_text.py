"""The texts of a picture: how a token is written, how wide it is, and where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from sphinx_attention.core.text import right_to_left, row_right_to_left, visible

from .text_metrics import fitted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.attention import Token


@dataclass(frozen=True)
class Fonts:
    """Sizes in px of the texts of ordinary and of special tokens."""

    ordinary: int
    special: int

    def of(self, token: Token) -> int:
        """The size of one token's text."""
        return self.special if token.special else self.ordinary


class TokenText(TypedDict):
    """How a token is written: the fields of a `PlacedToken` that do not depend on its place."""

    text: str
    text_width: float
    font: int
    special: bool
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class PlacedToken:
    """A token's text in a picture.

    Attributes:
        text: the text as it is shown; it ends with an ellipsis where it is cut.
        text_width: the width in px that ``textLength`` holds the text to.
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
    """A small text of a picture: what it says, its anchor and its baseline in px."""

    text: str
    x: float
    y: float


def token_text(token: Token, fonts: Fonts, most: float = math.inf) -> TokenText:
    """How a token is written in at most ``most`` px, with a width of whole px."""
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
    """The tokens' texts for the browser part, which cannot measure a text as Python does.

    Returns:
        The width of each text; where the text is cut, what is left of it and the width.
    """
    found: list[Any] = []
    for token in tokens:
        written = token_text(token, fonts, most)
        text, width = written["text"], int(written["text_width"])
        found.append(width if text == visible(token.text) else [text, width])
    return found


def tokens_right_to_left(tokens: Iterable[Token]) -> bool:
    """Whether most of the tokens that an author wrote run from right to left."""
    return row_right_to_left(token.text for token in tokens if not token.special)
