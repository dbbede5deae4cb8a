"""The settings of notes whose program has no place for them: the file ``attention.toml``."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import Problem

from .notes import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sphinx_attention.core.authoring.settings import Settings

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


def project_settings(
    folder: Path, overrides: Mapping[str, str], warn: Callable[[str], None]
) -> Settings:
    """The settings in the file of a folder, with the overrides of a command.

    Args:
        folder: the folder of the file.
        overrides: settings that replace those of the file, by their names in conf.py.
        warn: is called with each mistake, and the name of the file.

    Raises:
        AttentionError: the file cannot be read.
    """
    own = {name.removeprefix("attention_"): value for name, value in overrides.items()}
    settings, problems = read_settings({**read_toml_settings(folder), **own})
    for error in problems:
        warn(f"{FILE}: {error.message} [attention.{error.problem}]")
    return settings
