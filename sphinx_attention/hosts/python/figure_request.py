"""The request of a program: a specification, and the source that answers its requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.authoring.conflicts import MODEL_ONLY
from sphinx_attention.core.authoring.options import convert
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.request import FunctionSource, MatrixSource, ModelSource
from sphinx_attention.core.sources import Answer as Answered
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.answer import Answer
from sphinx_attention.core.sources.builtin import VISION
from sphinx_attention.core.sources.function import read_answer
from sphinx_attention.core.sources.numbers.generated import is_generated, of_beams
from sphinx_attention.core.text import listed
from sphinx_attention.hosts.alone import read_alone
from sphinx_attention.hosts.notations import python_call

from .options import as_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sphinx_attention.core.capture.compute import Opener
    from sphinx_attention.core.figure.spec import FigureSpec, Notation, Variant
    from sphinx_attention.core.request import Request, Source

DEFAULT_MODEL = "builtin"

_FIELDS = {
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}
"""The fields of an encoder-decoder's output with its attentions, by part."""


@dataclass(frozen=True)
class FigureRequest:
    """The request of a program.

    Attributes:
        spec: the specification of the figure.
        opener: opens the source that answers its requests.
        is_live: whether the source is a value of the program, whose numbers no store can keep.
    """

    spec: FigureSpec
    opener: Opener = open_source
    is_live: bool = False


def request_from_model(
    text: str,
    model: Any,
    tokenizer: Any,
    options: Mapping[str, Any],
    cache: str | PathLike[str] | None = None,
) -> FigureRequest:
    """The request for a text, with the name of a model or a loaded model.

    Args:
        text: the sentence.
        model: a name, a list of names, or a live model.
        tokenizer: the tokenizer of a live model.
        options: the options of the figure.
        cache: the store, for the copy of the call.

    Raises:
        AttentionError: a wrong option, or a value that is not a model.
    """
    written = as_written(options)
    kept = "" if cache is None else f", cache={json.dumps(str(cache), ensure_ascii=False)}"
    names = [model] if isinstance(model, str | PathLike) else model
    if isinstance(names, list | tuple) and all(isinstance(n, str | PathLike) for n in names):
        if tokenizer is not None:
            raise AttentionError(
                Problem.OPTION,
                "a tokenizer belongs to a live model, and this model is named: remove tokenizer",
            )
        named = ", ".join(map(str, names))
        if named != DEFAULT_MODEL:
            written["model"] = named
        return FigureRequest(read_alone(text, written, DEFAULT_MODEL, python_call("%t", kept)))
    # This loads the modules for models, which figures of given weights do not need.
    from sphinx_attention.core.sources.huggingface.live import (  # noqa: PLC0415
        check_live,
        name_of,
        open_live,
    )

    sees = "image" in written
    check_live(model, tokenizer, sees=sees)
    notation = python_call("%t, model, tokenizer", kept)
    spec = read_alone(text, written, VISION if sees else DEFAULT_MODEL, notation)
    if isinstance(spec.request.source, MatrixSource):
        raise AttentionError(
            Problem.OPTION,
            f"{option('matrix')} stands in the place of a model: remove {option('matrix')}, or "
            f"{option('model')}",
        )
    source = ModelSource(name=name_of(model))
    opener = partial(open_live, model=model, tokenizer=tokenizer)
    return FigureRequest(_of_source(spec, source), opener, is_live=True)


def _of_source(spec: FigureSpec, source: Source, text: str | None = None) -> FigureSpec:
    """The same figure with another source, and with another text where one is given."""
    changes: dict[str, Any] = (
        {"source": source} if text is None else {"source": source, "text": text}
    )

    def moved(variant: Variant) -> Variant:
        request, derivation = replace(variant.request, **changes), variant.derivation
        if derivation is not None:
            bases = tuple(replace(base, **changes) for base in derivation.bases)
            derivation = replace(derivation, bases=bases)
        return replace(variant, request=request, derivation=derivation)

    first, *others = map(moved, spec.variants)
    return replace(spec, request=first.request, derivation=first.derivation, others=tuple(others))


class _GivenRunner:
    """Answers the one request of a figure of given weights."""

    def __init__(self, read: Callable[[Request], Attention]) -> None:
        self._read = read

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answered]]:
        for request in requests:
            with guarded(Problem.MATRIX, "reading the weights"):
                yield request, self._read(request)


def request_from_weights(
    text: str | None,
    weights: Any,
    own: Mapping[str, Any],
    label: str,
    options: Mapping[str, Any],
) -> FigureRequest:
    """The request for weights that a program holds.

    Args:
        text: the sentence; None if there are only tokens.
        weights: an array, an output of a model, an `Answer` or an `Attention`.
        own: the values beside an array: ``tokens``, ``key_tokens`` and ``masked``.
        label: the name of the weights' source.
        options: the options of the figure.

    Raises:
        AttentionError: a wrong option, or a value that is no weights.
    """
    written = as_written(options)
    for name in (*MODEL_ONLY, "matrix"):
        # Weights belong to one part, whose name may be given.
        if name in written and name != "part":
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} needs a model, and this figure has its own weights: remove "
                f"{option(name)}, or the weights",
            )
    causal = convert("causal", written.pop("causal")) if "causal" in written else False
    scores = convert("scores", written.pop("scores", "weights"))
    given = {name: value for name, value in own.items() if value is not None}
    notation = _call_for_weights(text, given, label, options)
    spec = read_alone(text or "weights", written, DEFAULT_MODEL, notation)
    parts = [variant.request.part for variant in spec.variants]
    if len(parts) > 1:
        _check_several(weights, given)
    answers = {part: _answer_of(text, weights, given, part) for part in parts}
    first = answers[parts[0]]
    name = label or (first.label if isinstance(first, Attention) else "")
    spec = _of_source(spec, FunctionSource(name=name, function="given"), text or "")

    def read(request: Request) -> Attention:
        answer = answers[request.part]
        if isinstance(answer, Attention):
            return replace(answer, label=name, part=request.part or answer.part)
        later = bool(causal) and (len(parts) == 1 or request.part == "decoder")
        try:
            return read_answer(answer, request, problem=Problem.MATRIX, scores=scores, causal=later)
        except AttentionError as error:
            if error.problem is not Problem.FUNCTION:
                raise
            raise AttentionError(Problem.MATRIX, error.neutral) from None

    return FigureRequest(spec, lambda _: nullcontext(_GivenRunner(read)), is_live=True)


def _call_for_weights(
    text: str | None, own: Mapping[str, Any], label: str, options: Mapping[str, Any]
) -> Notation:
    """The call for a figure of weights, whose values have the names of the arguments."""
    first = "weights" if text is None else "%t, weights=weights"
    names = "".join(f", {name}={name}" for name in own)
    texts = {"label": label, **{name: options.get(name) for name in ("scores", "causal")}}
    given = "".join(
        f", {name}={json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value}"
        for name, value in texts.items()
        if value
    )
    return python_call(first + names, given)


def _check_several(weights: Any, own: Mapping[str, Any]) -> None:
    """Check that several parts can be shown.

    Raises:
        AttentionError: the weights are those of one part, or a mask is given for all of them.
    """
    if not _parts_of(weights):
        raise AttentionError(
            Problem.OPTION,
            f"several values for part: expected the one of these weights: {listed(_FIELDS)}; the "
            "whole output of an encoder-decoder has several",
        )
    if "masked" in own:
        raise AttentionError(
            Problem.OPTION, "masked belongs to one part: remove masked, or choose one part"
        )


def _answer_of(
    text: str | None, weights: Any, own: Mapping[str, Any], part: str | None
) -> Answer | Attention | Mapping[str, Any]:
    """The answer of the runner for a part: weights with their tokens."""
    whole: Answer | Attention | Mapping[str, Any] | None = None
    if isinstance(weights, Mapping) and "weights" in weights and "tokens" not in weights:
        own = {**{name: weights[name] for name in weights if name != "weights"}, **own}
        weights = weights["weights"]
    if isinstance(weights, Answer | Attention) or _is_protocol(weights):
        whole = weights
    if whole is not None:
        if own:
            kind = type(weights).__name__
            raise AttentionError(
                Problem.OPTION,
                f"{listed(own)} cannot be given beside a value of type {kind}, which holds its own",
            )
        return whole
    if "tokens" not in own and not (text or "").strip():
        raise AttentionError(
            Problem.TEXT,
            "the tokens are missing: give a text for each row of the weights, such as "
            "tokens=tokenizer.convert_ids_to_tokens(ids)",
        )
    own = {"tokens": (text or "").split(), **own}
    if "key_tokens" in own and _parts_of(weights) and part != "cross":
        # The key tokens of an encoder-decoder are the tokens of the encoder.
        encoder = own.pop("key_tokens")
        own = {**own, "tokens": encoder} if part == "encoder" else own
    found = _attentions_of(weights, part)
    # SDPA returns no weights. The last output of BERT may be an empty cross-attention.
    if isinstance(found, tuple) and all(one is None for one in found):
        raise AttentionError(
            Problem.MATRIX,
            "these attentions are empty: give outputs.attentions instead of outputs[-1]; if those "
            "are empty too, load the model with attn_implementation='eager', and call it with "
            "output_attentions=True",
        )
    return {"weights": found, **own}


def _is_protocol(weights: Any) -> bool:
    return isinstance(weights, Mapping) and "weights" in weights


def _attentions_of(weights: Any, part: str | None) -> Any:
    """The attentions, if the weights are the whole output of a model.

    Raises:
        AttentionError: the model returned no attentions, or those of several parts.
    """
    if found := _parts_of(weights):
        if part not in found:
            raise AttentionError(
                Problem.OPTION,
                f"this output has the attentions of several parts: set part to {listed(found)}, or "
                "to several of them",
            )
        return found[part] if part == "encoder" else _of_chosen_beams(weights, found[part])
    if hasattr(weights, "attentions"):
        return _of_chosen_beams(weights, weights.attentions)
    if hasattr(weights, "last_hidden_state") or hasattr(weights, "logits"):
        raise AttentionError(
            Problem.MATRIX,
            f"the output of type {type(weights).__name__} holds no attentions: call the model with "
            "output_attentions=True",
        )
    return weights


def _parts_of(weights: Any) -> dict[str, Any]:
    """The attentions of an encoder-decoder's output, by part. Other values have none."""
    found = {name: getattr(weights, field, None) for name, field in _FIELDS.items()}
    return {name: value for name, value in found.items() if value}


def _of_chosen_beams(output: Any, attentions: Any) -> Any:
    """The attentions of ``generate()``; of a beam search, those of the chosen beams.

    Raises:
        AttentionError: the output has several texts.
    """
    chosen = getattr(output, "beam_indices", None)
    if chosen is None or not is_generated(attentions):
        return attentions
    if len(chosen) != 1:
        raise AttentionError(
            Problem.MATRIX,
            f"this output has {len(chosen)} generated texts: generate one, with "
            "num_return_sequences=1",
        )
    return of_beams(attentions, chosen[0].tolist())
