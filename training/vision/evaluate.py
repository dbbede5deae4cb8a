"""Measure the vision model: ``python -m training.vision.evaluate``.

The pictures come from seeds that training never used. For each head: where the class token looks,
and where the patches of a shape look, beside what a head that looks everywhere alike would give.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.sources.builtin import VISION_FOLDER
from sphinx_attention.core.sources.builtin.vision_network import load_vision

from .shapes import KINDS, LABELS, batch, owners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SEED, _PICTURES = 1_000_003, 500


@dataclass(frozen=True)
class Evaluation:
    """What was measured. Shares are means over pictures; arrays have the shape (layers, heads).

    Attributes:
        pictures: how many pictures were shown.
        right: the share of pictures whose shape and colour are both named right.
        kind: the share of pictures whose shape is named right.
        colour: the share of pictures whose colour is named right.
        class_target: the class token's weight on the patches of the coloured shape.
        class_grey: its weight on the patches of grey shapes, in pictures that have some.
        area_target: the share of all patches that the coloured shape covers.
        area_grey: the share of all patches that grey shapes cover, in pictures that have some.
        own_shape: the weight of a shape's patches on the patches of the same shape.
        area_own: the share of all patches that this shape covers.
        itself: the weight of a shape's patches on themselves.
        to_class: the weight of all patches on the class token.
    """

    pictures: int
    right: float
    kind: float
    colour: float
    class_target: NDArray[np.float64]
    class_grey: NDArray[np.float64]
    area_target: float
    area_grey: float
    own_shape: NDArray[np.float64]
    area_own: float
    itself: NDArray[np.float64]
    to_class: NDArray[np.float64]


def evaluate(folder: Path, pictures: int = _PICTURES) -> Evaluation:
    """Measure the model in a folder.

    Args:
        folder: the folder.
        pictures: how many pictures are shown.
    """
    network = load_vision(folder)
    shown, scenes = batch(np.random.default_rng(_SEED), pictures)
    message = [int(network.probabilities(pixels).argmax()) for pixels in shown]
    target, grey, own, itself, to_class = [], [], [], [], []
    areas: list[tuple[float, float, float]] = []
    for pixels, scene in zip(shown, scenes, strict=True):
        weights = np.stack([layer.weights for layer in network.attentions(pixels)])
        owner = owners(scene, network.shape.patches).ravel()
        looks = weights[:, :, 1:, 1:]
        same = (owner[:, None] == owner[None, :]) & (owner >= 0)[:, None]
        rows = owner >= 0
        target.append(weights[:, :, 0, 1:][..., owner == 0].sum(axis=-1))
        if len(scene.shapes) > 1:
            grey.append(weights[:, :, 0, 1:][..., owner > 0].sum(axis=-1))
        own.append((looks * same).sum(axis=-1)[..., rows].mean(axis=-1))
        itself.append(np.diagonal(looks, axis1=2, axis2=3)[..., rows].mean(axis=-1))
        to_class.append(weights[:, :, 1:, 0].mean(axis=-1))
        areas.append(
            (
                float((owner == 0).mean()),
                float((owner > 0).mean()) if len(scene.shapes) > 1 else np.nan,
                float(same[rows].mean()),
            )
        )
    area_target, area_grey, area_own = np.nanmean(np.array(areas), axis=0)
    labels = [scene.label for scene in scenes]
    count = len(KINDS)
    return Evaluation(
        pictures=pictures,
        right=_share(a == b for a, b in zip(message, labels, strict=True)),
        kind=_share(a % count == b % count for a, b in zip(message, labels, strict=True)),
        colour=_share(a // count == b // count for a, b in zip(message, labels, strict=True)),
        class_target=np.mean(target, axis=0),
        class_grey=np.mean(grey, axis=0),
        area_target=float(area_target),
        area_grey=float(area_grey),
        own_shape=np.mean(own, axis=0),
        area_own=float(area_own),
        itself=np.mean(itself, axis=0),
        to_class=np.mean(to_class, axis=0),
    )


def _share(hits: object) -> float:
    return float(np.mean(list(hits)))  # type: ignore[call-overload]


def table(found: Evaluation) -> str:
    """The heads as a table in Markdown."""
    columns = (
        "class token → coloured shape",
        "class token → grey shapes",
        "patch of a shape → the same shape",
        "of this, itself",
        "patches → class token",
    )
    lines = [
        f"| head | {' | '.join(columns)} |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    layers, heads = found.class_target.shape
    for layer in range(layers):
        for head in range(heads):
            numbers = (
                one[layer, head]
                for one in (
                    found.class_target,
                    found.class_grey,
                    found.own_shape,
                    found.itself,
                    found.to_class,
                )
            )
            lines.append(f"| {layer}.{head} | {' | '.join(f'{n:.2f}' for n in numbers)} |")
    lines.append(
        f"| *everywhere alike* | {found.area_target:.2f} | {found.area_grey:.2f} | "
        f"{found.area_own:.2f} | {1 / 65:.2f} | {1 / 65:.2f} |"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m training.vision.evaluate",
        description="Measure the built-in vision model.",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=VISION_FOLDER)
    found = evaluate(parser.parse_args(arguments).folder)
    print(  # noqa: T201
        f"{found.pictures} pictures of {len(LABELS)} classes: {found.right:.1%} right "
        f"(shape {found.kind:.1%}, colour {found.colour:.1%})\n\n{table(found)}"
    )


if __name__ == "__main__":
    main()
