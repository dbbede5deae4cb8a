"""Downloads a model's files from the hub, and reports long downloads."""

from __future__ import annotations

import inspect
import time
from functools import cache
from pathlib import Path
from typing import Any

from sphinx_attention.core.progress import announce, listener

from .packages import require

_ANSWERS_WITHIN = 5.0
"""The most seconds that the hub may take to answer. Its own client tries for half a minute."""

_A_LINE_EVERY = 5.0
"""The seconds between two messages about a download if no bar can be drawn."""

_WORTH_TELLING = 1 << 20
"""The size in bytes from which a download is reported."""


class HubFiles:
    """The files of a model on the hub. Each is downloaded to the hub's own cache when needed.

    Args:
        name: the model's identifier.
        revision: a branch, tag or commit; None means the newest.
        only_local: whether nothing is downloaded.
    """

    def __init__(self, name: str, revision: str | None, *, only_local: bool) -> None:
        self.name = name
        self.revision = revision
        self.only_local = only_local
        self.where = f"the model {name}"

    def find(self, name: str) -> Path | None:
        """A file by its name; None if the model has none, or if it cannot be downloaded."""
        hub = require("huggingface_hub")
        options: dict[str, Any] = {
            "revision": self.revision,
            "local_files_only": self.only_local,
        }
        if "tqdm_class" in inspect.signature(hub.hf_hub_download).parameters:
            options["tqdm_class"] = _bar()
        try:
            return Path(hub.hf_hub_download(self.name, name, **options))
        except hub.errors.EntryNotFoundError:
            return None

    def names(self) -> list[str]:
        """The names of all files, for messages; empty if they are not known."""
        hub = require("huggingface_hub")
        try:
            found = hub.HfApi().model_info(self.name, revision=self.revision, timeout=5)
        except Exception:  # noqa: BLE001 - it is only asked in order to explain another failure
            return []
        return [str(one.rfilename) for one in found.siblings or ()]


def is_offline() -> bool:
    """Whether the hub cannot be used: it is switched off, or it does not answer.

    This is checked once for each model, so that neither a model in the cache nor the message about
    a missing one has to wait for the retries of the hub's client.
    """
    hub = require("huggingface_hub")
    if hub.constants.HF_HUB_OFFLINE:
        return True
    try:
        hub.utils.get_session().head(hub.constants.ENDPOINT, timeout=_ANSWERS_WITHIN)
    except Exception:  # noqa: BLE001 - whatever it is, no file can be downloaded
        return True
    return False


@cache
def _bar() -> type:
    """A bar of tqdm for downloads, which is drawn, reported line by line, or left out."""
    from tqdm.auto import tqdm  # noqa: PLC0415 - comes with transformers

    class Bar(tqdm):  # type: ignore[misc] # tqdm is not typed
        """The download of one file."""

        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            waits = listener()
            total = options.get("total")
            small = total is not None and total < _WORTH_TELLING
            self.reported = time.monotonic()
            self.announces = waits is not None and not waits.bars and not small
            drawn = waits is not None and waits.bars and not small
            super().__init__(*args, **{**options, "disable": not drawn, "leave": False})
            self.total, self.desc, self.n = (
                total,
                options.get("desc", ""),
                options.get("initial", 0),
            )
            if self.announces:
                announce(f"downloading {self.desc} ({_size(self.total)})")

        def update(self, n: float | None = 1) -> bool | None:
            if not self.announces:
                return super().update(n)  # type: ignore[no-any-return]
            self.n += n or 0
            now = time.monotonic()
            if now - self.reported >= _A_LINE_EVERY:
                self.reported = now
                announce(f"downloading {self.desc}: {_size(self.n)} of {_size(self.total)}")
            return None

    return Bar


def _size(number: float | None) -> str:
    return "unknown size" if number is None else f"{number / 1e6:,.1f} MB"
