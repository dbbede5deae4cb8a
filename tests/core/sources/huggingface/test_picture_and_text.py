"""Models that read a picture and a text in one row: words look at patches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import ModelSource
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.huggingface.backends import choose_backend, gather
from sphinx_attention.core.sources.huggingface.picture_and_text import see_beside_text
from tests.core.pictures import noise, picture_request

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.models

TEXT = "what is the red shape ?"
READS = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.4,
}
SEES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}


def tokenizer(*marks: str, **named: str) -> Any:
    words = ["<unk>", "<pad>", "<bos>", "<eos>", *marks, *TEXT.split()]
    split = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "<unk>"))
    split.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=split,
        unk_token="<unk>",
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        additional_special_tokens=list(marks),
        **({"extra_special_tokens": dict(named)} if named else {}),
    )


def llava(folder: Path) -> None:
    own = tokenizer("<image>")
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SEES),
        text_config=transformers.LlamaConfig(**READS),
        image_token_id=4,
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    images = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    transformers.LlavaProcessor(
        image_processor=images,
        tokenizer=own,
        patch_size=8,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,
    ).save_pretrained(folder)


def gemma(folder: Path) -> None:
    own = tokenizer(
        "<boi>", "<img>", "<eoi>", boi_token="<boi>", image_token="<img>", eoi_token="<eoi>"
    )
    config = transformers.Gemma3Config(
        vision_config=transformers.SiglipVisionConfig(**SEES),
        text_config=transformers.Gemma3TextConfig(**READS, head_dim=8, sliding_window=64),
        mm_tokens_per_image=4,
        image_token_id=5,
        boi_token_index=4,
        eoi_token_index=6,
    )
    transformers.Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    images = transformers.Gemma3ImageProcessorPil(size={"height": 32, "width": 32})
    transformers.Gemma3Processor(
        image_processor=images, tokenizer=own, image_seq_length=4
    ).save_pretrained(folder)


CASES = {
    "llava": (llava, "<image>", [], 4),
    "gemma": (gemma, "<boi>", ["<boi>", "<eoi>"], 2),
}


def answer(folder: Path, tmp_path: Path, **given: Any) -> Attention | AttentionError:
    source = ModelSource(name="tiny", path="tiny", folder=str(folder))
    request = replace(picture_request(source, tmp_path), **{"text": TEXT, **given})
    with open_source(source) as runner:
        ((_, found),) = runner.run([request])
    return found


@pytest.mark.parametrize("name", CASES)
def test_words_and_patches_stand_in_one_row(tmp_path: Path, name: str) -> None:
    make, mark, around, side = CASES[name]
    folder = tmp_path / "tiny"
    torch.manual_seed(1)
    make(folder)
    found = answer(folder, tmp_path)
    assert isinstance(found, Attention), found
    processor = transformers.AutoProcessor.from_pretrained(folder)
    inputs = processor(images=[noise()], text=[f"{mark}\n{TEXT}"], return_tensors="pt")
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        own = model(**inputs, output_attentions=True, use_cache=False).attentions
    np.testing.assert_allclose(found.weights, torch.cat(own).numpy(), rtol=0, atol=2e-5)
    patches = [f"{row},{column}" for row in range(side) for column in range(side)]
    expected = [*around[:1], *patches, *around[1:], *TEXT.split()]
    assert [token.text for token in found.query_tokens] == expected
    assert [token.text for token in found.query_tokens if token.special] == around
    assert found.picture is not None
    assert (found.picture.rows, found.picture.columns) == (side, side)
    assert found.picture.pixels.shape == (32, 32)
    # A word that follows the picture may look at all of it.
    assert not found.masked[0, -1].any()


def test_the_authors_own_mark_stays_where_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    llava(folder)
    found = answer(folder, tmp_path, text="what is <image> ?")
    assert isinstance(found, Attention), found
    texts = [token.text for token in found.query_tokens]
    assert texts[:3] == ["what", "is", "0,0"]
    assert texts[-1] == "?"


def test_a_text_is_needed(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    llava(folder)
    found = answer(folder, tmp_path, text=" ")
    assert isinstance(found, AttentionError)
    assert "the text is empty" in found.message


def test_two_pictures_in_one_text(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    llava(folder)
    found = answer(folder, tmp_path, text="<image> <image> ?")
    assert isinstance(found, AttentionError)


class QwenProcessor(transformers.Qwen2VLProcessor):
    """The processor of Qwen2-VL without its part for videos, which alone needs torchvision."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        if argument_name == "video_processor":
            return type(argument)
        return super().check_argument_for_proper_class(argument_name, argument)


def qwen_processor() -> QwenProcessor:
    marks = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|video_pad|>")
    images = transformers.Qwen2VLImageProcessorPil(
        min_pixels=256, max_pixels=1536, patch_size=4, merge_size=2, temporal_patch_size=2
    )
    return QwenProcessor(images, tokenizer(*marks), video_processor=None)


def test_patches_of_any_shape_of_picture() -> None:
    torch.manual_seed(1)
    config = transformers.Qwen2VLConfig(
        text_config={
            **READS,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 4,
            "mlp_ratio": 2,
            "patch_size": 4,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
        },
        image_token_id=5,
        vision_start_token_id=4,
        vision_end_token_id=6,
        video_token_id=39,
    )
    model = transformers.Qwen2VLModel(config).eval()
    model.set_attn_implementation("eager")
    processor = qwen_processor()
    picture = noise(60, 40)
    seen = see_beside_text(model, processor, picture, TEXT, "tiny")
    rows, columns = seen.rows, seen.columns
    assert columns > rows > 1
    patches = [f"{row},{column}" for row in range(rows) for column in range(columns)]
    expected = ["<|vision_start|>", *patches, "<|vision_end|>", *TEXT.split()]
    assert [token.text for token in seen.tokens] == expected
    # Two by two patches of four pixels are one token.
    assert seen.pixels.shape == (rows * 8, columns * 8, 3)
    size = (columns * 8, rows * 8)
    resized = np.asarray(picture.resize(size, Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(seen.pixels - resized).max() <= 1
    backend, checked = choose_backend(model, seen.inputs, 1e-4)
    assert checked
    calls = gather(backend, seen.inputs)
    with torch.no_grad():
        own = model(**seen.inputs, output_attentions=True, use_cache=False).attentions
    for number, weights in enumerate(own):
        call = calls["decoder", number]
        assert tuple(call.weights.shape[2:]) == (len(expected), len(expected))
        np.testing.assert_allclose(call.weights.numpy(), weights.numpy(), rtol=0, atol=2e-5)
