"""The tokens of a model that reads a picture and a text in one row (LLaVA, Gemma 3, Qwen-VL).

The processor of the model writes a token for each patch, or for each group of patches, into the
text. Words that follow attend to these tokens as to other words.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.pictures import patch_tokens

from .inputs import display
from .model_inputs import device_of
from .picture_inputs import Seen, as_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

_AROUND = ("<|vision_start|>", "<|vision_end|>")
"""The tokens around the picture in models of the Qwen family."""


def see_beside_text(model: Any, processor: Any, picture: Any, text: str, label: str) -> Seen:
    """Prepare a picture and a text for a model that reads both.

    A text without the model's own mark for a picture follows the picture.

    Args:
        model: the model.
        processor: its processor.
        picture: the picture as a ``PIL.Image``.
        text: the text.
        label: what figures call the model.

    Raises:
        AttentionError: the picture is not a grid of tokens in one piece.
    """
    mark = _mark(processor, label)
    whole = text if mark in text else f"{mark}\n{text}"
    made = processor(images=[picture], text=[whole], return_tensors="pt")
    ids = [int(one) for one in made["input_ids"][0]]
    number = _number(model, processor)
    places = [at for at, one in enumerate(ids) if one == number]
    rows, columns = _grid(made, processor, len(places), label)
    if places != list(range(places[0], places[0] + len(places))):
        raise _no_grid(label, "its tokens for the picture stand in several places of the text")
    patches = patch_tokens(rows, columns)
    tokens = _texts(processor.tokenizer, ids)
    tokens[places[0] : places[-1] + 1] = patches
    device = device_of(model)
    inputs = {
        name: value.to(device, model.dtype) if value.is_floating_point() else value.to(device)
        for name, value in made.items()
    }
    return Seen(inputs, tuple(tokens), _pixels(made, processor, label), rows, columns)


def _mark(processor: Any, label: str) -> str:
    """The text that stands for a picture in a text."""
    token = getattr(processor, "boi_token", None) or getattr(processor, "image_token", None)
    if not isinstance(token, str):
        raise _no_grid(label, "its processor names no token for a picture")
    known = processor.tokenizer.get_vocab()
    if all(one in known for one in _AROUND):
        return token.join(_AROUND)
    return token


def _number(model: Any, processor: Any) -> int | None:
    """The number of the token that stands for a patch."""
    names = ("image_token_id", "image_token_index")
    owners = (model.config, processor)
    found = (getattr(owner, name, None) for owner in owners for name in names)
    return next((int(number) for number in found if isinstance(number, int)), None)


def _grid(made: Mapping[str, Any], processor: Any, count: int, label: str) -> tuple[int, int]:
    """The rows and columns of the tokens of the picture."""
    if not count:
        raise _no_grid(label, "its processor writes no tokens for the picture")
    if "image_grid_thw" in made:
        frames, high, wide = (int(one) for one in made["image_grid_thw"][0])
        merged = int(processor.image_processor.merge_size)
        rows, columns = high // merged, wide // merged
        if frames == 1 and rows * columns == count:
            return rows, columns
    side = math.isqrt(count)
    if side * side != count:
        raise _no_grid(label, f"its processor writes {count} tokens, which are no square")
    return side, side


def _texts(tokenizer: Any, ids: Sequence[int]) -> list[Token]:
    special = set(tokenizer.all_special_ids)
    shown = display(tokenizer, ids)
    return [
        Token(text, special=one in special, word=None if one in special else number)
        for number, (text, one) in enumerate(zip(shown, ids, strict=True))
    ]


def _pixels(made: Mapping[str, Any], processor: Any, label: str) -> NDArray[np.uint8]:
    """The picture that the model saw, shape (height, width, 3)."""
    values = made["pixel_values"].float().numpy()
    if values.ndim == 4 and len(values) == 1:
        return as_bytes(values[0], processor.image_processor)
    if values.ndim == 2 and "image_grid_thw" in made:
        return as_bytes(_joined(values, made, processor), processor.image_processor)
    shape = " × ".join(map(str, values.shape))
    raise _no_grid(label, f"its processor makes numbers of the shape {shape}")


def _joined(values: NDArray[np.float32], made: Mapping[str, Any], processor: Any) -> Any:
    """The picture of patches that stand one after the other, shape (3, height, width)."""
    settings = processor.image_processor
    _, high, wide = (int(one) for one in made["image_grid_thw"][0])
    merged, side = int(settings.merge_size), int(settings.patch_size)
    frames = int(settings.temporal_patch_size)
    apart = values.reshape(high // merged, wide // merged, merged, merged, -1, frames, side, side)[
        ..., 0, :, :
    ]
    return apart.transpose(4, 0, 2, 5, 1, 3, 6).reshape(-1, high * side, wide * side)


def _no_grid(label: str, why: str) -> AttentionError:
    return AttentionError(
        Problem.MODEL, f"{label} does not read a picture as one grid of tokens: {why}"
    )
