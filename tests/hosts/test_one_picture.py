"""One figure is one picture: every host draws the same figures with the same bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown import Markdown

import sphinx_attention
from scripts import find_mystmd
from tests.conftest import FOX_ROWS
from tests.hosts.pandoc import pandoc_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project

pytestmark = pytest.mark.slow

DOG = "the quick brown fox jumps over the lazy dog"
FIGURES: list[tuple[str, dict[str, str], str]] = [
    ("the quick brown fox", {}, ""),
    ("the quick brown fox", {"layer": "1", "head": "3"}, ""),
    (DOG, {"layer": "0", "head": "0", "rest": "overview"}, ""),
    (DOG, {"focus": "fox | dog"}, ""),
    (DOG, {"rest": "none", "cutoff": "0.5"}, ""),
    (DOG, {"special": "dim"}, ""),
    (DOG, {"special": "hide"}, ""),
    (DOG, {"aggregate": "mean"}, ""),
    (DOG, {"aggregate": "rollout"}, ""),
    (DOG, {"layer": "0", "head": "0", "note": "fox -> brown | before; dog | last"}, ""),
    (DOG, {"view": "heads", "head": "0,2"}, ""),
    (DOG, {"view": "grid"}, ""),
    (DOG, {"view": "matrix", "layer": "2"}, ""),
    (DOG, {"view": "steps", "layer": "0", "head": "2"}, ""),
    (DOG, {"view": "steps", "formula": "softmax"}, ""),
    ("a cat", {"also": "a lazy dog | the cat sat"}, ""),
    ("شمس & <b>", {"alt": 'A "picture" & more'}, ""),
    ("the quick brown fox", {"view": "matrix"}, FOX_ROWS),
    ("the quick brown fox", {"view": "heads", "cutoff": "1"}, FOX_ROWS),
    ("the quick brown fox", {"causal": "", "scores": "logits"}, FOX_ROWS),
]

SVG = re.compile(r'<svg [^>]*class="attention-picture.*?</svg>', re.DOTALL)
PAYLOAD = re.compile(r'type="application/x-attention"[^>]*>"([^"<]+)"')
NAMED = re.compile(r'\b(?:id|aria-labelledby|href|fill|mask)="[^"]*"')
UID = re.compile(r'aria-labelledby="([\w-]+?)(?:-large)?-title')


def drawn(html: str) -> tuple[list[str], list[str]]:
    """The pictures and the payloads of a page. Ids, which differ between pages, are left out."""
    payloads = PAYLOAD.findall(html)
    if uid := UID.search(html):
        html = NAMED.sub(lambda one: one[0].replace(f"{uid[1]}-", "ID-"), html)
    return SVG.findall(html), payloads


def option_lines(options: dict[str, str]) -> str:
    return "".join(f":{name}: {value}".rstrip() + "\n" for name, value in options.items())


def myst(model: str = "") -> str:
    """The figures as directives of MyST."""
    blocks = []
    for text, options, rows in FIGURES:
        given = option_lines({**options, **({"model": model} if model and not rows else {})})
        blocks.append(f"```{{attention-figure}} {text}\n{given}\n{rows}```\n")
    return "# Figures\n\n" + "\n".join(blocks)


def fences(start: str, end: str = "") -> str:
    """The figures as fences."""
    blocks = []
    for text, options, rows in FIGURES:
        quoted = {
            name: f"'{value}'" if '"' in value else f'"{value}"' for name, value in options.items()
        }
        if '"' in options.get("alt", "") and end:
            quoted["alt"] = '"' + options["alt"].replace('"', '\\"') + '"'
        first = " ".join([start, *(f"{name}={value}" for name, value in quoted.items())])
        blocks.append(f"```{first}{end}\n{text}\n\n{rows}```\n")
    return "# Figures\n\n" + "\n".join(blocks)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """The figures as Python's notebooks show them, with numbers from a store as pages have them."""
    store = tmp_path_factory.mktemp("store")
    pictures, payloads = [], []
    for text, options, rows in FIGURES:
        given = {name: value or True for name, value in options.items()}
        if rows:
            weights = [[float(cell) for cell in row.split()] for row in rows.splitlines()]
            given.pop("scores", None)
            if "causal" in given:
                # Logits are given to a directive alone.
                pictures.append("")
                payloads.append("")
                continue
            figure = sphinx_attention.figure(text, weights=weights, **given)
        else:
            figure = sphinx_attention.figure(text, cache=store, **given)
        own, numbers = first_of_each(figure._repr_html_())
        pictures.append(own[0])
        payloads.append(numbers[0])
    return pictures, payloads


def first_of_each(html: str) -> tuple[list[str], list[str]]:
    """The first picture and the payload of each figure of a page."""
    parts = re.split(r'(?=<(?:figure|div) [^>]*\bclass="[^"]*\battention-figure\b)', html)[1:]
    found = [one for one in map(drawn, parts) if one[0]]
    return [one[0][0] for one in found], [one[1][0] if one[1] else "" for one in found]


def sphinx_pages(project: Callable[..., Project]) -> str:
    made = project(
        {"index.rst": "P\n=\n\n.. toctree::\n\n   page\n", "page.md": myst()},
        'attention_model = "builtin"\n',
    )
    made.build()
    assert not made.warnings
    return made.html("page")


def same(found: tuple[list[str], list[str]], expected: tuple[list[str], list[str]]) -> None:
    assert len(found[0]) == len(FIGURES)
    for number, (text, options, _) in enumerate(FIGURES):
        for what in (0, 1):
            # A page carries equal payloads once.
            if expected[what][number] and (what == 0 or found[1][number]):
                assert found[what][number] == expected[what][number], (number, text, options)


def test_sphinx(project: Callable[..., Project], expected: tuple[list[str], list[str]]) -> None:
    same(first_of_each(sphinx_pages(project)), expected)


def test_markdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: tuple[list[str], list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    html = Markdown(extensions=["sphinx_attention.hosts.markdown"]).convert(fences("attention"))
    same(first_of_each(html), expected)


def test_quarto(tmp_path: Path, expected: tuple[list[str], list[str]]) -> None:
    (tmp_path / "page.md").write_text(fences("{.attention", "}"), encoding="utf-8")
    hosts = Path(sphinx_attention.__file__).parent / "hosts"
    shutil.copy(hosts / "quarto" / "attention.lua", tmp_path)
    done = subprocess.run(
        [
            pandoc_path(),
            "page.md",
            "-t",
            "html",
            "-L",
            "attention.lua",
            "--fail-if-warnings",
        ],
        cwd=tmp_path,
        env={**os.environ, "ATTENTION_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    same(first_of_each(done.stdout), expected)


def test_mystmd(tmp_path: Path, expected: tuple[list[str], list[str]]) -> None:
    from tests.hosts.test_mystmd import build, make, nodes

    make(tmp_path, {"index.md": myst()})
    assert find_mystmd.find().is_file()
    code, said = build(tmp_path, "--site", "--strict")
    assert code == 0, said
    page = json.loads((tmp_path / "_build" / "site" / "content" / "index.json").read_text())[
        "mdast"
    ]
    same(first_of_each("".join(one["model"]["html"] for one in nodes(page, "anywidget"))), expected)


def test_command_line(tmp_path: Path, expected: tuple[list[str], list[str]]) -> None:
    from click.testing import CliRunner

    from sphinx_attention.hosts.cli import main

    for number, (text, options, rows) in enumerate(FIGURES):
        if rows:
            continue  # The command line reads weights from files alone.
        given = [part for name, value in options.items() for part in ("-O", f"{name}={value}")]
        target = tmp_path / f"{number}.html"
        ran = CliRunner().invoke(main, ["render", text, "-o", str(target), *given])
        assert ran.exit_code == 0, ran.output
        pictures, payloads = first_of_each(target.read_text(encoding="utf-8"))
        assert (pictures[0], payloads[0]) == (expected[0][number], expected[1][number]), (
            text,
            options,
        )


def test_every_kind_is_drawn(expected: tuple[list[str], list[str]]) -> None:
    pictures, payloads = expected
    assert len({*pictures}) >= 16
    assert all(len(one) > 40 for one in payloads if one)
    assert "شمس" in unescape(pictures[16])
