"""A figure: an attention, a view, and what is selected first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from . import analysis
from .errors import AttentionError, Problem
from .request import MatrixSource, Request

if TYPE_CHECKING:
    from .attention import Attention

View = Literal["arcs"]
Rest = Literal["none", "overview"]

DEFAULT_CUTOFF = 0.95


@dataclass(frozen=True)
class FigureSpec:
    """What an author asked to see, before any number is known. Plain data: it lives in doctrees.

    Attributes:
        request: which numbers.
        view: how they are drawn.
        layer: the layer shown first, from 0; None chooses one worth looking at.
        head: the head shown first, from 0; None likewise.
        focus: the token pinned first: its text, ``text#2`` for the second of that text, or its
            index; None pins none.
        cutoff: share of each row's mass that is drawn as edges; None draws 0.95 of a model's rows
            and all of a matrix that the author wrote out.
        rest: what is drawn while no token is in focus.
        alt: the author's own description for those who do not see the picture.
    """

    request: Request
    view: View = "arcs"
    layer: int | None = None
    head: int | None = None
    focus: str | None = None
    cutoff: float | None = None
    rest: Rest = "none"
    alt: str | None = None


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure whose numbers are known and whose selection is settled.

    Attributes:
        spec: what was asked for.
        attention: the numbers.
        layer: the layer shown first.
        head: the head shown first.
        chosen: whether the head was chosen here rather than by the author.
        focus: index of the query token pinned first; None where none is.
        cutoff: share of each row's mass that is drawn as edges, in (0, 1].
    """

    spec: FigureSpec
    attention: Attention
    layer: int
    head: int
    chosen: bool
    focus: int | None
    cutoff: float


def settle(spec: FigureSpec, attention: Attention) -> Figure:
    """Settle a figure's first selection on the numbers that came back.

    Raises:
        AttentionError: a layer, head or token that the attention does not have.
    """
    _check_range("layer", spec.layer, attention.layers)
    _check_range("head", spec.head, attention.heads)
    layer, head = analysis.choose_head(attention, layer=spec.layer, head=spec.head)
    several = attention.layers * attention.heads > 1
    cutoff = spec.cutoff
    if cutoff is None:
        cutoff = 1.0 if isinstance(spec.request.source, MatrixSource) else DEFAULT_CUTOFF
    return Figure(
        spec=spec,
        attention=attention,
        layer=layer,
        head=head,
        chosen=several and (spec.layer is None or spec.head is None),
        focus=None if spec.focus is None else find_token(attention, spec.focus),
        cutoff=cutoff,
    )


def find_token(attention: Attention, focus: str) -> int:
    """The index of the query token that an author named.

    Args:
        attention: whose tokens are searched.
        focus: a token's text, the same with ``#2`` for its second occurrence, or an index.
            A text that is also a number is taken as text first.

    Raises:
        AttentionError: no such token; the message lists those that there are.
    """
    texts = [token.text for token in attention.query_tokens]
    name, hash_, ordinal = focus.rpartition("#")
    wanted, occurrence = focus, 1
    if hash_ and ordinal.isdigit() and focus not in texts:
        wanted, occurrence = name, int(ordinal)
    for fold in (str, str.casefold):
        found = [i for i, text in enumerate(texts) if fold(text) == fold(wanted)]
        if 1 <= occurrence <= len(found):
            return found[occurrence - 1]
    if focus.isdigit() and int(focus) < len(texts):
        return int(focus)
    raise AttentionError(
        Problem.OPTION,
        f"focus: no token {focus!r}; the tokens are {' '.join(texts)} "
        f"(0 to {len(texts) - 1}; write the#2 for the second “the”)",
    )


def _check_range(name: str, value: int | None, count: int) -> None:
    if value is not None and not 0 <= value < count:
        has = f"0 to {count - 1}" if count > 1 else "only 0"
        raise AttentionError(Problem.OPTION, f"{name}: there is no {name} {value}, {has}")
