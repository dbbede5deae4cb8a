"""The layout of a map's legend. The browser part computes the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.text_metrics import cut, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .colours import Colouring

_MARGIN: int = constants("map")["margin"]
_CONSTANTS = constants("map")["legend"]
_ROW: int = _CONSTANTS["row_height"]
"""The height of a line of the legend in px."""

_FONT: int = _CONSTANTS["legend_font"]
_SWATCH: int = _CONSTANTS["swatch_room"]
"""The px from the left of an entry to its text."""

_RAMP: int = _CONSTANTS["ramp_width"]
_BEFORE_RAMP: int = _CONSTANTS["before_ramp"]
"""The px between the text of an entry and its ramp, beside the text at the ramp's low end."""

_RAMP_ROOM: int = _CONSTANTS["ramp_room"]
"""The px of an entry for its ramp, beside the ramp and the texts at its ends."""

_GAP: int = _CONSTANTS["between_entries"]


@dataclass(frozen=True)
class Swatch:
    """An entry of the legend."""

    x: float
    y: float
    text: str
    colour: str
    square: bool


@dataclass(frozen=True)
class Ramp:
    """The ramp of queries or of keys in the legend."""

    x: float
    y: float
    width: float
    colours: Sequence[str]
    low: str
    high: str


def lay_out_legend(
    found: Colouring, width: float
) -> tuple[tuple[Swatch, ...], tuple[Ramp, ...], float]:
    """The swatches and ramps above the picture, and the height that they take.

    Args:
        found: the colours of the points.
        width: the room for the legend in px.
    """
    x, y = float(_MARGIN), _ROW / 2 + 4
    swatches: list[Swatch] = []
    ramps: list[Ramp] = []
    steps = len(found.colours) // 2
    for number, entry in enumerate(found.legend):
        text = cut(entry.text, _FONT, width / 2)
        needed = _SWATCH + text_width(text, _FONT)
        low, high = found.ends or ("", "")
        if found.ends:
            needed += _RAMP + _RAMP_ROOM + text_width(low + high, _FONT)
        if x > _MARGIN and x + needed > width - _MARGIN:
            x, y = float(_MARGIN), y + _ROW
        swatches.append(Swatch(x + 5, y, text, "" if found.ends else entry.colour, entry.square))
        if found.ends:
            start = x + _SWATCH + text_width(text, _FONT)
            start += text_width(low, _FONT) + _BEFORE_RAMP
            part = found.colours[number * steps : (number + 1) * steps]
            ramps.append(Ramp(start, y - 4, _RAMP, part, low, high))
        x += needed + _GAP
    return tuple(swatches), tuple(ramps), y + _ROW / 2
