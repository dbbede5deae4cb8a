"""Where square cells stand in a picture, and the bar that shows what their colours mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .placed_text import PlacedText


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A block of square cells without space between, in px.

    Attributes:
        rows: the number of cells from top to bottom.
        columns: the number of cells from left to right.
        cell: the side of a cell.
        left: the left edge of the block.
        top: the top edge of the block.
    """

    rows: int
    columns: int
    cell: int
    left: float
    top: float

    @property
    def width(self) -> int:
        """The width of all cells."""
        return self.columns * self.cell

    @property
    def height(self) -> int:
        """The height of all cells."""
        return self.rows * self.cell


@dataclass(frozen=True, kw_only=True)
class ColourBar:
    """The bar that shows which colour stands for which number, in px.

    Attributes:
        x: the left edge.
        y: the top edge.
        width: the width.
        height: the height.
        ticks: the numbers, from the left to the right.
    """

    x: float
    y: float
    width: float
    height: float
    ticks: tuple[PlacedText, ...]
