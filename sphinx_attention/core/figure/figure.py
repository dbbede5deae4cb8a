"""A figure: an attention, a view, and what is selected first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.mean import AVERAGED
from sphinx_attention.core.analysis.words import MERGED
from sphinx_attention.core.phrases import Phrases, is_right_to_left, phrases
from sphinx_attention.core.request import FunctionSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, Candidate
    from sphinx_attention.core.errors import AttentionError

    from .spec import FigureSpec, Variant


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

    @property
    def right_to_left(self) -> bool:
        """Whether the page is read from right to left, whichever way the sentence runs."""
        return is_right_to_left(self.spec.language)

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
