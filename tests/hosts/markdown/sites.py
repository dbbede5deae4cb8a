"""Small sites, built by the programs themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

OURS = "sphinx_attention.hosts.markdown"

INDEX = """\
---
title: Notes
---
# Notes

In head 1.3, {attn:focus}`fox looks at the <fox 1.3 fox -> the>`, with a weight of
{attn:weight}`fox 1.3 fox -> the`, and {attn:focus}`another page <made quick>` has
{attn:weight}`0 % <made quick -> the>`.

```attention name="fox" layer="1" head="3"
the quick brown fox

A *caption* with a [link](sub/page.md).
```

```attention-check figure="fox"
1.3: fox -> the < 1.1
```
"""

PAGE = """\
# Another page

## A matrix

```attention name="made" view="matrix"
the quick

0.7 0.3
0.2 0.8

A matrix of the author's own.
```
"""

PAGES = {"index.md": INDEX, "sub/page.md": PAGE}


@dataclass(frozen=True)
class Program:
    """A program that builds sites.

    Attributes:
        name: the name of the program, and of its module.
        config: the file with the configuration.
        text: the configuration, with our extension in one line.
        build: its arguments for a build.
    """

    name: str
    config: str
    text: str
    build: tuple[str, ...] = ("build",)

    def configured(self, settings: dict[str, Any]) -> str:
        """The configuration, with settings of the extension."""
        if self.config.endswith(".toml"):
            return self.text + "".join(f"{k} = {json.dumps(v)}\n" for k, v in settings.items())
        if not settings:
            return self.text
        return self.text.replace(
            f"  - {OURS}\n",
            f"  - {OURS}:\n"
            + "".join(f"      {k}: {json.dumps(v)}\n" for k, v in settings.items()),
        )


_YAML = "site_name: Notes\nsite_url: {url}\ntheme:\n  name: {theme}\n{more}markdown_extensions:\n  - {ours}\n"
URL = "http://localhost/"
MKDOCS = Program("mkdocs", "mkdocs.yml", _YAML.format(theme="mkdocs", ours=OURS, more="", url=URL))
READTHEDOCS = Program(
    "mkdocs", "mkdocs.yml", _YAML.format(theme="readthedocs", ours=OURS, more="", url=URL)
)
MATERIAL = Program(
    "mkdocs",
    "mkdocs.yml",
    _YAML.format(
        theme="material",
        ours=OURS,
        url=URL,
        more="  font: false\n  features: [navigation.instant]\n  palette:\n"
        "    - {scheme: default, toggle: {icon: material/brightness-7, name: Dark}}\n"
        "    - {scheme: slate, toggle: {icon: material/brightness-4, name: Light}}\n",
    )
    + "  - pymdownx.superfences\n  - pymdownx.tabbed: {alternate_style: true}\n",
)
PROPERDOCS = Program("properdocs", "properdocs.yml", MKDOCS.text)
ZENSICAL = Program(
    "zensical",
    "zensical.toml",
    f'[project]\nsite_name = "Notes"\n[project.markdown_extensions."{OURS}"]\n',
    ("build", "--clean"),
)
PROGRAMS = {
    "mkdocs": MKDOCS,
    "readthedocs": READTHEDOCS,
    "material": MATERIAL,
    "properdocs": PROPERDOCS,
    "zensical": ZENSICAL,
}


@dataclass
class Built:
    """A site after a build.

    Attributes:
        folder: of the site.
        code: the exit code of the program.
        message: its output.
    """

    folder: Path
    code: int
    message: str

    def html(self, page: str = "index.html") -> str:
        return (self.folder / "site" / page).read_text(encoding="utf-8")

    def indexed(self) -> str:
        """All texts of the search index."""
        for name, key in (("search/search_index.json", "docs"), ("search.json", "items")):
            file = self.folder / "site" / name
            if file.is_file():
                entries = json.loads(file.read_text(encoding="utf-8"))[key]
                return "\n".join(f"{one['title']} {one['text']}" for one in entries)
        raise AssertionError(self.message)


def write(folder: Path, program: Program, pages: dict[str, str] = PAGES, **settings: Any) -> None:
    """Write a site."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / program.config).write_text(program.configured(settings), encoding="utf-8")
    for name, text in pages.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def build(
    folder: Path, program: Program, *, strict: bool = True, before: str = "", **env: str
) -> Built:
    """Build a site.

    Args:
        folder: of the site.
        program: the program.
        strict: whether a warning is a failure.
        before: Python code that runs first.
        env: environment variables.
    """
    arguments = [program.name, *program.build, *(["--strict"] if strict else [])]
    code = (
        f"{before}\nimport runpy, sys\nsys.argv = {arguments!r}\n"
        f"runpy.run_module({program.name!r}, run_name='__main__')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Built(folder, ran.returncode, ran.stdout + ran.stderr)
