"""The page on the architecture names the floors that the linter checks, and files that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "example_docs" / "architecture.rst").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = re.compile(r"``((?:core|hosts|static|sphinx_attention)/[^`<]*)(?:<view>/)?``")


def layers() -> list[str]:
    """The floors of import-linter above the vocabulary, from top to bottom."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        one for one in config["tool"]["importlinter"]["contracts"] if one["type"] == "layers"
    )
    names = [name.rsplit(".", 1)[1] for name in contract["layers"] if "|" not in name]
    return names[: names.index("analysis") + 1]


def test_the_floors_are_those_that_the_linter_checks() -> None:
    floors = PAGE[PAGE.index("The floors\n") :]
    rows = re.findall(r"^   \* - ``(?:core/)?(\w+)/``$", floors, re.MULTILINE)
    assert rows[: len(layers())] == layers()
    picture = (ROOT / "example_docs" / "diagrams" / "floors.svg").read_text(encoding="utf-8")
    assert re.findall(r'font-weight="600">(\w+)<', picture) == [*layers(), "vocabulary"]


def test_every_part_of_the_core_has_a_floor() -> None:
    package = ROOT / "sphinx_attention"
    folders = {
        path.name for path in (package / "core").iterdir() if (path / "__init__.py").exists()
    }
    assert folders - {"phrases"} == set(layers()) - {"hosts"}


@pytest.mark.parametrize("place", sorted(set(PLACES.findall(PAGE))))
def test_every_path_on_the_page_exists(place: str) -> None:
    base = ROOT if place.startswith(("static", "sphinx_attention")) else ROOT / "sphinx_attention"
    assert (base / place).exists()


def test_the_page_names_the_folders_of_the_browser_part() -> None:
    for folder in (ROOT / "static" / "src").iterdir():
        if folder.is_dir():
            assert f"``{folder.name}/``" in PAGE


def test_the_commands_for_contributors_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in re.findall(r"(?:^|`)make ([a-z-]+)", CONTRIBUTING, re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command
    for script in re.findall(r"\bscripts/[\w.]+", CONTRIBUTING):
        assert (ROOT / script).exists(), script
    for path in re.findall(
        r"`((?:sphinx_attention|core|tests|static|training)/[^` ]*)`", CONTRIBUTING
    ):
        base = ROOT / "sphinx_attention" if path.startswith("core") else ROOT
        assert (base / path).exists(), path
