"""The arithmetic of the benchmarks: medians, ratios, verdicts, exponents. Nothing here is timed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import benchmarks
from benchmarks.fits import alternate, fit
from benchmarks.table import Goal, Line, Measured, Section, markdown, plain, verdict


def line(ours: float, peer: float, goal: Goal | None = None, **more: object) -> Line:
    return Line("what", Measured((ours,), "ms"), Measured((peer,), "ms"), "peer", goal, **more)


def test_a_quadratic_has_exponent_two():
    found = fit([1, 10, 100], [3, 300, 30000])
    assert found is not None
    assert found.exponent == pytest.approx(2)
    assert found.factor == pytest.approx(3)


def test_a_fit_ignores_negative_times():
    found = fit([1, 10, 100, 1000], [-0.2, 5, 50, 500])
    assert found is not None
    assert (round(found.exponent, 9), found.points) == (1, 3)
    assert fit([1, 10], [-1, 4]) is None


def test_alternating_runs_stop_after_their_budget():
    calls: list[str] = []

    def run(name: str, took: float) -> float:
        calls.append(name)
        return took

    samples = alternate({"slow": lambda: run("a", 9), "fast": lambda: run("b", 1)}, 3, budget=5)
    assert calls == ["a", "b", "b", "b"]
    assert samples == {"slow": [9], "fast": [1, 1, 1]}


def test_the_ratio_of_a_line_is_that_of_the_medians():
    one = Line("what", Measured((1, 2, 9), "ms"), Measured((100, 50, 80), "ms"))
    assert one.ratio == 2 / 80


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (line(1, 40, Goal(1 / 40)), "reached"),
        (line(1.5, 40, Goal(1 / 40)), "**missed** by 50 %"),
        (line(1.001, 40, Goal(1 / 40)), "**missed** by 1 %"),
        (line(5, 40, Goal(1 / 40)), "**missed** 5.0 times over"),
        (line(120, 1, Goal(100, of="ours")), "**missed** by 20 %"),
        (line(1, 2.5, Goal(3, at_least=True), inverse=True), "**missed** by 20 %"),
        (line(1, 3.5, Goal(3, at_least=True), inverse=True), "reached"),
        (line(2, 1, Goal(0, of="ours")), "**missed**"),
        (line(0, 1, Goal(0, of="ours")), "reached"),
        (line(2, 1), ""),
    ],
)
def test_the_verdict_says_by_how_much_a_goal_is_missed(one: Line, expected: str):
    assert verdict(one) == expected


def test_a_result_that_never_came_loses_against_any_number():
    nowhere = Measured((), "ms", "not within 120 s")
    beaten = Line("what", Measured((5,), "ms"), nowhere, "head view", Goal(1 / 2))
    ours = Line("what", nowhere, Measured((5,), "ms"), "head view", Goal(1 / 2))
    assert beaten.ratio is None
    assert verdict(beaten) == "reached"
    assert verdict(ours) == "**missed**"
    assert verdict(Line("what", nowhere, goal=Goal(1, of="ours"))) == "**missed**"


def test_long_notes_stand_below_the_table_once():
    nowhere = Measured((), "ms", "not within 120 s")
    lines = tuple(Line(what, nowhere, note=note) for what, note in (("a", ""), ("b", "told")))
    table, _, notes = markdown([Section("x", "X", lines)]).partition("\n\n")
    assert "| a | never\u00a0¹ |" in table
    assert "| b\u00a0² | never\u00a0¹ |" in table
    assert notes == "1. not within 120 s\n2. told\n"


def test_all_rows_of_the_table_have_the_same_number_of_cells():
    lines = (
        Line("a | b", Measured((81_234,), "bytes"), Measured((3.3e6,), "bytes"), "head view"),
        Line("c", Measured((1500,), "elements"), goal=Goal(1500, of="ours")),
    )
    rows = markdown([Section("bytes", "Bytes", lines)]).splitlines()
    assert rows[2] == "| **Bytes** |  |  |  |  |  |"
    assert rows[3] == "| a \\| b | 81.2\u00a0kB | head view: 3.30\u00a0MB | 1/41 |  |  |"
    assert rows[4] == "| c | 1,500 | – | – | ≤\u00a01,500 | reached |"
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1


def test_the_record_holds_every_sample():
    kept = plain(Section("hover", "Hover", (line(3, 30, Goal(1 / 20)),)))
    again = json.loads(json.dumps(kept))["lines"][0]
    assert again["ours"]["samples"] == [3]
    assert (again["ratio"], again["reached"]) == (0.1, False)


def test_the_record_of_the_sweep_names_no_folder_of_a_machine():
    from benchmarks.sweep import _line

    path = "/home/me/.venv/lib/python3.11/site-packages/transformers/a.py"
    assert _line(ValueError(f"not in '{path}'")) == "ValueError: [\"not in 'transformers/a.py'\"]"
    record = Path(benchmarks.__file__).with_name("architectures.json").read_text(encoding="utf-8")
    assert "site-packages" not in record
