"""The settings of notes whose program has no place for them: the file ``attention.toml``."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

FILE = "attention.toml"


def read_toml_settings(folder: Path) -> dict[str, Any]:
    """The settings in the file of a folder; none if there is no such file.

    Raises:
        AttentionError: the file cannot be read.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    with guarded(Problem.CONFIG, f"reading {FILE}"):
        return tomllib.loads(file.read_text(encoding="utf-8"))
