"""The corpus view: one head over many sentences, and all heads by two scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.codes import format_thousandths
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.drawing import Drawing
from sphinx_attention.core.text import right_to_left
from sphinx_attention.core.views import CORPUS_SCORE_NAMES, SCORES_WITH_UNITS

from . import data
from .data import files, page_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_attention.core.figure.figure import Figure

__all__ = ["describe", "draw", "files", "page_figure", "plain_lines"]

_CORPUS = constants("corpus")
_ROWS, _PLOT, _LIST = _CORPUS["rows"], _CORPUS["plot"], _CORPUS["list"]
_NARROWER = 1.0  # px between two bars


@dataclass(frozen=True)
class Row:
    """The distribution of one score; numbers in px.

    Attributes:
        name: the score.
        y: the bottom of the bars.
        bars: the bars as the ``d`` of a path; empty without any.
        median: the x of the median; empty without any.
        number: the mean over all sentences, with two decimals; a dash without any.
        range: the two ends of the axis, such as ``0–1``.
        chosen: whether sentences are in the order of this score.
    """

    name: str
    y: float
    bars: str
    median: str
    number: str
    range: str
    chosen: bool


@dataclass(frozen=True)
class Dot:
    """A head among all heads."""

    name: str
    x: str
    y: str
    chosen: bool

    @property
    def name_y(self) -> float:
        """The baseline of the name in px: above the dot, or below it at the top of the picture."""
        y = float(self.y or 0)
        return float(y - _PLOT["above"] if y >= 2 * _PLOT["top"] else y + _PLOT["below"])


@dataclass(frozen=True)
class Line:
    """A sentence in the list of examples.

    Attributes:
        percent: the share of sentences that score as much or less.
        name: what stands before it: ``strongest``, ``90 %``.
        number: the score with two decimals.
        text: the sentence, cut to the width of the picture.
        short: the sentence, cut to the width of the picture on a narrow page.
        y: its baseline in px.
        chosen: whether it is drawn.
        right_to_left: whether it is read from the right.
    """

    percent: int
    name: str
    number: str
    text: str
    short: str
    y: float
    chosen: bool
    right_to_left: bool


@dataclass(frozen=True)
class Picture:
    """The picture, and what the page carries for the browser."""

    rows: tuple[Row, ...]
    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    heading: str
    mean: str
    score: str
    against: str
    ends: tuple[str, str]
    example: int
    examples: tuple[tuple[int, str], ...]
    known: str
    names: tuple[str, ...] = CORPUS_SCORE_NAMES
    size: Mapping[str, Any] | None = None


def draw(figure: Figure) -> Drawing:
    """Draw a figure of many sentences."""
    corpus = data.corpus_of(figure)
    ends, means = data.ranges(corpus), data.mean_codes(corpus)
    plot = data.plot_ends(means)
    score, against = figure.option("score"), figure.option("against")
    scores = data.head_scores(figure, figure.layer, figure.head)
    example = data.example_of(figure)
    found = scores[score]["examples"]
    picture = Picture(
        rows=tuple(
            _row(figure, place, scores[name], ends[name], means[name])
            for place, name in enumerate(CORPUS_SCORE_NAMES)
        ),
        dots=tuple(_dots(figure, means[score], means[against], plot[score], plot[against])),
        lines=tuple(_lines(figure, found, example[0] if example else None)),
        heading=_heading(figure, score, bool(found)),
        mean=figure.say("corpus_mean"),
        score=score,
        against=against,
        ends=(_end(figure, score, plot[score]), _end(figure, against, plot[against])),
        example=example[0] if example else 100,
        examples=tuple((step, tenth_name(figure, step)) for step in corpus.every_percent),
        known=_known(figure, ends, plot, means),
        size=_CORPUS,
    )
    height = _LIST["top"] + _LIST["step"] * (len(picture.lines) or 1)
    return Drawing(
        width=_CORPUS["width"],
        height=height,
        right_to_left=False,
        template="corpus/picture.jinja",
        content=picture,
        controls="corpus/controls.jinja",
        turns=True,
        beside=figure.spec.kind.beside[0],
        notes=(figure.say("corpus_count", count=len(figure.sentences)),),
    )


def describe(figure: Figure) -> str:
    """The head in words: its mean scores, and the sentence where the chosen one is largest."""
    means = data.mean_codes(data.corpus_of(figure))
    at = figure.layer * figure.attention.heads + figure.head
    scores = [
        figure.say("corpus_score", name=figure.say(f"score_{name}"), number=decimals(code))
        for name in CORPUS_SCORE_NAMES
        if (code := means[name][at]) is not None
    ]
    text = figure.say("corpus_means", scores=", ".join(scores))
    strongest = data.head_scores(figure, figure.layer, figure.head)[figure.option("score")]
    if strongest["examples"]:
        _, number, code = strongest["examples"][0]
        text += " " + figure.say(
            "corpus_strongest",
            name=figure.say(f"score_{figure.option('score')}"),
            # The phrase has a full stop of its own.
            text=data.text_of(figure, number).removesuffix("."),
            number=decimals(code),
        )
    return text


def plain_lines(figure: Figure) -> list[str]:
    """The examples with a line for each, for output without pictures."""
    score = figure.option("score")
    found = data.head_scores(figure, figure.layer, figure.head)[score]["examples"]
    return [
        _heading(figure, score, bool(found)),
        *(
            f"{tenth_name(figure, percent)}: {decimals(code)} {data.text_of(figure, number)}"
            for percent, number, code in found
        ),
    ]


def decimals(code: int | None) -> str:
    """A score in thousandths with two decimals; a dash without any."""
    if code is None:
        return "–"
    return format_thousandths((code + 5) // 10 * 10)[:-1]


def tenth_name(figure: Figure, percent: int) -> str:
    """The label for the place of an example in the order of all sentences."""
    names = {100: "corpus_largest", 50: "corpus_median", 0: "corpus_smallest"}
    return figure.say(names.get(percent, "corpus_percent"), percent=percent)


def _heading(figure: Figure, score: str, known: bool) -> str:
    kind = "corpus_ordered" if known else "corpus_undefined"
    return figure.say(kind, name=figure.say(f"score_{score}"))


def _end(figure: Figure, name: str, end: float) -> str:
    unit = SCORES_WITH_UNITS.get(name)
    return f"{end:g} {figure.say(f'corpus_unit_{unit}')}" if unit else f"{end:g}"


def _row(
    figure: Figure,
    place: int,
    scores: dict[str, Any],
    end: float,
    means: Sequence[int | None],
) -> Row:
    name = CORPUS_SCORE_NAMES[place]
    bottom = _ROWS["top"] + place * _ROWS["step"]
    middle = scores["median"]
    return Row(
        name=name,
        y=bottom,
        bars=bars(scores["bins"], bottom),
        median="" if middle is None else num(across(middle, end)),
        number=decimals(means[figure.layer * figure.attention.heads + figure.head]),
        range=f"0–{_end(figure, name, end)}",
        chosen=name == figure.option("score"),
    )


def across(code: int, end: float) -> float:
    """The x of a score in its distribution."""
    return float(_ROWS["left"] + min(code / 1000 / end, 1) * _ROWS["width"])


def bars(bins: Sequence[int], bottom: float) -> str:
    """The bars of a distribution as the ``d`` of a path, the highest as high as the row allows."""
    most = max(bins)
    if not most:
        return ""
    step = _ROWS["width"] / len(bins)
    return "".join(
        f"M{num(_ROWS['left'] + place * step)} {num(bottom)}"
        f"v{num(-max(_ROWS['height'] * count / most, 1))}h{num(step - _NARROWER)}V{num(bottom)}z"
        for place, count in enumerate(bins)
        if count
    )


def _dots(
    figure: Figure,
    right: Sequence[int | None],
    up: Sequence[int | None],
    far: float,
    high: float,
) -> list[Dot]:
    attention = figure.attention
    names = [f"{layer}.{head}" for layer in attention.layer_names for head in attention.head_names]
    chosen = figure.layer * attention.heads + figure.head
    return [
        Dot(
            names[n],
            "" if x is None else num(_PLOT["left"] + min(x / 1000 / far, 1) * _PLOT["width"]),
            ""
            if y is None
            else num(_PLOT["top"] + (1 - min(y / 1000 / high, 1)) * _PLOT["height"]),
            n == chosen,
        )
        for n, (x, y) in enumerate(zip(right, up, strict=True))
    ]


def _lines(figure: Figure, found: Sequence[Sequence[int]], chosen: int | None) -> list[Line]:
    made = []
    for place, (percent, number, code) in enumerate(found):
        text = data.sentence_text(figure, number)
        made.append(
            Line(
                percent,
                tenth_name(figure, percent),
                decimals(code),
                text,
                data.short_text(figure, number),
                _LIST["top"] + place * _LIST["step"],
                percent == chosen,
                right_to_left(text),
            )
        )
    return made


def _known(
    figure: Figure,
    ends: dict[str, float],
    plot: dict[str, float],
    means: dict[str, list[int | None]],
) -> str:
    """The data in the page itself: the means of all heads, and the words of the list."""
    known = {
        "means": means,
        "ends": ends,
        "plot": {name: [end, _end(figure, name, end)] for name, end in plot.items()},
        "names": {name: figure.say(f"score_{name}") for name in CORPUS_SCORE_NAMES},
        "tenths": {str(step): tenth_name(figure, step) for step in range(0, 101, 10)},
        "ordered": figure.say("corpus_ordered", name="{name}"),
        "undefined": figure.say("corpus_undefined", name="{name}"),
    }
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))
