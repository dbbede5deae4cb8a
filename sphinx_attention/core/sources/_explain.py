"""Imports what may be missing, and says in an author's words what went wrong."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx_attention.core.request import ModelSource

INSTALL = 'pip install "sphinx-attention[models]"'
"""The line that installs what models need."""

_OFFLINE = frozenset({"OfflineModeIsEnabled", "LocalEntryNotFoundError", "IncompleteSnapshotError"})
_UNREACHABLE = frozenset(
    {"ConnectionError", "ConnectError", "ConnectTimeout", "ReadTimeout", "TimeoutError", "gaierror"}
)


def require(name: str) -> Any:
    """Import torch or transformers, which stay away from every build that needs no model.

    Raises:
        AttentionError: the package is not installed, or its own import fails.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise AttentionError(
                Problem.INSTALL, f"running a model needs {name}, which is not installed: {INSTALL}"
            ) from None
        raise _broken(name, error) from error
    except Exception as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> AttentionError:
    return AttentionError(
        Problem.INSTALL,
        f"{name} is installed but cannot be imported ({first_line(error)}); try {INSTALL}",
    )


def first_line(error: BaseException) -> str:
    """Type and first line of an exception, for a message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what led to it."""
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


def explain_load(error: Exception, source: ModelSource, place: str) -> AttentionError:
    """What to tell an author of an exception while a model was loaded."""
    if is_out_of_memory(error):
        return AttentionError(
            Problem.MEMORY,
            f"{source.name} does not fit the memory; declare a smaller dtype, a device_map or a "
            "smaller model",
        )
    # A cause may name its kind in a base class only; all of them count.
    kinds = {base.__name__ for one in chain(error) for base in type(one).__mro__}
    text = " ".join(str(one) for one in chain(error))
    for told in (
        _from_hub(kinds, source, place),
        _from_files(text, source, place),
        _from_device(text, source),
    ):
        if told is not None:
            return told
    return AttentionError(Problem.MODEL, f"{source.name} cannot be loaded: {first_line(error)}")


def _from_hub(kinds: set[str], source: ModelSource, place: str) -> AttentionError | None:
    if "GatedRepoError" in kinds:
        return AttentionError(
            Problem.MODEL,
            f"the model {place} is gated: accept its terms on the hub, then run `hf auth login`",
        )
    if "RevisionNotFoundError" in kinds:
        return AttentionError(
            Problem.MODEL, f"the model {place} has no revision {source.revision!r}"
        )
    if kinds & {"RepositoryNotFoundError", "HFValidationError"}:
        tried = "" if source.name == place else f" (declared as {source.name!r})"
        return AttentionError(
            Problem.MODEL,
            f"the hub has no model {place!r}{tried}, or a private one; check the identifier, or "
            "declare a path",
        )
    constants = require("huggingface_hub").constants
    if constants.HF_HUB_OFFLINE and kinds & (_OFFLINE | _UNREACHABLE):
        return AttentionError(
            Problem.NETWORK,
            f"the model {place} is not in this machine's cache, and HF_HUB_OFFLINE is set, so that "
            "it is not downloaded; unset it, or declare a path",
        )
    if kinds & (_OFFLINE | _UNREACHABLE | {"HfHubHTTPError", "TransportError"}):
        return AttentionError(
            Problem.NETWORK,
            f"the model {place} is not in this machine's cache, and {constants.ENDPOINT} cannot be "
            "reached; check the network, or declare a path",
        )
    return None


def _from_files(text: str, source: ModelSource, place: str) -> AttentionError | None:
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
    folder = Path(place)
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
            Problem.MODEL, f"{source.name}: the folder {source.path or place} has no weights"
        )
    if "config.json" in text and "a file named" in text:
        return AttentionError(
            Problem.MODEL, f"{place} on the hub holds no config.json: it is no transformers model"
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
