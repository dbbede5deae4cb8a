"""A figure of several attentions: other models, sentences, parts or steps, and differences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.parts import prefix
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import beginning

from .derivation import of_variants
from .figure import Alternative
from .payload import estimate
from .resolve import find_tokens, resolve
from .spec import DIFFERENCE, SEVERAL, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .figure import Figure
    from .spec import FigureSpec


def resolve_all(
    spec: FigureSpec, answers: Sequence[Attention | AttentionError], budget: int | None = None
) -> Figure:
    """Resolve a figure of several attentions.

    The first attention that is available is shown first. The author's selection applies to the
    others as far as possible: a layer or a head by its name, a token by its text.

    Args:
        spec: the specification of the figure.
        answers: one for each of the spec's requests, in order.
        budget: as for `resolve`. Attentions beyond it are left out, and the figure says so.

    Raises:
        AttentionError: no attention is available, and the message has the reason of the first; or
            the first available attention lacks a selected layer, head or token.
    """
    if spec.request.generate is not None and isinstance(answers[0], Attention):
        return _resolve_steps(spec, answers[0], budget)
    variants, answers = spec.variants, of_variants(spec, answers)
    found = [isinstance(answer, AttentionError) for answer in answers]
    if all(found):
        raise next(answer for answer in answers if isinstance(answer, AttentionError))
    first = found.index(False)
    figure: Figure | None = None
    spent = 0
    others = []
    for place, (variant, answer) in enumerate(zip(variants, answers, strict=True)):
        own = spec if len(variants) == 1 else _of_variant(spec, variant)
        if isinstance(answer, AttentionError):
            others.append(Alternative(variant, None, answer.message, _located(answer, variant)))
        elif place == first:
            figure = resolve(own, answer, budget)
            spent += _size(figure) if len(variants) > 1 else 0
        else:
            if spec.compare and figure is not None:
                own = _beside(own, figure)
            alternative = _alternative(variant, own, answer, budget, spent)
            if alternative.figure is not None:
                spent += _size(alternative.figure)
            others.append(alternative)
    assert figure is not None
    figure = replace(figure, alternatives=tuple(others), order=variants)
    if spec.compare and all(other.figure is not None for other in others):
        one, other = (answer for answer in answers if isinstance(answer, Attention))
        left = None if budget is None else budget - spent
        figure = replace(figure, difference=_difference(spec, figure, (one, other), left))
    return figure


def _of_variant(spec: FigureSpec, variant: Variant) -> FigureSpec:
    """The specification of one of several attentions."""
    return replace(
        spec,
        request=variant.request,
        at=variant.at,
        derivation=variant.derivation,
        alt=spec.described(variant),
        others=(),
    )


def _located(error: AttentionError, variant: Variant) -> AttentionError:
    """An error about a text, with the number and the beginning of the sentence."""
    number = dict(variant.at).get("sentence")
    if number is None or error.problem is not Problem.TEXT:
        return error
    subject = variant.request.subject
    return error.about(subject, f"sentence {int(number) + 1}, {beginning(subject)}")


def _difference(
    spec: FigureSpec, first: Figure, answers: tuple[Attention, Attention], budget: int | None
) -> Alternative:
    """The difference of the two attentions of a comparison.

    Args:
        spec: the specification of the figure.
        first: the first attention, as a figure.
        answers: both.
        budget: the bytes that are left of the budget.
    """
    from sphinx_attention.core.analysis import difference  # noqa: PLC0415 - few figures need it

    variant = Variant(spec.request, (("compare", DIFFERENCE),))
    if why := spec.kind.no_difference:
        return Alternative(variant, None, f"the view {spec.view} {why}")
    one, other = (each.request for each in spec.variants)
    try:
        found = difference.difference(*answers, (one, other))
        merge = "words" if found.merged else spec.request.merge
        own = replace(
            spec, request=replace(spec.request, merge=merge), at=variant.at, others=(), compare=None
        )
        relaxed = _relaxed(_beside(own, first), found.attention)
        figure = resolve(relaxed, found.attention, budget)
    except difference.NoDifferenceError as error:
        return Alternative(variant, None, error.why, error)
    except AttentionError as error:
        return Alternative(variant, None, error.message, error)
    if budget is not None and estimate(figure.attention) > budget:
        return Alternative(variant, None, figure.say("variant_beyond_budget"))
    return Alternative(variant, replace(figure, unpaired=(found.only_first, found.only_second)))


def _resolve_steps(spec: FigureSpec, attention: Attention, budget: int | None) -> Figure:
    """Resolve a figure of a continued text, with an attention of one head for each step.

    The tokens of a step are those that the model has read when it chooses the next one. The last of
    them is pinned, unless the author pins another one at the step shown first.

    Args:
        spec: the specification of the figure.
        attention: over the text and all new tokens.
        budget: as for `resolve`, for all steps together.

    Raises:
        AttentionError: the model took fewer steps than the author names, or a layer, head or token
            does not exist.
    """
    count = len(attention.candidates)
    shown = count if spec.step is None else spec.step
    if shown > count:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {shown} for step in selection: {spec.request.source.label} ends its "
            f"text after {count} of {spec.request.generate} tokens; expected 1 to {count}",
        )
    before = len(attention.query_tokens) - count - 1
    plain = replace(spec, focus=None, selection=spec.own_options, labels=())
    whole = resolve(
        plain, prefix(attention, before + count), None if budget is None else budget // count
    )
    variants = tuple(Variant(spec.request, (("step", str(n)),)) for n in range(1, count + 1))
    figures = []
    for number, variant in enumerate(variants, 1):
        own = replace(spec if number == shown else plain, at=variant.at)
        figure = resolve(own, prefix(whole.attention, before + number))
        figures.append(
            replace(
                figure,
                layer=whole.layer,
                head=whole.head,
                chosen=whole.chosen,
                shown_heads=whole.shown_heads,
                available=whole.available,
                pinned=figure.pinned if own.focus else (before + number - 1,),
            )
        )
    first = figures[shown - 1]
    spent = _size(first)
    others = []
    for variant, figure in zip(variants, figures, strict=True):
        if figure is first:
            continue
        spent += _size(figure)
        fits = budget is None or spent <= budget
        others.append(
            Alternative(variant, figure)
            if fits
            else Alternative(variant, None, first.say("variant_beyond_budget"))
        )
    return replace(first, alternatives=tuple(others), order=variants)


def _alternative(
    variant: Variant, spec: FigureSpec, attention: Attention, budget: int | None, spent: int
) -> Alternative:
    try:
        figure = resolve(_relaxed(spec, attention), attention, budget)
    except AttentionError as error:
        return Alternative(variant, None, error.message, error)
    if budget is not None and spent + _size(figure) > budget:
        return Alternative(variant, None, figure.say("variant_beyond_budget"))
    return Alternative(variant, figure)


def _beside(spec: FigureSpec, first: Figure) -> FigureSpec:
    """The spec of the second attention of a comparison, with the selection of the first one."""
    layer, head = (
        int(name) if name.isdecimal() else None for name in (first.layer_name, first.head_name)
    )
    names = [token.text for token in first.attention.query_tokens]
    pinned = [f"{names[at]}#{names[: at + 1].count(names[at])}" for at in first.pinned]
    return replace(spec, layer=layer, head=head, focus=SEVERAL.join(pinned) or None)


def _relaxed(spec: FigureSpec, attention: Attention) -> FigureSpec:
    """The spec without the layers, heads and tokens that another attention lacks."""

    def there(numbers: tuple[int, ...] | None, names: Sequence[str]) -> tuple[int, ...] | None:
        kept = tuple(n for n in numbers or () if str(n) in names)
        return kept or None

    layers, heads = attention.layer_names, attention.head_names
    shown = there(spec.shown_heads, heads) or ()
    head = spec.head if str(spec.head) in heads else None
    return replace(
        spec,
        layer=spec.layer if str(spec.layer) in layers else None,
        head=shown[0] if shown and head is None else head,
        shown_heads=shown if len(shown) > 1 else (),
        layers=there(spec.layers, layers),
        heads=there(spec.heads, heads),
        focus=_known_part(spec.focus, attention),
        selection=spec.own_options,
        labels=(),
        of_project=tuple(name for name in spec.of_project if name == "special"),
    )


def _known_part(focus: str | None, attention: Attention) -> str | None:
    """The tokens of the option ``focus`` that another attention has; None where it has none."""
    if focus is None:
        return None
    whole = any(token.text == focus for token in attention.query_tokens)
    kept = []
    for text in [focus] if whole else focus.split(SEVERAL):
        try:
            find_tokens(text, attention)
        except AttentionError:
            continue
        kept.append(text)
    return SEVERAL.join(kept) or None


def _size(figure: Figure) -> int:
    """The approximate number of characters of a figure's numbers in a page."""
    return estimate(figure.attention, with_tensors=bool(figure.spec.kind.keeps))
