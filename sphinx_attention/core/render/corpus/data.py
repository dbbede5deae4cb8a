"""The numbers of the corpus view: what the page carries, and what a file for each head carries."""

from __future__ import annotations

import json
import math
import zlib
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.corpus import Corpus, means
from sphinx_attention.core.codes import FULL, MASKED, NO_SCORE, score_codes
from sphinx_attention.core.render.arcs.layout import TOP, lay_out_row
from sphinx_attention.core.render.common import edges
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.placed_text import tokens_right_to_left
from sphinx_attention.core.render.common.text_metrics import cut
from sphinx_attention.core.text import clean_line
from sphinx_attention.core.views import CORPUS_SCORE_NAMES, SCORES_WITH_UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure

_CORPUS = constants("corpus")
BINS: int = _CORPUS["bins"]
"""The number of bars of a distribution."""

_LIST = _CORPUS["list"]
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_WIDE_FONTS = 1.12
"""How much wider than in the table of widths a text may be in another font."""

_SMALL = 32
"""Codes below this have one digit, all others two: most weights are small."""


def corpus_of(figure: Figure) -> Corpus:
    """The summary of a figure."""
    assert figure.attention.summary is not None
    return Corpus(figure.attention.summary)


def ranges(corpus: Corpus) -> dict[str, float]:
    """The end of the axis of each score: 1 for shares, else the largest score of any sentence."""
    found = {}
    for name in CORPUS_SCORE_NAMES:
        known = corpus.scores[name][corpus.scores[name] != NO_SCORE]
        largest = int(known.max()) / 1000 if len(known) else 1.0
        found[name] = float(max(math.ceil(largest), 1)) if name in SCORES_WITH_UNITS else 1.0
    return found


def plot_ends(means: Mapping[str, Sequence[int | None]]) -> dict[str, float]:
    """The end of each axis of all heads: the next whole number, or tenth, above all means."""
    found = {}
    for name, codes in means.items():
        largest = max((code for code in codes if code is not None), default=0) / 1000
        step = 1.0 if name in SCORES_WITH_UNITS else 0.1
        found[name] = round(max(math.ceil(largest / step - 1e-9), 1) * step, 1)
    return found


def distribution(scores: NDArray[np.uint16], end: float) -> list[int]:
    """How many sentences fall into each bar.

    Args:
        scores: of one head, in thousandths.
        end: of the axis.
    """
    known = scores[scores != NO_SCORE] / 1000
    places = np.minimum((known / end * BINS + 1e-9).astype(np.int64), BINS - 1)
    found: list[int] = np.bincount(places, minlength=BINS).tolist()
    return found


def mean_codes(corpus: Corpus) -> dict[str, list[int | None]]:
    """The mean of each head for each score, in thousandths, layer after layer."""
    return {
        name: [
            None if code == NO_SCORE else int(code)
            for code in score_codes(means(corpus.scores[name])).ravel()
        ]
        for name in CORPUS_SCORE_NAMES
    }


def median(scores: NDArray[np.uint16]) -> int | None:
    """The median of a head's scores in thousandths; None without any."""
    known = scores[scores != NO_SCORE]
    return int(np.sort(known)[len(known) // 2]) if len(known) else None


def sentence_text(figure: Figure, number: int) -> str:
    """A sentence as the list of examples shows it."""
    room = (_CORPUS["width"] - _LIST["text"]) / _WIDE_FONTS
    return cut(clean_line(figure.sentences[number]), _LIST["font"], room)


def head_scores(figure: Figure, layer: int, head: int) -> dict[str, Any]:
    """The scores of one head, for the page."""
    corpus, ends = corpus_of(figure), ranges(corpus_of(figure))
    found: dict[str, Any] = {}
    for name in CORPUS_SCORE_NAMES:
        scores = corpus.scores[name][layer, head]
        found[name] = {
            "bins": distribution(scores, ends[name]),
            "median": median(scores),
            "examples": [
                [percent, number, int(scores[number])]
                for percent, number in corpus.examples(name, layer, head)
            ],
        }
    return found


def head_data(figure: Figure, layer: int, head: int) -> dict[str, Any]:
    """Everything about one head that the browser draws: its scores and its examples."""
    attention = figure.attention
    corpus = corpus_of(figure)
    weights = corpus.weights(attention.layer_names[layer], attention.head_names[head])
    return {
        "scores": head_scores(figure, layer, head),
        "sentences": {
            str(number): _sentence(figure, number, codes) for number, codes in weights.items()
        },
    }


def _sentence(figure: Figure, number: int, codes: NDArray[np.uint16]) -> dict[str, Any]:
    tokens = corpus_of(figure).summary.sentences[number]
    backwards = tokens_right_to_left(tokens)
    slots, width = lay_out_row(tokens, backwards=backwards)
    span = abs(slots[-1].x - slots[0].x) or edges.LONE_SPAN
    return {
        "text": sentence_text(figure, number),
        "tokens": [slot.text for slot in slots],
        "special": [n for n, slot in enumerate(slots) if slot.special],
        "x": [slot.x for slot in slots],
        "widths": [slot.text_width for slot in slots],
        "size": [width, edges.headroom(span) + TOP],
        "codes": "".join(_digits(code) for code in codes.ravel().tolist()),
        **({"rtl": True} if backwards else {}),
    }


def _digits(code: int) -> str:
    """A code as one digit, or as two, of which the first is at least `_SMALL`."""
    return _DIGITS[code] if code < _SMALL else _DIGITS[_SMALL + code // 32] + _DIGITS[code % 32]


def page_parts(figure: Figure) -> Mapping[str, Any]:
    """The data of each head by its name, ``5.11``."""
    attention = figure.attention
    return {
        f"{layer_name}.{head_name}": head_data(figure, layer, head)
        for layer, layer_name in enumerate(attention.layer_names)
        for head, head_name in enumerate(attention.head_names)
    }


def files(figure: Figure) -> dict[str, str]:
    """The data of each head by its name, as JSON, deflated, in base 64."""
    found = {}
    for name, part in page_parts(figure).items():
        text = json.dumps(part, ensure_ascii=True, separators=(",", ":"))
        found[name] = b64encode(zlib.compress(text.encode(), 9)).decode("ascii")
    return found


def example_of(figure: Figure) -> tuple[int, int] | None:
    """The example that the figure shows: its percent and the number of its sentence."""
    wanted = int(figure.option("example"))
    found: Sequence[tuple[int, int]] = corpus_of(figure).examples(
        figure.option("score"), figure.layer, figure.head
    )
    return min(found, key=lambda one: abs(one[0] - wanted)) if found else None


def page_figure(figure: Figure) -> Figure:
    """The figure with the attention of one head over the example that is shown.

    The weights of all other heads are zeros. The browser loads them with the file of a head.
    """
    attention, corpus = figure.attention, corpus_of(figure)
    weights = corpus.weights(figure.layer_name, figure.head_name)
    example = example_of(figure)
    number = example[1] if example else next(iter(weights))
    codes = weights[number]
    tokens = corpus.summary.sentences[number]
    every = np.zeros((attention.layers, attention.heads, *codes.shape), np.float32)
    masked = codes == MASKED
    every[figure.layer, figure.head] = np.where(masked, 0, codes) / np.float32(FULL)
    answer = replace(
        attention,
        query_tokens=tokens,
        key_tokens=tokens,
        weights=every,
        masked=masked[None],
        norms=None,
    )
    return replace(figure, attention=answer, pinned=(), labels=())
