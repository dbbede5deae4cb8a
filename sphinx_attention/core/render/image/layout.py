"""The layout of the image view: other tokens than patches above the picture, a scale below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.render.common.cells import Cells, ColourBar
from sphinx_attention.core.render.common.placed_text import PlacedText
from sphinx_attention.core.render.common.text_metrics import fitted
from sphinx_attention.core.text import right_to_left, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.attention import Picture, Token

# The approximate size in px of the longer side of the picture.
_EXTENT = 336
_LEAST_CELL = 4
# The side of a patch in px from which lines are drawn between patches.
_LATTICE_FROM = 12
_MARGIN = 4.0
_CHIP_FONT = 13
_CHIP_HEIGHT = 26.0
# The least width of a chip, so that a finger can hit it, and the space beside its text.
_CHIP_LEAST, _CHIP_PADDING = 28.0, 9.0
_CHIP_GAP = 6.0
_CHIP_LONGEST = 120.0
_SMALL = 11
_BAR_BELOW, _BAR_WIDTH, _BAR_HEIGHT = 10.0, 96.0, 8.0
_BOTTOM = 4.0


@dataclass(frozen=True)
class Chip:
    """A token that is not a patch.

    Attributes:
        index: the index of the token.
        text: the text that is shown.
        x: the left edge in px.
        y: the top edge in px.
        width: in px.
        height: in px.
        text_width: the width of the text in px.
        special: whether the token is special.
        right_to_left: whether the text runs from right to left.
    """

    index: int
    text: str
    x: float
    y: float
    width: float
    height: float
    text_width: float
    special: bool
    right_to_left: bool

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the text, and its baseline."""
        return self.x + self.width / 2, self.y + self.height / 2 + 0.35 * _CHIP_FONT


@dataclass(frozen=True, kw_only=True)
class Grid(Cells):
    """The patches.

    Attributes:
        first: the index of the token of the first patch. The others follow row by row.
    """

    first: int

    def __contains__(self, index: int) -> bool:
        return self.first <= index < self.first + self.rows * self.columns

    def corner(self, index: int) -> tuple[float, float]:
        """The left and the top edge of a patch, by the index of its token."""
        row, column = divmod(index - self.first, self.columns)
        return self.left + column * self.cell, self.top + row * self.cell

    def centre(self, index: int) -> tuple[float, float]:
        """The centre of a patch, by the index of its token."""
        x, y = self.corner(index)
        return x + self.cell / 2, y + self.cell / 2

    @property
    def lattice(self) -> str:
        """The lines between patches as the ``d`` of a path; empty where they would hide patches."""
        if self.cell < _LATTICE_FROM:
            return ""
        down = "".join(
            f"M{column * self.cell} 0v{self.height}" for column in range(1, self.columns)
        )
        return down + "".join(f"M0 {row * self.cell}h{self.width}" for row in range(1, self.rows))


@dataclass(frozen=True)
class Layout:
    """The layout of the picture.

    Attributes:
        grid: the place of the patches.
        chips: the tokens that are not patches.
        width: of the drawing in px.
        height: of the drawing in px.
        bar: the scale, with a number at each end.
    """

    grid: Grid
    chips: tuple[Chip, ...]
    width: float
    height: float
    bar: ColourBar


def lay_out(tokens: Sequence[Token], picture: Picture, most: str) -> Layout:
    """Lay out a picture.

    Args:
        tokens: the tokens of the model's row.
        picture: the picture with its grid.
        most: the weight at the end of the scale.
    """
    longest = max(picture.rows, picture.columns)
    cell = max(_LEAST_CELL, _EXTENT // longest)
    wide = picture.columns * cell
    chips, width, top = _chips(tokens, max(float(wide), 0.6 * _EXTENT))
    first = next(i for i, token in enumerate(tokens) if token.patch is not None)
    left = _MARGIN + (max(width, wide) - wide) / 2
    grid = Grid(
        first=first, rows=picture.rows, columns=picture.columns, cell=cell, left=left, top=top
    )
    below = top + grid.height + _BAR_BELOW
    baseline = below + _BAR_HEIGHT
    start = _MARGIN + (max(width, wide) - _BAR_WIDTH) / 2
    ends = (
        PlacedText("0", start - 6, baseline),
        PlacedText(most, start + _BAR_WIDTH + 6, baseline),
    )
    return Layout(
        grid=grid,
        chips=chips,
        width=2 * _MARGIN + max(width, wide),
        height=baseline + _BOTTOM,
        bar=ColourBar(x=start, y=below, width=_BAR_WIDTH, height=_BAR_HEIGHT, ticks=ends),
    )


def _chips(tokens: Sequence[Token], most: float) -> tuple[tuple[Chip, ...], float, float]:
    """The chips in lines, the width of the widest line, and the top edge of what is below."""
    found: list[Chip] = []
    x, y, widest = _MARGIN, _MARGIN, 0.0
    for index, token in enumerate(tokens):
        if token.patch is not None:
            continue
        text, length = fitted(visible(token.text), _CHIP_FONT, _CHIP_LONGEST)
        width = max(_CHIP_LEAST, length + 2 * _CHIP_PADDING)
        if found and x + width > _MARGIN + most:
            x, y = _MARGIN, y + _CHIP_HEIGHT + _CHIP_GAP
        backwards = right_to_left(token.text)
        found.append(Chip(index, text, x, y, width, _CHIP_HEIGHT, length, token.special, backwards))
        x += width + _CHIP_GAP
        widest = max(widest, x - _CHIP_GAP - _MARGIN)
    top = y + _CHIP_HEIGHT + 8 if found else _MARGIN
    return tuple(found), widest, top
