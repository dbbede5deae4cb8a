"""The card of the vision model, its pictures, and the chapter that shows them."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from sphinx_attention.core.sources.builtin import VISION_FOLDER
from tests.notes import source
from training.vision.evaluate import evaluate
from training.vision.pictures import FOLDER, SCENES
from training.vision.shapes import COLOURS, GREY, KINDS, Shape, batch, coverage, owners, paint

CARD = (VISION_FOLDER / "README.md").read_text(encoding="utf-8")


def table() -> dict[str, list[float]]:
    rows = re.findall(r"^\| (\*?[\w. ]+\*?) \| ([\d. |]+) \|$", CARD, re.MULTILINE)
    return {name: [float(number) for number in numbers.split(" | ")] for name, numbers in rows}


def test_the_card_says_what_is_measured() -> None:
    """On a part of the card's pictures, so that numbers are near and not the same."""
    found, reported = evaluate(VISION_FOLDER, 80), table()
    measured = (
        found.class_target,
        found.class_grey,
        found.own_shape,
        found.itself,
        found.to_class,
    )
    assert len(reported) == 13
    for layer in range(3):
        for head in range(4):
            numbers = [one[layer, head] for one in measured]
            assert numbers == pytest.approx(reported[f"{layer}.{head}"], abs=0.06)
    (right,) = re.findall(r"it names ([\d.]+)% right", CARD)
    assert found.right * 100 == pytest.approx(float(right), abs=4)


def test_the_chapter_has_the_numbers_of_the_card() -> None:
    chapter = source("a-picture-is-a-sentence.rst")
    reported = table()
    heads = [numbers[0] for name, numbers in reported.items() if name[0].isdigit()]
    everywhere = reported["*everywhere alike*"][0]
    assert f"put {min(heads):.2f} to {max(heads):.2f} of the class token's weight" in chapter
    assert f"covers {everywhere:.2f} of the picture" in chapter
    (count,) = re.findall(r"Of (\d+) pictures that training never showed", CARD)
    assert f"over {count} new pictures" in chapter


@pytest.mark.parametrize("name", SCENES)
def test_the_pictures_of_the_notes_are_those_of_the_script(name: str) -> None:
    data = (FOLDER / f"{name}.png").read_bytes()
    with Image.open(BytesIO(data)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), paint(SCENES[name], 192))


def test_scenes_have_one_coloured_shape_and_no_overlap() -> None:
    pictures, scenes = batch(np.random.default_rng(3), 50)
    assert pictures.shape == (50, 48, 48, 3)
    for scene in scenes:
        colours = [shape.colour for shape in scene.shapes]
        assert colours[0] in COLOURS
        assert set(colours[1:]) <= {GREY}
        total = sum(coverage(shape, 48) for shape in scene.shapes)
        assert np.max(total) <= 1.0 + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_are_about_as_large_as_a_circle(kind: str) -> None:
    area = coverage(Shape(kind, "red", 0.5, 0.5, 0.2), 200).mean()
    assert area == pytest.approx(np.pi * 0.2**2, rel=0.45)


def test_owners_are_the_shapes_that_cover_patches() -> None:
    found = owners(SCENES["circle"], 8)
    assert found[2, 2] == 0
    assert found[2, 5] == 1
    assert found[6, 5] == 2
    assert found[7, 0] == -1
