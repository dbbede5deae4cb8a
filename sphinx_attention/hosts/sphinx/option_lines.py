"""Lines that look like options of a figure and are read as something else.

``:layer:0``, ``layer=0`` and ``- layer: 0`` are not options for docutils or MyST: they become part
of the sentence, or the caption. This module decides whether a line was meant as an option. A line
that could be text stays text, unless its value fits the option. A line that was meant as an option
is an error that shows the right form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sphinx_attention.core.authoring.options import OPTIONS, convert
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FREE_TEXT = frozenset({"model", "pair", "target", "matrix", "tokens", "focus", "alt", "link"})
"""Options that accept nearly any text, so that a value does not show what was meant."""

OF_THE_PAGE = ("caption", "align", "class", "name")
"""Options of the host, besides those of the core."""

KNOWN = (*OPTIONS, *OF_THE_PAGE)

_NAME = r"(?P<name>[A-Za-z][A-Za-z-]*)"
_DECOR = r"(?:(?:[-*+•>]|\.\.|--?|\d+[.)])\s+|--?|[\"'`{@;(*]+)*"
_COLON_FIRST = re.compile(
    rf"[:：]{{1,2}}\s*{_NAME}\s*(?P<close>[:：]{{1,2}}|[=;])?\s*(?P<value>.*)$", re.DOTALL
)
_WITH_EQUALS = re.compile(rf"{_DECOR}{_NAME}[\"'`]?\s*[=＝]\s*(?P<value>\S.*)$", re.DOTALL)
_WITH_COLON = re.compile(rf"{_DECOR}{_NAME}[\"'`*]*\s*[:：]\s*(?P<value>.*)$", re.DOTALL)
_WITH_BLANK = re.compile(rf"(?P<decor>{_DECOR}){_NAME}\s+(?P<value>\S+)$")
_IN_SENTENCE = re.compile(rf"(?:^|(?<=\s)):{_NAME}\s*:(?!`)\s*(?P<value>\S*)")
_AT_END = re.compile(rf"(?:^|(?<=[\s,;])){_NAME}=(?P<value>[^\s=]+)$")


@dataclass(frozen=True)
class Slip:
    """A line that was meant as an option.

    Attributes:
        name: the option as it is spelt.
        value: the intended value.
        written: the line as it is written.
        plain: whether the line can hardly be anything else.
    """

    name: str
    value: str
    written: str
    plain: bool

    def error(self, where: str) -> AttentionError:
        """The error for the line.

        Args:
            where: what the line would become, and its right form, as the end of a sentence.
        """
        return AttentionError(
            Problem.OPTION,
            f"{quoted(self.written)} looks like the option {self.name}, and would {where}: write "
            f"{quoted(self.right)} on a line of its own, directly below the directive's first "
            "line, before any blank line, and indented as the lines beside it",
        )

    @property
    def right(self) -> str:
        """The right form of the option."""
        return f":{self.name}: {self.value}".rstrip()


def meant_below(line: str) -> Slip | None:
    """The option meant by a line below the sentence, which would become part of the sentence."""
    line = line.strip()
    slip = _colon_first(line)
    if slip:
        return slip
    for pattern in (_WITH_EQUALS, _WITH_COLON):
        if found := pattern.match(line):
            name, value = _known(found["name"]), _value(found["value"])
            if name and (
                name in FREE_TEXT or name in OF_THE_PAGE or _one_word(value) or _fits(name, value)
            ):
                return Slip(name, value, line, plain=False)
    if found := _WITH_BLANK.match(line):
        name, value = _known(found["name"]), _value(found["value"])
        if name and name not in FREE_TEXT and name in OPTIONS and _fits(name, value):
            return Slip(name, value, line, plain=False)
    return None


def meant_in_body(line: str) -> Slip | None:
    """The option meant by a line of the body, which would become the caption."""
    line = line.strip()
    slip = _colon_first(line)
    if slip:
        return slip
    if found := _WITH_EQUALS.match(line) or _WITH_COLON.match(line):
        name, value = found["name"], _value(found["value"])
        if (
            name in KNOWN
            and name not in OF_THE_PAGE
            and (_one_word(value) if name in FREE_TEXT else _fits(name, value))
        ):
            return Slip(name, value, line, plain=False)
    return None


def meant_on_own_line(text: str) -> Slip | None:
    """The option that the directive's own line holds beside the sentence, or in its place.

    *head: 5* within a sentence is text. ``:head: 5`` and a final ``head=5`` are options.
    """
    return _beside_text(text) or meant_in_body(text)


def _beside_text(text: str) -> Slip | None:
    """An option on one line with the sentence."""
    for found in _IN_SENTENCE.finditer(text):
        name = _known(found["name"])
        if name:
            return Slip(name, found["value"], text[found.start() :], plain=True)
    at_end = _AT_END.search(text)
    name = _known(at_end["name"]) if at_end else None
    if at_end is None or name is None or name in OF_THE_PAGE:
        return None
    fits = name == "model" or (name not in FREE_TEXT and _fits(name, at_end["value"]))
    return Slip(name, at_end["value"], at_end[0], plain=False) if fits else None


def below(lines: Iterable[str]) -> tuple[int, Slip] | None:
    """The first of some lines below the sentence that was meant as an option."""
    for number, line in enumerate(lines):
        if slip := meant_below(line) or _beside_text(line.strip()):
            return number, slip
    return None


def in_body(lines: Sequence[str], *, markdown: bool) -> tuple[int, Slip] | None:
    """The first line of a body that was meant as an option.

    Indented lines, and lines within a fence of Markdown, belong to other markup.
    """
    fence = ""
    for number, line in enumerate(lines):
        mark = re.match(r"(`{3,}|~{3,}|:{3,})(.*)", line) if markdown else None
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            continue
        if mark:
            fence = mark[1]
            continue
        if line[:1].isspace():
            continue
        slip = meant_in_body(line)
        # In the middle of a paragraph, only lines that cannot be prose count.
        if slip and (slip.plain or number == 0 or not re.search(r"\w", lines[number - 1])):
            return number, slip
    return None


def _colon_first(line: str) -> Slip | None:
    found = _COLON_FIRST.match(line)
    if found is None or found["value"].startswith("`"):
        return None  # This is a role.
    name = _known(found["name"])
    if name is None and found["close"]:
        close = get_close_matches(found["name"].lower(), KNOWN, n=1, cutoff=0.7)
        name = close[0] if close else None
    value = _value(found["value"])
    if name is None or not (found["close"] or not value or _fits(name, value)):
        return None
    return Slip(name, value, line, plain=True)


def next_in_value(name: str, value: str) -> Slip | None:
    """Whether the value of an option contains the next option, on the same line."""
    # A selection itself has names with values.
    if name in FREE_TEXT or name in OF_THE_PAGE or name == "selection":
        return None
    found = re.search(rf"[\s,;]:?{_NAME}\s*[:=]\s*(?P<value>.*)$", value, re.DOTALL)
    other = _known(found["name"]) if found else None
    return (
        Slip(other, _value(found["value"]), found[0].strip(), plain=True)
        if found and other
        else None
    )


def _known(name: str) -> str | None:
    folded = name.lower()
    return folded if folded in KNOWN else None


def _value(text: str) -> str:
    """A value without the marks that other languages put around it, and without a next option."""
    text = re.split(r"[,;]\s*[\"']?[A-Za-z][A-Za-z-]*[\"']?\s*[=:]", text, maxsplit=1)[0]
    return text.strip().strip("\"'`,;:{}()").strip()


def _one_word(value: str) -> bool:
    return len(value.split()) == 1


def _fits(name: str, value: str) -> bool:
    """Whether an option accepts a value."""
    if name in OF_THE_PAGE:
        return True
    try:
        convert(name, value)
    except AttentionError:
        return False
    return True
