"""Failures of requests, so that the next build does not load a model only to fail in the same way.

A failure is kept by the key of its request, beside the entries, in a folder that git ignores. Each
has a fingerprint of everything that could mend it: the declaration, the files of the model, the
installed packages and the environment. If the fingerprint has changed, the request is tried again.
If the network was the reason, the hub is contacted first, which takes a moment. Failures of
functions are not kept, because a function may depend on anything. A lack of memory is not kept
either.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource
from sphinx_attention.core.store.atomic import replace
from sphinx_attention.core.store.deadline import within
from sphinx_attention.core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.request import Request, Source

FOLDER = ".failures"
"""The name of the folder within that of the store."""

_FORMAT = 2
"""The version of the record. A record of another version is ignored."""

_KEPT = (
    Problem.MODEL,
    Problem.TEXT,
    Problem.OPTION,
    Problem.INSTALL,
    Problem.NETWORK,
    Problem.CONFIG,
)
"""The problems that last until the request, the model or the environment changes."""

_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "sentencepiece",
    "tiktoken",
    "huggingface_hub",
    "accelerate",
    "protobuf",
    "scipy",
    "numpy",
    "pillow",
    "torchvision",
)
_VARIABLES = (
    "HF_ENDPOINT",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "CUDA_VISIBLE_DEVICES",
)
_MOST_FILES = 1000
_LONGEST_MESSAGE = 10_000
_MOST_BYTES = 1 << 24
_REACH_SECONDS = 2.0


@dataclass(frozen=True)
class _Failure:
    """A failure as it is kept."""

    problem: Problem
    message: str
    fingerprint: str
    subject: str


class FailureRecord:
    """Failures by key, in a file beside the entries of a store.

    Args:
        folder: the folder of the store; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / FOLDER / "failures.json"
        self._root = folder
        self._kept: dict[str, _Failure] | None = None
        self._changed = False
        self._fingerprints: dict[Source, str] = {}
        self._reachable: bool | None = None

    def keeps(self, request: Request, error: AttentionError) -> bool:
        """Whether this failure of this request is kept."""
        fits = isinstance(request.source, ModelSource) and error.problem in _KEPT
        return fits and self._file is not None

    def find(self, request: Request) -> AttentionError | None:
        """Why a request cannot be computed; None if that may have changed."""
        kept = self._failures().get(request.key)
        if kept is None or kept.fingerprint != self._fingerprint(request.source):
            return None
        if kept.problem is Problem.NETWORK and self._hub_answers():
            return None
        return AttentionError(kept.problem, kept.message, subject=kept.subject)

    def put(self, request: Request, error: AttentionError) -> None:
        """Keep the reason why a request cannot be computed."""
        if self.keeps(request, error):
            failure = _Failure(
                error.problem, error.neutral, self._fingerprint(request.source), error.subject
            )
            self._changed |= self._failures().get(request.key) != failure
            self._failures()[request.key] = failure

    def forget(self, key: str) -> None:
        """Forget the failure of a request that was computed."""
        self._changed |= self._failures().pop(key, None) is not None

    def save(self) -> None:
        """Write the changes. If the folder cannot be written, the requests are only tried again."""
        if not self._changed or self._file is None or self._root is None:
            return
        self._changed = False
        # A link may point anywhere, so nothing is written through it.
        if self._root.is_symlink() or self._file.parent.is_symlink():
            return
        failures = {
            key: {**asdict(f), "problem": str(f.problem)}
            for key, f in sorted(self._failures().items())
        }
        with contextlib.suppress(OSError, UnicodeError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            (self._file.parent / ".gitignore").write_text("*\n", encoding="utf-8", newline="\n")
            temporary = self._file.with_suffix(f".{os.getpid()}.tmp")
            text = json.dumps({"format": _FORMAT, "failures": failures}, indent=1)
            temporary.write_text(text, encoding="utf-8", newline="\n")
            replace(temporary, self._file)

    def _failures(self) -> dict[str, _Failure]:
        if self._kept is None:
            self._kept = {}
            with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
                self._kept = self._load()
        return self._kept

    def _load(self) -> dict[str, _Failure]:
        if self._file is None or not self._file.is_file():
            return {}
        if self._file.stat().st_size > _MOST_BYTES:
            return {}
        read: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        if read["format"] != _FORMAT:
            return {}
        return {
            str(key): _Failure(
                Problem(kept["problem"]),
                str(kept["message"])[:_LONGEST_MESSAGE],
                str(kept["fingerprint"]),
                str(kept["subject"]),
            )
            for key, kept in read["failures"].items()
        }

    def _fingerprint(self, source: Source) -> str:
        if source not in self._fingerprints:
            self._fingerprints[source] = fingerprint(source)
        return self._fingerprints[source]

    def _hub_answers(self) -> bool:
        if self._reachable is None:
            self._reachable = hub_answers()
        return self._reachable


def fingerprint(source: Source) -> str:
    """A digest of all that a failure of a model may depend on, without imports or connections."""
    facts: list[Any] = [__version__, platform.python_version(), repr(source)]
    facts += [(name, _version(name)) for name in _PACKAGES]
    # A module of the same name in the sources hides the package.
    facts += [(name, _origin(name)) for name in ("torch", "transformers", "tokenizers")]
    facts += [(name, os.environ.get(name)) for name in _VARIABLES]
    facts.append(bool(os.environ.get("HF_TOKEN")))
    if isinstance(source, ModelSource):
        facts += [_files(folder) for folder in _folders(source)]
    return hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).hexdigest()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _origin(name: str) -> str | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return None if spec is None else spec.origin


def _folders(source: ModelSource) -> Iterable[Path]:
    """The folders with the files of a model: its own, and that of its download."""
    if source.folder:
        yield Path(source.folder)
    if source.id:
        home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
        cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
        hub = Path(cache).expanduser() if cache else home / "hub"
        yield hub / f"models--{source.id.replace('/', '--')}"


def _files(folder: Path) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the files of a folder."""
    found: list[tuple[str, int, int]] = []
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if len(found) >= _MOST_FILES:
                return found
            with contextlib.suppress(OSError):
                status = Path(at, name).stat()
                found.append((str(Path(at, name)), status.st_size, status.st_mtime_ns))
    return found


def hub_answers() -> bool:
    """Whether the hub, or the proxy before it, takes a connection. It takes at most two seconds."""
    import socket  # noqa: PLC0415 - slow to import, and rarely needed
    import urllib.parse  # noqa: PLC0415 - likewise
    import urllib.request  # noqa: PLC0415 - likewise

    offline = {"1", "ON", "YES", "TRUE"}
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in offline:
        return False
    address = urllib.parse.urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    proxy = urllib.request.getproxies().get(address.scheme)
    if proxy:
        address = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        # Looking up a name has no time limit of its own.
        within(
            _REACH_SECONDS,
            lambda: socket.create_connection(
                (address.hostname or "", port), _REACH_SECONDS
            ).close(),
        )
    except (OSError, ValueError):
        return False
    return True
