"""The views, and the facts that the rest of the core uses about each.

A view draws in its folder under ``core/render/`` and under ``static/src/views/``. Its name stands
in these folders and here, and nowhere else: all other code uses a fact of its `ViewKind`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .host_words import option
from .text import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

View = str
"""The name of a view: a key of `VIEWS`."""

Tensor = Literal["queries", "keys", "values"]

HEAD_SCORE_NAMES = ("previous", "first", "self", "entropy", "induction")
"""The scores by which heads are sorted, as readers see them. `head_scores` computes them."""

CORPUS_SCORE_NAMES = ("previous", "induction", "first", "self", "distance", "entropy")
"""The scores of heads over many sentences, in the order in which they are drawn."""

SCORES_WITH_UNITS: Mapping[str, str] = {"distance": "tokens", "entropy": "bits"}
"""The scores that are not shares of 1, and the names of their units."""


@dataclass(frozen=True)
class Word:
    """A value that an author, a control or an address can set.

    Attributes:
        pattern: a regular expression that the whole value matches.
        expected: the expected values in a message.
        help: the meaning, in reStructuredText, for the docs; only options need it.
        names_heads: whether the value lists heads that the page has to carry.
        default: the value if an author names none; only options need it.
    """

    pattern: str
    expected: str
    help: str = ""
    names_heads: bool = False
    default: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the pattern accepts; empty if it accepts other values than names."""
        found = re.match(r"(?:\(\?:)?(\w+(?:\|\w+)*)(?:\)|$)", self.pattern)
        return tuple(found[1].split("|")) if found else ()

    def nearest(self, value: str) -> str:
        """The name nearest to the first wrong one of a value, as ``(did you mean log?)``."""
        wrong = (one.strip() for one in value.split(",") if one.strip() not in self.names)
        return nearest(next(wrong, ""), self.names)


@dataclass(frozen=True)
class OfSentences:
    """How a view summarises all sentences of a figure (see `analysis.summaries`).

    Attributes:
        kind: the kind of the summary.
        keeps: tensors that the source keeps of each sentence. The page does not carry them.
        parameters: the view's own options that change the numbers.
        of_heads: whether only the heads in the option ``heads`` are summarised.
    """

    kind: str
    keeps: tuple[Tensor, ...] = ()
    parameters: tuple[str, ...] = ()
    of_heads: bool = False


@dataclass(frozen=True)
class ViewKind:
    """The needs and abilities of a view.

    Attributes:
        name: the value of the option ``view``.
        meant_by: other words that authors write for it; messages suggest the name.
        keeps: tensors that the source keeps beside the weights, and that the page carries.
        several_heads: whether several heads are drawn together.
        several_pins: whether several tokens can be pinned.
        always_pinned: whether a token is pinned if the author names none.
        one_head: whether a page carries only the layer and the heads that are shown first.
        head_scores: whether the page carries a score of every head.
        edges: whether weights are drawn as edges, some of which the cut-off hides.
        beside: the views that can show one head beside this view; the page shows the first.
        scripts: the names of further scripts that the view needs in the browser.
        selection: names that the option ``selection`` and addresses take in this view alone.
        options: options of the view's own, by name. Each is an option of the directive, which other
            views refuse, and a control of the same name in the view's template. Its value stands
            in `FigureSpec.selection`, in addresses, and in ``state.options`` in the browser;
            ``draw`` reads it by `Figure.option`.
        refuses: by option, the values that the view refuses and the reason. The reason follows the
            sentence `because` about the view.
        because: the behaviour of the view that is the cause of its refusals.
        of_pictures: whether the view, which is one of many sentences, also shows many pictures.
        needs_picture: whether the view shows a picture. It is then the view of figures with a
            picture whose author names no view.
        refuses_given: why the view cannot draw weights that the author gives; empty if it can.
        no_difference: why the view shows no difference of two attentions; empty if it does.
        summary: how the view summarises all sentences; None if it shows one at a time.
        never: options that the view does not take, each with the reason, which follows the name of
            the view.
    """

    name: View
    meant_by: tuple[str, ...] = ()
    keeps: tuple[Tensor, ...] = ()
    several_heads: bool = False
    several_pins: bool = True
    always_pinned: bool = False
    one_head: bool = False
    head_scores: bool = False
    edges: bool = False
    beside: tuple[View, ...] = ()
    scripts: tuple[str, ...] = ()
    selection: Mapping[str, Word] = field(default_factory=dict)
    options: Mapping[str, Word] = field(default_factory=dict)
    refuses: Mapping[str, tuple[frozenset[str], str]] = field(default_factory=dict)
    because: str = ""
    refuses_given: str = ""
    no_difference: str = ""
    summary: OfSentences | None = None
    needs_picture: bool = False
    of_pictures: bool = False
    never: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Mapping[str, Word]:
        """All values that are selected in this view alone, by name."""
        return {**self.selection, **self.options}


_PROJECTIONS = ("bipartite", "tsne", "umap", "pca")
_COLOURS = (
    "kind",
    "position",
    "mod5",
    "norm",
    "type",
    "length",
    "frequency",
    "label",
    "row",
    "column",
)


def _several(names: tuple[str, ...]) -> str:
    """The pattern of one or several names with commas between."""
    one = f"(?:{'|'.join(names)})"
    return f"{one}(?: *, *{one})*"


_FILTER = Word("all|aa|ab|ba|bb", "all, aa, ab, ba or bb")
_ENLARGED = ("arcs", "heads", "matrix")

_NO_VECTORS: Mapping[str, tuple[frozenset[str], str]] = {
    "merge": (
        frozenset({"words"}),
        f"words that are merged from pieces have none: remove {option('merge')}",
    ),
    "special": (
        frozenset({"hide"}),
        "tokens that are hidden have none: use show or dim",
    ),
    "aggregate": (
        frozenset(
            {"mean", "max", "mean layers", "max layers", "rollout", "flow", "mean sentences"}
        ),
        f"heads, layers or sentences taken together have none: remove {option('aggregate')}",
    ),
}
"""The values that a view of vectors refuses, because only a model's own tokens have vectors."""

_EDGES = ("edges",)
"""The script that views of edges, and of cells, have in common."""

_KINDS = (
    ViewKind(name="arcs", edges=True, scripts=_EDGES),
    ViewKind(
        name="heads",
        scripts=_EDGES,
        meant_by=("head view", "lines"),
        several_heads=True,
        edges=True,
        selection={"filter": _FILTER},
    ),
    ViewKind(
        name="grid",
        scripts=_EDGES,
        meant_by=("model view",),
        head_scores=True,
        beside=_ENLARGED,
        selection={
            "heads": Word(r"\w+(,\w+)*", "heads with commas between", names_heads=True),
            "filter": _FILTER,
            "order": Word(
                "|".join(("layer", *HEAD_SCORE_NAMES)),
                f"layer or a score: {', '.join(HEAD_SCORE_NAMES)}",
            ),
            "least": Word(r"\d{1,3}(\.\d{1,6})?", "a number"),
            "large": Word("|".join(_ENLARGED), "arcs, heads or matrix"),
        },
        no_difference="sorts heads by scores, which differences do not have",
    ),
    ViewKind(
        name="matrix",
        scripts=_EDGES,
        meant_by=("heatmap", "heat map"),
        selection={"scale": Word("linear|log", "linear or log")},
    ),
    ViewKind(
        name="steps",
        meant_by=("neuron view",),
        keeps=("queries", "keys", "values"),
        several_pins=False,
        always_pinned=True,
        one_head=True,
        scripts=("rail",),
        options={
            "formula": Word(
                "multiply|dot|scale|cap|bias|softmax|value|written|all",
                "multiply, dot, scale, cap, bias, softmax, value, written or all",
                "the step that is shown first: ``multiply``, the default, ``dot``, ``scale``, "
                "``cap`` and ``bias`` where the model has them, ``softmax``, ``value``, "
                "``written`` where the figure shows what the head writes, or ``all`` for all steps "
                "at once",
                default="multiply",
            )
        },
        because="goes from a head's own queries and keys to its weights",
        refuses=_NO_VECTORS,
        no_difference="goes from queries and keys to weights, and a difference has none",
        refuses_given="goes from queries and keys to weights, and a given matrix has weights alone",
    ),
    ViewKind(
        name="image",
        meant_by=("picture", "photo"),
        needs_picture=True,
        options={
            "boost": Word(
                "none|sqrt",
                "none or sqrt",
                "how weights become brightness: ``none``, the default, in proportion; ``sqrt``, by "
                "their square root, so that weak weights show more",
                default="none",
            ),
            "flows": Word(
                "none|best|strong",
                "none, best or strong",
                "lines on the picture: ``none``, the default; ``best``, from each patch to the "
                "token that it looks at most; ``strong``, all strong weights between patches",
                default="none",
            ),
        },
        refuses_given="shows a picture, and a given matrix has weights alone",
        no_difference="shows weights as brightness, which has no sign",
    ),
    ViewKind(
        name="map",
        of_pictures=True,
        meant_by=("attentionviz", "scatter", "projection", "query-key map"),
        scripts=("map-all", "map-keys", "map-marks", "map-mean", "map-sentence"),
        summary=OfSentences(
            "map",
            keeps=("queries", "keys", "values"),
            parameters=("projection",),
            of_heads=True,
        ),
        options={
            "projection": Word(
                _several(_PROJECTIONS),
                f"{', '.join(_PROJECTIONS)}, or several with commas between",
                "how queries and keys get their places: ``bipartite``, the default, is a t-SNE "
                "whose affinities are the softmaxed logits between queries and keys alone; "
                "``tsne``, ``umap`` and ``pca`` compare all vectors, as AttentionViz does. "
                "Several, with commas between: readers choose among them",
                default="bipartite",
            ),
            "colour": Word(
                "|".join(_COLOURS),
                f"{', '.join(_COLOURS[:-1])} or {_COLOURS[-1]}",
                "what the colour of a point means: ``kind``, the default, query or key; "
                "``position`` of the token in its sentence; ``mod5``, the same modulo 5; ``norm`` "
                "of the vector; ``type``, a special token, punctuation or a word; ``length`` of "
                "the sentence; ``frequency`` of the token among all sentences; ``label``, the "
                "column of the option ``file``; or ``row`` or ``column`` of a patch in its picture",
                default="kind",
            ),
        },
        selection={
            "show": Word("head|all|mean|words", "head, all, mean or words"),
            "point": Word(r"[qk]\d{1,6}", "q or k and the number of a token"),
            "find": Word(r"[^&=]{1,60}", "some text"),
            "zoom": Word(r"-?[\d.]{1,8},-?[\d.]{1,8},[\d.]{1,8}", "three numbers"),
            "weigh": Word("norm", "norm"),
        },
        because="shows a head's own queries and keys",
        refuses={
            **_NO_VECTORS,
            "compare": (
                frozenset({"sentence", "model", "measure"}),
                f"all sentences stand in one map: remove {option('compare')}",
            ),
        },
        no_difference="shows queries and keys, and a difference has none",
        refuses_given="shows queries and keys, and a given matrix has weights alone",
        never={"generate": "shows all tokens of all sentences, and a step has a part of one"},
    ),
    ViewKind(
        name="corpus",
        meant_by=("sentences", "head over sentences"),
        edges=True,
        beside=("arcs",),
        summary=OfSentences("corpus"),
        options={
            "score": Word(
                "|".join(CORPUS_SCORE_NAMES),
                f"a score: {', '.join(CORPUS_SCORE_NAMES)}",
                "the score by which sentences are put in order, and the horizontal axis of all "
                f"heads: {', '.join(f'``{name}``' for name in CORPUS_SCORE_NAMES)}; ``previous`` "
                "is the default",
                default="previous",
            ),
            "against": Word(
                "|".join(CORPUS_SCORE_NAMES),
                f"a score: {', '.join(CORPUS_SCORE_NAMES)}",
                "the score on the vertical axis of all heads; ``entropy`` is the default",
                default="entropy",
            ),
            "example": Word(
                r"\d{1,3}",
                "a number from 0 to 100",
                "the sentence that is drawn first, by the share of sentences in percent that score "
                "as much or less: ``100``, the default, is the strongest, and ``0`` the weakest",
                default="100",
            ),
        },
        refuses={
            "aggregate": (
                frozenset({"mean sentences", "rollout", "flow"}),
                f"it shows each sentence and each head by itself: remove {option('aggregate')}",
            ),
        },
        because="puts sentences in order by the scores of a head",
        no_difference="shows many sentences, and a difference is of two",
        refuses_given="shows what heads do over many sentences, and a given matrix is one text",
        never={
            "focus": "shows many sentences, and a word stands in few of them",
            "note": "shows many sentences, and a label belongs to one",
            "compare": "shows all sentences together already",
            "pair": "shows many sentences, and a pair is of two",
            "target": "shows many sentences, and a target belongs to one",
            "generate": "shows many sentences, and steps belong to one",
        },
    ),
)

VIEWS: Mapping[View, ViewKind] = {kind.name: kind for kind in _KINDS}
"""Every view by its name; the first is the default."""

DEFAULT_VIEW: View = next(iter(VIEWS))

ENLARGED: tuple[View, ...] = tuple(name for name in VIEWS if name in _ENLARGED)
"""The views by which the view grid shows one head."""
