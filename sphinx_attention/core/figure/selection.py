"""The first selection of a figure beside layer, head and focus, in the form of addresses.

``direction=to&pin=k4&scale=log``: these are the names and values of *copy link*, in
`state/address.ts`. *Copy as directive* writes them if other options cannot express the selection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named, option
from sphinx_attention.core.text import listed, nearest, quoted
from sphinx_attention.core.views import VIEWS, Word

from .spec import AXES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.views import View

Selection = tuple[tuple[str, str], ...]
"""Names and values, in the order written."""

_CELL = r"k?\d{1,6}(\.\d{1,6})?"
EVERYWHERE: Mapping[str, Word] = {
    "direction": Word("from|to", "from or to"),
    "pin": Word(
        f"({_CELL}(,{_CELL})*)?",
        "indices of tokens: 4 for a query, k4 for a key, 4.7 for a cell",
    ),
}
"""The names and values that every view selects."""

_OF_AN_AXIS = Word(r"(?s).{1,300}", "a value of the selector of that name")


@dataclass(frozen=True)
class SelectionContext:
    """The context in which an author writes a selection.

    Attributes:
        words: the name of the context in messages, after the word ``in``.
        problem: the problem of a mistake in the selection.
        everywhere: the names that can be selected in every view.
    """

    words: str
    problem: Problem = Problem.OPTION
    everywhere: Mapping[str, Word] = field(default_factory=lambda: EVERYWHERE)

    def error(self, what: str, name: str, expected: str) -> AttentionError:
        """The error for a name, or for a value and its name."""
        return AttentionError(self.problem, f"invalid {what} {name} in {self.words}: {expected}")


IN_OPTION = SelectionContext(named("selection"))
"""The option `selection`."""


def _words(view: View, context: SelectionContext = IN_OPTION) -> dict[str, Word]:
    return {**context.everywhere, **VIEWS[view].words}


def names() -> dict[str, Word]:
    """The values that any view selects, by name."""
    return {name: word for view in VIEWS for name, word in _words(view).items()}


def read(text: str) -> Selection:
    """Names and values of a selection.

    Raises:
        ValueError: the text is not a selection. The message has the right form.
    """
    known = names()
    found: dict[str, str] = {}
    for part in "".join(text.split()).removeprefix("&").split("&"):
        name, equals, value = part.partition("=")
        name, value = unquote(name), unquote(value)
        if not equals:
            raise ValueError("expected names with values, such as direction=to&pin=k4")
        if name in {"layer", "head"}:
            raise ValueError(f"{name} is not part of a selection: write it as {option(name)}")
        word = _OF_AN_AXIS if name in AXES else known.get(name)
        if word is None:
            hint = nearest(name, known)
            raise ValueError(f"expected {listed(known)} in place of {quoted(name)}{hint}")
        if name in found:
            raise ValueError(f"expected each name once; {name} stands there several times")
        if not re.fullmatch(word.pattern, value, re.ASCII):
            raise ValueError(
                f"expected {word.expected} for {name}, in place of {quoted(value)}"
                f"{word.nearest(value)}"
            )
        if name == "pin" or word.names_heads:
            value = ",".join(dict.fromkeys(value.split(",")))
        found[name] = value
    return tuple(found.items())


def written(selection: Selection) -> str:
    """A selection as text, which `read` reads."""
    return "&".join(f"{name}={quote(value, safe=',')}" for name, value in selection)


def check_view(selection: Selection, view: View, context: SelectionContext = IN_OPTION) -> None:
    """Check that a view has the names and values of a selection.

    Args:
        selection: names and values.
        view: the view of the figure.
        context: where the selection is written.

    Raises:
        AttentionError: the view has no such name, or no such value.
    """
    words = _words(view, context)
    for name, value in selection:
        if name not in words:
            expected = f"expected {listed(words)}" if words else "expected no such name"
            raise context.error("name", repr(name), f"{expected} in the view {view}")
        if not re.fullmatch(words[name].pattern, value, re.ASCII):
            raise context.error(
                "value",
                f"{quoted(value)} for {name}",
                f"expected {words[name].expected} in the view {view}",
            )


def check_tokens(
    selection: Selection, attention: Attention, view: View, context: SelectionContext = IN_OPTION
) -> None:
    """Check that the selected tokens and heads exist.

    Args:
        selection: names and values.
        attention: the attention that the page carries.
        view: the view of the figure.
        context: where the selection is written.

    Raises:
        AttentionError: a token or a head does not exist. The message names the range.
    """
    values = dict(selection)
    rows, columns = len(attention.query_tokens), len(attention.key_tokens)
    for token in filter(None, values.get("pin", "").split(",")):
        own, other = (rows, columns) if token[0] != "k" else (columns, rows)
        index, _, beside = token.removeprefix("k").partition(".")
        for number, count in ((int(index), own), (int(beside or 0), other)):
            if number >= count:
                raise context.error(
                    "value",
                    f"{token!r} for pin",
                    f"there is no token {number}; expected 0 to {count - 1}",
                )
    for name, word in VIEWS[view].words.items():
        for head in values[name].split(",") if word.names_heads and name in values else ():
            if head not in attention.head_names:
                carried = f"the page carries only {', '.join(attention.head_names)}"
                raise context.error("value", f"{quoted(head)} for {name}", carried)
