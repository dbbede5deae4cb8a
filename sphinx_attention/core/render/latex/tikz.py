"""Shapes as TikZ: one picture, or several strips of a row that is too long for a page."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.common.markup import ACCENT, NEGATIVE, NEUTRAL

from .curves import samples
from .shapes import INK, Drawn, Hatched, Paint, Pixels, Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .characters import TexTexts
    from .curves import Path, Point
    from .shapes import Run, Shape

LONGEST = 1000.0
"""The most px of a row. Within a page's width, the words of a longer row are too small."""

# A strip is somewhat shorter, so that the last one is not much shorter than the others.
_STRIP = 920.0
_MARGIN = 4.0
PATTERNS = 12
"""The patterns of lines that the package of LaTeX has."""

_SAMPLES = 3
"""The most heads whose patterns the picture's own legend has room for."""
_NAMES = {
    INK: ".",
    ACCENT: "attentionaccent",
    NEGATIVE: "attentionnegative",
    "#" + 2 * NEUTRAL[1:]: "attentionneutral",
}
_ANCHORS = {"start": "left", "end": "right", "middle": ""}


@dataclass(frozen=True)
class Window:
    """A part of a picture, in px: its upper left corner and its size."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width


def write_picture(
    shapes: Sequence[Shape],
    size: Point,
    texts: TexTexts,
    images: dict[str, bytes],
    *,
    mirrored: bool = False,
    hues: Sequence[str] = (),
) -> str:
    """The environments of a picture.

    Args:
        shapes: from the undermost to the topmost.
        size: the width and the height of the picture in px.
        texts: writes its texts.
        images: takes the images, by the names of their files.
        mirrored: whether the picture is read from right to left, as its strips are.
        hues: the hues of the heads in the legend.
    """
    shapes = _patterned(shapes, hues)
    windows = strips(shapes, size)
    widest = max(window.width for window in windows)
    if len(windows) == 1:
        return _environment(shapes, windows[0], widest, texts, images)
    ordered = windows[::-1] if mirrored else windows
    parts = (_environment(shapes, one, widest, texts, images, cut=True) for one in ordered)
    return "\\par\n".join(parts)


def _patterned(shapes: Sequence[Shape], hues: Sequence[str]) -> list[Shape]:
    """The shapes with a pattern of lines for each head of the legend, for paper without colours.

    In place of its hue, each shape then has the number of its pattern. More heads than there are
    patterns have colours alone. The picture's own legend has room for few samples.
    """
    numbers = {hue: str(number) for number, hue in enumerate(hues)}
    numbers = numbers if 1 < len(numbers) <= PATTERNS else {}
    sampled = numbers if len(numbers) <= _SAMPLES else {}
    made: list[Shape] = []
    for one in shapes:
        if isinstance(one, Drawn):
            made.append(replace(one, hue=numbers.get(one.hue, "")))
        elif isinstance(one, Written):
            runs = [replace(run, hue=sampled.get(run.hue, "")) for run in one.runs]
            made.append(replace(one, runs=tuple(runs)))
        else:
            made.append(one)
    return made


def strips(shapes: Sequence[Shape], size: Point) -> list[Window]:
    """The parts of a picture that stand one below the other, from left to right.

    A row of words is cut between two words. An edge that crosses a cut ends at the end of a strip
    and goes on in the next one, as a slur does in music.
    """
    words = [one for one in shapes if isinstance(one, Written) and one.word]
    lines = {round(one.at[1], 1) for one in words}
    if size[0] <= LONGEST or len(lines) > 2 or any(one.turned for one in words):
        return [_trimmed(shapes, Window(0, 0, *size))]
    spans = [_span(one) for one in shapes if isinstance(one, Written)]
    count = math.ceil(size[0] / _STRIP)
    cuts = [0.0]
    for number in range(1, count):
        free = _free(spans, number * size[0] / count, size[0] / count / 3)
        if free is None:
            return [_trimmed(shapes, Window(0, 0, *size))]
        cuts.append(free)
    cuts.append(size[0])
    return [
        _trimmed(shapes, Window(left, 0, right - left, size[1])) for left, right in pairwise(cuts)
    ]


def _free(spans: Sequence[Point], wanted: float, most: float) -> float | None:
    """The middle of the gap between words that is nearest to a position."""
    edges = sorted(spans)
    found: list[float] = []
    end = -math.inf
    for left, right in edges:
        if left - end > _MARGIN:
            found.append((left + end) / 2)
        end = max(end, right)
    near = [one for one in found if abs(one - wanted) <= most]
    return min(near, key=lambda one: abs(one - wanted)) if near else None


def _span(one: Written) -> Point:
    """The left and the right end of a text, as far as they are known."""
    letters = sum(len(run.text) * run.size * 0.6 for run in one.runs)
    wide = letters if one.room is None else one.room
    left = one.at[0] - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[one.anchor]
    return left, left + wide


def _trimmed(shapes: Sequence[Shape], window: Window) -> Window:
    """The window without the empty space above its edges."""
    tops = [window.height]
    for one in shapes:
        if isinstance(one, (Drawn, Hatched)):
            ys = [y for x, y in samples(one.path) if window.left <= x <= window.right]
            wide = one.width if isinstance(one, Drawn) else 0
            tops += [min(ys) - wide] if ys else []
        elif isinstance(one, Pixels):
            tops.append(one.at[1])
        elif isinstance(one, Written) and _inside(one, window):
            tops.append(one.at[1] - _height(one))
    top = max(0.0, min(tops) - _MARGIN)
    return replace(window, top=top, height=window.height - top)


def _height(one: Written) -> float:
    """How far a text reaches above its anchor, at most."""
    size = max(run.size for run in one.runs)
    left, right = _span(one)
    turned = abs(math.sin(math.radians(one.turned)))
    return size + (right - left) * turned


def _inside(one: Written, window: Window) -> bool:
    left, right = _span(one)
    return window.left <= (left + right) / 2 <= window.right


def _environment(
    shapes: Sequence[Shape],
    window: Window,
    widest: float,
    texts: TexTexts,
    images: dict[str, bytes],
    *,
    cut: bool = False,
) -> str:
    lines = []
    if window.left or window.top:
        lines.append(rf"\AttentionShift{_arguments((-window.left, -window.top))}%")
    if cut:
        size = (window.left, window.top, window.width, window.height)
        lines.append(rf"\begin{{AttentionClip}}{_arguments(size)}%")
    for one in shapes:
        if cut and isinstance(one, Written) and not _inside(one, window):
            continue
        if cut and isinstance(one, Drawn) and not _touches(one, window):
            continue
        lines += _shape(one, texts, images)
    if cut:
        lines.append(r"\end{AttentionClip}%")
    body = "\n".join(lines)
    measures = _arguments((window.width, window.height, widest))
    return f"\\begin{{AttentionPicture}}{measures}%\n{body}\n\\end{{AttentionPicture}}%\n"


def _touches(one: Drawn, window: Window) -> bool:
    return any(
        window.left - one.width <= x <= window.right + one.width for x, _ in samples(one.path)
    )


def _shape(one: Shape, texts: TexTexts, images: dict[str, bytes]) -> Iterator[str]:
    if isinstance(one, Drawn):
        yield from _drawn(one)
    elif isinstance(one, Hatched):
        yield _hatched(one)
    elif isinstance(one, Written):
        yield _written(one, texts)
    else:
        yield _image(one, images)


def _drawn(one: Drawn) -> Iterator[str]:
    path = _path(one.path)
    if one.fill is not None:
        yield _painted(one.fill, "Fill", f"{{{path}}}", clear=one.clear)
        if one.negative:
            signs = "".join(_minus(one.path))
            yield rf"\AttentionStroke{{white}}{{{num(_thickness(one.path))}}}{{{signs}}}%"
    if one.stroke is not None:
        # On paper without colours, a dashed line tells numbers below 0.
        kind = "Dashed" if one.negative else "Stroke"
        if one.hue:
            kind = f"Patterned{{{one.hue}}}"
        yield _painted(one.stroke, kind, f"{{{num(one.width)}}}{{{path}}}", clear=one.clear)


def _painted(paint: Paint, kind: str, arguments: str, *, clear: bool) -> str:
    """A macro with a colour, which shows what is below it if it is clear."""
    if not clear or paint.amount >= 1:
        return rf"\Attention{kind}{{{_colour(paint)}}}{arguments}%"
    colour = _colour(replace(paint, amount=1))
    inside = rf"\Attention{kind}{{{colour}}}{arguments}"
    return rf"\AttentionClear{{{num(paint.amount)}}}{{{inside}}}%"


def _boxes(path: Path) -> Iterator[tuple[float, float, float, float]]:
    """The bounds of each closed part of a path: left, top, width and height."""
    points: list[Point] = []
    for one in path:
        if one.kind == "M":
            points = []
        points += one.points
        if one.kind == "Z" and points:
            xs, ys = [x for x, _ in points], [y for _, y in points]
            yield min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _thickness(path: Path) -> float:
    return max(0.6, min((height for _, _, _, height in _boxes(path)), default=0) * 0.1)


def _minus(path: Path) -> Iterator[str]:
    """A minus sign in each cell below 0, for paper without colours."""
    for left, top, width, height in _boxes(path):
        cells = max(1, round(width / height)) if height else 1
        for cell in range(cells):
            middle = left + (cell + 0.5) * width / cells
            reach = 0.22 * width / cells
            y = num(top + height / 2)
            yield rf"\M{{{num(middle - reach)}}}{{{y}}}\L{{{num(middle + reach)}}}{{{y}}}"


def _hatched(one: Hatched) -> str:
    xs = [x for part in one.path for x, _ in part.points]
    ys = [y for part in one.path for _, y in part.points]
    if not xs:
        return "%"
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    lines = []
    start = math.floor((left + top) / one.apart) * one.apart
    while start < right + bottom:
        # All points of a diagonal have the same sum of x and y.
        x, end = max(left, start - bottom), min(right, start - top)
        if x < end:
            lines.append(
                rf"\M{{{num(x)}}}{{{num(start - x)}}}\L{{{num(end)}}}{{{num(start - end)}}}"
            )
        start += one.apart
    return (
        rf"\AttentionHatch{{{_path(one.path)}}}{{{_colour(one.paint)}}}{{0.5}}"
        rf"{{{''.join(lines)}}}%"
    )


def _written(one: Written, texts: TexTexts) -> str:
    pieces = "".join(_piece(run, texts) for run in one.runs)
    return (
        rf"\AttentionText{{{num(one.at[0])}}}{{{num(one.at[1])}}}{{{_ANCHORS[one.anchor]}}}"
        rf"{{{num(one.turned)}}}{{{num(one.room or 0)}}}{{{pieces}}}%"
    )


def _piece(run: Run, texts: TexTexts) -> str:
    style = (r"\bfseries " if run.bold else "") + (r"\itshape " if run.italic else "")
    text = rf"\AttentionSample{{{run.hue}}}" if run.hue else texts.text(run.text)
    return rf"\AttentionPiece{{{num(run.size)}}}{{{_colour(run.paint)}}}{{{style}{text}}}"


def _image(one: Pixels, images: dict[str, bytes]) -> str:
    name = f"attention-{hashlib.sha256(one.content).hexdigest()[:16]}.png"
    images[name] = one.content
    return rf"\AttentionImage{_arguments((*one.at, *one.size))}{{{name}}}%"


def _path(path: Path) -> str:
    parts = []
    for one in path:
        numbers = (number for point in one.points for number in point)
        parts.append(f"\\{one.kind}{_arguments(numbers)}")
    return "".join(parts)


def _arguments(numbers: Iterable[float]) -> str:
    return "".join(f"{{{num(number)}}}" for number in numbers)


def colour_code(colour: str) -> str:
    """A hexadecimal colour as an expression of xcolor."""
    return _colour(Paint(colour))


def _colour(paint: Paint) -> str:
    """A colour over white as an expression of xcolor."""
    percent = round(100 * paint.amount)
    if (name := _NAMES.get(paint.colour)) is not None:
        return name if percent >= 100 else f"{name}!{percent}!white"
    parts = bytes.fromhex(paint.colour[1:])
    mixed = (round(255 + (part - 255) * min(paint.amount, 1)) for part in parts)
    return "rgb,255:" + ";".join(
        f"{name},{part}" for name, part in zip(("red", "green", "blue"), mixed, strict=True)
    )
