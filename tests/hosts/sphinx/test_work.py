"""A build does nothing several times that it needs to do once."""

from __future__ import annotations

import gc
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_attention.core.figure import figure as figures
from sphinx_attention.core.store.entry import Entry
from sphinx_attention.core.store.folder import FolderStore
from sphinx_attention.hosts.sphinx import directive, resolved, visitors
from tests.course import CONF, FUNCTION

if TYPE_CHECKING:
    from pathlib import Path

FIGURES = 12
SENTENCES = [f"the quick brown fox number {n}" for n in range(FIGURES)]


class Recording:
    """The recorded calls of a build, from all of its processes."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, what: str, about: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{what}\t{about}\t{os.getpid()}\n")

    def lines(self) -> list[list[str]]:
        return [line.split("\t") for line in self._file.read_text(encoding="utf-8").splitlines()]

    def counts(self, what: str) -> Counter[str]:
        return Counter(about for kind, about, _ in self.lines() if kind == what)


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Record each reading of an entry and its unpacking, and each step of drawing a figure."""
    reported = Recording(tmp_path / "calls.txt")

    def noting(what: str, owner: Any, name: str, about: Any) -> None:
        real = getattr(owner, name)

        def noted(*given: Any, **named: Any) -> Any:
            reported.add(what, about(*given))
            return real(*given, **named)

        monkeypatch.setattr(owner, name, noted)

    noting("read", FolderStore, "read", lambda _store, key: key)
    noting("unpacked", Entry, "attention", lambda entry: entry.key)
    noting("resolved", resolved, "resolve_all", lambda spec, *_: spec.request.key)
    noting("packed", figures, "encode", lambda figure: figure.spec.request.key)
    noting("drawn", visitors, "render_html", lambda figure, *_: figure.spec.request.key)
    return reported


def pages(a_page: int) -> dict[str, str]:
    """Pages with this number of figures each. The first is the index."""
    made = {}
    for start in range(0, FIGURES, a_page):
        some = SENTENCES[start : start + a_page]
        name = f"page{start:02}" if start else "index"
        made[f"{name}.rst"] = ":orphan:\n\nP\n=\n\n" + "".join(
            f".. attention:: {text}\n\n" for text in some
        )
    return made


def rebuilt(project: Any, a_page: int, reported: Recording, jobs: int) -> None:
    """Build all pages again, with all entries in the store."""
    made = project({**pages(a_page), "course_model.py": FUNCTION}, CONF)
    made.build(strict=True)
    reported._file.write_text("")
    made.build(strict=True, freshenv=True, parallel=jobs)


def test_a_page_reads_each_entry_once_and_resolves_each_figure_once(
    project, reported: Recording
) -> None:
    rebuilt(project, FIGURES, reported, jobs=1)
    for what in ("read", "unpacked", "resolved", "packed", "drawn"):
        counts = reported.counts(what)
        assert len(counts) == FIGURES
        assert set(counts.values()) == {1}, what


def test_processes_that_write_pages_resolve_nothing_again(project, reported: Recording) -> None:
    rebuilt(project, 1, reported, jobs=2)
    writers = {pid for kind, _, pid in reported.lines() if kind == "drawn"} - {str(os.getpid())}
    assert writers, "all pages were written by one process"
    packers = {pid for kind, _, pid in reported.lines() if kind == "packed"}
    assert packers == {str(os.getpid())}, "the process with the longer work packs numbers"
    for what in ("read", "unpacked", "resolved", "packed", "drawn"):
        counts = reported.counts(what)
        assert len(counts) == FIGURES
        assert set(counts.values()) == {1}, what


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_read_is_spared_from_collections_until_the_build_ends(
    project, reported: Recording, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    frozen: dict[str, list[int]] = {}

    def noting(when: str, module: Any, name: str) -> None:
        real = getattr(module, name)

        def noted(*given: Any, **named: Any) -> Any:
            frozen.setdefault(when, []).append(gc.get_freeze_count())
            return real(*given, **named)

        monkeypatch.setattr(module, name, noted)

    noting("reading", directive, "parse")
    noting("writing", resolved, "resolve_all")
    rebuilt(project, 1, reported, jobs)
    assert sorted(frozen) == ["reading", "writing"]
    assert all(min(counts) > 0 for counts in frozen.values())
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_figure_to_which_the_prose_refers_is_resolved_once(
    project, reported: Recording, jobs: int
) -> None:
    figures = {
        f"{'index' if n == 0 else f'page{n:02}'}.rst": ":orphan:\n\nP\n=\n\n"
        f".. attention:: {text}\n   :name: figure{n:02}\n\n"
        f"The number is :attn:weight:`figure{n:02} 0.0 the -> quick`.\n"
        for n, text in enumerate(SENTENCES)
    }
    made = project({**figures, "course_model.py": FUNCTION}, CONF)
    made.build(strict=True)
    reported._file.write_text("")
    made.build(strict=True, freshenv=True, parallel=jobs)
    for what in ("read", "unpacked", "resolved", "packed", "drawn"):
        counts = reported.counts(what)
        assert len(counts) == FIGURES
        assert set(counts.values()) == {1}, what
