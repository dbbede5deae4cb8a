"""The files that every page with a figure loads, and its requests to other servers."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.bench import measured
from benchmarks.browser import OURS, PEERS
from benchmarks.table import Goal, Line, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Bench


def shipped(bench: Bench) -> Iterator[Line]:
    """The gzipped bytes, the requests, and the working parts of a page without a network."""
    yield from _files()
    smallest = bench.plan.sizes[0]
    html = (bench.site("others").out / "index.html").read_text()
    linked = [name for name in ("attention.js", "attention.css") if name in html]
    yield Line(
        "our files linked from a page without a figure",
        Measured((float(len(linked)),), "count"),
        goal=Goal(0, of="ours"),
    )
    requested = PEERS["head"]
    page = bench.peer_page("head", smallest)
    # The page as BertViz wrote it, with its own addresses.
    as_is = page.path.with_name("as-is.html")
    network = "https://cdnjs.cloudflare.com/ajax/libs"
    as_is.write_text(page.path.read_text().replace("/cdn/", f"{network}/"))
    limit = min(bench.plan.limit, 20)
    ours = bench.chromium.visit(
        bench.page_url("others", "one"), OURS, limit, hovers=2, network=False
    )
    theirs = bench.chromium.visit(
        f"{bench.peer_url}/{as_is.name}", requested, limit, hovers=2, network=False
    )
    elsewhere = [
        [url for url in visit.requests if not url.startswith((own, "data:", "blob:"))]
        for visit, own in ((ours, bench.our_url), (theirs, bench.peer_url))
    ]
    yield Line(
        "requests to other servers, before one fails",
        Measured((float(len(elsewhere[0])),), "count"),
        Measured((float(len(elsewhere[1])),), "count"),
        "head view",
        Goal(0, of="ours"),
    )
    yield Line(
        "without a network: from opening to ready to hover",
        measured([ours], "ms", lambda visit: visit.ready),
        measured([theirs], "ms", lambda visit: visit.ready),
        "head view",
    )


def _files() -> Iterator[Line]:
    from sphinx_attention import assets
    from sphinx_attention.core.views import VIEWS

    def size(*names: str) -> Measured:
        return Measured((float(sum(_gzipped(assets.FOLDER / name) for name in names)),), "bytes")

    scripts = peers.fetch_scripts()
    # RequireJS is left out: npm has only the full version, and pages request the minified one.
    theirs = sum(_gzipped(path) for name, path in scripts.items() if "require" not in name)
    yield Line(
        "JavaScript of a page with the view heads, gzipped",
        size(assets.CORE, assets.script_of("heads")),
        Measured((float(theirs),), "bytes"),
        "d3 and jQuery",
        Goal(20_000, of="ours"),
    )
    for name, what, limit in (
        (assets.CORE, "of it, the core that all views share", 15_000),
        *((assets.script_of(view), f"the script of the view {view}", 5_000) for view in VIEWS),
        (assets.PICTURES, "the script that is loaded when a picture is saved", 6_100),
        (assets.GENERATE, "the script of the slider through new tokens", 1_200),
        (assets.SEARCH, "the script of the search page alone", 500),
        (assets.STYLE, "CSS, gzipped: 4 kB, and 2 kB a view", 4_000 + 2_000 * len(VIEWS)),
    ):
        yield Line(what, size(name), goal=Goal(limit, of="ours"))


def _gzipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))
