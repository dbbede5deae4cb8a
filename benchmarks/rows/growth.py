"""How time and memory grow with the number of figures and with the length of a text."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks import alone
from benchmarks.fits import fit
from benchmarks.table import Line, Measured

from .builds import TOKENS, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.bench import Bench


def growth(bench: Bench) -> Iterator[Line]:
    """Exponents: 1 is proportional, 0 flat."""
    yield from _with_figures(bench)
    yield from _with_tokens(bench)


def _with_figures(bench: Bench) -> Iterator[Line]:
    counts = bench.plan.counts
    seconds: dict[bool, list[float]] = {False: [], True: []}
    peaks: dict[bool, list[float]] = {False: [], True: []}
    if bench.filled < counts[-1]:
        bench.say("filling the store for growth")
        counted(bench, counts[-1]).build()
    for count in counts:
        runs = 1 if count >= 1000 else min(3, bench.plan.runs)
        bench.say(f"growth: {count} figures")
        for plain in (False, True):
            made = counted(bench, count, plain=plain)
            built = [made.build() for _ in range(runs)]
            seconds[plain].append(statistics.median(b.seconds for b in built))
            peaks[plain].append(statistics.median(b.peak for b in built) / 2**20)
    added = [a - b for a, b in zip(seconds[False], seconds[True], strict=True)]
    yield _growing("build with a full store, figures", counts, seconds[False], seconds[True], "s")
    yield _growing("its memory", counts, peaks[False], peaks[True], "MiB")
    # The first figure pays for what all share: the exponent is of what comes after it.
    later = [value - added[0] for value in added[1:]]
    found = fit([float(n) for n in counts[1:]], later)
    yield Line(
        f"seconds that figures of {TOKENS} tokens add, after the first",
        Measured(tuple(later[-1:]), "s", f"at {counts[-1]:,}"),
        said=_exponent(found) + "; " + _list(counts[1:], later, "s"),
    )


def _growing(
    what: str, counts: Sequence[int], ours: Sequence[float], plain: Sequence[float], unit: str
) -> Line:
    xs = [float(n) for n in counts]
    last = Measured((ours[-1],), "s" if unit == "s" else "MiB")
    return Line(
        f"{what}: {', '.join(f'{n:,}' for n in counts)}",
        last,
        Measured((plain[-1],), last.unit, _told(fit(xs, plain), counts, plain, unit)),
        "the same pages without",
        said=_told(fit(xs, ours), counts, ours, unit),
    )


def _with_tokens(bench: Bench) -> Iterator[Line]:
    lengths = bench.plan.lengths
    store = bench.folder / "store of lengths"
    bench.say(f"growth: texts of {lengths[0]} to {lengths[-1]} tokens")
    alone.run("fill", store=str(store), lengths=lengths)
    found = [
        alone.run("written", store=str(store), tokens=n, runs=bench.plan.runs) for n in lengths
    ]
    weights = [float(n * n) for n in lengths]
    for what, values, unit in (
        ("writing one figure", [answer["seconds"] * 1000 for answer in found], "ms"),
        ("memory of that", [answer["over"] / 2**20 for answer in found], "MiB"),
    ):
        # Below, what every figure costs drowns what its weights cost.
        long = [i for i, n in enumerate(lengths) if n >= 32]
        fitted = fit([weights[i] for i in long], [values[i] for i in long])
        yield Line(
            f"{what}, all heads carried, by tokens",
            Measured((values[-1],), "ms" if unit == "ms" else "MiB"),
            said=f"{_exponent(fitted)} in its weights; " + _list(lengths, values, unit),
        )


def _told(found: object, counts: Sequence[int], values: Sequence[float], unit: str) -> str:
    return f"{_exponent(found)}; {_list(counts, values, unit)}"


def _exponent(found: object) -> str:
    exponent = getattr(found, "exponent", None)
    return "no exponent" if exponent is None else f"exponent {exponent:.2f}"


def _list(counts: Sequence[int], values: Sequence[float], unit: str) -> str:
    shown = ", ".join(f"{n:,}: {value:.3g}" for n, value in zip(counts, values, strict=True))
    return f"{shown} {unit}"
