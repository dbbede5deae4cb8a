"""Small squares at the keys of pinned tokens, in the colours of heads, show which head does it.

The browser part computes the same (``static/src/views/edges/squares.ts``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.codes import FULL, Codes
from sphinx_attention.core.text import visible

from .constants import constants
from .edges import num
from .head_colours import drawn_hue, hue_of
from .heatmap import ramp
from .markup import escape
from .score_vector import STRONG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sphinx_attention.core.figure.figure import Figure

_SQUARES = constants()["squares"]

# The side of a square and the px between two squares.
_SIDE: float = _SQUARES["side"]
_GAP: float = _SQUARES["gap"]
# How many opacities squares have, in slots and under words. A figure must have few elements.
_LEVELS: int = _SQUARES["levels"]
_LEVELS_UNDER: int = _SQUARES["levels_under"]
# The least weight in thousandths that has a square, where each head has a slot.
_LEAST: int = _SQUARES["least"]

BELOW_NUMBER: float = _SQUARES["below_number"]
"""The px from the baseline of a weight to the squares below it."""

ROOM: float = BELOW_NUMBER + _SIDE + 1
"""The px below that baseline that the squares take, with the ring of the shown head."""


@dataclass(frozen=True)
class Room:
    """The place of a row of squares.

    Attributes:
        x: the middle of the row, or its start.
        y: the top.
        width: the most px that the row may be wide.
    """

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class SquarePath:
    """The squares of one head with one opacity, as a path.

    Attributes:
        head: the name of the head for readers.
        hue: the colour of the head.
        special: whether the squares stand at special tokens.
        shown: whether the edges of this head are drawn, so that its squares have a ring.
        opacity: in (0, 1].
        path: the ``d`` of the path.
    """

    head: str
    hue: int
    special: bool
    shown: bool
    opacity: float
    path: str


@dataclass(frozen=True)
class Squares:
    """All squares of a picture.

    Attributes:
        paths: from the first head to the last, the faintest squares first.
        label: what the squares show, in words.
        printed: the same for paper, in fewer words.
    """

    paths: tuple[SquarePath, ...] = ()
    label: str = ""
    printed: str = ""

    @property
    def legend(self) -> tuple[tuple[str, int], ...]:
        """The name and the hue of each head that has squares."""
        return tuple(dict.fromkeys((one.head, one.hue) for one in self.paths))


@dataclass(frozen=True)
class _Square:
    head: int
    code: int
    key: int
    x: float
    y: float
    width: float


def squares_under(
    figure: Figure, codes: Mapping[int, Codes], rooms: Sequence[Room], shown: int
) -> Squares:
    """Squares in the middle of each key's room: those of the heads that matter, as many as fit.

    Args:
        figure: the figure, with its pinned queries.
        codes: the codes of each head, shape (queries, keys), in the order of the heads.
        rooms: the place at each key.
        shown: the head whose edges are drawn.
    """
    means = {head: _means(figure, of_head) for head, of_head in codes.items()}
    step = _SIDE + _GAP
    found = []
    for key, room in enumerate(rooms):
        strong = [head for head, mean in means.items() if mean[key] >= STRONG]
        strong.sort(key=lambda head: (head != shown, -means[head][key], head))
        kept = sorted(strong[: int((room.width + _GAP) // step)])
        start = room.x - (len(kept) * step - _GAP) / 2
        found += [
            _Square(head, means[head][key], key, start + rank * step, room.y, _SIDE)
            for rank, head in enumerate(kept)
        ]
    return _squares(figure, codes, found, shown, _LEVELS_UNDER)


def squares_in_slots(
    figure: Figure, codes: Mapping[int, Codes], rooms: Sequence[Room], direction: int
) -> Squares:
    """Squares with a slot for each head, which is the same at every key.

    Args:
        figure: the figure, with its pinned queries.
        codes: the codes of each head, shape (queries, keys), in the order of the heads.
        rooms: the place at each key, with the start of its slots.
        direction: 1 if the slots follow one another to the right, -1 to the left.
    """
    means = {head: _means(figure, of_head) for head, of_head in codes.items()}
    found = []
    for key, room in enumerate(rooms):
        step = min(_SIDE + _GAP, room.width / len(codes))
        width = max(step - _GAP, step / 2)
        found += [
            _Square(
                head,
                mean[key],
                key,
                room.x + direction * rank * step - (width if direction < 0 else 0),
                room.y,
                width,
            )
            for rank, (head, mean) in enumerate(means.items())
            if mean[key] >= _LEAST
        ]
    return _squares(figure, codes, found, -1, _LEVELS)


def _means(figure: Figure, codes: Codes) -> list[int]:
    """The mean weight of the pinned tokens at each key, in thousandths."""
    pinned = list(figure.pinned)
    sizes = codes[pinned].sum().sizes
    return [math.floor(size / len(pinned) + 0.5) for size in sizes.tolist()]


def _squares(
    figure: Figure,
    codes: Mapping[int, Codes],
    squares: Iterable[_Square],
    shown: int,
    levels: int,
) -> Squares:
    # The hue of a difference shows its sign.
    if len(codes) < 2 or figure.attention.signed:
        return Squares()
    squares = list(squares)
    tokens, names = figure.attention.key_tokens, figure.attention.head_names
    groups: dict[tuple[int, bool, int], list[str]] = {}
    for one in squares:
        strength = float(ramp(np.array(one.code / FULL), "log"))
        level = max(1, math.floor(strength * levels + 0.5))
        group = one.head, tokens[one.key].special, level
        wide, back = num(one.width), num(-one.width)
        groups.setdefault(group, []).append(
            f"M{num(one.x)} {num(one.y)}h{wide}v{num(_SIDE)}h{back}z"
        )
    return Squares(
        tuple(
            SquarePath(
                head=names[head],
                hue=hue_of(names[head], head),
                special=special,
                shown=head == shown,
                opacity=level / levels,
                path="".join(groups[head, special, level]),
            )
            for head, special, level in sorted(groups)
        ),
        *_labels(figure, squares),
    )


def _labels(figure: Figure, squares: Sequence[_Square]) -> tuple[str, str]:
    """The heads that matter at each key, in words: in full, and for paper."""
    heads: dict[int, list[str]] = {}
    for one in squares:
        if one.code >= STRONG:
            heads.setdefault(one.key, []).append(figure.attention.head_names[one.head])
    named = [
        (visible(figure.attention.key_tokens[key].text), ", ".join(names))
        for key, names in heads.items()
    ]
    whole = [figure.say("squares_at", token=token, heads=names) for token, names in named]
    short = [*whole[:1], *(f"{token}: {names}" for token, names in named[1:])]
    return "; ".join(whole), "; ".join(short)


def write(squares: Squares, *, standalone: bool) -> str:
    """Write squares as a group of a picture; empty without any."""
    if not squares.paths:
        return ""
    label = f' role="img" aria-label="{escape(squares.label)}"' if squares.label else ""
    paths = "".join(_path(one, standalone=standalone) for one in squares.paths)
    return f'<g class="attention-squares" stroke="none"{label}>{paths}</g>\n'


def _path(one: SquarePath, *, standalone: bool) -> str:
    classes = f"attention-square attention-hue-{one.hue}"
    if one.special:
        classes += " attention-square--special"
    if one.shown:
        classes += " attention-square--shown"
    faint = f' fill-opacity="{num(one.opacity)}"' if one.opacity < 1 else ""
    ink = ""
    if standalone:
        ink = f' fill="{drawn_hue(one.hue)}"'
        ink += ' opacity="0.5"' if one.special else ""
        ink += ' stroke="#222"' if one.shown else ""
    return f'<path class="{classes}" data-head="{escape(one.head)}" d="{one.path}"{faint}{ink}/>'
