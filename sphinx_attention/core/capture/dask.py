"""Chunks on a Dask cluster."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .chunks import Chunk, Destination, Outcome, close_model, run_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


INSTALL = 'pip install "sphinx-attention[cluster]"'


_CONNECT_SECONDS = 10
"""The seconds in which the scheduler has to answer."""


_RETRIES = 3
"""How often the cluster tries a chunk again after its worker was lost."""


def on_cluster(parts: Sequence[Chunk], destination: Destination, address: str) -> Iterator[Outcome]:
    """Run chunks on a Dask cluster. Another worker takes over the work of a lost one.

    Args:
        parts: the chunks, in an order that keeps sources together.
        destination: a URL that all workers reach, without a base; None sends the entries back.
        address: the address of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Yields:
        An outcome for each request, as soon as its chunk is done.

    Raises:
        AttentionError: Dask is not installed, or the scheduler does not answer.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
        raise AttentionError(
            Problem.NETWORK, f"the scheduler {address} does not answer: {reason}"
        ) from None
    with client:
        running = {
            client.submit(
                run_chunk,
                destination,
                chunk,
                key=_name(destination, chunk),
                retries=_RETRIES,
                # Workers take sources one after the other, and so load each once.
                priority=-number,
            ): chunk
            for number, chunk in enumerate(parts)
        }
        for done in distributed.as_completed(list(running), loop=client.loop):
            chunk = running.pop(done)
            if done.status == "finished":
                yield from done.result()
            else:
                failed = AttentionError(Problem.MODEL, f"the cluster: {_failure(done)}")
                yield from (Outcome(request.key, failed) for request in chunk.requests)
            # The cluster may forget the bytes now.
            done.release()
        with contextlib.suppress(Exception):
            client.run(close_model, on_error="ignore")


def _name(destination: Destination, chunk: Chunk) -> str:
    """The name of a chunk on the cluster. Only equal work has equal names."""
    work = repr((destination, chunk)).encode()
    return f"attention-{hashlib.sha256(work).hexdigest()[:32]}"


def _failure(done: Any) -> str:
    """The reason on one line why a future has no result."""
    try:
        error = done.exception()
    except BaseException as raised:  # noqa: BLE001 - a cancelled one raises what it is
        error = raised
    if not str(error).strip():
        return f"the work was {done.status}, {type(error).__name__}"
    return str(error).strip().splitlines()[0]


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise AttentionError(
            Problem.INSTALL, f"a cluster needs distributed, which is not installed: {INSTALL}"
        ) from None
