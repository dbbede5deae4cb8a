"""``mkdocs serve`` builds a changed page again, with the model that it has loaded before."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = '# Notes\n\n```attention name="fox" layer="1"\n{}\n```\n'
CONFIG = """\
site_name: Notes
theme: {{name: mkdocs}}
plugins: []
markdown_extensions:
  - sphinx_attention.hosts.markdown:
      model: {}
"""
PATIENCE = 240
"""Seconds for a step, of which a busy machine needs many and another few."""


@pytest.fixture
def served(tmp_path: Path, minilm: Path) -> Iterator[Callable[[str], str]]:
    """A function that waits for a text on the page of a served site, and returns the page."""
    shutil.copytree(minilm, tmp_path / "model")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(PAGE.format("the quick fox"), encoding="utf-8")
    config = CONFIG.format(tmp_path / "model")
    (tmp_path / "mkdocs.yml").write_text(config, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--livereload", "-a", f"127.0.0.1:{port}"],
            cwd=tmp_path,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )

    def wait(text: str) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and running.poll() is None:
            try:
                with urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
                    page = answer.read().decode()
            except (URLError, ConnectionError, TimeoutError):
                page = ""
            if text in page:
                return page
            time.sleep(0.1)
        raise AssertionError(f"{text!r} has not come: {log.read_text()}")

    try:
        yield wait
    finally:
        running.terminate()
        running.wait(30)


def test_a_changed_sentence(served: Callable[[str], str], tmp_path: Path) -> None:
    assert 'data-view="arcs"' in served("the quick fox")
    # With other weights of the same size and time, the model cannot be loaded a second time.
    (weights,) = (tmp_path / "model").glob("*.safetensors")
    before, broken = weights.stat(), weights.with_suffix(".broken")
    broken.write_bytes(b"\xff" * before.st_size)
    os.utime(broken, ns=(before.st_atime_ns, before.st_mtime_ns))
    broken.replace(weights)
    source = tmp_path / "docs" / "index.md"
    source.write_text(PAGE.format("a lazy dog"), encoding="utf-8")
    page = served("a lazy dog")
    assert 'data-view="arcs"' in page
    assert "attention-placeholder" not in page
    # A mistake is shown in the page, and the program goes on.
    source.write_text(PAGE.format("a lazy dog").replace('"1"', '"77"'), encoding="utf-8")
    assert "invalid value 77 for layer" in served("attention-placeholder")
