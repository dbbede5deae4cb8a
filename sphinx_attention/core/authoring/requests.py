"""The requests of a figure to its sources, and the values of each on the axes of the figure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.spec import MEAN_SENTENCES, Derivation, Variant
from sphinx_attention.core.host_words import (
    give_numbers,
    in_settings,
    named,
    option,
    setting,
)
from sphinx_attention.core.request import (
    FunctionSource,
    ImageFile,
    MatrixSource,
    ModelSource,
    Request,
    SummarySpec,
)
from sphinx_attention.core.sources import builtin
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.sources.pictures import LARGEST_FILE, SMALLER, check_picture
from sphinx_attention.core.text import listed, nearest, quoted
from sphinx_attention.core.views import VIEWS

from .converters import between_bars
from .options import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.attention import Part
    from sphinx_attention.core.figure.spec import Axis
    from sphinx_attention.core.request import Measure, Source
    from sphinx_attention.core.views import View

    from .parsing import HostContext
    from .sentence_file import SentenceFile
    from .settings import Settings

MOST_VARIANTS = 64
"""The most attentions of one figure. Each needs a file and an entry in a list."""


def matrix_source(
    values: Mapping[str, Any], matrix: str | None, context: HostContext
) -> MatrixSource:
    """The source of weights that an author gives as rows of numbers or in a file.

    Raises:
        AttentionError: the file cannot be read.
    """
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


def image_file(declared: str, context: HostContext) -> ImageFile:
    """The picture that an author names.

    Raises:
        AttentionError: the file cannot be read, or is not a picture.
    """
    try:
        path = context.find_file(declared)
        data = read_author_file(path, declared, LARGEST_FILE, SMALLER)
        check_picture(data, declared)
    except AttentionError as error:
        known = Problem.INSTALL if error.problem is Problem.INSTALL else Problem.PICTURE
        raise AttentionError(known, f"{named('image')}: {error.neutral}") from None
    return ImageFile(declared, hashlib.sha256(data).hexdigest(), str(path))


def described(value: str | None, pictures: int) -> tuple[str, ...]:
    """The description of each picture of a figure; empty for one that has none.

    Args:
        value: of the option ``alt``.
        pictures: the number of pictures.

    Raises:
        AttentionError: there are more descriptions than pictures.
    """
    found = () if value is None else between_bars(value)
    if len(found) > pictures:
        raise invalid(
            "alt",
            str(value),
            f"expected a description of each of the {pictures} pictures, with ' | ' between; "
            f"there are {len(found)}",
        )
    return (*found, *[""] * (pictures - len(found)))


def check_sees(sources: Sequence[Source]) -> None:
    """Check that sources may see a picture, as far as their declarations show.

    Raises:
        AttentionError: a source is a function, or the built-in model of text.
    """
    for source in sources:
        if isinstance(source, FunctionSource):
            raise AttentionError(
                Problem.OPTION,
                f"{option('image')} needs a model, and {source.name} is a function, which answers "
                f"for a text: remove {option('image')}, or name a model of pictures",
            )
        if source == builtin.builtin():
            raise builtin.sees_nothing(source.label)


def model_names(value: str | None, settings: Settings, base: Path) -> list[str | None]:
    """The names of models in the option, which are separated by commas.

    Raises:
        AttentionError: a name is empty, or occurs twice.
    """
    if value is None or "," not in value or value in settings.models or (base / value).exists():
        return [value]
    names = [name.strip() for name in value.split(",")]
    if not all(names):
        raise invalid("model", value, "expected names with commas between; one of them is empty")
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise invalid("model", value, f"expected each model once; {repeated} stands there twice")
    return list(names)


def model_source(
    name: str | None, text: str, settings: Settings, base: Path, *, has_image: bool = False
) -> ModelSource | FunctionSource:
    """The model of a figure: the author's, or else the project's.

    Raises:
        AttentionError: there is no text or no model, or the model may not be named.
    """
    if not text and not has_image:
        raise AttentionError(
            Problem.TEXT, "the text is missing: a figure needs a sentence, or a matrix with tokens"
        )
    if name is None:
        name = settings.model
    elif settings.models_only:
        _check_declared(name, settings)
    if name is None and has_image:
        raise AttentionError(
            Problem.MODEL,
            f"there is no model that sees the picture: name one in {option('model')}, such as "
            f"{builtin.VISION}, which comes with the package",
        )
    if name is None:
        raise AttentionError(
            Problem.MODEL,
            f"there is no model to run, and there are no numbers: set {setting('model')}"
            f"{in_settings()}, name a model in {option('model')}, or {give_numbers()}",
        )
    return _shared(settings.source(name, base))


@lru_cache(maxsize=64)
def _shared(source: ModelSource | FunctionSource) -> ModelSource | FunctionSource:
    """The first source that is equal to this one, so that the requests of a project share it."""
    return source


def _check_declared(name: str, settings: Settings) -> None:
    """Check that a model which a document names is one that the project declares.

    Raises:
        AttentionError: the project does not declare it, and ``models_only`` is set.
    """
    declared = [*sorted(filter(None, settings.models)), builtin.NAME, builtin.VISION]
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


def check_generates(sources: Sequence[Source]) -> None:
    """Check that a source can continue a text, as far as its declaration shows.

    Raises:
        AttentionError: there are several sources, or one is a function.
    """
    if len(sources) > 1:
        raise AttentionError(
            Problem.OPTION,
            f"{option('generate')} needs one model, and this figure has "
            f"{len(sources)}, {', '.join(source.label for source in sources)}: remove "
            f"{option('generate')}, or name one model",
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


def captured_layers(
    values: Mapping[str, Any], view: View, layer: int | None
) -> tuple[int, ...] | None:
    """The layers in the request to the model; None for all.

    These are the layers that the author names, which saves memory with large models. Otherwise all
    layers are captured, so that all figures of a text share them. Queries, keys and values are so
    large that a view of one head requests only the layer that it shows.
    """
    if values.get("aggregate") not in {None, "mean", "max", MEAN_SENTENCES}:
        return None  # made of all layers, whichever the page carries
    named: tuple[int, ...] | None = values.get("layers")
    if named is None and VIEWS[view].one_head and layer is not None:
        return (layer,)
    return named


def further(
    text: str, also: tuple[str, ...], file: SentenceFile | None, written: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All sentences of a figure, and the label of each; no labels if the file has none.

    Args:
        text: the first sentence.
        also: those of the option ``also``.
        file: those of the option ``file``; None without that option.
        written: the value of the option ``also``, for messages.

    Raises:
        AttentionError: a sentence occurs twice.
    """
    if text in also:
        raise invalid("also", written, f"expected other sentences than {quoted(text)}, the first")
    texts, labels = (text, *also), dict[str, str]()
    if file is not None:
        labels = dict(zip(file.texts, file.labels, strict=True))
        # The first sentence of a figure may be one of the file. It stands first then.
        texts += tuple(one for one in file.texts if one != text)
        if repeated := next((one for one in also if one in labels), None):
            raise invalid(
                "also",
                written,
                f"expected other sentences than those of "
                f"{option('file')}; {quoted(repeated)} is one of them",
            )
    of_each = tuple(labels.get(one, "") for one in texts)
    return texts, of_each if any(of_each) else ()


def summarised(
    first: Request,
    texts: tuple[str, ...],
    values: Mapping[str, Any],
    view: View,
    images: Sequence[ImageFile] = (),
) -> Request:
    """The request for the summary of all sentences, or of all pictures, that a view shows."""
    needs = VIEWS[view].summary
    assert needs is not None
    options = VIEWS[view].options
    parameters = {
        name: re.sub(r"\s*,\s*", ",", values.get(name, options[name].default))
        for name in needs.parameters
    }
    if needs.of_heads and values.get("heads") is not None:
        parameters["heads"] = values["heads"]
    several = tuple(images) if len(images) > 1 else ()
    summary = SummarySpec(
        needs.kind, texts * (len(several) or 1), tuple(sorted(parameters.items())), several
    )
    return replace(first, summary=summary)


def make_variants(
    first: Request,
    sources: Mapping[str | None, Source],
    texts: Sequence[str],
    parts: Sequence[Part | None],
    measures: Sequence[Measure] = ("weight",),
    *,
    images: Sequence[ImageFile | None] = (None,),
) -> list[Variant]:
    """All attentions of a figure, each with its values on the axes that have several.

    Raises:
        AttentionError: there are too many.
    """
    count = len(sources) * len(texts) * len(images) * len(parts) * len(measures)
    if count > MOST_VARIANTS:
        axes = (
            ("models", sources),
            ("pictures", images) if images[0] else ("sentences", texts),
            ("parts", parts),
            ("measures", measures),
        )
        factors = ", ".join(f"{len(every)} {what}" for what, every in axes if len(every) > 1)
        raise AttentionError(
            Problem.OPTION,
            f"{count} attentions in one figure ({factors}): expected at most {MOST_VARIANTS}; "
            "split the figure",
        )
    made = []
    every = product(sources.items(), enumerate(texts), enumerate(images), parts, measures)
    for (name, source), (number, text), (place, image), part, measure in every:
        at: list[tuple[Axis, str]] = []
        if len(sources) > 1 and name is not None:
            at.append(("model", name))
        if len(texts) > 1:
            at.append(("sentence", str(number)))
        if len(images) > 1:
            at.append(("picture", str(place)))
        if len(parts) > 1 and part is not None:
            at.append(("part", part))
        if len(measures) > 1:
            at.append(("measure", measure))
        request = replace(first, source=source, text=text, part=part, image=image)
        made.append(Variant(measured(request, measure), tuple(at)))
    return made


def measured(request: Request, measure: Measure) -> Request:
    """The same request in a measure, with the tensor that the measure is computed from."""
    if measure == "weight":
        return request
    return replace(request, measure=measure, keep=(*request.keep, "norms"))


def mean_of_sentences(variants: Sequence[Variant]) -> list[Variant]:
    """For each model and part, one attention that replaces those of the sentences."""
    bases: dict[tuple[tuple[Axis, str], ...], list[Request]] = {}
    for variant in variants:
        at = tuple((axis, value) for axis, value in variant.at if axis != "sentence")
        bases.setdefault(at, []).append(variant.request)
    return [
        Variant(requests[0], at, Derivation(MEAN_SENTENCES, tuple(requests)))
        for at, requests in bases.items()
    ]


def opening(variants: Sequence[Variant], at: Mapping[str, str]) -> Variant:
    """The attention that a figure opens on: the first that fits the option ``selection``.

    Raises:
        AttentionError: no attention fits.
    """
    values_at = [dict[str, str](variant.at) for variant in variants]
    for axis, value in at.items():
        known = dict.fromkeys(values.get(axis, "") for values in values_at)
        if value not in known:
            has = f"expected {listed(known)}" if any(known) else f"the figure has one {axis}"
            raise AttentionError(
                Problem.OPTION,
                f"invalid value {quoted(value)} for {axis} in {named('selection')}: {has}",
            )
    found = (n for n, values in enumerate(values_at) if values.items() >= at.items())
    return variants[next(found)]
