"""The layout of two columns of tokens, queries and keys, with room for lines between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from sphinx_attention.core.text import visible

from .constants import constants
from .edges import num
from .placed_text import (
    Fonts,
    PlacedText,
    PlacedToken,
    measures,
    token_text,
    tokens_right_to_left,
)
from .squares import Room

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sphinx_attention.core.attention import Attention, Token

Side = Literal["query", "key"]

_COLUMNS = constants()["two_columns"]

FONTS = Fonts(ordinary=_COLUMNS["font"], special=_COLUMNS["special_font"])
"""The sizes in px of ordinary and of special tokens."""

LONGEST = 150.0
"""The most px of a token's text. A longer text is cut."""

ROW: float = _COLUMNS["row"]
"""The height of a token's row in px."""

# The distances from the top of a row to the baseline of its text, and to its bar.
_BASELINE: float = _COLUMNS["baseline"]
_BAR_TOP: float = _COLUMNS["bar_top"]
_BAR_HEIGHT: float = _COLUMNS["bar_height"]
# Likewise to the squares of heads.
_SQUARES_TOP: float = _COLUMNS["squares_top"]
# The heights and baselines of the columns' names, and of the letters above the texts of a pair.
_HEADING: float = _COLUMNS["heading"]
_HEADING_BASELINE: float = _COLUMNS["heading_baseline"]
_PART: float = _COLUMNS["part"]
_PART_BASELINE: float = _COLUMNS["part_baseline"]
# The spaces around the columns, between a text and the inner edge of its column, between a weight
# and a text, and between a column and the ends of lines.
_MARGIN: float = _COLUMNS["margin"]
_PAD: float = _COLUMNS["pad"]
_BETWEEN: float = _COLUMNS["between"]
_OFF: float = _COLUMNS["off"]
# The width of a weight, and the smallest width of the texts.
_NUMBER: float = _COLUMNS["number"]
_LEAST_WORD: float = _COLUMNS["least_word"]
# The distance between the columns is a share of their height, within bounds.
_APART: float = _COLUMNS["apart"]
_LEAST_APART: float = _COLUMNS["least_apart"]
_MOST_APART: float = _COLUMNS["most_apart"]
# The width of a column of text on a phone, and the smallest distance for a picture to fit in.
_PHONE: float = _COLUMNS["phone"]
_LEAST_ON_PHONE: float = _COLUMNS["least_on_phone"]
_SIDES: tuple[Side, Side] = ("query", "key")


@dataclass(frozen=True, kw_only=True)
class Slot(PlacedToken):
    """A token in its column.

    Attributes:
        index: the index among the tokens of its side.
        whole: the text without a cut.
        top: the top of the row in px.
    """

    index: int
    whole: str
    top: float

    @property
    def baseline(self) -> float:
        """The baseline of the text and of the number."""
        return self.top + _BASELINE

    @property
    def middle(self) -> float:
        """The middle of the row, where lines end."""
        return self.top + ROW / 2


@dataclass(frozen=True)
class Column:
    """The tokens of one side, from top to bottom.

    Attributes:
        side: queries or keys.
        left: the left edge of the areas that react to the pointer, in px.
        width: the width of those areas.
        rightwards: whether lines end at the column's right.
        number_x: the middle of the numbers.
        slots: in reading order.
        texts: the name of the phrase that describes the column, then the starts of a pair's
            sentences. A text over queries ends at its position, and a text over keys begins there.
    """

    side: Side
    left: float
    width: float
    rightwards: bool
    number_x: float
    slots: tuple[Slot, ...]
    texts: tuple[PlacedText, ...]

    @property
    def inner(self) -> float:
        """The edge that faces the other column."""
        return self.left + self.width if self.rightwards else self.left

    @property
    def line_x(self) -> float:
        """The x at which lines end."""
        return self.inner + (_OFF if self.rightwards else -_OFF)

    @property
    def direction(self) -> int:
        """1 if bars and squares under tokens go to the right from the inner edge, else -1."""
        return -1 if self.rightwards else 1

    def squares(self, slot: Slot) -> Room:
        """The place of the squares under a token."""
        x = self.inner + self.direction * _PAD
        return Room(x, slot.top + _SQUARES_TOP, self.width - _PAD)

    def bar(self, slot: Slot, share: float) -> str:
        """A bar under a token, as a piece of a path. Its length is a share of its room."""
        room = self.direction * (self.width - _PAD)
        x, wide = self.inner + self.direction * _PAD, share * room
        top = num(slot.top + _BAR_TOP)
        return f"M{num(x)} {top}h{num(wide)}v{num(_BAR_HEIGHT)}h{num(-wide)}z"


@dataclass(frozen=True)
class Columns:
    """Both columns, and the size of the picture in px.

    Attributes:
        queries: the left column, or the right column for text from right to left.
        keys: the opposite column.
        width: the width of the picture.
        height: the height of the picture.
        mirrored: whether most tokens run from right to left.
    """

    queries: Column
    keys: Column
    width: float
    height: float
    mirrored: bool

    @property
    def apart(self) -> tuple[float, float]:
        """The middle and the width of the room for lines, in px."""
        ends = (self.queries.inner, self.keys.inner)
        return sum(ends) / 2, abs(ends[1] - ends[0])

    def path(self, query: int, key: int, lane: float) -> str:
        """A line from a query to a key, this far below the middles of the rows, in short form.

        Two such lines that share an end never meet again.
        """
        start, end = self.queries.slots[query].middle, self.keys.slots[key].middle
        left, wide = self.queries.line_x, self.keys.line_x - self.queries.line_x
        half, high = num(wide / 2), num(end - start)
        return f"M{num(left)} {num(start + lane)}c{half} 0 {half} {high} {num(wide)} {high}"


def lay_out(attention: Attention) -> Columns:
    """Lay out an attention's queries and keys in two columns."""
    sides = (attention.query_tokens, attention.key_tokens)
    mirrored = tokens_right_to_left(chain.from_iterable(sides))
    widths = [_width(tokens) for tokens in sides]
    tops = [_tops(tokens, parts=attention.is_pair) for tokens in sides]
    height = max(rows[-1] for rows in tops) + ROW + _MARGIN
    apart = min(max(math.floor(_APART * height), _LEAST_APART), _MOST_APART)
    room = _PHONE - sum(widths) - 2 * _MARGIN
    if room >= _LEAST_ON_PHONE:
        apart = min(apart, room)
    whole = sum(widths) + apart + 2 * _MARGIN
    ends = (_MARGIN, whole - _MARGIN)
    rightwards = (not mirrored, mirrored)
    queries, keys = (
        _column(
            side,
            tokens,
            rows,
            left=ends[0] if right else ends[1] - width,
            width=width,
            rightwards=right,
            parts=attention.is_pair,
        )
        for side, tokens, rows, width, right in zip(
            _SIDES, sides, tops, widths, rightwards, strict=True
        )
    )
    return Columns(queries, keys, whole, height, mirrored)


def labels(tokens: Sequence[Token]) -> list[Any]:
    """The texts of a column, as `measures` gives them."""
    return measures(tokens, FONTS, LONGEST)


def _column(
    side: Side,
    tokens: Sequence[Token],
    tops: Sequence[float],
    *,
    left: float,
    width: float,
    rightwards: bool,
    parts: bool,
) -> Column:
    edge = left + width - _PAD if rightwards else left + _PAD
    return Column(
        side=side,
        left=left,
        width=width,
        rightwards=rightwards,
        number_x=left + _NUMBER / 2 if rightwards else left + width - _NUMBER / 2,
        slots=tuple(_slots(tokens, tops, edge, -1 if rightwards else 1)),
        texts=(
            PlacedText("queries" if side == "query" else "keys", edge, _HEADING_BASELINE),
            *(_parts(tokens, tops, edge) if parts else ()),
        ),
    )


def _width(tokens: Sequence[Token]) -> float:
    words = [token_text(token, FONTS, LONGEST)["text_width"] for token in tokens]
    return _NUMBER + _BETWEEN + max(_LEAST_WORD, *words) + _PAD


def _tops(tokens: Sequence[Token], *, parts: bool) -> list[float]:
    """The tops of the rows. Each sentence of a pair begins with room for its name."""
    tops, y = [], _HEADING
    for i in range(len(tokens)):
        if parts and _begins(tokens, i):
            y += _PART
        tops.append(y)
        y += ROW
    return tops


def _begins(tokens: Sequence[Token], index: int) -> bool:
    return index == 0 or tokens[index].segment != tokens[index - 1].segment


def _slots(
    tokens: Sequence[Token], tops: Sequence[float], edge: float, direction: int
) -> Iterator[Slot]:
    """The tokens of a column, from an edge to the left or to the right."""
    for i, (token, top) in enumerate(zip(tokens, tops, strict=True)):
        text = token_text(token, FONTS, LONGEST)
        x = edge + direction * text["text_width"] / 2
        yield Slot(**text, index=i, whole=visible(token.text), x=x, top=top)


def _parts(tokens: Sequence[Token], tops: Sequence[float], edge: float) -> Iterator[PlacedText]:
    """The names of a pair's sentences."""
    for i, (token, top) in enumerate(zip(tokens, tops, strict=True)):
        if _begins(tokens, i):
            yield PlacedText("AB"[min(token.segment, 1)], edge, top - _PART + _PART_BASELINE)
