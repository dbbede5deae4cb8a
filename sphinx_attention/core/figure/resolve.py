"""The first selection of a figure of one attention, and what its page carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.analysis import head_scores
from sphinx_attention.core.analysis.bins import has_bin
from sphinx_attention.core.analysis.parts import position, select
from sphinx_attention.core.errors import AttentionError, InvalidValueError, Problem
from sphinx_attention.core.host_words import named, option, setting
from sphinx_attention.core.request import MatrixSource, ModelSource
from sphinx_attention.core.text import quoted

from .figure import Figure
from .focus import find
from .labels import find_labels, undrawn
from .payload import MOST_A_WEIGHT, estimate
from .selection import check_tokens
from .spec import DEFAULT_CUTOFF, SEVERAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sphinx_attention.core.attention import Attention

    from .spec import FigureSpec


def resolve(spec: FigureSpec, attention: Attention, budget: int | None = None) -> Figure:
    """Resolve a figure's first selection on the numbers that came back.

    Args:
        spec: the specification of the figure.
        attention: the answer to its request.
        budget: bytes that the numbers may take in a page; None sets no bound. Layers and heads that
            the author named are always carried.

    Raises:
        AttentionError: a layer, head or token that the attention does not have.
    """
    for_layers, for_heads = (
        None if numbers is None else [position(kind, n, names, f"{kind}s") for n in numbers]
        for kind, numbers, names in (
            ("layer", spec.layers, attention.layer_names),
            ("head", spec.heads, attention.head_names),
        )
    )
    attention = select(attention, for_layers, for_heads)
    _check_hidden(spec, attention)
    layer, head, chosen = _first_head(spec, attention)
    names = attention.head_names
    first_heads = [position("head", n, names) for n in spec.shown_heads] or [head]
    for layers, heads in _carry_candidates(spec, layer, first_heads):
        carried = select(attention, layers, heads)
        if budget is None or _fits(spec, carried, budget):
            break
    layer = carried.layer_names.index(attention.layer_names[layer])
    shown_heads = tuple(carried.head_names.index(names[n]) for n in first_heads)
    head = carried.head_names.index(names[head])
    check_tokens(spec.selection, carried, spec.view)
    cutoff = spec.cutoff
    if cutoff is None:
        cutoff = 1.0 if isinstance(spec.request.source, MatrixSource) else DEFAULT_CUTOFF
    scores = None
    if spec.kind.head_scores:
        scores = {name: score(carried) for name, score in head_scores.HEAD_SCORES.items()}
    pinned, notices = _pinned(spec, carried, layer, head)
    labels = find_labels(spec, carried)
    unseen = undrawn(labels, carried, layer, shown_heads, cutoff if spec.kind.edges else None)
    return Figure(
        spec=spec,
        attention=carried,
        layer=layer,
        head=head,
        chosen=chosen,
        pinned=pinned,
        cutoff=cutoff,
        shown_heads=shown_heads,
        available=(attention.layers, attention.heads),
        notices=(*spec.notices, *notices, *unseen),
        head_scores=scores,
        labels=labels,
    )


def _check_hidden(spec: FigureSpec, attention: Attention) -> None:
    """Raise an error where the author hides special tokens and no token is known to be special.

    The error is only for the option of this figure. The project's setting is for all figures.
    """
    own = not isinstance(spec.request.source, ModelSource)
    requested = spec.request.special == "hide" and "special" not in spec.of_project
    if not requested or not own or has_bin(attention):
        return
    raise AttentionError(
        Problem.OPTION,
        f"{named('special')}: no token is known to be special, so that none is hidden; special "
        "tokens are written [CLS], <s>, <|endoftext|> and so on, or named in the entry special of "
        f"a file or of an answer; write them so, or remove {option('special')}",
    )


def _fits(spec: FigureSpec, attention: Attention, budget: int) -> bool:
    keeps = bool(spec.kind.keeps)
    if not keeps and attention.weights.size * MOST_A_WEIGHT <= budget:
        return True
    return estimate(attention, with_tensors=keeps) <= budget


def _first_head(spec: FigureSpec, attention: Attention) -> tuple[int, int, bool]:
    """The layer and the head shown first, and whether one of them was chosen automatically."""
    layer = _shown_first(spec, "layer", spec.layer, attention.layer_names)
    head = _shown_first(spec, "head", spec.head, attention.head_names)
    if layer is None and spec.request.aggregate in {"rollout", "flow"}:
        # The last layer shows the result of all layers.
        layer = attention.layers - 1
    chosen = (layer is None and attention.layers > 1) or (head is None and attention.heads > 1)
    return *head_scores.choose_head(attention, layer=layer, head=head), chosen


def _carry_candidates(
    spec: FigureSpec, layer: int, first_heads: Sequence[int]
) -> Iterator[tuple[Sequence[int] | None, Sequence[int] | None]]:
    """The layers and heads that a page may carry, the most first. None stands for all of them."""
    one_layer = None if spec.layers is not None else [layer]
    few_heads = None if spec.heads is not None else sorted(first_heads)
    if not spec.kind.one_head:
        yield None, None
        yield one_layer, None
    yield one_layer, few_heads


def _shown_first(
    spec: FigureSpec, kind: str, number: int | None, names: Sequence[str]
) -> int | None:
    """The position of the layer or head shown first, or None.

    Raises:
        AttentionError: there is no such layer or head. The problem is `Problem.CONFIG` where the
            number comes from the project's settings.
    """
    if number is None:
        return None
    try:
        return position(kind, number, names)
    except InvalidValueError as error:
        if kind not in spec.of_project:
            raise
        why = f"{error.why}; {spec.request.source.label} has no such {kind}"
        raise AttentionError(
            Problem.CONFIG,
            f"invalid value {number} for {setting(kind)}: {why}",
            setting=kind,
        ) from None


def _pinned(
    spec: FigureSpec, attention: Attention, layer: int, head: int
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The positions of the tokens that are pinned first, and notices for the author."""
    if spec.focus is None:
        if not spec.kind.always_pinned:
            return (), ()
        return (head_scores.telling_query(attention, layer, head),), ()
    found, notices = find_tokens(spec.focus, attention)
    if len(found) > 1 and not spec.kind.several_pins:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {quoted(spec.focus)} for {named('focus')}: the view {spec.view} "
            "follows one token; name one, or take another view",
        )
    return found, notices


def find_tokens(focus: str, attention: Attention) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The positions of the tokens that the option ``focus`` names, and notices about them."""
    whole = any(token.text == focus for token in attention.query_tokens)
    texts = [focus] if whole else focus.split(SEVERAL)
    notices = []
    found: dict[int, None] = {}
    for text in texts:
        index, folded = find(attention, text.strip())
        found[index] = None
        if folded:
            token = attention.query_tokens[index].text
            notices.append(f"focus: no token is {text.strip()!r} to the letter; {token!r} is meant")
    return tuple(found), tuple(notices)
