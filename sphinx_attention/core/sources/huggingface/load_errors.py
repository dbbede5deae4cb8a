"""Explains to authors why a model could not be loaded."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem

from .packages import installed_version, require, shadow_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource

_OFFLINE = frozenset({"OfflineModeIsEnabled", "LocalEntryNotFoundError", "IncompleteSnapshotError"})
_UNKNOWN_TYPE = re.compile(r"model type `(.{1,60}?)` but Transformers does not recognize")
_SENTENCE_MODEL = re.compile(r"(all|multi-qa|paraphrase|msmarco|distiluse|gtr|stsb|nli)-[\w.-]+$")
_UNREACHABLE = frozenset(
    {"ConnectionError", "ConnectError", "ConnectTimeout", "ReadTimeout", "TimeoutError", "gaierror"}
)


def first_line(error: BaseException) -> str:
    """Type and first line of an exception, for a message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory ran out, on any device."""
    return any(
        isinstance(one, MemoryError)
        or type(one).__name__ == "OutOfMemoryError"
        or (
            isinstance(one, RuntimeError)
            and any(s in str(one).lower() for s in ("out of memory", "can't allocate memory"))
        )
        for one in chain(error)
    )


def explain_load(error: Exception, source: ModelSource, location: str) -> AttentionError:
    """The error for an author from an exception while a model was loaded."""
    if is_out_of_memory(error):
        return AttentionError(
            Problem.MEMORY,
            f"{source.name} does not fit the memory; declare a smaller dtype, a device_map or a "
            "smaller model",
        )
    # Only a base class of a cause may tell its kind, so all base classes count.
    kinds = {base.__name__ for one in chain(error) for base in type(one).__mro__}
    text = " ".join(str(one) for one in chain(error))
    if kinds & {"ImportError", "AttributeError"} and (shadow := shadow_problem()) is not None:
        return shadow
    for explained in (
        _from_torchvision(text),
        _from_hub(kinds, source, location),
        _from_config(text, source),
        _from_files(text, source, location),
        _from_device(text, source),
    ):
        if explained is not None:
            return explained
    return AttentionError(
        Problem.MODEL,
        f"{source.name} cannot be loaded: {first_line(error)}",
        trace="".join(traceback.format_exception(error)),
    )


def _from_torchvision(text: str) -> AttentionError | None:
    if "torchvision::" not in text:
        return None
    return AttentionError(
        Problem.INSTALL,
        f"the installed torchvision was built for another PyTorch than {installed_version('torch')}"
        ": install both again from the same index, or remove torchvision, which few models need: "
        "pip uninstall torchvision",
    )


def _from_hub(kinds: set[str], source: ModelSource, location: str) -> AttentionError | None:
    if "GatedRepoError" in kinds:
        return AttentionError(
            Problem.MODEL,
            f"the model {location} is gated: accept its terms on the hub, then run `hf auth login`",
        )
    if "RevisionNotFoundError" in kinds:
        return AttentionError(
            Problem.MODEL, f"the model {location} has no revision {source.revision!r}"
        )
    if kinds & {"RepositoryNotFoundError", "HFValidationError"}:
        tried = "" if source.name == location else f" (declared as {source.name!r})"
        return AttentionError(
            Problem.MODEL,
            f"the hub has no model {location!r}{tried}, or a private one; "
            f"{_meant(source) or 'check the identifier, or declare a path'}",
        )
    if kinds & (_OFFLINE | _UNREACHABLE | {"HfHubHTTPError", "TransportError"}):
        return out_of_reach(f"the model {location}", _meant(source))
    return None


def _meant(source: ModelSource) -> str:
    """The id that an author probably meant by an unknown id; empty if unclear."""
    if source.near:
        return f"did you mean the folder {source.near!r}?"
    if source.id and _SENTENCE_MODEL.match(source.id):
        return f"did you mean 'sentence-transformers/{source.id}'?"
    return ""


def out_of_reach(what: str, meant: str = "") -> AttentionError:
    """The error for something on the hub that is not in the cache and cannot be downloaded.

    Args:
        what: the name of the missing thing.
        meant: a question about what else may be meant.
    """
    constants = require("huggingface_hub").constants
    why = f"{constants.ENDPOINT} cannot be reached; check the network"
    if constants.HF_HUB_OFFLINE:
        why = "HF_HUB_OFFLINE is set, so that it is not downloaded; unset it"
    return AttentionError(
        Problem.NETWORK,
        f"{what} is not in this machine's cache, and {why}, or declare a path"
        f"{f'; {meant}' if meant else ''}",
    )


def _from_files(text: str, source: ModelSource, location: str) -> AttentionError | None:
    if "trust_remote_code" in text:
        return AttentionError(
            Problem.MODEL,
            f"{source.name} comes with code of its own, which would run on this machine; where you "
            'trust it, declare the model with "trust_remote_code": True',
        )
    if "accelerate" in text and source.device_map:
        return AttentionError(
            Problem.INSTALL,
            f"{source.name}: a device_map needs accelerate: "
            "`pip install 'sphinx-attention[accelerate]'`",
        )
    folder = Path(location)
    if "safetensors" in text and "no file named" in text.replace("have a file", "no file"):
        pickled = folder.is_dir() and (
            any(folder.glob("pytorch_model*.bin")) or any(folder.glob("*.pt"))
        )
        if pickled or not folder.is_dir():
            return AttentionError(
                Problem.MODEL,
                f"{source.name} has no model.safetensors; pickled weights can run code when they "
                "are loaded: where you trust them, declare the model with "
                '"pickled_weights": True',
            )
        return AttentionError(
            Problem.MODEL, f"{source.name}: the folder {source.path or location} has no weights"
        )
    if "config.json" in text and "a file named" in text:
        return AttentionError(
            Problem.MODEL,
            f"{location} on the hub holds no config.json: it is not a transformers model",
        )
    return None


def _from_config(text: str, source: ModelSource) -> AttentionError | None:
    if "ignore_mismatched_sizes" in text:
        return AttentionError(
            Problem.MODEL,
            f"the weights of {source.name} do not have the shapes that config.json asks for: they "
            "are of another model",
        )
    if found := _UNKNOWN_TYPE.search(text):
        return AttentionError(
            Problem.MODEL,
            f"config.json of {source.name} says that its model_type is {found[1]!r}, which "
            f"transformers {require('transformers').__version__} does not know; a newer one may",
        )
    return None


def _from_device(text: str, source: ModelSource) -> AttentionError | None:
    if source.device and ("CUDA" in text or "device" in text.lower()):
        return AttentionError(
            Problem.CONFIG,
            f"{source.name}: the device {source.device!r} is not to be had here: "
            f"{text.strip().splitlines()[0]}",
        )
    return None
