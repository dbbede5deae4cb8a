"""The filter of Quarto under pandoc, which Quarto itself calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

import sphinx_attention
from sphinx_attention.hosts.cli import main
from tests.hosts.pandoc import pandoc_path

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WEIGHTS = sphinx_attention.attention("the quick brown fox").weights
NOTES = """\
---
title: Notes
---

# Notes

In head 0.2 `fox looks at quick <fox 0.2 fox -> quick>`{.attn-focus}, with `fox 0.2 fox -> quick`{.attn-weight}, and as in
MyST {attn:weight}`0 % <hand quick -> the>`.

```{.attention #fox layer="0" head="2"}
the quick brown fox

A *caption* with {attn:weight}`fox 0.2 fox -> quick`.
```

```{.attention #fig-hand view="matrix"}
the quick
0.7 0.3
0.2 0.8

By hand.
```

```{.attention-check figure="fox"}
0.2: fox -> quick < 1.1
```
"""
WRONG = """\
---
title: Wrong
---

```{.attention layr="1"}
the quick
```

`nope 0.1 a -> b`{.attn-weight}

```{.attention #c}
the quick
```

```{.attention-check figure="c"}
1.3: quick -> the > 1.5
```
"""


def pandoc(folder: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    """Run pandoc with the filter; exit code, output and messages."""
    ran = CliRunner().invoke(main, ["plugin", "quarto", "-o", str(folder / "attention.lua")])
    assert ran.exit_code == 0, ran.output
    done = subprocess.run(
        [
            pandoc_path(),
            "notes.qmd",
            "-f",
            "markdown",
            "-L",
            "attention.lua",
            *arguments,
        ],
        cwd=folder,
        env={**os.environ, "ATTENTION_PYTHON": sys.executable, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_html(tmp_path: Path) -> None:
    (tmp_path / "notes.qmd").write_text(NOTES, encoding="utf-8")
    code, html, message = pandoc(tmp_path, "-t", "html", "--fail-if-warnings")
    assert code == 0, message
    page = BeautifulSoup(html, "html.parser")
    fox = page.select_one("figure.attention-figure#fox")
    assert (fox["data-layer"], fox["data-head"]) == ("0", "2")
    weight = f"{WEIGHTS[0, 2, 4, 2]:.3f}"
    assert fox.select_one("figcaption").get_text().strip() == f"A caption with {weight}."
    # Quarto numbers a block whose name begins with fig-, and whose last paragraph is the caption.
    block = page.select_one("div#fig-hand")
    assert "0.800" in block.select_one(".attention-figure").get_text()
    assert block.select("p")[-1].get_text() == "By hand."
    link = page.select_one("a.attention-focus")
    assert (link["href"], link["data-selection"]) == ("#fox", "layer=0&head=2&pin=4.2")
    assert [one.get_text() for one in page.select("span.attention-number")][:2] == [
        weight,
        "20\u00a0%",
    ]
    assert len(page.select("style")) == len(page.select("script:not([type])")) == 1


@pytest.mark.parametrize(("kind", "ending"), [("latex", "pdf"), ("docx", "png"), ("typst", "svg")])
def test_files_for_print_have_pictures(tmp_path: Path, kind: str, ending: str) -> None:
    (tmp_path / "notes.qmd").write_text(NOTES, encoding="utf-8")
    code, _, message = pandoc(tmp_path, "-t", kind, "-o", f"notes.{kind}")
    assert code == 0, message
    pictures = list((tmp_path / "attention_files").iterdir())
    assert [path.suffix for path in pictures] == [f".{ending}"] * 2


def test_figures_of_other_documents(tmp_path: Path) -> None:
    (tmp_path / "attention.toml").write_text("", encoding="utf-8")
    (tmp_path / "week").mkdir()
    other = """```{.attention #fox layer="0"}\nthe quick brown fox\n```\n
```{.attention #fig-hand view="matrix"}\nthe quick\n0.7 0.3\n0.2 0.8\n```\n"""
    (tmp_path / "week" / "one.qmd").write_text(other, encoding="utf-8")
    text = "{attn:focus}`a <fox 0.2 fox -> quick>` {attn:weight}`fox 0.2 fox -> quick` {attn:focus}`b <hand>`"
    (tmp_path / "notes.qmd").write_text(text, encoding="utf-8")
    code, html, message = pandoc(tmp_path, "-t", "html", "--fail-if-warnings")
    assert code == 0, message
    links = BeautifulSoup(html, "html.parser").find_all("a")
    # Quarto makes the address of a page of the address of a document.
    assert [link["href"] for link in links] == ["week/one.qmd#fox", "week/one.qmd#fig-hand"]
    assert links[0]["data-selection"] == "layer=0&head=2&pin=4.2"
    assert f"{WEIGHTS[0, 2, 4, 2]:.3f}" in html
    (tmp_path / "two.qmd").write_text(other, encoding="utf-8")
    code, _, message = pandoc(tmp_path, "-t", "html", "--fail-if-warnings")
    assert code != 0
    assert (
        "notes.qmd:1: the name 'fox' is ambiguous: figures of two.qmd and week/one.qmd" in message
    )


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / "notes.qmd").write_text(WRONG, encoding="utf-8")
    code, html, message = pandoc(tmp_path, "-t", "html")
    assert code == 0
    for reported in (
        "notes.qmd:5: unknown option 'layr' (did you mean layer?)",
        "notes.qmd:9: there is no figure of the name 'nope'",
        "notes.qmd:16: the claim '1.3: quick -> the > 1.5' is false",
    ):
        assert reported in message
    page = BeautifulSoup(html, "html.parser")
    assert "did you mean layer?" in page.select_one(".attention-placeholder").get_text()
    assert pandoc(tmp_path, "-t", "html", "--fail-if-warnings")[0] != 0
    # Quarto does not fail on warnings.
    code, _, message = pandoc(tmp_path, "-t", "html", ATTENTION_STRICT="1")
    assert code != 0
    assert "notes.qmd:9: there is no figure" in message


def test_lines_are_right_below_a_backtick_in_an_option(tmp_path: Path) -> None:
    source = '```{.attention caption="The `x`"}\nthe quick\n```\n\n```{.attention layer="77"}\na b\n```\n'
    (tmp_path / "notes.qmd").write_text(source, encoding="utf-8")
    code, html, message = pandoc(tmp_path, "-t", "html")
    assert code == 0
    assert "notes.qmd:5: invalid value 77 for layer" in message
    assert "<code>x</code>" in html


def test_a_fence_that_is_read_as_code(tmp_path: Path) -> None:
    source = "```{.attention}\nthe quick\n```\n\n```{.attenton}\na b\n```\n"
    (tmp_path / "notes.qmd").write_text(source, encoding="utf-8")
    code, _, message = pandoc(tmp_path, "-t", "html", ATTENTION_STRICT="1")
    assert code != 0
    assert "notes.qmd:5: this fence is not read as a figure, because 'attenton' is not" in message


def test_one_store_with_capture(tmp_path: Path) -> None:
    (tmp_path / "notes.qmd").write_text(NOTES, encoding="utf-8")
    (tmp_path / "_quarto.yml").write_text("project:\n  type: website\n", encoding="utf-8")
    (tmp_path / "attention.toml").write_text('cache = "numbers"\n', encoding="utf-8")
    code, _, message = pandoc(tmp_path, "-t", "html", ATTENTION_MODE="frozen", ATTENTION_STRICT="1")
    assert code != 0
    assert "notes.qmd:10: the attention of builtin" in message
    ran = CliRunner().invoke(main, ["capture", str(tmp_path), "--json"])
    assert len(json.loads(ran.stdout)["captured"]) == 1
    code, _, message = pandoc(tmp_path, "-t", "html", ATTENTION_MODE="frozen", ATTENTION_STRICT="1")
    assert code == 0, message
