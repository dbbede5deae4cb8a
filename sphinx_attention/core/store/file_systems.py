"""Opening and reading the file systems of fsspec, with bounds on time and size."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

S3 = ("s3", "s3a")
"""Protocols of S3."""

HTTP = ("http", "https")
"""Protocols of servers of pages."""

REACH_SECONDS = 10.0
"""The seconds in which a file system has to give its first answer."""

_CONNECT_SECONDS = 3.0
"""The seconds in which S3 has to accept a connection."""

_START_BYTES = 16
"""The number of first bytes that show whether an entry has a newer format."""

_CHUNK_BYTES = 1 << 16
"""The body of an HTTP response is read in chunks of this size."""

_EMPTY_RANGE = re.compile(r"InvalidRange|\b416\b|range.{0,9}not satisfiable", re.IGNORECASE)
"""The HTTP status of a request for the first bytes of an empty object."""


class TooLargeError(Exception):
    """An object has more bytes than are read."""


def open_options(protocol: str, most: Callable[[], int]) -> dict[str, Any]:
    """The options with which a file system is opened.

    The time limits of S3 are short unless the user set others. A server of pages is told to send
    nothing compressed, and nothing is decompressed: a small body could become a very large one.

    Args:
        protocol: the beginning of the URL.
        most: returns how many bytes of an object are read.
    """
    if protocol in HTTP:
        own = {
            "response_class": _bounded_response(most),
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity"},
        }
        given = _user_options(HTTP).get("client_kwargs", {})
        headers = {**own["headers"], **given.get("headers", {})}
        return {
            "client_kwargs": {**own, **given, "headers": headers},
            "skip_instance_cache": True,
        }
    if protocol not in S3:
        return {}
    limits = {
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": REACH_SECONDS,
        "retries": {"total_max_attempts": 1},
    }
    # fsspec shares instances, and a shared one may have been opened with other time limits.
    return {
        "config_kwargs": {**limits, **_user_options(S3).get("config_kwargs", {})},
        "skip_instance_cache": True,
    }


def _user_options(protocols: Iterable[str]) -> dict[str, Any]:
    """The options that the user set for some protocols in the configuration of fsspec."""
    from fsspec.config import conf  # noqa: PLC0415

    return {name: value for p in protocols for name, value in conf.get(p, {}).items()}


def _bounded_response(most: Callable[[], int]) -> Any:
    """A class of HTTP responses that stop reading a body that has too many bytes."""
    import aiohttp  # noqa: PLC0415 - what fsspec needs for these URLs

    class Bounded(aiohttp.ClientResponse):  # type: ignore[misc] # see tool.mypy.overrides
        _body: bytes | None

        async def read(self) -> bytes:
            if self._body is None:
                parts, size = [], 0
                async for part in self.content.iter_chunked(_CHUNK_BYTES):
                    size += len(part)
                    if size > most():
                        self.close()
                        raise TooLargeError(f"an answer of more than {most():,} bytes")
                    parts.append(part)
                self._body = b"".join(parts)
            return self._body

    return Bounded


def check_reachable(system: Any, root: str) -> None:
    """Send a small request. Every error is raised except that of a missing or forbidden path."""
    # Both mean that the server is reachable.
    with contextlib.suppress(FileNotFoundError, PermissionError):
        system.info(root)


def read_objects(system: Any, paths: list[str], most: int) -> list[bytes | TooLargeError | None]:
    """The bytes of some objects, read together where the file system can do that.

    Args:
        system: the file system.
        paths: the paths of the objects.
        most: how many bytes of an object are read at most.

    Returns:
        For each path the bytes, None where there is no object, or the error of one that is too
        large.
    """
    # HTTP responses are bounded while they are read. Many servers refuse to answer for a range.
    span = {} if set(HTTP) & set(_protocols(system)) else {"start": 0, "end": most + 1}
    answers: list[Any] = []
    if getattr(system, "async_impl", False):
        import asyncio  # noqa: PLC0415 - slow to import, and of no use to a store in a folder

        from fsspec.asyn import sync  # noqa: PLC0415

        async def together() -> list[Any]:
            pending = (
                system._cat_file(path, **span)  # noqa: SLF001 - fsspec's own concurrency
                for path in paths
            )
            return await asyncio.gather(*pending, return_exceptions=True)

        answers = sync(system.loop, together)
    else:
        for path in paths:
            try:
                answers.append(system.cat_file(path, **span))
            except FileNotFoundError as error:
                answers.append(error)
    return [_bounded(answer, most) for answer in answers]


def read_start(system: Any, path: str) -> bytes:
    """The first bytes of an object; empty where it cannot be read."""
    try:
        return bytes(system.cat_file(path, start=0, end=_START_BYTES))
    except (TimeoutError, ImportError):
        raise
    except Exception:  # noqa: BLE001 - mostly a missing object; writing it raises all else again
        return b""


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)


def _bounded(answer: Any, most: int) -> bytes | TooLargeError | None:
    if isinstance(answer, FileNotFoundError):
        return None
    if isinstance(answer, TooLargeError):
        return answer
    if isinstance(answer, BaseException):
        if _EMPTY_RANGE.search(str(answer)):
            return b""
        raise answer
    data = bytes(answer)
    return TooLargeError() if len(data) > most else data
