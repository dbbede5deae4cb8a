"""Vision transformers: the weights are the model's own, and the picture is the one that it saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.huggingface.batch import Batch
from sphinx_attention.core.store.entry import pack, unpack
from tests.core.pictures import noise, picture_request

pytestmark = pytest.mark.models

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
    # Large weights make attention that is not the same everywhere.
    "initializer_range": 0.4,
    "initializer_factor": 5.0,
}
SQUARE = {"size": {"height": 32, "width": 32}}
CROPPED = {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}}


@dataclass(frozen=True)
class Family:
    """A model class, its image processor and their settings, and the tokens before the patches."""

    model: str
    processor: str
    prepared: dict[str, Any]
    before: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    grid: tuple[int, int] = (4, 4)
    after: list[str] = field(default_factory=list)


FAMILIES = {
    "vit": Family("ViTModel", "ViTImageProcessorPil", SQUARE, ["[CLS]"]),
    "vit, classifier": Family(
        "ViTForImageClassification", "ViTImageProcessorPil", SQUARE, ["[CLS]"]
    ),
    "deit": Family("DeiTModel", "DeiTImageProcessorPil", CROPPED, ["[CLS]", "[DIST]"]),
    "dinov2": Family("Dinov2Model", "BitImageProcessorPil", CROPPED, ["[CLS]"]),
    "dinov2, registers": Family(
        "Dinov2WithRegistersModel",
        "BitImageProcessorPil",
        # Its positions are interpolated to a grid of another size.
        {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 48}},
        ["[CLS]", "[REG0]", "[REG1]", "[REG2]"],
        {"num_register_tokens": 3},
        (4, 6),
    ),
    "clip": Family("CLIPVisionModel", "CLIPImageProcessorPil", CROPPED, ["[CLS]"]),
    "siglip": Family("SiglipVisionModel", "SiglipImageProcessorPil", SQUARE, []),
    "beit": Family("BeitModel", "BeitImageProcessorPil", SQUARE, ["[CLS]"]),
    "yolos": Family(
        "YolosModel",
        "YolosImageProcessorPil",
        {"size": {"shortest_edge": 32, "longest_edge": 64}},
        ["[CLS]"],
        {"image_size": [32, 32], "num_detection_tokens": 2},
        (4, 4),
        ["[DET0]", "[DET1]"],
    ),
}


def saved(folder: Path, family: Family) -> ModelSource:
    """A tiny model with its image processor, in a folder."""
    torch.manual_seed(1)
    kind = getattr(transformers, family.model)
    config = kind.config_class(**{**SIZES, **family.settings})
    kind(config).save_pretrained(folder)
    processor(family).save_pretrained(folder)
    return ModelSource(name="tiny", path="tiny", folder=str(folder))


def processor(family: Family) -> Any:
    return getattr(transformers, family.processor)(**family.prepared)


def answer(request: Request) -> Attention | AttentionError:
    with open_source(request.source) as runner:
        ((requested, found),) = runner.run([request])
    assert requested is request
    return found


def own(folder: Path, family: Family) -> tuple[np.ndarray, np.ndarray]:
    """What the model reads of the picture, and its own attentions."""
    values = processor(family)(images=noise(), return_tensors="pt")["pixel_values"]
    kind = getattr(transformers, family.model)
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        output = model(pixel_values=values, output_attentions=True)
    return values[0].numpy(), torch.cat(output.attentions).numpy()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_weights_are_the_models_own(tmp_path: Path, name: str) -> None:
    family, folder = FAMILIES[name], tmp_path / "tiny"
    request = picture_request(saved(folder, family), tmp_path)
    found = answer(request)
    assert isinstance(found, Attention), found
    values, weights = own(folder, family)
    np.testing.assert_allclose(found.weights, weights, rtol=0, atol=2e-5)
    assert weights.std() > 0.01
    rows, columns = family.grid
    patches = [f"{row},{column}" for row in range(rows) for column in range(columns)]
    tokens = found.query_tokens
    assert [token.text for token in tokens] == [*family.before, *patches, *family.after]
    assert [token.special for token in tokens] == [token.patch is None for token in tokens]
    assert found.key_tokens == tokens
    assert not found.masked.any()
    # The picture is what the model saw, before it was scaled and shifted.
    picture = found.picture
    assert picture is not None
    assert (picture.rows, picture.columns) == family.grid
    ours = processor(family)
    pixels = np.moveaxis(values, 0, -1) * np.array(ours.image_std) + np.array(ours.image_mean)
    shown = picture.palette[picture.pixels] / 255
    assert shown.shape == pixels.shape
    # 256 colours stand for those of a picture of noise, so that they are only near.
    assert np.abs(shown - pixels).mean() < 0.06
    # A build without PyTorch has all of this from the store.
    stored = unpack(pack(request, found), request.key)
    assert stored.query_tokens == tokens
    assert stored.picture is not None
    np.testing.assert_array_equal(stored.picture.pixels, picture.pixels)
    np.testing.assert_array_equal(stored.picture.palette, picture.palette)


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_the_vision_tower_of_a_model_with_two(tmp_path: Path, name: str) -> None:
    kind = {"clip": transformers.CLIPModel, "siglip": transformers.SiglipModel}[name]
    text = {**SIZES, "vocab_size": 99, "bos_token_id": 1, "eos_token_id": 2}
    torch.manual_seed(2)
    model = kind(kind.config_class(text_config=text, vision_config=SIZES, projection_dim=16))
    folder = tmp_path / "both"
    model.save_pretrained(folder)
    processor(FAMILIES[name]).save_pretrained(folder)
    source = ModelSource(name="both", path="both", folder=str(folder))
    found = answer(picture_request(source, tmp_path))
    assert isinstance(found, Attention), found
    values = processor(FAMILIES[name])(images=noise(), return_tensors="pt")["pixel_values"]
    tower = kind.from_pretrained(folder, attn_implementation="eager").eval().vision_model
    with torch.no_grad():
        weights = torch.cat(tower(pixel_values=values, output_attentions=True).attentions)
    np.testing.assert_allclose(found.weights, weights.numpy(), rtol=0, atol=2e-5)


def test_vectors_layers_and_what_a_head_writes(tmp_path: Path) -> None:
    from dataclasses import replace

    family, folder = FAMILIES["vit"], tmp_path / "tiny"
    request = picture_request(saved(folder, family), tmp_path)
    kept = replace(request, keep=("queries", "keys", "values", "norms"), layers=(0, 2))
    found = answer(kept)
    assert isinstance(found, Attention), found
    assert found.layer_names == ("0", "2")
    assert found.queries is not None
    assert found.keys is not None
    logits = found.queries @ found.keys.swapaxes(-1, -2) / np.sqrt(8)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(
        powers / powers.sum(axis=-1, keepdims=True), found.weights, atol=2e-5
    )
    model = transformers.ViTModel.from_pretrained(folder)
    output = model.layers[2].attention.o_proj if hasattr(model, "layers") else None
    assert found.norms is not None
    assert found.norms.shape == (2, 4, 17)
    if output is not None:
        weight = output.weight.detach().numpy().reshape(32, 4, 8)
        assert found.values is not None
        direct = np.linalg.norm(np.einsum("htc,dhc->htd", found.values[1], weight), axis=-1)
        np.testing.assert_allclose(found.norms[1], direct, atol=2e-5)


def refused(tmp_path: Path, family: Family, **given: Any) -> str:
    from dataclasses import replace

    request = replace(picture_request(saved(tmp_path / "tiny", family), tmp_path), **given)
    found = answer(request)
    assert isinstance(found, AttentionError), found
    return found.message


def test_models_whose_tokens_are_no_patches(tmp_path: Path) -> None:
    windows = {"embed_dim": 16, "depths": [1, 1], "num_attention_heads": [2, 2], "window_size": 4}
    swin = Family(
        "SwinModel",
        "ViTImageProcessorPil",
        SQUARE,
        [],
        {**windows, "num_hidden_layers": 2, "patch_size": 4},
    )
    assert "16 × 16 weights a head, and there are 64 × 64 pairs" in refused(tmp_path / "a", swin)
    mae = Family("ViTMAEModel", "ViTImageProcessorPil", SQUARE, [])
    assert "the tokens of tiny are not the patches of a picture" in refused(tmp_path / "b", mae)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()


def test_a_text_beside_the_picture(tmp_path: Path) -> None:
    assert "tiny reads a picture alone" in refused(tmp_path, FAMILIES["vit"], text="a cat")


def test_a_layer_that_is_not_there(tmp_path: Path) -> None:
    assert "tiny has no layer 7" in refused(tmp_path, FAMILIES["vit"], layers=(7,))


def test_a_model_of_text_sees_nothing(tmp_path: Path) -> None:
    bert = Family("BertModel", "ViTImageProcessorPil", SQUARE, [], {"vocab_size": 50})
    reported = refused(tmp_path, bert)
    assert reported.startswith("tiny takes text, not pictures; remove the option image")


def test_a_model_of_pictures_reads_nothing(tmp_path: Path) -> None:
    source = saved(tmp_path / "tiny", FAMILIES["vit"])
    found = answer(Request(source, "the fox"))
    assert isinstance(found, AttentionError)
    assert "tiny takes pictures, not text; choose a model of text, or name a" in found.message


def test_an_image_processor_that_is_missing(tmp_path: Path) -> None:
    source = saved(tmp_path / "tiny", FAMILIES["vit"])
    (tmp_path / "tiny" / "preprocessor_config.json").unlink()
    found = answer(picture_request(source, tmp_path))
    assert isinstance(found, AttentionError)
    assert "preprocessor_config.json" in found.message
    assert "save_pretrained" in found.message


def test_a_file_that_is_gone_or_became_something_else(tmp_path: Path) -> None:
    source = saved(tmp_path / "tiny", FAMILIES["vit"])
    request = picture_request(source, tmp_path)
    (tmp_path / "cat.png").write_text("hello")
    found = answer(request)
    assert isinstance(found, AttentionError)
    assert "not a picture that can be read" in found.message
    (tmp_path / "cat.png").unlink()
    found = answer(request)
    assert isinstance(found, AttentionError)
    assert "cat.png cannot be read" in found.message


def test_several_pictures_need_one_load(tmp_path: Path) -> None:
    source = saved(tmp_path / "tiny", FAMILIES["dinov2"])
    requests = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        requests.append(
            picture_request(source, tmp_path / str(number), noise(40 + number, 60, number))
        )
    with open_source(source) as runner:
        found = dict(runner.run(requests))
    weights = [found[request].weights for request in requests]
    assert len({one.tobytes() for one in weights}) == 3
    for request, own in zip(requests, weights, strict=True):
        alone = answer(request)
        np.testing.assert_allclose(alone.weights, own, rtol=0, atol=2e-5)  # type: ignore[union-attr]


def test_pictures_of_one_shape_run_together(tmp_path: Path, monkeypatch: Any) -> None:
    """One pass serves several pictures, and all requests for one picture."""
    source = saved(tmp_path / "tiny", FAMILIES["vit"])
    rows: list[int] = []
    run = Batch.__init__

    def counted(self: Batch, items: Any) -> None:
        run(self, items)
        rows.append(len(self.rows))

    monkeypatch.setattr(Batch, "__init__", counted)
    requests = []
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        one = picture_request(source, tmp_path / str(number), noise(40 + number, 60, number))
        requests += [one, replace(one, layers=(1,), keep=("norms",))]
    image = requests[2].image
    assert image is not None
    Path(image.file).write_bytes(b"gone")
    with open_source(source) as runner:
        found = dict(runner.run(requests))
    assert rows == [3]
    for request in requests:
        one = found[request]
        if request.image == image:
            assert isinstance(one, AttentionError)
            assert "not a picture that can be read" in one.message
            continue
        alone = answer(request)
        assert isinstance(one, Attention)
        assert isinstance(alone, Attention)
        np.testing.assert_allclose(one.weights, alone.weights, rtol=0, atol=2e-5)
        assert one.picture is not None
        np.testing.assert_array_equal(one.picture.pixels, alone.picture.pixels)  # type: ignore[union-attr]
        if request.keep:
            np.testing.assert_allclose(one.norms, alone.norms, rtol=2e-5)  # type: ignore[arg-type]
