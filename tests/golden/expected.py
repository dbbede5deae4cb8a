"""The pictures and texts of the cases by Python, as plain data. The browser part must agree."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.logits import chain
from sphinx_attention.core.codes import MASKED, Codes, head_codes
from sphinx_attention.core.figure.cutoff import drawn_weights
from sphinx_attention.core.figure.payload import _header, tensors
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render import description
from sphinx_attention.core.render.arcs import draw as arcs
from sphinx_attention.core.render.common import edges, heatmap, vector_strips
from sphinx_attention.core.render.common.score_vector import percent_drawn, score_vector
from sphinx_attention.core.render.grid import draw as grid
from sphinx_attention.core.render.heads import draw as heads
from sphinx_attention.core.render.matrix import draw as matrix
from sphinx_attention.core.render.steps import draw as steps
from sphinx_attention.core.render.steps import formulas
from sphinx_attention.core.render.steps.written import row_of
from sphinx_attention.core.request import ModelSource, Request
from tests.golden.pieces import (
    curve_cases,
    direction_cases,
    label_cases,
    level_cases,
    number_cases,
    tick_cases,
)

from .cases import Case, cases, chained, chained_to_shares, differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.render.common.squares import Squares
    from sphinx_attention.core.render.common.two_columns import Column

FILE = Path(__file__).parent / "vectors.json.gz"


def vectors() -> dict[str, Any]:
    """All vectors by topic."""
    dice = random.Random(15)
    return {
        "rows": list(_rows(dice)),
        "curves": list(curve_cases(dice)),
        "levels": list(level_cases(dice)),
        "ticks": [
            tick_cases(most, scale, wide)
            for most in (1, 7, 83, 340, 1000)
            for scale in ("linear", "log")
            for wide in (110, 166, 220)
        ],
        "labelled": list(label_cases(dice)),
        "numbers": list(number_cases(dice)),
        "directions": list(direction_cases(dice)),
        "figures": [_figure(case, number) for number, case in enumerate(cases())],
        "differences": [_figure(case, number) for number, case in enumerate(differences())],
        "sums": [_sums(attention) for attention in (*chained(), *chained_to_shares())],
        "strips": list(_strips(dice)),
    }


def text() -> str:
    """The text of the file, with one case a line: `diff` can then compare two versions."""
    found = vectors()
    lines = []
    for topic, all_ in found.items():
        inner = ",\n".join(
            json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in all_
        )
        lines.append(f"{json.dumps(topic)}:[\n{inner}\n]")
    return "{" + ",\n".join(lines) + "}\n"


def _rows(dice: random.Random) -> Iterable[Any]:
    """The codes of a row, the cut-off, and the codes that are drawn."""
    for number in range(500):
        coarse = (1, 50, 200)[number % 3]
        count = 1 + dice.randrange(12)
        row = [int(1000 * dice.random() ** 3) // coarse * coarse for _ in range(count)]
        row = [MASKED if number % 4 == 0 and dice.random() < 0.3 else code for code in row]
        cutoff = dice.choice([0.05, 0.5, 0.6, 0.8, 0.95, 1.0])
        drawn = drawn_weights(Codes.unpacked(np.array(row)), cutoff)
        yield [row, cutoff, np.flatnonzero(drawn).tolist()]


def _figure(case: Case, number: int) -> Any:
    plain = case.of("arcs", ())
    attention = plain.attention
    layer, count = plain.layer, attention.heads
    header = _header(plain, np.zeros(attention.weights.shape, np.uint16), {})
    codes = [
        head_codes(attention, at, h).ravel().tolist()
        for at in range(attention.layers)
        for h in range(count)
    ]
    several = list(range(count))[:2]
    # Lines take much room in the file: a case has either one head or several.
    shown = (plain.head,) if number % 4 < 2 else tuple(several)
    return {
        "header": header,
        "codes": [code for head in codes for code in head],
        "cutoff": plain.cutoff,
        "dim": plain.spec.special == "dim",
        "layer": layer,
        "head": plain.head,
        "frame": _frame(plain),
        "rest": _at_rest(plain),
        "matrix": _matrix(case.of("matrix", ())),
        "measures": {"matrix": matrix.measures(plain), "heads": heads.measures(plain)},
        "columns": _columns(plain),
        # The view grid shows no differences.
        "grid": [] if attention.signed else [one.ravel().tolist() for one in _thumbnails(plain)],
        "pinned": [_pinned(case, places) for places in case.pinned],
        "heads": [
            _heads(case.of("heads", places, shown))
            for places in case.pinned
            if len(header["queries"]) < 7
        ],
    }


def _frame(figure: Figure) -> Any:
    """The centres and widths of queries and keys in arcs, and the heights at which edges end."""
    rows = arcs.draw(figure).content.rows
    centres = [[token.slot.x for token in row.tokens] for row in rows]
    widths = [[token.slot.text_width for token in row.tokens] for row in rows]
    ends = [row.word_y - 22 for row in rows]
    if len(rows) == 1:
        return [centres[0], centres[0], ends[0], ends[0], widths[0], widths[0]]
    return [centres[1], centres[0], ends[1], 48, widths[1], widths[0]]


def _at_rest(figure: Figure) -> Any:
    """The edges of arcs at rest, with their strengths."""
    codes = Codes.of_head(figure.attention, figure.layer, figure.head)
    keys = figure.attention.key_tokens
    found = []
    for query, key in arcs.at_rest(figure, codes):
        special = keys[key].special and not figure.attention.signed
        edge = arcs.DrawnEdge(query, key, int(codes.values[query, key]), special, "")
        strength = arcs._layers([edge])[0].strength
        found.append([query, key, edge.width, strength, int(edge.less)])
    return found


def _matrix(figure: Figure) -> Any:
    drawing = matrix.draw(figure)
    content = drawing.content
    layout, cells = content.layout, content.layout.cells
    return {
        "size": [drawing.width, drawing.height],
        "frame": [cells.cell, cells.left, cells.top, cells.mirrored],
        "levels": [[one.level, one.path] for one in content.levels],
        "hatch": content.hatch,
        "bar": [layout.bar.x, layout.bar.y, layout.bar.width],
        "ticks": [[one.text, edges.num(one.x)] for one in layout.bar.ticks],
        "legend": layout.masked.text if layout.masked else "",
        "labels": [
            [
                [
                    one.text,
                    one.x + 0.0,
                    edges.num(one.y),
                    one.text_width,
                    one.right_to_left,
                ]
                for one in side
            ]
            for side in (layout.queries, layout.keys)
        ],
    }


def _columns(figure: Figure) -> Any:
    placed = heads.two_columns.lay_out(figure.attention)

    def side(column: Column) -> Any:
        slots = [[one.text, one.text_width, one.x, one.top] for one in column.slots]
        return [
            column.left,
            column.width,
            column.rightwards,
            slots,
            [[one.text, one.x, one.y] for one in column.texts],
        ]

    return [placed.width, placed.height, placed.mirrored, side(placed.queries), side(placed.keys)]


def _thumbnails(figure: Figure) -> NDArray[np.int8]:
    attention = figure.attention
    values = Codes.of(attention).values
    return grid.levels(grid.pooled(values, 2)).reshape(attention.layers * attention.heads, -1)


def _pinned(case: Case, places: tuple[int, ...]) -> Any:
    figure = case.of("arcs", places)
    drawn = arcs.draw(figure).content
    vector = score_vector(figure)
    percent = percent_drawn(figure)
    readout = matrix.draw(case.of("matrix", places)).content.readout
    pairs = description.strongest_pairs(figure)
    return {
        "places": list(places),
        "edges": [
            [one.query, one.key, int(one.special), one.width, one.path, int(one.less)]
            for one in drawn.focus
        ],
        "squares": _squares(drawn.squares),
        "percent": 100 if percent is None else percent,
        "vector": vector
        and [
            vector.label,
            [[one.number, one.token, one.classes] for one in vector.scores],
            vector.fold,
        ],
        "pairs": [[one.query_index, one.key_index, one.weight] for one in pairs],
        "detail": description.detail(figure),
        "readout": readout and [list(readout.tokens), readout.more, readout.other, readout.number],
    }


def _squares(found: Squares) -> Any:
    """The squares of heads, and their label."""
    return [
        [
            [
                one.head,
                one.hue,
                int(one.special),
                int(one.shown),
                edges.num(one.opacity) if one.opacity < 1 else "",
                one.path,
            ]
            for one in found.paths
        ],
        found.label,
    ]


def _heads(figure: Figure) -> Any:
    content = heads.draw(figure).content

    def line(one: heads.Line, kind: str) -> Any:
        opacity = edges.num(one.opacity) if one.opacity < 1 else ""
        return [kind, one.hue, int(one.special), one.head, opacity, one.path]

    vector = score_vector(figure)
    percent = percent_drawn(figure)
    return {
        "places": list(figure.pinned),
        "shown": list(figure.shown_heads),
        "lines": [line(one, "edge" if one.query >= 0 else "line") for one in content.focus],
        "bars": [line(one, "bar") for one in content.bars],
        "squares": _squares(content.squares),
        "rest": [line(one, "line") for one in content.rest],
        "numbers": [[one.text, one.strong, one.masked] for one in content.numbers],
        "note": content.note,
        "percent": 100 if percent is None else percent,
        "vector": vector and [one.number for one in vector.scores],
        "pairs": [
            [p.query_index, p.key_index, p.weight] for p in description.strongest_pairs(figure)
        ],
        "detail": description.detail(figure),
    }


def _sums(attention: Any) -> Any:
    """Tensors, and the formulas of every second cell of a head.

    The file of vectors would be too large with the formulas of all cells.
    """
    figure = resolve(
        FigureSpec(Request(ModelSource("m"), "text"), view="steps", layer=0, head=1), attention
    )
    attention = figure.attention
    carried = tensors(attention)
    most = steps.most(figure)
    codes = head_codes(attention, 0, 0)
    cells = []
    for query in range(len(attention.query_tokens)):
        terms = chain(attention, 0, 0, query)
        row = row_of(figure, query)
        shares = Codes.of_head(attention, 0, 0)[query]
        for key in range(len(attention.key_tokens)):
            code = int(codes[query, key])
            weight = code if row is None else int(row.codes.values[key])
            parts = formulas.parts(terms, key, weight, most)
            if row is not None:
                parts |= row.parts(key, shares, ENGLISH)
            labels = formulas.labels(parts, "q", "k") if len(cells) % 4 == 1 else None
            cells.append([query, key, parts, labels])
    return {
        "header": _header(figure, np.zeros(attention.weights.shape, np.uint16), carried),
        "codes": codes.ravel().tolist(),
        "tensors": {
            name: {
                "shape": list(tensor.shape),
                # JSON has no infinities.
                "data": [n if np.isfinite(n) else str(n) for n in tensor.ravel().tolist()],
            }
            for name, tensor in carried.items()
        },
        "cells": cells[1::2] or cells,
    }


def _strips(dice: random.Random) -> Iterable[Any]:
    """Vectors, the magnitude that has full opacity, and the levels of their strips' pixels."""
    for number in range(60):
        count, size = 1 + dice.randrange(3), 1 + dice.randrange(8)
        drawn = [[round((dice.random() - 0.5) * 8, 3) for _ in range(size)] for _ in range(count)]
        full = float(np.abs(drawn).max()) if number % 3 else 2.5
        tops = [24 * i for i in range(count)]
        height = tops[-1] + vector_strips.HIGH + 2 * vector_strips.INSET
        levels = vector_strips.coarse(heatmap.signed_levels(np.array(drawn), full))
        yield [drawn, full, height, vector_strips.mosaic(tops, levels, height).ravel().tolist()]
