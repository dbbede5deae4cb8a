"""The content of ``<figure>`` before its caption: picture, footer, tables, numbers.

Every figure of a page has these parts, so Python writes them, which is faster than a template. A
view adds templates for its own parts under the picture and in the footer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from sphinx_attention.core.codes import format_weight
from sphinx_attention.core.figure.axes import failures, selectors
from sphinx_attention.core.text import clean_line, to_json, visible
from sphinx_attention.core.views import VIEWS

from .common.edges import num
from .common.markup import attribute, direction, escape
from .common.score_vector import column_for_both, percent_drawn, score_vector
from .description import generation_notes, label_lines, strongest_pairs
from .drawing import write_template
from .registry import draw, measures
from .svg import write_svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sphinx_attention.core.figure.axes import Selector
    from sphinx_attention.core.figure.figure import Figure

    from .common.score_vector import Score, Vector
    from .description import Pair
    from .drawing import Drawing

_MOST_UNPAIRED = 12
"""The most words without a partner that the note of a difference names."""

_UNTOUCHED = "mathjax_ignore tex2jax_ignore"
"""Two classes that keep MathJax from setting tokens such as $x$."""

_SHADES = (
    '<span class="attention-shade"></span>'
    '<span class="attention-shade attention-shade--down"></span>'
)
"""Boxes for the shadows of a box that scrolls, across and down. The style sheet draws them."""


@dataclass(frozen=True)
class Numbers:
    """The numbers of a figure on a page: in place, elsewhere in the page, or in a file.

    Attributes:
        key: a digest of the payload.
        text: the payload, if it is in place; else empty.
        url: the URL of the file; empty if the payload is in the page.
        directive: the author's directive as JSON; empty if there is none.
        at: the position of the attention on the axes of the figure, as JSON.
        variants: the facts about each other attention that the page holds, as JSON.
        files: the files of the view, as JSON; empty if there are none.
    """

    key: str
    text: str = ""
    url: str = ""
    directive: str = ""
    at: str = "{}"
    variants: Sequence[str] = ()
    files: str = ""


def write_body(figure: Figure, whole: Figure, uid: str, numbers: Numbers) -> str:
    """Write the markup of one attention.

    Args:
        figure: the figure of one attention.
        whole: the whole figure with all its attentions.
        uid: the prefix of ids in the markup, unique in the page.
        numbers: the numbers on the page.
    """
    drawing = draw(figure)
    # The pairs of the first sentence say nothing about a summary of all sentences.
    pairs = strongest_pairs(figure) if figure.attention.summary is None else ()
    lang = attribute("lang", figure.foreign, given=bool(figure.foreign))
    parts = (
        _heading(figure),
        _pictures(drawing, figure, uid, pairs),
        _next_tokens(figure, lang),
        write_template(drawing.below, drawing, figure, uid),
        f'<div class="attention-footer"{lang}>\n',
        *_footer(drawing, figure, whole, uid),
        "</div>\n",
        _vector(score_vector(figure) if drawing.vector else None, lang),
        _pairs(figure, pairs, lang),
        _scripts(numbers),
    )
    return "".join(parts)


def _heading(figure: Figure) -> str:
    """The heading above the picture in a comparison."""
    if not figure.heading:
        return ""
    return (
        f'<div class="attention-pane-name {_UNTOUCHED}" translate="no"'
        f"{direction(figure.heading)}>{escape(figure.heading)}</div>\n"
    )


def _pictures(drawing: Drawing, figure: Figure, uid: str, pairs: Sequence[Pair]) -> str:
    picture = write_svg(drawing, figure, uid, pairs=pairs)
    under = write_template(drawing.under, drawing, figure, uid)
    sizer = _sizer(drawing)
    if drawing.beside is None:
        column = column_for_both(figure, drawing.width, drawing.height) if drawing.vector else None
        wide = attribute("data-beside", str(column), given=column is not None)
        return f'<div class="attention-stage"{wide}>{picture}{sizer}{under}{_SHADES}</div>\n'
    stage = f'<div class="attention-stage">{picture}{sizer}{under}{_SHADES}</div>\n'
    beside = draw(figure, drawing.beside)
    large = write_svg(
        beside,
        figure,
        f"{uid}-large",
        named_by=f"{uid}-title {uid}-headline",
    )
    known = to_json(measures(figure))
    return (
        f'{stage}<div class="attention-large" data-view="{drawing.beside}" '
        f'data-measures="{escape(known)}">'
        f'<div class="attention-stage">{large}{_sizer(beside)}{_SHADES}</div></div>\n'
    )


def _sizer(drawing: Drawing) -> str:
    """An empty element as narrow as the picture may become before it scrolls."""
    if drawing.smallest >= 1:
        return ""
    width = num(drawing.smallest * drawing.width)
    return f'<svg class="attention-fit" width="{width}" height="0" aria-hidden="true"></svg>'


def _next_tokens(figure: Figure, lang: str) -> str:
    """The likeliest next tokens, if the model chooses one."""
    if not figure.next_tokens:
        return ""
    rows = []
    for number, one in enumerate(figure.next_tokens):
        token = visible(one.text)
        rows.append(
            f"<tr{'' if number else _CLASS_STRONG}>"
            f'<th scope="row" translate="no"{direction(token)}>{escape(token)}</th>'
            '<td><svg class="attention-likely" viewBox="0 0 100 2" preserveAspectRatio="none" '
            f'aria-hidden="true"><path d="M0 1H{100 * one.probability:.1f}"/></svg></td>'
            f'<td class="attention-number">{format_weight(one.probability)}</td>'
            f"<td>{'' if number else figure.say.markup('chosen')}</td></tr>\n"
        )
    return (
        f'<div class="attention-next"{lang}><table class="{_UNTOUCHED}">'
        f"<caption>{figure.say.markup('next_tokens')}</caption><tbody>\n"
        f"{''.join(rows)}</tbody></table></div>\n"
    )


_CLASS_STRONG = ' class="attention-strong"'


def _footer(drawing: Drawing, figure: Figure, whole: Figure, uid: str) -> Iterator[str]:
    """The controls and notes under the picture."""
    choosing = selectors(whole, figure)
    axes = {one.name for one in choosing}
    for one in choosing:
        yield _selector(figure, one)
    for name, value, names in _choices(figure, drawing):
        yield _choice(figure, name, value, names)
    if drawing.turns and figure.attention.same_tokens:
        yield _direction_button(figure)
    yield write_template(drawing.controls, drawing, figure, uid)
    label = clean_line(figure.attention.label)
    if "model" not in axes:
        given = figure.say.markup("given")
        named = f'<bdi translate="no">{escape(label)}</bdi>' if label else given
        yield f'<span class="attention-model">{named}</span>\n'
    yield from _signs(figure)
    if figure.attention.written:
        yield _note(figure.say.markup("written"), "written")
    yield from _notes(drawing, figure)
    if figure.spec.request.part and "part" not in axes:
        yield _note(figure.say.markup(f"part_{figure.attention.part}"))
    if "generated" in figure.attention.provenance:
        yield _note(figure.say.markup("model_wrote"))
    texts = [figure.averaged] if figure.averaged else []
    texts += [*generation_notes(figure), *failures(whole)]
    yield from (_note(escape(text)) for text in texts)
    if figure.chosen:
        several = figure.spec.request.aggregate in {"mean", "max"}
        chosen = figure.say.markup("layer_chosen" if several else "head_chosen")
        yield _note(chosen, "chosen")


def _choices(figure: Figure, drawing: Drawing) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The layer and the head in the footer: each name, the shown one, and the carried ones."""
    attention = figure.attention
    if attention.layers * attention.heads == 1 and not attention.label:
        return
    names = {
        "layer": (figure.layer_name, attention.layer_names),
        "head": (figure.head_name, attention.head_names),
    }
    for name in drawing.choices:
        yield (name, *names[name])


def _choice(figure: Figure, name: str, value: str, names: tuple[str, ...]) -> str:
    """The selector of a layer or a head; only the name if there is one."""
    word, shown = figure.say.markup(name), escape(clean_line(value))
    if len(names) == 1:
        return (
            f'<span class="attention-choice">{word} '
            f'<span class="attention-value" translate="no">{shown}</span></span>\n'
        )
    return (
        f'<label class="attention-choice">{word} <select name="{name}" translate="no">'
        f"{_options(names, shown)}</select>"
        f'<span class="attention-value" translate="no" aria-hidden="true">{shown}</span>'
        "</label>\n"
    )


@lru_cache(256)
def _options(names: tuple[str, ...], shown: str) -> str:
    """The options of a selector. All figures of a model have the same names."""
    texts = (escape(clean_line(one)) for one in names)
    return "".join(
        f"<option{' selected' if text == shown else ''}>{text}</option>" for text in texts
    )


def _direction_button(figure: Figure) -> str:
    say = figure.say.markup
    return (
        f'<button type="button" class="attention-direction" title="{say("turn_title")}">'
        f"{say('turn_from')}</button>\n"
    )


def _selector(figure: Figure, one: Selector) -> str:
    """The selector of an axis along which the attentions of a figure differ."""
    options = "".join(
        f'<option value="{escape(choice.value)}"'
        f"{' selected' if choice.value == one.value else ''}"
        f"{' disabled' + attribute('title', choice.reason) if choice.reason else ''}>"
        f"{escape(choice.label)}</option>"
        for choice in one.choices
    )
    kind, slider = "variant", ""
    if one.name == "step":
        kind = "step"
        slider = (
            f' <input class="attention-range" type="range" name="step" min="1" '
            f'max="{len(one.choices)}" value="{escape(one.value)}" '
            f'aria-valuetext="{escape(one.label)}">'
        )
    return (
        f'<label class="attention-choice attention-choice--{kind}">'
        f"{figure.say.markup(f'axis_{one.name}')}{slider} "
        f'<select name="{one.name}" translate="no">{options}</select>'
        f'<span class="attention-value" translate="no" aria-hidden="true">{escape(one.label)}'
        "</span></label>\n"
    )


def _signs(figure: Figure) -> Iterator[str]:
    """The meaning of a difference's colours, and the words that the difference leaves out."""
    if figure.compared is None:
        return
    first, second = (f'<bdi translate="no">{escape(name)}</bdi>' for name in figure.compared)
    for sign, kind, name in (("+", "", second), ("−", " attention-sign--less", first)):
        more = figure.say.markup("more_in", name=Markup(name))  # noqa: S704 - escaped above
        yield _note(f'<i class="attention-sign{kind}"></i> {sign}: {more}')
    for words in figure.unpaired:
        if words:
            listed = ", ".join(words[:_MOST_UNPAIRED])
            listed += " …" if len(words) > _MOST_UNPAIRED else ""
            yield _note(figure.say.markup("unpaired", words=listed))


def _notes(drawing: Drawing, figure: Figure) -> Iterator[str]:
    """The notes for readers about the picture."""
    say = figure.say.markup
    if not figure.pinned:
        # The style sheet shows the wording that fits the device.
        point = say(drawing.hint or "hint_word")
        tap = say(f"{drawing.hint}_tap" if drawing.hint else "hint_tap")
        yield _note(
            f'<span class="attention-hint--point">{point}</span> '
            f'<span class="attention-hint--tap">{tap}</span>',
            "hint",
        )
    edges = VIEWS[drawing.beside or figure.spec.view].edges
    percent = percent_drawn(figure) if edges else None
    if percent is not None:
        name = "cutoff_rows" if len(figure.pinned) > 1 else "cutoff_row"
        yield _note(say(name, percent=percent), "cutoff")
    if drawing.squares:
        yield _legend(drawing.squares, figure)
    yield from (_note(escape(note)) for note in drawing.notes)
    yield from (_note(escape(line), "label") for line in label_lines(figure, drawing.labels))
    if figure.merged:
        yield _note(say("merged"))
    if figure.left_out:
        yield _note(say("carries", what=", ".join(figure.left_out)))


def _legend(heads: Iterable[tuple[str, int]], figure: Figure) -> str:
    """The heads of the squares, which the picture describes in words for screen readers."""
    marks = "".join(f' <i class="attention-hue-{hue}">{escape(name)}</i>' for name, hue in heads)
    return (
        '<span class="attention-note attention-note--squares" aria-hidden="true">'
        f"{figure.say.markup('squares_of')}{marks}</span>\n"
    )


def _note(markup: str, kind: str = "") -> str:
    own = f" attention-note--{kind}" if kind else ""
    return f'<span class="attention-note{own}">{markup}</span>\n'


def _vector(vector: Vector | None, lang: str) -> str:
    """The weights of the tokens in focus as a table."""
    if vector is None:
        return ""
    letter = f"<i>{'Δ' if vector.signed else ''}α</i>"
    terms = " + ".join(
        f'{letter}<sub><bdi translate="no">{escape(name)}</bdi></sub>' if name else "⋯"
        for name in vector.terms
    )
    head = (
        f'<th class="attention-name" scope="rowgroup" rowspan="{len(vector.scores)}">{terms} =</th>'
    )
    rows = "".join(
        _row(score, "" if number else head) for number, score in enumerate(vector.scores)
    )
    long = " attention-scores--long" if vector.long else ""
    fold = ""
    if vector.fold:
        summary = f"<summary>{escape(vector.fold)}</summary>"
        fold = f'<details class="attention-fold"{lang}>{summary}</details>'
    return (
        f'<div class="attention-scores{long}" translate="no">'
        f'<table class="attention-vector {_UNTOUCHED}" '
        f'aria-label="{escape(vector.label)}"><tbody>\n{rows}</tbody></table>{fold}{_SHADES}</div>\n'
    )


def _row(score: Score, head: str) -> str:
    classes = attribute("class", score.classes, given=bool(score.classes))
    return (
        f'<tr{classes}>{head}<td class="attention-number">{score.number}</td>'
        f'<th scope="row"{direction(score.token)}>{escape(score.token)}</th></tr>\n'
    )


def _pairs(figure: Figure, pairs: Sequence[Pair], lang: str) -> str:
    """The table of the strongest pairs."""
    if not pairs:
        return ""
    say = figure.say.markup
    measure = "measure_written" if figure.attention.written else "weight"
    head = "".join(f'<th scope="col">{say(name)}</th>' for name in ("query", "key", measure))
    rows = "".join(
        f"<tr><td{direction(pair.query)}>{escape(pair.query)}</td>"
        f"<td{direction(pair.key)}>{escape(pair.key)}</td><td>{pair.weight}</td></tr>\n"
        for pair in pairs
    )
    return (
        f'<details class="attention-table"{lang}><summary>{say("strongest_pairs")}</summary>'
        f'<table class="attention-pairs {_UNTOUCHED}"><thead><tr>{head}</tr>'
        f'</thead><tbody translate="no">\n{rows}</tbody></table></details>\n'
    )


def _scripts(numbers: Numbers) -> str:
    """The elements that hold numbers. A browser does not run them."""
    written = attribute("data-directive", numbers.directive, given=bool(numbers.directive))
    source = attribute("data-src", numbers.url, given=bool(numbers.url))
    # The digits of base 85 need no escape.
    text = f'"{numbers.text}"' if numbers.text else ""
    own = (
        '<script class="nohighlight" type="application/x-attention" '
        f'data-key="{numbers.key}"{source}{written}>{text}</script>\n'
    )
    if numbers.files:
        kind = "application/x-attention-files"
        own += f'<script class="nohighlight" type="{kind}">{numbers.files}</script>\n'
    if not numbers.variants:
        return own
    return (
        f'{own}<script class="nohighlight" type="application/x-attention-variants" '
        f'data-at="{escape(numbers.at)}">[{",".join(numbers.variants)}]</script>\n'
    )
