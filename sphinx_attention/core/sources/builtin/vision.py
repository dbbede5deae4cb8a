"""Answers requests for the built-in vision model, without PyTorch.

Its answers equal those of transformers for the same files: the same tokens, numbers and errors.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import WARNING, Attention, Part, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.sources.builtin import VISION_FOLDER, installed
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.pictures import (
    LARGEST_FILE,
    SMALLER,
    decode_picture,
    keep,
    patch_tokens,
    resized,
)
from sphinx_attention.core.sources.refusals import has_no_part, sees_alone

from .captured import CapturedLayers
from .vision_network import load_vision

if TYPE_CHECKING:
    from sphinx_attention.core.request import Request

    from .vision_network import VisionNetwork

_PART: Part = "encoder"
"""The only attention of the model."""


def read(request: Request) -> Attention:
    """The attention of the built-in vision model over one picture.

    Args:
        request: a request for the built-in vision model.

    Raises:
        AttentionError: there is no picture, it cannot be read, or the request needs something that
            the model does not have.
    """
    label, image = request.source.label, request.image
    if image is None:
        raise AttentionError(
            Problem.MODEL,
            f"{label} takes pictures, not text; choose a model of text, or name a picture in "
            f"{option('image')}",
        )
    if request.text.strip():
        raise sees_alone(label)
    if request.part not in {None, _PART}:
        raise has_no_part(label, str(request.part), [_PART])
    data = read_author_file(Path(image.file), image.path, LARGEST_FILE, SMALLER)
    picture, warning = decode_picture(data, image.path)
    network = _network()
    shape = network.shape
    pixels = resized(picture, shape.side)
    numbers, _ = choose_layers(
        label, dict.fromkeys(range(shape.layers), shape.heads), request.layers
    )
    computed = list(network.attentions(pixels, max(numbers) + 1))
    layers = CapturedLayers(network, numbers, computed, request.keep)
    tokens = (Token("[CLS]", special=True), *patch_tokens(shape.patches, shape.patches))
    provenance = {"numpy": np.__version__, "dtype": "float32", "capture": "numpy"}
    attention = Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        masked=np.zeros((1, len(tokens), len(tokens)), dtype=np.bool_),
        part=_PART,
        label=label,
        provenance=provenance | ({WARNING: warning} if warning else {}),
        picture=keep(pixels, shape.patches, shape.patches),
        **layers.fields,
    )
    return layers.with_terms(attention, float(computed[0].queries.shape[-1] ** -0.5))


@cache
def _network() -> VisionNetwork:
    with installed(VISION_FOLDER):
        return load_vision(VISION_FOLDER)
