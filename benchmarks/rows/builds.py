"""Builds: the cost of a figure with a full store, and of a thousand figures."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from benchmarks.fits import alternate, fit
from benchmarks.ours import Built, Project, pages_of
from benchmarks.table import Goal, Line, Measured
from benchmarks.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Bench

A_PAGE, TOKENS = 50, 11

A_DOCUMENT = 20
"""Figures of a document in a large project."""

_FLAT = 1.2
"""The largest factor of memory for ten times as many figures. The heap of a long run fragments."""


def full_store(bench: Bench) -> Iterator[Line]:
    """The same texts as figures and as paragraphs on one page."""
    figures = 200
    texts = texts_of(figures, TOKENS)
    with_ = Project(bench.folder / "with", bench.store)
    without = Project(bench.folder / "without", bench.store)
    with_.write(pages_of(texts, figures))
    without.write(pages_of(texts, figures, plain=True), extension=False)
    bench.say(f"filling the store with {figures} figures")
    with_.build()
    imports: set[str] = set()

    def build() -> float:
        built = with_.build()
        imports.update(built.imports)
        return built.processor

    bench.say("building with a full store, with figures and without")
    took = alternate(
        {"with": build, "without": lambda: without.build().processor}, bench.plan.runs, 60
    )
    pairs = zip(took["with"], took["without"], strict=False)
    yield Line(
        "a figure, over the same page without",
        Measured(tuple((a - b) / figures * 1000 for a, b in pairs), "ms"),
        goal=Goal(2.5, of="ours"),
    )
    yield Line(
        f"the whole build of {figures} figures on one page",
        Measured(tuple(took["with"]), "s"),
        Measured(tuple(took["without"]), "s"),
        "the same page without",
        Goal(1.5),
        note="Processor time",
    )
    yield Line(
        "torch and transformers imported",
        Measured((float(len(imports)),), "count"),
        goal=Goal(0, of="ours"),
        message=", ".join(sorted(imports)) or "never",
    )


def project(bench: Bench) -> Iterator[Line]:
    """One load for each model, memory, and equal output of two processes."""
    most, few = bench.plan.counts[-1], bench.plan.counts[-2]
    cold = {count: _cold(bench, count) for count in (few, most)}
    yield Line(
        f"loads of the model, {most:,} figures, empty store",
        Measured((float(len(cold[most].loads)),), "count"),
        goal=Goal(1, of="ours"),
    )
    full: dict[int, Built] = {}
    plain: dict[int, Built] = {}
    for count in (few, most):
        bench.say(f"{count} figures and as many paragraphs, memory")
        full[count] = counted(bench, count).build("-j", "1", out=bench.folder / f"jobs-1-{count}")
        plain[count] = counted(bench, count, plain=True).build()
    sphinx = (plain[most].peak - plain[few].peak) / 2**20
    for what, built in (("full store", full), ("empty store, captured", cold)):
        yield Line(
            f"memory of a build of {most:,} figures, {what}, less Sphinx's own growth",
            Measured((built[most].peak / 2**20 - sphinx,), "MiB"),
            Measured((built[few].peak / 2**20,), "MiB"),
            f"{few:,} figures",
            Goal(_FLAT),
        )
    yield from _parallel(bench, most)


def many(bench: Bench) -> Iterator[Line]:
    """A large project: time and memory against a tenth of it, with the built-in model."""
    counts = bench.plan.many
    added: list[float] = []
    memory: list[float] = []
    for count in counts:
        figures = _in_documents(bench, count)
        paragraphs = _in_documents(bench, count, plain=True)
        bench.say(f"filling the store with {count} figures")
        figures.build()
        bench.say(f"{count} figures and as many paragraphs, full store")
        with_, without = figures.build(), paragraphs.build()
        added.append(with_.processor - without.processor)
        memory.append((with_.peak - without.peak) / 2**20)
    few, most = counts[0], counts[-1]
    documents = most // A_DOCUMENT
    yield Line(
        f"a figure of {most:,} in {documents} documents, over the same pages without",
        Measured((added[-1] / most * 1000,), "ms"),
        goal=Goal(2.5, of="ours"),
    )
    found = fit([float(count) for count in counts], added)
    reported = ", ".join(f"{n:,}: {value:.3g}" for n, value in zip(counts, added, strict=True))
    yield Line(
        f"processor time that {most:,} figures add: "
        + ("no exponent" if found is None else f"exponent {found.exponent:.2f}"),
        Measured((added[-1],), "s"),
        note=f"{reported} s",
    )
    yield Line(
        f"memory that {most:,} figures add to the same pages without",
        Measured((memory[-1],), "MiB"),
        Measured((memory[0],), "MiB"),
        f"{few:,} figures",
    )


def _in_documents(bench: Bench, count: int, *, plain: bool = False) -> Project:
    made = Project(bench.folder / f"many-{'plain' if plain else 'figures'}-{count}", bench.store)
    texts = texts_of(count, TOKENS)
    made.write(pages_of(texts, A_DOCUMENT, plain=plain, model="builtin"), extension=not plain)
    return made


def counted(bench: Bench, count: int, *, plain: bool = False) -> Project:
    """A project with a number of figures, or with their texts as paragraphs, fifty on each page."""
    made = Project(bench.folder / f"{'plain' if plain else 'figures'}-{count}", bench.store)
    pages = pages_of(texts_of(count, TOKENS), A_PAGE, plain=plain)
    made.write(pages, extension=not plain)
    return made


def _cold(bench: Bench, count: int) -> Built:
    """A build that computes everything. Its entries serve the builds that follow."""
    fresh = Project(bench.folder / f"cold-{count}", bench.folder / f"store-{count}")
    fresh.write(pages_of(texts_of(count, TOKENS), A_PAGE), counting=True)
    bench.say(f"{count} figures with an empty store")
    built = fresh.build()
    shutil.copytree(fresh.store, bench.store, dirs_exist_ok=True)
    bench.filled = max(bench.filled, count)
    return built


def _parallel(bench: Bench, most: int) -> Iterator[Line]:
    bench.say(f"{most} figures, -j 1 and -j 2")
    out = bench.folder / f"jobs-2-{most}"
    made = counted(bench, most)
    took = alternate(
        {
            "one": lambda: made.build("-j", "1", out=bench.folder / f"jobs-1-{most}").seconds,
            "two": lambda: made.build("-j", "2", out=out).seconds,
        },
        bench.plan.runs,
        60,
    )
    digests = [_digests(bench.folder / f"jobs-1-{most}"), _digests(out)]
    differing = {
        name
        for name in digests[0].keys() | digests[1].keys()
        if digests[0].get(name) != digests[1].get(name)
    }
    yield Line(
        "files that -j 2 writes otherwise than -j 1",
        Measured((float(len(differing)),), "count"),
        goal=Goal(0, of="ours"),
        message=", ".join(sorted(differing)[:3]) if differing else f"none of {len(digests[0]):,}",
    )
    yield Line(
        f"build of {most:,} figures with -j 2, full store",
        Measured(tuple(took["two"]), "s"),
        Measured(tuple(took["one"]), "s"),
        "-j 1",
        Goal(1),
        note="Sphinx writes pages in one process beside the main one, which resolves them. What is "
        "saved is the reading, and the resolving of all but the first pages",
    )


def _digests(folder: Path) -> dict[str, str]:
    """Digests of the written files, without Sphinx's own records of the build."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".doctrees" not in path.parts and path.name != ".buildinfo"
    }
