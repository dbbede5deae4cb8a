"""Checks a project's own phrases: the name is known, the placeholders are those in English."""

from __future__ import annotations

import re
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING

from sphinx_attention.core.text import nearest

from . import sections

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no page can hold."""

_BLANKS = re.compile("[ \t\r\n]+")


@cache
def english() -> Mapping[str, str]:
    """The English phrases by name."""
    return {name: text for texts in sections().values() for name, text in texts.items()}


def placeholders(text: str) -> frozenset[str]:
    """The names in braces in a phrase.

    Raises:
        ValueError: a brace has no partner, or more than a name stands between two.
    """
    names = []
    for literal, name, form, conversion in Formatter().parse(text):
        if "{" in literal or "}" in literal:
            raise ValueError("a brace has no partner")
        if name is None:
            continue
        if form or conversion:
            raise ValueError("only a name may stand between braces")
        names.append(name)
    return frozenset(names)


def fault(name: str, text: str, source: str | None = None) -> str:
    """The mistake in a phrase of a project; empty where there is none.

    Args:
        name: of the phrase.
        text: of the project.
        source: the English text that was translated; None where it is not known.
    """
    if name not in english():
        hint = nearest(name, english())
        return f"no phrase has the name {name!r}{hint}"
    ours = english()[name]
    if source is not None and source != ours:
        return (
            f"the phrase {name} was translated from {source!r}, and its English text is now "
            f"{ours!r}: translate this text"
        )
    if found := _UNFIT.search(text):
        return f"the phrase {name} has the character {found[0]!r}, which no page can hold"
    return _wrong_braces(name, text, placeholders(ours))


def _wrong_braces(name: str, text: str, expected: frozenset[str]) -> str:
    try:
        given = placeholders(text)
    except ValueError as error:
        return f"the braces of the phrase {name} cannot be read ({error}); {_allowed(expected)}"
    if unknown := sorted(given - expected):
        named = ", ".join(f"{{{one}}}" for one in unknown)
        return f"the phrase {name} has the placeholder {named}; {_allowed(expected)}"
    if missing := sorted(expected - given):
        named = ", ".join(f"{{{one}}}" for one in missing)
        return f"the phrase {name} lacks the placeholder {named}"
    return ""


def tidy(text: str) -> str:
    """A phrase on one line, as it is shown."""
    return _BLANKS.sub(" ", text).strip(" ")


def _allowed(names: frozenset[str]) -> str:
    if not names:
        return "this phrase has no placeholders"
    return f"expected {', '.join(f'{{{one}}}' for one in sorted(names))}"
