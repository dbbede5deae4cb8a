"""Whether an `attention` directive is a figure or the admonition, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

READS_AS_A_WARNING = "it reads as a warning to readers"
ONE_LINE = "it is one line of plain text"


@dataclass(frozen=True)
class Decision:
    """What an `attention` directive is.

    Attributes:
        source: its parts where it is a figure; None where it is the admonition.
        why: the reason, as the end of a sentence.
    """

    source: Source | None
    why: str


def decide(directive: Directive) -> Decision:
    """Whether a directive is a figure, by the three rules that the docs give."""
    source = split_content(directive)
    if has_own_options(directive):
        whole = source or Source("", directive.content, directive.content_offset)
        return Decision(whole, "it has an option of a figure")
    if _options_went_wrong(directive, source):
        whole = source or Source("", directive.content, directive.content_offset)
        return Decision(whole, "it has a line that looks like an option of a figure")
    if source is None:
        return Decision(None, "no text stands on its own line")
    body = list(source.body)
    if any(line.strip() for line in body):
        if _is_matrix(body, source.text):
            return Decision(source, "its body is a matrix")
        return Decision(None, "it has a body that is no matrix")
    why_not = _why_no_bare_figure(directive, source)
    return Decision(None, why_not) if why_not else Decision(source, ONE_LINE)


def _why_no_bare_figure(directive: Directive, source: Source) -> str:
    """Why one line without options is no figure; empty where it is one."""
    env = directive.state.document.settings.env
    settings = settings_of(env.config)
    place, _ = directive.state_machine.get_source_and_line(directive.lineno)
    # Names and classes fit a figure as well; any other option is the admonition's alone.
    foreign = any(name not in SHARED_OPTIONS for name in directive.options)
    reasons = (
        (settings.model is None, "attention_model is not set"),
        (settings.bare != "figure", 'attention_bare is "admonition"'),
        (foreign, "it has an option of the admonition"),
        (bool(source.continued), "its text goes on below"),
        (_is_docstring(place), "it stands in a docstring"),
    )
    for holds, why in reasons:
        if holds:
            return why
    if not is_plain(directive, source.text):
        return "its text has markup in it"
    return READS_AS_A_WARNING if speaks_to_readers(source.text) else ""


_CODE = frozenset({".py", ".pyi", ".pyx", ".pxd", ".so", ".c", ".h", ".cc", ".cpp", ".hpp", ".rs"})


def _is_docstring(place: str | None) -> bool:
    """Whether what was read comes from code: from no file, or from no document."""
    if not place:
        return False
    return ":docstring of " in place or Path(place).suffix in _CODE or not Path(place).is_file()


_NUMBER_FIRST = re.compile(r"\s*[\[({]*\s*[-+.\d]")
_WORDS = re.compile(r"[^\s,;|\[\](){}&\\]+")
_NUMBER = re.compile(r"[-+]?[\d.,/]+(?:e[-+]?\d+)?%?|[-–—]|nan|-?inf", re.IGNORECASE)


def _is_matrix(body: list[str], text: str) -> bool:
    """Whether a body is a matrix, one that fits its text or one that is wrong.

    An admonition may hold a number or a table: rows that do not fit are a matrix only where they
    are two at least, begin with a number, and are numbers almost throughout.
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
    """Whether what follows the text can only be options of ours, written in a wrong way.

    Lines that could be prose count only where the project has a model, and where no line of their
    block is prose: lists of *model: …* stand in admonitions of other projects.
    """
    env = directive.state.document.settings.env
    uses_us = settings_of(env.config).model is not None
    # Without a text on its own line no figure is meant, and a field list is the admonition's.
    if source is not None:
        blocks = [list(source.continued), _first_block(list(source.body)) if uses_us else []]
        if any(_are_options(block, alone=uses_us) for block in blocks):
            return True
    return any(name in OWN_OPTIONS for name in lost_options(directive))


def _first_block(lines: list[str]) -> list[str]:
    """The lines before the first blank one, those at the beginning aside."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            break
    return block


def _are_options(block: list[str], *, alone: bool) -> bool:
    """Whether lines are options written in a wrong way.

    Args:
        block: the lines.
        alone: whether lines that could be prose count where all of them look so.
    """
    slips = [option_lines.meant_in_body(line) for line in block]
    meant = [slip is not None and slip.name in OWN_OPTIONS for slip in slips]
    # What only an option looks like, after nothing but options.
    for ours, slip in zip(meant, slips, strict=True):
        if not ours:
            break
        if slip and slip.plain:
            return True
    return alone and bool(block) and all(meant)
