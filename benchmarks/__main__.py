"""The command: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from .alone import ENVIRONMENT
from .bench import Bench
from .machine import described
from .plan import DEFAULT, MODEL, QUICK, ROOT
from .rows import ROWS, Row
from .table import Line, Measured, Section, markdown, plain

HERE = ROOT / "benchmarks"


def main() -> int:
    """Measure, print the table, and write the table to its folder after a whole run."""
    options = _options()
    if options.list:
        for row in ROWS:
            print(f"{row.name:10} {row.title}")
        return 0
    if not MODEL.is_dir():
        print("error: the model is missing; `make benchmark` fetches it", file=sys.stderr)
        return 1
    os.environ.update(ENVIRONMENT)
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    begun = time.monotonic()
    sections, failed = [], 0
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as name,
        Bench(Path(name), QUICK if options.quick else DEFAULT, _say) as bench,
    ):
        for row in rows:
            section, well = _measure(row, bench)
            sections.append(section)
            failed += not well
            print(markdown([section]), flush=True)
        chromium = bench.used_chromium
    took = time.monotonic() - begun
    whole = not options.only and not options.quick
    folder = options.out or (HERE if whole and not failed else None)
    foot = described(chromium) | {"took": f"{took / 60:.1f} minutes"}
    if options.quick:
        foot["run"] = "quick: few samples, small sizes; not for comparing"
    table = markdown(sections) + "\n" + _foot(foot)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.md").write_text(table, encoding="utf-8")
        data = {"made_on": foot, "sections": [plain(section) for section in sections]}
        (folder / "results.json").write_text(
            json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        _say(f"written: {folder / 'results.md'}")
    _say(f"{took / 60:.1f} minutes" + (f", {failed} rows failed" if failed else ""))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        metavar="ROW",
        action="append",
        choices=[row.name for row in ROWS],
        help="measure this row only; may be given several times",
    )
    parser.add_argument("--quick", action="store_true", help="few samples and small sizes")
    parser.add_argument(
        "--out",
        type=Path,
        help="write results.md and results.json here; a whole run writes benchmarks/ by itself",
    )
    parser.add_argument("--list", action="store_true", help="list the rows")
    return parser.parse_args()


def _measure(row: Row, bench: Bench) -> tuple[Section, bool]:
    """Measure one row.

    A failure is a line of the row, so that the other rows are still measured.
    """
    start = time.monotonic()
    lines: list[Line] = []
    well = True
    try:
        # The lines come one by one, so that lines from before a failure are kept.
        lines.extend(row.measure(bench))
    except Exception as error:  # noqa: BLE001 - whatever a row meets
        traceback.print_exc()
        message = " ".join(str(error).split())[:300]
        lines.append(Line("the rest", Measured((), "count", f"failed: {message}")))
        well = False
    _say(f"{row.name}: {time.monotonic() - start:.0f} s")
    return Section(row.name, row.title, tuple(lines)), well


def _foot(made_on: dict[str, str]) -> str:
    return "Made on: " + "; ".join(f"{name} {value}" for name, value in made_on.items()) + ".\n"


def _say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
