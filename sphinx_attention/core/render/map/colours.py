"""The colours of the points of a map.

Queries are round and green, keys are square and pink, so that either the shape or the colour is
enough to tell them apart. Numbers have hues of one lightness, which are visible on white and on
black: the hues of queries from blue to green, and those of keys from violet to orange.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.projection.maker import TOP
from sphinx_attention.core.render.common.constants import constants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Summary
    from sphinx_attention.core.figure.figure import Figure

_CONSTANTS = constants("map")

RAMPS: list[list[str]] = _CONSTANTS["ramps"]
"""The ramp of queries and that of keys."""

PALETTE: list[str] = _CONSTANTS["palette"]
"""The colours of kinds. More kinds than colours share the last one."""

KIND: list[str] = _CONSTANTS["kind"]
"""The colour of queries and that of keys."""

NONE: str = _CONSTANTS["none"]
"""The colour of points without the number that the colours stand for."""

PATCHES = ("row", "column")
"""The colours by the place of a patch in its picture."""

COLOURS: list[str] = _CONSTANTS["colours"]
"""The values of the option ``colour``."""


@dataclass(frozen=True)
class Entry:
    """An entry of the legend.

    Attributes:
        colour: the colour of the swatch.
        text: the text beside the swatch.
        square: whether the swatch is a square, as for keys.
    """

    colour: str
    text: str
    square: bool = False


@dataclass(frozen=True)
class Colouring:
    """The colours of all points.

    Attributes:
        colours: all colours.
        of: for each point, the position of its colour in `colours`.
        legend: the entries of the legend.
        ends: the texts at the ends of a ramp; None for kinds.
    """

    colours: tuple[str, ...]
    of: NDArray[np.intp]
    legend: tuple[Entry, ...]
    ends: tuple[str, str] | None = None


def colouring(figure: Figure, by: str) -> Colouring:
    """The colours of the points of the head that is shown."""
    summary = figure.attention.summary
    assert summary is not None
    say = figure.say
    tokens = sum(map(len, summary.sentences))
    sides = np.repeat([0, 1], tokens)
    own = (Entry(KIND[0], say("map_queries")), Entry(KIND[1], say("map_keys"), square=True))
    if by not in colours_of(figure):
        by = "kind"
    if by == "kind":
        return Colouring(tuple(KIND), sides, own)
    if by in {"type", "mod5", "label"}:
        kinds, names = _kinds(figure, summary, by)
        listed = tuple(
            Entry(PALETTE[min(n, len(PALETTE) - 1)], name) for n, name in enumerate(names)
        )
        shown = listed[: len(PALETTE)]
        if len(names) > len(PALETTE):
            shown = (*shown[:-1], Entry(PALETTE[-1], say("map_others")))
        of = np.minimum(np.tile(kinds, 2), len(PALETTE) - 1)
        shapes = (Entry("", say("map_queries")), Entry("", say("map_keys"), square=True))
        return Colouring(tuple(PALETTE), of, (*shapes, *shown))
    numbers, ends = _numbers(figure, summary, by)
    low, high = float(numbers.min()), float(numbers.max())
    steps = len(RAMPS[0])
    share = (numbers - low) / (high - low) if high > low else np.zeros(len(numbers))
    level = np.minimum((share * steps).astype(np.intp), steps - 1)
    of = level + steps * sides
    if by in PATCHES:
        # The class token and registers have no place in a picture.
        of = np.where(np.tile(patches(summary, by) < 0, 2), 2 * steps, of)
    named = tuple(replace(one, text=f"{one.text}, {say(f'map_colour_{by}')}") for one in own)
    return Colouring((*RAMPS[0], *RAMPS[1], NONE), of, named, ends)


def patches(summary: Summary, by: str) -> NDArray[np.intp]:
    """The row or the column of the patch of each token; -1 for a token that is not a patch."""
    axis = PATCHES.index(by)
    flat = [token for sentence in summary.sentences for token in sentence]
    return np.array([-1 if token.patch is None else token.patch[axis] for token in flat])


def colours_of(figure: Figure) -> tuple[str, ...]:
    """The values of the option ``colour`` for a map: only some maps have labels, or patches."""
    summary = figure.attention.summary
    assert summary is not None
    missing = set() if any(figure.spec.sentence_labels) else {"label"}
    if all(token.patch is None for token in summary.sentences[0]):
        missing |= set(PATCHES)
    return tuple(name for name in COLOURS if name not in missing)


def _kinds(figure: Figure, summary: Summary, by: str) -> tuple[NDArray[np.intp], list[str]]:
    """The kind of each token, and the names of the kinds."""
    sizes = [len(sentence) for sentence in summary.sentences]
    if by == "mod5":
        places = np.concatenate([np.arange(size) for size in sizes])
        return places % 5, [str(n) for n in range(5)]
    if by == "label":
        labels = figure.spec.sentence_labels or ("",)
        names = list(dict.fromkeys(labels))
        return np.repeat([names.index(label) for label in labels], sizes), [
            name or figure.say("map_no_label") for name in names
        ]
    flat = [token for sentence in summary.sentences for token in sentence]
    kinds = [
        2 if token.special else 0 if any(map(str.isalnum, token.text)) else 1 for token in flat
    ]
    return np.array(kinds), [
        figure.say(f"map_{name}") for name in ("word", "punctuation", "special")
    ]


def _numbers(
    figure: Figure, summary: Summary, by: str
) -> tuple[NDArray[np.float64], tuple[str, str]]:
    """The number of each point, and the texts of the smallest and the largest."""
    sizes = [len(sentence) for sentence in summary.sentences]
    if by == "norm":
        norms = summary.arrays["norms"][figure.layer, figure.head]
        half = len(norms) // 2
        tops = summary.arrays["tops"][figure.layer, figure.head]
        numbers = norms / TOP * np.repeat(tops[:2], half)
        return numbers, (f"{numbers.min():.1f}", f"{numbers.max():.1f}")
    if by == "position":
        found: Any = [place for size in sizes for place in range(size)]
    elif by in PATCHES:
        found = np.maximum(patches(summary, by), 0)
    elif by == "length":
        found = np.repeat(sizes, sizes)
    else:
        texts = [token.text.casefold() for sentence in summary.sentences for token in sentence]
        counts = Counter(texts)
        found = [counts[text] for text in texts]
    numbers = np.tile(np.asarray(found, np.float64), 2)
    ends = (f"{numbers.min():.0f}", f"{numbers.max():.0f}")
    if by == "frequency":
        # Few words are very frequent.
        return np.log(numbers), ends
    return numbers, ends
