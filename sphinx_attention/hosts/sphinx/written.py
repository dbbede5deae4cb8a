"""The parts of a directive in its source, in rST and in MyST."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from docutils.statemachine import StringList

from sphinx_attention.core.authoring.options import OPTIONS
from sphinx_attention.core.sources.numbers.lines import looks_like_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from docutils.parsers.rst import Directive

HOST_OPTIONS = {
    "caption": "the caption in one line, in place of the body",
    "align": "``left``, ``center`` or ``right``",
    "name": "a name to refer to, as everywhere in docutils",
    "class": "names of classes, as everywhere in docutils",
}
"""The options of Sphinx alone, and their meaning."""

SHARED_OPTIONS = ("class", "name")
"""Options that the admonition has, too."""

OWN_OPTIONS = (*OPTIONS, "caption", "align")
"""Options that make `attention` a figure."""

CLASSES_EXPECTED = "expected names with spaces between, each of which has a letter"

_NEAR = 0.7
"""The least likeness of a misspelt name: *layr* counts as *layer*, and *later* does not."""


@dataclass(frozen=True)
class Source:
    """The parts of a directive in the source.

    Attributes:
        text: the sentence.
        body: the lines below it.
        offset: the line at which the body starts, as docutils counts.
        own: the part of the sentence on the directive's own line.
        continued: the indented lines below that line which continue the sentence.
    """

    text: str
    body: StringList
    offset: int
    own: str = ""
    continued: tuple[str, ...] = ()

    @property
    def loses_layout(self) -> bool:
        """Whether the lines of the sentence have an indentation like code, which joining loses."""
        indents = {len(line) - len(line.lstrip()) for line in self.continued}
        return len(indents) > 1


def in_markdown(directive: Directive) -> bool:
    """Whether MyST read the directive.

    In MyST, the lines below the own line are always the body.
    """
    return type(directive.state_machine).__module__.startswith("myst_parser")


def has_own_options(directive: Directive) -> bool:
    """Whether an option of a figure is given, or a misspelt one."""
    known = directive.option_spec or {}
    return any(name in OWN_OPTIONS or name not in known for name in directive.options)


def nearest_is_ours(name: str, known: Iterable[str]) -> bool:
    """Whether a misspelt option is nearer to one of a figure than to one of the admonition."""
    close = get_close_matches(name, list(known), n=1, cutoff=_NEAR)
    return bool(close) and close[0] in OWN_OPTIONS


def own_line_text(directive: Directive) -> str:
    """The text on the own line of a directive that takes no argument, in rST and in MyST fences."""
    first = directive.block_text.split("\n", 1)[0]
    # A fence with its name in braces, or two colons after the name.
    found = re.match(r"\s*(?:[`~:]{3,}\s*\{[^}]*\}|.*?::(?=\s|$))(.*)$", first)
    if not in_markdown(directive) or (found and first.lstrip()[:3] in {"```", "~~~", ":::"}):
        return found[1].strip() if found else ""
    # MyST before 5.2 does not pass on the fence, so own line and body look alike. With an option of
    # a figure there is nearly always a text on the own line. Without one, the directive stays the
    # admonition.
    own = has_own_options(directive) and bool(directive.content)
    return directive.content[0].strip() if own else ""


def split_argument(directive: Directive) -> Source:
    """Text and body of a directive that takes an argument."""
    if not directive.arguments:
        return Source("", directive.content, directive.content_offset)
    if not (in_markdown(directive) or own_line_text(directive)):
        # docutils took the first block below for an argument, but it is the body.
        lines = directive.arguments[0].splitlines()
        return Source("", _joined(directive, lines), directive.lineno)
    own, *more = directive.arguments[0].splitlines()
    text, numbers = _continue_text(own, more)
    if not numbers:
        return Source(text, directive.content, directive.content_offset, own, tuple(more))
    # The body follows without a blank line.
    return Source(text, _joined(directive, numbers), directive.lineno, own)


def _joined(directive: Directive, lines: Sequence[str]) -> StringList:
    """A body whose first lines were taken for the argument."""
    between = [""] if directive.content else []
    source, _ = directive.state_machine.get_source_and_line(directive.lineno)
    return StringList([*lines, *between, *directive.content], source or "")


def split_content(directive: Directive) -> Source | None:
    """The text and body of a directive that takes no argument; None without text on its line."""
    own = own_line_text(directive)
    content = directive.content
    if not own or not content or content[0].strip() != own:
        return None
    block = 1
    if not in_markdown(directive):
        while block < len(content) and content[block].strip():
            block += 1
    more = list(content[1:block])
    text, numbers = _continue_text(own, more)
    start = 1 if numbers else block
    continued = () if numbers else tuple(more)
    return Source(text, content[start:], directive.content_offset + start, own, continued)


def _continue_text(own: str, more: Sequence[str]) -> tuple[str, list[str]]:
    """Continue a sentence below its own line, as arguments do, unless numbers follow."""
    if looks_like_rows(more, own.split()):
        return own, list(more)
    return " ".join([own, *(line.strip() for line in more)]), []


def body_line(directive: Directive, offset: int, line: int) -> int:
    """The line of the document, as docutils counts, of a line of the body, counted from 1.

    Args:
        directive: the directive of the body.
        offset: the line at which the body starts, as docutils counts.
        line: the line of the body.
    """
    if in_markdown(directive):
        return directive.lineno + max(offset, 0) + line
    return offset + line


def located(directive: Directive, line: int) -> Any:
    """A place for Sphinx's logging: the file that was read, also for docstrings."""
    source, number = directive.state_machine.get_source_and_line(line)
    env = directive.state.document.settings.env
    return f"{source}:{number}" if source and number else (env.docname, line)
