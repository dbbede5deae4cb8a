"""Loads a Hugging Face model and its tokenizer."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from ._explain import explain_load, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource

_UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, ready to run.

    Attributes:
        model: a ``transformers.PreTrainedModel`` in evaluation mode.
        tokenizer: its tokenizer.
        generates: whether it has the head that generating text needs, with trained weights.
        limit: how many tokens it takes; None where nothing bounds them.
        provenance: commit, versions and dtype.
    """

    model: Any
    tokenizer: Any
    generates: bool
    limit: int | None
    provenance: dict[str, str]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from talking: a build's output is the host's, and -W makes errors of it.

    Not to be held over a ``yield`` of a generator: filters of warnings belong to the process.
    """
    chatter = require("transformers").utils.logging
    loggers = [
        logging.getLogger(name) for name in ("transformers", "huggingface_hub", "accelerate")
    ]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    bars = chatter.is_progress_bar_enabled()
    conversion = os.environ.get("DISABLE_SAFETENSORS_CONVERSION")
    # Else a thread outlives the load and asks the hub for a conversion of pickled weights.
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
    chatter.disable_progress_bar()
    for logger in loggers:
        # Not by their levels: a change of those makes every logger of the process forget its own.
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


def load(source: ModelSource) -> Loaded:
    """Load a model and its tokenizer, with the eager attention that every model has.

    Raises:
        AttentionError: whatever keeps it from loading.
    """
    torch, transformers = require("torch"), require("transformers")
    dtype = _dtype(source, torch)
    place = _place(source)
    options: dict[str, Any] = {"trust_remote_code": source.trust_remote_code}
    if source.revision and not source.folder:
        options["revision"] = source.revision
    with quiet():
        try:
            config = transformers.AutoConfig.from_pretrained(place, **options)
            if commit := _commit(source, place):
                # All else from the same commit, even if the branch moves on meanwhile.
                options["revision"] = commit
            tokenizer = transformers.AutoTokenizer.from_pretrained(place, **options)
            options |= {
                "config": config,
                "dtype": dtype,
                "device_map": source.device_map,
                "use_safetensors": None if source.pickled_weights else True,
                "attn_implementation": "eager",
            }
            model, missing = _load_model(place, options)
            trained_head = _check_missing(model, missing, source)
            model = _tower_of_text(model)
            if source.device_map is None:
                model.to(source.device or ("cuda" if torch.cuda.is_available() else "cpu"))
        except AttentionError:
            raise
        except Exception as error:
            raise explain_load(error, source, place) from error
    if model.main_input_name != "input_ids":
        raise AttentionError(
            Problem.MODEL,
            f"{source.name} reads {model.main_input_name}, not text; choose a model of text",
        )
    model.eval()
    _without_cache(model)
    generates = hasattr(model, "generate") and trained_head
    return Loaded(model, tokenizer, generates, _limit(model, tokenizer), _provenance(model, commit))


def _provenance(model: Any, commit: str | None) -> dict[str, str]:
    found = {name: str(require(name).__version__) for name in ("transformers", "torch")}
    found["dtype"] = str(model.dtype).removeprefix("torch.")
    return found | ({"commit": commit} if commit else {})


def _load_model(place: str, options: dict[str, Any]) -> tuple[Any, set[str]]:
    """The model and the names of weights that its files do not have."""
    transformers = require("transformers")
    config = options["config"]
    if getattr(config, "is_encoder_decoder", False):
        # With its head, or a target could not be generated. A head is nothing beside the rest.
        with contextlib.suppress(_NoHead):
            return _from_pretrained(transformers.AutoModelForSeq2SeqLM, place, options)
    return _from_pretrained(transformers.AutoModel, place, options)


def _tower_of_text(model: Any) -> Any:
    """Of a model with a tower for pictures and one for texts, such as CLIP, the latter."""
    text, vision = (getattr(model, f"{kind}_model", None) for kind in ("text", "vision"))
    kind = require("transformers").PreTrainedModel
    return text if isinstance(text, kind) and isinstance(vision, kind) else model


class _NoHead(Exception):  # noqa: N818 - a turn taken, not an error
    """There is no class of this kind for the model."""


def _from_pretrained(kind: Any, place: str, options: dict[str, Any]) -> tuple[Any, set[str]]:
    try:
        model, info = kind.from_pretrained(place, output_loading_info=True, **options)
    except ValueError as error:
        if "Unrecognized configuration class" in str(error):
            raise _NoHead(str(error)) from error
        raise
    return model, set(info["missing_keys"])


def _check_missing(model: Any, missing: set[str], source: ModelSource) -> bool:
    """Whether the head is trained; an error where what makes the attention is not.

    Weights that the files lack are filled at random, and the picture would show noise.
    """
    prefix = f"{model.base_model_prefix}."
    body_has_prefix = model.base_model is not model
    body = {
        key
        for key in missing
        if "pooler" not in key and (key.startswith(prefix) or not body_has_prefix)
    }
    if body:
        raise AttentionError(
            Problem.MODEL,
            f"the files of {source.name} lack {len(body)} weights of a "
            f"{type(model).__name__}, such as {min(body)}: they are not of this model",
        )
    return not any("bias" not in key and "pooler" not in key for key in missing)


def _limit(model: Any, tokenizer: Any) -> int | None:
    """How many tokens a model takes, by its table of positions.

    The tokenizer's own limit is not asked unless it lies just below the table's size: where
    positions are relative the model takes more.
    """
    for name, module in model.named_modules():
        if (
            name.endswith("position_embeddings")
            and getattr(module, "padding_idx", None) is not None
        ):
            # RoBERTa counts positions from the padding token's number on.
            return int(module.num_embeddings - module.padding_idx - 1)
    for owner in (model.config, model.config.get_text_config()):
        for name in ("max_position_embeddings", "n_positions"):
            positions = getattr(owner, name, None)
            if isinstance(positions, int) and 0 < positions < _UNLIMITED:
                own = int(min(tokenizer.model_max_length, _UNLIMITED))
                return own if positions - 8 <= own < positions else positions
    return None


def _without_cache(model: Any) -> None:
    """Let no pass keep keys and values for a next one."""
    for module in model.modules():
        config: Any = getattr(module, "config", None)
        if getattr(config, "use_cache", False):
            config.use_cache = False


def _dtype(source: ModelSource, torch: Any) -> Any:
    if source.dtype == "auto":
        return "auto"
    dtype = getattr(torch, source.dtype, None)
    if not isinstance(dtype, torch.dtype):
        raise AttentionError(
            Problem.CONFIG,
            f"{source.name}: {source.dtype!r} is no dtype; use float32, bfloat16, float16 or auto",
        )
    return dtype


def _place(source: ModelSource) -> str:
    """The folder or the identifier that transformers is given."""
    folder = source.folder or (source.path if source.id is None else None)
    if folder is None:
        return source.id or source.name
    if not Path(folder).is_dir():
        raise AttentionError(
            Problem.MODEL, f"{source.name}: there is no folder {source.path or folder}"
        )
    if not (Path(folder) / "config.json").is_file():
        raise AttentionError(
            Problem.MODEL,
            f"{source.name}: the folder {source.path or folder} holds no config.json; it has to be "
            "one that save_pretrained wrote or the hub serves",
        )
    return folder


def _commit(source: ModelSource, place: str) -> str | None:
    """The commit of the hub that a declaration stands for; None for a folder."""
    if source.folder or source.id is None:
        return None
    find = require("huggingface_hub").try_to_load_from_cache
    found = find(place, "config.json", revision=source.revision)
    if not isinstance(found, str):
        return None
    # …/models--org--name/snapshots/<commit>/config.json
    snapshot = Path(found).parent
    return snapshot.name if snapshot.parent.name == "snapshots" else None
