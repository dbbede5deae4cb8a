"""marimo: figures are live in the frames that it puts around HTML with scripts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.ports import answers, free_port, until

from .conftest import FOX, TOOLS, environment, figures, numbers, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APP = f"""
import marimo

app = marimo.App()


@app.cell
def _():
    import sphinx_attention

    fox = sphinx_attention.figure("{FOX}", layer=1, head=2)
    fox
    return (fox,)


@app.cell
def _(fox):
    fox.show()
    return
"""


@pytest.fixture
def server(tools: Path, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "fox.py").write_text(APP)
    port = free_port()
    process = subprocess.Popen(
        [
            *(TOOLS / "bin" / "python", "-m", "marimo", "-q", "run", "fox.py"),
            *("--headless", "--no-token", "--port", str(port)),
        ],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    until(lambda: answers(address), 120)
    yield address
    process.terminate()
    process.wait(20)


def test_a_value_and_show_are_live(browser: Browser, server: str, expected: list[str]) -> None:
    with opened(browser, server) as one:
        one.page.locator("iframe").nth(1).wait_for(state="attached", timeout=60_000)
        frames = [frame for frame in one.page.frames if frame != one.page.main_frame]
        assert len(frames) == 2
        for frame in frames:
            figures(frame).first.wait_for(state="attached")
            # The frame is as high as the figure. With the numbers of a token, the frame scrolls.
            assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
            assert numbers(figures(frame).first) == expected
        assert [error for error in one.errors if "net::ERR" not in error] == []
