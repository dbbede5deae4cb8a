"""Lines of a directive that were meant as options and were read as something else, or dropped."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from sphinx_attention.core.authoring.options import convert
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

from . import option_lines
from .written import OWN_OPTIONS, body_line, in_markdown

if TYPE_CHECKING:
    from docutils.parsers.rst import Directive

    from .written import Source

_OPTION_LINE = re.compile(r"\s*:(?!::)")
_OPTION_NAME = re.compile(r"\s*:?\s*([A-Za-z][\w-]*)")
_WELL_FORMED = re.compile(r"\s*:?[\w-]+\s*:(\s|$)")


class MisreadError(AttentionError):
    """An option that was read as something else; ``lineno`` is its line in the document."""

    def __init__(self, error: AttentionError, lineno: int) -> None:
        super().__init__(error.problem, error.neutral)
        self.lineno = lineno


def check(directive: Directive, source: Source) -> None:
    """Check that no line of a directive looks like an option and is read as something else.

    Raises:
        MisreadError: the first such line.
    """
    if slip := option_lines.meant_on_own_line(source.own):
        raise MisreadError(slip.error("stay in the sentence"), directive.lineno)
    if found := option_lines.below(source.continued):
        number, slip = found
        raise MisreadError(slip.error("join the sentence"), directive.lineno + 1 + number)
    _check_values(directive)
    if in_markdown(directive):
        _check_markdown(directive)
    else:
        _check_line_below(directive)
    found = option_lines.in_body(list(source.body), markdown=in_markdown(directive))
    if found:
        number, slip = found
        line = body_line(directive, source.offset, number + 1)
        raise MisreadError(slip.error("become part of the caption"), line)


def lost_options(directive: Directive) -> list[str]:
    """The names of a figure's options that MyST dropped, because it could not read them."""
    names = (_name(line) for _, line in _markdown_options(directive))
    given = {name.lower() for name in directive.options}
    return [name for name in names if name in OWN_OPTIONS and name not in given]


def _markdown_options(directive: Directive) -> list[tuple[int, str]]:
    """The lines of MyST's option block, each with its distance from the directive's first line."""
    if not in_markdown(directive):
        return []
    first, *lines = directive.block_text.split("\n")
    if first.lstrip()[:3] not in {"```", "~~~", ":::"}:
        return []  # MyST before 5.2 does not pass on the fence.
    found: list[tuple[int, str]] = []
    if lines and lines[0].startswith("---"):
        for number, line in enumerate(lines[1:], start=2):
            if line.startswith("---"):
                return found
            found.append((number, line))
        return found  # MyST takes all following lines for options.
    for number, line in enumerate(lines, start=1):
        if not _OPTION_LINE.match(line):
            break
        found.append((number, line))
    return found


def _name(line: str) -> str:
    found = _OPTION_NAME.match(line)
    return found[1].lower() if found and not line[:1].isspace() else ""


def _check_markdown(directive: Directive) -> None:
    """Check that MyST read every option of a figure, once."""
    lines = _markdown_options(directive)
    names = [_name(line) for _, line in lines]
    if lines and not directive.options:
        # MyST drops all options if it cannot read one.
        for number, line in lines:
            slip = None if _WELL_FORMED.match(line) else option_lines.meant_below(line)
            if slip:
                raise MisreadError(
                    slip.error("be dropped with all other options"), directive.lineno + number
                )
    if lost_options(directive):
        number, message = _unread(directive, lines)
        raise MisreadError(
            AttentionError(Problem.OPTION, f"MyST dropped all options: {message}"),
            directive.lineno + number,
        )
    for (number, _), name in zip(lines, names, strict=True):
        if name in option_lines.KNOWN and names.count(name) > 1:
            error = AttentionError(
                Problem.OPTION, f"the option {name} is given twice: remove one of them"
            )
            raise MisreadError(error, directive.lineno + number)


def _unread(directive: Directive, lines: list[tuple[int, str]]) -> tuple[int, str]:
    """The line of an option block that MyST could not read, and its right form."""
    block = directive.block_text.split("\n")[1:]
    dashes = block[0].startswith("---")
    if dashes and not any(line.startswith("---") for line in block[1:]):
        return 1, "they begin with '---', and no second '---' ends them"
    for number, line in lines:
        name, value = _name(line), line.partition(_name(line))[2].lstrip(": \t").rstrip()
        if name not in option_lines.KNOWN:
            continue
        if dashes and line.startswith(":"):
            return (
                number,
                f"between '---', write {quoted(f'{name}: {value}')}, without a first colon",
            )
        if _is_read(line.lstrip(": ") if not dashes else line):
            continue
        return (
            number,
            f"{quoted(line.strip())} is not YAML: write :{name}: {_as_yaml(name, value)}",
        )
    return lines[0][0], "expected lines such as ':layer: 0', each of them plain YAML"


def _as_yaml(name: str, value: str) -> str:
    """A value as MyST reads it."""
    if re.fullmatch(r"[\w./-]+", value):
        return value  # Something else made it unreadable, such as a tab.
    if name == "tokens":
        with contextlib.suppress(AttentionError):
            return json.dumps(convert(name, value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False) if "'" in value else f"'{value}'"


def _is_read(line: str) -> bool:
    """Whether MyST can read one line of options."""
    from myst_parser.parsers.options import (  # noqa: PLC0415 - where MyST has read a directive
        TokenizeError,
        options_to_items,
    )

    try:
        options_to_items(line)
    except TokenizeError:
        return False
    return True


def _check_values(directive: Directive) -> None:
    """Check that no value continues in a line that was meant as the next option."""
    for name, value in directive.options.items():
        first = str(value).split("\n", 1)[0]
        if slip := option_lines.next_in_value(name, first):
            raise MisreadError(
                slip.error(f"join the value of the option {name}"),
                directive.lineno + _line_of(directive, f":{name}: {first}"),
            )
        # In Markdown, the author marks a value of several lines.
        more = [] if in_markdown(directive) else str(value).splitlines()[1:]
        for line in more:
            slip = option_lines.meant_below(line)
            if slip and slip.plain:
                raise MisreadError(
                    slip.error(f"join the value of the option {name}, because it is indented more"),
                    directive.lineno + _line_of(directive, line),
                )


def _line_of(directive: Directive, text: str) -> int:
    lines = directive.block_text.split("\n")
    return next((n for n, line in enumerate(lines) if line.strip() == text.strip()), 0)


def _check_line_below(directive: Directive) -> None:
    """Check the line that ends the directive because the line is not indented."""
    machine, block = directive.state_machine, directive.block_text.split("\n")
    following = getattr(machine, "line_offset", -1) + 1
    lines = getattr(machine, "input_lines", None)
    if lines is None or not 0 < following < len(lines) or not block[-1].strip():
        return
    slip = option_lines.meant_below(lines[following])
    if slip and slip.plain:
        raise MisreadError(
            slip.error("stand outside of the directive, because it is not indented"),
            directive.lineno + len(block),
        )
