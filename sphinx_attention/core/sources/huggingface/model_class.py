"""The class of transformers with which a model is loaded, and its kind of input."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource

_PIXELS = ("pixel_values", "flattened_patches")
"""The names of the inputs that hold a picture."""

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
"""The kind of input of a model, by the name of its main input."""


def candidates(config: Any, *, head: bool = False) -> list[Any]:
    """The classes to which the weights of a configuration may belong, the likeliest first.

    First comes the bare model, or the class with the generating head for an encoder-decoder model;
    then the class named in ``architectures``, because one half of a model may be saved alone.

    Args:
        config: the configuration of the model.
        head: whether the head for the next token is wanted, if a model of one stack has one.
    """
    transformers = require("transformers")
    automatic = [transformers.AutoModel]
    if head and not getattr(config, "is_encoder_decoder", False):
        automatic.insert(0, transformers.AutoModelForCausalLM)
    if getattr(config, "is_encoder_decoder", False):
        # The head is needed to generate a target, and is small compared with the rest.
        automatic.insert(0, transformers.AutoModelForSeq2SeqLM)
    found: list[Any] = []
    for kind in automatic:
        with contextlib.suppress(KeyError):
            # This mapping of transformers loads the module of the class.
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
    """Refuse a model whose input is not text.

    Raises:
        AttentionError: the input is not text.
    """
    if kinds:
        refuse_other_input(_main_input(kinds[0]), source)


def refuse_other_input(name: str, source: ModelSource) -> None:
    """Do the same as `check_input`, by the name of a model's main input."""
    if name != "input_ids":
        raise AttentionError(
            Problem.MODEL,
            f"{source.name} takes {_READS.get(name, name)}, not text; choose a model of text"
            + (f", or name a picture in {option('image')}" if name in _PIXELS else ""),
        )


def check_sees(kinds: list[Any], source: ModelSource) -> None:
    """Refuse a model that is given a picture and takes none.

    Raises:
        AttentionError: the model takes no pictures.
    """
    if kinds and not any(
        name in inspect.signature(kinds[0].forward).parameters for name in _PIXELS
    ):
        name = str(_main_input(kinds[0]))
        raise AttentionError(
            Problem.MODEL,
            f"{source.name} takes {_READS.get(name, 'text')}, not pictures; remove "
            f"{option('image')}, or choose a model of pictures",
        )


def reads_text(kinds: list[Any]) -> bool:
    """Whether a model that sees pictures reads a text in the same row, as in LLaVA.

    The two towers of CLIP read a text and a picture each by itself.
    """
    if not kinds or "input_ids" not in inspect.signature(kinds[0].forward).parameters:
        return False
    settings = getattr(kinds[0], "config_class", None)
    return not _has_two_towers(settings)


def _has_two_towers(settings: Any) -> bool:
    """Whether a configuration is that of a text tower beside a vision tower."""
    parts = getattr(settings, "sub_configs", None) or {}
    kinds = {name: getattr(kind, "model_type", "") for name, kind in parts.items()}
    return str(kinds.get("text_config", "")).endswith("text_model")


def _main_input(kind: Any) -> Any:
    """The name of the main input of a model; of several inputs, the first."""
    name = getattr(kind, "main_input_name", "input_ids")
    return name[0] if isinstance(name, list | tuple) and name else name


def has_decoder(model: Any) -> bool:
    """Whether a model has an encoder and a decoder."""
    own = bool(getattr(model.config, "is_encoder_decoder", False))
    return own and "decoder_input_ids" in inspect.signature(model.forward).parameters


_TOWERS = ("vision", "image", "audio")
"""The first words of the names of the tower that reads no text."""


def text_tower(model: Any) -> Any:
    """The text tower of a model that has another one, for pictures (CLIP) or for sound (CLAP)."""
    text = getattr(model, "text_model", None)
    others = (getattr(model, f"{kind}_model", None) for kind in _TOWERS)
    kind = require("transformers").PreTrainedModel
    two = isinstance(text, kind) and any(isinstance(other, kind) for other in others)
    return text if two else model


def vision_tower(model: Any) -> Any:
    """The vision tower of a model that has a text tower beside it (CLIP, SigLIP)."""
    if not _has_two_towers(model.config):
        return model
    tower = getattr(model, "vision_model", None)
    return tower if isinstance(tower, require("transformers").PreTrainedModel) else model


def missing_body(model: Any, missing: set[str]) -> set[str]:
    """The weights that a model's attention needs and that its files lack.

    transformers would fill them at random, and the picture would show noise.
    """
    prefix = f"{model.base_model_prefix}."
    body_has_prefix = model.base_model is not model
    return {
        key
        for key in missing
        if "pooler" not in key and (key.startswith(prefix) or not body_has_prefix)
    }
