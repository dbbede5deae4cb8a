"""The numbers that Python and the browser part share stand in one file, which both read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sphinx_attention.core.render.common.constants import constants

ROOT = Path(__file__).parents[4]
RENDER = ROOT / "sphinx_attention" / "core" / "render"
FILES = sorted(RENDER.glob("*/constants.json"))


def names(found: dict[str, object]) -> set[str]:
    """The names of all numbers, at any depth."""
    inner = [names(value) for value in found.values() if isinstance(value, dict)]
    own = {name for name, value in found.items() if not isinstance(value, dict)}
    return own.union(*inner)


def words(folder: Path, ending: str) -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob(f"*.{ending}")]
    return set(re.findall(r"\w+", "\n".join(texts)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_both_sides_read_every_constant(file: Path) -> None:
    known = names(json.loads(file.read_text(encoding="utf-8")))
    assert known
    assert known <= words(RENDER, "py")
    assert known <= words(ROOT / "static" / "src", "ts")


def test_a_view_has_constants_of_its_own() -> None:
    assert constants("steps")["pitch"] == 24
    assert constants()["heatmap"]["levels"] == 50
    with pytest.raises(FileNotFoundError):
        constants("bars")
