"""Cases of single functions: curves, levels, ticks, labels, numbers and directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.codes import MASKED, Codes
from sphinx_attention.core.render.arcs import feet
from sphinx_attention.core.render.common import edges, heatmap, word_row
from sphinx_attention.core.render.matrix.layout import labelled
from sphinx_attention.core.render.steps import formulas
from sphinx_attention.core.text import right_to_left, row_right_to_left, visible

from .cases import SCRIPTS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable


def curve_cases(dice: random.Random) -> Iterable[Any]:
    """The widths of a row's words, whether it is mirrored, its layout, and edges with their curves."""
    for number in range(400):
        count = 1 + number % 9
        widths = [float(6 + dice.randrange(200)) for _ in range(count)]
        xs, width = word_row.middles(widths)
        mirrored = number % 3 == 2
        middles = xs[::-1] if mirrored else xs
        own = widths[::-1] if mirrored else widths
        span = abs(xs[-1] - xs[0]) or edges.LONE_SPAN
        y = edges.headroom(span) + 8
        pairs = dict.fromkeys(
            (dice.randrange(count), dice.randrange(count)) for _ in range(1 + number % 7)
        )
        drawn = [(pair, 1 + int(1000 * dice.random() ** 2)) for pair in pairs]
        words = feet.Words(middles, middles, own, own, one_row=True)
        stands = feet.feet([(pair, code * 10 / 1000) for pair, code in drawn], words)
        curves = [
            edges.loop(middles[q], y, span, stands[q, k])
            if q == k
            else edges.arc(middles[q], middles[k], y, span, stands[q, k])
            for (q, k), _ in drawn
        ]
        yield [
            widths,
            mirrored,
            xs,
            width,
            y,
            [[*pair, code, edges.path(c)] for (pair, code), c in zip(drawn, curves, strict=True)],
        ]


def level_cases(dice: random.Random) -> Iterable[Any]:
    """Codes, columns, the end of the ramp, the ramp, the size of a cell, levels and paths."""
    for number in range(120):
        rows, columns = 1 + dice.randrange(5), 1 + dice.randrange(6)
        codes = [
            MASKED if dice.random() < 0.15 else int(1000 * dice.random() ** (number % 5))
            for _ in range(rows * columns)
        ]
        array = Codes.unpacked(np.array(codes).reshape(rows, columns)).values
        most = heatmap.strongest(array) if number % 3 else 1 + dice.randrange(1000)
        scale = ("linear", "log")[number % 2]
        cell, gap = ((24, 1), (11, 0), (2, 0))[number % 3]
        found = heatmap.levels(array, scale, most)
        if number % 4 == 3:
            found = found * np.where(np.arange(columns) % 2, 1, -1).astype(np.int8)
        paths = [
            [one.level, one.opacity, one.path]
            for one in heatmap.level_paths(found, (cell, cell), gap)
        ]
        yield [codes, columns, most, scale, [cell, gap], found.ravel().tolist(), paths]


def tick_cases(most: int, scale: Any, width: float) -> Any:
    return [
        most,
        scale,
        width,
        [[code, edges.num(x)] for code, x in heatmap.ticks(most, scale, width)],
    ]


def label_cases(dice: random.Random) -> Iterable[Any]:
    for _ in range(100):
        count, every = 1 + dice.randrange(30), 1 + dice.randrange(6)
        marked = [dice.randrange(count) for _ in range(dice.randrange(4))]
        yield [count, every, marked, sorted(labelled(count, every, marked))]


def number_cases(dice: random.Random) -> Iterable[Any]:
    """A number, and how steps print the number: fixed, as a score, and with five digits."""
    exact = [0.0, -0.0, 0.5, 0.0005, 0.00005, 1.0005, 999.9995, 1000.0, 0.25, 12345.678, 1e-7, 1e20]
    drawn = [(dice.random() - 0.5) * 10.0 ** dice.randrange(-6, 6) for _ in range(300)]
    for value in [*exact, *drawn]:
        size = abs(value)
        yield [
            value,
            formulas.fixed(value),
            formulas.score(value),
            formulas.significant(size),
            formulas.radicand(size),
        ]


def direction_cases(dice: random.Random) -> Iterable[Any]:
    """Some tokens, some of them special, and whether each token and the row run from the right."""
    for number in range(300):
        script = SCRIPTS[list(SCRIPTS)[number % len(SCRIPTS)]]
        texts = [visible(dice.choice(script)) for _ in range(1 + dice.randrange(6))]
        special = [i for i in range(len(texts)) if dice.random() < 0.2]
        row = row_right_to_left(one for i, one in enumerate(texts) if i not in special)
        yield [texts, special, [right_to_left(one) for one in texts], row]
