"""Which class of transformers a model is loaded with, and what it reads."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource

_READS = {
    "pixel_values": "pictures",
    "flattened_patches": "pictures",
    "pixel_values_videos": "videos",
    "input_features": "sound",
    "input_values": "sound",
    "audio_mel": "sound",
    "audio_values": "sound",
    "past_values": "series of numbers",
}
"""What a model takes, by the name of its main input."""


def candidates(config: Any, *, head: bool = False) -> list[Any]:
    """The classes that a configuration's weights may be of, the likeliest first.

    The bare model, or of an encoder-decoder model the one with the head that generates; then the
    class that wrote the files, named in ``architectures``: one half of a model may be saved alone.

    Args:
        config: of the model.
        head: whether the head for the next token is wanted, where a model of one stack has one.
    """
    transformers = require("transformers")
    automatic = [transformers.AutoModel]
    if head and not getattr(config, "is_encoder_decoder", False):
        automatic.insert(0, transformers.AutoModelForCausalLM)
    if getattr(config, "is_encoder_decoder", False):
        # With its head, or a target could not be generated. A head is nothing beside the rest.
        automatic.insert(0, transformers.AutoModelForSeq2SeqLM)
    found: list[Any] = []
    for kind in automatic:
        with contextlib.suppress(KeyError):
            # A mapping of transformers' own; it loads the module of the class.
            known = kind._model_mapping[type(config)]  # noqa: SLF001 - nothing public tells
            found += known if isinstance(known, tuple) else [known]
    return list(dict.fromkeys([*found, *_named(config)]))


def _named(config: Any) -> Iterator[type]:
    """The classes of transformers itself that ``architectures`` names."""
    transformers = require("transformers")
    names = getattr(config, "architectures", None)
    for name in names if isinstance(names, list) else []:
        kind = getattr(transformers, name, None) if isinstance(name, str) else None
        if isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel):
            own = getattr(kind, "config_class", None)
            if own is not None and isinstance(config, own):
                yield kind


def check_input(kinds: list[Any], source: ModelSource) -> None:
    """Refuse a model of something else than text.

    Raises:
        AttentionError: it is one.
    """
    if kinds:
        refuse_other_input(str(getattr(kinds[0], "main_input_name", "input_ids")), source)


def refuse_other_input(name: str, source: ModelSource) -> None:
    """As `check_input`, by the name of a model's main input."""
    if name != "input_ids":
        raise AttentionError(
            Problem.MODEL,
            f"{source.name} takes {_READS.get(name, name)}, not text; choose a model of text",
        )


def has_decoder(model: Any) -> bool:
    """Whether a model has an encoder and a decoder, rather than one of the two."""
    own = bool(getattr(model.config, "is_encoder_decoder", False))
    return own and "decoder_input_ids" in inspect.signature(model.forward).parameters


_TOWERS = ("vision", "image", "audio")
"""What the other tower of a model with two is called after."""


def text_tower(model: Any) -> Any:
    """The text tower of a model that has another one, for pictures (CLIP) or for sound (CLAP)."""
    text = getattr(model, "text_model", None)
    others = (getattr(model, f"{kind}_model", None) for kind in _TOWERS)
    kind = require("transformers").PreTrainedModel
    two = isinstance(text, kind) and any(isinstance(other, kind) for other in others)
    return text if two else model


def missing_body(model: Any, missing: set[str]) -> set[str]:
    """The weights that a model's attention needs and that its files lack.

    They would be filled at random, and the picture would show noise.
    """
    prefix = f"{model.base_model_prefix}."
    body_has_prefix = model.base_model is not model
    return {
        key
        for key in missing
        if "pooler" not in key and (key.startswith(prefix) or not body_has_prefix)
    }
