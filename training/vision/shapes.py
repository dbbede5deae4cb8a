"""Pictures of coloured shapes on a noisy ground, made from a seed.

Each picture has one coloured shape, which the model has to name, and up to two grey shapes that it
has to ignore. No two shapes of a picture overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIDE = 48
"""The side of the pictures that the model reads, in pixels."""

KINDS = ("circle", "square", "triangle", "cross")
COLOURS = {
    "red": (214, 64, 56),
    "green": (58, 160, 84),
    "blue": (62, 104, 206),
    "yellow": (226, 178, 48),
}
LABELS = tuple(f"{colour} {kind}" for colour in COLOURS for kind in KINDS)
"""The classes of the model, by number."""

GREY = "grey"

# The radius of a shape, as a share of the picture's side.
_SMALLEST, _LARGEST = 0.15, 0.23
# Free space between two shapes.
_APART = 0.02
_MOST_TRIES = 200


@dataclass(frozen=True)
class Shape:
    """A shape of a picture. Lengths are shares of the picture's side.

    Attributes:
        kind: one of `KINDS`.
        colour: a name in `COLOURS`, or `GREY`.
        x: the centre, from the left.
        y: the centre, from the top.
        radius: the distance from the centre to the outline of a circle of about the same area.
        angle: how far the shape is turned, in radians.
    """

    kind: str
    colour: str
    x: float
    y: float
    radius: float
    angle: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A picture before it is painted. The first shape is the coloured one."""

    shapes: tuple[Shape, ...]
    seed: int

    @property
    def label(self) -> int:
        """The number of the class."""
        return LABELS.index(f"{self.shapes[0].colour} {self.shapes[0].kind}")


def new_scene(random: np.random.Generator) -> Scene:
    """A scene with one coloured shape and up to two grey ones."""
    shapes: list[Shape] = []
    for number in range(1 + int(random.integers(0, 3))):
        colour = GREY if number else str(random.choice(list(COLOURS)))
        for _ in range(_MOST_TRIES):
            radius = float(random.uniform(_SMALLEST, _LARGEST))
            x, y = (float(random.uniform(radius, 1 - radius)) for _ in range(2))
            shape = Shape(str(random.choice(KINDS)), colour, x, y, radius, _turn(random))
            if all(_is_apart(shape, other) for other in shapes):
                shapes.append(shape)
                break
    return Scene(tuple(shapes), int(random.integers(1 << 31)))


def _turn(random: np.random.Generator) -> float:
    return float(random.uniform(-0.35, 0.35))


def _is_apart(one: Shape, other: Shape) -> bool:
    distance = np.hypot(one.x - other.x, one.y - other.y)
    return bool(distance > 1.15 * (one.radius + other.radius) + _APART)


def paint(scene: Scene, side: int = SIDE) -> NDArray[np.uint8]:
    """The pixels of a scene, shape (side, side, 3)."""
    random = np.random.default_rng(scene.seed)
    at = (np.arange(side) + 0.5) / side
    x, y = at[None, :], at[:, None]
    ground = random.uniform(60, 200)
    slope_x, slope_y = random.uniform(-40, 40, 2)
    grey = ground + slope_x * (x - 0.5) + slope_y * (y - 0.5)
    pixels = np.repeat(grey[:, :, None], 3, axis=2)
    for shape in scene.shapes:
        cover = coverage(shape, side)[:, :, None]
        light = random.uniform(0.85, 1.1)
        colour = np.array(COLOURS.get(shape.colour, (0, 0, 0)), dtype=np.float64) * light
        if shape.colour == GREY:
            # A grey shape is lighter or darker than the ground.
            step = random.uniform(45, 75)
            colour += grey.mean() + (step if grey.mean() < 130 else -step)
        pixels = pixels * (1 - cover) + colour * cover
    pixels += random.normal(0, random.uniform(4, 14), pixels.shape)
    painted: NDArray[np.uint8] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return painted


def coverage(shape: Shape, side: int) -> NDArray[np.float64]:
    """Which share of each pixel a shape covers, shape (side, side)."""
    at = (np.arange(side) + 0.5) / side
    x, y = at[None, :] - shape.x, at[:, None] - shape.y
    cos, sin = np.cos(shape.angle), np.sin(shape.angle)
    u, v = x * cos + y * sin, y * cos - x * sin
    return np.clip(0.5 - _distance(shape.kind, u, v, shape.radius) * side, 0, 1)


def _distance(
    kind: str, u: NDArray[np.float64], v: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """About how far each point is outside of a shape around the origin; below 0 inside."""
    if kind == "circle":
        return np.hypot(u, v) - radius
    if kind == "square":
        return np.maximum(np.abs(u), np.abs(v)) - 0.88 * radius
    if kind == "triangle":
        slanted = np.abs(u) * 0.866 - v * 0.5
        return np.maximum(slanted, v) - 0.62 * radius
    long, wide = 1.08 * radius, 0.38 * radius
    across = np.maximum(np.abs(u) - long, np.abs(v) - wide)
    return np.minimum(across, np.maximum(np.abs(v) - long, np.abs(u) - wide))


def owners(scene: Scene, patches: int) -> NDArray[np.int64]:
    """For each patch of a grid, the number of the shape that covers most of it; −1 for none.

    Args:
        scene: the scene.
        patches: how many patches a side has.
    """
    fine = 6
    covers = [
        coverage(shape, patches * fine).reshape(patches, fine, patches, fine).mean(axis=(1, 3))
        for shape in scene.shapes
    ]
    stacked = np.stack(covers)
    return np.where(stacked.max(axis=0) >= 0.3, stacked.argmax(axis=0), -1)


def batch(random: np.random.Generator, size: int) -> tuple[NDArray[np.uint8], Sequence[Scene]]:
    """Pictures, shape (size, side, side, 3), and their scenes."""
    scenes = [new_scene(random) for _ in range(size)]
    return np.stack([paint(scene) for scene in scenes]), scenes
