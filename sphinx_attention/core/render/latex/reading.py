"""Reads a picture's SVG as shapes.

The SVG is that of a file of its own. So each view, that of an author's own package among them, has
one layout and one drawing for all writers.
"""

from __future__ import annotations

import io
import math
import re
from base64 import b64decode
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from sphinx_attention.core.render.common.markup import NEGATIVE

from .curves import Segment, UnreadablePathError, ellipse, read_path, transformed
from .shapes import INK, Drawn, Hatched, Paint, Pixels, Run, UnsupportedPictureError, Written
from .state import State, colour_of, rgb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from .curves import Path
    from .shapes import Shape

_CELL = 8.0
"""The px that a cell of an image has at least, so that no viewer blurs its edges."""
_MOST_PIXELS = 2400
"""The most pixels on a side of an image that is enlarged for print."""

_STRIPES = 48
"""The steps of a gradient."""
_HREF = "{http://www.w3.org/1999/xlink}href"
_COVERING = frozenset({"rect", "circle", "ellipse"})
_SILENT = frozenset({"title", "desc", "defs", "mask", "linearGradient", "pattern", "metadata"})


def read_shapes(svg: str) -> tuple[Shape, ...]:
    """The shapes of a picture, from the undermost to the topmost.

    Args:
        svg: the element, as `svg.render_svg` writes it for a file of its own.

    Raises:
        UnsupportedPictureError: the picture has something else than shapes, texts and images.
    """
    root = ET.fromstring(svg)  # noqa: S314 - written by this package
    named = {name: one for one in root.iter() if (name := one.get("id"))}
    try:
        return tuple(_Reader(named).shapes(root, State({})))
    except (UnreadablePathError, ValueError, KeyError) as error:
        raise UnsupportedPictureError(str(error)) from error


class _Reader:
    def __init__(self, named: Mapping[str, ET.Element]) -> None:
        self._named = named
        # Whether there is an image, which what follows may cover.
        self._image = False

    def shapes(self, element: ET.Element, outer: State) -> Iterator[Shape]:
        name = element.tag.rpartition("}")[2]
        if name in _SILENT or element.get("display") == "none":
            return
        state = outer.within(element)
        if name in {"g", "svg", "a"}:
            for child in element:
                yield from self.shapes(child, state)
        elif name == "text":
            yield from _texts(element, state)
        elif name == "image":
            content = np.asarray(_png(element).convert("RGBA"))
            yield _image(element, state, content, clear=self._image)
            self._image = True
        elif (masked := self._target(element.get("mask", ""))) is not None:
            yield self._stencil(element, masked, state)
        else:
            yield from self._area(element, _outline(element, name), state)

    def _target(self, reference: str) -> ET.Element | None:
        found = re.fullmatch(r"url\(#(.*)\)", reference)
        return self._named[found[1]] if found else None

    def _area(self, element: ET.Element, path: Path, state: State) -> Iterator[Shape]:
        stroke, filling = state.paint("stroke", "none"), state.style.get("fill", "#000")
        if stroke is not None and (dots := _dots(path, state)):
            yield Drawn(transformed(dots, state.move), fill=stroke)
            return
        moved = transformed(path, state.move)
        if stroke is not None and not state.number("stroke-width", 1):
            stroke = None
        fill = None
        if (server := self._target(filling)) is not None:
            amount = state.opacity * state.number("fill-opacity", 1)
            if server.tag.endswith("pattern"):
                paint = Paint(INK, amount * 0.9)
                yield Hatched(moved, paint, float(server.get("width", 5)) * state.scale)
            elif server.tag.endswith("linearGradient"):
                yield from _stripes(moved, server, state)
            else:
                raise UnsupportedPictureError(server.tag)
        else:
            fill = state.paint("fill", "#000")
        if fill is None and stroke is None:
            return
        width = state.number("stroke-width", 1) * _across(path, state)
        colours = {one.colour for one in (fill, stroke) if one is not None}
        negative = NEGATIVE in colours and any(
            one.endswith(("--less", "-negative", "-less"))
            for one in element.get("class", "").split()
        )
        covers = self._image or element.tag.rpartition("}")[2] in _COVERING
        hue = "" if stroke is None or fill is not None else _hue(element)
        yield Drawn(moved, fill, stroke, width, negative, clear=covers, hue=hue)

    def _stencil(self, element: ET.Element, masked: ET.Element, state: State) -> Pixels:
        """A colour that shines through an image."""
        image = next(iter(masked), None)
        paint = state.paint("fill", "#000")
        if image is None or not image.tag.endswith("image") or paint is None:
            raise UnsupportedPictureError("mask")
        pixels = np.asarray(_png(image).convert("RGBA")).copy()
        pixels[..., :3] = [int(part) for part in bytes.fromhex(rgb(paint.colour))]
        return _image(element, state, pixels, clear=self._image)


def _dots(path: Path, state: State) -> Path:
    """The outlines of lines without length, which only their caps show; empty for other paths."""
    cap = state.style.get("stroke-linecap")
    pairs = list(zip(path[::2], path[1::2], strict=False))
    if cap not in {"round", "square"} or not path or len(path) % 2:
        return ()
    if any((a.kind, b.kind) != ("M", "L") or a.points != b.points for a, b in pairs):
        return ()
    half = state.number("stroke-width", 1) / 2
    outlines: list[Segment] = []
    for (x, y), *_ in (start.points for start, _ in pairs):
        if cap == "round":
            outlines += ellipse(x, y, half, half)
        else:
            outlines += _rectangle(x - half, y - half, 2 * half, 2 * half)
    return tuple(outlines)


def _rectangle(x: float, y: float, w: float, h: float) -> Path:
    corners = [(x + w, y), (x + w, y + h), (x, y + h)]
    lines = [Segment("L", (corner,)) for corner in corners]
    return (Segment("M", ((x, y),)), *lines, Segment("Z"))


def _across(path: Path, state: State) -> float:
    """How much the width of a line grows. Lines along an axis grow by the scale of the other."""
    a, b, c, d, _, _ = state.matrix
    if not (b or c) and abs(a) != abs(d):
        xs, ys = ({point[axis] for one in path for point in one.points} for axis in (0, 1))
        level = all(
            one.kind == "M" or before.points[-1][1] == one.points[-1][1]
            for before, one in pairwise(path)
            if one.points and before.points
        )
        if level or len(ys) == 1:
            return abs(d)
        if len(xs) == 1:
            return abs(a)
    return state.scale


def _outline(element: ET.Element, name: str) -> Path:
    def number(attribute: str) -> float:
        return float(element.get(attribute, 0))

    if name == "path":
        return read_path(element.get("d", ""))
    if name == "rect":
        return _rectangle(*map(number, ("x", "y", "width", "height")))
    if name == "circle":
        return ellipse(number("cx"), number("cy"), number("r"), number("r"))
    if name == "ellipse":
        return ellipse(number("cx"), number("cy"), number("rx"), number("ry"))
    if name == "line":
        ends = (number("x1"), number("y1")), (number("x2"), number("y2"))
        return (Segment("M", (ends[0],)), Segment("L", (ends[1],)))
    if name in {"polyline", "polygon"}:
        return read_path(f"M{element.get('points', '')}{'z' if name == 'polygon' else ''}")
    raise UnsupportedPictureError(name)


def _stripes(path: Path, gradient: ET.Element, state: State) -> Iterator[Drawn]:
    """A gradient from left to right as stripes. Each reaches to the end, so that none is apart."""
    xs = [x for one in path for x, _ in one.points]
    ys = [y for one in path for _, y in one.points]
    left, right = min(xs), max(xs)
    stops = [
        (
            float(one.get("offset", 0)),
            colour_of(one.get("stop-color", "#000"), state.style),
            float(one.get("stop-opacity", 1)),
        )
        for one in gradient
    ]
    for number in range(_STRIPES):
        share = (number + 0.5) / _STRIPES
        before = [stop for stop in stops if stop[0] <= share][-1]
        after = next((stop for stop in stops if stop[0] > share), before)
        span = after[0] - before[0]
        amount = before[2] + (after[2] - before[2]) * ((share - before[0]) / span if span else 0)
        colour = before[1] if before[2] >= after[2] else after[1]
        start = left + (right - left) * number / _STRIPES
        corners = [(right, min(ys)), (right, max(ys)), (start, max(ys))]
        outline = [Segment("L", (corner,)) for corner in corners]
        area = (Segment("M", ((start, min(ys)),)), *outline, Segment("Z"))
        yield Drawn(area, fill=Paint(colour, amount * state.opacity))


def _png(element: ET.Element) -> Image.Image:
    address = element.get(_HREF) or element.get("href") or ""
    kind, _, content = address.partition(",")
    if not kind.startswith("data:image/") or not kind.endswith("base64"):
        raise UnsupportedPictureError("image")
    return Image.open(io.BytesIO(b64decode(content)))


def _image(element: ET.Element, state: State, pixels: NDArray[np.uint8], *, clear: bool) -> Pixels:
    """An image with enough pixels for each cell, and over white unless it is clear."""
    corner = state.move((float(element.get("x", 0)), float(element.get("y", 0))))
    width, height = (state.scale * float(element.get(one, 0)) for one in ("width", "height"))
    alpha = pixels[..., 3:].astype(np.float64) / 255 * state.opacity
    if clear:
        flat = np.concatenate([pixels[..., :3], np.rint(alpha * 255).astype(np.uint8)], axis=2)
    else:
        flat = np.rint(255 + (pixels[..., :3] - 255.0) * alpha).astype(np.uint8)
    rows, columns = flat.shape[:2]
    if element.get("image-rendering") == "pixelated" or element.get("mask"):
        times = math.ceil(_CELL * max(1.0, _MOST_PIXELS / 8 / max(rows, columns)) / _CELL)
        times = max(1, min(times * 2, _MOST_PIXELS // max(rows, columns)))
        flat = flat.repeat(times, axis=0).repeat(times, axis=1)
    made = Image.fromarray(flat)
    # An image of few colours is many times smaller with a palette.
    few = None if clear else made.getcolors(256)
    if few is not None:
        made = made.convert("P", palette=Image.Palette.ADAPTIVE, colors=len(few))
    file = io.BytesIO()
    made.save(file, "PNG", optimize=True)
    return Pixels(corner, (width, height), file.getvalue())


def _texts(element: ET.Element, state: State) -> Iterator[Written]:
    runs = [run for run in _runs(element, state) if run.text]
    a, b = state.matrix[:2]
    xs, ys = (
        [float(number) for number in re.split(r"[\s,]+", (element.get(axis) or "0").strip())]
        for axis in ("x", "y")
    )
    room = element.get("textLength")
    anchor = state.style.get("text-anchor", "start")
    if state.columns and room is not None and anchor == "middle":
        # The words of a column have one edge in every font.
        side = 1 if state.style.get("data-side") == "query" else -1
        xs[0] += side * float(room) / 2
        anchor = "end" if side > 0 else "start"
    written = Written(
        at=state.move((xs[0], ys[0])),
        anchor=anchor,
        room=None if room is None else float(room) * state.scale,
        runs=tuple(runs),
        turned=-math.degrees(math.atan2(b, a)),
        word="attention-word" in element.get("class", "").split(),
    )
    if len(xs) == 1:
        if runs:
            yield written
        return
    # Each character has a position of its own.
    characters = [replace(run, text=one) for run in runs for one in run.text]
    for number, (x, run) in enumerate(zip(xs, characters, strict=False)):
        y = ys[min(number, len(ys) - 1)]
        yield replace(written, at=state.move((x, y)), runs=(run,))


def _runs(element: ET.Element, state: State) -> Iterator[Run]:
    paint = state.paint("fill", "#000") or Paint(INK, 0)
    run = Run(
        "",
        paint,
        state.number("font-size", 16) * state.scale,
        bold=state.style.get("font-weight") in {"bold", "600", "700"},
        italic=state.style.get("font-style") == "italic",
        hue=_hue(element),
    )
    if element.text:
        yield replace(run, text=_spaced(element.text))
    for child in element:
        if child.tag.endswith("tspan"):
            yield from _runs(child, state.within(child))
        elif not child.tag.endswith(("title", "desc")):
            raise UnsupportedPictureError(child.tag)
        if child.tail:
            yield replace(run, text=_spaced(child.tail))


def _hue(element: ET.Element) -> str:
    """The class of the colour of a head. Differences have the hues ``more`` and ``less``."""
    classes = element.get("class", "").split()
    return next((one for one in classes if re.fullmatch(r"attention-hue-\d+", one)), "")


def _spaced(text: str) -> str:
    return re.sub(r"[ \t\n]+", " ", text)
