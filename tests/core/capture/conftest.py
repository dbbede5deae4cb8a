"""A source that counts its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core.counting import Counting, forget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    folder = tmp_path / "source"
    folder.mkdir()
    made = Counting(folder)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(folder))
    forget()
    yield made
    forget()
