"""Capturing, compared with ``output_attentions=True``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import alone
from benchmarks.table import Goal, Line, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_PLAIN = "output_attentions=True"


def memory(bench: Bench) -> Iterator[Line]:
    """The peak of memory over the loaded model with random weights, in processes of their own."""
    base = bench.folder / "bert-base"
    bench.say("making a model of BERT-base's size")
    alone.run("make_base", folder=str(base))
    texts, tokens = 4, 512
    ours, plain = [], []
    for n in range(min(3, bench.plan.runs)):
        bench.say(f"one layer captured, run {n + 1}")
        store = str(bench.folder / f"one-layer-{n}")
        ours.append(
            alone.run("one_layer", folder=str(base), store=store, texts=texts, tokens=tokens)
        )
        plain.append(alone.run("one_layer_plain", folder=str(base), texts=texts, tokens=tokens))
    yield Line(
        "peak memory over the loaded model, stored as well",
        Measured(tuple(a["over"] / 2**20 for a in ours), "MiB"),
        Measured(tuple(a["over"] / 2**20 for a in plain), "MiB"),
        _PLAIN,
        Goal(1 / 5),
    )
    yield Line(
        "time, stored as well",
        Measured(tuple(a["seconds"] for a in ours), "s"),
        Measured(tuple(a["seconds"] for a in plain), "s"),
        _PLAIN,
    )


def speed(bench: Bench) -> Iterator[Line]:
    """The speed of both, in turn, in one process."""
    count = bench.plan.sentences
    answer = alone.run("capture_speed", sentences=count, runs=bench.plan.runs, budget=40)
    yield Line(
        f"{count} sentences of 7 to 32 tokens, times faster",
        Measured(tuple(answer["ours"]), "s"),
        Measured(tuple(answer["plain"]), "s"),
        "one forward pass a sentence",
        Goal(3, at_least=True),
        inverse=True,
    )


def store(bench: Bench) -> Iterator[Line]:
    """The size of the store, which must suit git."""
    folder = bench.folder / "store of 100"
    answer = alone.run("fill", store=str(folder), lengths=[32], count=100)
    numbers = 100 * 6 * 12 * 32 * 32
    yield Line(
        "100 sentences of 32 tokens",
        Measured((answer["bytes"],), "bytes"),
        Measured((4.0 * numbers,), "bytes"),
        "the same as float32",
        Goal(10e6, of="ours"),
    )
