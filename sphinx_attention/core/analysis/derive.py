"""What is made of an attention: a part of it, words from pieces, a bin, heads taken together.

Everything here starts from the model's own floats, and works in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.request import ModelSource

from .aggregate import aggregate
from .special import hide_special
from .words import merge_words, note_pieces, words_of

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import Request


def derive(attention: Attention, request: Request) -> Attention:
    """What a request makes of the answer to its `base`.

    Rollout and flow are taken over the model's own tokens, and their result is merged. The other
    aggregates come last: the largest weight on a word is that of one head, not a sum over several.

    Args:
        attention: the answer to ``request.base``.
        request: whose merge, special and aggregate are followed.

    Returns:
        The attention itself where nothing is asked of it.

    Raises:
        AttentionError: rows that do not sum to 1 under merge; an aggregate that these tokens, or so
            many of them, do not have; no scipy for flow.
    """
    if request.aggregate in {"rollout", "flow"}:
        attention = aggregate(attention, request.aggregate)
    if request.merge == "words":
        if not isinstance(request.source, ModelSource):
            attention = note_pieces(attention, request)
        attention = merge_words(attention, words_of(request, attention))
    if request.special == "hide":
        attention = hide_special(attention)
    if request.aggregate not in {None, "rollout", "flow"}:
        attention = aggregate(attention, request.aggregate)
    return attention
