"""Paint the pictures of the example notes: ``python -m training.vision.pictures``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from .shapes import GREY, Scene, Shape, paint

FOLDER = Path(__file__).parents[2] / "example_docs" / "pictures"

_SIDE = 192

SCENES = {
    "circle": Scene(
        (
            Shape("circle", "red", 0.33, 0.35, 0.2),
            Shape("square", GREY, 0.74, 0.3, 0.17, 0.3),
            Shape("triangle", GREY, 0.68, 0.76, 0.18, 0.1),
        ),
        seed=7,
    ),
    "cross": Scene(
        (
            Shape("cross", "blue", 0.66, 0.62, 0.21, -0.2),
            Shape("circle", GREY, 0.25, 0.28, 0.17),
        ),
        seed=12,
    ),
}
"""The pictures by the names of their files."""


def main() -> None:
    """The command."""
    FOLDER.mkdir(exist_ok=True)
    for name, scene in SCENES.items():
        Image.fromarray(paint(scene, _SIDE)).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
