"""The steps view: the computation of one weight, from query and keys to the weighted values.

The picture has a row for each key token, and a column for each step. The text of the queries is on
top. The query in focus is a strip above the keys, and the output is a strip below the weighted
values. Under the picture, each step is a panel with one formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis import logits
from sphinx_attention.core.codes import FULL, Codes
from sphinx_attention.core.render.common import vector_strips
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.common.placed_text import (
    PlacedToken,
    token_text,
    tokens_right_to_left,
)
from sphinx_attention.core.render.common.score_vector import are_strong
from sphinx_attention.core.render.drawing import Drawing
from sphinx_attention.core.text import clean_line, visible

from . import layout
from .formulas import INFINITY, MINUS, fixed, labels, parts
from .latex import formulas
from .masks import Mask, mask_of
from .panels import ALL, Panel, first_formula, panels_of
from .written import row_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.analysis.logits import Chain
    from sphinx_attention.core.attention import Attention, Token
    from sphinx_attention.core.figure.figure import Figure

_STEPS = constants("steps")

HUES = {"query": "#9d5d03", "keys": "#7e2384", "values": "#005431"}
"""The colours of queries, keys and values where no style sheet gives others.

They can be told from one another and from the accent with any colour vision.
"""

PITCH: int = _STEPS["pitch"]
"""The height of a row in px, which a finger can hit."""

MOST_ROWS = 24
"""A picture with more rows scrolls in a box of its own."""

_SENTENCE_GAP = 12
# The distance from the text to the first row, with the strip of the query.
_HEAD: int = _STEPS["head"]
# The same distance without the strip.
_BARE_HEAD = 44
# The distance from the last row to the row of the output.
_FOOT = 12
_END = 4
_BAR_HEIGHT: int = _STEPS["bar_height"]


@dataclass(frozen=True, kw_only=True)
class Row(PlacedToken):
    """A key token and its numbers.

    Attributes:
        index: the index of the key token.
        y: top of the row in px.
        numbers: a number for each of the picture's columns of numbers.
        strong: whether the weight is set in the accent colour.
        masked: whether the query may not see the key.
        chosen: whether the sums of this key are shown.
    """

    index: int
    y: float
    numbers: tuple[str, ...]
    strong: bool
    masked: bool
    chosen: bool


@dataclass(frozen=True)
class Steps:
    """The picture, and the panels below it.

    Attributes:
        shape: the steps.
        words: the query tokens on top.
        backwards: whether the query tokens run from right to left.
        rows: the key tokens.
        columns: the columns from left to right.
        strips: the drawings in the columns of vectors.
        bars: by the names of their columns, the paths of bars, for ordinary and special tokens.
        mask: the minus infinities of the mask, if only a mask is added to the logits.
        formula: the kind of the panel that is shown first; ``all`` for all panels.
        at_sink: whether the chosen cell is that of the sink, which has no sums before the softmax.
        first: the top of the first row in px.
        width: the width of the picture in px.
        panels: the panels in order; none if there are no sums.
        parts: the numbers of the chosen cell, by name.
        labels: the formulas of the cell in words, by the kind of their panel.
        query: the query of the cell.
        key: the key of the cell.
        missing: why there are no sums; empty if there are.
    """

    shape: layout.Shape
    words: tuple[layout.Word, ...]
    backwards: bool
    rows: tuple[Row, ...]
    columns: tuple[layout.Column, ...]
    strips: tuple[vector_strips.Strips, ...]
    bars: tuple[tuple[str, tuple[str, str]], ...]
    mask: Mask | None
    formula: str
    at_sink: bool
    first: float
    width: float
    panels: tuple[Panel, ...]
    parts: dict[str, str]
    labels: dict[str, str]
    query: str
    key: str
    missing: str

    def column(self, name: str) -> layout.Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def numbers(self) -> tuple[layout.Column, ...]:
        """The columns that have a number in each row."""
        alone = "bias" if self.mask else ""
        return tuple(c for c in self.columns if not c.vectors and c.name != alone)

    @property
    def hues(self) -> Mapping[str, str]:
        """The colours of the letters of queries, keys and values."""
        return {name[0]: hue for name, hue in HUES.items()}

    @property
    def guided(self) -> bool:
        """Whether one step after the other is shown."""
        return self.formula != ALL

    def place(self, name: str) -> int:
        """The number of a column, from 0. The query's strip belongs to the column of the keys."""
        names = [column.name for column in self.columns]
        return names.index("keys" if name == "query" else name)

    def short_title(self, panel: Panel) -> str:
        """The title of a panel's column; empty where it has none."""
        return next((c.title for c in self.columns if c.number == panel.number), "")

    @property
    def last(self) -> float:
        """The bottom of the last row in px."""
        return self.first + PITCH * len(self.rows)

    @property
    def long(self) -> bool:
        """Whether the picture needs a box to scroll in."""
        return len(self.rows) > MOST_ROWS


def draw(figure: Figure) -> Drawing:
    """Draw a figure as steps."""
    attention = figure.attention
    query = figure.focus if figure.focus is not None else len(attention.query_tokens) - 1
    missing = logits.missing(attention)
    chain = None if missing else logits.chain(attention, figure.layer, figure.head, query)
    codes = Codes.of_head(attention, figure.layer, figure.head)[query]
    written = row_of(figure, query)
    weights = codes if written is None else written.codes
    key = chosen_key(attention, codes, query)
    names = visible(attention.query_tokens[query].text), visible(attention.key_tokens[key].text)
    largest = most(figure)
    numbers = (
        {} if chain is None else parts(chain, key, int(weights.values[key]), largest, figure.say)
    )
    if numbers and written is not None:
        numbers |= written.parts(key, codes, figure.say)
    shape = layout.shape_of(attention, chain)
    panels = panels_of(shape)
    both = "measure" in dict(figure.spec.at)
    formula = first_formula(figure.option("formula"), panels, later=both)
    label = layout.label_width(attention.key_tokens)
    columns, width = layout.columns(shape, label, chain, figure.say)
    before = _numbers(chain, shape) or [()] * len(attention.key_tokens)
    bars = [("weight", _bars(attention.key_tokens, weights, shape.bar))]
    if written is not None:
        before = written.numbers(before)
        bars.append(("share", _bars(attention.key_tokens, codes, shape.bar)))
    words, height = layout.sentence(attention.query_tokens, query, width)
    first = height + _SENTENCE_GAP + (_HEAD if chain else _BARE_HEAD)
    view = Steps(
        shape=shape,
        words=words,
        backwards=tokens_right_to_left(attention.query_tokens),
        rows=tuple(_rows(attention.key_tokens, codes, before, key, label=label, first=first)),
        columns=columns,
        strips=_strips(chain, columns, first, largest[0]),
        bars=tuple(bars),
        mask=mask_of(shape, codes, columns, first),
        formula=formula,
        at_sink=chain is not None and chain.sink_key == key,
        first=first,
        width=width,
        panels=panels,
        parts=numbers,
        labels=labels(numbers, *names, figure.say) if numbers else {},
        query=names[0],
        key=names[1],
        missing=clean_line(figure.say.remark(missing)),
    )
    return Drawing(
        width,
        view.last + (_FOOT + PITCH if shape.values else 0) + _END,
        right_to_left=False,
        template="steps/picture.jinja",
        content=view,
        controls="steps/controls.jinja",
        below="steps/below.jinja",
        latex=formulas,
        vector=False,
    )


def chosen_key(attention: Attention, codes: Codes, query: int) -> int:
    """The key whose sums are shown while no key is chosen.

    This is the heaviest key that is neither special nor the query itself. If all these have weight
    0, it is the heaviest key of all.
    """
    mass = np.where(codes.masked, -1, codes.values)
    ordinary = mass * [not token.special for token in attention.key_tokens]
    if attention.same_tokens:
        ordinary[query] = 0
    return int(np.argmax(ordinary if ordinary.max() > 0 else mass))


def most(figure: Figure) -> tuple[float, float]:
    """The largest magnitude among the shown head's queries and keys, and among its values."""
    attention = figure.attention

    def largest(tensor: NDArray[np.float32] | None) -> float:
        if tensor is None:
            return 0.0
        shared = attention.heads // tensor.shape[1]
        return float(np.abs(tensor[figure.layer, figure.head // shared]).max(initial=0))

    return max(largest(attention.queries), largest(attention.keys)), largest(attention.values)


def _rows(
    tokens: Sequence[Token],
    codes: Codes,
    numbers: Sequence[tuple[str, ...]],
    key: int,
    *,
    label: float,
    first: float,
) -> Iterator[Row]:
    strong, masked = are_strong(codes), codes.masked.tolist()
    for index, (token, weight) in enumerate(zip(tokens, codes.texts, strict=True)):
        text = token_text(token, layout.KEY_FONTS, label)
        yield Row(
            **text,
            index=index,
            y=first + index * PITCH,
            x=layout.MARGIN + label - text["text_width"] / 2,
            numbers=(*numbers[index], weight),
            strong=strong[index],
            masked=masked[index],
            chosen=index == key,
        )


def _numbers(chain: Chain | None, shape: layout.Shape) -> list[tuple[str, ...]]:
    """The numbers of each key's row before its weight."""
    if chain is None:
        return []
    columns = [[fixed(value) for value in chain.dot.tolist()]]
    if shape.scaled:
        columns.append([fixed(value) for value in chain.scaled.tolist()])
    if shape.capped:
        columns.append([fixed(value) for value in chain.capped.tolist()])
    if shape.biased:
        columns.append(
            [
                MINUS + INFINITY if masked else fixed(value)
                for value, masked in zip(chain.bias.tolist(), chain.masked, strict=True)
            ]
        )
    if chain.sink_key is not None and chain.sink is not None:
        # The sink has no key. Its logit is learnt, and stands where the sums of other keys end.
        for column in columns:
            column[chain.sink_key] = ""
        columns[-1][chain.sink_key] = fixed(chain.sink)
    return list(zip(*columns, strict=True))


def _bars(tokens: Sequence[Token], codes: Codes, full: int) -> tuple[str, str]:
    paths = ["", ""]
    for index, (token, code) in enumerate(zip(tokens, codes.values.tolist(), strict=True)):
        if code:
            wide = num(code * full / FULL)
            top = index * PITCH + (PITCH - _BAR_HEIGHT) // 2
            paths[token.special] += f"M0 {top}h{wide}v{_BAR_HEIGHT}h-{wide}z"
    return paths[0], paths[1]


def _strips(
    chain: Chain | None,
    columns: Sequence[layout.Column],
    first: float,
    largest: float,
) -> tuple[vector_strips.Strips, ...]:
    if chain is None:
        return ()
    x = {column.name: column.x for column in columns}
    tops = [PITCH * index for index in range(len(chain.keys))]
    products = chain.keys * chain.query
    drawn = [
        vector_strips.draw(
            "query",
            (x["keys"], first - _HEAD),
            [0],
            chain.query[np.newaxis],
            largest,
            hue=HUES["query"],
        ),
        vector_strips.draw("keys", (x["keys"], first), tops, chain.keys, largest, hue=HUES["keys"]),
        vector_strips.draw("products", (x["products"], first), tops, products, _largest(products)),
    ]
    if chain.values is not None and chain.output is not None:
        weighted = np.vstack([chain.weights[:, np.newaxis] * chain.values, chain.output])
        tops = [*tops, PITCH * len(tops) + _FOOT]
        drawn.append(
            vector_strips.draw(
                "values",
                (x["values"], first),
                tops,
                weighted,
                _largest(weighted),
                hue=HUES["values"],
            )
        )
    return tuple(drawn)


def _largest(vectors: NDArray[np.float64]) -> float:
    return float(np.abs(vectors).max(initial=0))
