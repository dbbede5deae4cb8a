"""The options of a figure: what each is called, what it takes, and what it means.

Every host reads its options through `parse`, so that an option means the same in a directive, in
a fence and on the command line.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from . import selection
from .attention import Part
from .author_files import read_author_file
from .company import check, over_heads, over_layers
from .errors import AttentionError, Problem
from .figure import FigureSpec, Rest, Special, Syntax, View, Written
from .request import Aggregate, MatrixSource, Merge, Request, Scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from .settings import Settings


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        convert: from what the author wrote to its value; a ValueError says what is allowed.
        help: what it means, for the docs.
    """

    convert: Callable[[str], Any]
    help: str


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty")
    return " ".join(value.split())


def _flag(value: str) -> bool:
    if value.strip():
        raise ValueError("it takes no value")
    return True


def _choice(*allowed: str) -> Callable[[str], str]:
    def convert(value: str) -> str:
        word = value.strip()
        if word not in allowed:
            close = get_close_matches(word, allowed, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise ValueError(f"it takes one of {', '.join(allowed)}{hint}")
        return word

    return convert


def _index(value: str) -> int | None:
    word = value.strip()
    if word == "auto":
        return None
    if not word.isdecimal():
        raise ValueError("it takes a whole number from 0, or auto")
    return int(word)


_LARGEST = 9999
"""Beyond the layers and heads of any model; keeps a slip of the pen from filling the memory."""


def _numbers(value: str) -> tuple[int, ...]:
    """Numbers and ranges in the order written, each once."""
    numbers: dict[int, None] = {}
    for part in value.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError("it takes whole numbers from 0 and ranges, such as 0-3,7")
        start, stop = int(first), int(last if dash else first)
        if stop < start:
            raise ValueError(f"the range {part.strip()} runs backwards; write {stop}-{start}")
        if stop > _LARGEST:
            raise ValueError(f"it takes numbers up to {_LARGEST}")
        numbers.update(dict.fromkeys(range(start, stop + 1)))
    return tuple(numbers)


def _set(value: str) -> tuple[int, ...]:
    return tuple(sorted(_numbers(value)))


def _heads(value: str) -> tuple[int, ...] | None:
    if value.strip() == "auto":
        return None
    try:
        return _numbers(value)
    except ValueError as error:
        raise ValueError(f"{error}; or auto") from None


def _word(value: str) -> str:
    word = _text(value)
    if " " in word:
        raise ValueError("it takes one word")
    return word


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ValueError("it takes a number above 0 and up to 1")
    return share


def _tokens(value: str) -> tuple[str, ...]:
    text = value.strip()
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError as error:
            raise ValueError(f"it looks like JSON and is not: {error}") from None
        if not listed or not all(isinstance(token, str) for token in listed):
            raise ValueError('it takes a list of strings, such as ["New York", "sleeps"]')
        return tuple(listed)
    if not text:
        raise ValueError("it is empty")
    return tuple(text.split())


OPTIONS: dict[str, Option] = {
    "model": Option(_text, "which model: a name from attention_models, a hub id, or a path"),
    "pair": Option(_text, "a second sentence, for encoders that take pairs"),
    "target": Option(
        _text, "the decoder's text, seen in part cross (then the default) and decoder"
    ),
    "matrix": Option(_text, "a file of weights: .npy .npz .json .csv .safetensors"),
    "scores": Option(_choice(*get_args(Scores)), "what a given matrix holds"),
    "causal": Option(_flag, "later keys of a given matrix are masked"),
    "tokens": Option(_tokens, "the tokens of a given matrix: words, or a JSON list"),
    "view": Option(_choice(*get_args(View)), "how the numbers are drawn"),
    "part": Option(_choice(*get_args(Part)), "which attention of an encoder-decoder model"),
    "layer": Option(_index, "the layer shown first, from 0, or auto"),
    "head": Option(_heads, "the head shown first, from 0, or auto; in heads several, as 0,3,5"),
    "layers": Option(_set, "the layers that the page carries, such as 0-3,7"),
    "heads": Option(_set, "the heads that the page carries, such as 0-3,7"),
    "focus": Option(_text, "the token pinned first: its text, text#2, or its index; or a | b"),
    "selection": Option(selection.read, "what else is selected first, as addresses write it"),
    "merge": Option(_choice(*get_args(Merge)), "words makes one token of the pieces of each word"),
    "special": Option(_choice(*get_args(Special)), "how special tokens are shown"),
    "aggregate": Option(_choice(*get_args(Aggregate)), "what is made of all heads, or layers"),
    "link": Option(_word, "figures of a page with the same link name share their selection"),
    "cutoff": Option(_share, "the share of a row's mass that is drawn as edges"),
    "rest": Option(_choice(*get_args(Rest)), "what is drawn while no token is in focus"),
    "alt": Option(_text, "a description for those who do not see the picture"),
}
"""The options that every host understands. Captions, names and classes are the host's."""


@dataclass(frozen=True)
class Surroundings:
    """What a host knows when it meets a figure.

    Attributes:
        settings: the project's.
        base: the folder that relative model folders start from.
        find_file: resolves a file named by an author, with `author_files.locate`, and lets the
            host note the dependency.
        syntax: the language that figures are written in; None where they are not written out.
    """

    settings: Settings
    base: Path
    find_file: Callable[[str], Path]
    syntax: Syntax | None = None


def parse(
    text: str, options: Mapping[str, str], matrix: str | None, surroundings: Surroundings
) -> FigureSpec:
    """What an author asked for, checked.

    Args:
        text: the sentence; may be empty where ``tokens`` or a file brings the tokens.
        options: by name, as written; an option without a value is an empty string.
        matrix: the body where it is rows of numbers, else None.
        surroundings: settings and files.

    Raises:
        AttentionError: the first thing that is wrong, with what would be right.
    """
    values = {name: convert(name, value) for name, value in options.items()}
    given = matrix is not None or "matrix" in values
    settings = surroundings.settings
    view = _view(values, settings, given=given)
    check(values, view, given=given, body=matrix is not None)
    written = None
    if surroundings.syntax is not None:
        written = Written(text, tuple(options.items()), matrix or "", surroundings.syntax)
    text = " ".join(text.split())
    if given:
        source: Any = _matrix_source(values, matrix, surroundings)
    else:
        source = _model_source(values, text, settings, surroundings.base)
    layer, (head, *others) = _selection(values, settings, given=given)
    special: Special = values.get("special", settings.special)
    if view == "steps" and special == "hide":
        special = "dim"
    request = Request(
        source=source,
        text=text,
        pair=values.get("pair"),
        target=values.get("target"),
        # Of an encoder, which comes first, no text of the decoder's would be seen.
        part=values.get("part", "cross" if "target" in values else None),
        tokens=values.get("tokens"),
        keep=("queries", "keys", "values") if view == "steps" else (),
        layers=None if given else _captured_layers(values, view, layer),
        merge=values.get("merge", "none"),
        special="hide" if special == "hide" else "show",
        aggregate=values.get("aggregate"),
    )
    return FigureSpec(
        request=request,
        view=view,
        layer=layer,
        head=head,
        focus=values.get("focus"),
        cutoff=values.get("cutoff"),
        rest=values.get("rest", "none"),
        alt=values.get("alt"),
        selection=values.get("selection", ()),
        shown_heads=(head, *others) if others else (),
        layers=values.get("layers"),
        heads=values.get("heads"),
        special=special,
        link=values.get("link"),
        written=written,
    )


def _view(values: Mapping[str, Any], settings: Settings, *, given: bool) -> View:
    view: View = values.get("view", settings.view)
    # A project's default does not have to fit every figure.
    fits = "view" in values or view != "steps" or not given
    return view if fits else "arcs"


def _selection(values: Mapping[str, Any], settings: Settings, *, given: bool) -> tuple[Any, Any]:
    """The layer and the heads shown first: the author's, else the project's where they fit."""
    aggregate = values.get("aggregate")
    layer, heads = values.get("layer"), values.get("head") or (None,)
    if "layer" not in values and not given and not over_layers(aggregate):
        layer = _default(settings.layer, values.get("layers"))
    if "head" not in values and not given and not over_heads(aggregate):
        heads = (_default(settings.head, values.get("heads")),)
    return layer, heads


def _captured_layers(
    values: Mapping[str, Any], view: View, layer: int | None
) -> tuple[int, ...] | None:
    """The layers that the model is asked for; None for all.

    Those that the author names, which spares a large model's memory. Otherwise the weights are
    captured whole and shared by all figures of a text; but queries, keys and values are so large
    that steps asks for no more than it shows.
    """
    if values.get("aggregate") not in {None, "mean", "max"}:
        return None  # made of all layers, whichever the page carries
    named: tuple[int, ...] | None = values.get("layers")
    if named is None and view == "steps" and layer is not None:
        return (layer,)
    return named


def _default(setting: int | str | None, carried: tuple[int, ...] | None) -> int | None:
    """A project's first layer or head; ``auto`` is the same as none, and so is one left out."""
    fits = isinstance(setting, int) and (carried is None or setting in carried)
    return setting if isinstance(setting, int) and fits else None


def convert(name: str, value: str) -> Any:
    """The value of one option.

    Raises:
        AttentionError: an unknown option, or a value it does not take.
    """
    option = OPTIONS.get(name)
    if option is None:
        raise unknown_option(name, OPTIONS)
    try:
        return option.convert(value)
    except ValueError as error:
        raise AttentionError(Problem.OPTION, f"{name}: {value!r} does not do: {error}") from None


def unknown_option(name: str, known: Iterable[str]) -> AttentionError:
    """What to say of an option that nobody knows: the nearest one, and all of them."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return AttentionError(
        Problem.OPTION, f"unknown option {name!r}{hint}; the options are {', '.join(known)}"
    )


def _matrix_source(
    values: Mapping[str, Any], matrix: str | None, surroundings: Surroundings
) -> MatrixSource:
    kind = {"scores": values.get("scores", "weights"), "causal": values.get("causal", False)}
    if matrix is not None:
        return MatrixSource(text=matrix, **kind)
    declared = values["matrix"]
    try:
        path = surroundings.find_file(declared)
        digest = hashlib.sha256(read_author_file(path, declared)).hexdigest()
    except AttentionError as error:
        raise AttentionError(error.problem, f"matrix: {error.message}") from None
    return MatrixSource(path=declared, file=str(path), digest=digest, **kind)


def _model_source(values: Mapping[str, Any], text: str, settings: Settings, base: Path) -> Any:
    if not text:
        raise AttentionError(
            Problem.TEXT, "there is no sentence; write it on the directive's own line"
        )
    name = values.get("model", settings.model)
    if name is None:
        raise AttentionError(
            Problem.MODEL,
            "there is no model to run and no matrix in the body; set attention_model in conf.py, "
            "give the option model, or write the weights as rows of numbers below",
        )
    return settings.source(name, base)
