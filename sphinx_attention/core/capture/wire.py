"""The messages between a build and the process that keeps models open, as JSON.

Nothing is pickled, so that reading a message runs no code. An entry is sent as the bytes that a
store keeps, in a message of its own, and the receiver verifies it.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import error_of, fields_of
from sphinx_attention.core.request import (
    FunctionSource,
    ImageFile,
    MatrixSource,
    ModelSource,
    Request,
    SummarySpec,
)
from sphinx_attention.core.store.entry import MOST_BYTES

from .chunks import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.connection import Connection

    from sphinx_attention.core.request import Source

ADDRESS = "SPHINX_ATTENTION_WARM"
"""The variable with the address of the process that keeps models open."""

KEY = "SPHINX_ATTENTION_WARM_KEY"
"""The variable with the secret, in hexadecimal, that both sides prove to know."""

_MOST_MESSAGE = 1 << 26
"""The most bytes of a message other than an entry."""

_SOURCES: dict[str, type[Source]] = {
    "matrix": MatrixSource,
    "model": ModelSource,
    "function": FunctionSource,
}

_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "huggingface_hub",
    "accelerate",
    "numpy",
    "sphinx-attention",
)
_VARIABLES = (
    "ACCELERATE_",
    "ALL_PROXY",
    "CUDA_",
    "CURL_",
    "HF_",
    "HOME",
    "HTTP",
    "HUGGINGFACE_",
    "KMP_",
    "MKL_",
    "NO_PROXY",
    "OMP_",
    "OPENBLAS_",
    "PYTORCH_",
    "REQUESTS_",
    "SAFETENSORS_",
    "SSL_",
    "TOKENIZERS_",
    "TORCH",
    "TRANSFORMERS_",
    "USE_",
    "XDG_CACHE_",
)
"""The prefixes of the variables that change how PyTorch and transformers work."""


def send(connection: Connection, message: dict[str, Any]) -> None:
    """Send one message.

    Raises:
        OSError: the other end is closed.
    """
    connection.send_bytes(json.dumps(message).encode())


def receive(connection: Connection) -> dict[str, Any]:
    """Wait for one message.

    Raises:
        EOFError: the other end is closed.
        OSError: the connection broke, or the message is too long.
        ValueError: the bytes are no message.
    """
    message = json.loads(connection.recv_bytes(_MOST_MESSAGE))
    if not isinstance(message, dict):
        raise ValueError("the message is not an object")  # noqa: TRY004 - one error for all that is not a message
    return message


def send_outcome(connection: Connection, outcome: Outcome) -> None:
    """Send the outcome of one request; an entry follows in a message of its own."""
    message: dict[str, Any] = {"key": outcome.key, "entry": outcome.data is not None}
    if outcome.error is not None:
        error = outcome.error
        message["error"] = fields_of(error)
    send(connection, message)
    if outcome.data is not None:
        connection.send_bytes(outcome.data)


def receive_outcome(connection: Connection, message: dict[str, Any]) -> Outcome:
    """The outcome that a message announces.

    Raises:
        EOFError, OSError, ValueError, LookupError, TypeError: as `receive`.
    """
    key = str(message["key"])
    if message["entry"]:
        return Outcome(key, data=connection.recv_bytes(MOST_BYTES))
    return Outcome(key, error_of(message["error"]))


def write_requests(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """Requests as plain data. Their keys show whether they are read as they were written."""
    written = []
    for request in requests:
        values = {f.name: getattr(request, f.name) for f in fields(request) if f.name != "source"}
        if request.summary is not None:
            images = [asdict(image) for image in request.summary.images]
            values["summary"] = {**request.summary.identity(), "images": images}
        values["image"] = None if request.image is None else asdict(request.image)
        source = request.source
        (kind,) = (kind for kind, known in _SOURCES.items() if isinstance(source, known))
        of_source = {f.name: getattr(source, f.name) for f in fields(source)}
        written.append({"key": request.key, "kind": kind, "source": of_source, "request": values})
    return written


def read_requests(written: list[dict[str, Any]]) -> list[Request]:
    """The requests of `write_requests`.

    Raises:
        ValueError, LookupError, TypeError: the data is not what was written.
    """
    requests = []
    for one in written:
        source = _SOURCES[one["kind"]](**_tuples(one["source"]))
        values = _tuples(one["request"])
        if values["summary"] is not None:
            summary = one["request"]["summary"]
            images = tuple(ImageFile(**image) for image in summary.get("images", ()))
            values["summary"] = SummarySpec(**{**_tuples(summary), "images": images})
        image = values.pop("image", None)
        values["image"] = None if image is None else ImageFile(**image)
        request = Request(source=source, **values)
        if request.key != one["key"]:
            raise ValueError(f"the request {one['key']} came as {request.key}")
        requests.append(request)
    return requests


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Plain data as requests hold it: with tuples for lists."""
    return {name: _tuple(value) for name, value in values.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def environment() -> dict[str, Any]:
    """The environment of models in this process, beside their own files.

    conf.py may set variables and put folders on ``sys.path``; packages may be installed between two
    builds. A process that keeps a model open has to have the same.
    """
    variables = {n: v for n, v in os.environ.items() if n.upper().startswith(_VARIABLES)}
    packages = {name: _version(name) for name in _PACKAGES}
    path = [folder for folder in sys.path if isinstance(folder, str)]
    return {"variables": variables, "path": path, "packages": packages}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
