"""The plugin of mystmd, built by the real program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import sphinx_attention
from scripts import find_mystmd
from sphinx_attention.hosts.cli import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WEIGHTS = sphinx_attention.attention("the quick brown fox").weights
MYST = """\
version: 1
project:
  title: Notes
  plugins:
    - attention.mjs
site:
  template: ./template
"""
TEMPLATE = "jtex: v1\ntitle: T\nkind: site\nbuild:\n  install: 'true'\n  start: 'true'\n"
INDEX = """\
---
exports:
  - format: md
---
# Notes

See [](#fox). {attn:focus}`fox looks at quick <fox 0.2 fox -> quick>`, with {attn:weight}`fox 0.2 fox -> quick`, and
{attn:weight}`0 % <hand quick -> the>`.

```{attention-figure} the quick brown fox
:name: fox
:layer: 0
:head: 2

A *caption*.
```

:::{attention-figure} the quick
:label: hand
:view: matrix

0.7 0.3
0.2 0.8

By hand.
:::

```{attn:check} fox
0.2: fox -> quick < 1.1
```
"""
OTHER = """\
# Another page

{attn:focus}`the fox <fox 0.2 fox -> quick>` of another page has {attn:weight}`fox 0.2 fox -> quick`.
"""
WRONG = """\
# Wrong

```{attention-figure} the quick
:layer: 77
```

```{attention-figure} the quick
:name: a

0.1 0.2
0.3 0.8
```

{attn:weight}`b the -> quick`

```{attention-figure} the quick
:name: c
```

```{attn:check} c

1.3: quick -> the > 1.5
```

```{attention-figure} the `quick` fox
:layer: 0
```
"""


def make(folder: Path, pages: dict[str, str]) -> None:
    (folder / "template").mkdir(parents=True)
    (folder / "template" / "template.yml").write_text(TEMPLATE, encoding="utf-8")
    (folder / "myst.yml").write_text(MYST, encoding="utf-8")
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(main, ["plugin", "mystmd", "-o", str(folder / "attention.mjs")])
    assert ran.exit_code == 0, ran.output


def build(folder: Path, *arguments: str) -> tuple[int, str]:
    ran = subprocess.run(
        [shutil.which("node") or "node", str(find_mystmd.find()), "build", *arguments],
        cwd=folder,
        env={**os.environ, "ATTENTION_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def nodes(tree: Any, kind: str) -> list[dict[str, Any]]:
    found = []
    if isinstance(tree, dict):
        found += [tree] if tree.get("type") == kind else []
        found += [one for child in tree.get("children", []) for one in nodes(child, kind)]
    return found


def text(tree: dict[str, Any]) -> str:
    return tree.get("value", "") + "".join(text(child) for child in tree.get("children", []))


def test_a_strict_site(tmp_path: Path) -> None:
    make(tmp_path, {"index.md": INDEX})
    code, message = build(tmp_path, "--site", "--strict")
    assert code == 0, message
    page = json.loads((tmp_path / "_build" / "site" / "content" / "index.json").read_text())[
        "mdast"
    ]
    first, second = nodes(page, "container")
    assert (first["identifier"], first["enumerator"]) == ("fox", "1")
    assert text(nodes(first, "caption")[0]).endswith("A caption.")
    (widget,) = nodes(first, "anywidget")
    assert 'data-layer="0" data-head="2"' in widget["model"]["html"]
    assert (tmp_path / "_build" / "site" / "public" / widget["esm"].removeprefix("/")).is_file()
    (picture,) = nodes(first, "image")
    svg = tmp_path / "_build" / "site" / "public" / picture["url"].removeprefix("/")
    assert ">brown</text>" in svg.read_text(encoding="utf-8")
    assert widget["model"]["picture"] in picture["url"]
    assert "0.800" in nodes(second, "anywidget")[0]["model"]["html"]
    prose = nodes(page, "paragraph")[0]
    assert f"with {WEIGHTS[0, 2, 4, 2]:.3f}, and\n20\u00a0%" in text(prose)
    assert [link["identifier"] for link in nodes(prose, "crossReference")] == ["fox", "fox"]
    # The widget reads what a link selects, because the theme passes on no attributes of links.
    (span,) = nodes(prose, "span")
    assert span["class"] == "attention-selects:layer=0&head=2&pin=4.2"


def test_figures_of_other_pages(tmp_path: Path) -> None:
    make(tmp_path, {"index.md": INDEX, "other.md": OTHER})
    code, message = build(tmp_path, "--site", "--strict")
    assert code == 0, message
    page = json.loads((tmp_path / "_build" / "site" / "content" / "other.json").read_text())
    prose = nodes(page["mdast"], "paragraph")[0]
    assert text(prose).endswith(f"of another page has {WEIGHTS[0, 2, 4, 2]:.3f}.")
    (link,) = nodes(prose, "crossReference")
    assert (link["identifier"], link["url"], link["remote"]) == ("fox", "/", True)
    # The theme makes the address of the link of `url` and `html_id`.
    assert link["html_id"] == "fox&layer=0&head=2&pin=4.2"
    # Two pages with figures of one name are told, and nothing is guessed.
    (tmp_path / "third.md").write_text(
        "# Third\n\n```{attention-figure} a fox\n:label: Fox\n```\n", encoding="utf-8"
    )
    code, message = build(tmp_path, "--site", "--strict")
    assert code != 0
    assert (
        "other.md:3 the name 'fox' is ambiguous: figures of index.md and third.md have it"
        in message
    )


def test_files_for_print_have_the_picture_alone(tmp_path: Path) -> None:
    make(tmp_path, {"index.md": INDEX})
    code, message = build(tmp_path, "--md", "--strict")
    assert code == 0, message
    made = (tmp_path / "_build" / "exports" / "index.md").read_text(encoding="utf-8")
    assert ":::{figure} /_build/attention/attention-" in made
    assert "A *caption*." in made


def test_mistakes_fail_a_strict_build_with_file_and_line(tmp_path: Path) -> None:
    make(tmp_path, {"index.md": WRONG})
    code, message = build(tmp_path, "--site", "--strict")
    assert code != 0
    for reported in (
        "index.md:3 invalid value 77 for layer: there is no layer 77, expected 0 to 2",
        "row 0 sums to 0.300, not to 1",
        "index.md:14 there is no figure of the name 'b'; the named figures are a, c",
        "index.md:22 the claim '1.3: quick -> the > 1.5' is false",
        "index.md:25 this fence is read as text and is no figure",
    ):
        assert reported in message, message


def test_capture_reads_the_pages(tmp_path: Path) -> None:
    make(tmp_path, {"index.md": INDEX})
    (tmp_path / "attention.toml").write_text('cache = "numbers"\n', encoding="utf-8")
    ran = CliRunner().invoke(main, ["capture", str(tmp_path), "--json"])
    assert ran.exit_code == 0, ran.output
    assert len(json.loads(ran.stdout)["captured"]) == 1
    os.environ["ATTENTION_MODE"] = "frozen"
    try:
        code, message = build(tmp_path, "--site", "--strict")
    finally:
        del os.environ["ATTENTION_MODE"]
    assert code == 0, message
    assert (tmp_path / "numbers").is_dir()
