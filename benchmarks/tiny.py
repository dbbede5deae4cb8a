"""Tiny random models of every kind in transformers' registry, from their configurations."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .sizes import LATENT, OWN, SECTIONS, SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TEXTS = ("the quick brown fox jumps over the lazy dog", "a fox sleeps")
TARGET = "a lazy dog"

_MOST_NUMBERS = 1.5e8
"""A model with more parameters is not tiny."""

_MARKS = {"pad": "pad", "bos": "s", "eos": "/s", "unk": "unk", "mask": "mask"}


def tokenizer() -> Any:
    """A tokenizer of whole words between <s> and </s>."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = sorted({word for text in (*TEXTS, TARGET) for word in text.split()})
    vocabulary = ["<pad>", "<s>", "</s>", "<unk>", "<mask>", *words]
    vocabulary += [f"word{n}" for n in range(64 - len(vocabulary))]
    backend = Tokenizer(models.WordLevel({t: n for n, t in enumerate(vocabulary)}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **{f"{name}_token": f"<{mark}>" for name, mark in _MARKS.items()},
        model_input_names=["input_ids", "attention_mask"],
    )


def tiny(config_class: Any, words: int, own: Mapping[str, Any] | None = None) -> Any:
    """A configuration of a class with small sizes, also in its parts."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    plain = config_class()
    kept = dict(own or {})
    given = dict(_small(plain, words, kept))
    parts = _parts(plain)
    for name, part in parts.items():
        own_of_part = dict(kept.pop(name, {}))
        if other := own_of_part.pop("model_type", None):
            part = CONFIG_MAPPING[other]  # noqa: PLW2901 - a part of another kind in its place
        own_of_part = {**OWN.get(part.model_type, {}), **own_of_part}
        given[name] = tiny(part, words, own_of_part).to_dict()
    given.update(kept)
    for _ in range(8):
        try:
            return _fitted(config_class(**given))
        except Exception as error:
            # The configuration computes or checks this size itself.
            culprits = (n for n in given if n in str(error) and n not in {*kept, *parts})
            culprit = next(culprits, None)
            if culprit is None:
                raise
            del given[culprit]
    return _fitted(config_class(**given))


def _parts(plain: Any) -> dict[str, Any]:
    """The classes of the configurations inside a configuration, by their names there."""
    from transformers import PretrainedConfig

    declared = getattr(type(plain), "sub_configs", None) or {}
    held = {name: type(one) for name, one in vars(plain).items() if _is_config(one)}
    own = {
        name: part
        for name, part in declared.items()
        if isinstance(part, type) and issubclass(part, PretrainedConfig)
    }
    return {**own, **held}


def _is_config(one: Any) -> bool:
    from transformers import PretrainedConfig

    return isinstance(one, PretrainedConfig)


def _fitted(config: Any) -> Any:
    """The configuration with sections of rotary positions that fit the size of its heads."""
    sections = SECTIONS.get(config.model_type.removesuffix("_text"))
    for name in ("rope_parameters", "rope_scaling"):
        rope = getattr(config, name, None)
        for one in (rope, *(rope.values() if isinstance(rope, dict) else ())):
            if isinstance(one, dict) and (given := one.get("mrope_section") or sections):
                width = getattr(config, "head_dim", None)
                width = width or config.hidden_size // config.num_attention_heads
                part = one.get("partial_rotary_factor") or 1
                one["mrope_section"] = _sections(given, int(width * part) // 2)
    return config


def _sections(sections: Sequence[int], total: int) -> list[int]:
    """Sections of another total, in nearly the same proportions."""
    small = [one * total // sum(sections) for one in sections]
    for n in range(total - sum(small)):
        small[-1 - n % len(small)] += 1
    return small


def _small(plain: Any, words: int, own: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    held = {**plain.to_dict(), **vars(plain)}
    latent = LATENT if "kv_lora_rank" in held else {}
    layers = _layers(held, own)
    for name, value in held.items():
        of_layers = isinstance(value, list) and len(value) == _count(held)
        if name in latent:
            yield name, latent[name]
        elif name == "num_hidden_layers":
            yield name, len(layers)
        elif name in SIZES and not isinstance(value, list | tuple | dict):
            yield name, SIZES[name]
        elif name.removesuffix("_per_layer_input").endswith("vocab_size") and (
            name != "type_vocab_size"
        ):
            yield name, words
        elif of_layers:
            yield name, [SIZES.get(name, value[layer]) for layer in layers]


def _layers(held: Mapping[str, Any], own: Mapping[str, Any]) -> list[int]:
    """The types of the layers: at least one of each type in the configuration, in order."""
    count = own.get("num_hidden_layers", SIZES["num_hidden_layers"])
    firsts = {
        value.index(one)
        for name, value in held.items()
        if name.endswith(("layer_types", "layers_block_type"))
        if isinstance(value, list) and len(value) == _count(held)
        if "num_hidden_layers" not in own
        for one in value
    }
    return sorted(firsts | set(range(count)))


def _count(held: Mapping[str, Any]) -> int:
    """The number of layers before the configuration is made small."""
    listed = held.get("layers_block_type")
    return int(held.get("num_hidden_layers") or (len(listed) if isinstance(listed, list) else 0))


def class_of(config: Any) -> Any:
    """The class of a model for a configuration: the bare model if transformers has one.

    Halves of models, such as the text encoder of SigLIP, are in no mapping of transformers.
    """
    import transformers

    if type(config) in transformers.MODEL_MAPPING:
        known = transformers.MODEL_MAPPING[type(config)]
        return known[0] if isinstance(known, tuple) else known
    module = importlib.import_module(type(config).__module__.replace("configuration", "modeling"))
    found: list[Any] = [
        one
        for name, one in vars(module).items()
        if isinstance(one, type)
        and issubclass(one, transformers.PreTrainedModel)
        and getattr(one, "config_class", None) is type(config)
        and hasattr(transformers, name)
        and not name.endswith("PreTrainedModel")
    ]
    if not found:
        raise ValueError("has no class of its own")
    return min(found, key=lambda one: not one.__name__.endswith("Model"))


def make(kind: str, folder: Path, own: Mapping[str, Any] | None = None) -> Any:
    """Build and save a model of one kind.

    Args:
        kind: the kind by its name in transformers' registry.
        folder: the folder in which the model is saved.
        own: settings besides small sizes; None takes those that the kind needs.

    Returns:
        The model with its eager attention.
    """
    import torch
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    words = tokenizer()
    config = tiny(CONFIG_MAPPING[kind], len(words), OWN.get(kind) if own is None else own)
    model_class = class_of(config)
    name = model_class.main_input_name
    if name != "input_ids":
        raise ValueError(f"reads {name}")
    with torch.device("meta"):
        count = sum(p.numel() for p in model_class._from_config(config).parameters())  # noqa: SLF001
    if count > _MOST_NUMBERS:
        raise ValueError(f"{count:,} numbers are not tiny")
    torch.manual_seed(7)
    model = model_class._from_config(config, attn_implementation="eager").eval()  # noqa: SLF001
    for name, weights in model.named_parameters():
        if "sink" in name:
            torch.nn.init.normal_(weights)
        elif weights.ndim == 2 and float(weights.detach().std()) < 0.1:
            torch.nn.init.normal_(weights, std=0.4)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    AutoConfig.from_pretrained(folder)
    return model
