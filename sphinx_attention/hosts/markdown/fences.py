"""The fences of a Markdown source: where they are, and the options in their first line.

This is read without Python-Markdown, so that ``sphinx-attention capture`` needs no other package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

FIGURE = "attention"
CHECK = "attention-check"
NAMES = (FIGURE, CHECK)
"""The names of our fences."""

START = re.compile(r"(?P<indent>[> \t]*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_BRACES = re.compile(r"\{(?P<inside>.*)\}\s*$")
_OURS = re.compile(rf"\{{?\s*\.?(?:{'|'.join(NAMES)})(?=[\s}}])")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME = re.compile(r"\.?(?P<name>[\w#.+-]+)(?=\s|\{|$)")
_OPTION = re.compile(
    r"""\s*(?:
    \#(?P<id>[\w:-]+) |
    \.(?P<class>[\w-]+) |
    (?P<name>[A-Za-z][\w-]*)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+)))?
    )(?=\s|$)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Fence:
    """A fence of a source.

    Attributes:
        line: the line of its first line, counted from 1.
        end: the line of its last line.
        name: its language, such as ``attention``.
        indent: the blanks and quotation marks in front of it.
        options: the options as the author wrote them. An option without a value is an empty string.
        body: the lines within, without the indentation.
        rest: the text of the first line that is not an option.
    """

    line: int
    end: int
    name: str
    indent: str = ""
    options: dict[str, str] = field(default_factory=dict)
    body: tuple[str, ...] = ()
    rest: str = ""


def find_fences(lines: list[str]) -> list[Fence]:
    """The fences of a source that are ours, in order. A fence within another fence is text."""
    found = []
    number = 0
    while number < len(lines):
        match = START.match(lines[number])
        if match is None or is_code(match):
            number += 1
            continue
        end = end_of(lines, number, match["indent"], match["fence"])
        if end is None:
            number += 1
            continue
        if (made := read(lines, number, end, match)) is not None:
            found.append(made)
        number = end + 1
    return found


def is_code(match: re.Match[str]) -> bool:
    """Whether a line that looks like the first line of a fence is code within a paragraph.

    This is so in CommonMark if a backtick follows. pymdownx.superfences and pandoc take backticks
    in the values of options.
    """
    info = match["info"]
    if match["fence"][0] != "`" or "`" not in info:
        return False
    ours = _OURS.match(info.strip())
    return ours is None or "`" in _QUOTED.sub("", info)


def end_of(lines: list[str], start: int, indent: str, fence: str) -> int | None:
    """The number of the last line of a fence; None if the fence is not closed."""
    closing = re.compile(rf"{re.escape(indent.rstrip())}\s*{re.escape(fence)}\s*$")
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if closing.match(line) and len(line) - len(line.lstrip("> \t")) <= len(indent):
            return number
    return None


def read(lines: list[str], start: int, end: int, match: re.Match[str]) -> Fence | None:
    """The fence between two lines; None if it is not ours."""
    info = match["info"].strip()
    if braces := _BRACES.fullmatch(info):
        inside = braces["inside"].strip()
        named = _NAME.match(inside)
        info = inside if named and inside.startswith(".") else ""
    named = _NAME.match(info)
    if named is None or named["name"] not in NAMES:
        return None
    behind = info[named.end() :].strip()
    if braces := _BRACES.fullmatch(behind):
        behind = braces["inside"].strip()
    options, rest = read_options(behind)
    width = len(match["indent"])
    body = tuple(_without(line, match["indent"], width) for line in lines[start + 1 : end])
    return Fence(start + 1, end + 1, named["name"], match["indent"], options, body, rest)


def _without(line: str, indent: str, width: int) -> str:
    """A line of a fence without the indentation of the fence."""
    if not indent:
        return line
    line = line.expandtabs(4)
    return line[width:] if not line[:width].strip("> ") else line.lstrip("> ")


def read_options(text: str) -> tuple[dict[str, str], str]:
    """The options in the first line of a fence, and the other text of that line."""
    options: dict[str, str] = {}
    classes: list[str] = []
    place = 0
    while match := _OPTION.match(text, place):
        place = match.end()
        if match["id"]:
            options["name"] = match["id"]
        elif match["class"]:
            classes.append(match["class"])
        else:
            values = (match["double"], match["single"], match["bare"])
            options[match["name"]] = next((one for one in values if one is not None), "")
    if classes:
        options["class"] = " ".join([*classes, *options.get("class", "").split()])
    return options, text[place:].strip()
