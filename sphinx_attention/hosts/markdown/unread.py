"""Fences that were meant as figures, but that are read as code or as text."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

from .fences import NAMES, START, end_of, is_code, read

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"(?P<open>\{?)\s*\.?(?P<name>[A-Za-z][\w-]*)")
_LIKENESS = 0.85
"""The least likeness of a misspelt name: *attenton* counts as *attention*, *intention* does not."""
_OTHERS = {"attention-figure": NAMES[0]}
"""The names of our fences in other hosts, each with the name here."""


def unread_fences(lines: list[str]) -> Iterator[tuple[int, AttentionError]]:
    """The mistakes in the fences of a source that were meant as ours, each with its line.

    A fence within another fence is an example and no mistake.
    """
    number = 0
    while number < len(lines):
        match = START.match(lines[number])
        number += 1
        if match is None:
            continue
        line, meant = number, _meant(match["info"].strip())
        if is_code(match):
            # Where as many backticks follow, the line begins with code, such as ```attention```.
            if meant is not None and meant[1] and match["fence"] not in match["info"]:
                yield line, _error("its first line has a backtick: remove the backtick")
            continue
        end = end_of(lines, line - 1, match["indent"], match["fence"])
        if end is None:
            if meant is not None and meant[1]:
                why = f"no line with {quoted(match['fence'])} alone closes it: add the line"
                yield line, _error(why)
            continue
        if meant is not None and read(lines, line - 1, end, match) is None:
            yield line, _error(f"{quoted(meant[0])} is not its name: write {quoted(meant[2])}")
        number = end + 1


def _meant(info: str) -> tuple[str, bool, str] | None:
    """What a fence names: the name as written, whether it is right, and the right form."""
    found = _NAME.match(info)
    if found is None:
        return None
    name = found["name"]
    if name in NAMES:
        return (f"{{{name}}}" if found["open"] else name), True, name
    lower = name.lower()
    close = [_OTHERS[lower]] if lower in _OTHERS else []
    close = close or get_close_matches(lower, NAMES, n=1, cutoff=_LIKENESS)
    return (name, False, close[0]) if close else None


def _error(why: str) -> AttentionError:
    return AttentionError(Problem.OPTION, f"this fence is not read as a figure, because {why}")
