"""The reference page: every object of the code has an address that intersphinx finds."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sphinx.util.inventory import InventoryFile

from sphinx_attention.core.authoring.options import OPTIONS
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import Problem
from sphinx_attention.hosts.sphinx.written import HOST_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[2] / "example_docs"


@pytest.fixture
def inventory(project: Callable, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    """The objects of the reference page, as the build of the example notes lists them."""
    monkeypatch.syspath_prepend(str(EXAMPLE / "_extensions"))
    pages = {"index.rst": (EXAMPLE / "reference.rst").read_text(encoding="utf-8")}
    pages |= {f"{name}.rst": f"{name}\n====\n" for name in ("your-own-notes", "command-line")}
    notes = project(pages, 'extensions += ["reference"]\nexclude_patterns = ["_build"]\n')
    app = notes.build()
    text = "".join(line for line in notes.warnings.splitlines() if "toctree" not in line)
    assert "unknown" not in text
    with (Path(app.outdir) / "objects.inv").open("rb") as file:
        return InventoryFile.load(file, "", lambda _base, uri: uri)


def test_everything_has_an_address(inventory: dict[str, dict]) -> None:
    options = inventory["rst:directive:option"]
    names = (*OPTIONS, *HOST_OPTIONS)
    assert {f"attention-figure:{name}" for name in names} == set(options)
    settings = inventory["std:confval"]
    assert {f"attention_{setting.name}" for setting in fields(Settings)} == set(settings)
    warnings = inventory["std:attention-warning"]
    assert {f"attention.{problem.value}" for problem in Problem} == set(warnings)
    commands = inventory["std:cmdoption"]
    for known in (
        "sphinx-attention-capture.--jobs",
        "sphinx-attention-capture.-j",
        "sphinx-attention-render.--output",
        "sphinx-attention-cache-prune.--shared",
    ):
        assert known in commands
