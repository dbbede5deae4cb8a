"""Attention and figures from Python: in programs, in notebooks and at a prompt.

The functions here are thin: a text and its options use the same parsing, models and drawing as
those of a page.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from sphinx_attention.core.authoring.options import OPTIONS, invalid, unknown_option
from sphinx_attention.core.errors import AttentionError, Problem, in_words_of
from sphinx_attention.core.figure.derivation import of_variants
from sphinx_attention.core.host_words import option
from sphinx_attention.core.request import Tensor
from sphinx_attention.core.sources.answer import Answer
from sphinx_attention.core.text import listed
from sphinx_attention.hosts.alone import resolve_alone

from .compute import compute
from .figure_request import DEFAULT_MODEL, request_from_model, request_from_weights
from .formats import set_formats
from .live_figure import LiveFigure
from .options import WORDS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from sphinx_attention.core.attention import Attention

__all__ = ["Answer", "LiveFigure", "attention", "figure", "set_formats"]

_OF_NUMBERS = (
    *(
        "also",
        "file",
        "image",
        "pair",
        "target",
        "part",
        "generate",
        "layers",
        "merge",
        "special",
        "aggregate",
        "measure",
    ),
    *("matrix", "scores", "causal", "tokens"),
)
"""The options that change numbers. All others change the picture."""


@in_words_of(WORDS)
def attention(
    text: str,
    model: Any = DEFAULT_MODEL,
    tokenizer: Any = None,
    *,
    keep: Sequence[Tensor] = (),
    cache: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Attention:
    """The attention of a model over a text, as numbers.

    Args:
        text: the sentence.
        model: a name: ``builtin``, which needs no PyTorch, an id on the Hugging Face hub, or the
            path of a folder. Or a live model of transformers, on any device and in any precision;
            after the call, it has its former mode and its former kind of attention.
        tokenizer: the tokenizer of a live model; of a model that sees the picture ``image``, its
            image processor.
        keep: what to return besides the weights: ``queries``, ``keys`` and ``values``, and
            ``norms``, the length of what each key adds to a head's output.
        cache: a store, a folder or a URL, to read from and to fill with what a named model
            answers. Numbers from a store are rounded down to multiples of 1/8000.
        **options: those of the directive that decide numbers: ``pair``, ``target``, ``part``,
            ``generate``, ``layers``, ``merge``, ``special``, ``aggregate``, ``measure``,
            ``image``, and ``also`` with ``aggregate="mean sentences"``; ``matrix``, ``scores``,
            ``causal`` and ``tokens`` for a file of weights. Values are as in the directive; numbers
            and lists may be Python's own: ``layers=[0, 5]``.

    Returns:
        An `Attention`. Its ``weights`` are float32 of the shape (layers, heads, queries, keys),
        shares of 1; its ``masked`` is bool of the shape (1 or layers, queries, keys); its
        ``query_tokens`` and ``key_tokens`` have a ``text`` each. ``queries``, ``keys`` and
        ``values``, where kept, are float32 of the shape (layers, heads, tokens, dimensions); keys
        and values may have fewer heads, each for as many query heads.

    Raises:
        AttentionError: an option or a text that is wrong, a model that cannot be found, loaded or
            run, or a package that is missing. ``problem`` says which kind of error it is.

    Examples:
        >>> import sphinx_attention
        >>> sphinx_attention.attention("the quick brown fox").weights.shape
        (3, 4, 5, 5)
    """
    for name in options:
        if name not in OPTIONS:
            raise unknown_option(name, _OF_NUMBERS)
        if name not in _OF_NUMBERS:
            raise AttentionError(
                Problem.OPTION,
                f"{option(name)} is not about numbers: remove it, or use figure(); expected "
                f"{listed(_OF_NUMBERS)}",
            )
    requested = request_from_model(_checked(text), model, tokenizer, options)
    if requested.spec.others:
        raise AttentionError(
            Problem.OPTION,
            f"{len(requested.spec.variants)} attentions are requested: expected one model, one "
            "part and one sentence, or aggregate='mean sentences'; call attention() for each",
        )
    own = [name for name in requested.spec.request.keep if name not in keep]
    request = replace(requested.spec.request, keep=(*_kept(keep), *own))
    requested = replace(requested, spec=replace(requested.spec, request=request))
    answers, remarks = compute(requested, cache)
    _warn(remarks)
    (answer,) = of_variants(requested.spec, answers)
    if isinstance(answer, AttentionError):
        raise answer
    return answer


@in_words_of(WORDS)
def figure(
    text: Any = None,
    model: Any = DEFAULT_MODEL,
    tokenizer: Any = None,
    *,
    weights: Any = None,
    tokens: Sequence[str] | None = None,
    key_tokens: Sequence[str] | None = None,
    masked: Any = None,
    label: str = "",
    cache: str | os.PathLike[str] | None = None,
    **options: Any,
) -> LiveFigure:
    """A live figure of a model's attention over a text, or of weights that you have.

    Three things can be shown::

        figure("the quick brown fox")                     # a named model
        figure("the quick brown fox", model, tokenizer)   # a live model of transformers
        figure(outputs.attentions, tokens=tokens)         # weights

    Args:
        text: the sentence. Or weights: an array, a tensor or nested lists of the shape (layers,
            heads, queries, keys), where axes in front may be left out; a tuple of one tensor a
            layer, of the shape (1, heads, queries, keys), as ``output_attentions=True`` returns
            them; the nested tuples of ``generate()``; a whole output of either; an `Answer`; or an
            `Attention`. Rows sum to 1.
        model: for a text, as for `attention`; a list of names lets readers choose among them.
        tokenizer: the tokenizer of a live model; of a model that sees the picture ``image``, its
            image processor.
        weights: the weights, where the first argument is their sentence.
        tokens: for weights, one text for each query; the words of the sentence where None.
        key_tokens: for weights, one text for each key, where the keys are other tokens.
        masked: for weights, true where a query may not see a key, of the shape (queries, keys) or
            (layers, queries, keys). ``causal=True`` masks all later keys.
        label: for weights, what to call their source.
        cache: as for `attention`.
        **options: those of the directive, such as ``view="heads"``, ``layer=5``, ``focus="fox"``,
            ``merge="words"``. Values are as in the directive; numbers and lists may be Python's
            own: ``head=[0, 3]``.

    Returns:
        A `LiveFigure`: the last value of a cell in a notebook, or ``.show()``, or ``.save(…)``.

    Raises:
        AttentionError: as for `attention`; and weights that are none, or that do not fit their
            tokens. The message gives the shape.
    """
    if isinstance(text, str | None) and weights is None:
        given = {"tokens": tokens, "key_tokens": key_tokens, "masked": masked, "label": label}
        # `tokens` is also an option, for a file of weights.
        if tokens is not None and "matrix" in options:
            options["tokens"] = given.pop("tokens")
        if without := [name for name, value in given.items() if not _is_left_out(value)]:
            raise AttentionError(
                Problem.OPTION,
                f"{listed(without)} is given for weights, and there are none: give the weights as "
                f"the first argument, or remove {listed(without)}",
            )
        requested = request_from_model(_checked(text), model, tokenizer, options, cache)
    else:
        _check_no_model(model, tokenizer)
        if weights is None:
            text, weights = None, text
        own = {"tokens": tokens, "key_tokens": key_tokens, "masked": masked}
        sentence = None if text is None else _checked(text)
        requested = request_from_weights(sentence, weights, own, label, options)
    answers, remarks = compute(requested, cache)
    made = resolve_alone(requested.spec, answers)
    remarks += made.notices
    remarks += [str(one.error) for one in made.alternatives if one.error is not None]
    _warn(remarks)
    return LiveFigure(made)


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise AttentionError(
            Problem.TEXT,
            f"invalid value of type {type(text).__name__} for text: expected a sentence"
            if text is not None
            else "the text is missing: expected a sentence, or weights",
        )
    return text


def _is_left_out(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _check_no_model(model: Any, tokenizer: Any) -> None:
    if not (isinstance(model, str) and model == DEFAULT_MODEL) or tokenizer is not None:
        raise AttentionError(
            Problem.OPTION,
            "a figure of weights runs no model: remove model and tokenizer; label names the "
            "source of the weights",
        )


def _kept(keep: Iterable[str]) -> tuple[Tensor, ...]:
    names: tuple[Tensor, ...] = get_args(Tensor)
    chosen = (keep,) if isinstance(keep, str) else tuple(keep)
    for one in chosen:
        if one not in names:
            raise invalid("keep", one, f"expected {listed(names)}")
    return tuple(name for name in names if name in chosen)


def _warn(messages: Iterable[str]) -> None:
    for message in dict.fromkeys(messages):
        # The line of the program that called `attention` or `figure`.
        warnings.warn(message, stacklevel=4)
