"""The numbers of the corpus view: what the page carries, and what a file for each head carries."""

from __future__ import annotations

import json
import math
import zlib
from base64 import b64encode
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.corpus import Corpus, means
from sphinx_attention.core.codes import FULL, MASKED, NO_SCORE, score_codes
from sphinx_attention.core.constants import SHARED
from sphinx_attention.core.render.common import edges
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.placed_text import tokens_right_to_left
from sphinx_attention.core.render.common.text_metrics import cut
from sphinx_attention.core.render.common.word_row import TOP, lay_out_row
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
_DIGITS: str = SHARED["digits_of_64"]
_WIDE_FONTS = 1.3
"""How much wider than in the table of widths a text may be: in bold type of another font."""

_SMALL: int = SHARED["one_digit_below"]
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
    return _cut(text_of(figure, number), _CORPUS["width"] - _LIST["text"])


def short_text(figure: Figure, number: int) -> str:
    """A sentence as the list shows it on a narrow page."""
    return _cut(text_of(figure, number), _LIST["short"])


def text_of(figure: Figure, number: int) -> str:
    """A sentence on one line, as pages can hold it."""
    summary = figure.spec.request.summary
    assert summary is not None
    return clean_line(summary.texts[number])


@lru_cache(4096)
def _cut(text: str, room: float) -> str:
    return cut(clean_line(text), _LIST["font"], room / _WIDE_FONTS)


def head_scores(
    figure: Figure, layer: int, head: int, ends: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """The scores of one head, for the page.

    Args:
        figure: the figure.
        layer: the position of the layer.
        head: the position of the head.
        ends: the ends of the axes; None computes them.
    """
    corpus = corpus_of(figure)
    ends = ranges(corpus) if ends is None else ends
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


def _laid_out(figure: Figure, number: int) -> dict[str, Any]:
    """A sentence and the places of its tokens, which are equal for all heads."""
    tokens = corpus_of(figure).summary.sentences[number]
    backwards = tokens_right_to_left(tokens)
    slots, width = lay_out_row(tokens, backwards=backwards)
    span = abs(slots[-1].x - slots[0].x) or edges.LONE_SPAN
    return {
        "text": sentence_text(figure, number),
        "short": short_text(figure, number),
        "tokens": [slot.text for slot in slots],
        "special": [n for n, slot in enumerate(slots) if slot.special],
        "x": [slot.x for slot in slots],
        "widths": [slot.text_width for slot in slots],
        "size": [width, edges.headroom(span) + TOP],
        **({"rtl": True} if backwards else {}),
    }


@lru_cache(2048)
def _digits(code: int) -> str:
    """A code as one digit, or as two, of which the first is at least `_SMALL`."""
    if code < _SMALL:
        return _DIGITS[code]
    high, low = divmod(code, _SMALL)
    return _DIGITS[_SMALL + high] + _DIGITS[low]


def page_parts(figure: Figure) -> Mapping[str, Any]:
    """Everything that the browser draws of each head, by the name of the head, ``5.11``."""
    attention, corpus = figure.attention, corpus_of(figure)
    ends = ranges(corpus)
    sentences: dict[int, dict[str, Any]] = {}
    found = {}
    for layer, layer_name in enumerate(attention.layer_names):
        for head, head_name in enumerate(attention.head_names):
            weights = corpus.weights(layer_name, head_name)
            for number in weights.keys() - sentences.keys():
                sentences[number] = _laid_out(figure, number)
            found[f"{layer_name}.{head_name}"] = {
                "scores": head_scores(figure, layer, head, ends),
                "sentences": {
                    str(number): {
                        **sentences[number],
                        "codes": "".join(map(_digits, codes.ravel().tolist())),
                    }
                    for number, codes in weights.items()
                },
            }
    return found


def files(figure: Figure) -> dict[str, str]:
    """The data of each head by its name, as JSON, deflated, in base 64."""
    found = {}
    for name, part in page_parts(figure).items():
        text = json.dumps(part, ensure_ascii=True, separators=(",", ":"))
        found[name] = b64encode(zlib.compress(text.encode())).decode("ascii")
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
