"""References from the prose to the numbers of a figure: ``fox 1.3 brown -> quick``.

A reference names a figure. It may go on with the attention that is meant where the figure has
several (``sentence=1``), with the value of an option of the figure's view (``formula=softmax``),
with a layer and a head (``1.3``), with a query token, and with a key token behind an arrow::

    fox
    fox 1.3
    fox 1.3 brown
    fox 1.3 brown -> quick
    fox 1.3 brown -> quick + fox
    rivers sentence=1 4.2 bank#2 -> robbed
    chain formula=softmax 0.10 bank -> robbed

Several tokens with ``+`` between are added up. ``(words)`` stands for all ordinary tokens and
``(special)`` for all special ones, unless a token has that text. Where a number is asked of many
heads, ``*`` stands for all layers or all heads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.spec import AXES
from sphinx_attention.core.host_words import option
from sphinx_attention.core.text import nearest, quoted
from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx_attention.core.figure.selection import Selection
    from sphinx_attention.core.figure.spec import Axis

_FORM = "expected the name of a figure, then a layer and a head, a token, -> and a token, such as "
EXAMPLE = "fox 1.3 brown -> quick"

EVERY = "*"
"""The name that stands for all layers or all heads, in numbers over many heads."""

_NAME = r"(?:\d{1,4}|\*|mean|max|rollout|flow)"
"""The name of a layer or a head: its number, or how several were put together."""

_HEAD = re.compile(rf"({_NAME})\.({_NAME})")
_SET_IN_VIEWS = frozenset(name for kind in VIEWS.values() for name in kind.words)
_SETTING = re.compile(rf"({'|'.join((*AXES, *sorted(_SET_IN_VIEWS)))})=(\S+)")
_ARROW = re.compile(r"(?:^|\s)(?:->|→)(?:\s|$)")


@dataclass(frozen=True)
class Reference:
    """A reference, before the numbers of the figure are known.

    Attributes:
        figure: the name of the figure.
        at: the attention that is meant, by the values on the axes that the reference names.
        head: the names of the layer and of the head; None means those that the figure shows first.
        query: the query token as the author names it, or several with + between; empty for none.
        key: likewise the key tokens.
        options: the values of options of the figure's view, which only a link can set.
    """

    figure: str
    at: tuple[tuple[Axis, str], ...] = ()
    head: tuple[str, str] | None = None
    query: str = ""
    key: str = ""
    options: Selection = ()

    @property
    def title(self) -> str:
        """The text of a reference whose author gives none."""
        if not self.query:
            return ".".join(self.head) if self.head else self.figure
        return f"{self.query} → {self.key}" if self.key else self.query

    @property
    def without_tokens(self) -> Reference:
        """The same figure and head."""
        return replace(self, query="", key="")


def parse_reference(text: str) -> Reference:
    """Read a reference.

    Args:
        text: the reference as the author wrote it.

    Raises:
        AttentionError: the text names no figure, or has an arrow without two tokens.
    """
    words = text.split()
    figure = words[0] if words else ""
    if not figure or _ARROW.search(f" {figure} "):
        raise AttentionError(
            Problem.REFERENCE, f"no figure is named in {quoted(text)}: {_FORM}{EXAMPLE}"
        )
    at, options, rest = _settings(words[1:])
    head, query, key = _rest(" ".join(rest), text)
    return Reference(figure, at, head, query, key, options)


def parse_place(text: str) -> Reference:
    """Read a reference without its figure: ``1.3 brown -> quick``.

    Raises:
        AttentionError: an arrow stands without two tokens.
    """
    head, query, key = _rest(" ".join(text.split()), text)
    return Reference("", (), head, query, key)


def parse_figure(text: str) -> Reference:
    """Read a reference that may only name a figure and one of its attentions.

    Raises:
        AttentionError: the text names more, or no figure.
    """
    found = parse_reference(text)
    if found.head or found.query or found.options:
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid value {quoted(text)}: expected the name of one figure; write layers, heads "
            f"and tokens on the lines below it, such as 1.3: brown -> quick > 0.5",
        )
    return found


def _settings(
    words: Sequence[str],
) -> tuple[tuple[tuple[Axis, str], ...], Selection, Sequence[str]]:
    """The values on axes and of options, which are named first, and the words behind them."""
    at: dict[Axis, str] = {}
    options: dict[str, str] = {}
    count = 0
    while count < len(words) and (match := _SETTING.fullmatch(words[count])):
        name, value = match.groups()
        if name in _SET_IN_VIEWS:
            options[name] = value
        else:
            at[cast("Axis", name)] = value
        count += 1
    return tuple(at.items()), tuple(options.items()), words[count:]


def _rest(rest: str, text: str) -> tuple[tuple[str, str] | None, str, str]:
    """Layer and head, query and key."""
    first, _, behind = rest.partition(" ")
    head = None
    if match := _HEAD.fullmatch(first):
        head = match[1], match[2]
        rest = behind
    parts = [part.strip() for part in _ARROW.split(rest)]
    if len(parts) > 2 or (len(parts) == 2 and not all(parts)):
        raise AttentionError(
            Problem.REFERENCE,
            f"the arrow in {quoted(text)} needs one token on each side, such as brown -> quick",
        )
    query, key = (*parts, "")[:2]
    return head, query, key


def nearest_figure(name: str, known: Iterable[str]) -> AttentionError:
    """The error for an unknown name of a figure, with the nearest known name."""
    names = sorted(set(known))
    few = f"; the named figures are {', '.join(names)}" if 0 < len(names) <= _MOST_NAMES else ""
    none = f"; no figure has a name: give one {option('name')}" if not names else ""
    return AttentionError(
        Problem.REFERENCE,
        f"there is no figure of the name {quoted(name)}{nearest(name, names)}{few}{none}",
    )


_MOST_NAMES = 12
"""The most names of figures that a message lists."""
