"""Parts of Sphinx that have other names in the oldest versions that the package supports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sphinx_attention.hosts.sphinx.builder import builder_of


@pytest.mark.parametrize("name", ["app", "_app"])
def test_the_builder_of_an_environment(name: str) -> None:
    env: Any = SimpleNamespace(**{name: SimpleNamespace(builder="html")})
    assert builder_of(env) == "html"
