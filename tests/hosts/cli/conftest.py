"""Example notes for the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core.counting import Counting, forget
from tests.hosts.cli.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notes]:
    folder = tmp_path / "source"
    folder.mkdir()
    counting = Counting(folder)
    for name in ("ATTENTION_CALLS", "ATTENTION_SLOW"):
        monkeypatch.setenv(name, counting.environment()[name])
    monkeypatch.syspath_prepend(str(folder))
    forget()
    yield Notes(tmp_path / "notes", counting)
    forget()
