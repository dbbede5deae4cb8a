"""The growth of time and memory with the number of figures and with the length of a text."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks import alone
from benchmarks.fits import Fit, fit
from benchmarks.table import Line, Measured, Unit

from .builds import TOKENS, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.bench import Bench


def growth(bench: Bench) -> Iterator[Line]:
    """Exponents: 1 is proportional, and 0 is flat."""
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
    yield _growing("build with a full store, figures", counts, seconds, "s")
    yield _growing("its memory", counts, peaks, "MiB")
    # The first figure pays for work that all share, so the exponent is that of the later figures.
    added = [a - b for a, b in zip(seconds[False], seconds[True], strict=True)]
    later = [value - added[0] for value in added[1:]]
    found = fit([float(n) for n in counts[1:]], later)
    yield Line(
        f"time that figures add after the first, {counts[-1]:,} of {TOKENS} tokens: "
        f"{_exponent(found)}",
        Measured(tuple(later[-1:]), "s"),
        note=_in_words(found, counts[1:], later, "s"),
    )


def _growing(
    what: str, counts: Sequence[int], values: Mapping[bool, Sequence[float]], unit: Unit
) -> Line:
    """The last measurement, with all measurements and both exponents in a note below the table."""
    xs = [float(n) for n in counts]
    fits = {plain: fit(xs, values[plain]) for plain in (False, True)}
    in_words = [_in_words(fits[plain], counts, values[plain], unit) for plain in (False, True)]
    return Line(
        f"{what}, {counts[-1]:,} of them: {_exponent(fits[False])}",
        Measured((values[False][-1],), unit),
        Measured((values[True][-1],), unit),
        "the same pages without",
        note=f"{in_words[0]}. Without figures: {in_words[1]}",
    )


def _with_tokens(bench: Bench) -> Iterator[Line]:
    lengths = bench.plan.lengths
    store = bench.folder / "store of lengths"
    bench.say(f"growth: texts of {lengths[0]} to {lengths[-1]} tokens")
    alone.run("fill", store=str(store), lengths=lengths)
    found = [
        alone.run("written", store=str(store), tokens=n, runs=bench.plan.runs) for n in lengths
    ]
    units: tuple[Unit, Unit] = ("ms", "MiB")
    for what, values, unit in (
        ("writing one figure", [answer["seconds"] * 1000 for answer in found], units[0]),
        ("memory of that", [answer["over"] / 2**20 for answer in found], units[1]),
    ):
        # For shorter texts, the fixed cost of a figure is larger than the cost of its weights.
        long = [i for i, n in enumerate(lengths) if n >= 32]
        fitted = fit([float(lengths[i]) for i in long], [values[i] for i in long])
        yield Line(
            f"{what}, all heads carried, {lengths[-1]} tokens: {_exponent(fitted)}",
            Measured((values[-1],), unit),
            note=_in_words(fitted, lengths, values, unit)
            + ". The exponent is from 32 tokens on; the weights themselves grow with 2",
        )


def _in_words(found: Fit | None, counts: Sequence[int], values: Sequence[float], unit: Unit) -> str:
    shown = ", ".join(f"{n:,}: {value:.3g}" for n, value in zip(counts, values, strict=True))
    return f"{_exponent(found)}; {shown} {unit}"


def _exponent(found: Fit | None) -> str:
    return "no exponent" if found is None else f"exponent {found.exponent + 0:.2f}"
