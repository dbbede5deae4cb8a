"""Derived attentions: merged words, a bin of special tokens, aggregated heads or layers.

Everything is computed from the model's own numbers, in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.request import ModelSource

from .aggregate import aggregate
from .special import hide_special
from .words import merge_words, note_pieces, words_of
from .written import written

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import Request


def derive(attention: Attention, request: Request) -> Attention:
    """Derive the answer to a request from the answer to its `base`.

    The measure comes first: everything else is made of the shares of what a head writes as it is
    made of weights. The share of a word is the sum of the shares of its pieces.
    Rollout and flow are computed over the model's own tokens, and then their result is merged. The
    other aggregates come last, so that the largest weight on a word is the weight of one head and
    not a sum over several heads.

    Args:
        attention: the answer to ``request.base``.
        request: its measure, merge, special and aggregate are applied.

    Returns:
        The attention itself if the request asks for none of them.

    Raises:
        AttentionError: rows that do not sum to 1 cannot be merged, the aggregate is not defined for
            these tokens, there are too many tokens for a flow, or scipy is not installed.
    """
    if request.measure == "written":
        attention = written(attention)
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
