"""The parser of figures: from the text of an author to a specification.

Every host reads its options through `parse`, so that an option means the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.spec import (
    AXES,
    DIFFERENCE,
    MEAN_SENTENCES,
    SIDES,
    DirectiveSource,
    FigureSpec,
    Special,
)
from sphinx_attention.core.host_words import named, option
from sphinx_attention.core.request import Request
from sphinx_attention.core.text import broken_character, listed, quoted
from sphinx_attention.core.views import DEFAULT_VIEW, VIEWS

from . import converters
from .conflicts import check, check_compared, over_heads, over_layers, without_effect
from .options import convert, unix_lines
from .requests import (
    captured_layers,
    check_generates,
    check_sees,
    described,
    further,
    image_file,
    make_variants,
    matrix_source,
    mean_of_sentences,
    model_names,
    model_source,
    opening,
    summarised,
)
from .sentence_file import names_pictures, read_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.figure.spec import Notation, Variant
    from sphinx_attention.core.request import ImageFile, Source
    from sphinx_attention.core.views import View

    from .settings import Settings


@dataclass(frozen=True)
class HostContext:
    """The knowledge of a host about a figure that it reads.

    Attributes:
        settings: the project's.
        base: the folder that relative model folders start from.
        find_file: resolves a file named by an author, with `author_files.locate`, and lets the
            host note the dependency.
        notation: the language that figures are written in; None where they are not written out.
        language: the code of the language of the page.
    """

    settings: Settings
    base: Path
    find_file: Callable[[str], Path]
    notation: Notation | None = None
    language: str = "en"


def parse(
    text: str, options: Mapping[str, str], matrix: str | None, context: HostContext
) -> FigureSpec:
    """The checked specification of a figure.

    Args:
        text: the sentence. It may be empty if ``tokens`` or a file has the tokens.
        options: the options by name, as the author wrote them. An option without a value is an
            empty string.
        matrix: the body if it consists of rows of numbers, otherwise None.
        context: settings and files.

    Raises:
        AttentionError: the first mistake. The message has the right form.
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
    if context.notation is not None:
        written = DirectiveSource(text, tuple(options.items()), matrix or "", context.notation)
    # A model reads the white space of the author. White space above a matrix aligns its columns.
    text = " ".join(text.split()) if given else unix_lines(text).strip()
    read = read_sentences(values["file"], context) if "file" in values else None
    if read is not None and VIEWS[view].of_pictures and names_pictures(read, values["file"]):
        _check_pictures_alone(values, text)
        values["image"] = read.texts
    elif read is not None and not text:
        text = read.texts[0]
    sources = _sources(values, text, matrix, context, given=given)
    layer, heads = _selection(values, settings, given=given)
    special = _special(values, settings, view)
    of_sentences = VIEWS[view].summary
    images = [image_file(one, context) for one in values.get("image", ())]
    if of_sentences is not None and len(images) > 1 and not VIEWS[view].of_pictures:
        raise _one_picture(view, len(images))
    first = Request(
        source=next(iter(sources.values())),
        text=text,
        pair=values.get("pair"),
        target=values.get("target"),
        tokens=values.get("tokens"),
        keep=(of_sentences or VIEWS[view]).keeps,
        layers=None if given else captured_layers(values, view, layer),
        merge=values.get("merge", "none"),
        special="hide" if special == "hide" else "show",
        aggregate=None if _is_averaged(values) else values.get("aggregate"),
        generate=values.get("generate"),
        image=next(iter(images), None),
    )
    step = _step(first, opens_on)
    opens_on_difference = _opens_on_difference(values, view, opens_on)
    texts: tuple[str, ...] = (first.text,)
    labels: tuple[str, ...] = ()
    if read is not None and images:
        labels = read.labels if any(read.labels) else ()
    else:
        texts, labels = further(first.text, values.get("also", ()), read, options.get("also", ""))
    if of_sentences is not None:
        texts, first = texts[:1], summarised(first, texts, values, view, images)
        images = images[:1]
    variants = _variants(values, first, sources, texts, opens_on, images=images or [None])
    shown = opening(variants, opens_on)
    descriptions = described(values.get("alt"), len(images)) if len(images) > 1 else ()
    own = tuple((name, values[name]) for name in VIEWS[view].options if name in values)
    return FigureSpec(
        request=shown.request,
        at=shown.at,
        others=tuple(variant for variant in variants if variant is not shown),
        derivation=shown.derivation,
        view=view,
        layer=layer,
        head=heads[0],
        focus=values.get("focus"),
        cutoff=values.get("cutoff"),
        rest=values.get("rest", "ghost"),
        alt=_alt(values, shown, descriptions),
        descriptions=descriptions,
        selection=tuple(dict((*own, *values.get("selection", ()))).items()),
        shown_heads=tuple(heads) if len(heads) > 1 else (),
        layers=values.get("layers"),
        heads=values.get("heads"),
        special=special,
        link=values.get("link"),
        of_project=_of_project(values, settings, layer, heads[0]),
        written=written,
        step=step,
        language=context.language,
        compare=values.get("compare"),
        opens_on_difference=opens_on_difference,
        labels=values.get("note", ()),
        sentence_labels=labels if of_sentences else (),
        notices=(*([] if read is None else read.notices), *without_effect(values, view)),
    )


def _sources(
    values: Mapping[str, Any], text: str, matrix: str | None, context: HostContext, *, given: bool
) -> dict[str | None, Source]:
    """The sources of the numbers by the names of models; the name is None without one."""
    if given:
        return {None: matrix_source(values, matrix, context)}
    settings, base = context.settings, context.base
    names = model_names(values.get("model"), settings, base)
    has_image = "image" in values
    sources: dict[str | None, Source] = {
        name: model_source(name, text, settings, base, has_image=has_image) for name in names
    }
    if has_image:
        check_sees(list(sources.values()))
    if "generate" in values:
        check_generates(list(sources.values()))
    return sources


def _variants(
    values: Mapping[str, Any],
    first: Request,
    sources: Mapping[str | None, Source],
    texts: Sequence[str],
    opens_on: Mapping[str, str],
    *,
    images: Sequence[ImageFile | None],
) -> list[Variant]:
    """All attentions of the figure."""
    # The encoder, which comes first, does not show the decoder's text.
    parts = values.get("part", ("cross",) if "target" in values else (None,))
    measures = values.get("measure", ("weight",))
    averaged = _is_averaged(values)
    if "compare" in values:
        sentences = 1 if averaged else len(texts)
        counts = {
            "sentence": sentences,
            "picture": len(images),
            "model": len(sources),
            "part": len(parts),
            "measure": len(measures),
        }
        check_compared(values["compare"], counts, opens_on)
    variants = make_variants(first, sources, texts, parts, measures, images=images)
    return mean_of_sentences(variants) if averaged else variants


def _alt(values: Mapping[str, Any], shown: Variant, descriptions: Sequence[str]) -> str | None:
    """The description of the attention that is shown first."""
    picture = dict(shown.at).get("picture")
    alt: str | None = values.get("alt")
    return alt if picture is None else descriptions[int(picture)] or None


def _check_pictures_alone(values: Mapping[str, Any], text: str) -> None:
    """Check that a file of pictures is the only thing that a model reads.

    Raises:
        AttentionError: the figure has a text, or names sentences or pictures elsewhere, too.
    """
    others = [named(name) for name in ("image", "also") if name in values]
    if text or others:
        raise AttentionError(
            Problem.OPTION,
            f"{named('file')} names pictures, and the figure also has "
            f"{' and '.join([*(['a text'] if text else []), *others])}: give the pictures alone",
        )


def _one_picture(view: View, count: int) -> AttentionError:
    return AttentionError(
        Problem.OPTION,
        f"the view {view} shows one picture, and {option('image')} names {count}: name one, or "
        "take another view",
    )


def _is_averaged(values: Mapping[str, Any]) -> bool:
    """Whether the figure shows the mean over its sentences."""
    return bool(values.get("aggregate") == MEAN_SENTENCES)


def _special(values: Mapping[str, Any], settings: Settings, view: View) -> Special:
    """The treatment of special tokens: the author's choice, or else the project's."""
    special: Special = values.get("special", settings.special)
    refused, _ = VIEWS[view].refuses.get("special", (frozenset(), ""))
    if special in refused or (special == "hide" and "generate" in values):
        # This is the project's setting. The same choice of an author was refused before.
        return "dim"
    return special


def _of_project(
    values: Mapping[str, Any], settings: Settings, layer: int | None, head: int | None
) -> tuple[str, ...]:
    """The options among layer, head and special that the project has chosen, not the author."""
    chosen = (
        ("layer", layer, settings.layer),
        ("head", head, settings.head),
        ("special", settings.special, settings.special),
    )
    return tuple(
        name
        for name, shown, default in chosen
        if name not in values and shown is not None and shown == default
    )


def _view(values: Mapping[str, Any], settings: Settings, *, given: bool) -> View:
    if "image" in values and "view" not in values:
        return next(kind.name for kind in VIEWS.values() if kind.needs_picture)
    view: View = values.get("view", settings.view)
    # The default of a project need not fit every figure.
    if VIEWS[view].needs_picture and "image" not in values and "view" not in values:
        view = DEFAULT_VIEW
    fits = "view" in values or not given or not VIEWS[view].refuses_given
    return view if fits else DEFAULT_VIEW


def _selection(values: Mapping[str, Any], settings: Settings, *, given: bool) -> tuple[Any, Any]:
    """The first layer and heads: the author's, or else the project's if the page has them."""
    aggregate = values.get("aggregate")
    layer, heads = values.get("layer"), values.get("head") or (None,)
    if "layer" not in values and not given and not over_layers(aggregate):
        layer = _default(settings.layer, values.get("layers"))
    if "head" not in values and not given and not over_heads(aggregate):
        heads = (_default(settings.head, values.get("heads")),)
    return layer, heads


def _default(setting: int | str | None, carried: tuple[int, ...] | None) -> int | None:
    """The project's first layer or head; None for ``auto``, or if the page does not carry it."""
    fits = isinstance(setting, int) and (carried is None or setting in carried)
    return setting if isinstance(setting, int) and fits else None


def _step(request: Request, opens_on: dict[str, str]) -> int | None:
    """The step in the option ``selection``, removed from `opens_on`; None for the last step.

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
    """Whether ``selection`` opens a comparison on the difference; removed from `opens_on`.

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


def _check_characters(text: str, what: str) -> None:
    if half := broken_character(text):
        raise AttentionError(
            Problem.TEXT, f"{what} holds {half}, which is half a character: write the whole one"
        )
