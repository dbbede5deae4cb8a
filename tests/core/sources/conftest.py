"""Settings for every test that runs a model, and the reading of files of numbers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_attention.core.request import MatrixSource, Request
from sphinx_attention.core.sources.matrix import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sphinx_attention.core.attention import Attention

# PyTorch reads this variable when it is loaded. With tiny models, several threads only wait for one
# another.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Attention]:
    """The attention that a figure makes of a file."""

    def make(name: str, data: bytes, text: str = "the cat", **kind: Any) -> Attention:
        (tmp_path / name).write_bytes(data)
        tokens = kind.pop("tokens", None)
        source = MatrixSource(path=name, file=str(tmp_path / name), digest="0", **kind)
        return read(Request(source, text, tokens=tokens))

    return make
