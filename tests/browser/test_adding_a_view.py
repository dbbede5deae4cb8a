"""The page that shows how to add a view is followed to the letter, in a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^\.\. code-block:: (\w+)\n(?:   :caption: (\S+)\n)?\n((?:   .*\n|\n)+)", re.MULTILINE
)
NOTES = """
.. attention:: a b c
   :view: bars
   :name: rows

   0.7 0.2 0.1
   0 0.4 0.6
   0.5 0.25 0.25
"""


def run(command: list[str], cwd: Path, check: bool = True, **given: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | given, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def page_of_bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a figure in the new view, built with the changed copy of the package."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("static", "sphinx_attention"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(ROOT / name, copy)
    (copy / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
    text = (ROOT / "example_docs" / "adding-a-view.rst").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert [kind for kind, _, _ in blocks] == ["python", "jinja", "diff", "typescript"]
    for kind, name, code in blocks:
        content = dedent(code).strip("\n") + "\n"
        if kind == "diff":
            (copy / "lines.diff").write_text(content, encoding="utf-8")
            run(["git", "apply", "--unidiff-zero", "lines.diff"], copy)
        else:
            (copy / name).parent.mkdir(exist_ok=True)
            (copy / name).write_text(content, encoding="utf-8")
    run(["npx", "tsc", "--noEmit"], copy)
    assert "attention-bars.js" in run(["node", "static/build.mjs"], copy)
    notes = copy / "notes"
    notes.mkdir()
    (notes / "conf.py").write_text("extensions = ['sphinx_attention']\n", encoding="utf-8")
    (notes / "index.rst").write_text(f"Notes\n=====\n{NOTES}", encoding="utf-8")
    run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "notes", "out"],
        copy,
        PYTHONPATH=str(copy),
    )
    return copy / "out" / "index.html"


def lengths(page: Page) -> list[float]:
    bars = page.locator("#rows .attention-length")
    return [float(bar.get_attribute("width") or "") for bar in bars.all()]


def test_the_page_leads_to_a_view_that_works(page_of_bars: Path, browser: Browser) -> None:
    static = browser.new_context(java_script_enabled=False).new_page()
    static.goto(page_of_bars.as_uri())
    assert lengths(static) == [140, 40, 20]
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(page_of_bars.as_uri())
    token = page.locator("#rows [data-token='1'][role='button']")
    token.wait_for()
    assert lengths(page) == [140, 40, 20]
    token.hover()
    assert lengths(page) == [0, 80, 120]
    token.click()
    page.locator("#rows [data-token='2']").click(modifiers=["Shift"])
    page.mouse.move(0, 0)
    assert lengths(page) == [100, 130, 170]
    assert page.locator("#rows .attention-vector tr").count() == 3
    page.keyboard.press("Escape")
    assert lengths(page) == [140, 40, 20]
    assert not errors
