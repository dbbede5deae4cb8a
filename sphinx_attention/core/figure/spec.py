"""The figure that an author asked for, before any number is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from sphinx_attention.core.views import DEFAULT_VIEW, VIEWS

if TYPE_CHECKING:
    from sphinx_attention.core.phrases import Phrases
    from sphinx_attention.core.request import Request
    from sphinx_attention.core.views import View, ViewKind

    from .labels import LabelSpec
    from .selection import Selection

Rest = Literal["ghost", "none", "overview"]
Special = Literal["show", "dim", "hide"]
Quoting = Literal["", "yaml", "attribute", "python"]
Axis = Literal["model", "sentence", "picture", "part", "measure", "compare", "step"]
"""What the attentions of one figure can differ in, in the order of the selectors.

On the axis ``compare`` stand the two attentions of a comparison, `SIDES`, and their difference.
"""

AXES: tuple[Axis, ...] = get_args(Axis)

SIDES, DIFFERENCE = "sides", "difference"
"""The values of the axis ``compare``."""

Comparable = Literal["sentence", "model", "measure"]
"""The axes along which two attentions can be shown side by side."""

DEFAULT_CUTOFF = 0.95
"""The share of a row that is drawn as edges if the author names none."""

SEVERAL = " | "
"""The separator of the tokens in `FigureSpec.focus`."""


@dataclass(frozen=True)
class Notation:
    """A language in which authors write figures, so that a script can write a figure again.

    Attributes:
        figure: the whole. ``%t`` stands for the text, ``%o`` for all options, ``%b`` for the body
            with a blank line above it, and ``%f`` for a fence that is longer than any within.
        option: one option. ``%n`` stands for its name and ``%v`` for its value.
        quote: the form of values: as they are, or quoted as in YAML, in HTML or in Python.
        indent: what stands in front of each line of the body.
        label: the name of the phrase on the button.
    """

    figure: str
    option: str
    quote: Quoting = ""
    indent: str = ""
    label: str = "copy_directive"


@dataclass(frozen=True)
class DirectiveSource:
    """A directive as its author wrote it, to be written again with another selection.

    Attributes:
        text: the sentence.
        options: names and values, in order, without those that are about the page: caption, name,
            class and align.
        body: the rows of numbers; empty where there are none.
        notation: the language that it was written in.
    """

    text: str
    options: tuple[tuple[str, str], ...]
    body: str
    notation: Notation


Making = Literal["mean sentences"]
"""The attentions that `figure.derivation` computes from several others."""


MEAN_SENTENCES: Making = "mean sentences"
"""The value of the option ``aggregate`` that makes one attention of those over all sentences."""


@dataclass(frozen=True)
class Derivation:
    """An attention that is computed from the answers to several requests.

    The store keeps the answers, each under its own request, and not the computed attention.

    Attributes:
        how: the name of the computation.
        bases: the requests, in the order in which their answers are taken.
    """

    how: Making
    bases: tuple[Request, ...]


@dataclass(frozen=True)
class Variant:
    """One of the attentions that a figure can show.

    Attributes:
        request: the request. A derived attention has several requests, and this is the first.
        at: the values that distinguish this attention: by the name of each axis with several
            values, a model's name, the number of a sentence from 0, a part, a measure, or the
            number of a step from 1. All steps of a continued text have the same request.
        derivation: the computation of the attention; None if it is the answer to the request.
    """

    request: Request
    at: tuple[tuple[Axis, str], ...] = ()
    derivation: Derivation | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests that have to be answered."""
        return (self.request,) if self.derivation is None else self.derivation.bases


@dataclass(frozen=True)
class FigureSpec:
    """The figure that an author asked for, before any number is known, as plain data for doctrees.

    Attributes:
        request: which numbers are shown first.
        view: how they are drawn.
        layer: the number of the layer shown first; None chooses one worth looking at.
        head: the number of the head shown first; None likewise.
        focus: the token pinned first: its text, ``text#2`` for the second of that text, or its
            index; several with `SEVERAL` between; None pins none.
        selection: what else is selected first once scripts run, in the words of
            `figure.selection`. The picture shows layer, head, focus and the options of the view's
            own, which are among these.
        cutoff: share of each row's mass that is drawn as edges; None draws 0.95 of a model's rows
            and all of a matrix that the author wrote out.
        rest: what is drawn while no token is in focus.
        alt: the author's own description for those who do not see the picture.
        descriptions: in a figure of several pictures, the description of each, in order.
        shown_heads: numbers of the heads that are drawn together first, ``head`` the first of them;
            empty for that one alone.
        layers: numbers of the layers that the page carries; None takes what fits.
        heads: likewise the heads.
        special: whether special tokens are shown as others are, paler, or not at all.
        link: figures of a page with the same name here share their selection.
        of_project: which of layer, head and special the project's settings named, not the author.
        written: the directive, where one was written.
        at: where the attention that is shown first stands (see `Variant`); empty for a figure of
            one attention.
        others: the other attentions that readers can choose.
        step: of a text that the model goes on from, the number of the token that is chosen at the
            step shown first, from 1; None shows the last step.
        derivation: what the attention that is shown first is made of; None where it is the answer
            to the request.
        language: the code of the language that the figure's own words are in, such as ``de``.
        words: the phrases of the figure, where the project has its own; None takes those of the
            language. A host adds them when a page is written, and no doctree has them.
        compare: the axis whose two attentions stand side by side; None shows one attention.
        opens_on_difference: whether a comparison opens on the difference of the two.
        labels: the labels that the author sets in the picture of the first attention.
        sentence_labels: the author's label of each sentence of a summary, in order; empty without
            labels.
        notices: sentences for the author about what was read, which are not mistakes.
    """

    request: Request
    view: View = DEFAULT_VIEW
    layer: int | None = None
    head: int | None = None
    focus: str | None = None
    selection: Selection = ()
    cutoff: float | None = None
    rest: Rest = "ghost"
    alt: str | None = None
    shown_heads: tuple[int, ...] = ()
    layers: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None
    special: Special = "show"
    link: str | None = None
    of_project: tuple[str, ...] = ()
    written: DirectiveSource | None = None
    at: tuple[tuple[Axis, str], ...] = ()
    others: tuple[Variant, ...] = ()
    step: int | None = None
    derivation: Derivation | None = None
    language: str = "en"
    words: Phrases | None = field(default=None, compare=False, repr=False)
    compare: Comparable | None = None
    opens_on_difference: bool = False
    labels: tuple[LabelSpec, ...] = ()
    sentence_labels: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every attention that the figure can show; the first is shown first."""
        return Variant(self.request, self.at, self.derivation), *self.others

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests that have to be answered, each once, in order."""
        return tuple(dict.fromkeys(one for variant in self.variants for one in variant.requests))

    def described(self, variant: Variant) -> str | None:
        """The description of a variant: that of its picture, if the figure has several pictures."""
        picture = dict(variant.at).get("picture")
        return self.alt if picture is None else self.descriptions[int(picture)] or None

    @property
    def own_options(self) -> Selection:
        """The view's own options in the selection. They hold for every variant."""
        return tuple((name, value) for name, value in self.selection if name in self.kind.options)

    @property
    def kind(self) -> ViewKind:
        """The needs and abilities of the view."""
        return VIEWS[self.view]
