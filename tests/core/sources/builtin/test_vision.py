"""The built-in vision model in NumPy gives the numbers of transformers for the same files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import (
    VISION_FOLDER,
    builtin_vision,
    is_vision,
    revision_of,
)
from sphinx_attention.core.sources.builtin.vision import read
from sphinx_attention.core.sources.builtin.vision_network import load_vision
from tests.core.pictures import noise, picture_request
from training.vision.pictures import SCENES
from training.vision.shapes import KINDS, batch, owners, paint
from training.vision.train import Recipe, new_model, pixel_values

if TYPE_CHECKING:
    from pathlib import Path


def test_the_name_stands_for_the_model_of_the_package() -> None:
    source = builtin_vision()
    assert source.folder == str(VISION_FOLDER)
    assert source.revision == revision_of(VISION_FOLDER)
    assert is_vision(source)
    assert is_vision(replace(source, folder="/x"))
    assert not is_vision(replace(source, dtype="float16"))
    files = list(VISION_FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < 500_000


@pytest.mark.models
@pytest.mark.parametrize("size", [(48, 48), (192, 192), (70, 50)])
def test_numbers_are_those_of_transformers(tmp_path: Path, size: tuple[int, int]) -> None:
    import torch
    from transformers import AutoImageProcessor, ViTForImageClassification

    picture = noise(*size)
    if size == (192, 192):
        picture = Image.fromarray(paint(SCENES["circle"], 192))
    request = picture_request(builtin_vision(), tmp_path, picture)
    found = read(replace(request, keep=("queries", "keys", "values", "norms")))
    processor = AutoImageProcessor.from_pretrained(VISION_FOLDER)
    values = processor(images=picture, return_tensors="pt")["pixel_values"]
    model = ViTForImageClassification.from_pretrained(
        VISION_FOLDER, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    with torch.no_grad():
        output = model(pixel_values=values, output_attentions=True)
    own = torch.cat(output.attentions).numpy()
    np.testing.assert_allclose(found.weights, own, rtol=0, atol=2e-5)
    # The same folder through transformers, as any other model.
    elsewhere = ModelSource(name="v", path="v", folder=str(VISION_FOLDER))
    requested = replace(request, source=elsewhere, keep=("queries", "keys", "values", "norms"))
    with open_source(elsewhere) as runner:
        ((_, other),) = runner.run([requested])
    assert isinstance(other, Attention), other
    assert other.query_tokens == found.query_tokens
    assert other.picture is not None
    assert found.picture is not None
    np.testing.assert_array_equal(other.picture.pixels, found.picture.pixels)
    np.testing.assert_array_equal(other.picture.palette, found.picture.palette)
    for name in ("weights", "queries", "keys", "values", "norms"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(other, name), rtol=1e-4, atol=2e-5, err_msg=name
        )
    pixels = np.asarray(picture.resize((48, 48), Image.Resampling.BILINEAR))
    message = load_vision(VISION_FOLDER).probabilities(pixels)
    np.testing.assert_allclose(message, output.logits.softmax(-1)[0].numpy(), rtol=0, atol=2e-5)


def test_it_names_shapes_and_looks_at_them() -> None:
    """What the card says, on other pictures than those of the card."""
    network = load_vision(VISION_FOLDER)
    pictures, scenes = batch(np.random.default_rng(77), 60)
    right, on_target, on_grey, target, grey = [], [], [], [], []
    for pixels, scene in zip(pictures, scenes, strict=True):
        right.append(int(network.probabilities(pixels).argmax()) == scene.label)
        last = list(network.attentions(pixels))[-1].weights
        owner = owners(scene, 8).ravel()
        on_target.append(last[2, 0, 1:][owner == 0].sum())
        on_grey.append(last[2, 0, 1:][owner > 0].sum())
        target.append((owner == 0).mean())
        grey.append((owner > 0).mean())
    assert np.mean(right) > 0.93
    assert np.mean(on_target) > 5 * np.mean(target)
    assert np.mean(on_grey) < 0.3 * np.mean(grey)
    assert len(network.shape.labels) == 4 * len(KINDS)


def test_what_it_refuses(tmp_path: Path) -> None:
    request = picture_request(builtin_vision(), tmp_path)
    for given, says in (
        ({"image": None, "text": "the fox"}, "takes pictures, not text"),
        ({"text": "a cat"}, "reads a picture alone"),
        ({"part": "decoder"}, "has no decoder attention; it has encoder"),
        ({"layers": (3,)}, "has no layer 3; its layers with attention are 0 to 2"),
    ):
        with pytest.raises(AttentionError, match=says):
            read(replace(request, **given))  # type: ignore[arg-type]


def test_the_built_in_model_of_text_sees_nothing(tmp_path: Path) -> None:
    from sphinx_attention.core.sources.builtin import builtin
    from sphinx_attention.core.sources.builtin.runner import read as read_text

    with pytest.raises(AttentionError, match=r"takes text, not pictures.*builtin-vision"):
        read_text(picture_request(builtin(), tmp_path))


def test_the_key_is_that_of_the_pixels_and_not_of_the_name(tmp_path: Path) -> None:
    one = picture_request(builtin_vision(), tmp_path)
    assert one.image is not None
    moved = replace(one, image=replace(one.image, path="b.png", file="/x/b.png"))
    assert moved.key == one.key
    changed = replace(one, image=replace(one.image, digest="0" * 64))
    assert changed.key != one.key
    assert Request(builtin_vision(), "x").key != one.key


@pytest.mark.models
def test_the_recipe_makes_a_model_of_this_shape() -> None:
    import json

    model = new_model(Recipe())
    config = json.loads((VISION_FOLDER / "config.json").read_text(encoding="utf-8"))
    assert model.config.hidden_size == config["hidden_size"]
    assert model.config.id2label == {int(n): label for n, label in config["id2label"].items()}
    values = pixel_values(np.zeros((2, 48, 48, 3), np.uint8))
    assert model(values).logits.shape == (2, 16)
