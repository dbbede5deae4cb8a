"""A figure: an attention, a view, and what is selected first."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sphinx_attention.core.analysis.mean import AVERAGED
from sphinx_attention.core.analysis.words import MERGED
from sphinx_attention.core.codes import Codes
from sphinx_attention.core.phrases import Phrases, is_right_to_left, phrases, primary
from sphinx_attention.core.request import FunctionSource

from .payload import encode, encode_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, Candidate
    from sphinx_attention.core.errors import AttentionError

    from .labels import Label
    from .spec import FigureSpec, Variant


@dataclass(frozen=True, eq=False)
class Alternative:
    """Another attention that a reader of the figure can choose.

    Attributes:
        variant: the request, and its place on the axes of the figure.
        figure: the figure that is shown when a reader chooses this; None if it failed.
        reason: the reason of the failure; empty if there is a figure.
        error: the error for the author's warning; None for no warning.
    """

    variant: Variant
    figure: Figure | None
    reason: str = ""
    error: AttentionError | None = None


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure whose numbers are known and whose first selection is resolved.

    Attributes:
        spec: the author's request.
        attention: the numbers that the page carries.
        layer: position in ``attention`` of the layer shown first.
        head: position of the head shown first.
        chosen: whether the layer or the head was chosen automatically.
        pinned: positions of the query tokens pinned first.
        cutoff: share of each row's mass that is drawn as edges, in (0, 1].
        shown_heads: positions of the heads drawn together first, ``head`` among them.
        available: the numbers of layers and heads before the page's budget was applied.
        notices: sentences for the author about things that are not mistakes.
        head_scores: by name, shape (layers, heads), NaN where undefined; None where the view does
            not sort heads.
        alternatives: the other attentions that readers can choose.
        order: all variants in the author's order.
        difference: of a comparison, the second attention minus the first one.
        heading: the text above the picture; empty for none.
        compared: of a difference, the names of its two sides.
        unpaired: of a difference, the words of each side that have no partner.
        labels: the author's labels of tokens and of edges.
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
    labels: tuple[Label, ...] = ()

    @cached_property
    def payload(self) -> tuple[bytes, str]:
        """The numbers that a page carries, as bytes and as the text of a page, made once."""
        data = encode(self)
        return data, encode_text(data)

    @cached_property
    def codes(self) -> Codes:
        """The weights of the head that is shown, as all parts of a page print them."""
        return Codes.of_head(self.attention, self.layer, self.head)

    @property
    def beside(self) -> tuple[Alternative, ...]:
        """All attentions that readers can see beside the one that is shown first."""
        return (*self.alternatives, *([] if self.difference is None else [self.difference]))

    @cached_property
    def say(self) -> Phrases:
        """The phrases of the figure's language, for what its numbers are."""
        found = self.spec.words or phrases(self.spec.language)
        return found.of_written if self.attention.written else found

    @property
    def foreign(self) -> str:
        """The language of the figure's own words; empty where it is the page's language."""
        own = self.say.language
        return "" if primary(self.spec.language) == primary(own) else own

    @property
    def right_to_left(self) -> bool:
        """Whether the page is read from right to left, whichever way the sentence runs."""
        return is_right_to_left(self.spec.language)

    def option(self, name: str) -> str:
        """The value of an option that only this view has: the author's, or the default."""
        return dict(self.spec.selection).get(name, self.spec.kind.options[name].default)

    @property
    def focus(self) -> int | None:
        """The query token that is pinned first; None for no token."""
        return self.pinned[0] if self.pinned else None

    @property
    def merged(self) -> bool:
        """Whether the pieces of words were put together."""
        # The tokens of a function may be whole words already (see `derive`).
        known = not isinstance(self.spec.request.source, FunctionSource)
        return self.spec.request.merge == "words" and (known or MERGED in self.attention.provenance)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the attention. A mean over sentences has several."""
        request, derivation = self.spec.request, self.spec.derivation
        if request.summary is not None and derivation is None:
            return request.summary.texts
        bases = (request,) if derivation is None else derivation.bases
        return tuple(request.text for request in bases)

    @property
    def averaged(self) -> str:
        """How sentences were averaged, for readers; empty for one sentence."""
        how = self.attention.provenance.get(AVERAGED)
        return self.say(f"mean_{how}", count=len(self.sentences)) if how else ""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The layers and heads that the page's budget leaves out, as ``1 of 24 layers``.

        Nothing is listed for a view of one head, which never carries the others.
        """
        if self.spec.kind.one_head:
            return ()
        carried = ("layers", self.attention.layers), ("heads", self.attention.heads)
        return tuple(
            self.say(f"carried_{kind}", count=count, whole=whole)
            for (kind, count), whole in zip(carried, self.available, strict=True)
            if count < whole
        )

    @cached_property
    def step(self) -> int | None:
        """The number of the token that the model chooses here, from 1; None for no such token."""
        return next((int(value) for axis, value in self.spec.at if axis == "step"), None)

    @property
    def next_tokens(self) -> tuple[Candidate, ...]:
        """The candidates for the next token, the chosen one first."""
        return self.attention.candidates[self.step - 1] if self.step else ()

    def wrote(self, index: int) -> bool:
        """Whether a picture marks a token as written by the model.

        The grid has no marks, because the browser draws its large picture anew without them.
        """
        step = self.step
        if step is None or self.spec.kind.beside:
            return False
        return index > len(self.attention.query_tokens) - step

    @property
    def layer_name(self) -> str:
        """The name of the layer that is shown, for readers."""
        return self.attention.layer_names[self.layer]

    @property
    def head_name(self) -> str:
        """The name of the head that is shown, for readers."""
        return self.attention.head_names[self.head]
