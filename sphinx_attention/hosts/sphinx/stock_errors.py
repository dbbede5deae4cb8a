"""Directives that are never called, because docutils reads something else in their place.

If docutils cannot read the option block of a directive, it reports "invalid option block". That
error stays. This module adds a warning with the right form of the line, and a placeholder on the
page. ``.. attention-figure: a b``, with one colon, is a comment for docutils, and a fence whose
first line has a backtick is text for MyST.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

from sphinx_attention.core.authoring.options import invalid
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted
from sphinx_attention.hosts.unread_fences import unread_fence

from . import option_lines
from .messages import warn_of
from .translations import placeholder_read
from .written import CLASSES_EXPECTED, OWN_OPTIONS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_OURS = re.compile(
    r'Error in "(attention|attention-figure)" directive:\s*'
    r"(?:invalid option block|option data incompletely parsed|"
    r"invalid option data: extension option field name may not contain multiple words|"
    r'invalid option data: duplicate option "(?P<twice>[\w-]+)"|'
    r'invalid option value: \(option: "(?P<wrong>class)")'
)
_IN_COMMENT = re.compile(
    r"(attention-figure)(?:::?(?=\S)|:(?!:)|\s*:{3,}|\s+::?|\s)\s*(?P<text>[^\n]*)", re.IGNORECASE
)
_OPTION = re.compile(r"\s*:[\w-]+:(\s|$)")


class ExplainOptionBlocks(SphinxTransform):
    """Explains the mistake in an option block that docutils refused."""

    default_priority = 100

    def apply(self, **_kwargs: Any) -> None:
        """Go through docutils' messages."""
        for message in list(self.document.findall(nodes.system_message)):
            found = _OURS.match(message[0].astext()) if len(message) else None
            block = next(message.findall(nodes.literal_block), None)
            if found is None or block is None or "line" not in message:
                continue
            error, line = _explained(block.astext().split("\n"), found)
            if found[1] == "attention" and not _is_ours(block.astext()):
                continue
            place = f"{message.get('source', '')}:{message['line'] + line}"
            warn_of(error, location=place)
            message.replace_self(placeholder_read(self.env, error, ""))


class ExplainComments(SphinxTransform):
    """Warns of comments that were meant as figures."""

    default_priority = 100

    def apply(self, **_kwargs: Any) -> None:
        """Go through the comments."""
        for comment in list(self.document.findall(nodes.comment)):
            found = _IN_COMMENT.match(comment.astext())
            if found is None:
                continue
            error = AttentionError(
                Problem.OPTION,
                f"{quoted(comment.astext().split(chr(10))[0])} is a comment and no figure: write "
                f"'.. {found[1]}::', with two colons and a space after them",
            )
            warn_of(error, location=_place_of(comment))
            comment.replace_self(placeholder_read(self.env, error, found["text"].strip()))


class ExplainFences(SphinxTransform):
    """Warns of paragraphs that were meant as figures."""

    default_priority = 100

    def apply(self, **_kwargs: Any) -> None:
        """Go through the paragraphs."""
        for paragraph in list(self.document.findall(nodes.paragraph)):
            if (error := unread_fence(paragraph.astext())) is not None:
                warn_of(error, location=paragraph)
                paragraph.replace_self(placeholder_read(self.env, error, paragraph.astext()))


def _place_of(comment: nodes.comment) -> Any:
    """The first line of a comment. docutils notes the line that it had reached."""
    first = comment.astext().split("\n")[0]
    if comment.source and comment.line:
        with contextlib.suppress(OSError, ValueError, StopIteration):
            lines = Path(comment.source).read_text(encoding="utf-8").splitlines()
            above = range(min(comment.line, len(lines)) - 1, -1, -1)
            return f"{comment.source}:{next(n for n in above if first in lines[n]) + 1}"
    return comment


def _explained(lines: list[str], found: re.Match[str]) -> tuple[AttentionError, int]:
    """The message for a block, and the line in the block."""
    if wrong := found["wrong"]:
        number = next((n for n, one in enumerate(lines) if one.strip().startswith(f":{wrong}:")), 0)
        value = lines[number].strip().removeprefix(f":{wrong}:").strip()
        return invalid(wrong, value, CLASSES_EXPECTED), number
    if twice := found["twice"]:
        times = [n for n, line in enumerate(lines) if line.strip().startswith(f":{twice}:")]
        message = f"the option {twice} is given twice: remove one of them"
        return AttentionError(Problem.OPTION, message), times[1] if len(times) > 1 else 0
    for number, line in enumerate(lines[1:], start=1):
        slip = None if _OPTION.match(line) else option_lines.meant_below(line)
        if slip:
            return slip.error("be no option"), number
    first = next((n for n, line in enumerate(lines) if n and _OPTION.match(line)), 0)
    odd = next(
        (
            n
            for n, line in enumerate(lines)
            if n > first and line.strip() and not _OPTION.match(line)
        ),
        first,
    )
    return (
        AttentionError(
            Problem.OPTION,
            f"{quoted(lines[odd].strip())} stands among the options, but is not one: put a "
            "blank line after the options, or indent a line that continues the line above",
        ),
        odd,
    )


def _is_ours(block: str) -> bool:
    """Whether a block names an option that only a figure has."""
    return any(re.search(rf"^\s*:{name}:", block, re.MULTILINE) for name in OWN_OPTIONS)


def setup_stock_errors(app: Sphinx) -> None:
    """Register the transform."""
    app.add_transform(ExplainOptionBlocks)
    app.add_transform(ExplainComments)
    app.add_transform(ExplainFences)
