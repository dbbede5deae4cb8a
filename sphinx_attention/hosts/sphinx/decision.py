"""Whether an `attention` directive is a figure or the admonition, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from . import option_lines
from .config import settings_of
from .misread import lost_options
from .plain import is_plain
from .readers import speaks_to_readers
from .written import OWN_OPTIONS, SHARED_OPTIONS, Source, has_own_options, split_content

if TYPE_CHECKING:
    from docutils.parsers.rst import Directive


class Reason(StrEnum):
    """Why a directive is a figure or the admonition; the value is the end of a sentence."""

    UNREADABLE = "it cannot be read"
    OWN_OPTION = "it has an option of a figure"
    LOOKS_LIKE_OPTION = "it has a line that looks like an option of a figure"
    NO_TEXT = "no text stands on its own line"
    MATRIX = "its body is a matrix"
    OTHER_BODY = "it has a body that is not a matrix"
    NO_MODEL = "attention_model is not set"
    BARE_ADMONITION = 'attention_bare is "admonition"'
    ADMONITION_OPTION = "it has an option of the admonition"
    GOES_ON = "its text goes on below"
    DOCSTRING = "it stands in a docstring"
    MARKUP = "its text has markup in it"
    READS_AS_A_WARNING = "it reads as a warning to readers"
    ONE_LINE = "it is one line of plain text"


@dataclass(frozen=True)
class Decision:
    """The decision about an `attention` directive.

    Attributes:
        source: the parts of a figure's directive; None for the admonition.
        why: the reason.
    """

    source: Source | None
    why: Reason


def decide(directive: Directive) -> Decision:
    """Decide whether a directive is a figure, by the three rules in the docs."""
    source = split_content(directive)
    if has_own_options(directive):
        whole = source or Source("", directive.content, directive.content_offset)
        return Decision(whole, Reason.OWN_OPTION)
    if _options_went_wrong(directive, source):
        whole = source or Source("", directive.content, directive.content_offset)
        return Decision(whole, Reason.LOOKS_LIKE_OPTION)
    if source is None:
        return Decision(None, Reason.NO_TEXT)
    body = list(source.body)
    if any(line.strip() for line in body):
        if _is_matrix(body, source.text):
            return Decision(source, Reason.MATRIX)
        return Decision(None, Reason.OTHER_BODY)
    why_not = _why_no_bare_figure(directive, source)
    return Decision(None, why_not) if why_not else Decision(source, Reason.ONE_LINE)


def _why_no_bare_figure(directive: Directive, source: Source) -> Reason | None:
    """Why one line without options is not a figure; None if it is one."""
    env = directive.state.document.settings.env
    settings = settings_of(env.config)
    place, _ = directive.state_machine.get_source_and_line(directive.lineno)
    # The names and classes of docutils fit a figure, too. Other options are the admonition's alone.
    foreign = any(name not in SHARED_OPTIONS for name in directive.options)
    reasons = (
        (settings.model is None, Reason.NO_MODEL),
        (settings.bare != "figure", Reason.BARE_ADMONITION),
        (foreign, Reason.ADMONITION_OPTION),
        (bool(source.continued), Reason.GOES_ON),
        (_is_docstring(place), Reason.DOCSTRING),
    )
    for holds, why in reasons:
        if holds:
            return why
    if not is_plain(directive, source.text):
        return Reason.MARKUP
    return Reason.READS_AS_A_WARNING if speaks_to_readers(source.text) else None


_CODE = frozenset({".py", ".pyi", ".pyx", ".pxd", ".so", ".c", ".h", ".cc", ".cpp", ".hpp", ".rs"})


@lru_cache(64)
def _is_docstring(place: str | None) -> bool:
    """Whether the directive stands in code: in no file, or in a file that is not a document."""
    if not place:
        return False
    return ":docstring of " in place or Path(place).suffix in _CODE or not Path(place).is_file()


_NUMBER_FIRST = re.compile(r"\s*[\[({]*\s*[-+.\d]")
_WORDS = re.compile(r"[^\s,;|\[\](){}&\\]+")
_NUMBER = re.compile(r"[-+]?[\d.,/]+(?:e[-+]?\d+)?%?|[-–—]|nan|-?inf", re.IGNORECASE)


def _is_matrix(body: list[str], text: str) -> bool:
    """Whether a body is a matrix, whether it fits its text or not.

    An admonition may hold a number or a table. So rows that do not fit the text count as a matrix
    only if there are at least two, if they begin with a number, and if nearly all of their words
    are numbers.
    """
    # Most directives have no body that could be a matrix.
    from sphinx_attention.core.sources.matrix import fits, leading_rows  # noqa: PLC0415

    tokens = text.split()
    if fits("\n".join(body), tokens):
        return True
    rows = [line for line in body[: leading_rows(body, tokens)] if line.strip()]
    words = [word for line in rows for word in _WORDS.findall(line)]
    numbers = sum(_NUMBER.fullmatch(word) is not None for word in words)
    return (
        len(rows) > 1
        and len(words) > len(rows)
        and all(_NUMBER_FIRST.match(line) for line in rows)
        and numbers * 4 > len(words) * 3
    )


def _options_went_wrong(directive: Directive, source: Source | None) -> bool:
    """Whether the lines after the text can only be options of a figure in a wrong form.

    Lines that could be prose count only if the project has a model and if no line of their block is
    prose: admonitions of other projects hold lists of *model: …*.
    """
    env = directive.state.document.settings.env
    uses_us = settings_of(env.config).model is not None
    # A directive without a text on its own line is not a figure, and its field list belongs to the
    # admonition.
    if source is not None:
        blocks = [list(source.continued), _first_block(list(source.body)) if uses_us else []]
        if any(_are_options(block, alone=uses_us) for block in blocks):
            return True
    return any(name in OWN_OPTIONS for name in lost_options(directive))


def _first_block(lines: list[str]) -> list[str]:
    """The lines before the first blank line, without blank lines at the beginning."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            break
    return block


def _are_options(block: list[str], *, alone: bool) -> bool:
    """Whether lines are options in a wrong form.

    Args:
        block: the lines.
        alone: whether lines that could be prose count if all of them look like options.
    """
    slips = [option_lines.meant_in_body(line) for line in block]
    meant = [slip is not None and slip.name in OWN_OPTIONS for slip in slips]
    # These lines only look like options, and follow nothing but options.
    for ours, slip in zip(meant, slips, strict=True):
        if not ours:
            break
        if slip and slip.plain:
            return True
    return alone and bool(block) and all(meant)
