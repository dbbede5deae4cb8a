"""A store at a URL, for notes that several machines build.

Any file system of fsspec can be used. Entries have the same names as in a folder, so that a folder
can be copied there and back by other means.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem

from .base import Store
from .deadline import Answer, within
from .entry import MOST_BYTES, SUFFIX, DamagedEntryError, NewerEntryError, is_newer
from .entry import verify as verify_entry
from .file_systems import (
    HTTP,
    REACH_SECONDS,
    S3,
    TooLargeError,
    check_reachable,
    open_options,
    read_objects,
    read_start,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PACKAGES = {
    **dict.fromkeys(S3, "sphinx-attention[s3]"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(HTTP, "aiohttp"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
}
"""The package to install for a protocol, beside fsspec itself."""

_WHOLE = {*S3, "gs", "gcs", "abfs", "abfss", "az", "oci", "oss", "obs", "memory"}
"""Protocols with which an object is visible only when all of it has arrived."""

_TRANSFER_SECONDS = 60.0
"""The most seconds of a request after the file system has answered for the first time."""

_MOST_TOGETHER = 1 << 24
"""The most bytes of an object that is read together with others. Larger objects are read alone."""

_INHERITED: list[Any] = []
"""File systems of the parent process. They are kept: collecting them would close its sockets."""


class RemoteError(AttentionError):
    """A shared store cannot be used. The message holds the reason."""


class RemoteStore(Store):
    """Entries at a URL. After the first failure the store is not asked again.

    Args:
        url: any URL of fsspec. Credentials come from the environment, as fsspec and the packages
            below it read them: ``FSSPEC_S3_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.failure: RemoteError | None = None
        """Why nothing is read any more; None while the store answers."""
        self.unwritable: RemoteError | None = None
        """Why nothing is written any more; None while the store takes entries."""
        self._system: tuple[int, Any, str] | None = None
        self._reached = False
        self._most = _MOST_TOGETHER
        """The most bytes of an object in the next reading."""

    @property
    def name(self) -> str:
        """The URL without credentials."""
        return re.sub(r"//[^/@]*@", "//…@", self.url)

    @property
    def protocol(self) -> str:
        """The beginning of the URL."""
        return re.split(r"::|://", self.url, maxsplit=1)[0]

    def location(self, key: str) -> str:
        """The entry's URL."""
        return f"{self.name}/{_path(key)}"

    def read(self, key: str) -> bytes | None:
        """The bytes of an object; None if there is none.

        Raises:
            DamagedEntryError: the object is larger than an entry may be.
            RemoteError: the server does not answer.
        """
        found = self.read_many([key], MOST_BYTES)
        if key not in found:
            raise DamagedEntryError(f"it is larger than the {MOST_BYTES:,} bytes of an entry")
        return found[key]

    def read_many(self, keys: Iterable[str], most: int | None = None) -> dict[str, bytes | None]:
        """The results of `read` for several keys, with one request.

        Args:
            keys: the keys.
            most: how many bytes an object may have; larger ones are left out. None takes the limit
                for objects that are read together.

        Raises:
            RemoteError: the server does not answer.
        """
        wanted = list(keys)
        self._most = limit = _MOST_TOGETHER if most is None else most

        def fetch(system: Any, root: str) -> list[Any]:
            return read_objects(system, [f"{root}/{_path(key)}" for key in wanted], limit)

        answers = zip(wanted, self._reading(fetch), strict=True)
        return {key: answer for key, answer in answers if not isinstance(answer, TooLargeError)}

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whole or not at all.

        Raises:
            NewerEntryError: there is an entry of a newer format, which is left as it is.
            RemoteError: the server refuses it or does not answer.
        """

        def send(system: Any, root: str) -> None:
            path = f"{root}/{_path(key)}"
            start = read_start(system, path)
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
            RemoteError: the server does not answer.
        """

        def find(system: Any, root: str) -> list[str]:
            system.invalidate_cache()
            # Links on pages of an HTTP server are followed only to the depth of entries.
            depth = {"maxdepth": 2} if self.protocol in HTTP else {}
            with contextlib.suppress(FileNotFoundError):
                return [str(path) for path in system.find(root, **depth)]
            return []

        self._most = _MOST_TOGETHER
        pattern = re.compile(rf"(?:^|/)([0-9a-f]{{2}})/([0-9a-f]+){re.escape(SUFFIX)}$")
        found = (pattern.search(path) for path in self._reading(find))
        yield from sorted(match[1] + match[2] for match in found if match)

    def delete(self, key: str) -> bool:
        """Remove an object, and return whether there was one.

        Raises:
            RemoteError: the server does not answer, or does not allow it.
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
            self.failure = self.unwritable = self._error(error, "cannot be read")
            raise self.failure from error

    def _writing(self, what: Callable[[Any, str], Answer]) -> Answer:
        if self.unwritable:
            raise self.unwritable
        try:
            return self._ask(what)
        except NewerEntryError:
            raise
        except Exception as error:
            self.unwritable = self._error(error, "cannot be written")
            raise self.unwritable from error

    def _ask(self, what: Callable[[Any, str], Answer]) -> Answer:
        if not self._reached:
            # A small request first: it shows within seconds that a server cannot be reached.
            within(REACH_SECONDS, lambda: check_reachable(*self._open()))
            self._reached = True
        return within(_TRANSFER_SECONDS, lambda: what(*self._open()))

    def _open(self) -> tuple[Any, str]:
        """The file system, and the path of the store in it; a forked process opens its own."""
        if self._system is None or self._system[0] != os.getpid():
            if self._system is not None:
                _INHERITED.append(self._system)
            import fsspec  # noqa: PLC0415 - an extra, and not needed where the folder has it all

            options = open_options(self.protocol, lambda: self._most)
            system, root = fsspec.core.url_to_fs(self.url, **options)
            if self.protocol in S3:
                system.retries = 2
            self._system = os.getpid(), system, root.rstrip("/")
        return self._system[1], self._system[2]

    def _error(self, error: Exception, what: str) -> RemoteError:
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


def _path(key: str) -> str:
    return f"{key[:2]}/{key[2:]}{SUFFIX}"
