"""The page *Adding a host*: its example reads a page, draws its figures and reports mistakes."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "example_docs" / "adding-a-host.rst"


def test_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r":caption: .*\n\n((?:   .*\n|\n)+)", PAGE.read_text(encoding="utf-8"))
    assert code
    file = tmp_path / "own_host.py"
    file.write_text(textwrap.dedent(code[1]), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("own_host", file)
    assert spec
    assert spec.loader
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    page = tmp_path / "page.html"
    page.write_text(
        '<attention layer="1" head="2" focus="fox">the quick brown fox</attention>\n'
        '<attention layer="9">the quick brown fox</attention>\n'
        '<attention generate="2" also="a b">the quick brown fox</attention>\n',
        encoding="utf-8",
    )
    assert host.build(page, tmp_path / "out.html") == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{page}:2: invalid value 9 for layer: there is no layer 9, expected")
    assert "remove the attribute also, or the attribute generate" in second
    assert second.startswith(f"{page}:3: ")
    made = BeautifulSoup((tmp_path / "out.html").read_text(encoding="utf-8"), "html.parser")
    (figure,) = made.select("figure.attention-figure")
    assert (figure["data-layer"], figure["data-head"]) == ("1", "2")
    assert len(made.select("p")) >= 2
