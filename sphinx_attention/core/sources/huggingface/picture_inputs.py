"""The view of a model on a picture: its inputs, its tokens, and the picture itself.

The image processor of the model crops, resizes and normalises the picture. Which token stands for
which patch is not assumed: it is found out by changing single patches and looking at which token
changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sphinx_attention.core.attention import Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.pictures import patch_tokens

from .model_inputs import device_of
from .own_output import forward
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_SPECIAL = {
    "cls_token": "CLS",
    "class_embedding": "CLS",
    "class_token": "CLS",
    "distillation_token": "DIST",
    "register_tokens": "REG",
    "registers": "REG",
    "detection_tokens": "DET",
}
"""The names of parameters that are tokens of their own, and what these tokens are called."""

_STEP = 1.0
"""How much a patch is changed, in the numbers that the model reads."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as a model reads it.

    Attributes:
        inputs: the inputs of the forward pass.
        tokens: the tokens of the model's row.
        pixels: what the model saw, shape (height, width, 3).
        rows: the number of rows of patches.
        columns: the number of columns of patches.
    """

    inputs: Mapping[str, Any]
    tokens: tuple[Token, ...]
    pixels: NDArray[np.uint8]
    rows: int
    columns: int


Places: TypeAlias = "dict[tuple[int, ...], tuple[int, int]]"
"""By the shape of a picture, the index of the token of its first patch, and how many tokens."""


def see(model: Any, processor: Any, picture: Any, label: str, places: Places | None = None) -> Seen:
    """Prepare a picture for a model that reads pictures alone.

    Args:
        model: the model.
        processor: its image processor.
        picture: the picture as a ``PIL.Image``.
        label: what figures call the model.
        places: what was found out about earlier pictures of the model, and is now.

    Raises:
        AttentionError: the tokens of the model are not the patches of the picture.
    """
    values = processor(images=picture, return_tensors="pt")["pixel_values"]
    if getattr(values, "ndim", 0) != 4 or values.shape[0] != 1 or values.shape[1] not in {1, 3}:
        shape = " × ".join(map(str, getattr(values, "shape", ())))
        raise _no_patches(label, f"its image processor makes numbers of the shape {shape}")
    height, width = (int(side) for side in values.shape[2:])
    high, wide = _patch_size(model, label)
    rows, columns = height // high, width // wide
    if not rows or not columns:
        raise _no_patches(label, f"it saw {height} × {width} pixels, less than one patch")
    inputs = {"pixel_values": values.to(device_of(model), model.dtype)}
    places = {} if places is None else places
    shape_of = tuple(values.shape)
    if shape_of not in places:
        grid, patch = (rows, columns), (high, wide)
        places[shape_of] = _find_patches(model, inputs["pixel_values"], grid, patch, label)
    first, count = places[shape_of]
    before, after = _special(model, first, count - first - rows * columns)
    pixels = as_bytes(values[0].float().numpy(), processor)[: rows * high, : columns * wide]
    return Seen(inputs, (*before, *patch_tokens(rows, columns), *after), pixels, rows, columns)


def as_bytes(values: NDArray[np.float32], processor: Any) -> NDArray[np.uint8]:
    """The picture behind the numbers that a model reads, shape (height, width, 3)."""
    plain = np.moveaxis(values, 0, -1).astype(np.float64)
    if getattr(processor, "do_normalize", False):
        plain = plain * np.array(processor.image_std) + np.array(processor.image_mean)
    if getattr(processor, "do_rescale", False):
        plain = plain / float(processor.rescale_factor)
    bytes_: NDArray[np.uint8] = np.clip(np.rint(plain), 0, 255).astype(np.uint8)
    return np.broadcast_to(bytes_, (*bytes_.shape[:2], 3))


def _patch_size(model: Any, label: str) -> tuple[int, int]:
    """The height and the width of a patch in pixels."""
    size = getattr(model.config, "patch_size", None)
    sides = [size, size] if isinstance(size, int) else size
    if not isinstance(sides, list | tuple) or len(sides) != 2 or not all(sides):
        raise _no_patches(label, f"its configuration has the patch size {size!r}")
    return int(sides[0]), int(sides[1])


def _find_patches(
    model: Any, values: Any, grid: tuple[int, int], patch: tuple[int, int], label: str
) -> tuple[int, int]:
    """The index of the token of the first patch, and the number of tokens.

    Single patches are changed. In the states before the first layer, exactly the token of that
    patch has to change, and tokens have to follow each other row by row.

    Raises:
        AttentionError: they do not.
    """
    torch = require("torch")
    (rows, columns), (high, wide) = grid, patch
    places = dict.fromkeys([(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)])
    copies = values.repeat(1 + len(places), 1, 1, 1)
    for number, (row, column) in enumerate(places, 1):
        copies[number, :, row * high : (row + 1) * high, column * wide : (column + 1) * wide] += (
            _STEP
        )
    states = _first_states(model, copies)
    if states is None or states.ndim != 3:
        raise _no_patches(label, "it does not return the states of its tokens")
    changed = (states[1:] - states[:1]).abs().amax(dim=-1) > 0
    found = [torch.nonzero(row).flatten().tolist() for row in changed]
    first = found[0][0] if found[0] else 0
    for (row, column), tokens in zip(places, found, strict=True):
        if tokens != [first + row * columns + column]:
            raise _no_patches(
                label,
                f"of {states.shape[1]} tokens, {len(tokens)} depend on the patch in row {row}, "
                f"column {column} of a grid of {rows} × {columns}",
            )
    return first, int(states.shape[1])


def _first_states(model: Any, values: Any) -> Any:
    """The states before the first layer."""
    output = forward(model, {"pixel_values": values}, output_hidden_states=True, return_dict=True)
    states = getattr(output, "hidden_states", None)
    return states[0] if states else None


def _no_patches(label: str, why: str) -> AttentionError:
    return AttentionError(
        Problem.MODEL,
        f"the tokens of {label} are not the patches of a picture: {why}; choose a vision "
        "transformer with one token for each patch, such as ViT, DeiT, DINOv2, CLIP or SigLIP",
    )


def _special(model: Any, before: int, after: int) -> tuple[list[Token], list[Token]]:
    """The tokens before and after the patches, by the names of the model's parameters."""
    names: Sequence[str] = ()
    for name, tensor in model.named_parameters():
        known = _SPECIAL.get(name.rpartition(".")[2])
        if known is not None:
            count = int(tensor.shape[-2]) if tensor.ndim > 1 else 1
            one = count == 1 and known != "REG"
            names = [*names, *([f"[{known}]"] if one else _numbered(known, count))]
    if len(names) != before + after:
        names = _numbered("X", before + after)
    tokens = [Token(name, special=True) for name in names]
    return tokens[:before], tokens[before:]


def _numbered(name: str, count: int) -> Sequence[str]:
    return [f"[{name}{number}]" for number in range(count)]
