"""One figure is one picture: every host draws the same figures with the same bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markdown import Markdown
from PIL import Image

import sphinx_attention
from scripts import find_mystmd
from sphinx_attention.core.views import VIEWS
from tests.conftest import FOX_ROWS
from tests.hosts.markdown.sites import PROGRAMS, build, write
from tests.hosts.pandoc import pandoc_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project

pytestmark = pytest.mark.slow

DOG = "the quick brown fox jumps over the lazy dog"
CATS = "the cat sat on the mat"
DOGS = "the dog sat on the log | a fox | the fox and the dog"
PICTURE = "red.png"
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
    (CATS, {"view": "map", "also": DOGS, "projection": "pca"}, ""),
    (CATS, {"view": "corpus", "also": DOGS}, ""),
    ("", {"image": PICTURE, "model": "builtin-vision", "alt": "Red"}, ""),
    ("", {"image": PICTURE, "model": "builtin-vision", "alt": "Red", "view": "map"}, ""),
    ("the dog sleeps", {"generate": "2"}, ""),
    (CATS, {"also": "the dog sat on the log", "compare": "sentence", "focus": "sat"}, ""),
    (
        CATS,
        {
            "also": "the dog sat on the log",
            "compare": "sentence",
            "view": "matrix",
            "selection": "compare=difference",
        },
        "",
    ),
    (CATS, {"measure": "written", "focus": "sat"}, ""),
    (CATS, {"measure": "weight, written", "layer": "1"}, ""),
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


def myst() -> str:
    """The figures as directives of MyST."""
    blocks = []
    for text, options, rows in FIGURES:
        given = option_lines(options)
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


def put_picture(folder: Path) -> None:
    """A red square on black, to which figures refer."""
    picture = Image.new("RGB", (48, 48))
    picture.paste((220, 20, 20), (12, 12, 36, 36))
    picture.save(folder / PICTURE)


Parts = tuple[list[str], list[str]]
"""The pictures and the payloads of the parts of a figure: a comparison has two."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Parts | None]:
    """The figures as Python's notebooks show them, with numbers from a store as pages have them."""
    store = tmp_path_factory.mktemp("store")
    put_picture(store)
    return [of_python(*one, store) for one in FIGURES]


def of_python(text: str, options: dict[str, str], rows: str, store: Path) -> Parts | None:
    given: dict[str, Any] = {name: value or True for name, value in options.items()}
    if "image" in given:
        given["image"] = store / given["image"]
    if rows and "causal" in given:
        return None  # Logits are given to a directive alone.
    if rows:
        weights = [[float(cell) for cell in row.split()] for row in rows.splitlines()]
        figure = sphinx_attention.figure(text, weights=weights, **given)
    else:
        figure = sphinx_attention.figure(text, cache=store, **given)
    return first_of_each(figure._repr_html_())


def first_of_each(html: str) -> Parts:
    """The first picture and the payload of each figure of a page, and of each part of a comparison."""
    parts = re.split(r'(?=<(?:figure|div) [^>]*\bclass="[^"]*\battention-figure\b)', html)[1:]
    found = [one for one in map(drawn, parts) if one[0]]
    return [one[0][0] for one in found], [one[1][0] if one[1] else "" for one in found]


def sphinx_pages(project: Callable[..., Project]) -> str:
    made = project(
        {"index.rst": "P\n=\n\n.. toctree::\n\n   page\n", "page.md": myst()},
        'attention_model = "builtin"\n',
    )
    put_picture(made.folder)
    made.build()
    assert not made.warnings
    html = made.html("page")
    # Pages of Sphinx have the picture of an image as a file, and others have it within.
    for address in set(re.findall(r'href="(_static/attention/[^"]*\.png)"', html)):
        content = (made.folder / "_build" / "html" / address).read_bytes()
        html = html.replace(address, f"data:image/png;base64,{b64encode(content).decode()}")
    return html


def same(found: Parts, expected: list[Parts | None]) -> None:
    at = 0
    for one, (text, options, _) in zip(expected, FIGURES, strict=True):
        if one is None:
            at += 1
            continue
        for picture, payload in zip(*one, strict=True):
            assert found[0][at] == picture, (text, options)
            # A page carries equal payloads once.
            assert found[1][at] in {payload, ""}, (text, options)
            at += 1
    assert at == len(found[0]) >= 30


def test_sphinx(project: Callable[..., Project], expected: list[Parts | None]) -> None:
    same(first_of_each(sphinx_pages(project)), expected)


def test_markdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: list[Parts | None]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_picture(tmp_path)
    html = Markdown(extensions=["sphinx_attention.hosts.markdown"]).convert(fences("attention"))
    same(first_of_each(html), expected)


@pytest.mark.parametrize("name", ["material", "properdocs", "zensical"])
def test_sites_of_markdown(tmp_path: Path, expected: list[Parts | None], name: str) -> None:
    write(tmp_path, PROGRAMS[name], {"index.md": fences("attention")})
    put_picture(tmp_path / "docs")
    made = build(tmp_path, PROGRAMS[name])
    assert made.code == 0, made.message
    same(first_of_each(made.html()), expected)


def test_quarto(tmp_path: Path, expected: list[Parts | None]) -> None:
    (tmp_path / "page.md").write_text(fences("{.attention", "}"), encoding="utf-8")
    put_picture(tmp_path)
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


def test_mystmd(tmp_path: Path, expected: list[Parts | None]) -> None:
    from tests.hosts import test_mystmd as mystmd

    mystmd.make(tmp_path, {"index.md": myst()})
    put_picture(tmp_path)
    assert find_mystmd.find().is_file()
    code, message = mystmd.build(tmp_path, "--site", "--strict")
    assert code == 0, message
    page = json.loads((tmp_path / "_build" / "site" / "content" / "index.json").read_text())[
        "mdast"
    ]
    same(
        first_of_each("".join(one["model"]["html"] for one in mystmd.nodes(page, "anywidget"))),
        expected,
    )


def test_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: list[Parts | None]
) -> None:
    from click.testing import CliRunner

    from sphinx_attention.hosts.cli import main

    monkeypatch.chdir(tmp_path)
    put_picture(tmp_path)
    for number, (text, options, rows) in enumerate(FIGURES):
        if rows:
            continue  # The command line reads weights from files alone.
        given = [part for name, value in options.items() for part in ("-O", f"{name}={value}")]
        target = tmp_path / f"{number}.html"
        ran = CliRunner().invoke(main, ["render", text, "-o", str(target), *given])
        assert ran.exit_code == 0, ran.output
        found = first_of_each(target.read_text(encoding="utf-8"))
        assert found == expected[number], (text, options)


def test_every_kind_is_drawn(expected: list[Parts | None]) -> None:
    pictures = [one for parts in expected if parts for one in parts[0]]
    assert len({*pictures}) >= 24
    views = {options.get("view", "arcs") for _, options, _ in FIGURES} | {"image"}
    assert views == set(VIEWS)
    assert any("شمس" in unescape(one) for one in pictures)
