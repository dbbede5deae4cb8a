"""The view map: the queries and keys of one head in one plane, over many sentences."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis.projection.maker import TOP
from sphinx_attention.core.codes import MASKED
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.text_metrics import cut, text_width
from sphinx_attention.core.render.drawing import Drawing
from sphinx_attention.core.text import visible

from .colours import Colouring, colouring, colours_of
from .data import files
from .legend import Ramp, Swatch, lay_out_legend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Summary
    from sphinx_attention.core.figure.figure import Figure

    Floats = NDArray[np.float64]

__all__ = ["describe", "draw", "files"]

_CONSTANTS = constants("map")
_SIDE: int = _CONSTANTS["side"]
"""The sides of the square with the points, in px."""

_MARGIN: int = _CONSTANTS["margin"]
"""The px around the square."""

_AS_PATHS: int = _CONSTANTS["vector"]
"""The most points that are drawn as paths. A map of more points has an image instead."""

_LABELS: int = _CONSTANTS["labels"]
"""The most labels at rest."""

_FONT: int = _CONSTANTS["label_font"]
"""The font size of labels in px."""

_LONGEST_LABEL = 90.0
"""The most px of a label."""

_LITTLE = 0.1
"""The share of the strongest keys among the nearest below which nearness means little."""

_FAR = -0.3
"""The rank correlation of distance and logit above which large distances mean little."""

_SMALLEST = 0.55
"""The share of its size to which the picture is made smaller on a phone before it scrolls."""

_NARROWER = 0.85
"""The share of the width that the lines of legends may fill."""

_SCALE = 4
"""The pixels of an image for each px, before the image is reduced."""


@dataclass(frozen=True)
class Layer:
    """Points of one colour and one shape, as a path of dots.

    Attributes:
        colour: the colour of the dots.
        path: a line without length for each point.
        square: whether the dots are those of keys.
    """

    colour: str
    path: str
    square: bool


@dataclass(frozen=True)
class Label:
    """The text of a token beside its point."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Map:
    """The picture.

    Attributes:
        top: the y of the square with the points.
        side: the sides of the square.
        margin: the px around it.
        size: the diameter of a point.
        layers: the points; empty if an image holds them.
        image: the URL of the image; empty if there is none.
        labels: the labels of points.
        swatches: the legend.
        ramps: the ramps of the legend.
        count: the number of points.
        colours: the values of the option ``colour`` that this map has, for the control.
        by: the chosen one.
        fidelity: the fidelity in words.
        projections: the projections that the page carries, for the control.
        projection: the projection that is shown.
        of: the end of the names of phrases about pictures; empty for sentences.
    """

    top: float
    side: float
    margin: float
    size: float
    layers: tuple[Layer, ...]
    image: str
    labels: tuple[Label, ...]
    swatches: tuple[Swatch, ...]
    ramps: tuple[Ramp, ...]
    count: int
    colours: tuple[str, ...]
    by: str
    fidelity: str
    projections: tuple[str, ...]
    projection: str
    of: str


def draw(figure: Figure) -> Drawing:
    """Draw the map of the head that is shown."""
    summary = _summary(figure)
    projections = tuple(summary.facts["projections"])
    projection = projections[0]
    by = figure.option("colour")
    found = colouring(figure, by)
    width = _SIDE + 2 * _MARGIN
    swatches, ramps, _ = lay_out_legend(found, width)
    # A reader may choose another colour, whose legend needs more lines. Browsers set wider texts.
    colours = colours_of(figure)
    top = max(lay_out_legend(colouring(figure, one), width * _NARROWER)[2] for one in colours)
    steps = summary.arrays[projection][figure.layer, figure.head].astype(np.float64)
    places = steps / TOP * _SIDE + [_MARGIN, top + _MARGIN]
    size = _size(len(places))
    as_paths = len(places) <= _AS_PATHS
    picture = Map(
        top=top + _MARGIN,
        side=_SIDE,
        margin=_MARGIN,
        size=size,
        layers=tuple(_layers(places, found)) if as_paths else (),
        image="" if as_paths else _image(steps / TOP, found, size),
        labels=tuple(_labels(places, _ranked(summary, figure), _texts(summary))),
        swatches=swatches,
        ramps=ramps,
        count=len(places),
        colours=colours,
        fidelity=fidelity_in_words(figure),
        by=by if by in colours else "kind",
        projections=projections,
        projection=projection,
        of="_pictures" if _of_pictures(summary) else "",
    )
    return Drawing(
        width=width,
        height=top + _SIDE + 2 * _MARGIN,
        right_to_left=False,
        template="map/picture.jinja",
        content=picture,
        controls="map/controls.jinja",
        notes=tuple(notes(figure)),
        hint="hint_map_heads"
        if figure.attention.layers * figure.attention.heads > 1
        else "hint_map",
        vector=False,
        smallest=_SMALLEST,
    )


def _summary(figure: Figure) -> Summary:
    assert figure.attention.summary is not None
    return figure.attention.summary


def _of_pictures(summary: Summary) -> bool:
    return any(token.patch is not None for token in summary.sentences[0])


def _size(count: int) -> float:
    """The diameter of points in px: smaller where there are more."""
    return float(np.clip(9 - np.log10(max(count, 10)) * 1.6, 2, 7).round(1))


def _layers(places: Floats, found: Colouring) -> Iterator[Layer]:
    half = len(places) // 2
    keys = np.arange(len(places)) >= half
    for number, colour in enumerate(found.colours):
        for square in (False, True):
            some = places[(found.of == number) & (keys == square)]
            if len(some):
                path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in some)
                yield Layer(colour, path.replace(".0 ", " ").replace(".0h", "h"), square)


def _image(shares: Floats, found: Colouring, size: float) -> str:
    """The points as an image with a transparent ground, which fits light and dark pages."""
    # Most pages need no image.
    from PIL import Image, ImageColor, ImageDraw  # noqa: PLC0415

    side = _SIDE + 2 * _MARGIN
    image = Image.new("RGBA", (side * _SCALE, side * _SCALE), (0, 0, 0, 0))
    drawer = ImageDraw.Draw(image)
    half, radius = len(shares) // 2, size * _SCALE / 2
    colours = [ImageColor.getrgb(colour) for colour in found.colours]
    # The order mixes both kinds, so that neither covers the other everywhere.
    order = np.random.default_rng(0).permutation(len(shares))
    centres = (shares * _SIDE + _MARGIN) * _SCALE
    for point in order:
        x, y = (float(n) for n in centres[point])
        box = (x - radius, y - radius, x + radius, y + radius)
        paint = drawer.rectangle if point >= half else drawer.ellipse
        paint(box, fill=(*colours[found.of[point]][:3], 215))
    small = image.resize((side * 2, side * 2), Image.Resampling.BOX)
    written = BytesIO()
    # Few colours are enough for dots, and take a third of the bytes.
    small.quantize(128, method=Image.Quantize.FASTOCTREE).save(written, "PNG", optimize=True)
    return "data:image/png;base64," + b64encode(written.getvalue()).decode("ascii")


def _texts(summary: Summary) -> list[str]:
    return [visible(token.text) for sentence in summary.sentences for token in sentence]


def received(summary: Summary, layer: int, head: int) -> Floats:
    """For each token, the weight that it receives in its sentence as a key."""
    weights = summary.arrays["weights"][layer, head].astype(np.float64)
    weights[weights == MASKED] = 0
    long, parts, start = set(summary.facts["long"]), [], 0
    for number, sentence in enumerate(summary.sentences):
        size = len(sentence)
        if number in long:
            parts.append(np.zeros(size))
            continue
        parts.append(weights[start : start + size * size].reshape(size, size).sum(axis=0))
        start += size * size
    found: Floats = np.concatenate(parts)
    return found


def _ranked(summary: Summary, figure: Figure) -> NDArray[np.intp]:
    """The points of keys, in descending order of the weight that they receive."""
    found = received(summary, figure.layer, figure.head)
    return np.argsort(-found, kind="stable") + len(found)


def _labels(places: Floats, ranked: NDArray[np.intp], texts: list[str]) -> Iterator[Label]:
    """The labels of the first points, each text once, without those that would cover others."""
    boxes: list[tuple[float, float, float, float]] = []
    seen: set[str] = set()
    tokens = len(texts)
    for point in ranked:
        text = texts[point % tokens]
        if len(boxes) == _LABELS:
            return
        if text in seen:
            continue
        x, y = (float(n) for n in places[point])
        shown = cut(text, _FONT, _LONGEST_LABEL)
        width = text_width(shown, _FONT)
        if x + 6 + width > _SIDE + 2 * _MARGIN:
            continue
        box = (x + 4, y - _FONT * 0.7, x + 8 + width, y + _FONT * 0.5)
        if any(_overlap(box, other) for other in boxes):
            continue
        boxes.append(box)
        seen.add(text)
        yield Label(x + 6, y + _FONT * 0.35, shown)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def notes(figure: Figure) -> Iterator[str]:
    """The remarks about the map, beside its fidelity, for readers."""
    summary, say = _summary(figure), figure.say
    projection = summary.facts["projections"][0]
    instead = projection in summary.facts["instead"]
    count = len(summary.sentences)
    of_pictures = _of_pictures(summary)
    counted = "map_of_pictures" if of_pictures else "map_of"
    yield say(
        counted if count > 1 else f"{counted}_one",
        projection=say("map_pca" if instead else f"map_{projection}"),
        sentences=f"{count:,}",
        points=f"{2 * sum(map(len, summary.sentences)):,}",
    )
    if figure.attention.written:
        yield say("map_written")
    lowered = summary.facts["perplexity"].get(projection)
    if instead:
        yield say("map_instead")
    elif lowered is not None and lowered < usual(projection):
        yield say("map_lowered", perplexity=f"{lowered:.0f}")
    for name in summary.facts["apart"]:
        yield say(f"map_apart_{name}")
    if summary.facts["long"]:
        long = "map_long_pictures" if of_pictures else "map_long"
        yield say(long, count=len(summary.facts["long"]))


def fidelity_in_words(figure: Figure) -> str:
    """The fidelity of the map that is shown, and what nearness means on it."""
    say = figure.say
    near, own, order = fidelity_of(figure, _summary(figure).facts["projections"][0])
    name = "map_fidelity_pictures" if _of_pictures(_summary(figure)) else "map_fidelity"
    text = say(name, near=percent(near), own=percent(own), order=signed(order))
    if near < _LITTLE:
        return f"{text}; {say('map_little')}"
    return f"{text}; {say('map_far')}" if order > _FAR else text


def usual(projection: str) -> float:
    """The perplexity of a projection for enough points."""
    return {"bipartite": 30.0, "tsne": 100.0}.get(projection, 0.0)


def fidelity_of(figure: Figure, projection: str) -> tuple[float, float, float]:
    """The fidelity of the map that is shown (see `projection.fidelity`)."""
    found = _summary(figure).arrays[f"fidelity-{projection}"][figure.layer, figure.head]
    near, own, order = (float(number) for number in found)
    return near, own, order


def percent(share: float) -> str:
    """A share in per cent. Small shares have a decimal."""
    return f"{100 * share:.1f}" if share < 0.1 else f"{100 * share:.0f}"


def signed(number: float) -> str:
    """A number with two decimals and its sign."""
    return f"{'−' if number < 0 else ''}{abs(number):.2f}"


def describe(figure: Figure) -> str:
    """The map in words, for those who do not see it."""
    first, *others = notes(figure)
    sentences = (first, fidelity_in_words(figure), *others)
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in sentences)
