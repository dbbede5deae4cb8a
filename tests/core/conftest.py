"""Tiny models for several tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sphinx_attention.core.host_words import HostWords, use_words
from tests.core.tiny_models import save


@pytest.fixture(autouse=True)
def _no_host() -> None:
    """Messages use neutral names of settings, whatever host ran before in this process."""
    use_words(HostWords())


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with a tiny random model of a kind, as ``save_pretrained`` writes it."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = save(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return make
