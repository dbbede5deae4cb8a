"""The matrix view: a heat map of one head, queries down the side, keys along the top."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.bins import has_bin
from sphinx_attention.core.codes import FULL, Codes, format_thousandths
from sphinx_attention.core.render.common import heatmap
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.word_row import SMALLEST
from sphinx_attention.core.render.drawing import Drawing
from sphinx_attention.core.text import visible

from . import layout as at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Token
    from sphinx_attention.core.figure.figure import Figure

    from .layout import Layout

_NAMED: int = constants("matrix")["named"]


@dataclass(frozen=True)
class Readout:
    """The content of the line under the picture about the pinned rows."""

    tokens: tuple[str, ...]
    more: bool
    other: str
    number: str


@dataclass(frozen=True)
class Matrix:
    """The picture.

    Attributes:
        layout: the layout of the picture.
        levels: the cells as paths; empty if images hold them.
        images: the URLs of stencils with one pixel per cell, one of positive levels and, if
            necessary, one of negative levels.
        dim: whether negative levels are cells of special tokens.
        signed: whether the codes are differences, whose negative levels are below 0.
        hatch: the outline of the masked cells, from the corner of the cells.
        marks: the marks of the pinned rows.
        readout: the line about the pinned rows; None without pins.
        measures: the measures of the labels that are left out, as JSON; empty if there are none.
        legends: the meaning of hatched cells in each layer, as JSON.
    """

    layout: Layout
    levels: tuple[heatmap.Level, ...]
    images: tuple[str, ...]
    dim: bool
    signed: bool
    hatch: str
    marks: tuple[int, ...]
    readout: Readout | None
    measures: str
    legends: str


def draw(figure: Figure) -> Drawing:
    """Draw a figure as a heat map."""
    queries, keys = figure.attention.query_tokens, figure.attention.key_tokens
    codes = figure.codes
    masked, signed = codes.masked, codes.signed
    # The second hue is for differences below 0.
    dim = figure.spec.special == "dim" and not signed
    levels, most = cell_levels(codes.values, queries, keys, dim=dim)
    layout = at.lay_out(
        queries,
        keys,
        pinned=figure.pinned,
        most=most,
        beyond=most < heatmap.strongest(codes.values),
        signed=signed,
        hatched=hatched(figure, masked),
        legends=legends(figure),
        say=figure.say,
    )
    cells = layout.cells
    if cells.mirrored:
        levels, masked = levels[:, ::-1], masked[:, ::-1]
    small = max(levels.shape) <= heatmap.MOST_AS_PATHS
    sides = (cells.cell, cells.cell)
    matrix = Matrix(
        layout=layout,
        levels=heatmap.level_paths(levels, sides, cells.gap) if small else (),
        images=() if small else tuple(_stencils(levels)),
        dim=dim,
        signed=signed,
        hatch="".join(run.path for run in heatmap.level_paths(masked.astype(np.int8), sides)),
        marks=figure.pinned,
        readout=_readout(figure, codes),
        legends=_json(legends(figure)),
        measures=_json(at.labels(queries, keys)) if cells.every > 1 else "",
    )
    return Drawing(
        width=layout.width,
        height=layout.height,
        right_to_left=cells.mirrored,
        template="matrix/picture.jinja",
        content=matrix,
        controls="matrix/controls.jinja",
        smallest=SMALLEST,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cell_levels(
    values: NDArray[np.integer[Any]], queries: Sequence[Token], keys: Sequence[Token], *, dim: bool
) -> tuple[NDArray[np.int8], int]:
    """The opacity level of each cell, and the code at the end of the ramp.

    Args:
        values: the codes of one head, shape (queries, keys); 0 where masked.
        queries: the tokens of the rows.
        keys: the tokens of the columns.
        dim: whether special tokens are dimmed. Their cells then have negative levels, and the ramp
            ends at the strongest weight between ordinary tokens.

    A key that stands for no single token, such as the bin of hidden special tokens, does not count
    for the ramp. Its weights would make the weights of words invisible.
    """
    most = heatmap.strongest(values)
    if not dim:
        tokens = [not token.is_bin for token in keys]
        most = int(np.abs(values[:, tokens]).max(initial=0)) or most
        return heatmap.levels(values, most=most), most
    special = np.array([[token.special] for token in queries]) | np.array(
        [token.special for token in keys]
    )
    most = int(values[~special].max(initial=0)) or most
    levels = heatmap.levels(values, most=most)
    stepped_back: NDArray[np.int8] = np.where(special, -levels, levels)
    return stepped_back, most


def _stencils(levels: NDArray[np.int8]) -> Iterator[str]:
    """White images that work as stencils for the colours of a page, including dark themes."""
    for sign in (1, -1):
        part = np.maximum(sign * levels, 0)
        if sign > 0 or part.any():
            yield heatmap.data_uri(heatmap.png(part, ("#ffffff", "#ffffff")))


def measures(figure: Figure) -> dict[str, Any]:
    """The measures with which the browser part builds the picture, in px."""
    queries, keys = figure.attention.query_tokens, figure.attention.key_tokens
    layout = at.lay_out(
        queries,
        keys,
        pinned=(),
        most=FULL,
        beyond=False,
        hatched="",
        legends=legends(figure),
        say=figure.say,
    )
    cells, bar, words = layout.cells, layout.bar, layout.masked
    box = {"y": bar.y, "height": bar.height}
    found = {
        **at.labels(queries, keys),
        "cell": cells.cell,
        "left": cells.left,
        "top": cells.top,
        "mirrored": cells.mirrored,
        "width": layout.width,
        "height": layout.height,
        "bar": {"x": bar.x, "width": bar.width, **box},
    }
    if words:
        swatch = {"x": bar.swatch, "width": at.SWATCH, **box}
        text = {"x": words.x, "y": words.y}
        found["legend"] = {"box": swatch, "text": text, "texts": legends(figure)}
    return found


def legends(figure: Figure) -> list[str]:
    """The meaning of hatched cells in each layer; one text if all layers have one mask."""
    return [hatched(figure, masked) for masked in figure.attention.masked]


def hatched(figure: Figure, masked: NDArray[np.bool_]) -> str:
    """The meaning of hatched cells; empty if there are none."""
    attention, say = figure.attention, figure.say
    if attention.signed:
        return say("no_partner") if masked.any() else ""
    rows = attention.bins if attention.same_tokens else 0
    words = [say("masked")] if masked[rows:].any() else []
    if rows and has_bin(attention):
        words.append(say("left_out"))
    if rows > has_bin(attention):
        words.append(say("no_query"))
    return ", ".join(words)


def _readout(figure: Figure, codes: Codes) -> Readout | None:
    if not figure.pinned:
        return None
    queries, keys = figure.attention.query_tokens, figure.attention.key_tokens
    total = codes[list(figure.pinned)].sum().values
    strongest = int(np.abs(total).argmax())
    some = bool(total[strongest])
    return Readout(
        tokens=tuple(visible(queries[row].text) for row in figure.pinned[:_NAMED]),
        more=len(figure.pinned) > _NAMED,
        other=visible(keys[strongest].text) if some else "",
        number=format_thousandths(int(total[strongest]), signed=codes.signed) if some else "",
    )
