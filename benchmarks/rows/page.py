"""A page of fifty figures, compared with a page of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bench import measured
from benchmarks.browser import OURS, Visit
from benchmarks.ours import MANY, PAGE_TOKENS
from benchmarks.table import Goal, Line, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_NEAR = 400.0
"""A figure that is less than this far below the screen, in px, may be decoded early."""


def many(bench: Bench) -> Iterator[Line]:
    """A page is ready when all figures on the first screen answer."""
    bench.site("others")
    visits: dict[str, list[Visit]] = {"one": [], "many": []}
    for n in range(bench.plan.runs):
        bench.say(f"a page of {MANY} figures and a page of one, visit {n + 1}")
        for name, list_ in visits.items():
            url = bench.page_url("others", name)
            list_.append(bench.chromium.visit(url, OURS, bench.plan.limit))
    yield Line(
        f"ready to hover, from opening, {MANY} figures of {PAGE_TOKENS} tokens",
        measured(visits["many"], "ms", lambda visit: visit.ready),
        measured(visits["one"], "ms", lambda visit: visit.ready),
        "a page of 1",
        Goal(2),
    )
    decoded = measured(visits["many"], "count", lambda visit: float(visit.decoded))
    yield Line(
        f"figures of {MANY} decoded before anyone scrolls",
        decoded,
        Measured((float(MANY),), "count"),
        "on the page",
    )
    yield Line(
        "px below the screen of the lowest of them",
        measured(visits["many"], "count", lambda visit: visit.farthest),
        goal=Goal(_NEAR, of="ours"),
    )
