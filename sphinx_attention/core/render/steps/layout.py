"""The layout of the steps view: the text on top, and the columns that a model needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.render.common import vector_strips
from sphinx_attention.core.render.common.placed_text import (
    Fonts,
    PlacedToken,
    token_text,
    tokens_right_to_left,
)

from .formulas import radicand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.analysis.logits import Chain
    from sphinx_attention.core.attention import Attention, Token
    from sphinx_attention.core.phrases import Phrases

FONTS = Fonts(ordinary=16, special=13)
"""The sizes in px of the tokens on top."""

KEY_FONTS = Fonts(ordinary=13, special=13)
"""The sizes in px of the tokens down the side."""

MARGIN = 5
"""The free space on both sides in px."""

_GAP, _LABEL_GAP = 12, 10
_LEAST_WIDTH, _LEAST_LABEL, _MOST_LABEL = 420, 50, 104
_NUMBER, _MASK, _WEIGHT = 55, 36, 40
# The columns of the last step fit into the width of a phone beside the names of rows.
_SHARE = 36
_BAR, _BARE_BAR = 48, 300
_LINE, _BASELINE, _WORD_GAP, _LEAST_WORD = 28, 19, 8, 24
_VECTORS = {"keys", "products", "values"}


@dataclass(frozen=True)
class Shape:
    """The steps of a model, for all carried layers, heads and tokens.

    Attributes:
        chain: whether there are sums besides the weights.
        values: whether the values are known.
        scaled: whether scores are scaled.
        root: whether scores are divided by the root of a whole number.
        capped: whether a soft cap limits scores.
        biased: whether a bias for the positions of query and key is added.
        masks: whether there are keys that a query may not see.
        sink: whether a learnt logit takes a share.
        written: whether the steps go on to the share of what the head writes.
    """

    chain: bool = False
    values: bool = False
    scaled: bool = False
    root: bool = False
    capped: bool = False
    biased: bool = False
    masks: bool = False
    sink: bool = False
    written: bool = False

    @property
    def bar(self) -> int:
        """The length of the bar of a weight of 1, in px."""
        return _BAR if self.chain else _BARE_BAR


@dataclass(frozen=True)
class Column:
    """A step of the picture.

    Attributes:
        name: ``keys``, ``products``, ``dot``, ``scaled``, ``capped``, ``bias``, ``weight``,
            ``values``, ``norm``, ``length`` or ``share``.
        x: the left end in px.
        width: the width in px.
        title: the operation, in a word.
        symbol: the result, as pieces of text, each with whether it is italic.
        number: the number of the panel with the formula; 0 if another column has it.
        step: the number of the step that the column belongs to.
    """

    name: str
    x: float
    width: float
    title: str
    symbol: tuple[tuple[str, bool], ...]
    number: int = 0
    step: int = 1

    @property
    def middle(self) -> float:
        """The centre of the column."""
        return self.x + self.width / 2

    @property
    def end(self) -> float:
        """The x at which numbers end."""
        return self.x + self.width

    @property
    def vectors(self) -> bool:
        """Whether the column holds strips."""
        return self.name in _VECTORS


@dataclass(frozen=True, kw_only=True)
class Word(PlacedToken):
    """A token on top.

    Attributes:
        index: the index of the query token.
        y: the baseline of the text in px.
        left: the left end of the token's area in px.
        width: the width of the area in px.
        focus: whether the token is the chosen query.
    """

    index: int
    y: float
    left: float
    width: float
    focus: bool


def shape_of(attention: Attention, chain: Chain | None) -> Shape:
    """The steps between queries and weights."""
    terms = attention.logit_terms
    written = attention.alphas is not None
    if chain is None or terms is None:
        return Shape(written=written)
    return Shape(
        chain=True,
        values=chain.values is not None,
        scaled=bool((terms.scale != 1).any()),
        root=all(radicand(float(scale)) for scale in terms.scale),
        capped=bool(terms.softcap.any()),
        biased=terms.bias is not None and bool(terms.bias.any()),
        masks=bool(attention.masked.any()),
        sink=chain.sink is not None,
        written=written,
    )


def label_width(tokens: Sequence[Token]) -> float:
    """The room in px for the names of the rows."""
    widest = max((token_text(token, KEY_FONTS)["text_width"] for token in tokens), default=0.0)
    return float(min(max(widest, _LEAST_LABEL), _MOST_LABEL))


def columns(
    shape: Shape, label: float, chain: Chain | None, say: Phrases
) -> tuple[tuple[Column, ...], float]:
    """The columns of a model from left to right, and the width of the picture in px."""
    left = MARGIN + label + _LABEL_GAP
    panel = 0
    made: list[Column] = []

    def add(
        name: str, width: float, title: str, symbol: Sequence[str], *, counts: bool = True
    ) -> None:
        nonlocal left, panel
        panel += counts
        pieces = tuple((piece.strip("_"), piece.startswith("_")) for piece in symbol)
        if made and (name in {"weight", "share"} or made[-1].name in {"keys", "weight"}):
            left += _GAP
        made.append(
            Column(
                name,
                left,
                width,
                say(f"column_{title}"),
                pieces,
                number=panel if counts else 0,
                step=panel + (not counts),
            )
        )
        left += width

    if chain is not None:
        wide = vector_strips.width(len(chain.query))
        add("keys", wide, "keys", ["_k_"], counts=False)
        add("products", wide, "products", ["_q_", " × ", "_k_"])
        add("dot", _NUMBER, "dot", ["_q_", " ⋅ ", "_k_"])
        if shape.scaled:
            add("scaled", _NUMBER, "scaled", ["÷ √" if shape.root else say("column_scale_symbol")])
        else:
            panel += 1
        if shape.capped:
            add("capped", _NUMBER, "capped", ["tanh"])
        if shape.biased:
            add("bias", _NUMBER, "bias", ["+ ", "_b_"])
        elif shape.masks:
            add("bias", _MASK, "mask", ["+ ", "_b_"])
    add("weight", shape.bar + _WEIGHT, "softmax" if chain else "weight", ["_α_"])
    if chain is not None and chain.values is not None:
        add("values", vector_strips.width(chain.values.shape[1]), "values", ["_α_", " ", "_v_"])
    if shape.written:
        add("norm", _NUMBER, "norm", ["‖", "_f_", "(", "_x_", ")‖"], counts=False)
        add("length", _NUMBER, "length", ["_α_", "‖", "_f_", "(", "_x_", ")‖"], counts=False)
        add("share", shape.bar + _SHARE, "share", ["÷ ∑"])
    return tuple(made), max(left + MARGIN, _LEAST_WIDTH)


def sentence(tokens: Sequence[Token], query: int, width: float) -> tuple[tuple[Word, ...], float]:
    """The query tokens in as many lines as necessary, and the height of the lines in px."""
    mirrored = tokens_right_to_left(tokens)
    most = width - 2 * MARGIN
    words = []
    start, line = 0.0, 0
    for index, token in enumerate(tokens):
        text = token_text(token, FONTS, most)
        slot = max(text["text_width"], _LEAST_WORD)
        if start and start + slot > most:
            start, line = 0.0, line + 1
        left = width - MARGIN - start - slot if mirrored else MARGIN + start
        words.append(
            Word(
                **text,
                index=index,
                x=left + slot / 2,
                y=line * _LINE + _BASELINE,
                left=left,
                width=slot,
                focus=index == query,
            )
        )
        start += slot + _WORD_GAP
    return tuple(words), (line + 1) * _LINE
