"""Whether a line is plain text to the parser: no inline markup, and no block of any kind.

The line is really parsed, in a document that is dropped: no reference is registered, no role or
directive runs, and nothing is printed.
"""

from __future__ import annotations

import copy
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.parsers.rst import states
from docutils.utils import new_document

if TYPE_CHECKING:
    from docutils.parsers.rst import Directive

_TEXT_STATES = frozenset({"blank", "indent", "text"})
_BLOCKS = tuple(
    re.compile(states.Body.patterns[name])
    for name in states.Body.initial_transitions
    if isinstance(name, str) and name not in _TEXT_STATES
)
"""Beginnings of lists, fields, comments, tables and so on in reStructuredText."""

_WORDS = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)+[.!?]?")
"""A sentence of words of letters, in which no parser finds markup. Most sentences are such."""

_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]|&#?\w+;")
"""A backslash or an entity that Markdown would replace."""

_MATHS = re.compile(r"\$(?=\S)[^$]*(?<=\S)\$(?!\d)")
"""Maths in Markdown, which counts as markup even if its extension is off."""


def is_plain(directive: Directive, text: str) -> bool:
    """Whether the parser of a directive's document finds only text in a line."""
    if _WORDS.fullmatch(text):
        return True
    renderer = getattr(directive.state, "_renderer", None)
    if renderer is not None:
        return _plain_in_markdown(renderer, text)
    return _plain_in_rst(directive.state.document.settings, text)


def _plain_in_rst(settings: Any, text: str) -> bool:
    # A paragraph with this ending announces a literal block.
    if text.endswith("::") or any(block.match(text) for block in _BLOCKS):
        return False
    settings = copy.copy(settings)
    settings.report_level = settings.halt_level = 5
    settings.warning_stream = False
    document = new_document("", settings)
    inliner = states.Inliner()
    # A subclass would not work: `init_customizations` looks its patterns up in the class itself.
    vars(inliner)["interpreted"] = _unread
    inliner.init_customizations(settings)
    memo = SimpleNamespace(
        document=document, reporter=document.reporter, language=None, inliner=inliner
    )
    found, messages = inliner.parse(text, 0, memo, document)
    # If the text differs, it had an escape.
    return (
        not messages
        and [type(node) for node in found] == [nodes.Text]
        and found[0].astext() == text
    )


def _unread(rawsource: str, *_args: Any) -> tuple[list[nodes.Node], list[Any]]:
    """The result of a role.

    The role is found and not run, because it may change the environment.
    """
    return [nodes.inline(rawsource)], []


def _plain_in_markdown(renderer: Any, text: str) -> bool:
    # Links and footnotes of the document are known to the parser, and none is added to the
    # document.
    env = {
        name: copy.copy(renderer.md_env[name])
        for name in ("references", "footnotes")
        if name in renderer.md_env
    }
    blocks = renderer.md.parse(text, env)
    if [block.type for block in blocks] != ["paragraph_open", "inline", "paragraph_close"]:
        return False
    inline = blocks[1].children or []
    odd = _ESCAPE.search(text) or _MATHS.search(text)
    return all(part.type == "text" for part in inline) and not odd
