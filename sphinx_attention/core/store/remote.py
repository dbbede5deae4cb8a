"""A store at a URL, for notes that several machines build.

Any file system that fsspec knows will do. Entries lie there as they do in a folder, under the same
names, so that a folder can be copied there by other means, and back.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from sphinx_attention.core.errors import AttentionError, Problem

from .base import Store
from .entry import MOST_BYTES, SUFFIX, DamagedEntryError, NewerEntryError, is_newer
from .entry import verify as verify_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Answer = TypeVar("Answer")

_S3 = ("s3", "s3a")
_HTTP = ("http", "https")
_PACKAGES = {
    **dict.fromkeys(_S3, "sphinx-attention[s3]"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
}
"""What to install for a protocol, beside fsspec itself."""

_WHOLE = {*_S3, "gs", "gcs", "abfs", "abfss", "az", "oci", "oss", "obs", "memory"}
"""Protocols that show an object only when all of it has arrived."""

_CONNECT = 3.0
_REACH = 10.0
_TRANSFER = 60.0
"""Seconds for a connection, for the first answer of a place, and for whatever is asked later."""

_MOST_TOGETHER = 1 << 24
"""Bytes of an object that is read with others. Larger ones are read alone."""

_PEEK = 16
"""Bytes that tell whether an entry is of a younger format."""

_INHERITED: list[Any] = []
"""File systems of a parent process. Not to be collected here: their sockets are the parent's."""


class RemoteError(AttentionError):
    """A shared store that does not answer; the message says what it said."""


class TooLargeError(Exception):
    """An answer of more bytes than are read."""


class RemoteStore(Store):
    """Entries at a URL. After the first failure it is left alone.

    Args:
        url: any that fsspec takes. How to get in comes from the environment, as fsspec and the
            packages below it read it: ``FSSPEC_S3_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.failure: RemoteError | None = None
        """Why nothing is read any more."""
        self.unwritable: RemoteError | None = None
        """Why nothing is written any more."""
        self._system: tuple[int, Any, str] | None = None
        self._reached = False
        self._most = _MOST_TOGETHER
        """Bytes of whatever is read next."""

    @property
    def name(self) -> str:
        """The URL, without what may be a password in it."""
        return re.sub(r"//[^/@]*@", "//…@", self.url)

    @property
    def protocol(self) -> str:
        """The beginning of the URL."""
        return re.split(r"::|://", self.url, maxsplit=1)[0]

    def location(self, key: str) -> str:
        """The entry's URL."""
        return f"{self.name}/{_path(key)}"

    def read(self, key: str) -> bytes | None:
        """An object's bytes; None where there is none.

        Raises:
            DamagedEntryError: the object is larger than an entry may be.
            RemoteError: the place does not answer.
        """
        found = self.read_many([key], MOST_BYTES)
        if key not in found:
            raise DamagedEntryError(f"it is larger than the {MOST_BYTES:,} bytes of an entry")
        return found[key]

    def read_many(self, keys: Iterable[str], most: int | None = None) -> dict[str, bytes | None]:
        """What `read` gives for each of some keys, asked for together.

        Args:
            keys: which ones.
            most: bytes of an object; larger ones are left out. None takes what many may have.

        Raises:
            RemoteError: the place does not answer.
        """
        wanted = list(keys)
        self._most = limit = _MOST_TOGETHER if most is None else most

        def fetch(system: Any, root: str) -> list[Any]:
            return _cat(system, [f"{root}/{_path(key)}" for key in wanted], limit)

        answers = zip(wanted, self._reading(fetch), strict=True)
        return {key: answer for key, answer in answers if not isinstance(answer, TooLargeError)}

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whole or not at all.

        Raises:
            NewerEntryError: there is one of a younger format, which is left as it is.
            RemoteError: the place does not take it.
        """

        def send(system: Any, root: str) -> None:
            path = f"{root}/{_path(key)}"
            start = _start(system, path)
            if is_newer(start):
                verify_entry(start, key)
            folder = path.rsplit("/", 1)[0]
            if self.protocol in _WHOLE:
                system.pipe_file(path, data)
                return
            system.makedirs(folder, exist_ok=True)
            temporary = f"{folder}/.{secrets.token_hex(8)}.tmp"
            try:
                system.pipe_file(temporary, data)
                system.mv(temporary, path)
            except BaseException:
                with contextlib.suppress(Exception):
                    system.rm_file(temporary)
                raise

        self._writing(send)

    def keys(self) -> Iterator[str]:
        """Every key that has an object, in order.

        Raises:
            RemoteError: the place does not answer.
        """

        def find(system: Any, root: str) -> list[str]:
            system.invalidate_cache()
            # A page of links is followed no further than entries lie.
            depth = {"maxdepth": 2} if self.protocol in _HTTP else {}
            with contextlib.suppress(FileNotFoundError):
                return [str(path) for path in system.find(root, **depth)]
            return []

        self._most = _MOST_TOGETHER

        pattern = re.compile(rf"(?:^|/)([0-9a-f]{{2}})/([0-9a-f]+){re.escape(SUFFIX)}$")
        found = (pattern.search(path) for path in self._reading(find))
        yield from sorted(match[1] + match[2] for match in found if match)

    def delete(self, key: str) -> bool:
        """Remove an object; whether there was one.

        Raises:
            RemoteError: the place does not answer, or does not allow it.
        """

        def remove(system: Any, root: str) -> bool:
            path = f"{root}/{_path(key)}"
            system.invalidate_cache()
            if not system.exists(path):
                return False
            system.rm_file(path)
            return True

        return self._writing(remove)

    def _reading(self, what: Callable[[Any, str], Answer]) -> Answer:
        if self.failure:
            raise self.failure
        try:
            return self._ask(what)
        except Exception as error:
            self.failure = self.unwritable = self._tell(error, "cannot be read")
            raise self.failure from error

    def _writing(self, what: Callable[[Any, str], Answer]) -> Answer:
        if self.unwritable:
            raise self.unwritable
        try:
            return self._ask(what)
        except NewerEntryError:
            raise
        except Exception as error:
            self.unwritable = self._tell(error, "cannot be written")
            raise self.unwritable from error

    def _ask(self, what: Callable[[Any, str], Answer]) -> Answer:
        if not self._reached:
            # Something small first: a place that is not there is found out in seconds.
            within(_REACH, lambda: _is_there(*self._open()))
            self._reached = True
        return within(_TRANSFER, lambda: what(*self._open()))

    def _open(self) -> tuple[Any, str]:
        """The file system, and the path of the store in it. Anew in a forked process."""
        if self._system is None or self._system[0] != os.getpid():
            if self._system is not None:
                _INHERITED.append(self._system)
            import fsspec  # noqa: PLC0415 - an extra, and not needed where the folder has it all

            options = _options(self.protocol, lambda: self._most)
            system, root = fsspec.core.url_to_fs(self.url, **options)
            if self.protocol in _S3:
                system.retries = 2
            self._system = os.getpid(), system, root.rstrip("/")
        return self._system[1], self._system[2]

    def _tell(self, error: Exception, what: str) -> RemoteError:
        if isinstance(error, ImportError):
            package = _PACKAGES.get(self.protocol, "sphinx-attention[remote]")
            if error.name == "fsspec" and not package.startswith("sphinx-attention"):
                package = f"sphinx-attention[remote]' '{package}"
            return RemoteError(
                Problem.INSTALL,
                f"the shared store {self.name} needs a package that is not installed ({error}): "
                f"pip install '{package}'",
            )
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        return RemoteError(Problem.STORE, f"the shared store {self.name} {what}: {reason}")


def within(seconds: float, what: Callable[[], Answer]) -> Answer:
    """Do something that may hang, in a thread that is left behind when it does.

    Raises:
        TimeoutError: it took longer.
    """
    done: list[Answer] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(what())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:g} second{'s' if seconds != 1 else ''}")
    if failed:
        raise failed[0]
    return done[0]


def _path(key: str) -> str:
    return f"{key[:2]}/{key[2:]}{SUFFIX}"


def _options(protocol: str, most: Callable[[], int]) -> dict[str, Any]:
    """How to open a file system.

    S3 is opened impatiently, where what the person set does not say otherwise. A server of pages
    is not asked for compressed bytes and none are unpacked: little may unpack to very much.

    Args:
        protocol: the beginning of the URL.
        most: says how many bytes of an answer are read.
    """
    if protocol in _HTTP:
        own = {
            "response_class": _bounded_response(most),
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity"},
        }
        given = _given(_HTTP).get("client_kwargs", {})
        headers = {**own["headers"], **given.get("headers", {})}
        return {
            "client_kwargs": {**own, **given, "headers": headers},
            "skip_instance_cache": True,
        }
    if protocol not in _S3:
        return {}
    patience = {
        "connect_timeout": _CONNECT,
        "read_timeout": _REACH,
        "retries": {"total_max_attempts": 1},
    }
    # Of its own: an instance that others share may have been opened under other circumstances.
    return {
        "config_kwargs": {**patience, **_given(_S3).get("config_kwargs", {})},
        "skip_instance_cache": True,
    }


def _given(protocols: Iterable[str]) -> dict[str, Any]:
    """What the person set for some protocols."""
    from fsspec.config import conf  # noqa: PLC0415

    return {name: value for p in protocols for name, value in conf.get(p, {}).items()}


def _bounded_response(most: Callable[[], int]) -> Any:
    """A response that gives up a body of more bytes than allowed, as they arrive."""
    import aiohttp  # noqa: PLC0415 - what fsspec needs for these URLs

    class Bounded(aiohttp.ClientResponse):  # type: ignore[misc] # see tool.mypy.overrides
        _body: bytes | None

        async def read(self) -> bytes:
            if self._body is None:
                parts, size = [], 0
                async for part in self.content.iter_chunked(1 << 16):
                    size += len(part)
                    if size > most():
                        self.close()
                        raise TooLargeError(f"an answer of more than {most():,} bytes")
                    parts.append(part)
                self._body = b"".join(parts)
            return self._body

    return Bounded


def _is_there(system: Any, root: str) -> None:
    # Either is an answer.
    with contextlib.suppress(FileNotFoundError, PermissionError):
        system.info(root)


def _cat(system: Any, paths: list[str], most: int) -> list[bytes | TooLargeError | None]:
    """The bytes of some objects, None for those that are not there; all at once if it can be.

    Args:
        system: the file system.
        paths: of the objects.
        most: bytes of an object; of a larger one no more are read.
    """
    # Responses of HTTP are bounded as they arrive; asked for a range, many servers refuse.
    part = {} if set(_HTTP) & set(_protocols(system)) else {"start": 0, "end": most + 1}
    answers: list[Any] = []
    if getattr(system, "async_impl", False):
        import asyncio  # noqa: PLC0415 - slow to import, and of no use to a store in a folder

        from fsspec.asyn import sync  # noqa: PLC0415

        async def together() -> list[Any]:
            asked = (
                system._cat_file(path, **part)  # noqa: SLF001 - its own concurrency
                for path in paths
            )
            return await asyncio.gather(*asked, return_exceptions=True)

        answers = sync(system.loop, together)
    else:
        for path in paths:
            try:
                answers.append(system.cat_file(path, **part))
            except FileNotFoundError as error:
                answers.append(error)
    return [_bounded(answer, most) for answer in answers]


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)


def _start(system: Any, path: str) -> bytes:
    try:
        return bytes(system.cat_file(path, start=0, end=_PEEK))
    except (TimeoutError, ImportError):
        raise
    except Exception:  # noqa: BLE001 - mostly that it is not there; the writing tells the rest
        return b""


_EMPTY_RANGE = re.compile(r"InvalidRange|\b416\b|range.{0,9}not satisfiable", re.IGNORECASE)
"""What is said where the first bytes of an object are asked for that has none."""


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
