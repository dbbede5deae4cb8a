"""Loads a Hugging Face model and its tokenizer."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import as_attention_error, is_panic
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.progress import announce

from .bounds import bounded_build, check_config
from .checkpoint import (
    CONFIG,
    Folder,
    Weights,
    measure,
    open_folder,
    read_json,
    weight_files,
    what_instead,
)
from .hub import HubFiles, is_offline
from .load_errors import explain_load, out_of_reach
from .model_class import (
    candidates,
    check_input,
    check_sees,
    has_decoder,
    missing_body,
    reads_text,
    refuse_other_input,
    text_tower,
    vision_tower,
)
from .packages import require
from .processor import load_processor
from .tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource

_UNLIMITED = 1_000_000
"""A limit of this many tokens or more stands for no limit."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, ready to run.

    Attributes:
        model: a ``transformers.PreTrainedModel`` in evaluation mode.
        tokenizer: its tokenizer.
        generates: whether it has a trained head that can generate text.
        decodes: whether it has an encoder, and a decoder that reads a text of its own.
        vocabulary: how many tokens its table of embeddings has; None if unknown.
        limit: how many tokens it takes; None if there is no limit.
        provenance: commit, versions and dtype.
        processor: of a model that sees pictures, what prepares a picture, and a text where the
            model reads one beside it; None for a model of text.
    """

    model: Any
    tokenizer: Any
    generates: bool
    decodes: bool
    limit: int | None
    vocabulary: int | None
    provenance: dict[str, str]
    processor: Any = None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress the output of transformers, which would become errors in a build with -W.

    A generator must not yield within this context, because warning filters are global.
    """
    chatter = require("transformers").utils.logging
    loggers = [
        logging.getLogger(name) for name in ("transformers", "huggingface_hub", "accelerate")
    ]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    bars = chatter.is_progress_bar_enabled()
    conversion = os.environ.get("DISABLE_SAFETENSORS_CONVERSION")
    # Otherwise a thread goes on after loading and asks the hub to convert pickled weights.
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
    chatter.disable_progress_bar()
    for logger in loggers:
        # The levels of loggers are not changed, because that clears the caches of all loggers.
        logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
        if bars:
            chatter.enable_progress_bar()
        if conversion is None:
            del os.environ["DISABLE_SAFETENSORS_CONVERSION"]
        else:
            os.environ["DISABLE_SAFETENSORS_CONVERSION"] = conversion


def load(source: ModelSource, *, head: bool = False, sees: bool = False) -> Loaded:
    """Load a model and its tokenizer, with the eager attention that every model has.

    Args:
        source: the model's declaration.
        head: whether a model of one stack is loaded with the head for the next token.
        sees: whether the model is given pictures. Its processor is loaded then.

    Raises:
        AttentionError: the model cannot be loaded.
    """
    announce(f"loading {source.name}")
    require("torch")
    require("transformers")
    location = source.folder or (source.path if source.id is None else None) or source.id
    location = location or source.name
    with quiet():
        try:
            return _load(source, location, head=head, sees=sees)
        except AttentionError:
            raise
        except Exception as error:
            raise explain_load(error, source, location) from error
        except BaseException as error:
            if not (is_panic(error) or isinstance(error, SystemExit)):
                raise
            raise as_attention_error(error, Problem.MODEL, f"loading {source.name}") from error


def _load(source: ModelSource, location: str, *, head: bool, sees: bool) -> Loaded:
    torch, transformers = require("torch"), require("transformers")
    dtype = _dtype(source, torch)
    files: Folder | HubFiles
    options: dict[str, Any] = {"trust_remote_code": source.trust_remote_code}
    if source.folder or source.id is None:
        files = open_folder(source, location)
    else:
        options |= {"revision": source.revision} if source.revision else {}
        options |= {"local_files_only": True} if is_offline() else {}
        files = HubFiles(location, source.revision, only_local="local_files_only" in options)
    if (found := files.find(CONFIG)) is None and isinstance(files, HubFiles):
        _check_hub(source, files)
    written = {} if found is None else read_json(found, files.where)
    check_config(written, files.where)
    config = transformers.AutoConfig.from_pretrained(location, **options)
    commit = None
    if isinstance(files, HubFiles) and (commit := _commit(source, location)):
        # All other files come from the same commit, even if the branch changes meanwhile.
        options["revision"] = files.revision = commit
    kinds = candidates(config, head=head)
    tokenizer = processor = None
    if sees:
        check_sees(kinds, source)
        processor = load_processor(location, options, files, with_text=reads_text(kinds))
    else:
        check_input(kinds, source)
        tokenizer = load_tokenizer(location, options, files)
    weights = None
    if not source.pickled_weights:
        paths = weight_files(files, written)
        weights = measure(paths, files.where) if paths else None
        _check_weights(source, files, weights)
    options |= {
        "config": config,
        "dtype": dtype,
        "device_map": source.device_map,
        "use_safetensors": None if source.pickled_weights else True,
        "attn_implementation": "eager",
    }
    with bounded_build(weights, files.where) if weights else contextlib.nullcontext():
        model, generates = _load_model(kinds, location, options, source)
    model = vision_tower(model) if sees else text_tower(model)
    if source.device_map is None:
        model.to(source.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if sees:
        return _ready_to_see(model, processor, commit)
    return _ready(model, tokenizer, source, generates=generates, commit=commit)


def adopt(model: Any, tokenizer: Any, source: ModelSource) -> Loaded:
    """Prepare a model that is already in memory. Its mode and its attention change.

    Args:
        model: a ``transformers.PreTrainedModel``.
        tokenizer: its tokenizer.
        source: the source with its name.

    Raises:
        AttentionError: the model takes something else than text.
    """
    with quiet():
        model = text_tower(model)
        # As in `load`, this is the attention that every model has, to compare others with.
        model.set_attn_implementation("eager")
        commit = getattr(model.config, "_commit_hash", None)
        generates = bool(getattr(model, "can_generate", bool)())
        return _ready(model, tokenizer, source, generates=generates, commit=commit)


def adopt_to_see(model: Any, processor: Any, source: ModelSource) -> Loaded:
    """Prepare a model that is already in memory to see pictures. Its attention changes.

    Args:
        model: a ``transformers.PreTrainedModel``.
        processor: its image processor, or its processor of both pictures and texts.
        source: the source with its name.

    Raises:
        AttentionError: the model takes no pictures.
    """
    with quiet():
        check_sees([type(model)], source)
        model = vision_tower(model)
        model.set_attn_implementation("eager")
        return _ready_to_see(model, processor, getattr(model.config, "_commit_hash", None))


def _ready(
    model: Any, tokenizer: Any, source: ModelSource, *, generates: bool, commit: str | None
) -> Loaded:
    """A model in the form that the runner needs.

    Args:
        model: the model on its device.
        tokenizer: its tokenizer.
        source: the source with its name.
        generates: whether its weights are those of a class with a trained head.
        commit: the commit on the hub; None if unknown.
    """
    refuse_other_input(model.main_input_name, source)
    model.eval()
    _without_cache(model)
    return Loaded(
        model,
        tokenizer,
        generates=generates and hasattr(model, "generate"),
        decodes=has_decoder(model),
        limit=_limit(model, tokenizer),
        vocabulary=_vocabulary(model),
        provenance=_provenance(model, commit),
    )


def _ready_to_see(model: Any, processor: Any, commit: str | None) -> Loaded:
    """A model of pictures in the form that the runner of pictures needs."""
    model.eval()
    _without_cache(model)
    return Loaded(
        model,
        tokenizer=None,
        generates=False,
        decodes=has_decoder(model),
        limit=None,
        vocabulary=None,
        provenance=_provenance(model, commit),
        processor=processor,
    )


def _check_hub(source: ModelSource, files: HubFiles) -> None:
    """Raise an error about a model on the hub without ``config.json`` if its files tell what it is.

    Offline nothing is raised, because files that are not in the cache may exist on the hub.
    """
    if not files.only_local:
        hint = what_instead(files.names()) or "it is not a transformers model"
        raise AttentionError(
            Problem.MODEL, f"{source.name}: {files.where} holds no {CONFIG}; {hint}"
        )


def _check_weights(source: ModelSource, files: Folder | HubFiles, weights: Weights | None) -> None:
    """Refuse a model of the hub whose weights are not in the cache and cannot be downloaded."""
    if weights is None and isinstance(files, HubFiles) and files.only_local:
        raise out_of_reach(f"the weights of {source.name}")


def _load_model(
    kinds: list[Any], location: str, options: dict[str, Any], source: ModelSource
) -> tuple[Any, bool]:
    """The model in the first class whose weights are all in its files, and whether it has a head.

    Raises:
        AttentionError: there is no such class.
    """
    transformers = require("transformers")
    lacking: AttentionError | None = None
    for kind in kinds or [transformers.AutoModel]:
        model, info = kind.from_pretrained(location, output_loading_info=True, **options)
        missing = set(info["missing_keys"])
        body = missing_body(model, missing)
        if not body:
            return model, not any("bias" not in key and "pooler" not in key for key in missing)
        lacking = lacking or AttentionError(
            Problem.MODEL,
            f"the files of {source.name} lack {len(body)} weights of a {type(model).__name__}, "
            f"such as {min(body)}: they are not of this model",
        )
        del model
    raise lacking or AttentionError(Problem.MODEL, f"{source.name} has no class in transformers")


def _provenance(model: Any, commit: str | None) -> dict[str, str]:
    found = {name: str(require(name).__version__) for name in ("transformers", "torch")}
    found["dtype"] = str(model.dtype).removeprefix("torch.")
    return found | ({"commit": commit} if commit else {})


def _limit(model: Any, tokenizer: Any) -> int | None:
    """How many tokens a model takes, by its table of positions.

    The tokenizer's own limit counts only if it is just below the size of the table, because models
    with relative positions take more tokens.
    """
    for name, module in model.named_modules():
        if (
            name.endswith("position_embeddings")
            and getattr(module, "padding_idx", None) is not None
        ):
            # RoBERTa counts positions from the number of the padding token.
            return int(module.weight.shape[0] - module.padding_idx - 1)
    for owner in (model.config, model.config.get_text_config()):
        for name in ("max_position_embeddings", "n_positions"):
            positions = getattr(owner, name, None)
            if isinstance(positions, int) and 0 < positions < _UNLIMITED:
                own = int(min(tokenizer.model_max_length, _UNLIMITED))
                return own if positions - 8 <= own < positions else positions
    return None


def _vocabulary(model: Any) -> int | None:
    try:
        return int(model.get_input_embeddings().weight.shape[0])
    except (AttributeError, NotImplementedError, TypeError, IndexError):
        return None  # CANINE hashes characters and has no such table


def _without_cache(model: Any) -> None:
    """Switch off the cache of keys and values between passes."""
    for module in model.modules():
        config: Any = getattr(module, "config", None)
        if getattr(config, "use_cache", False):
            config.use_cache = False


def _dtype(source: ModelSource, torch: Any) -> Any:
    if source.dtype == "auto":
        return "auto"
    dtype = getattr(torch, source.dtype, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise AttentionError(
            Problem.CONFIG,
            f"{source.name}: {source.dtype!r} is not a dtype; use float32, bfloat16, float16 or "
            "auto",
        )
    return dtype


def _commit(source: ModelSource, location: str) -> str | None:
    """The commit on the hub that a declaration resolves to; None for a folder."""
    if source.folder or source.id is None:
        return None
    find = require("huggingface_hub").try_to_load_from_cache
    found = find(location, "config.json", revision=source.revision)
    if not isinstance(found, str):
        return None
    # …/models--org--name/snapshots/<commit>/config.json
    snapshot = Path(found).parent
    return snapshot.name if snapshot.parent.name == "snapshots" else None
