"""A page is written again if and only if the numbers or warnings of its figures have changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.request import FunctionSource, Request
from sphinx_attention.core.store.folder import FolderStore
from tests.course import CONF, FUNCTION
from tests.versions import OLD_SPHINX

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = FunctionSource("course", "course_model:attention")
FIRST, SECOND = Request(SOURCE, "the quick brown fox"), Request(SOURCE, "jumps over the dog")
FILES = {
    # No page lists another page. Sphinx writes pages again together with the pages that they list.
    "index.rst": "I\n=\n",
    "first.rst": f":orphan:\n\nF\n=\n\n.. attention:: {FIRST.text}\n",
    "second.rst": f":orphan:\n\nS\n=\n\n.. attention:: {SECOND.text}\n   :view: heads\n",
    "course_model.py": FUNCTION,
}
FROZEN = {"attention_mode": "frozen"}
LACKING = re.compile(r"(\w+)\.rst:6: WARNING: the attention of course over .* is not in the store")


def times(project, builder: str = "html", suffix: str = "html") -> dict[str, int]:
    out = project.folder / "_build" / builder
    return {p.stem: p.stat().st_mtime_ns for p in out.glob(f"*.{suffix}")}


def rebuilt(project, builder: str = "html", suffix: str = "html", **options) -> set[str]:
    """The pages that a build writes."""
    before = times(project, builder, suffix)
    project.build(builder, **options)
    now = times(project, builder, suffix)
    # Sphinx writes the index and the search page at every build.
    made = {name for name, when in now.items() if before.get(name) != when}
    return made - {"genindex", "search", *(["index"] if OLD_SPHINX else [])}


def figures(project, page: str) -> int:
    return len(BeautifulSoup(project.html(page), "html.parser").select("figure.attention-figure"))


def fill(project, *requests: Request, turned: bool = False) -> None:
    """Put entries into the store from outside of a build, as `git pull` does."""
    store = FolderStore(project.folder / "_attention")
    for request in requests:
        tokens = tuple(Token(word, word=n) for n, word in enumerate(request.text.split()))
        weights = np.eye(len(tokens), dtype=np.float32)[None, None]
        weights = weights[..., ::-1] if turned else weights
        store.put(request, Attention(tokens, tokens, weights, np.zeros(weights.shape[1:], bool)))


def drawn(project, page: str) -> str:
    """The numbers of a page, decoded from its figure."""
    soup = BeautifulSoup(project.html(page), "html.parser")
    return soup.select_one("figure.attention-figure script").text


@pytest.mark.parametrize("parallel", [0, 3])
def test_an_entry_that_arrives_later_updates_its_page(project, parallel: int) -> None:
    made = project(FILES, CONF)
    made.build(confoverrides=FROZEN, parallel=parallel)
    assert set(LACKING.findall(made.warnings)) == {"first", "second"}
    # Nothing has changed: no page is written, and every warning comes again.
    for _ in range(2):
        assert rebuilt(made, confoverrides=FROZEN, parallel=parallel) == set()
        assert sorted(LACKING.findall(made.warnings)) == ["first", "second"]
        assert made.warnings.count("WARNING") == 2
    fill(made, FIRST)
    assert rebuilt(made, confoverrides=FROZEN, parallel=parallel) == {"first"}
    assert LACKING.findall(made.warnings) == ["second"]
    assert (figures(made, "first"), figures(made, "second")) == (1, 0)
    fill(made, SECOND)
    assert rebuilt(made, confoverrides=FROZEN, parallel=parallel) == {"second"}
    assert made.warnings == ""
    assert figures(made, "second") == 1
    assert rebuilt(made, confoverrides=FROZEN, parallel=parallel) == set()
    assert made.warnings == ""


def test_a_replaced_or_removed_entry_is_noticed(project) -> None:
    made = project(FILES, CONF)
    fill(made, FIRST, SECOND)
    made.build(strict=True, confoverrides=FROZEN)
    before = drawn(made, "first")
    # A refresh in another checkout does the same.
    fill(made, FIRST, turned=True)
    assert rebuilt(made, confoverrides=FROZEN) == {"first"}
    assert drawn(made, "first") != before
    # Equal numbers that are written again are no change.
    fill(made, FIRST, SECOND)
    assert rebuilt(made, confoverrides=FROZEN) == {"first"}
    assert drawn(made, "first") == before
    fill(made, FIRST, SECOND)
    assert rebuilt(made, confoverrides=FROZEN) == set()
    FolderStore(made.folder / "_attention").delete(SECOND.key)
    assert rebuilt(made, confoverrides=FROZEN) == {"second"}
    assert figures(made, "second") == 0


def test_a_damaged_entry_is_warned_of_where_its_figure_stands_until_it_is_replaced(project) -> None:
    made = project(FILES, CONF)
    fill(made, FIRST, SECOND)
    path = FolderStore(made.folder / "_attention").path(SECOND.key)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    made.build(confoverrides=FROZEN)
    for _ in range(2):
        assert re.search(
            rf"second\.rst:6: WARNING: {re.escape(str(path))}: its checksum is wrong; left as it is",
            made.warnings,
        )
        assert re.search(r"second\.rst:6: WARNING: the entry .* cannot be used", made.warnings)
        assert rebuilt(made, confoverrides=FROZEN) == set()
    path.write_bytes(sound)
    assert rebuilt(made, confoverrides=FROZEN) == {"second"}
    assert made.warnings == ""
    assert figures(made, "second") == 1


def test_a_repaired_model_updates_its_page(project) -> None:
    broken = FUNCTION.replace("words = text.split()", "words = [n + m for n in text]")
    made = project({**FILES, "course_model.py": broken}, CONF)

    def build() -> set[str]:
        sys.modules.pop("course_model", None)
        # Python compares its compiled file by the second of the source's modification.
        shutil.rmtree(made.folder / "__pycache__", ignore_errors=True)
        return rebuilt(made)

    build()
    assert made.warnings.count("raised NameError") == 2
    assert build() == set()
    assert made.warnings.count("raised NameError") == 2
    made.write({"course_model.py": FUNCTION})
    assert build() == {"first", "second"}
    assert made.warnings == ""


def test_another_store_changes_the_page(project) -> None:
    made = project(FILES, CONF)
    fill(made, FIRST, SECOND)
    made.build(strict=True, confoverrides=FROZEN)
    (made.folder / "_attention").rename(made.folder / "full")
    made.build(confoverrides={**FROZEN, "attention_cache": "empty"})
    assert figures(made, "first") == 0
    assert rebuilt(made, confoverrides={**FROZEN, "attention_cache": "full"}) == {"first", "second"}
    assert made.warnings == ""


def test_outputs_that_share_doctrees_are_distinguished(project) -> None:
    made = project(FILES, CONF)
    made.build("html", confoverrides=FROZEN)
    made.build("text", confoverrides=FROZEN)
    fill(made, FIRST, SECOND)
    text = made.folder / "_build" / "text" / "first.txt"
    assert rebuilt(made, confoverrides=FROZEN) == {"first", "second"}
    assert "No attention figure here" in text.read_text()
    assert rebuilt(made, "text", "txt", confoverrides=FROZEN) == {"first", "second"}
    assert "No attention figure here" not in text.read_text()
    assert rebuilt(made, "text", "txt", confoverrides=FROZEN) == set()


def figures_of(html: str) -> list:
    return BeautifulSoup(html, "html.parser").select("figure.attention-figure")


def test_a_figure_that_cannot_be_resolved_warns_at_every_build(project) -> None:
    files = {**FILES, "first.rst": FILES["first.rst"] + "   :layer: 7\n"}
    made = project(files, CONF)
    made.build()
    for _ in range(2):
        assert re.search(
            r"first\.rst:6: WARNING: invalid value 7 for layer: there is no layer 7", made.warnings
        )
        assert made.warnings.count("WARNING") == 1
        assert rebuilt(made) == set()
    # A repaired page has no such warning.
    made.write({"first.rst": FILES["first.rst"]})
    assert "first" in rebuilt(made)
    assert made.warnings == ""


SEVERAL = """
def attention(text):
    words = text.split()
    n = len(words)
    row = [(j + 1) / (n * (n + 1) / 2) for j in range(n)]
    return {"tokens": words, "weights": [[[row] * n] * 4] * 6}
"""


def heads(project, page: str) -> tuple[int, int]:
    """The layers and heads that a reader can choose."""
    soup = BeautifulSoup(project.html(page), "html.parser")
    return tuple(
        max(1, len(soup.select(f"figure.attention-figure select[name={name}] option")))
        for name in ("layer", "head")
    )


@pytest.mark.parametrize("parallel", [0, 3])
def test_another_budget_changes_the_pages_that_it_concerns(project, parallel: int) -> None:
    long = " ".join(f"w{n}" for n in range(40))
    pages = {"first.rst": f":orphan:\n\nF\n=\n\n.. attention:: {long}\n"}
    made = project({**FILES, **pages, "course_model.py": SEVERAL}, CONF)

    def build(budget: int) -> set[str]:
        options = {"attention_page_budget": budget}
        sys.modules.pop("course_model", None)
        return rebuilt(made, confoverrides=options, parallel=parallel)

    build(60)
    few = heads(made, "first")
    assert few == (1, 1)
    weight = r"first\.rst:6: WARNING: the figures up to here weigh [\d,]+ bytes, more than"
    assert re.search(weight, made.warnings)
    assert build(60) == set()
    assert re.search(weight, made.warnings)
    assert "first" in build(4_000_000)
    assert heads(made, "first") == (6, 4)
    assert made.warnings == ""
    # A larger budget changes nothing.
    assert build(8_000_000) == set()
    assert "first" in build(60)
    assert heads(made, "first") == few
    # A page that is not written again, and is too heavy now, gets the warning.
    build(4_000_000)
    (size,) = {len(str(f)) for f in figures_of(made.html("second"))}
    assert "second" not in build(size - 1000)
    assert re.search(r"second\.rst:6: WARNING: the figures up to here weigh", made.warnings)


@pytest.mark.skipif(OLD_SPHINX, reason="there, -W ends a build at its first warning")
def test_strict_builds_fail_until_the_figure_is_there(project) -> None:
    made = project(FILES, CONF)

    def status() -> int:
        return made.build(confoverrides=FROZEN, warningiserror=True).statuscode

    assert [status(), status()] == [1, 1]
    fill(made, FIRST, SECOND)
    assert [status(), status()] == [0, 0]


def test_an_interrupted_build_writes_its_pages_again(project) -> None:
    """The environment is saved before the pages are written, and the record afterwards."""
    made = project(FILES, CONF)
    made.build(confoverrides=FROZEN)
    fill(made, FIRST, SECOND)
    records = list((made.folder / "_build" / "doctrees").glob("attention-html-*.json"))
    (record,) = records
    before, page = record.read_bytes(), made.html("first")
    made.build(confoverrides=FROZEN)
    record.write_bytes(before)
    (made.folder / "_build" / "html" / "first.html").write_text(page)
    assert rebuilt(made, confoverrides=FROZEN) == {"first", "second"}
    assert figures(made, "first") == 1
    # If the record cannot be read, the pages are written once more.
    record.write_bytes(before[:40])
    assert rebuilt(made, confoverrides=FROZEN) == {"first", "second"}
    assert rebuilt(made, confoverrides=FROZEN) == set()


@pytest.mark.models
def test_a_figure_that_cannot_be_computed_loads_no_model_again(tmp_path: Path) -> None:
    """The command does not load the model either.

    Both repeat the error, with the way to try again.
    """
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "conf.py").write_text(
        "import atexit, sys\n"
        'atexit.register(lambda: print("TORCH", "torch" in sys.modules))\n'
        'extensions = ["sphinx_attention"]\nattention_model = "org/unknown"\n'
    )
    (docs / "index.rst").write_text("P\n=\n\n.. attention:: candle seven river\n")

    def run(*command: str) -> tuple[bool, str]:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return "TORCH True" in done.stdout, done.stderr

    build = ("sphinx", "-q", "docs", "out")
    first, again = run(*build), run(*build)
    assert (first[0], again[0]) == (True, False)
    assert "--refresh --only" in first[1]
    assert again[1] == first[1]
    imported, message = run("sphinx_attention", "capture", "docs")
    assert not imported
    assert "0 captured, 0 in the store already, 1 failed" in message
    assert "sphinx-attention capture docs --refresh --only" in message
