"""A figure in words: its strongest pairs, and one sentence for those who do not see it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sphinx_attention.core.analysis.bins import PARTIAL
from sphinx_attention.core.attention import NOTE
from sphinx_attention.core.codes import Codes, format_code, format_weight
from sphinx_attention.core.figure.axes import names
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.score_vector import heads_of
from sphinx_attention.core.text import clean, clean_line, right_to_left, visible

from . import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.attention import Token
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.labels import Label

_WORDS = 12
"""The most words of a sentence in a description."""

_NAMED: int = constants()["weights"]["described_pairs"]
_LISTED: int = constants()["weights"]["listed_pairs"]
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"

_SENTENCES = 5
"""The most sentences of a summary that are written out."""


class Pair(NamedTuple):
    """A query token, a key token and the weight between them, ready to be printed.

    Attributes:
        query: text of the query token, as shown.
        key: text of the key token, as shown.
        weight: the weight with three decimals.
        code: the weight in thousandths.
        query_index: the index of the query token.
        key_index: the index of the key token.
    """

    query: str
    key: str
    weight: str
    query_index: int
    key_index: int
    code: int = 0


def strongest_pairs(figure: Figure, limit: int = _LISTED) -> list[Pair]:
    """The strongest pairs of the shown head, or of the pinned tokens if there are some.

    Where a view draws several heads together, their mean counts.

    Masked weights and zeros are not pairs. Equal weights keep the order of the text.

    Args:
        figure: the figure with its layer, head and pinned tokens.
        limit: the most pairs.
    """
    attention = figure.attention
    shown = heads_of(figure)
    codes = figure.codes.values
    if len(shown) > 1:
        heads = [Codes.of_head(attention, figure.layer, head) for head in shown]
        codes = Codes.mean(heads).values
    if figure.pinned:
        rest = np.isin(np.arange(len(codes)), figure.pinned, invert=True)
        codes = np.where(rest[:, np.newaxis], 0, codes)
    order = np.argsort(-np.abs(codes), axis=None, kind="stable")[: max(limit, 0)]
    cells = zip(order.tolist(), codes.take(order).tolist(), strict=True)
    pairs = []
    for cell, code in cells:
        if code == 0:
            break
        query, key = divmod(cell, codes.shape[1])
        pairs.append(
            Pair(
                query=visible(attention.query_tokens[query].text),
                key=visible(attention.key_tokens[key].text),
                weight=format_code(code, signed=attention.signed),
                code=code,
                query_index=query,
                key_index=key,
            )
        )
    return pairs


def pair_lines(figure: Figure) -> list[str]:
    """The strongest pairs with a line for each: ``0.600 brown → fox``.

    The weight comes first, so that numbers are aligned without a table if digits have equal widths.
    """
    queries = distinct_names(figure.attention.query_tokens)
    keys = distinct_names(figure.attention.key_tokens)
    return [
        f"{pair.weight} {isolated(queries[pair.query_index], figure)} → "
        f"{isolated(keys[pair.key_index], figure)}"
        for pair in strongest_pairs(figure)
    ]


def distinct_names(tokens: Sequence[Token]) -> list[str]:
    """The tokens as shown. Equal tokens are numbered, as ``the#1`` and ``the#2``.

    The option ``focus`` names them in the same way.
    """
    texts = [visible(token.text) for token in tokens]
    total = Counter(texts)
    seen: Counter[str] = Counter()
    names = []
    for text in texts:
        seen[text] += 1
        names.append(f"{text}#{seen[text]}" if total[text] > 1 else text)
    return names


def whole_texts(figure: Figure) -> list[tuple[str, str]]:
    """All texts behind the numbers, uncut: pairs of a label, which may be empty, and a text.

    The texts are the sentence, the second sentence of a pair, and the text of a decoder. A list of
    tokens follows if the tokens are not simply the words of those texts.
    """
    request, attention, say = figure.spec.request, figure.attention, figure.say
    generated = str(attention.provenance.get("generated", ""))
    target = "" if attention.part == "encoder" else request.target or generated
    labels = ("A", "B") if request.pair else (say("encoder"), "") if target else ("", "")
    sentences, more = figure.sentences, 0
    if attention.summary is not None:
        sentences, more = sentences[:_SENTENCES], len(sentences[_SENTENCES:])
    written = [(labels[0], text) for text in sentences]
    if more:
        written.append(("", say("more_sentences", count=more)))
    if attention.picture is not None:
        written = [(say("picture_named"), picture_in_words(figure)), *written]
    written += [(labels[1], request.pair or ""), (say("decoder"), target)]
    written.append((say("continuation"), attention.provenance.get("continued", "")))
    texts = [(label, _lines(text)) for label, text in written if text.strip()]
    if attention.picture is not None:
        return texts if len(texts) > 1 else [("", text) for _, text in texts]
    together = " ".join(text for _, text in texts)
    words = set(map(str.casefold, (*together.split(), *re.findall(r"\w+|[^\w\s]", together))))
    rows = [(say("tokens" if attention.same_tokens else "queries"), attention.query_tokens)]
    if not attention.same_tokens:
        rows.append((say("keys"), attention.key_tokens))
    if any(
        visible(token.text).casefold() not in words
        for _, tokens in rows
        for token in tokens
        if not token.special
    ):
        texts += [(label, " ".join(visible(token.text) for token in row)) for label, row in rows]
    return texts if len(texts) > 1 else [("", text) for _, text in texts]


def picture_in_words(figure: Figure) -> str:
    """The author's description of the picture, or else the name of its file."""
    image = figure.spec.request.image
    return figure.spec.alt or (image.path.rpartition("/")[2] if image else "")


def _lines(text: str) -> str:
    """A text that can be shown, with its lines."""
    return "\n".join(clean(line.expandtabs()) for line in text.strip().splitlines())


def default_title(figure: Figure) -> str:
    """A short name of the picture, if the author gave no alternative text."""
    name = clean_line(figure.attention.label)
    if figure.attention.signed:
        return figure.say("title_difference", between=figure.heading or name)
    return figure.say("title_of", model=name) if name else figure.say("title")


def layer_and_head(figure: Figure) -> str:
    """The shown layer and head, or the derivation of several, such as ``layer 5, head 11``."""
    aggregate = figure.spec.request.aggregate
    several = len(heads_of(figure)) > 1
    if aggregate in {None, "mean layers", "max layers"}:
        kind = "_".join(["place", *(aggregate or "").split(), *(["heads"] if several else [])])
        kind = "place_mean_heads" if kind == "place_heads" else kind
    else:
        kind = f"place_{aggregate}"
    return figure.say(
        kind,
        layer=figure.layer_name,
        head=figure.head_name,
        heads=" + ".join(figure.attention.head_names[one] for one in heads_of(figure)),
    )


def credit(figure: Figure) -> str:
    """The source of the numbers: the model, and the layer and head if there are several."""
    attention = figure.attention
    line = clean_line(attention.label) or figure.say("given")
    if _has_layer_or_head(figure):
        line += f", {layer_and_head(figure)}"
    if "generated" in attention.provenance:
        line += f"; {figure.say('model_wrote')}"
    if figure.averaged:
        line += f"; {figure.averaged}"
    if attention.written:
        line += f"; {figure.say('written_plain')}"
    line += "".join(f"; {note}" for note in generation_notes(figure))
    if attention.provenance.get("rows") == PARTIAL and attention.sink is None:
        line += f"; {figure.say('partial')}"
    if note := attention.provenance.get(NOTE):
        line += f"; {clean_line(figure.say.remark(note))}"
    return line


def generation_notes(figure: Figure) -> list[str]:
    """Notes for readers about a text that the model continued; empty for other figures."""
    steps, say = figure.attention.candidates, figure.say
    if not steps:
        return []
    notes = [say("went_on", token=isolated(visible(steps[0][0].text), figure))]
    whole = figure.spec.request.generate or 0
    if len(steps) < whole:
        notes.append(say("ended", count=len(steps), whole=whole))
    return notes


def label_lines(figure: Figure, but: Sequence[Label] = ()) -> list[str]:
    """The author's labels in words: ``fox → dog: animals``.

    Args:
        figure: the figure.
        but: labels that are left out.
    """
    if not figure.labels:
        return []
    queries = distinct_names(figure.attention.query_tokens)
    keys = distinct_names(figure.attention.key_tokens)
    lines = []
    for label in figure.labels:
        if label in but:
            continue
        where = isolated(queries[label.query], figure)
        if label.key is not None:
            where += f" → {isolated(keys[label.key], figure)}"
        lines.append(f"{where}: {label.text}")
    return lines


def next_lines(figure: Figure) -> list[str]:
    """A line with the likeliest next tokens; none if the model chooses none."""
    if not figure.next_tokens:
        return []
    listed = [
        f"{isolated(visible(one.text), figure)} {format_weight(one.probability)}"
        for one in figure.next_tokens
    ]
    last = isolated(visible(figure.attention.query_tokens[-1].text), figure)
    return [figure.say("next_line", token=last, tokens=", ".join(listed))]


def describe(figure: Figure) -> str:
    """One or two sentences: whose attention, over which words, and the strongest pairs."""
    return f"{about(figure)} {detail(figure)}".strip()


def full_description(figure: Figure) -> str:
    """The author's description, if there is one, and that of `describe`."""
    return " ".join(filter(None, (clean_line(figure.spec.alt or ""), describe(figure))))


def about(figure: Figure) -> str:
    """The part of a description that is equal for all heads: whose attention, over which words."""
    whose = default_title(figure)
    if figure.attention.signed:
        return _closed(whose)
    if figure.spec.request.part:
        whose += f", {figure.say(f'part_{figure.attention.part}')}"
    text, target = isolated(_sentence(figure), figure), isolated(_target(figure), figure)
    kind = "over_continued" if figure.attention.candidates else "over_both" if target else "over"
    over = figure.say(kind, text=text, target=target) if text else ""
    if picture := figure.attention.picture:
        grid = figure.say("over_picture", rows=picture.rows, columns=picture.columns)
        over = f"{grid}, {over}" if over else grid
    if figure.averaged:
        over = f"{figure.averaged}, {over}"
    others = names(figure)
    also = (
        figure.say("also_shows", names="; ".join(isolated(one, figure) for one in others))
        if others
        else ""
    )
    if figure.attention.written:
        over += f"; {figure.say('written_plain')}"
    labelled = "".join(f" {_closed(line)}" for line in label_lines(figure))
    return f"{_closed(f'{whose}, {over}')}{labelled} {also}".strip()


def detail(figure: Figure, pairs: Sequence[Pair] | None = None) -> str:
    """The part of a description about the shown head, and its strongest pairs.

    Args:
        figure: the figure.
        pairs: the strongest pairs, if they are known already.
    """
    if figure.attention.summary is not None:
        where = layer_and_head(figure)
        return f"{_closed(where[:1].upper() + where[1:])} {registry.words(figure)}"
    strongest = strongest_pairs(figure, _NAMED) if pairs is None else pairs[:_NAMED]
    named = ", ".join(_in_words(figure, pair) for pair in strongest)
    where = layer_and_head(figure) if _has_layer_or_head(figure) else ""
    sentences = [_closed(where[:1].upper() + where[1:])] if where else []
    return " ".join([*sentences, *([figure.say("strongest", pairs=named)] if named else [])])


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _has_layer_or_head(figure: Figure) -> bool:
    """Whether the description names the head. A single head of a given matrix has no name."""
    attention = figure.attention
    one = attention.layers * attention.heads == 1 and figure.spec.request.aggregate is None
    return bool(attention.label) or not one


def _in_words(figure: Figure, pair: Pair) -> str:
    itself = figure.attention.same_tokens and pair.query_index == pair.key_index
    key = figure.say("itself") if itself else isolated(pair.key, figure)
    kind = "pair"
    weight = pair.weight
    if figure.attention.signed:
        kind, weight = "pair_more" if pair.code > 0 else "pair_less", format_code(abs(pair.code))
    return figure.say(kind, query=isolated(pair.query, figure), key=key, weight=weight)


def _sentence(figure: Figure) -> str:
    request = figure.spec.request
    text = " / ".join(part for part in (*figure.sentences, request.pair) if part)
    if not text.strip() and figure.attention.picture is None:
        tokens = figure.attention.query_tokens
        text = " ".join(visible(token.text) for token in tokens if not token.special)
    return _first_words(text)


def _target(figure: Figure) -> str:
    """The decoder's text if it is shown, or the text that a model generated."""
    if figure.attention.candidates:
        return _first_words(figure.attention.provenance.get("continued", ""))
    if figure.attention.part == "encoder":
        return ""
    written = figure.spec.request.target
    return _first_words(written or str(figure.attention.provenance.get("generated", "")))


def _first_words(text: str) -> str:
    words = clean_line(text).split()
    return " ".join(words[:_WORDS]) + (" …" if len(words) > _WORDS else "")


def isolated(text: str, figure: Figure) -> str:
    """Isolate text of the other direction, so that it does not reorder what is beside it."""
    alone = right_to_left(text) or figure.right_to_left
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}" if alone else text
