"""Prepares models that a program has in memory for our runner, and restores them afterwards."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .loading import Loaded, adopt, adopt_to_see, quiet
from .packages import require
from .runner import ModelRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource


def is_model(value: object) -> bool:
    """Whether a value is a model of transformers. Nothing new is imported."""
    return _is_a(_plain(value), "PreTrainedModel")


def _is_a(value: object, name: str) -> bool:
    return any(
        kind.__name__ == name and kind.__module__.startswith("transformers.")
        for kind in type(value).__mro__
    )


def name_of(model: Any) -> str:
    """The name of a model in a figure: the name by which it was loaded, or else its class."""
    model = _plain(model)
    return str(getattr(model, "name_or_path", "") or "").strip() or type(model).__name__


def check_live(model: Any, tokenizer: Any, *, sees: bool = False) -> None:
    """Check that a model and a tokenizer are those of transformers.

    Args:
        model: the model.
        tokenizer: its tokenizer; of a model that sees a picture, its processor.
        sees: whether the model is given a picture.

    Raises:
        AttentionError: the model is no such model, or there is no tokenizer.
    """
    if not is_model(model):
        raise AttentionError(
            Problem.MODEL,
            f"invalid value of type {type(model).__name__} for model: expected the name of a "
            "model, or a model of transformers (a PreTrainedModel)",
        )
    if sees:
        if not (callable(tokenizer) and hasattr(_images_of(tokenizer), "image_mean")):
            raise AttentionError(
                Problem.MODEL,
                f"the image processor is missing: expected the one of the model as tokenizer, such "
                f"as AutoImageProcessor.from_pretrained({name_of(model)!r})",
            )
        return
    tokenizer = _tokenizer_of(tokenizer)
    if not (callable(tokenizer) and hasattr(tokenizer, "convert_ids_to_tokens")):
        kind = type(tokenizer).__name__
        found = "the tokenizer is missing"
        if tokenizer is not None:
            found = f"invalid value of type {kind} for tokenizer"
        raise AttentionError(
            Problem.MODEL,
            f"{found}: expected the tokenizer of the model, such as "
            f"AutoTokenizer.from_pretrained({name_of(model)!r})",
        )


@contextlib.contextmanager
def open_live(source: ModelSource, model: Any, tokenizer: Any) -> Iterator[ModelRunner]:
    """A runner of a model that is in memory.

    Within the context, the model is in evaluation mode and computes its attention with our
    function. Afterwards its state is restored.

    Args:
        source: the source that the requests name.
        model: a ``transformers.PreTrainedModel``, also one compiled by ``torch.compile``.
        tokenizer: its tokenizer, or a processor that holds one.
    """
    require("torch")
    require("transformers")
    model = _plain(model)

    def load() -> Loaded:
        return adopt(model, _tokenizer_of(tokenizer), source)

    def load_to_see() -> Loaded:
        return adopt_to_see(model, tokenizer, source)

    with _kept_as_it_was(model), ModelRunner(source, load, load_to_see) as runner:
        yield runner


def _images_of(processor: Any) -> Any:
    """The image processor, also from a processor that holds one."""
    return getattr(processor, "image_processor", processor)


def _tokenizer_of(tokenizer: Any) -> Any:
    """The tokenizer, also from a processor that holds one."""
    return getattr(tokenizer, "tokenizer", tokenizer)


def _plain(model: Any) -> Any:
    """The model, also from a wrapper of ``torch.compile``."""
    return getattr(model, "_orig_mod", model)


@contextlib.contextmanager
def _kept_as_it_was(model: Any) -> Iterator[None]:
    """Restore the mode, the kind of attention and the cache of a model."""
    training = [(module, module.training) for module in model.modules()]
    configs = {id(one): one for one in _configs(model)}
    settings = [
        (one, getattr(one, "_attn_implementation", None), getattr(one, "use_cache", None))
        for one in configs.values()
    ]
    try:
        yield
    finally:
        for module, mode in training:
            module.training = mode
        with quiet():
            for config, kind, cache in settings:
                # The setter of the property also changes the configurations within.
                config._attn_implementation_internal = kind  # noqa: SLF001
                if cache is not None:
                    config.use_cache = cache


def _configs(model: Any) -> Iterator[Any]:
    """The configurations of a model, of its modules, and those within them."""
    waiting = [config for module in model.modules() if (config := getattr(module, "config", None))]
    while waiting:
        config = waiting.pop()
        if _is_a(config, "PreTrainedConfig") or _is_a(config, "PretrainedConfig"):
            yield config
            waiting += [getattr(config, name, None) for name in getattr(config, "sub_configs", ())]
