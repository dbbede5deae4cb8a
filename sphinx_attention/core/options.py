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

from .attention import Part
from .errors import AttentionError, Problem
from .figure import FigureSpec, Rest, View
from .request import MatrixSource, Request, Scores

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
    "target": Option(_text, "the decoder's text; without it, generated greedily, and said so"),
    "matrix": Option(_text, "a file of weights: .npy .npz .json .csv .safetensors"),
    "scores": Option(_choice(*get_args(Scores)), "what a given matrix holds"),
    "causal": Option(_flag, "later keys of a given matrix are masked"),
    "tokens": Option(_tokens, "the tokens of a given matrix: words, or a JSON list"),
    "view": Option(_choice(*get_args(View)), "how the numbers are drawn"),
    "part": Option(_choice(*get_args(Part)), "which attention of an encoder-decoder model"),
    "layer": Option(_index, "the layer shown first, from 0, or auto"),
    "head": Option(_index, "the head shown first, from 0, or auto"),
    "focus": Option(_text, "the token pinned first: its text, text#2, or its index"),
    "cutoff": Option(_share, "the share of a row's mass that is drawn as edges"),
    "rest": Option(_choice(*get_args(Rest)), "what is drawn while no token is in focus"),
    "alt": Option(_text, "a description for those who do not see the picture"),
}
"""The options that every host understands. Captions, names and classes are the host's."""

_MODEL_ONLY = ("model", "pair", "target", "part")
_MATRIX_ONLY = ("scores", "causal", "tokens")


@dataclass(frozen=True)
class Surroundings:
    """What a host knows when it meets a figure.

    Attributes:
        settings: the project's.
        base: the folder that relative model folders start from.
        find_file: resolves a file named by an author, and lets the host note the dependency.
    """

    settings: Settings
    base: Path
    find_file: Callable[[str], Path]


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
    _check_company(values, given=given, body=matrix is not None)
    text = " ".join(text.split())
    if given:
        source: Any = _matrix_source(values, matrix, surroundings)
    else:
        source = _model_source(values, text, surroundings.settings, surroundings.base)
    request = Request(
        source=source,
        text=text,
        pair=values.get("pair"),
        target=values.get("target"),
        part=values.get("part"),
        tokens=values.get("tokens"),
    )
    settings = surroundings.settings
    return FigureSpec(
        request=request,
        view=values.get("view", settings.view),
        layer=values.get("layer", None if given else _default(settings.layer)),
        head=values.get("head", None if given else _default(settings.head)),
        focus=values.get("focus"),
        cutoff=values.get("cutoff"),
        rest=values.get("rest", "none"),
        alt=values.get("alt"),
    )


def _default(setting: int | str | None) -> int | None:
    """A project's first layer or head; ``auto`` is the same as none."""
    return setting if isinstance(setting, int) else None


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


def _check_company(values: Mapping[str, Any], *, given: bool, body: bool) -> None:
    """Options that cannot stand together."""
    if body and "matrix" in values:
        raise AttentionError(
            Problem.MATRIX, "there is a matrix in the body and one in a file; give one of them"
        )
    for name in _MODEL_ONLY if given else _MATRIX_ONLY:
        if name in values:
            needs = (
                "a model; this figure has its own matrix" if given else "a matrix, which is missing"
            )
            raise AttentionError(Problem.OPTION, f"{name}: this option needs {needs}")


def _matrix_source(
    values: Mapping[str, Any], matrix: str | None, surroundings: Surroundings
) -> MatrixSource:
    kind = {"scores": values.get("scores", "weights"), "causal": values.get("causal", False)}
    if matrix is not None:
        return MatrixSource(text=matrix, **kind)
    declared = values["matrix"]
    path = surroundings.find_file(declared)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AttentionError(
            Problem.MATRIX, f"matrix: {declared} cannot be read: {error.strerror or error}"
        ) from None
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
