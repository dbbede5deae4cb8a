"""The options of a figure: what each is called, what it takes, and what it means.

Every host reads its options through `parse`, so that an option means the same in a directive, in
a fence and on the command line.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from sphinx_attention.core.attention import Part
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure import selection
from sphinx_attention.core.figure.spec import (
    AXES,
    DIFFERENCE,
    MEAN_SENTENCES,
    SIDES,
    Comparable,
    Derivation,
    DirectiveSource,
    FigureSpec,
    Rest,
    Special,
    Syntax,
    Variant,
)
from sphinx_attention.core.host_words import (
    give_numbers,
    in_settings,
    named,
    noun,
    option,
    setting,
)
from sphinx_attention.core.request import (
    MOST_GENERATED,
    Aggregate,
    FunctionSource,
    MatrixSource,
    Merge,
    Request,
    Scores,
)
from sphinx_attention.core.sources import builtin
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.text import broken_character, listed, nearest, quoted
from sphinx_attention.core.views import DEFAULT_VIEW, VIEWS

from . import converters
from .conflicts import check, check_compared, over_heads, over_layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.figure.spec import Axis
    from sphinx_attention.core.views import View, ViewKind, Word

    from .settings import Settings


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        convert: from what the author wrote to its value; a ValueError says what is allowed.
        help: what it means, in reStructuredText, for the docs.
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
    "compare": {"sentences": "sentence", "models": "model", "also": "sentence"},
}
"""By option: words that authors write, and the values that they mean by them."""


MOST_VARIANTS = 64
"""Attentions of one figure. Each is a file of its own, and a choice in a list."""

_NAMES_MEANT = {
    "title": "caption",
    "text": "caption",
    "figclass": "class",
    "label": "name",
    "id": "name",
    "token": "focus",
    "weights": "matrix",
    "file": "matrix",
    "sentence": "pair",
    "text_pair": "pair",
    "description": "alt",
    "threshold": "cutoff",
    "mask": "causal",
    "max_new_tokens": "generate",
    "new_tokens": "generate",
    "continue": "generate",
    "steps": "generate",
}
"""Names that authors give to options, and the options that they mean by them."""


_AGGREGATES = (*get_args(Aggregate)[:-2], MEAN_SENTENCES, *get_args(Aggregate)[-2:])
"""Means and maxima, and then rollout and flow."""


def _choice(name: str, kind: Any) -> Callable[[str], str]:
    return converters.choice(*get_args(kind), synonyms=_MEANT.get(name))


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
    "compare": Option(
        _choice("compare", Comparable),
        "``sentence`` or ``model``: the two sentences, or the two models, of the figure stand side "
        "by side, and what is selected in one is selected in the other",
    ),
    "pair": Option(
        converters.text,
        "a second sentence, for encoders that read pairs",
    ),
    "target": Option(
        converters.text,
        "the decoder's text, for encoder-decoder models; without it, the model writes it. "
        "With it, ``part`` is ``cross`` where nothing else is said",
    ),
    "generate": Option(
        converters.count(MOST_GENERATED),
        "for models that read from left to right: how many tokens the model goes on from the text "
        f"with, a whole number from 1 to {MOST_GENERATED}. It takes the likeliest token each time, "
        "and stops at the token that ends a text. Readers step through the new tokens",
    ),
    "matrix": Option(
        converters.text,
        "a file of weights: ``.npy``, ``.npz``, ``.json``, ``.csv`` or ``.safetensors``",
    ),
    "scores": Option(
        _choice("scores", Scores),
        "what a given matrix holds: ``weights``, or ``logits`` that softmax is applied to",
    ),
    "causal": Option(
        converters.flag,
        "a flag: later words of a given matrix are masked, before the softmax",
    ),
    "tokens": Option(
        converters.tokens,
        "the tokens of a given matrix, where words are not split at white space: separated "
        "by spaces, with quotation marks where one holds a space, or a JSON list such as "
        '``["New York", "sleeps"]``',
    ),
    "view": Option(
        converters.choice(*VIEWS, synonyms=_MEANT["view"]),
        f"how the numbers are drawn: {listed(f'``{name}``' for name in VIEWS)}",
    ),
    "part": Option(
        converters.choices(*get_args(Part), synonyms=_MEANT["part"]),
        "which attention of an encoder-decoder model: ``encoder``, ``decoder`` or ``cross``; "
        "several, with commas between: readers choose among them",
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
        "the layers that the page carries, such as ``0-3,7``; all that fit, where nothing is said",
    ),
    "heads": Option(
        converters.number_set,
        "the heads that the page carries, such as ``0-3,7``; all that fit, where nothing is said",
    ),
    "focus": Option(
        converters.text,
        "the token pinned first: its text, ``the#2`` for the second *the*, or its index; "
        "several with a bar between, ``fox | dog``, are added up. The space or the marks "
        "round a piece (``##ing``, ``▁cat``) may be left out. Where no token has the same "
        "capitals, others do, and the build says so",
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
        converters.choice(*_AGGREGATES, synonyms=_MEANT["aggregate"]),
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
    "alt": Option(
        converters.line,
        "a description for those who do not see the picture; without it, one is made of the"
        " strongest pairs",
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
            converters.matching(word.pattern, word.expected),
            f"in the view {listed(f'``{view}``' for view in owners[name])}: {word.help}",
        )
        for name, word in words.items()
    }


OPTIONS |= own_options(VIEWS.values())


@dataclass(frozen=True)
class HostContext:
    """What a host knows when it meets a figure.

    Attributes:
        settings: the project's.
        base: the folder that relative model folders start from.
        find_file: resolves a file named by an author, with `author_files.locate`, and lets the
            host note the dependency.
        syntax: the language that figures are written in; None where they are not written out.
        language: the code of the language of the page.
    """

    settings: Settings
    base: Path
    find_file: Callable[[str], Path]
    syntax: Syntax | None = None
    language: str = "en"


def parse(
    text: str, options: Mapping[str, str], matrix: str | None, context: HostContext
) -> FigureSpec:
    """What an author asked for, checked.

    Args:
        text: the sentence; may be empty where ``tokens`` or a file brings the tokens.
        options: by name, as written; an option without a value is an empty string.
        matrix: the body where it is rows of numbers, else None.
        context: settings and files.

    Raises:
        AttentionError: the first thing that is wrong, with what would be right.
    """
    with guarded(Problem.OPTION, f"reading the figure of {quoted(text)}"):
        return _parse(text, options, matrix, context)


def _parse(
    text: str, options: Mapping[str, str], matrix: str | None, context: HostContext
) -> FigureSpec:
    values = {name: convert(name, value) for name, value in options.items()}
    if matrix is not None:
        _check_characters(matrix, "the matrix")
    given = matrix is not None or "matrix" in values
    settings = context.settings
    view = _view(values, settings, given=given)
    selected = values.get("selection", ())
    values["selection"] = tuple((name, value) for name, value in selected if name not in AXES)
    opens_on = {name: value for name, value in selected if name in AXES}
    check(values, view, given=given, body=matrix is not None)
    _check_characters(text, "the text")
    written = None
    if context.syntax is not None:
        written = DirectiveSource(text, tuple(options.items()), matrix or "", context.syntax)
    # A model gets the white space that was written; a matrix is written to fit between columns.
    text = " ".join(text.split()) if given else _unix_lines(text).strip()
    sources: dict[str | None, Any]
    if given:
        sources = {None: _matrix_source(values, matrix, context)}
    else:
        names = _model_names(values.get("model"), settings, context.base)
        sources = {name: _model_source(name, text, settings, context.base) for name in names}
        if "generate" in values:
            _check_generates(list(sources.values()))
    layer, shown_heads = _selection(values, settings, given=given)
    head = shown_heads[0]
    of_project = tuple(
        name
        for name, shown, default in (
            ("layer", layer, settings.layer),
            ("head", head, settings.head),
            ("special", settings.special, settings.special),
        )
        if name not in values and shown is not None and shown == default
    )
    special: Special = values.get("special", settings.special)
    refused, _ = VIEWS[view].refuses.get("special", (frozenset(), ""))
    if special in refused or (special == "hide" and "generate" in values):
        # The project's setting; what an author writes was refused before.
        special = "dim"
    averaged = values.get("aggregate") == MEAN_SENTENCES
    own = tuple((name, values[name]) for name in VIEWS[view].options if name in values)
    # Of an encoder, which comes first, no text of the decoder's would be seen.
    parts = values.get("part", ("cross",) if "target" in values else (None,))
    first = Request(
        source=next(iter(sources.values())),
        text=text,
        pair=values.get("pair"),
        target=values.get("target"),
        part=parts[0],
        tokens=values.get("tokens"),
        keep=VIEWS[view].keeps,
        layers=None if given else _captured_layers(values, view, layer),
        merge=values.get("merge", "none"),
        special="hide" if special == "hide" else "show",
        aggregate=None if averaged else values.get("aggregate"),
        generate=values.get("generate"),
    )
    step = _step(first, opens_on)
    if text in values.get("also", ()):
        raise invalid(
            "also", options["also"], f"expected other sentences than {quoted(text)}, the first"
        )
    texts = (text, *values.get("also", ()))
    opens_on_difference = _opens_on_difference(values, view, opens_on)
    if "compare" in values:
        sentences = 1 if averaged else len(texts)
        counts = {"sentence": sentences, "model": len(sources), "part": len(parts)}
        check_compared(values["compare"], counts, opens_on)
    variants = _variants(first, sources, texts, parts)
    if averaged:
        variants = _averaged(variants)
    shown = _opening(variants, opens_on)
    others = [variant for variant in variants if variant is not shown]
    return FigureSpec(
        request=shown.request,
        at=shown.at,
        others=tuple(others),
        derivation=shown.derivation,
        view=view,
        layer=layer,
        head=head,
        focus=values.get("focus"),
        cutoff=values.get("cutoff"),
        rest=values.get("rest", "ghost"),
        alt=values.get("alt"),
        selection=tuple(dict((*own, *values.get("selection", ()))).items()),
        shown_heads=tuple(shown_heads) if len(shown_heads) > 1 else (),
        layers=values.get("layers"),
        heads=values.get("heads"),
        special=special,
        link=values.get("link"),
        of_project=of_project,
        written=written,
        step=step,
        language=context.language,
        compare=values.get("compare"),
        opens_on_difference=opens_on_difference,
    )


def _view(values: Mapping[str, Any], settings: Settings, *, given: bool) -> View:
    view: View = values.get("view", settings.view)
    # A project's default does not have to fit every figure.
    fits = "view" in values or not given or not VIEWS[view].refuses_given
    return view if fits else DEFAULT_VIEW


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
    that a view of one head asks for no more than it shows.
    """
    if values.get("aggregate") not in {None, "mean", "max", MEAN_SENTENCES}:
        return None  # made of all layers, whichever the page carries
    named: tuple[int, ...] | None = values.get("layers")
    if named is None and VIEWS[view].one_head and layer is not None:
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
    known = OPTIONS.get(name)
    if known is None:
        raise unknown_option(name, OPTIONS)
    check_characters(name, value)
    try:
        return known.convert(_unix_lines(value))
    except ValueError as error:
        raise invalid(name, value, str(error)) from None


def invalid(name: str, value: object, expected: str) -> AttentionError:
    """What to say of a value that an option does not take."""
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


def _check_characters(text: str, what: str) -> None:
    if half := broken_character(text):
        raise AttentionError(
            Problem.TEXT, f"{what} holds {half}, which is half a character: write the whole one"
        )


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def unknown_option(name: str, known: Iterable[str]) -> AttentionError:
    """What to say of an option that nobody knows: the nearest one, and all of them."""
    known = list(known)
    hint = nearest(name, known, _NAMES_MEANT)
    return AttentionError(
        Problem.OPTION,
        f"unknown {noun()} {quoted(name)}{hint}; the {noun()}s are {', '.join(known)}",
    )


def _matrix_source(
    values: Mapping[str, Any], matrix: str | None, context: HostContext
) -> MatrixSource:
    kind = {"scores": values.get("scores", "weights"), "causal": values.get("causal", False)}
    if matrix is not None:
        return MatrixSource(text=matrix, **kind)
    declared = values["matrix"]
    try:
        path = context.find_file(declared)
        digest = hashlib.sha256(read_author_file(path, declared)).hexdigest()
    except AttentionError as error:
        raise AttentionError(error.problem, f"{named('matrix')}: {error.neutral}") from None
    return MatrixSource(path=declared, file=str(path), digest=digest, **kind)


def _variants(
    first: Request,
    sources: Mapping[str | None, Any],
    texts: Sequence[str],
    parts: Sequence[Part | None],
) -> list[Variant]:
    """Every attention that is asked for, each with its place on the axes that have several values.

    Raises:
        AttentionError: there are too many.
    """
    count = len(sources) * len(texts) * len(parts)
    if count > MOST_VARIANTS:
        raise AttentionError(
            Problem.OPTION,
            f"{count} attentions in one figure ({len(sources)} models, {len(texts)} sentences, "
            f"{len(parts)} parts): expected at most {MOST_VARIANTS}; split the figure",
        )
    made = []
    for name, source in sources.items():
        for number, text in enumerate(texts):
            for part in parts:
                at: list[tuple[Axis, str]] = []
                if len(sources) > 1 and name is not None:
                    at.append(("model", name))
                if len(texts) > 1:
                    at.append(("sentence", str(number)))
                if len(parts) > 1 and part is not None:
                    at.append(("part", part))
                made.append(Variant(replace(first, source=source, text=text, part=part), tuple(at)))
    return made


def _averaged(variants: Sequence[Variant]) -> list[Variant]:
    """One attention in the place of those over several sentences, for each model and part."""
    bases: dict[tuple[tuple[Axis, str], ...], list[Request]] = {}
    for variant in variants:
        at = tuple((axis, value) for axis, value in variant.at if axis != "sentence")
        bases.setdefault(at, []).append(variant.request)
    return [
        Variant(requests[0], at, Derivation(MEAN_SENTENCES, tuple(requests)))
        for at, requests in bases.items()
    ]


def _check_generates(sources: Sequence[Any]) -> None:
    """Check that the source of a figure can go on from a text, as far as its declaration tells.

    Raises:
        AttentionError: there are several sources, or one is a function.
    """
    if len(sources) > 1:
        raise AttentionError(
            Problem.OPTION,
            f"{option('generate')} needs one model, and this figure has "
            f"{listed(source.label for source in sources)}: remove {option('generate')}, or name "
            "one model",
        )
    for source in sources:
        if isinstance(source, FunctionSource):
            raise AttentionError(
                Problem.OPTION,
                f"{option('generate')} needs a model, and {source.name} is a function, which "
                f"answers for the text that it is given: remove {option('generate')}, and write "
                "the "
                "whole text",
            )


def _step(request: Request, opens_on: dict[str, str]) -> int | None:
    """The step that the option ``selection`` names, which it loses; None for the last.

    Raises:
        AttentionError: there is no such step.
    """
    value = opens_on.pop("step", None)
    if value is None:
        return None
    if request.generate is None:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {quoted(value)} for step in {named('selection')}: only a figure with "
            f"{option('generate')} has steps",
        )
    try:
        return converters.count(request.generate)(value)
    except ValueError as error:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {quoted(value)} for step in {named('selection')}: {error}",
        ) from None


def _opens_on_difference(values: Mapping[str, Any], view: View, opens_on: dict[str, str]) -> bool:
    """Whether the option ``selection`` opens a comparison on the difference; taken from `opens_on`.

    Raises:
        AttentionError: there is no comparison, or its view shows no difference.
    """
    value = opens_on.pop("compare", SIDES)
    if value not in {SIDES, DIFFERENCE}:
        expected = f"expected {listed((SIDES, DIFFERENCE))}"
    elif value == DIFFERENCE and "compare" not in values:
        expected = f"the figure compares nothing: add {option('compare')}"
    elif value == DIFFERENCE and VIEWS[view].no_difference:
        expected = f"expected {SIDES}, because the view {view} {VIEWS[view].no_difference}"
    else:
        return value == DIFFERENCE
    raise AttentionError(
        Problem.OPTION,
        f"invalid value {quoted(value)} for compare in {named('selection')}: {expected}",
    )


def _opening(variants: Sequence[Variant], at: Mapping[str, str]) -> Variant:
    """The attention that a figure opens on: the first that the option ``selection`` admits.

    Raises:
        AttentionError: there is none.
    """
    places = [dict[str, str](variant.at) for variant in variants]
    for axis, value in at.items():
        known = dict.fromkeys(place.get(axis, "") for place in places)
        if value not in known:
            has = f"expected {listed(known)}" if any(known) else f"the figure has one {axis}"
            raise AttentionError(
                Problem.OPTION,
                f"invalid value {quoted(value)} for {axis} in {named('selection')}: {has}",
            )
    found = (n for n, place in enumerate(places) if place.items() >= at.items())
    return variants[next(found)]


def _model_names(value: str | None, settings: Settings, base: Path) -> list[str | None]:
    """The models that the option names: one, or several with commas between.

    Raises:
        AttentionError: a name is empty, or stands there twice.
    """
    if value is None or "," not in value or value in settings.models or (base / value).exists():
        return [value]
    names = [name.strip() for name in value.split(",")]
    if not all(names):
        raise invalid("model", value, "expected names with commas between; one of them is empty")
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise invalid("model", value, f"expected each model once; {repeated} stands there twice")
    return list(names)


def _model_source(name: str | None, text: str, settings: Settings, base: Path) -> Any:
    if not text:
        raise AttentionError(
            Problem.TEXT, "the text is missing: a figure needs a sentence, or a matrix with tokens"
        )
    if name is None:
        name = settings.model
    elif settings.models_only:
        _check_declared(name, settings)
    if name is None:
        raise AttentionError(
            Problem.MODEL,
            f"there is no model to run, and there are no numbers: set {setting('model')}"
            f"{in_settings()}, name a model in {option('model')}, or {give_numbers()}",
        )
    return settings.source(name, base)


def _check_declared(name: str, settings: Settings) -> None:
    """Check that a model which a document names is one that the project declares.

    Raises:
        AttentionError: it is another, and ``models_only`` is set.
    """
    declared = [*sorted(filter(None, settings.models)), builtin.NAME]
    if settings.model and settings.model not in declared:
        declared.append(settings.model)
    if name not in declared:
        hint = nearest(name, declared)
        raise AttentionError(
            Problem.MODEL,
            f"invalid value {quoted(name)} for {named('model')}: expected "
            f"{listed(declared)}{hint}; {setting('models_only')} is set{in_settings()}, so "
            f"that documents name only models which {setting('models')} declares",
        )
