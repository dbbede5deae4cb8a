"""The size of one figure, and its speed in a reader's browser, compared with BertViz's views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import alone
from benchmarks.bench import measured
from benchmarks.browser import FRAME, OURS, PEERS
from benchmarks.ours import BuildError
from benchmarks.peers import BESIDE
from benchmarks.table import Goal, Line, Measured, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.bench import Bench
    from benchmarks.browser import Visit

_BYTES = {32: 1 / 40, 128: 1 / 70}
_READY = {128: 100.0, 512: 500.0}
ELEMENTS = {128: 1500.0}
_MOST_STILL = 128
"""The most tokens at which BertViz's pages are opened without scripts."""
_AT_ONCE = ("steps",)
"""Views that carry one head by default, because queries, keys and values are large."""


def _beside(bench: Bench, view: str, tokens: int) -> str:
    wanted = BESIDE.get(view, "head")
    return wanted if wanted in bench.peer_views(tokens) else ""


def _named(view: str, tokens: int) -> str:
    carried = ", one head carried" if view in _AT_ONCE else ""
    return f"{view}, {tokens} tokens{carried}"


def _weighed(bench: Bench, view: str, tokens: int) -> Measured:
    try:
        return Measured((float(bench.site(view).figure_bytes(f"{view}-{tokens}")),), "bytes")
    except BuildError as error:
        return Measured((), "bytes", str(error))


def peer_bytes(bench: Bench, view: str, tokens: int) -> Measured:
    """The bytes of one of BertViz's pages, if it can be written."""
    try:
        return Measured((float(bench.peer_page(view, tokens).bytes),), "bytes")
    except alone.AloneError as error:
        return Measured((), "bytes", str(error))


def sizes(bench: Bench) -> Iterator[Line]:
    """The bytes of every view beside BertViz's page, and of the payload beside its entropy."""
    for tokens in bench.plan.sizes:
        for view in bench.views:
            ours = _weighed(bench, view, tokens)
            beside = _beside(bench, view, tokens)
            if not beside:
                yield Line(_named(view, tokens), ours)
                continue
            limit = None if view in _AT_ONCE else _BYTES.get(tokens)
            yield Line(
                _named(view, tokens),
                ours,
                peer_bytes(bench, beside, tokens),
                f"{beside} view",
                Goal(limit) if limit else None,
            )
    store = bench.folder / "store of payloads"
    alone.run("fill", store=str(store), lengths=bench.plan.sizes)
    for tokens in bench.plan.sizes:
        answer = alone.run("packing", store=str(store), tokens=tokens)
        yield Line(
            f"payload before it is text, {tokens} tokens",
            Measured((answer["payload"],), "bytes"),
            Measured((answer["entropy"],), "bytes"),
            "entropy of the rounded weights",
            Goal(1.05),
        )
    for tokens in bench.plan.sizes:
        page = bench.peer_page("head", tokens)
        answer = alone.run("written", store=str(store), tokens=tokens, runs=bench.plan.runs)
        yield Line(
            f"writing it, the numbers at hand, {tokens} tokens",
            Measured(tuple(value * 1000 for value in answer["samples"]), "ms"),
            Measured((page.seconds * 1000,), "ms"),
            "head view",
        )
        yield Line(
            f"memory of that, {tokens} tokens",
            Measured((answer["over"] / 2**20,), "MiB"),
            Measured((page.over / 2**20,), "MiB"),
            "head view",
        )


def _still(bench: Bench, view: str, tokens: int) -> Measured:
    try:
        bench.site(view)
    except BuildError as error:
        return Measured((), "elements", str(error))
    url = bench.page_url(view, f"{view}-{tokens}")
    visit = bench.chromium.visit(url, OURS, bench.plan.limit, scripts=False)
    return Measured((float(visit.marks),), "elements", visit.problem)


def static(bench: Bench) -> Iterator[Line]:
    """The elements of the static picture in the page."""
    limit = bench.plan.limit
    for tokens in bench.plan.sizes:
        for view in bench.views:
            ours = _still(bench, view, tokens)
            goal = Goal(1, of="ours", at_least=True)
            beside = _beside(bench, view, tokens)
            # The pictures of the largest pages hold no more elements than those of small pages.
            if not beside or tokens > _MOST_STILL:
                yield Line(_named(view, tokens), ours, goal=goal)
                continue
            page = bench.peer_page(beside, tokens)
            url = f"{bench.peer_url}/{page.path.name}"
            visit = bench.chromium.visit(url, PEERS[beside], limit, scripts=False)
            theirs = Measured((float(visit.marks),), "elements", visit.problem)
            yield Line(_named(view, tokens), ours, theirs, f"{beside} view", goal)


def _lines(
    bench: Bench,
    unit: Unit,
    take: Callable[[Visit], float | list[float] | None],
    goals: dict[int, float],
) -> Iterator[Line]:
    """A line for every view and size, with BertViz's view of the same weights."""
    for tokens in bench.plan.sizes:
        visits = bench.visits(tokens)
        for view in bench.views:
            beside = _beside(bench, view, tokens)
            limit = goals.get(tokens)
            yield Line(
                _named(view, tokens),
                measured(visits[f"ours {view}"], unit, take),
                measured(visits[f"peer {beside}"], unit, take) if beside else None,
                f"{beside} view" if beside else "",
                Goal(limit, of="ours") if limit else None,
            )


def painted(bench: Bench) -> Iterator[Line]:
    """The time from the start of the navigation."""
    yield from _lines(bench, "ms", lambda visit: visit.painted, {})


def after_load(visit: Visit) -> float | None:
    """The time from the load event until the figure answers; 0 if it answers before that event."""
    if visit.ready is None or visit.load is None:
        return None
    return max(0.0, visit.ready - visit.load)


def ready(bench: Bench) -> Iterator[Line]:
    """The time after the load event, for the goal; and from the start of the navigation."""
    for tokens in bench.plan.sizes:
        visits = bench.visits(tokens)
        for view in bench.views:
            limit = _READY.get(tokens)
            yield Line(
                f"after the load event: {_named(view, tokens)}",
                measured(visits[f"ours {view}"], "ms", after_load),
                goal=Goal(limit, of="ours") if limit else None,
            )
    for line in _lines(bench, "ms", lambda visit: visit.ready, {}):
        yield Line(
            f"from opening: {line.what}", line.ours, line.peer, line.beside, inverse=line.inverse
        )


def hover(bench: Bench) -> Iterator[Line]:
    """Compared with BertViz, and with a page that only changes the colour of one word."""
    floors: list[float] = []
    for tokens in bench.plan.sizes:
        control = measured(bench.visits(tokens)["control"], "ms", lambda visit: visit.hovers)
        floors += control.samples
    floor = Measured(tuple(floors), "ms")
    yield Line(
        "the floor: a page that colours one word",
        floor,
        Measured((2 * FRAME,), "ms"),
        "two frames",
    )
    # On a machine where an empty page takes more than two frames, the figure has the same bound.
    bound = max(2 * FRAME, floor.value or 0)
    goals = {tokens: bound for tokens in bench.plan.sizes if tokens >= 128}
    yield from _lines(bench, "ms", lambda visit: visit.hovers, goals)


def elements(bench: Bench) -> Iterator[Line]:
    """The most elements of the figure: as opened, while pointed at, and while pinned."""
    yield from _lines(bench, "elements", lambda visit: float(visit.most) or None, ELEMENTS)
