"""Attentions that are computed from the answers to several requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.mean import mean_of_sentences
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import beginning

from .spec import MEAN_SENTENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sphinx_attention.core.request import Request

    from .spec import Derivation, FigureSpec, Making, Variant

Answer = Attention | AttentionError

_MAKERS: Mapping[Making, Callable[[Sequence[Attention], Sequence[Request]], Attention]] = {
    MEAN_SENTENCES: mean_of_sentences,
}


def of_variants(spec: FigureSpec, answers: Sequence[Answer]) -> list[Answer]:
    """The attention of each variant, or the error instead.

    Args:
        spec: the specification of the figure.
        answers: one for each of the spec's requests, in order.
    """
    by_request = dict(zip(spec.requests, answers, strict=True))
    return [_of_variant(variant, by_request) for variant in spec.variants]


def _of_variant(variant: Variant, answers: Mapping[Request, Answer]) -> Answer:
    if variant.derivation is None:
        return answers[variant.request]
    bases = []
    for request in variant.requests:
        answer = answers[request]
        if isinstance(answer, AttentionError):
            return answer.about(request.subject, f"the sentence {beginning(request.subject)}")
        bases.append(answer)
    return _made(variant.derivation, bases)


def _made(derivation: Derivation, bases: Sequence[Attention]) -> Answer:
    try:
        with guarded(Problem.OPTION, f"making the {derivation.how}"):
            return _MAKERS[derivation.how](bases, derivation.bases)
    except AttentionError as error:
        return error
