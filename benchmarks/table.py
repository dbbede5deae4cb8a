"""The table: its lines, their goals, and its form."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Unit = Literal["s", "ms", "bytes", "MiB", "elements", "count"]

_SPACE = "\u00a0"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

NEVER = "never"
"""The entry of a page that never reached the state."""


@dataclass(frozen=True)
class Measured:
    """One quantity: the median of its samples.

    Attributes:
        samples: the samples in the unit; empty if none could be taken.
        unit: the unit of the samples.
        note: an explanation, or the reason for missing samples.
    """

    samples: tuple[float, ...]
    unit: Unit
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median; None without samples."""
        return statistics.median(self.samples) if self.samples else None


@dataclass(frozen=True)
class Goal:
    """The goal of a line.

    Attributes:
        limit: the limit, in the unit of the limited value.
        of: whether the limit is for our own value, or for the ratio of ours to the peer's.
        at_least: whether more is better.
    """

    limit: float
    of: Literal["ours", "ratio"] = "ratio"
    at_least: bool = False


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        what: the measured quantity.
        ours: our side.
        peer: the other side of the ratio; None without a peer.
        beside: the name of the other side, such as ``head view``.
        goal: the goal; None for a line without a goal.
        inverse: whether the ratio is the peer's value over ours (a speed-up).
        message: words in the place of the value, if a number is not enough.
        note: a note about this line, below the table.
    """

    what: str
    ours: Measured
    peer: Measured | None = None
    beside: str = ""
    goal: Goal | None = None
    inverse: bool = False
    message: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Our value over the peer's, or the inverse; None if either is missing."""
        if self.peer is None:
            return None
        ours, peer = self.ours.value, self.peer.value
        if self.inverse:
            ours, peer = peer, ours
        return None if ours is None or not peer else ours / peer

    @property
    def missed(self) -> float | None:
        """The factor by which the goal is missed, 1 or less if it is reached, or None."""
        if self.goal is None:
            return None
        value = self.ours.value if self.goal.of == "ours" else self.ratio
        if value is None:
            # A peer without a value loses against any limit. A missing value of our own misses the
            # goal.
            return float("inf") if self.ours.value is None else 0.0
        if self.goal.at_least:
            return self.goal.limit / value if value else float("inf")
        if not self.goal.limit:
            return float("inf") if value else 0.0
        return value / self.goal.limit


@dataclass(frozen=True)
class Section:
    """The lines of one row of the design, under its name."""

    name: str
    title: str
    lines: tuple[Line, ...]


def quantity(value: float, unit: Unit) -> str:
    """A number with its unit, to three figures."""
    if unit == "ms" and abs(value) >= 1000:
        value, unit = value / 1000, "s"
    if unit == "bytes":
        for size, name in ((1e6, "MB"), (1e3, "kB")):
            if value >= size:
                return f"{_three(value / size)}{_SPACE}{name}"
        return f"{value:.0f}{_SPACE}bytes"
    if unit in {"elements", "count"}:
        return f"{value:,.0f}"
    return f"{_three(value)}{_SPACE}{unit}"


def _three(value: float) -> str:
    if not value or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratio(value: float | None) -> str:
    """A ratio for readers: ``1/47`` or ``1.3``."""
    if value is None:
        return "–"
    if 0 < value < 0.5:
        return f"1/{1 / value:.0f}" if value < 0.1 else f"1/{1 / value:.1f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def verdict(line: Line) -> str:
    """Whether a line reaches its goal, or by how much it misses the goal."""
    missed = line.missed
    if missed is None:
        return ""
    if missed <= 1:
        return "reached"
    if missed == float("inf"):
        return "**missed**"
    # A miss that rounds to 0 % must not look like a success.
    by = f"{missed:.1f} times over" if missed >= 2 else f"by {max(1, round((missed - 1) * 100))} %"
    return f"**missed** {by}"


def goal_text(line: Line) -> str:
    """The goal of a line in words."""
    goal = line.goal
    if goal is None:
        return ""
    sign = "≥" if goal.at_least else "≤"
    limit = ratio(goal.limit) if goal.of == "ratio" else quantity(goal.limit, line.ours.unit)
    return f"{sign}{_SPACE}{limit}"


def markdown(sections: Iterable[Section]) -> str:
    """The table with a line for each measurement, titles of sections, and notes below."""
    notes = _Notes()
    rows: list[Sequence[str]] = [
        ("what", "ours", "beside it", "ratio", "goal", ""),
        ("---", "---:", "---:", "---:", "---:", "---"),
    ]
    for section in sections:
        rows.append((f"**{section.title}**", "", "", "", "", ""))
        rows.extend(_cells(line, notes) for line in section.lines)
    table = "".join("| " + " | ".join(_cell(text) for text in row) + " |\n" for row in rows)
    return table + notes.markdown()


class _Notes:
    """The texts that do not fit in a cell. Equal texts share a number, which stands in the cell."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, text: str) -> str:
        if not text:
            return ""
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        return _SPACE + str(number).translate(_RAISED)

    def markdown(self) -> str:
        lines = (f"{n}. {_cell(text)}\n" for text, n in self._numbers.items())
        return "\n" + "".join(lines) if self._numbers else ""


def _cells(line: Line, notes: _Notes) -> Sequence[str]:
    peer = "–" if line.peer is None else _shown(line.peer, notes)
    if line.beside:
        peer = f"{line.beside}: {peer}"
    ours = line.message or _shown(line.ours, notes)
    return (
        line.what + notes.mark(line.note),
        ours,
        peer,
        ratio(line.ratio),
        goal_text(line),
        verdict(line),
    )


def _shown(measured: Measured, notes: _Notes) -> str:
    value = measured.value
    text = NEVER if value is None else quantity(value, measured.unit)
    return text + notes.mark(measured.note)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def plain(section: Section) -> dict[str, Any]:
    """A section as plain data for JSON, with the values that the table computes."""
    lines = [
        {
            **asdict(line),
            "median": line.ours.value,
            "peer_median": line.peer.value if line.peer else None,
            "ratio": line.ratio,
            "reached": None if line.missed is None else line.missed <= 1,
        }
        for line in section.lines
    ]
    return {"name": section.name, "title": section.title, "lines": lines}
