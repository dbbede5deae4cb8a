"""The options of a figure: names, values and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from sphinx_attention.core.attention import Part
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure import selection
from sphinx_attention.core.figure.spec import AXES, MEAN_SENTENCES, Comparable, Rest, Special
from sphinx_attention.core.host_words import named, noun, option
from sphinx_attention.core.request import MOST_GENERATED, Aggregate, Measure, Merge, Scores
from sphinx_attention.core.text import broken_character, listed, nearest, quoted
from sphinx_attention.core.views import VIEWS

from . import converters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sphinx_attention.core.views import View, ViewKind, Word


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        convert: the function from the text to the value; its ValueError says what is allowed.
        help: the meaning in reStructuredText, for the docs.
    """

    convert: Callable[[str], Any]
    help: str


_MEANT = {
    "view": {word: kind.name for kind in VIEWS.values() for word in kind.meant_by},
    "aggregate": {
        "average": "mean",
        "avg": "mean",
        "mean heads": "mean",
        "average heads": "mean",
        "average layers": "mean layers",
        "sentences": MEAN_SENTENCES,
        "average sentences": MEAN_SENTENCES,
        "mean over sentences": MEAN_SENTENCES,
        "maximum": "max",
        "max heads": "max",
        "largest": "max",
    },
    "scores": {
        "attention": "weights",
        "probabilities": "weights",
        "probs": "weights",
        "softmax": "weights",
        "scores": "logits",
        "raw": "logits",
    },
    "special": {"none": "hide", "no": "hide", "off": "hide", "grey": "dim", "yes": "show"},
    "merge": {"yes": "words", "true": "words", "no": "none", "false": "none", "off": "none"},
    "rest": {
        "all": "overview",
        "full": "overview",
        "pale": "ghost",
        "dim": "ghost",
        "no": "none",
        "nothing": "none",
        "off": "none",
    },
    "part": {"cross-attention": "cross"},
    "measure": {
        "weights": "weight",
        "attention": "weight",
        "alpha": "weight",
        "norm": "written",
        "norms": "written",
        "contribution": "written",
        "contributions": "written",
        "value": "written",
        "values": "written",
    },
    "compare": {
        "sentences": "sentence",
        "models": "model",
        "also": "sentence",
        "measures": "measure",
    },
}
"""For each option, words that authors write and the values that they mean."""


_NAMES_MEANT = {
    "title": "caption",
    "text": "caption",
    "figclass": "class",
    "label": "name",
    "id": "name",
    "token": "focus",
    "weights": "matrix",
    "sentences": "file",
    "corpus": "file",
    "texts": "file",
    "picture": "image",
    "img": "image",
    "photo": "image",
    "sentence": "pair",
    "text_pair": "pair",
    "description": "alt",
    "threshold": "cutoff",
    "norm": "measure",
    "norms": "measure",
    "quantity": "measure",
    "mask": "causal",
    "max_new_tokens": "generate",
    "new_tokens": "generate",
    "continue": "generate",
    "notes": "note",
    "annotation": "note",
    "annotate": "note",
}
"""Wrong names of options that authors write, and the options that they mean."""


_AGGREGATES = (*get_args(Aggregate)[:-2], MEAN_SENTENCES, *get_args(Aggregate)[-2:])
"""Means and maxima, and then rollout and flow."""


def _choice(name: str, kind: Any) -> Callable[[str], str]:
    return converters.Choice(get_args(kind), _MEANT.get(name))


OPTIONS: dict[str, Option] = {
    "model": Option(
        converters.text,
        "which model: a name from ``attention_models``; ``builtin``, the teaching model "
        "that comes with the package and needs no PyTorch; an id on the Hugging Face hub; "
        "or the path of a folder. Several, with commas between: readers choose among them",
    ),
    "also": Option(
        converters.sentences,
        "further sentences, with `` | `` between: readers choose among them, and the figure opens "
        "on its first sentence",
    ),
    "file": Option(
        converters.text,
        "a file of further sentences, such as ``sentences.txt``: UTF-8, one sentence a line, which "
        "a tab and a label may follow. A figure without a text of its own opens on the first line",
    ),
    "compare": Option(
        _choice("compare", Comparable),
        "``sentence``, ``model`` or ``measure``: the two sentences, models or measures of the "
        "figure stand side by side and share their selection",
    ),
    "pair": Option(
        converters.text,
        "a second sentence, for encoders that read pairs",
    ),
    "target": Option(
        converters.text,
        "the decoder's text, for encoder-decoder models. Without this option, the model generates "
        "the text. With this option, the default of ``part`` is ``cross``",
    ),
    "generate": Option(
        converters.count(MOST_GENERATED),
        "for models that read from left to right: the number of tokens with which the model "
        f"continues the text, a whole number from 1 to {MOST_GENERATED}. The model takes the "
        "likeliest token at each step, and stops at the token that ends a text. Readers step "
        "through the new tokens",
    ),
    "image": Option(
        converters.pictures,
        "a picture that a vision transformer sees: a PNG, JPEG, WebP, GIF, BMP or TIFF file of at "
        "most 40 million pixels; several, with `` | `` between: readers choose among them. The "
        "figure then needs no text, unless the model reads one beside the picture, and its default "
        f"view is {listed(f'``{name}``' for name, kind in VIEWS.items() if kind.needs_picture)}. "
        "Describe the picture in ``alt``",
    ),
    "matrix": Option(
        converters.text,
        "a file of weights: ``.npy``, ``.npz``, ``.json``, ``.csv`` or ``.safetensors``",
    ),
    "scores": Option(
        _choice("scores", Scores),
        "what a given matrix holds: ``weights``, or ``logits``, to which a softmax is applied",
    ),
    "causal": Option(
        converters.flag,
        "a flag: later words of a given matrix are masked, before the softmax",
    ),
    "tokens": Option(
        converters.tokens,
        "the tokens of a given matrix, if they are not simply the words of the text: separated "
        "by spaces, with quotation marks around a token that holds a space, or a JSON list such as "
        '``["New York", "sleeps"]``',
    ),
    "view": Option(
        converters.Choice(tuple(VIEWS), _MEANT["view"]),
        f"how the numbers are drawn: {listed(f'``{name}``' for name in VIEWS)}",
    ),
    "part": Option(
        converters.Choices(get_args(Part), _MEANT["part"]),
        "which attention of an encoder-decoder model: ``encoder``, ``decoder`` or ``cross``; "
        "several, with commas between: readers choose among them",
    ),
    "measure": Option(
        converters.Choices(get_args(Measure), _MEANT["measure"]),
        "what the numbers are: ``weight``, the default, or ``written``, the share of what the head "
        "writes, ‖α·f(x)‖, because a token with much weight may add next to nothing; both, with a "
        "comma between: readers choose among them",
    ),
    "layer": Option(
        converters.index,
        "the layer shown first, a whole number from 0; ``auto``, the default, chooses a "
        "head worth looking at",
    ),
    "head": Option(
        converters.heads,
        "the head shown first, a whole number from 0, or ``auto``. The view "
        f"{listed(f'``{name}``' for name, kind in VIEWS.items() if kind.several_heads)} takes "
        "several: ``0,3,5``",
    ),
    "layers": Option(
        converters.number_set,
        "the layers that the page carries, such as ``0-3,7``; by default, all that fit",
    ),
    "heads": Option(
        converters.number_set,
        "the heads that the page carries, such as ``0-3,7``; by default, all that fit",
    ),
    "focus": Option(
        converters.text,
        "the token pinned first: its text, ``the#2`` for the second *the*, or its index; "
        "several with a bar between, ``fox | dog``, are added up. The space or the marks "
        "around a piece (``##ing``, ``▁cat``) may be left out. If no token has the same "
        "capitals, a token with other capitals is taken, and the build reports this",
    ),
    "selection": Option(
        selection.read,
        "what else is selected first, in the words of a figure's address: "
        "``direction=to&pin=k4&scale=log``. A script applies it; the picture without "
        "scripts shows layer, head and focus",
    ),
    "merge": Option(
        _choice("merge", Merge),
        "``words`` puts the pieces of each word together again; ``none`` is the default",
    ),
    "special": Option(
        _choice("special", Special),
        "special tokens: ``show``, ``dim`` or ``hide`` them",
    ),
    "aggregate": Option(
        converters.Choice(_AGGREGATES, _MEANT["aggregate"]),
        "``mean`` or ``max`` over the heads, ``mean layers`` or ``max layers`` over the "
        "layers, ``rollout`` or ``flow`` through them; ``mean sentences`` over the sentences of "
        "the figure, its first and those of the option ``also``: word by word if they have as many "
        "words, else by position if they have as many tokens",
    ),
    "link": Option(
        converters.word,
        "one word: figures of a page with the same link share their selection",
    ),
    "cutoff": Option(
        converters.share,
        "the share of a row that is drawn as edges, a number above 0 and up to 1",
    ),
    "rest": Option(
        _choice("rest", Rest),
        "what is drawn while no token is in focus: ``ghost`` (the default), the edges of all "
        "words, pale; ``overview``, the same edges at their full strength; or ``none``. At most "
        "the 240 strongest edges are drawn",
    ),
    "note": Option(
        converters.labels,
        "labels in the picture, with ``;`` between: ``fox -> dog | animals`` labels an edge, and "
        "``fox | an animal`` a word. They belong to the head that is shown first. Views that "
        "show the words in a row set them in the picture, and all other views below it",
    ),
    "alt": Option(
        converters.line,
        "a description for readers who cannot see the picture. By default, it names the strongest "
        "pairs. For several pictures, their descriptions with `` | `` between",
    ),
}
"""The options that every host understands. Captions, names and classes are the host's."""


def own_options(kinds: Iterable[ViewKind]) -> dict[str, Option]:
    """The options that belong to some views alone; the help names the views.

    Raises:
        ValueError: a view's option has a name that is taken.
    """
    owners: dict[str, list[View]] = {}
    words: dict[str, Word] = {}
    taken = {*OPTIONS, *AXES, *selection.EVERYWHERE}
    for kind in kinds:
        for name, word in kind.options.items():
            if name in taken or words.setdefault(name, word) != word:
                raise ValueError(
                    f"the view {kind.name} has an option {name!r}, and that name means something "
                    "else already: give it another name in core/views.py"
                )
            owners.setdefault(name, []).append(kind.name)
    return {
        name: Option(
            converters.matching(word),
            f"in the view {listed(f'``{view}``' for view in owners[name])}: {word.help}",
        )
        for name, word in words.items()
    }


OPTIONS |= own_options(VIEWS.values())


def convert(name: str, value: str) -> Any:
    """The value of one option.

    Raises:
        AttentionError: an unknown option, or a value it does not take.
    """
    known = OPTIONS.get(name)
    if known is None:
        raise unknown_option(name, OPTIONS)
    check_characters(name, value)
    try:
        return known.convert(unix_lines(value))
    except ValueError as error:
        raise invalid(name, value, str(error)) from None


def invalid(name: str, value: object, expected: str) -> AttentionError:
    """The error for a value that an option does not accept."""
    return AttentionError(
        Problem.OPTION, f"invalid value {quoted(value)} for {named(name)}: {expected}"
    )


def check_characters(name: str, value: str) -> None:
    """Check that a value holds whole characters, which files and pages can hold.

    Raises:
        AttentionError: it holds a lone surrogate, which YAML and JSON can write.
    """
    if half := broken_character(value):
        raise invalid(name, value, f"expected whole characters; it holds {half}, half of one")


def unix_lines(text: str) -> str:
    """A text with the line ends of Unix."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


_OF_PAGES = frozenset({"caption", "align", "class", "name"})
"""Options that some hosts have. None of another meaning is near to them."""


def unknown_option(name: str, known: Iterable[str]) -> AttentionError:
    """The error for an unknown option: the message has the nearest name, and all names."""
    known = list(known)
    hint = _as_value(name, known) or _as_selection(name)
    # A name that another host has, such as caption, is not offered.
    meant = _NAMES_MEANT.get(name, name)
    if not hint and (meant in known or meant not in _OF_PAGES):
        hint = nearest(name, known, _NAMES_MEANT)
    return AttentionError(
        Problem.OPTION,
        f"unknown {noun()} {quoted(name)}{hint}; the {noun()}s are {', '.join(known)}",
    )


def _as_selection(name: str) -> str:
    """A hint for a name of the option ``selection`` that is written as an option itself."""
    folded = name.strip().casefold()
    if folded in _NAMES_MEANT or folded not in {*selection.names(), *AXES}:
        return ""
    return f" (did you mean {option('selection')} with {folded}=…?)"


def _as_value(name: str, known: Iterable[str]) -> str:
    """A hint for the value of an option that is written as an option itself, such as ``steps``."""
    folded = " ".join(name.casefold().split())
    owners = [
        one
        for one in known
        if one in OPTIONS and folded in getattr(OPTIONS[one].convert, "allowed", ())
    ]
    if len(owners) != 1 or folded in _NAMES_MEANT:
        return ""
    return f" (did you mean {option(owners[0])} with the value {folded}?)"
