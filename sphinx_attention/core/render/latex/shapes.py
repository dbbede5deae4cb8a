"""The shapes of which a picture consists: paths, texts and images, each with its own colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .curves import Path, Point

INK = ""
"""The colour of the text around a figure."""


class UnsupportedPictureError(Exception):
    """The picture has a part that this reader does not know."""


@dataclass(frozen=True)
class Paint:
    """A colour over white: ``#rrggbb``, or `INK`, and how much of it, from 0 to 1."""

    colour: str
    amount: float = 1.0


@dataclass(frozen=True)
class Drawn:
    """A path that is filled, stroked, or both.

    Attributes:
        path: the lines and curves, in px of the picture.
        fill: the colour inside; None for none.
        stroke: the colour of the line; None for none.
        width: of the line, in px.
        negative: whether the path shows numbers below 0, for printers without colours.
        clear: whether a faint colour shows what is below it. Others are mixed with white, so that
            crossing lines do not darken one another.
        hue: the class of the colour of a head; empty for other paths.
    """

    path: Path
    fill: Paint | None = None
    stroke: Paint | None = None
    width: float = 1.0
    negative: bool = False
    clear: bool = False
    hue: str = ""


@dataclass(frozen=True)
class Hatched:
    """An area with diagonal lines.

    Attributes:
        path: the outline of the area.
        paint: of the lines.
        apart: the distance between two lines along the x axis, in px.
    """

    path: Path
    paint: Paint
    apart: float


@dataclass(frozen=True)
class Run:
    """A piece of a text in one style; the size is in px, and the hue is that of `Drawn`."""

    text: str
    paint: Paint
    size: float
    bold: bool = False
    italic: bool = False
    hue: str = ""


@dataclass(frozen=True)
class Written:
    """A line of text.

    Attributes:
        at: the point on the baseline to which the anchor belongs.
        anchor: ``start``, ``middle`` or ``end``.
        room: the most px of the text; None for no limit.
        runs: the pieces.
        turned: the angle in degrees, counterclockwise.
        word: whether the text is a word of the sentence, which may not be cut in two.
    """

    at: Point
    anchor: str
    room: float | None
    runs: tuple[Run, ...]
    turned: float = 0.0
    word: bool = False


@dataclass(frozen=True, eq=False)
class Pixels:
    """An image.

    Attributes:
        at: the upper left corner.
        size: width and height in px of the picture.
        content: a PNG file.
    """

    at: Point
    size: Point
    content: bytes = field(repr=False)


Shape = Drawn | Hatched | Written | Pixels
