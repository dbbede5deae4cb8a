"""A figure: an attention, a view, and what is selected first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis import difference, head_scores
from sphinx_attention.core.analysis.bins import has_bin
from sphinx_attention.core.analysis.mean import AVERAGED
from sphinx_attention.core.analysis.parts import position, prefix, select
from sphinx_attention.core.analysis.words import MERGED
from sphinx_attention.core.attention import Attention, Candidate
from sphinx_attention.core.errors import AttentionError, InvalidValueError, Problem
from sphinx_attention.core.host_words import named, option, setting
from sphinx_attention.core.phrases import Phrases, phrases
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource
from sphinx_attention.core.text import quoted

from .derivation import of_variants
from .focus import find
from .payload import MOST_A_WEIGHT, estimate
from .selection import check_tokens
from .spec import DEFAULT_CUTOFF, DIFFERENCE, SEVERAL, FigureSpec, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Alternative:
    """Another attention that a reader of the figure can choose.

    Attributes:
        variant: what was asked for.
        figure: the figure as it is when this is chosen; None where it cannot be had.
        reason: why it cannot be had; empty where it can.
        error: what the author is warned of; None where there is nothing to warn of.
    """

    variant: Variant
    figure: Figure | None
    reason: str = ""
    error: AttentionError | None = None


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure whose numbers are known and whose first selection is resolved.

    Attributes:
        spec: what was asked for.
        attention: the numbers that the page carries.
        layer: position in ``attention`` of the layer shown first.
        head: position of the head shown first.
        chosen: whether layer or head was chosen here rather than by the author.
        pinned: positions of the query tokens pinned first.
        cutoff: share of each row's mass that is drawn as edges, in (0, 1].
        shown_heads: positions of the heads drawn first_heads first; ``head`` is among them.
        available: how many layers and heads there were to carry.
        notices: what the author may want to know, though it is no mistake; whole sentences.
        head_scores: by name, shape (layers, heads), NaN where undefined; None where no view of
            this figure sorts heads.
        alternatives: the other attentions that readers can choose.
        order: every variant that was asked for, in the author's order.
        difference: of a comparison, what the second attention has more than the first one.
        heading: what stands above the picture; empty for nothing.
        compared: of a difference, what it is between, as readers see it.
        unpaired: of a difference, the words of each that have no partner.
    """

    spec: FigureSpec
    attention: Attention
    layer: int
    head: int
    chosen: bool
    pinned: tuple[int, ...]
    cutoff: float
    shown_heads: tuple[int, ...]
    available: tuple[int, int]
    notices: tuple[str, ...] = ()
    head_scores: Mapping[str, NDArray[np.float64]] | None = field(default=None, repr=False)
    alternatives: tuple[Alternative, ...] = ()
    order: tuple[Variant, ...] = ()
    difference: Alternative | None = None
    heading: str = ""
    compared: tuple[str, str] | None = None
    unpaired: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def beside(self) -> tuple[Alternative, ...]:
        """Whatever readers can see of this figure beside what is shown first."""
        return (*self.alternatives, *([] if self.difference is None else [self.difference]))

    @property
    def say(self) -> Phrases:
        """The phrases of the figure's language."""
        return phrases(self.spec.language)

    @property
    def foreign(self) -> str:
        """The language of the figure's own words where the page's is not known, else empty."""
        page = self.spec.language.replace("_", "-").lower().partition("-")[0]
        return "" if page == self.say.language else self.say.language

    def option(self, name: str) -> str:
        """The value of an option of the view's own: the author's, or else the default."""
        return dict(self.spec.selection).get(name, self.spec.kind.options[name].default)

    @property
    def focus(self) -> int | None:
        """The query token pinned first; None where none is."""
        return self.pinned[0] if self.pinned else None

    @property
    def merged(self) -> bool:
        """Whether pieces were put first_heads as words."""
        # Only a function's tokens may be whole words by chance; see `derive`.
        known = not isinstance(self.spec.request.source, FunctionSource)
        return self.spec.request.merge == "words" and (known or MERGED in self.attention.provenance)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences that the attention is over: several where it is the mean over them."""
        derivation = self.spec.derivation
        bases = (self.spec.request,) if derivation is None else derivation.bases
        return tuple(request.text for request in bases)

    @property
    def averaged(self) -> str:
        """How sentences were averaged, for readers; empty where none were."""
        how = self.attention.provenance.get(AVERAGED)
        return self.say(f"mean_{how}", count=len(self.sentences)) if how else ""

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a page's budget had no room for, as ``1 of 24 layers``.

        A view of one head leaves the others out whatever the budget.
        """
        if self.spec.kind.one_head:
            return ()
        carried = ("layers", self.attention.layers), ("heads", self.attention.heads)
        return tuple(
            self.say(f"carried_{kind}", count=count, whole=whole)
            for (kind, count), whole in zip(carried, self.available, strict=True)
            if count < whole
        )

    @property
    def step(self) -> int | None:
        """Which token of its own the model chooses here, from 1; None where it chooses none."""
        return next((int(value) for axis, value in self.spec.at if axis == "step"), None)

    @property
    def next_tokens(self) -> tuple[Candidate, ...]:
        """The tokens that the model chooses from here, the chosen one first."""
        return self.attention.candidates[self.step - 1] if self.step else ()

    def wrote(self, index: int) -> bool:
        """Whether the model wrote a token itself, where a picture marks such tokens.

        The view that shows one head beside its own picture draws that head's anew, without marks.
        """
        end = len(self.attention.query_tokens)
        return bool(self.step) and index >= end - (self.step or 0) + 1 and not self.spec.kind.beside

    @property
    def layer_name(self) -> str:
        """What readers know the shown layer by."""
        return self.attention.layer_names[self.layer]

    @property
    def head_name(self) -> str:
        """What readers know the shown head by."""
        return self.attention.head_names[self.head]


def _check_hidden(spec: FigureSpec, attention: Attention) -> None:
    """Refuse to hide special tokens of an author's where none is known.

    The project's setting is for all figures; only what is asked of this figure is meant.
    """
    own = not isinstance(spec.request.source, ModelSource)
    asked = spec.request.special == "hide" and "special" not in spec.of_project
    if not asked or not own or has_bin(attention):
        return
    raise AttentionError(
        Problem.OPTION,
        f"{named('special')}: no token is known to be special, so that none is hidden; special "
        "tokens are "
        "written [CLS], <s>, <|endoftext|> and so on, or named in the entry special of a file or "
        f"of an answer; write them so, or remove {option('special')}",
    )


def resolve(spec: FigureSpec, attention: Attention, budget: int | None = None) -> Figure:
    """Resolve a figure's first selection on the numbers that came back.

    Args:
        spec: what was asked for.
        attention: the answer to its request.
        budget: bytes that the numbers may take in a page; None sets no bound. Layers and heads
            that the author named are carried whatever they weigh.

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
    quoted = tuple(carried.head_names.index(names[n]) for n in first_heads)
    head = carried.head_names.index(names[head])
    check_tokens(spec.selection, carried, spec.view)
    cutoff = spec.cutoff
    if cutoff is None:
        cutoff = 1.0 if isinstance(spec.request.source, MatrixSource) else DEFAULT_CUTOFF
    scores = None
    if spec.kind.head_scores:
        scores = {name: score(carried) for name, score in head_scores.HEAD_SCORES.items()}
    pinned, notices = _pinned(spec, carried, layer, head)
    return Figure(
        spec=spec,
        attention=carried,
        layer=layer,
        head=head,
        chosen=chosen,
        pinned=pinned,
        cutoff=cutoff,
        shown_heads=quoted,
        available=(attention.layers, attention.heads),
        notices=notices,
        head_scores=scores,
    )


def resolve_all(
    spec: FigureSpec, answers: Sequence[Attention | AttentionError], budget: int | None = None
) -> Figure:
    """Resolve a figure of several attentions.

    The first attention that can be had is shown first. What an author selected applies to the
    others as far as they have it: a layer or a head by its name, a token by its text.

    Args:
        spec: what was asked for.
        answers: one for each of the spec's requests, in order.
        budget: as for `resolve`. Attentions beyond it are left out, and the figure says so.

    Raises:
        AttentionError: none of the attentions can be had, for the reason of the first; or the
            first that can be had does not have what was selected.
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
        own = replace(
            spec,
            request=variant.request,
            at=variant.at,
            derivation=variant.derivation,
            others=(),
        )
        if isinstance(answer, AttentionError):
            others.append(Alternative(variant, None, answer.message, answer))
        elif place == first:
            figure = resolve(own, answer, budget)
            spent += _size(figure)
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


def _difference(
    spec: FigureSpec, first: Figure, answers: tuple[Attention, Attention], budget: int | None
) -> Alternative:
    """The difference of the two attentions of a comparison.

    Args:
        spec: what was asked for.
        first: the first attention, as a figure.
        answers: both.
        budget: what is left of it.
    """
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
    """Resolve a figure of a text that a model goes on from: one attention a step, all of one head.

    The tokens of a step are those that the model has read when it chooses the next one. The last of
    them is pinned, unless the author pins another one at the step shown first.

    Args:
        spec: what was asked for.
        attention: over the text and all new tokens.
        budget: as for `resolve`, for all steps together.

    Raises:
        AttentionError: the model took fewer steps than that which the author names, or a layer,
            head or token is not there.
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
    plain = replace(spec, focus=None, selection=spec.own_options)
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
    """What the second attention of a comparison opens with: what the first one opened with."""
    layer, head = (
        int(name) if name.isdecimal() else None for name in (first.layer_name, first.head_name)
    )
    names = [token.text for token in first.attention.query_tokens]
    pinned = [f"{names[at]}#{names[: at + 1].count(names[at])}" for at in first.pinned]
    return replace(spec, layer=layer, head=head, focus=SEVERAL.join(pinned) or None)


def _relaxed(spec: FigureSpec, attention: Attention) -> FigureSpec:
    """What was selected, as far as another attention has it."""

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
            _found(text, attention)
        except AttentionError:
            continue
        kept.append(text)
    return SEVERAL.join(kept) or None


def _fits(spec: FigureSpec, attention: Attention, budget: int) -> bool:
    keeps = bool(spec.kind.keeps)
    if not keeps and attention.weights.size * MOST_A_WEIGHT <= budget:
        return True
    return estimate(attention, with_tensors=keeps) <= budget


def _size(figure: Figure) -> int:
    """About how many characters of a page the numbers of a figure take."""
    return estimate(figure.attention, with_tensors=bool(figure.spec.kind.keeps))


def _first_head(spec: FigureSpec, attention: Attention) -> tuple[int, int, bool]:
    """Layer and head shown first, and whether one of them was chosen here."""
    layer = _shown_first(spec, "layer", spec.layer, attention.layer_names)
    head = _shown_first(spec, "head", spec.head, attention.head_names)
    if layer is None and spec.request.aggregate in {"rollout", "flow"}:
        # What all layers first_heads come to; those below are on the way there.
        layer = attention.layers - 1
    chosen = (layer is None and attention.layers > 1) or (head is None and attention.heads > 1)
    return *head_scores.choose_head(attention, layer=layer, head=head), chosen


def _carry_candidates(
    spec: FigureSpec, layer: int, first_heads: Sequence[int]
) -> Iterator[tuple[Sequence[int] | None, Sequence[int] | None]]:
    """Which layers and heads a page carries: as many as fit. What was named always stays."""
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
        AttentionError: there is none of that number; of kind `Problem.CONFIG` where the project's
            settings named it, since no page is to blame then.
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
    """The positions of the tokens pinned first, and what their author may want to know."""
    if spec.focus is None:
        if not spec.kind.always_pinned:
            return (), ()
        return (head_scores.telling_query(attention, layer, head),), ()
    found, notices = _found(spec.focus, attention)
    if len(found) > 1 and not spec.kind.several_pins:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {quoted(spec.focus)} for {named('focus')}: the view {spec.view} "
            "follows one "
            "token; name one, or take another view",
        )
    return found, notices


def _found(focus: str, attention: Attention) -> tuple[tuple[int, ...], tuple[str, ...]]:
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
